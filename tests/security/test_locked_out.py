# SPDX-License-Identifier: MIT
"""A queue whose policy denies everybody, and the way back that doc/operations.md describes."""
import json

import pytest

from cli.conftest import Tern

DENY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]})


def test_root_gets_back_into_a_queue_that_denies_everybody(signed, name, tmp_path):
    sqs, iam = signed.client(), signed.client("iam")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="kept")
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName=name)["AccessKey"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": DENY})
    for attempt in (lambda: sqs.receive_message(QueueUrl=url),
                    lambda: sqs.get_queue_url(QueueName=name),
                    lambda: sqs.delete_queue(QueueUrl=url)):
        with pytest.raises(sqs.exceptions.ClientError) as refused:
            attempt()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    tern = Tern(tmp_path, signed.url)
    command = "queue", "set", url, "--attribute", "Policy="
    assert "AccessDenied" in tern(*command, code=1, AWS_ACCESS_KEY_ID=key["AccessKeyId"],
                                  AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"]).stderr
    tern(*command, AWS_ACCESS_KEY_ID=signed.key, AWS_SECRET_ACCESS_KEY=signed.secret)
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "kept"
