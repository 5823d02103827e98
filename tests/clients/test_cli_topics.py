# SPDX-License-Identifier: MIT
"""The AWS CLI's sns, events and scheduler commands against a ternd, with queues as targets."""
import datetime
import json
import pathlib

import pytest

from outside import CLIENTS, run_outside
from roles import make_role

DISTRIBUTION = pathlib.Path("/usr/bin/aws")


@pytest.fixture(params=["newest", "distribution"])
def aws(server, request):
    """aws(service, command, arguments ...); settings that are no text are written as JSON."""
    program = CLIENTS / "aws" if request.param == "newest" else DISTRIBUTION
    if not program.exists():
        pytest.skip("this distribution has no awscli package")

    def run(*arguments, **options):
        words = [word if isinstance(word, str) else json.dumps(word) for word in arguments]
        output = run_outside(server, program, "--endpoint-url", server.url, "--output", "json",
                             *words, **options)
        return json.loads(output) if output and not options else output
    # Of a call that the service refused: version 2 tells it apart from other failures.
    run.failure = 255 if program.parent == CLIENTS else 254
    return run


class Queue:
    """A queue that the service may send to for one resource."""

    def __init__(self, aws, name, *settings):
        self.aws = aws
        self.url = aws("sqs", "create-queue", "--queue-name", name, *settings)["QueueUrl"]
        self.arn = aws("sqs", "get-queue-attributes", "--queue-url", self.url,
                       "--attribute-names", "QueueArn")["Attributes"]["QueueArn"]

    def allow(self, service, source):
        policy = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage",
            "Resource": self.arn, "Condition": {"ArnEquals": {"aws:SourceArn": source}}}]}
        self.aws("sqs", "set-queue-attributes", "--queue-url", self.url, "--attributes",
                 {"Policy": json.dumps(policy)})
        return self

    def receive(self, wait="20"):
        """One batch of messages; they are deleted."""
        found = self.aws("sqs", "receive-message", "--queue-url", self.url,
                         "--max-number-of-messages", "10", "--wait-time-seconds", wait,
                         "--message-attribute-names", "All") or {}
        for message in found.get("Messages", []):
            self.aws("sqs", "delete-message", "--queue-url", self.url,
                     "--receipt-handle", message["ReceiptHandle"])
        return found.get("Messages", [])

    def bodies(self, wait="20"):
        return [message["Body"] for message in self.receive(wait)]


def make_topic(aws, name, *settings):
    return aws("sns", "create-topic", "--name", name, *settings)["TopicArn"]


def subscribe(aws, topic, queue, **attributes):
    queue.allow("sns.amazonaws.com", topic)
    return aws("sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs",
               "--notification-endpoint", queue.arn, "--attributes", attributes)["SubscriptionArn"]


def test_a_topic_and_its_envelope(aws, name):
    topic = make_topic(aws, name, "--attributes", "DisplayName=Orders", "--tags",
                       "Key=team,Value=a")
    queue = Queue(aws, name)
    subscription = subscribe(aws, topic, queue)
    sent = aws("sns", "publish", "--topic-arn", topic, "--message", "grüße <&>", "--subject",
               "greeting", "--message-attributes",
               {"color": {"DataType": "String", "StringValue": "red"}})
    [body] = queue.bodies()
    envelope = json.loads(body)
    assert (envelope["Type"], envelope["MessageId"], envelope["TopicArn"]) == (
        "Notification", sent["MessageId"], topic)
    assert (envelope["Subject"], envelope["Message"]) == ("greeting", "grüße <&>")
    assert envelope["MessageAttributes"] == {"color": {"Type": "String", "Value": "red"}}
    stored = aws("sns", "get-topic-attributes", "--topic-arn", topic)["Attributes"]
    assert (stored["DisplayName"], stored["SubscriptionsConfirmed"]) == ("Orders", "1")
    assert aws("sns", "list-tags-for-resource", "--resource-arn", topic)["Tags"] == [
        {"Key": "team", "Value": "a"}]
    listed = aws("sns", "list-subscriptions-by-topic", "--topic-arn", topic)["Subscriptions"]
    assert [item["SubscriptionArn"] for item in listed] == [subscription]
    aws("sns", "unsubscribe", "--subscription-arn", subscription)
    aws("sns", "delete-topic", "--topic-arn", topic)
    assert "(NotFound)" in aws("sns", "publish", "--topic-arn", topic, "--message", "late",
                               status=aws.failure)


def test_a_batch_and_a_filter(aws, name):
    topic = make_topic(aws, name)
    everything, some = Queue(aws, name), Queue(aws, name + "-some")
    subscribe(aws, topic, everything, RawMessageDelivery="true")
    subscribe(aws, topic, some, RawMessageDelivery="true",
              FilterPolicy=json.dumps({"size": [{"numeric": [">", 1]}]}))
    entries = [{"Id": size, "Message": size, "MessageAttributes": {
        "size": {"DataType": "Number", "StringValue": size}}} for size in ("1", "2")]
    entries.append({"Id": "empty", "Message": ""})
    answer = aws("sns", "publish-batch", "--topic-arn", topic,
                 "--publish-batch-request-entries", entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["1", "2"]
    assert [(entry["Id"], entry["SenderFault"]) for entry in answer["Failed"]] == [("empty", True)]
    assert sorted(everything.bodies()) == ["1", "2"]
    [message] = some.receive()
    assert (message["Body"], message["MessageAttributes"]["size"]["StringValue"]) == ("2", "2")


def test_a_fifo_topic(aws, name):
    topic = make_topic(aws, name + ".fifo", "--attributes",
                       "FifoTopic=true,ContentBasedDeduplication=true")
    queue = Queue(aws, name + ".fifo", "--attributes", "FifoQueue=true")
    subscribe(aws, topic, queue, RawMessageDelivery="true")
    for body in ("b", "a", "a"):
        sent = aws("sns", "publish", "--topic-arn", topic, "--message", body,
                   "--message-group-id", "g")
        assert len(sent["SequenceNumber"]) == 20
    assert queue.bodies() == ["b", "a"]


def test_a_rule_sends_events_to_a_queue(aws, name):
    aws("events", "create-event-bus", "--name", name)
    rule = aws("events", "put-rule", "--name", name, "--event-bus-name", name, "--event-pattern",
               {"source": ["shop"], "detail": {"total": [{"numeric": [">", 9]}]}})["RuleArn"]
    queue = Queue(aws, name).allow("events.amazonaws.com", rule)
    answer = aws("events", "put-targets", "--rule", name, "--event-bus-name", name,
                 "--targets", f"Id=queue,Arn={queue.arn}")
    assert answer["FailedEntryCount"] == 0
    entries = [{"EventBusName": name, "Source": "shop", "DetailType": "order placed",
                "Detail": detail} for detail in ('{"total":9}', '{"total":10}', "no JSON")]
    answer = aws("events", "put-events", "--entries", entries)
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][2]["ErrorCode"] == "MalformedDetail"
    [body] = queue.bodies()
    event = json.loads(body)
    assert (event["id"], event["detail"]) == (answer["Entries"][1]["EventId"], {"total": 10})
    assert "ResourceNotFoundException" in aws("events", "describe-rule", "--name", name,
                                              status=aws.failure)


def test_a_schedule_fires_once(aws, server, name):
    queue, role = Queue(aws, name), make_role(server, name)
    soon = datetime.datetime.now(datetime.timezone.utc).replace(
        microsecond=0) + datetime.timedelta(seconds=4)
    made = aws("scheduler", "create-schedule", "--name", name, "--schedule-expression",
               f"at({soon:%Y-%m-%dT%H:%M:%S})", "--flexible-time-window", "Mode=OFF", "--target",
               {"Arn": queue.arn, "RoleArn": role, "Input": "wake up"})
    assert aws("scheduler", "get-schedule", "--name", name)["Arn"] == made["ScheduleArn"]
    assert queue.bodies() == ["wake up"]
    assert datetime.datetime.now(datetime.timezone.utc) >= soon
    aws("scheduler", "delete-schedule", "--name", name)
    assert "ResourceNotFoundException" in aws("scheduler", "get-schedule", "--name", name,
                                              status=aws.failure)
