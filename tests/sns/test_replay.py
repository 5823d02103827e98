# SPDX-License-Identifier: MIT
"""Archives of FIFO topics, and their replay to subscriptions."""
import datetime
import json
import threading
import time

import pytest

from faults import invalid, refusal
from sns_queue import Queue
from ternd import eventually


def iso(seconds):
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def archive(sns, topic, days="7"):
    sns.set_topic_attributes(TopicArn=topic, AttributeName="ArchivePolicy",
                             AttributeValue=json.dumps({"MessageRetentionPeriod": days}))


def beginning(sns, topic):
    return sns.get_topic_attributes(TopicArn=topic)["Attributes"]["BeginningArchiveTime"]


def publish(sns, topic, text, group="g", **members):
    return sns.publish(TopicArn=topic, Message=text, MessageGroupId=group,
                       MessageDeduplicationId=members.pop("dedup", text), **members)


def policy(start, **points):
    return json.dumps({"PointType": "Timestamp", "StartingPoint": start} | points)


def subscribe(sns, topic, queue, **attributes):
    return sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn,
                         Attributes=attributes, ReturnSubscriptionArn=True)["SubscriptionArn"]


def set_attribute(sns, arn, name, value):
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)


def replay(sns, arn, start, **points):
    set_attribute(sns, arn, "ReplayPolicy", policy(start, **points))


def status(sns, arn):
    return sns.get_subscription_attributes(
        SubscriptionArn=arn)["Attributes"].get("ReplayStatus")


def completed(sns, arn):
    eventually(lambda: status(sns, arn) == "Completed", what="the replay is completed")


def drain(queue, count):
    found = []

    def look():
        found.extend(queue.receive())
        return len(found) >= count
    eventually(look, what=f"{count} messages")
    return found


def texts(queue, count):
    return [json.loads(message["Body"])["Message"] for message in drain(queue, count)]


@pytest.fixture
def archived(sns, fifo_topic):
    archive(sns, fifo_topic)
    return fifo_topic


@pytest.fixture
def fifo_queue(sqs, name):
    return Queue(sqs, f"{name}-q.fifo", FifoQueue="true")


def test_messages_are_replayed_as_they_were(sns, archived, fifo_queue):
    arn = subscribe(sns, archived, fifo_queue)
    sent = [publish(sns, archived, f"m{i}") for i in range(3)]
    before = [json.loads(message["Body"]) for message in drain(fifo_queue, 3)]
    replay(sns, arn, beginning(sns, archived))
    completed(sns, arn)
    messages = drain(fifo_queue, 3)
    again = [json.loads(message["Body"]) for message in messages]
    assert [body.pop("Replayed") for body in again] == [True] * 3
    assert again == before
    assert [body["MessageId"] for body in again] == [answer["MessageId"] for answer in sent]
    assert [body["SequenceNumber"] for body in again] == [
        answer["SequenceNumber"] for answer in sent]
    assert {message["Attributes"]["MessageGroupId"] for message in messages} == {"g"}
    publish(sns, archived, "live")
    live, = (json.loads(message["Body"]) for message in drain(fifo_queue, 1))
    assert live["Message"] == "live" and "Replayed" not in live


def test_a_new_subscription_gets_what_was_sent_before_it(sns, archived, fifo_queue):
    for i in range(130):  # more than two pages
        publish(sns, archived, f"m{i}")
    arn = subscribe(sns, archived, fifo_queue, RawMessageDelivery="true",
                    ReplayPolicy=policy(beginning(sns, archived)))
    completed(sns, arn)
    assert [message["Body"] for message in drain(fifo_queue, 130)] == [
        f"m{i}" for i in range(130)]


def test_only_messages_of_the_time_are_replayed(sns, archived, fifo_queue):
    arn = subscribe(sns, archived, fifo_queue, FilterPolicy='{"kind": ["no"]}')
    publish(sns, archived, "before")
    stamps = []
    for i in range(2):
        time.sleep(0.002)
        stamps.append(iso(time.time()))
        time.sleep(0.002)
        publish(sns, archived, f"m{i}")
    set_attribute(sns, arn, "FilterPolicy", "{}")
    replay(sns, arn, stamps[0], EndingPoint=stamps[1])
    completed(sns, arn)
    assert texts(fifo_queue, 1) == ["m0"]
    # An EndingPoint pauses the subscription; a policy without one goes on.
    publish(sns, archived, "later")
    assert fifo_queue.receive() == []
    replay(sns, arn, stamps[1])
    completed(sns, arn)
    assert texts(fifo_queue, 2) == ["m1", "later"]


def test_an_empty_policy_ends_the_pause(sns, archived, fifo_queue):
    arn = subscribe(sns, archived, fifo_queue)
    start = beginning(sns, archived)
    replay(sns, arn, start, EndingPoint=start)
    completed(sns, arn)
    publish(sns, archived, "paused")
    set_attribute(sns, arn, "ReplayPolicy", "{}")
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert "ReplayPolicy" not in attributes and "ReplayStatus" not in attributes
    publish(sns, archived, "live")
    assert texts(fifo_queue, 1) == ["live"]


def test_filter_policies_count(sns, archived, fifo_queue):
    for i in range(4):
        publish(sns, archived, f"m{i}", MessageAttributes={
            "n": {"DataType": "Number", "StringValue": str(i)}})
    arn = subscribe(sns, archived, fifo_queue, FilterPolicy='{"n": [{"numeric": [">=", 2]}]}',
                    ReplayPolicy=policy(beginning(sns, archived)))
    completed(sns, arn)
    assert texts(fifo_queue, 2) == ["m2", "m3"]


def test_standard_queues_get_replays_with_attributes(sns, archived, make_queue):
    queue = make_queue()
    publish(sns, archived, "x", Subject="s", MessageAttributes={
        "b": {"DataType": "Binary", "BinaryValue": b"\x00\x01"}})
    arn = subscribe(sns, archived, queue, RawMessageDelivery="true",
                    ReplayPolicy=policy(beginning(sns, archived)))
    completed(sns, arn)
    message, = drain(queue, 1)
    assert message["Body"] == "x"
    assert message["MessageAttributes"]["b"]["BinaryValue"] == b"\x00\x01"


def test_duplicates_are_archived_once(sns, archived, fifo_queue):
    for _ in range(3):
        publish(sns, archived, "same")
    arn = subscribe(sns, archived, fifo_queue,
                    ReplayPolicy=policy(beginning(sns, archived)))
    completed(sns, arn)
    assert texts(fifo_queue, 1) == ["same"]
    assert fifo_queue.receive() == []


@pytest.mark.parametrize("is_fifo", [True, False])
def test_nothing_is_lost_or_doubled_between_replay_and_publish(server, sqs, sns, archived, name,
                                                               is_fifo):
    """Publishers go on while the subscription changes from the archive to live and back."""
    suffix = ".fifo" if is_fifo else ""
    queue = Queue(sqs, f"{name}-q{suffix}", **({"FifoQueue": "true"} if is_fifo else {}))
    start = beginning(sns, archived)
    for i in range(20):
        publish(sns, archived, f"a-{i}", group="a")
    stop = threading.Event()
    counts = {}

    def run(group):
        client = server.client("sns")
        counts[group] = 0
        while not stop.is_set():
            publish(client, archived, f"{group}-{counts[group]}", group=group)
            counts[group] += 1
    threads = [threading.Thread(target=run, args=(group,)) for group in "bcd"]
    for thread in threads:
        thread.start()
    arn = subscribe(sns, archived, queue, ReplayPolicy=policy(start))
    completed(sns, arn)
    eventually(lambda: all(count > 50 for count in counts.values()))
    stop.set()
    for thread in threads:
        thread.join()
    counts["a"] = 20
    found = [json.loads(message["Body"])["Message"]
             for message in drain(queue, sum(counts.values()))]
    assert queue.receive() == []
    for group, count in counts.items():
        mine = [text for text in found if text.startswith(group)]
        if not is_fifo:
            mine.sort(key=lambda text: int(text[2:]))
        assert mine == [f"{group}-{i}" for i in range(count)]


def test_encrypted_topics(sns, archived, fifo_queue):
    sns.set_topic_attributes(TopicArn=archived, AttributeName="KmsMasterKeyId",
                             AttributeValue="alias/aws/sns")
    publish(sns, archived, "secret")
    sns.set_topic_attributes(TopicArn=archived, AttributeName="KmsMasterKeyId", AttributeValue="")
    publish(sns, archived, "open")
    arn = subscribe(sns, archived, fifo_queue,
                    ReplayPolicy=policy(beginning(sns, archived)))
    completed(sns, arn)
    assert texts(fifo_queue, 2) == ["secret", "open"]


def test_what_the_queue_refuses_goes_to_its_dead_letter_queue(sqs, sns, archived, fifo_queue, name):
    letters = Queue(sqs, f"{name}-dlq.fifo", FifoQueue="true")
    publish(sns, archived, "x")
    fifo_queue.arn = fifo_queue.arn.replace(".fifo", "-gone.fifo")
    arn = subscribe(sns, archived, fifo_queue,
                    RedrivePolicy=json.dumps({"deadLetterTargetArn": letters.arn}),
                    ReplayPolicy=policy(beginning(sns, archived)))
    completed(sns, arn)
    message, = drain(letters, 1)
    body = json.loads(message["Body"])
    assert (body["Message"], body["Replayed"]) == ("x", True)


def test_a_topic_with_an_archive_is_not_deleted(sns, archived):
    assert refusal(sns.delete_topic, TopicArn=archived) == (
        "InvalidState", 400, "Invalid state: Cannot delete a topic with an ArchivePolicy")
    sns.set_topic_attributes(TopicArn=archived, AttributeName="ArchivePolicy", AttributeValue="{}")
    attributes = sns.get_topic_attributes(TopicArn=archived)["Attributes"]
    assert "ArchivePolicy" not in attributes and "BeginningArchiveTime" not in attributes
    sns.delete_topic(TopicArn=archived)


def test_an_archive_that_ended_is_not_replayed(sns, archived, fifo_queue):
    arn = subscribe(sns, archived, fifo_queue)
    publish(sns, archived, "old")
    start = beginning(sns, archived)
    sns.set_topic_attributes(TopicArn=archived, AttributeName="ArchivePolicy", AttributeValue="{}")
    text = invalid("ReplayPolicy: Topic does not have an ArchivePolicy")
    assert refusal(lambda: replay(sns, arn, start)) == text
    archive(sns, archived)
    assert refusal(lambda: replay(sns, arn, start)) == invalid(
        "ReplayPolicy: Invalid StartingPoint value")
    assert texts(fifo_queue, 1) == ["old"]
    replay(sns, arn, beginning(sns, archived))
    completed(sns, arn)
    assert fifo_queue.receive() == []


@pytest.mark.parametrize("value, text", [
    ("x", "Unable to parse JSON"),
    ("[]", "JSON is missing required fields"),
    ('{"Days": "1"}', "JSON is missing required fields"),
    ('{"MessageRetentionPeriod": "0"}', "MessageRetentionPeriod value is invalid"),
    ('{"MessageRetentionPeriod": "366"}', "MessageRetentionPeriod value is invalid"),
    ('{"MessageRetentionPeriod": "x"}', "MessageRetentionPeriod value is invalid"),
    ('{"MessageRetentionPeriod": 1.5}', "MessageRetentionPeriod value is invalid"),
    ('{"MessageRetentionPeriod": -1}', "MessageRetentionPeriod value is invalid"),
])
def test_bad_archive_policies(sns, fifo_topic, name, value, text):
    assert refusal(sns.set_topic_attributes, TopicArn=fifo_topic, AttributeName="ArchivePolicy",
                   AttributeValue=value) == invalid(f"ArchivePolicy: {text}")
    assert refusal(sns.create_topic, Name=f"{name}-2.fifo", Attributes={
        "FifoTopic": "true", "ArchivePolicy": value}) == invalid(
            f"Attributes Reason: ArchivePolicy: {text}")


@pytest.mark.parametrize("days", ["1", "365", 30])
def test_retentions(sns, fifo_topic, days):
    archive(sns, fifo_topic, days)
    attributes = sns.get_topic_attributes(TopicArn=fifo_topic)["Attributes"]
    assert json.loads(attributes["ArchivePolicy"]) == {"MessageRetentionPeriod": days}


def test_standard_topics_have_no_archive(sns, topic, make_queue):
    assert refusal(lambda: archive(sns, topic)) == invalid("AttributeName")
    arn = subscribe(sns, topic, make_queue())
    assert refusal(lambda: replay(sns, arn, iso(time.time()))) == invalid("AttributeName")


@pytest.mark.parametrize("value, text", [
    ("x", "Unable to parse JSON"),
    ('{"PointType": "Timestamp"}', "JSON is missing required fields"),
    ('{"StartingPoint": "2026-01-01T00:00:00Z"}', "JSON is missing required fields"),
    ('{"PointType": "Offset", "StartingPoint": "0"}', "Invalid PointType"),
    (policy("yesterday"), "Invalid StartingPoint value"),
    (policy("2020-01-01T00:00:00.000Z"), "Invalid StartingPoint value"),
    (policy("2220-01-01T00:00:00.000Z"), "Invalid StartingPoint value"),
    (policy("NOW", EndingPoint="2020-01-01T00:00:00.000Z"), "Invalid EndingPoint value"),
    (policy("NOW", EndingPoint="2220-01-01T00:00:00.000Z"), "Invalid EndingPoint value"),
])
def test_bad_replay_policies(sns, archived, fifo_queue, value, text):
    value = value.replace("NOW", beginning(sns, archived))
    assert refusal(lambda: subscribe(sns, archived, fifo_queue, ReplayPolicy=value)) == invalid(
        f"Attributes Reason: ReplayPolicy: {text}")
    arn = subscribe(sns, archived, fifo_queue)
    assert refusal(lambda: set_attribute(sns, arn, "ReplayPolicy", value)) == invalid(
        f"ReplayPolicy: {text}")


def test_old_messages_leave_the_archive(private):
    server = private("--test-clock")
    sns, sqs = server.client("sns"), server.client("sqs")
    topic = sns.create_topic(Name="t.fifo", Attributes={
        "FifoTopic": "true", "ArchivePolicy": '{"MessageRetentionPeriod":"2"}'})["TopicArn"]
    publish(sns, topic, "old")
    server.advance(3 * 86400)
    publish(sns, topic, "new")
    queue = Queue(sqs, "q.fifo", FifoQueue="true")
    arn = subscribe(sns, topic, queue, ReplayPolicy=policy(beginning(sns, topic)))
    completed(sns, arn)
    assert texts(queue, 1) == ["new"]


def test_a_throttled_queue_gets_the_rest_later_in_order(private, tmp_path):
    config = tmp_path / "tern.json"  # a request has ten messages: the second one is throttled
    rule = {"actions": ["sqs:Send*"], "rate": 5, "burst": 1, "shared": True}
    config.write_text(json.dumps({"throttle-rules": [rule]}))
    server = private("--durability", "memory", "--config", config)
    sns = server.client("sns")
    topic = sns.create_topic(Name="t.fifo", Attributes={
        "FifoTopic": "true", "ArchivePolicy": '{"MessageRetentionPeriod":"2"}'})["TopicArn"]
    for i in range(25):
        publish(sns, topic, f"m{i}")
    queue = Queue(server.client("sqs"), "q.fifo", FifoQueue="true")
    arn = subscribe(sns, topic, queue, ReplayPolicy=policy(beginning(sns, topic)))
    completed(sns, arn)
    throttled = 'tern_throttled_requests_total{operation="SendMessageBatch"}'
    assert server.metrics()[throttled] > 0
    assert texts(queue, 25) == [f"m{i}" for i in range(25)]


def test_a_replay_survives_a_kill(private, tmp_path):
    config = tmp_path / "tern.json"  # a start sends six requests of ten messages
    rule = {"actions": ["sqs:Send*"], "rate": 0.02, "burst": 6, "shared": True}
    config.write_text(json.dumps({"throttle-rules": [rule]}))
    server = private("--config", config)
    count = 400
    sns, sqs = server.client("sns"), server.client("sqs")
    topic = sns.create_topic(Name="t.fifo", Attributes={
        "FifoTopic": "true", "ArchivePolicy": '{"MessageRetentionPeriod":"2"}'})["TopicArn"]
    for i in range(0, count, 10):
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
            {"Id": str(j), "Message": f"m{i + j}", "MessageGroupId": "g",
             "MessageDeduplicationId": f"m{i + j}"} for j in range(10)])
    queue = Queue(sqs, "q.fifo", FifoQueue="true")
    arn = subscribe(sns, topic, queue, ReplayPolicy=policy(beginning(sns, topic)))
    found = []
    for _ in range(5):
        seen = len(found)
        eventually(lambda: found.extend(
            json.loads(message["Body"])["Message"] for message in queue.receive())
            or len(found) > seen)
        assert status(server.client("sns"), arn) == "In progress"
        server.kill()
        server.start()
        queue.sqs = server.client("sqs")
    server.kill()
    config.write_text("{}")
    server.start()
    queue.sqs = server.client("sqs")
    completed(server.client("sns"), arn)
    assert len(found) + queue.count() == count  # a completed replay owes nothing
    found += texts(queue, count - len(found))
    assert queue.receive() == []
    assert found == [f"m{i}" for i in range(count)]
