# SPDX-License-Identifier: MIT
"""The AWS CLI against a ternd: the newest, which speaks JSON, and the distribution's, which may be
old enough to speak Query."""
import json
import pathlib

import pytest

from outside import CLIENTS, run_outside

DISTRIBUTION = pathlib.Path("/usr/bin/aws")


class Cli:
    def __init__(self, server, program):
        self.server, self.program = server, program
        # Of a call that the service refused: version 2 tells it apart from other failures.
        self.failure = 255 if program.parent == CLIENTS else 254

    def command(self, *arguments):
        return [self.program, "--endpoint-url", self.server.url, "--output", "json", "sqs",
                *arguments]

    def __call__(self, *arguments):
        output = run_outside(self.server, *self.command(*arguments))
        return json.loads(output) if output else None

    def complaint(self, *arguments):
        """What it says when a call fails."""
        return run_outside(self.server, *self.command(*arguments), status=self.failure)


@pytest.fixture(params=["newest", "distribution"])
def aws(server, request):
    if request.param == "newest":
        return Cli(server, CLIENTS / "aws")
    if not DISTRIBUTION.exists():
        pytest.skip("this distribution has no awscli package")
    return Cli(server, DISTRIBUTION)


def create(aws, name, *more):
    return aws("create-queue", "--queue-name", name, *more)["QueueUrl"]


def receive(aws, url, *more):
    return (aws("receive-message", "--queue-url", url, *more) or {}).get("Messages", [])


def attributes(aws, url):
    return aws("get-queue-attributes", "--queue-url", url, "--attribute-names", "All")["Attributes"]


def test_the_newest_speaks_json(server):
    aws = Cli(server, CLIENTS / "aws")
    assert "'X-Amz-Target': 'AmazonSQS.ListQueues'" in run_outside(
        server, *aws.command("list-queues", "--debug"), wants="stderr")


def test_the_distributions_speaks_query(server):
    if not DISTRIBUTION.exists():
        pytest.skip("this distribution has no awscli package")
    aws = Cli(server, DISTRIBUTION)
    wire = run_outside(server, *aws.command("list-queues", "--debug"), wants="stderr")
    if "X-Amz-Target" in wire:
        pytest.skip("this distribution's awscli speaks JSON")
    assert "'Action': 'ListQueues'" in wire


def test_queues_and_tags(aws, name):
    url = create(aws, name, "--attributes", "VisibilityTimeout=77", "--tags", "team=a")
    assert aws("get-queue-url", "--queue-name", name)["QueueUrl"] == url
    assert aws("list-queues", "--queue-name-prefix", name)["QueueUrls"] == [url]
    aws("tag-queue", "--queue-url", url, "--tags", "stage=test")
    aws("untag-queue", "--queue-url", url, "--tag-keys", "team")
    assert aws("list-queue-tags", "--queue-url", url)["Tags"] == {"stage": "test"}
    aws("set-queue-attributes", "--queue-url", url, "--attributes", "DelaySeconds=5")
    stored = attributes(aws, url)
    assert (stored["VisibilityTimeout"], stored["DelaySeconds"]) == ("77", "5")
    aws("delete-queue", "--queue-url", url)
    assert "AWS.SimpleQueueService.NonExistentQueue" in aws.complaint(
        "get-queue-url", "--queue-name", name)


def test_a_message_and_its_attributes(aws, name):
    url = create(aws, name)
    wanted = {"number": {"DataType": "Number", "StringValue": "42"},
              "text": {"DataType": "String", "StringValue": "grüße <&>"}}
    sent = aws("send-message", "--queue-url", url, "--message-body", "grüße 🐦 <&>",
               "--message-attributes", json.dumps(wanted))
    [message] = receive(aws, url, "--attribute-names", "All", "--message-attribute-names", "All")
    assert message["Body"] == "grüße 🐦 <&>"
    assert message["MessageId"] == sent["MessageId"]
    assert message["MessageAttributes"] == wanted
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    aws("change-message-visibility", "--queue-url", url, "--visibility-timeout", "0",
        "--receipt-handle", message["ReceiptHandle"])
    [again] = receive(aws, url)
    aws("delete-message", "--queue-url", url, "--receipt-handle", again["ReceiptHandle"])
    assert attributes(aws, url)["ApproximateNumberOfMessagesNotVisible"] == "0"
    assert receive(aws, url) == []


def test_batches(aws, name):
    url = create(aws, name)
    entries = [{"Id": str(i), "MessageBody": f"body {i}"} for i in range(10)]
    entries[9]["MessageBody"] = "\x01"
    sent = aws("send-message-batch", "--queue-url", url, "--entries", json.dumps(entries))
    assert len(sent["Successful"]) == 9
    assert [entry["Code"] for entry in sent["Failed"]] == ["InvalidMessageContents"]
    messages = receive(aws, url, "--max-number-of-messages", "10")
    handles = [{"Id": message["MessageId"], "ReceiptHandle": message["ReceiptHandle"]}
               for message in messages]
    deleted = aws("delete-message-batch", "--queue-url", url, "--entries", json.dumps(handles))
    assert len(deleted["Successful"]) == 9


def test_fifo(aws, name):
    url = create(aws, name + ".fifo", "--attributes",
                 "FifoQueue=true,ContentBasedDeduplication=true")
    for body in ("1", "2", "2"):
        sent = aws("send-message", "--queue-url", url, "--message-body", body,
                   "--message-group-id", "g")
        assert len(sent["SequenceNumber"]) == 20
    received = receive(aws, url, "--max-number-of-messages", "10")
    assert [message["Body"] for message in received] == ["1", "2"]


def test_dead_letters(aws, name):
    dead_letters = create(aws, name + "-dead")
    policy = json.dumps({"deadLetterTargetArn": attributes(aws, dead_letters)["QueueArn"],
                         "maxReceiveCount": 3})
    url = create(aws, name, "--attributes", json.dumps({"RedrivePolicy": policy}))
    aws("send-message", "--queue-url", url, "--message-body", "poison")
    for _ in range(3):
        [message] = receive(aws, url, "--visibility-timeout", "0")
        assert message["Body"] == "poison"
    assert receive(aws, url) == []
    assert attributes(aws, dead_letters)["ApproximateNumberOfMessages"] == "1"
    assert aws("list-dead-letter-source-queues", "--queue-url", dead_letters)["queueUrls"] == [url]


def test_moving_dead_letters_back(aws, name):
    if aws.program == DISTRIBUTION:
        pytest.skip("the operation is newer than this distribution's awscli")
    dead_letters = create(aws, name + "-dead")
    arn = attributes(aws, dead_letters)["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    url = create(aws, name, "--attributes", json.dumps({"RedrivePolicy": policy}))
    aws("send-message", "--queue-url", dead_letters, "--message-body", "stray")
    handle = aws("start-message-move-task", "--source-arn", arn, "--destination-arn",
                 attributes(aws, url)["QueueArn"])["TaskHandle"]
    assert handle
    [message] = receive(aws, url, "--wait-time-seconds", "20")
    assert message["Body"] == "stray"
    [task] = aws("list-message-move-tasks", "--source-arn", arn)["Results"]
    assert task["ApproximateNumberOfMessagesMoved"] == 1


def test_a_purge(aws, name):
    url = create(aws, name)
    aws("send-message", "--queue-url", url, "--message-body", "gone")
    aws("purge-queue", "--queue-url", url)
    assert receive(aws, url) == []
