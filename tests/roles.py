# SPDX-License-Identifier: MIT
"""Roles that a service may assume."""
import json

TRUST = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"},
    "Action": "sts:AssumeRole"}]}
ALLOW = {"Version": "2012-10-17",
         "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


EVENTS_TRUST = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sts:AssumeRole"}]}


def make_role(server, name, trust=None, policy=None):
    """The ARN of a new role, which EventBridge Scheduler may assume if nothing else is said."""
    iam = server.client("iam")
    arn = iam.create_role(RoleName=name,
                          AssumeRolePolicyDocument=json.dumps(trust or TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(policy or ALLOW))
    return arn
