# SPDX-License-Identifier: MIT
"""What the tests of EventBridge Scheduler make beside schedules: roles and queues."""
import json

TRUST = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"},
    "Action": "sts:AssumeRole"}]}
ALLOW = {"Version": "2012-10-17",
         "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
OFF = {"Mode": "OFF"}


def make_role(server, name, trust=None, policy=None):
    iam = server.client("iam")
    arn = iam.create_role(RoleName=name,
                          AssumeRolePolicyDocument=json.dumps(trust or TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(policy or ALLOW))
    return arn


def make_queue(server, name, **attributes):
    """The URL and ARN of a queue."""
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
