# SPDX-License-Identifier: MIT
"""Dead-letter queues, the policies around them, and message move tasks."""
import json

import pytest
from botocore.exceptions import ClientError

from ternd import eventually
from test_messages import Waiter, bodies, counts, receive

ARN = "arn:aws:sqs:us-east-1:000000000000:"


def policy(name, count=1):
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": ARN + name,
                                         "maxReceiveCount": count})}


class Pair:
    """A queue and its dead-letter queue."""

    def __init__(self, sqs, name, count=1, suffix="", attributes=None, dead_attributes=None):
        self.sqs = sqs
        self.name, self.dead_name = name + suffix, name + "-dead" + suffix
        fifo = {"FifoQueue": "true"} if suffix else {}
        self.dead = sqs.create_queue(QueueName=self.dead_name,
                                     Attributes=fifo | (dead_attributes or {}))["QueueUrl"]
        self.queue = sqs.create_queue(QueueName=self.name, Attributes=fifo | policy(
            self.dead_name, count) | (attributes or {}))["QueueUrl"]
        self.arn, self.dead_arn = ARN + self.name, ARN + self.dead_name

    def fail(self, *texts, **options):
        """Sends messages and receives them until they are dead."""
        for text in texts:
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=text, **options)
        while bodies(self.sqs, self.queue, MaxNumberOfMessages=10, VisibilityTimeout=0):
            pass

    def start(self, **options):
        return self.sqs.start_message_move_task(SourceArn=self.dead_arn, **options)["TaskHandle"]

    def tasks(self):
        return self.sqs.list_message_move_tasks(SourceArn=self.dead_arn,
                                                MaxResults=10).get("Results", [])

    def ended(self):
        return eventually(lambda: next((task for task in self.tasks()[:1]
                                        if task["Status"] not in ("RUNNING", "CANCELLING")), None))


@pytest.fixture
def pair(sqs, name):
    return Pair(sqs, name)


@pytest.fixture
def timed_pair(clocked, name):
    return Pair(clocked.client(), name)


# ---- dead letters ----

@pytest.mark.parametrize("count", [1, 3, 5])
def test_message_dies_after_so_many_receives(sqs, name, count):
    pair = Pair(sqs, name, count)
    sent = sqs.send_message(QueueUrl=pair.queue, MessageBody="poison")
    for _ in range(count):
        assert bodies(sqs, pair.queue, VisibilityTimeout=0) == ["poison"]
        assert counts(sqs, pair.dead) == (0, 0, 0)
    assert bodies(sqs, pair.queue) == []
    assert counts(sqs, pair.queue) == (0, 0, 0)
    [message] = receive(sqs, pair.dead, MessageSystemAttributeNames=["All"])
    assert message["MessageId"] == sent["MessageId"]
    assert message["Attributes"]["ApproximateReceiveCount"] == str(count + 1)
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == pair.arn


def test_dead_letter_keeps_what_it_was(timed_pair, clocked):
    sqs = timed_pair.sqs
    attributes = {"n": {"DataType": "Number", "StringValue": "7"}}
    sqs.send_message(QueueUrl=timed_pair.queue, MessageBody="poison", MessageGroupId="tenant",
                     MessageAttributes=attributes, MessageSystemAttributes={
                         "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2"}})
    names = {"MessageAttributeNames": ["All"], "AttributeNames": ["All"]}
    [before] = receive(sqs, timed_pair.queue, VisibilityTimeout=0, **names)
    clocked.advance(100)
    assert receive(sqs, timed_pair.queue) == []
    [after] = receive(sqs, timed_pair.dead, **names)
    for member in ("Body", "MessageId", "MD5OfBody", "MessageAttributes",
                   "MD5OfMessageAttributes"):
        assert after[member] == before[member]
    expected = before["Attributes"] | {"ApproximateReceiveCount": "2",
                                       "DeadLetterQueueSourceArn": timed_pair.arn}
    assert after["Attributes"] == expected


def test_dead_letter_queues_in_a_chain(sqs, name):
    for stage, target in ((3, None), (2, 3), (1, 2)):
        sqs.create_queue(QueueName=f"{name}-{stage}",
                         Attributes=policy(f"{name}-{target}") if target else {})
    sqs.send_message(QueueUrl=f"{name}-1", MessageBody="poison")
    for stage in (1, 2):
        assert bodies(sqs, f"{name}-{stage}", VisibilityTimeout=0) == ["poison"]
        assert bodies(sqs, f"{name}-{stage}", VisibilityTimeout=0) == []
    [message] = receive(sqs, f"{name}-3", AttributeNames=["All"])
    assert message["Attributes"]["ApproximateReceiveCount"] == "3"
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == f"{ARN}{name}-2"


def test_others_are_returned_while_dead_ones_go(sqs, name):
    pair = Pair(sqs, name)
    for number in range(30):
        sqs.send_message(QueueUrl=pair.queue, MessageBody=f"poison{number}")
    for _ in range(3):
        assert len(bodies(sqs, pair.queue, MaxNumberOfMessages=10, VisibilityTimeout=0)) == 10
    sqs.send_message(QueueUrl=pair.queue, MessageBody="good")
    assert bodies(sqs, pair.queue, MaxNumberOfMessages=10) == ["good"]
    assert counts(sqs, pair.dead) == (30, 0, 0)


def test_dead_letter_wakes_a_long_poll_of_its_new_queue(sqs, pair):
    waiter = Waiter(sqs, pair.dead, WaitTimeSeconds=20)
    pair.fail("poison")
    assert waiter.result() == ["poison"]


def test_fifo_dead_letters(clocked, name):
    """The message id becomes the deduplication id, and the enqueue time starts anew."""
    sqs = clocked.client()
    pair = Pair(sqs, name, suffix=".fifo")
    sent = sqs.send_message(QueueUrl=pair.queue, MessageBody="poison", MessageGroupId="g",
                            MessageDeduplicationId="d")
    sqs.send_message(QueueUrl=pair.queue, MessageBody="next", MessageGroupId="g",
                     MessageDeduplicationId="e")
    [before] = receive(sqs, pair.queue, VisibilityTimeout=0, AttributeNames=["All"])
    clocked.advance(50)
    assert bodies(sqs, pair.queue) == ["next"]
    [after] = receive(sqs, pair.dead, AttributeNames=["All"])
    assert after["MessageId"] == sent["MessageId"]
    attributes = after["Attributes"]
    assert attributes["MessageGroupId"] == "g"
    assert attributes["MessageDeduplicationId"] == sent["MessageId"]
    assert attributes["DeadLetterQueueSourceArn"] == pair.arn
    moved_after = int(attributes["SentTimestamp"]) - int(before["Attributes"]["SentTimestamp"])
    assert 50000 <= moved_after < 60000


def test_fifo_dead_letters_of_one_id_do_not_collide(sqs, name):
    pair = Pair(sqs, name, suffix=".fifo", attributes={"DeduplicationScope": "messageGroup"})
    for group in ("g1", "g2"):
        sqs.send_message(QueueUrl=pair.queue, MessageBody=group, MessageGroupId=group,
                         MessageDeduplicationId="same")
    pair.fail()
    assert sorted(bodies(sqs, pair.dead, MaxNumberOfMessages=10)) == ["g1", "g2"]


def test_retention_counts_from_the_first_enqueueing(clocked, name):
    sqs = clocked.client()
    pair = Pair(sqs, name, dead_attributes={"MessageRetentionPeriod": "120"})
    sqs.send_message(QueueUrl=pair.queue, MessageBody="poison")
    assert bodies(sqs, pair.queue, VisibilityTimeout=0) == ["poison"]
    clocked.advance(100)
    assert bodies(sqs, pair.queue) == []
    assert bodies(sqs, pair.dead, VisibilityTimeout=0) == ["poison"]
    clocked.advance(21)
    assert bodies(sqs, pair.dead) == []


def test_retention_of_a_fifo_dead_letter_counts_from_its_move(clocked, name):
    sqs = clocked.client()
    pair = Pair(sqs, name, suffix=".fifo", dead_attributes={"MessageRetentionPeriod": "120"})
    sqs.send_message(QueueUrl=pair.queue, MessageBody="poison", MessageGroupId="g",
                     MessageDeduplicationId="d")
    assert bodies(sqs, pair.queue, VisibilityTimeout=0) == ["poison"]
    clocked.advance(100)
    assert bodies(sqs, pair.queue) == []
    clocked.advance(100)
    assert bodies(sqs, pair.dead, VisibilityTimeout=0) == ["poison"]
    clocked.advance(21)
    assert bodies(sqs, pair.dead) == []


def test_without_its_dead_letter_queue_a_message_stays(sqs, pair):
    sqs.delete_queue(QueueUrl=pair.dead)
    sqs.send_message(QueueUrl=pair.queue, MessageBody="poison")
    for _ in range(4):
        assert bodies(sqs, pair.queue, VisibilityTimeout=0) == ["poison"]
    sqs.create_queue(QueueName=pair.dead_name)
    assert bodies(sqs, pair.queue) == []
    assert bodies(sqs, pair.dead) == ["poison"]


def test_removing_the_policy_keeps_messages_alive(sqs, pair):
    sqs.set_queue_attributes(QueueUrl=pair.queue, Attributes={"RedrivePolicy": ""})
    found = sqs.get_queue_attributes(QueueUrl=pair.queue, AttributeNames=["All"])["Attributes"]
    assert "RedrivePolicy" not in found
    sqs.send_message(QueueUrl=pair.queue, MessageBody="b")
    for _ in range(3):
        assert bodies(sqs, pair.queue, VisibilityTimeout=0) == ["b"]
    assert not sqs.list_dead_letter_source_queues(QueueUrl=pair.dead).get("queueUrls")


def test_dead_letters_survive_a_kill(private):
    """Where they are when the server is killed is open, as no answer told of the move; none is
    lost and none is returned once more."""
    server = private()
    pair = Pair(server.client(), "q")
    pair.fail("a", "b", "c")
    server.kill()
    server.start()
    assert bodies(server.client(), pair.name, MaxNumberOfMessages=10) == []
    messages = receive(server.client(), pair.dead_name, MaxNumberOfMessages=10,
                       AttributeNames=["All"])
    assert sorted(message["Body"] for message in messages) == ["a", "b", "c"]
    assert {message["Attributes"]["DeadLetterQueueSourceArn"] for message in messages} == {
        pair.arn}


# ---- policies ----

@pytest.mark.parametrize("count", ["7", 7])
def test_policy_is_returned_in_the_form_of_aws(sqs, queue, name, count):
    sqs.create_queue(QueueName=name + "-dead")
    text = json.dumps({"maxReceiveCount": count, "deadLetterTargetArn": ARN + name + "-dead"})
    expected = '{"deadLetterTargetArn":"%s%s-dead","maxReceiveCount":7}' % (ARN, name)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": text})
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])
    assert found["Attributes"]["RedrivePolicy"] == expected


def test_policy_keeps_its_form_over_a_restart(private):
    server = private()
    sqs = server.client()
    sqs.create_queue(QueueName="dead", Attributes={
        "RedriveAllowPolicy": '{ "redrivePermission": "denyAll" }'})
    sqs.create_queue(QueueName="live")
    sqs.create_queue(QueueName="source", Attributes={"RedrivePolicy": json.dumps(
        {"maxReceiveCount": "3", "deadLetterTargetArn": ARN + "live"})})
    server.restart()
    for queue, attribute, text in (
            ("dead", "RedriveAllowPolicy", '{"redrivePermission":"denyAll"}'),
            ("source", "RedrivePolicy",
             '{"deadLetterTargetArn":"%slive","maxReceiveCount":3}' % ARN)):
        found = server.client().get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
        assert found["Attributes"][attribute] == text


@pytest.mark.parametrize("count", ["3", 3])
def test_the_same_policy_in_another_form_creates_the_queue_again(sqs, name, count):
    sqs.create_queue(QueueName=name + "-dead")
    text = json.dumps({"maxReceiveCount": count, "deadLetterTargetArn": ARN + name + "-dead"})
    url = sqs.create_queue(QueueName=name, Attributes=policy(name + "-dead", 3))["QueueUrl"]
    assert sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": text})["QueueUrl"] == url


def allow(sqs, url, **policy_members):
    sqs.set_queue_attributes(QueueUrl=url, Attributes={
        "RedriveAllowPolicy": json.dumps(policy_members)})


def test_allow_policy_decides_who_may_point_here(sqs, queue, name):
    dead = sqs.create_queue(QueueName=name + "-dead")["QueueUrl"]
    allow(sqs, dead, redrivePermission="denyAll")
    with pytest.raises(ClientError, match="RedriveAllowPolicy does not allow"):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes=policy(name + "-dead"))
    allow(sqs, dead, redrivePermission="byQueue", sourceQueueArns=[ARN + "other"])
    with pytest.raises(ClientError, match="RedriveAllowPolicy does not allow"):
        sqs.create_queue(QueueName=name + "-new", Attributes=policy(name + "-dead"))
    allow(sqs, dead, redrivePermission="byQueue", sourceQueueArns=[ARN + "other", ARN + name])
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=policy(name + "-dead"))
    allow(sqs, dead, redrivePermission="allowAll")
    sqs.create_queue(QueueName=name + "-new", Attributes=policy(name + "-dead"))


@pytest.mark.parametrize("permission", ["allowAll", "denyAll"])
def test_allow_policy_may_have_null_sources(sqs, queue, permission):
    """As Terraform's jsonencode writes an optional list that is not set."""
    text = '{"sourceQueueArns":null,"redrivePermission":"%s"}' % permission
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedriveAllowPolicy": text})
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedriveAllowPolicy"])
    assert found["Attributes"]["RedriveAllowPolicy"] == '{"redrivePermission":"%s"}' % permission


def test_allow_policy_is_returned_in_the_form_of_aws_and_removed(sqs, queue):
    text = '{"sourceQueueArns": ["%sx"], "redrivePermission" : "byQueue"}' % ARN
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedriveAllowPolicy": text})
    names = {"AttributeNames": ["RedriveAllowPolicy"]}
    assert sqs.get_queue_attributes(QueueUrl=queue, **names)["Attributes"] == {
        "RedriveAllowPolicy": '{"redrivePermission":"byQueue","sourceQueueArns":["%sx"]}' % ARN}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedriveAllowPolicy": ""})
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue, **names)


def test_sources_are_listed_in_pages(sqs, name):
    dead = sqs.create_queue(QueueName=name + "-dead")["QueueUrl"]
    urls = [sqs.create_queue(QueueName=f"{name}-{i}", Attributes=policy(name + "-dead"))["QueueUrl"]
            for i in range(5)]
    sqs.create_queue(QueueName=name + "-unrelated")
    pages = list(sqs.get_paginator("list_dead_letter_source_queues").paginate(
        QueueUrl=dead, PaginationConfig={"PageSize": 2}))
    assert [len(page["queueUrls"]) for page in pages] == [2, 2, 1]
    assert sorted(sum((page["queueUrls"] for page in pages), [])) == urls
    assert sorted(sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]) == urls


# ---- move tasks ----

def test_messages_go_back_to_their_own_sources(sqs, name):
    first, second = Pair(sqs, name), Pair(sqs, name + "x")
    sqs.set_queue_attributes(QueueUrl=second.queue, Attributes=policy(first.dead_name))
    first.fail("from first")
    second.fail("from second", "also from second")
    first.start()
    task = first.ended()
    assert task["Status"] == "COMPLETED"
    assert task["ApproximateNumberOfMessagesMoved"] == 3
    assert task["ApproximateNumberOfMessagesToMove"] == 3
    for member in ("TaskHandle", "DestinationArn", "MaxNumberOfMessagesPerSecond",
                   "FailureReason"):
        assert member not in task
    assert bodies(sqs, first.queue, MaxNumberOfMessages=10) == ["from first"]
    assert sorted(bodies(sqs, second.queue, MaxNumberOfMessages=10)) == [
        "also from second", "from second"]
    assert counts(sqs, first.dead) == (0, 0, 0)


def test_moved_messages_are_new(clocked, timed_pair):
    sqs = timed_pair.sqs
    sqs.send_message(QueueUrl=timed_pair.queue, MessageBody="poison", MessageAttributes={
        "n": {"DataType": "String", "StringValue": "v"}})
    names = {"AttributeNames": ["All"], "MessageAttributeNames": ["All"]}
    [before] = receive(sqs, timed_pair.queue, VisibilityTimeout=0, **names)
    assert receive(sqs, timed_pair.queue) == []
    clocked.advance(1000)
    timed_pair.start()
    timed_pair.ended()
    [after] = receive(sqs, timed_pair.queue, **names)
    assert after["MessageId"] != before["MessageId"]
    assert after["MessageAttributes"] == before["MessageAttributes"]
    assert after["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "DeadLetterQueueSourceArn" not in after["Attributes"]
    assert int(after["Attributes"]["SentTimestamp"]) >= 1000000 + int(
        before["Attributes"]["SentTimestamp"])


def test_move_to_another_queue(sqs, pair, name):
    other = sqs.create_queue(QueueName=name + "-other")["QueueUrl"]
    pair.fail("a", "b")
    sqs.send_message(QueueUrl=pair.dead, MessageBody="sent to the dead-letter queue itself")
    pair.start(DestinationArn=f"{ARN}{name}-other")
    assert pair.ended()["DestinationArn"] == f"{ARN}{name}-other"
    assert len(bodies(sqs, other, MaxNumberOfMessages=10)) == 3


def test_move_of_a_fifo_queue_keeps_groups_in_order(sqs, name):
    pair = Pair(sqs, name, suffix=".fifo")
    for number in range(5):
        sqs.send_message(QueueUrl=pair.queue, MessageBody=f"m{number}", MessageGroupId="g",
                         MessageDeduplicationId=f"d{number}")
    pair.fail()
    assert counts(sqs, pair.dead) == (5, 0, 0)
    pair.start()
    assert pair.ended()["Status"] == "COMPLETED"
    assert bodies(sqs, pair.queue, MaxNumberOfMessages=10) == [f"m{i}" for i in range(5)]


def test_message_of_unknown_source_fails_the_task(sqs, pair):
    sqs.send_message(QueueUrl=pair.dead, MessageBody="sent to the dead-letter queue itself")
    pair.start()
    task = pair.ended()
    assert (task["Status"], task["FailureReason"]) == (
        "FAILED", "CouldNotDetermineMessageSource")
    assert counts(sqs, pair.dead) == (1, 0, 0)


def test_deleted_destination_fails_the_task(clocked, timed_pair, name):
    sqs = timed_pair.sqs
    other = sqs.create_queue(QueueName=name + "-other")["QueueUrl"]
    timed_pair.fail(*[str(i) for i in range(10)])
    timed_pair.start(DestinationArn=f"{ARN}{name}-other", MaxNumberOfMessagesPerSecond=1)
    sqs.delete_queue(QueueUrl=other)
    clocked.advance(5)
    task = timed_pair.ended()
    assert (task["Status"], task["FailureReason"]) == (
        "FAILED", "AWS.SimpleQueueService.NonExistentQueue")


def test_rate_of_a_task(clocked, timed_pair):
    sqs = timed_pair.sqs
    timed_pair.fail(*[str(i) for i in range(20)])
    handle = timed_pair.start(MaxNumberOfMessagesPerSecond=2)
    [task] = timed_pair.tasks()
    assert task["TaskHandle"] == handle
    assert task["Status"] == "RUNNING"
    assert task["MaxNumberOfMessagesPerSecond"] == 2
    assert task["ApproximateNumberOfMessagesToMove"] == 20

    def moved():
        return timed_pair.tasks()[0]["ApproximateNumberOfMessagesMoved"]

    before = moved()
    assert before < 20
    clocked.advance(4)
    eventually(lambda: moved() >= before + 8)
    assert counts(sqs, timed_pair.dead)[0] > 0
    clocked.advance(10)
    assert timed_pair.ended()["ApproximateNumberOfMessagesMoved"] == 20
    assert len(set(bodies(sqs, timed_pair.queue, MaxNumberOfMessages=10)
                   + bodies(sqs, timed_pair.queue, MaxNumberOfMessages=10))) == 20


def test_one_task_at_a_time_and_it_can_be_cancelled(timed_pair):
    sqs = timed_pair.sqs
    timed_pair.fail(*[str(i) for i in range(10)])
    handle = timed_pair.start(MaxNumberOfMessagesPerSecond=1)
    with pytest.raises(ClientError, match="There is already a task running. Only one active task "
                                          "is allowed for a source queue arn at a given time."):
        timed_pair.start()
    moved = sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"]
    task = timed_pair.ended()
    assert task["Status"] == "CANCELLED" and moved < 10
    assert counts(sqs, timed_pair.dead)[0] == 10 - task["ApproximateNumberOfMessagesMoved"]
    with pytest.raises(ClientError):
        sqs.cancel_message_move_task(TaskHandle=handle)
    timed_pair.start()
    assert timed_pair.ended()["Status"] == "COMPLETED"
    assert [task["Status"] for task in timed_pair.tasks()] == ["COMPLETED", "CANCELLED"]


def test_tasks_are_listed_newest_first_and_ten_at_most(sqs, pair):
    for _ in range(12):
        pair.start()
        pair.ended()
    tasks = pair.tasks()
    assert len(tasks) == 10
    started = [task["StartedTimestamp"] for task in tasks]
    assert started == sorted(started, reverse=True)
    assert len(sqs.list_message_move_tasks(SourceArn=pair.dead_arn)["Results"]) == 1


def test_task_of_another_account_is_closed(server, timed_pair, clocked):
    timed_pair.fail("a", "b", "c")
    handle = timed_pair.start(MaxNumberOfMessagesPerSecond=1)
    other = clocked.client(account="999999999999")
    with pytest.raises(ClientError) as caught:
        other.cancel_message_move_task(TaskHandle=handle)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert caught.value.response["Error"]["Message"] == (
        "The resource that you specified for the SourceArn parameter doesn't exist.")
    with pytest.raises(ClientError, match="AccessDenied"):
        other.start_message_move_task(SourceArn=timed_pair.dead_arn)
    timed_pair.sqs.cancel_message_move_task(TaskHandle=handle)


def test_large_task(private):
    server = private("--durability", "memory")
    pair = Pair(server.client(), "q")
    for start in range(0, 2000, 10):
        pair.sqs.send_message_batch(QueueUrl=pair.queue, Entries=[
            {"Id": str(i), "MessageBody": str(start + i)} for i in range(10)])
    pair.fail()
    assert counts(pair.sqs, pair.dead)[0] == 2000
    pair.start()
    assert pair.ended()["ApproximateNumberOfMessagesMoved"] == 2000
    assert counts(pair.sqs, pair.queue)[0] == 2000


@pytest.mark.parametrize("ends", ["restart", "kill"])
def test_task_goes_on_after_a_restart(private, ends):
    server = private("--test-clock")
    pair = Pair(server.client(), "q")
    pair.fail(*[str(i) for i in range(20)])
    pair.start(MaxNumberOfMessagesPerSecond=1)
    [before] = pair.tasks()
    if ends == "restart":
        server.restart()
    else:
        server.kill()
        server.start()
    pair.sqs = server.client()
    [after] = pair.tasks()
    for task in (before, after):
        task.pop("ApproximateNumberOfMessagesMoved")
    assert after == before and after["Status"] == "RUNNING"
    server.advance(60)
    assert pair.ended()["Status"] == "COMPLETED"
    assert counts(pair.sqs, pair.name)[0] == 20


def test_cancelled_task_stays_cancelled_after_a_kill(private):
    server = private("--test-clock")
    pair = Pair(server.client(), "q")
    pair.fail(*[str(i) for i in range(20)])
    handle = pair.start(MaxNumberOfMessagesPerSecond=1)
    pair.sqs.cancel_message_move_task(TaskHandle=handle)
    server.kill()
    server.start()
    pair.sqs = server.client()
    server.advance(60)
    assert pair.ended()["Status"] == "CANCELLED"
