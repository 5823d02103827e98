# SPDX-License-Identifier: MIT
"""The tutorial's snippets, unchanged: only AWS_ENDPOINT_URL and credentials point at Tern.

A snippet stands in snippets/ as it is published; `run` defines its functions in a namespace of
their own, with the environment of a user of the server.
"""
import pathlib

import boto3
import pytest
from botocore.exceptions import ClientError

SNIPPETS = pathlib.Path(__file__).parent / "snippets"
OWNER, TRUSTED, OTHER = "111111111111", "222222222222", "333333333333"


@pytest.fixture
def run(server, monkeypatch):
    def use(account, secret="secret"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", account)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    def define(snippet, account):
        use(account)
        names = {}
        exec((SNIPPETS / f"{snippet}.txt").read_text(), names)  # its functions
        return names

    return define


def test_cross_account_access(run, server, name, capsys):
    owner, trusted, other = (server.client(account=account) for account in (OWNER, TRUSTED, OTHER))
    url = owner.create_queue(QueueName=name)["QueueUrl"]
    with pytest.raises(ClientError, match="AccessDenied.*no resource-based policy allows"):
        trusted.send_message(QueueUrl=url, MessageBody="too early")

    run("cross_account_sqs", OWNER)["setup_cross_account_sqs"](url, TRUSTED)
    assert capsys.readouterr().out == f"Cross-account access granted to {TRUSTED}\n"

    trusted.send_message(QueueUrl=url, MessageBody="hello")
    trusted.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "hello"}])
    [message] = trusted.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "hello"
    with pytest.raises(ClientError, match="AccessDenied.*sqs:deletemessage"):
        trusted.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    with pytest.raises(ClientError, match="AccessDenied"):
        other.send_message(QueueUrl=url, MessageBody="hello")
    owner.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_encrypted_queue(run, server, capsys):
    url = run("sqs_encryption", OWNER)["create_encrypted_queue"]()
    assert capsys.readouterr().out == f"Encrypted queue created: {url}\n"
    sqs, kms = server.client(account=OWNER), server.client("kms", account=OWNER)
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    key = attributes["KmsMasterKeyId"]
    kms.disable_key(KeyId=key)
    for call, members in ((sqs.send_message, {"MessageBody": "b"}), (sqs.receive_message, {})):
        with pytest.raises(ClientError, match="KMS.DisabledException"):
            call(QueueUrl=url, **members)
    kms.enable_key(KeyId=key)
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "hello"


def test_private_endpoints(run, server, capsys):
    run("vpc_endpoints", OWNER)["create_vpc_endpoints"]()
    printed = capsys.readouterr().out.splitlines()
    found = server.client("ec2", account=OWNER).describe_vpc_endpoints()["VpcEndpoints"]
    by_service = {one["ServiceName"]: one for one in found}
    assert printed == [f"{name.upper()} endpoint: "
                       f"{by_service[f'com.amazonaws.us-east-1.{name}']['VpcEndpointId']}"
                       for name in ("sqs", "sns")]
    for endpoint in found:
        assert endpoint["State"] == "available"
        assert endpoint["DnsEntries"]
