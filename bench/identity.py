# SPDX-License-Identifier: MIT
"""Run by bench/security.py under .venv, with a server's root credential: makes a queue with a
policy, a user whom an identity policy lets use it, and a key; prints them as JSON."""
import json
import sys

import boto3

QUEUE = "bench"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def main(url, what):
    clients = {name: boto3.client(name, endpoint_url=url, region_name="us-east-1")
               for name in ("sqs", "iam", "kms", "sts")}
    made = {"queue": QUEUE}
    if "key" in what:
        made["sse"] = clients["kms"].create_key()["KeyMetadata"]["KeyId"]
    if "user" in what:
        account = clients["sts"].get_caller_identity()["Account"]
        arn = f"arn:aws:sqs:us-east-1:{account}:{QUEUE}"
        clients["iam"].create_user(UserName="bench")
        allowed = document(
            {"Effect": "Allow", "Resource": arn, "Action": [
                "sqs:CreateQueue", "sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:SendMessage",
                "sqs:ReceiveMessage", "sqs:DeleteMessage"]},
            {"Effect": "Allow", "Resource": "*", "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
             "Condition": {"StringEquals": {"kms:ViaService": "sqs.us-east-1.amazonaws.com"}}})
        clients["iam"].put_user_policy(UserName="bench", PolicyName="bench",
                                       PolicyDocument=allowed)
        attributes = {"VisibilityTimeout": "600", "Policy": document(
            {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": arn,
             "Condition": {"StringNotEquals": {"aws:PrincipalAccount": account}}},
            {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Resource": arn,
             "Action": "sqs:SendMessage"})}
        attributes |= {"KmsMasterKeyId": made["sse"]} if "sse" in made else {
            "SqsManagedSseEnabled": "false"}
        clients["sqs"].create_queue(QueueName=QUEUE, Attributes=attributes)
        key = clients["iam"].create_access_key(UserName="bench")["AccessKey"]
        made["credentials"] = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                               "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    print(json.dumps(made))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
