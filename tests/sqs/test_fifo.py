# SPDX-License-Identifier: MIT
"""FIFO queues: order and locks of groups, deduplication, sequence numbers, receive attempts."""
import itertools

import pytest
from botocore.exceptions import ClientError

from ternd import eventually
from test_messages import bodies, counts, receive

unique = itertools.count()


@pytest.fixture
def timed(clocked):
    return clocked.client()


@pytest.fixture
def timed_fifo(timed, name):
    return timed.create_queue(QueueName=name + ".fifo", Attributes={
        "FifoQueue": "true", "VisibilityTimeout": "30"})["QueueUrl"]


def send(sqs, url, group, body, **options):
    return sqs.send_message(**{"QueueUrl": url, "MessageBody": body, "MessageGroupId": group,
                               "MessageDeduplicationId": f"d{next(unique)}"} | options)


def send_all(sqs, url, *messages):
    """Messages named g1-m1: group g1, body g1-m1."""
    for message in messages:
        send(sqs, url, message.split("-")[0], message)


def delete(sqs, url, messages):
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


# ---- order ----

def test_group_is_served_in_order(sqs, fifo):
    names = [f"g1-m{i}" for i in range(25)]
    send_all(sqs, fifo, *names)
    found = []
    while messages := receive(sqs, fifo, MaxNumberOfMessages=10):
        found += [message["Body"] for message in messages]
        delete(sqs, fifo, messages)
    assert found == names


def test_group_is_locked_while_a_message_is_in_flight(sqs, fifo):
    send_all(sqs, fifo, "g1-m1", "g1-m2", "g2-m1")
    [first] = receive(sqs, fifo)
    assert first["Body"] == "g1-m1"
    assert bodies(sqs, fifo, MaxNumberOfMessages=10) == ["g2-m1"]
    assert bodies(sqs, fifo, MaxNumberOfMessages=10) == []
    delete(sqs, fifo, [first])
    assert bodies(sqs, fifo, MaxNumberOfMessages=10) == ["g1-m2"]


def test_one_receive_fills_from_a_group_and_then_from_others(sqs, fifo):
    send_all(sqs, fifo, "g1-m1", "g2-m1", "g1-m2", "g2-m2", "g1-m3")
    assert bodies(sqs, fifo, MaxNumberOfMessages=4) == ["g1-m1", "g1-m2", "g1-m3", "g2-m1"]


def test_groups_take_turns(sqs, fifo):
    send_all(sqs, fifo, *[f"g{group}-m{number}" for group in range(3) for number in range(3)])
    groups = []
    for _ in range(9):
        [message] = receive(sqs, fifo)
        groups.append(message["Body"])
        delete(sqs, fifo, [message])
    for group in range(3):
        mine = [body for body in groups if body.startswith(f"g{group}-")]
        assert mine == [f"g{group}-m{number}" for number in range(3)]
    assert len({body.split("-")[0] for body in groups[:3]}) == 3


def test_group_waits_for_the_message_that_became_visible(clocked, timed, timed_fifo):
    send_all(timed, timed_fifo, "g1-m1", "g1-m2")
    assert bodies(timed, timed_fifo) == ["g1-m1"]
    clocked.advance(31)
    assert bodies(timed, timed_fifo, MaxNumberOfMessages=10) == ["g1-m1", "g1-m2"]


def test_nothing_passes_an_invisible_message_of_its_group(clocked, timed, timed_fifo):
    """With three in flight and the second extended, only the first comes back."""
    send_all(timed, timed_fifo, "g1-m1", "g1-m2", "g1-m3")
    messages = receive(timed, timed_fifo, MaxNumberOfMessages=10)
    timed.change_message_visibility(QueueUrl=timed_fifo, VisibilityTimeout=600,
                                    ReceiptHandle=messages[1]["ReceiptHandle"])
    clocked.advance(31)
    [first] = receive(timed, timed_fifo, MaxNumberOfMessages=10)
    assert first["Body"] == "g1-m1"
    delete(timed, timed_fifo, [first])
    assert bodies(timed, timed_fifo, MaxNumberOfMessages=10) == []
    clocked.advance(600)
    assert bodies(timed, timed_fifo, MaxNumberOfMessages=10) == ["g1-m2", "g1-m3"]


def test_visibility_zero_gives_only_what_is_before_the_invisible(sqs, fifo):
    send_all(sqs, fifo, "g1-m1", "g1-m2")
    messages = receive(sqs, fifo, MaxNumberOfMessages=2)
    sqs.change_message_visibility(QueueUrl=fifo, VisibilityTimeout=0,
                                  ReceiptHandle=messages[0]["ReceiptHandle"])
    assert bodies(sqs, fifo, MaxNumberOfMessages=10) == ["g1-m1"]


def test_receive_without_hiding_repeats_in_order(sqs, fifo):
    send_all(sqs, fifo, "g1-m1", "g1-m2", "g2-m1")
    for _ in range(2):
        found = bodies(sqs, fifo, MaxNumberOfMessages=10, VisibilityTimeout=0)
        assert sorted(found) == ["g1-m1", "g1-m2", "g2-m1"]
        assert found.index("g1-m1") < found.index("g1-m2")


def test_order_survives_a_restart(private):
    server = private()
    sqs = server.client()
    url = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    send_all(sqs, url, *[f"g1-m{i}" for i in range(5)])
    [first] = receive(sqs, url)
    last = send(sqs, url, "g1", "g1-m5", MessageDeduplicationId="same")
    server.restart()
    sqs = server.client()
    assert bodies(sqs, "q.fifo", MaxNumberOfMessages=10) == []
    again = send(sqs, "q.fifo", "g1", "g1-m5", MessageDeduplicationId="same")
    assert (again["MessageId"], again["SequenceNumber"]) == (
        last["MessageId"], last["SequenceNumber"])
    assert send(sqs, "q.fifo", "g1", "g1-m6")["SequenceNumber"] > last["SequenceNumber"]
    delete(sqs, "q.fifo", [first])
    assert bodies(sqs, "q.fifo", MaxNumberOfMessages=10) == [f"g1-m{i}" for i in range(1, 7)]


# ---- handles ----

def refuses_handle(operation, url, handle, **options):
    with pytest.raises(ClientError) as caught:
        operation(QueueUrl=url, ReceiptHandle=handle, **options)
    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidParameterValue"
    assert error["Message"] == (f"Value {handle} for parameter ReceiptHandle is invalid. Reason: "
                                "The receipt handle has expired.")


def test_handle_ends_with_its_visibility(clocked, timed, timed_fifo):
    send_all(timed, timed_fifo, "g1-m1")
    [message] = receive(timed, timed_fifo)
    handle = message["ReceiptHandle"]
    clocked.advance(31)
    for _ in range(2):  # before and after it is received again
        refuses_handle(timed.delete_message, timed_fifo, handle)
        for timeout in (0, 60):
            refuses_handle(timed.change_message_visibility, timed_fifo, handle,
                           VisibilityTimeout=timeout)
        assert bodies(timed, timed_fifo) == ["g1-m1"]
        clocked.advance(31)


def test_batch_of_visibility_changes_names_expired_handles(clocked, timed, timed_fifo):
    send_all(timed, timed_fifo, "g1-m1")
    [message] = receive(timed, timed_fifo)
    clocked.advance(31)
    answer = timed.change_message_visibility_batch(QueueUrl=timed_fifo, Entries=[
        {"Id": "e", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}])
    [failed] = answer["Failed"]
    assert (failed["Code"], failed["SenderFault"]) == ("InvalidParameterValue", True)
    assert failed["Message"] == (f"Value {message['ReceiptHandle']} for parameter ReceiptHandle is "
                                 "invalid. Reason: The receipt handle has expired.")


def test_handle_lives_as_long_as_it_is_extended(clocked, timed, timed_fifo):
    send_all(timed, timed_fifo, "g1-m1")
    [message] = receive(timed, timed_fifo)
    timed.change_message_visibility(QueueUrl=timed_fifo, VisibilityTimeout=90,
                                    ReceiptHandle=message["ReceiptHandle"])
    clocked.advance(60)
    delete(timed, timed_fifo, [message])
    assert counts(timed, timed_fifo) == (0, 0, 0)


def test_deleting_twice_is_fine(sqs, fifo):
    send_all(sqs, fifo, "g1-m1")
    [message] = receive(sqs, fifo)
    delete(sqs, fifo, [message, message])


def test_batch_of_deletes_names_expired_handles(clocked, timed, timed_fifo):
    send_all(timed, timed_fifo, "g1-m1", "g2-m1")
    messages = receive(timed, timed_fifo, MaxNumberOfMessages=10)
    timed.change_message_visibility(QueueUrl=timed_fifo, VisibilityTimeout=90,
                                    ReceiptHandle=messages[0]["ReceiptHandle"])
    clocked.advance(31)
    answer = timed.delete_message_batch(QueueUrl=timed_fifo, Entries=[
        {"Id": f"e{i}", "ReceiptHandle": message["ReceiptHandle"]}
        for i, message in enumerate(messages)])
    assert [entry["Id"] for entry in answer["Successful"]] == ["e0"]
    assert answer["Failed"][0]["Message"].endswith("The receipt handle has expired.")


# ---- deduplication ----

def test_duplicate_is_accepted_and_not_enqueued(sqs, fifo):
    first = send(sqs, fifo, "g1", "one", MessageDeduplicationId="d")
    second = send(sqs, fifo, "g1", "another body", MessageDeduplicationId="d")
    assert (second["MessageId"], second["SequenceNumber"]) == (
        first["MessageId"], first["SequenceNumber"])
    assert second["MD5OfMessageBody"] != first["MD5OfMessageBody"]
    assert bodies(sqs, fifo, MaxNumberOfMessages=10) == ["one"]


def test_deduplication_lasts_five_minutes(clocked, timed, timed_fifo):
    first = send(timed, timed_fifo, "g1", "one", MessageDeduplicationId="d")
    [message] = receive(timed, timed_fifo)
    delete(timed, timed_fifo, [message])
    clocked.advance(280)
    again = send(timed, timed_fifo, "g1", "two", MessageDeduplicationId="d")
    assert again["MessageId"] == first["MessageId"], "also when the first was deleted"
    clocked.advance(20)
    other = send(timed, timed_fifo, "g1", "three", MessageDeduplicationId="d")
    assert other["MessageId"] != first["MessageId"]
    assert bodies(timed, timed_fifo, MaxNumberOfMessages=10) == ["three"]


def content_queue(sqs, name, **attributes):
    return sqs.create_queue(QueueName=name + ".fifo", Attributes={
        "FifoQueue": "true", "ContentBasedDeduplication": "true"} | attributes)["QueueUrl"]


def test_deduplication_by_content(sqs, name):
    url = content_queue(sqs, name)
    text = {"n": {"DataType": "String", "StringValue": "v"}}
    ids = [sqs.send_message(QueueUrl=url, MessageGroupId="g", **message)["MessageId"]
           for message in ({"MessageBody": "a"}, {"MessageBody": "a", "MessageAttributes": text},
                           {"MessageBody": "b"},
                           {"MessageBody": "a", "MessageDeduplicationId": "explicit"},
                           {"MessageBody": "c", "MessageDeduplicationId": "explicit"})]
    assert ids[0] == ids[1] and ids[3] == ids[4] and len(set(ids)) == 3
    [message] = receive(sqs, url, AttributeNames=["MessageDeduplicationId"])
    assert message["Attributes"]["MessageDeduplicationId"] == (
        "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb")


def test_content_hash_and_equal_explicit_id_are_one(sqs, name):
    url = content_queue(sqs, name)
    digest = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    ids = {sqs.send_message(QueueUrl=url, MessageGroupId="g", **message)["MessageId"]
           for message in ({"MessageBody": "a"},
                           {"MessageBody": "b", "MessageDeduplicationId": digest})}
    assert len(ids) == 1


def test_deduplication_scope_queue(sqs, fifo):
    assert send(sqs, fifo, "g1", "b", MessageDeduplicationId="d")["MessageId"] == send(
        sqs, fifo, "g2", "b", MessageDeduplicationId="d")["MessageId"]


@pytest.mark.parametrize("limit", ["perQueue", "perMessageGroupId"])
def test_deduplication_scope_group(sqs, name, limit):
    url = sqs.create_queue(QueueName=name + ".fifo", Attributes={
        "FifoQueue": "true", "DeduplicationScope": "messageGroup",
        "FifoThroughputLimit": limit})["QueueUrl"]
    ids = [send(sqs, url, group, "b", MessageDeduplicationId="d")["MessageId"]
           for group in ("g1", "g1", "g2")]
    assert ids[0] == ids[1] != ids[2]
    assert len(bodies(sqs, url, MaxNumberOfMessages=10)) == 2


def test_group_and_id_are_not_run_together(sqs, name):
    """The scope's key must keep "a b" + "c" and "a" + "b c" apart, whatever joins them."""
    url = sqs.create_queue(QueueName=name + ".fifo", Attributes={
        "FifoQueue": "true", "DeduplicationScope": "messageGroup"})["QueueUrl"]
    ids = {send(sqs, url, group, "b", MessageDeduplicationId=dedup)["MessageId"]
           for group, dedup in (("a", "bc"), ("ab", "c"), ("a-b", "c"), ("a", "b-c"))}
    assert len(ids) == 4


def test_scope_can_be_switched(sqs, fifo):
    sqs.set_queue_attributes(QueueUrl=fifo, Attributes={
        "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"})
    with pytest.raises(sqs.exceptions.InvalidAttributeValue):
        sqs.set_queue_attributes(QueueUrl=fifo, Attributes={"DeduplicationScope": "queue"})
    sqs.set_queue_attributes(QueueUrl=fifo, Attributes={
        "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"})


def test_new_scope_counts_for_what_was_sent_before(sqs, fifo):
    def sent(group):
        return send(sqs, fifo, group, "b", MessageDeduplicationId="d")["MessageId"]

    def scope(value):
        sqs.set_queue_attributes(QueueUrl=fifo, Attributes={"DeduplicationScope": value})

    first = sent("g1")
    scope("messageGroup")
    assert sent("g1") == first, "still a duplicate in its group"
    second = sent("g2")
    assert second != first
    scope("queue")
    assert sent("g3") in (first, second)
    assert len(bodies(sqs, fifo, MaxNumberOfMessages=10)) == 2


def test_purge_clears_deduplication(sqs, fifo):
    first = send(sqs, fifo, "g1", "one", MessageDeduplicationId="d")
    sqs.purge_queue(QueueUrl=fifo)
    second = send(sqs, fifo, "g1", "two", MessageDeduplicationId="d")
    assert second["MessageId"] != first["MessageId"]
    assert second["SequenceNumber"] > first["SequenceNumber"]
    assert bodies(sqs, fifo, MaxNumberOfMessages=10) == ["two"]


def test_duplicates_within_a_batch(sqs, fifo):
    answer = sqs.send_message_batch(QueueUrl=fifo, Entries=[
        {"Id": f"e{i}", "MessageBody": f"b{i}", "MessageGroupId": "g",
         "MessageDeduplicationId": f"d{i // 2}"} for i in range(6)])
    assert len({entry["MessageId"] for entry in answer["Successful"]}) == 3
    assert bodies(sqs, fifo, MaxNumberOfMessages=10) == ["b0", "b2", "b4"]


# ---- sequence numbers, batches, delays ----

def test_sequence_numbers_ascend(sqs, fifo):
    sent = [send(sqs, fifo, f"g{i % 3}", f"m{i}")["SequenceNumber"] for i in range(5)]
    batch = sqs.send_message_batch(QueueUrl=fifo, Entries=[
        {"Id": f"e{i}", "MessageBody": "b", "MessageGroupId": "g",
         "MessageDeduplicationId": f"s{i}"} for i in range(10)])["Successful"]
    sent += [entry["SequenceNumber"] for entry in batch]
    assert sent == sorted(set(sent)) and len(sent) == 15
    assert all(len(number) == 20 and number.isdigit() for number in sent)


def test_received_sequence_number_is_the_sent_one(sqs, fifo):
    sent = send(sqs, fifo, "g1", "b")
    [message] = receive(sqs, fifo, MessageSystemAttributeNames=["SequenceNumber"])
    assert message["Attributes"] == {"SequenceNumber": sent["SequenceNumber"]}


def test_bad_entry_refuses_the_whole_batch(sqs, fifo):
    with pytest.raises(ClientError, match="must be shorter than"):
        sqs.set_queue_attributes(QueueUrl=fifo, Attributes={"MaximumMessageSize": "1024"})
        sqs.send_message_batch(QueueUrl=fifo, Entries=[
            {"Id": f"e{i}", "MessageBody": body, "MessageGroupId": "g",
             "MessageDeduplicationId": f"b{i}"} for i, body in enumerate(("a", "x" * 1025))])
    assert counts(sqs, fifo) == (0, 0, 0)


def test_queue_delay_applies_and_a_message_may_say_zero(clocked, timed, name):
    url = timed.create_queue(QueueName=name + ".fifo", Attributes={
        "FifoQueue": "true", "DelaySeconds": "60"})["QueueUrl"]
    send(timed, url, "g1", "b", DelaySeconds=0)
    assert counts(timed, url) == (0, 0, 1)
    assert bodies(timed, url) == []
    clocked.advance(61)
    assert bodies(timed, url) == ["b"]


def test_new_delay_of_a_queue_counts_for_messages_that_are_there(clocked, timed, timed_fifo):
    def delay(seconds):
        timed.set_queue_attributes(QueueUrl=timed_fifo,
                                   Attributes={"DelaySeconds": str(seconds)})

    send_all(timed, timed_fifo, "g1-m1", "g2-m1")
    delay(600)
    assert bodies(timed, timed_fifo, MaxNumberOfMessages=10) == []
    eventually(lambda: counts(timed, timed_fifo) == (0, 0, 2))
    clocked.advance(300)
    assert bodies(timed, timed_fifo, MaxNumberOfMessages=10) == []
    delay(200)
    assert sorted(bodies(timed, timed_fifo, MaxNumberOfMessages=10, WaitTimeSeconds=5)) == [
        "g1-m1", "g2-m1"]


def test_groups_have_ids_of_all_allowed_characters(sqs, fifo):
    group = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~" + "aZ0" * 32
    send(sqs, fifo, group[:128], "b", MessageDeduplicationId=group[:128])
    [message] = receive(sqs, fifo, AttributeNames=["All"])
    assert message["Attributes"]["MessageGroupId"] == group[:128]
    assert message["Attributes"]["MessageDeduplicationId"] == group[:128]


def test_many_groups(sqs, fifo):
    """More groups than messages of one answer, and all of them served."""
    for start in range(0, 300, 10):
        sqs.send_message_batch(QueueUrl=fifo, Entries=[
            {"Id": f"e{i}", "MessageBody": str(start + i), "MessageGroupId": f"g{start + i}",
             "MessageDeduplicationId": f"m{start + i}"} for i in range(10)])
    found = set()
    while messages := bodies(sqs, fifo, MaxNumberOfMessages=10):
        found.update(messages)
    assert found == {str(i) for i in range(300)}


def test_a_long_locked_group_hides_no_other(sqs, fifo):
    for start in range(0, 500, 10):
        sqs.send_message_batch(QueueUrl=fifo, Entries=[
            {"Id": f"e{i}", "MessageBody": "blocked", "MessageGroupId": "long",
             "MessageDeduplicationId": f"l{start + i}"} for i in range(10)])
    send_all(sqs, fifo, "g2-m1")
    assert bodies(sqs, fifo) == ["blocked"]
    assert bodies(sqs, fifo) == ["g2-m1"]


# ---- receive attempts ----

def attempt(sqs, url, name="attempt", **options):
    return receive(sqs, url, MaxNumberOfMessages=10, ReceiveRequestAttemptId=name, **options)


def refuses_attempt(sqs, url):
    with pytest.raises(ClientError) as caught:
        attempt(sqs, url)
    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidParameterValue"
    assert error["Message"] == (
        "Value attempt for parameter ReceiveRequestAttemptId is invalid. Reason: The "
        "receiveRequestAttemptId is not valid anymore since the receive call is not retryable.")


def test_attempt_gives_the_same_messages_and_handles(clocked, timed, timed_fifo):
    send_all(timed, timed_fifo, "g1-m1", "g1-m2")
    first = attempt(timed, timed_fifo)
    clocked.advance(20)
    assert attempt(timed, timed_fifo) == first
    clocked.advance(20)
    assert bodies(timed, timed_fifo) == [], "the second attempt set the timeout anew"
    clocked.advance(11)
    assert bodies(timed, timed_fifo) == ["g1-m1"]


def test_other_attempt_is_an_ordinary_receive(sqs, fifo):
    send_all(sqs, fifo, "g1-m1")
    assert len(attempt(sqs, fifo)) == 1
    assert attempt(sqs, fifo, "other") == []


def test_attempt_ends_when_a_message_was_deleted(sqs, fifo):
    send_all(sqs, fifo, "g1-m1", "g1-m2", "g1-m3")
    first = attempt(sqs, fifo)
    delete(sqs, fifo, first[:1])
    refuses_attempt(sqs, fifo)
    assert attempt(sqs, fifo, "other") == []


def test_attempt_ends_when_visibility_was_changed(sqs, fifo):
    send_all(sqs, fifo, "g1-m1")
    [message] = attempt(sqs, fifo)
    sqs.change_message_visibility(QueueUrl=fifo, VisibilityTimeout=600,
                                  ReceiptHandle=message["ReceiptHandle"])
    refuses_attempt(sqs, fifo)


def test_attempt_ends_when_another_received_its_message(clocked, timed, timed_fifo):
    send_all(timed, timed_fifo, "g1-m1")
    assert len(attempt(timed, timed_fifo)) == 1
    clocked.advance(31)
    assert bodies(timed, timed_fifo) == ["g1-m1"]
    refuses_attempt(timed, timed_fifo)


def test_attempt_lasts_five_minutes(clocked, timed, timed_fifo):
    timed.set_queue_attributes(QueueUrl=timed_fifo, Attributes={"VisibilityTimeout": "3600"})
    send_all(timed, timed_fifo, "g1-m1")
    first = attempt(timed, timed_fifo)
    clocked.advance(290)
    assert attempt(timed, timed_fifo) == first
    clocked.advance(301)
    assert attempt(timed, timed_fifo) == []


def test_attempt_is_ignored_on_a_standard_queue(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="b")
    assert len(attempt(sqs, queue)) == 1
    assert attempt(sqs, queue) == []
