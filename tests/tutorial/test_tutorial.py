# SPDX-License-Identifier: MIT
"""The tutorial's snippets, unchanged: only AWS_ENDPOINT_URL and credentials point at Tern.

A snippet stands in snippets/ as it is published; `run` defines its functions in a namespace of
their own, with the environment of a user of the server.
"""
import json
import pathlib
import typing

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

    def define(snippet, account, **names):
        use(account)
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


def subscribe(server, topic, name):
    """A queue that gets the topic's messages; gives a function that receives them."""
    sqs, sns = (server.client(service, account=OWNER) for service in ("sqs", "sns"))
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = arn["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]})})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def receive():
        found, batch = [], [None]
        while batch:
            batch = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            found += [json.loads(message["Body"]) for message in batch]
        return found

    return receive


def test_batch_publisher(run, server, name):
    topic = server.client("sns", account=OWNER).create_topic(Name=name)["TopicArn"]
    receive = subscribe(server, topic, name)
    # The tutorial imports Dict in an earlier snippet.
    publisher = run("sns_batch_publisher", OWNER, Dict=typing.Dict)["SNSBatchPublisher"](topic)
    assert publisher.publish_batch([
        {"message": {"number": number}, "subject": f"s{number}", "attributes": {
            "kind": {"DataType": "String", "StringValue": "test"}}} for number in range(25)]) == {
        "successful": 25, "failed": 0}
    found = receive()
    assert sorted(json.loads(one["Message"])["number"] for one in found) == list(range(25))
    assert {one["Subject"] for one in found} == {f"s{number}" for number in range(25)}
    assert {one["MessageAttributes"]["kind"]["Value"] for one in found} == {"test"}


def test_cross_account_topic(run, server, name, capsys):
    owner, trusted, other = (server.client("sns", account=account)
                             for account in (OWNER, TRUSTED, OTHER))
    topic = owner.create_topic(Name=name)["TopicArn"]
    with pytest.raises(ClientError, match="AuthorizationError.*SNS:Publish"):
        trusted.publish(TopicArn=topic, Message="too early")
    run("cross_account_sns", OWNER)["setup_cross_account_sns"](topic, TRUSTED)
    assert capsys.readouterr().out == f"Cross-account publishing enabled for {TRUSTED}\n"
    receive = subscribe(server, topic, name)
    trusted.publish(TopicArn=topic, Message="hello")
    assert [one["Message"] for one in receive()] == ["hello"]
    with pytest.raises(ClientError, match="AuthorizationError"):
        other.publish(TopicArn=topic, Message="hello")


def test_encrypted_topic(run, server, capsys):
    topic = run("sns_encryption", OWNER)["create_encrypted_topic"]()
    assert capsys.readouterr().out == f"Encrypted topic created: {topic}\n"
    sns, kms = server.client("sns", account=OWNER), server.client("kms", account=OWNER)
    receive = subscribe(server, topic, "of-encrypted-topic")
    sns.publish(TopicArn=topic, Message="hello")
    assert [one["Message"] for one in receive()] == ["hello"]
    key = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["KmsMasterKeyId"]
    kms.disable_key(KeyId=key)
    with pytest.raises(ClientError, match="KMSDisabled"):
        sns.publish(TopicArn=topic, Message="hello")
    kms.enable_key(KeyId=key)
    sns.publish(TopicArn=topic, Message="again")
    assert "again" in [one["Message"] for one in receive()]


def test_cross_account_eventbridge(run, server, capsys):
    bus_owner = "123456789012"  # as the snippet has it
    owner, trusted, other = (server.client("events", account=account)
                             for account in (bus_owner, TRUSTED, OTHER))
    arn = owner.create_event_bus(Name="shared-events")["EventBusArn"]
    entry = {"Source": "orders", "DetailType": "created", "Detail": "{}", "EventBusName": arn}
    with pytest.raises(ClientError, match="AccessDenied"):
        trusted.put_events(Entries=[entry])
    run("cross_account_eventbridge", bus_owner)["setup_cross_account_eventbridge"](
        "shared-events", TRUSTED)
    assert capsys.readouterr().out == "Cross-account EventBridge access granted\n"
    assert trusted.put_events(Entries=[entry])["FailedEntryCount"] == 0
    with pytest.raises(ClientError, match="AccessDenied"):
        other.put_events(Entries=[entry])


def test_cost_monitor(run, server, capsys):
    """The usage of today is not in the report, whose last day is yesterday."""
    sqs = server.client(account=OWNER)
    sqs.create_queue(QueueName="order-processing-queue")
    run("cost_monitor", OWNER)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Queue: order-processing-queue"
    assert lines[3] == "Estimated cost: $0.00"
    assert lines[4:] and set(lines[4:]) == {"Messaging costs: $0.00"}
