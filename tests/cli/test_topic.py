# SPDX-License-Identifier: MIT
"""tern topic, tern sub and tern publish, seen through boto3."""
import base64
import json

import pytest


@pytest.fixture
def topic(tern, name):
    return tern.lines("topic", "create", name)[0]


def messages(sqs, url):
    """All messages, in the order received; each is deleted."""
    found = []
    while batch := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get("Messages"):
        for message in batch:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        found += batch
    return found


def test_topics_are_made_shown_changed_and_removed(tern, sns, name):
    arn, = tern.lines("topic", "create", name, "--display-name", "Orders", "--tag", "team=a b",
                      "--attribute", "SignatureVersion=2")
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "Orders"
    assert tern.json("topic", "create", name, "--display-name", "Orders", "--tag", "team=a b",
                     "--attribute", "SignatureVersion=2") == [{"TopicArn": arn}]
    assert {"TopicArn": arn} in tern.json("topic", "ls")
    tern("topic", "set", name, "--display-name", "Others", "--untag", "team", "--tag", "size=1")
    attributes, tags = tern.json("topic", "show", name)
    assert attributes["Attributes"]["DisplayName"] == "Others"
    assert tags["Tags"] == [{"Key": "size", "Value": "1"}]
    assert ["DisplayName", "Others"] in [line.split() for line in tern.lines("topic", "show", arn)]
    tern("topic", "rm", name)
    assert {"TopicArn": arn} not in tern.json("topic", "ls")
    assert "Topic does not exist" in tern("topic", "show", name, code=1).stderr


def test_topic_options_are_checked_before_anything_is_sent(tern, name):
    assert "NAME=VALUE" in tern("topic", "create", name, "--attribute", "x", code=2).stderr
    assert "nothing to set" in tern("topic", "set", name, code=2).stderr
    assert "refused" in tern("topic", "create", name, "--policy", "-", text="{", code=2).stderr
    assert tern("topic", "ls").stdout.count(f":{name}\n") == 0


def test_fifo_topics_by_their_name(tern, sns, name):
    arn, = tern.lines("topic", "create", name + ".fifo", "--content-dedup")
    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert found["FifoTopic"] == found["ContentBasedDeduplication"] == "true"


def test_publish_reaches_a_queue_that_grant_lets_in(tern, sqs, queue, name, topic):
    arn, = tern.lines("sub", "add", name, name, "--grant", "--raw")
    shown, = tern.json("sub", "show", arn)
    assert shown["Attributes"]["RawMessageDelivery"] == "true"
    identifier, = tern.lines("publish", name, "an argument", "--attribute", "n=3:Number",
                             "--attribute", "b=" + base64.b64encode(b"\0\1").decode() + ":Binary")
    assert len(identifier) == 36
    tern("publish", topic, text="from a pipe\nof two lines\n")
    first, second = messages(sqs, queue)
    assert [first["Body"], second["Body"]] == ["an argument", "from a pipe\nof two lines"]
    assert first["MessageAttributes"] == {
        "n": {"StringValue": "3", "DataType": "Number"},
        "b": {"BinaryValue": b"\0\1", "DataType": "Binary"}}
    # A second grant leaves the first statement in place.
    tern("topic", "create", name + "-2")
    tern("sub", "add", name + "-2", name, "--grant")
    policy = json.loads(sqs.get_queue_attributes(
        QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]["Policy"])
    assert [statement["Condition"]["ArnEquals"]["aws:SourceArn"]
            for statement in policy["Statement"]] == [topic, topic + "-2"]


def test_publish_lines_batches_and_keeps_order(tern, sqs, fifo, name):
    tern("topic", "create", name + ".fifo")
    tern("sub", "add", name + ".fifo", name + ".fifo", "--grant", "--raw")
    lines = [f"line {number}" for number in range(35)]
    assert tern.lines("publish", name + ".fifo", "--lines", "--group", "g", "--dedup-each",
                      text="\n".join(lines)) == ["35 messages sent"]
    assert [message["Body"] for message in messages(sqs, fifo)] == lines


def test_publish_reports_each_refused_message(tern, name, topic):
    result = tern("publish", name, "--lines", "--subject", "x" * 200, text="a\nb\n", code=1)
    assert "Subject" in result.stderr
    assert "256 KiB" in tern("publish", name, text="x" * (256 * 1024 + 1), code=1).stderr
    assert "Topic does not exist" in tern("publish", name + "-none", "x", code=1).stderr


def test_filters_are_set_and_tested(tern, sqs, queue, name, topic, tmp_path):
    policy = {"kind": ["new", {"prefix": "ol"}]}
    (tmp_path / "policy").write_text(json.dumps(policy))
    arn, = tern.lines("sub", "add", name, name, "--grant", "--raw", "--filter", tmp_path / "policy")
    tern("publish", name, "seen", "--attribute", "kind=old")
    tern("publish", name, "not seen", "--attribute", "kind=other")
    assert [message["Body"] for message in messages(sqs, queue)] == ["seen"]
    tern("sub", "set", arn, "--filter", '{"size": [{"numeric": [">", 3]}]}', "--on-body")
    tern("publish", name, '{"size": 4}')
    tern("publish", name, '{"size": 3}')
    assert [message["Body"] for message in messages(sqs, queue)] == ['{"size": 4}']


@pytest.mark.parametrize("arguments, code, text", [
    (('{"kind": ["new"]}', "--attribute", "kind=new"), 0, "true\n"),
    (('{"kind": ["new"]}', "--attribute", "kind=old"), 1, "false\n"),
    (('{"kind": ["new"]}',), 1, "false\n"),
    (("{}",), 0, "true\n"),
    (('{"a": {"b": [3]}}', '{"a": {"b": 3}}', "--on-body"), 0, "true\n"),
    (('{"a": {"b": [3]}}', '{"a": {"b": 4}}', "--on-body"), 1, "false\n"),
])
def test_filter_test_needs_no_server(bare, arguments, code, text):
    assert bare("sub", "filter", "test", *arguments, code=code).stdout == text


@pytest.mark.parametrize("arguments, text", [
    (('{"kind": "new"}',), '"kind" must be an object or an array'),
    (('{"kind": ["new"]}', "--on-body"), "give the body"),
    (('{"kind": ["new"]}', "--attribute", "kind"), "NAME=VALUE"),
    (("/nowhere",), "cannot be read"),
])
def test_filter_test_says_what_is_wrong(bare, arguments, text):
    assert text in bare("sub", "filter", "test", *arguments, code=2).stderr


def test_subscriptions_are_listed_confirmed_and_ended(tern, queue, name, topic):
    arn, = tern.lines("sub", "add", name, name)
    row, = tern.json("sub", "ls", name)
    assert row == {"SubscriptionArn": arn, "Owner": "000000000000", "Protocol": "sqs",
                   "Endpoint": f"arn:aws:sqs:us-east-1:000000000000:{name}", "TopicArn": topic}
    assert arn in [row["SubscriptionArn"] for row in tern.json("sub", "ls")]
    assert "--grant goes with a queue" in tern(
        "sub", "add", name, "http://127.0.0.1:1/", "--grant", code=2).stderr
    assert "Invalid parameter: Token" in tern("sub", "confirm", name, "nonsense", code=1).stderr
    tern("sub", "rm", arn)
    assert tern.json("sub", "ls", name) == []
    assert "No subscriptions" in tern.on_terminal("sub", "ls", name)


def test_a_dead_letter_queue_is_named_like_any_other(tern, sns, queue, name, topic):
    arn, = tern.lines("sub", "add", name, "http://127.0.0.1:1/", "--dlq", name)
    found = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert json.loads(found["RedrivePolicy"]) == {
        "deadLetterTargetArn": f"arn:aws:sqs:us-east-1:000000000000:{name}"}


def test_messages_of_an_archive_are_replayed(tern, sqs, name):
    topic = name + ".fifo"
    tern("topic", "create", topic, "--content-dedup", "--archive-days", "7")
    shown, _ = tern.json("topic", "show", topic)
    assert json.loads(shown["Attributes"]["ArchivePolicy"]) == {"MessageRetentionPeriod": "7"}
    tern("publish", topic, "before", "--group", "g")
    url = sqs.create_queue(QueueName=topic, Attributes={"FifoQueue": "true"})["QueueUrl"]
    start = shown["Attributes"]["BeginningArchiveTime"]
    arn, = tern.lines("sub", "add", topic, topic, "--grant", "--raw", "--replay-from", start)
    found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert [message["Body"] for message in found] == ["before"]
    tern("sub", "set", arn, "--replay-from", start, "--replay-to", start)
    shown, = tern.json("sub", "show", arn)
    assert json.loads(shown["Attributes"]["ReplayPolicy"])["EndingPoint"] == start
    tern("sub", "set", arn, "--replay-from", "never")
    shown, = tern.json("sub", "show", arn)
    assert "ReplayPolicy" not in shown["Attributes"]
    assert "no time" in tern("sub", "set", arn, "--replay-from", "noon", code=2).stderr
    assert "goes with" in tern("sub", "set", arn, "--replay-to", start, code=2).stderr
    tern("topic", "set", topic, "--archive-days", "0")
    tern("topic", "rm", topic)
