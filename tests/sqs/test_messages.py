# SPDX-License-Identifier: MIT
"""Standard queues through boto3: sizes, digests, attributes, visibility, delays, batches."""
import hashlib
import threading

import pytest
from botocore.exceptions import ClientError

from ternd import eventually

MIB = 1 << 20
COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
          "ApproximateNumberOfMessagesDelayed")


def counts(sqs, url):
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(COUNTS))["Attributes"]
    return tuple(int(found[name]) for name in COUNTS)


def receive(sqs, url, **options):
    return sqs.receive_message(QueueUrl=url, **options).get("Messages", [])


def bodies(sqs, url, **options):
    return [message["Body"] for message in receive(sqs, url, **options)]


def text(value):
    return {"DataType": "String", "StringValue": value}


@pytest.fixture
def timed(clocked):
    return clocked.client()


@pytest.fixture
def timed_queue(timed, name):
    return timed.create_queue(QueueName=name)["QueueUrl"]


# ---- sizes ----

def test_message_of_one_mebibyte(sqs, queue):
    body = "x" * MIB
    sent = sqs.send_message(QueueUrl=queue, MessageBody=body)
    assert sent["MD5OfMessageBody"] == hashlib.md5(body.encode()).hexdigest()
    [message] = receive(sqs, queue)
    assert message["Body"] == body


def test_size_counts_bytes_of_body_and_attributes(sqs, queue):
    """Name, type and value count, bytes and not characters; the system's attributes do not."""
    attributes = {"n\u00e9": {"DataType": "Binary.x", "BinaryValue": bytes(5)}}
    used = 3 + 8 + 5
    trace = {"AWSTraceHeader": text("Root=1-1")}
    sqs.send_message(QueueUrl=queue, MessageBody="\u00e9" * ((MIB - used) // 2),
                     MessageAttributes=attributes, MessageSystemAttributes=trace)
    with pytest.raises(ClientError, match="must be shorter than 1048576 bytes"):
        sqs.send_message(QueueUrl=queue, MessageBody="\u00e9" * ((MIB - used) // 2) + "x",
                         MessageAttributes=attributes)


def test_queue_limits_its_messages(sqs, queue):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MaximumMessageSize": "1024"})
    sqs.send_message(QueueUrl=queue, MessageBody="x" * 1024)
    with pytest.raises(ClientError, match="must be shorter than 1024 bytes"):
        sqs.send_message(QueueUrl=queue, MessageBody="x" * 1025)


def test_batch_of_one_mebibyte_whatever_the_queue_allows(sqs, queue):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MaximumMessageSize": "1024"})
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=[
        {"Id": "small", "MessageBody": "x" * 1024},
        {"Id": "large", "MessageBody": "x" * (MIB - 1024)}])
    assert [entry["Id"] for entry in answer["Successful"]] == ["small"]
    assert answer["Failed"] == [{
        "Id": "large", "SenderFault": True, "Code": "InvalidParameterValue", "Message":
        "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 "
        "bytes."}]


def test_batch_of_ten_full_messages_comes_back_whole(sqs, queue):
    sqs.send_message_batch(QueueUrl=queue, Entries=[
        {"Id": f"e{i}", "MessageBody": chr(97 + i) * (MIB // 10)} for i in range(10)])
    found = bodies(sqs, queue, MaxNumberOfMessages=10)
    assert sorted(found) == [chr(97 + i) * (MIB // 10) for i in range(10)]


# ---- digests and attributes ----

@pytest.mark.parametrize("attributes, md5", [
    ({"MyAttribute": text("foobar")}, "adb59cd4678ea5a855436b949cd07ab6"),
    ({"timestamp": {"DataType": "Number", "StringValue": "1493147359900"}},
     "235c5c510d26fb653d073faed50ae77c"),
    ({"attr1": {"DataType": "Binary", "BinaryValue":
                b"traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01"}},
     "8cbe4db156db8a94db8b801b7addb984"),
])
def test_digests_recorded_from_aws(sqs, queue, attributes, md5):
    sent = sqs.send_message(QueueUrl=queue, MessageBody="b", MessageAttributes=attributes)
    assert sent["MD5OfMessageAttributes"] == md5
    batch = sqs.send_message_batch(QueueUrl=queue, Entries=[
        {"Id": "a", "MessageBody": "b", "MessageAttributes": attributes}])
    assert batch["Successful"][0]["MD5OfMessageAttributes"] == md5
    for message in receive(sqs, queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]):
        assert message["MD5OfMessageAttributes"] == md5
        assert message["MessageAttributes"] == attributes


@pytest.mark.parametrize("names, found", [
    ([], None), (["All"], "abcd"), ([".*"], "abcd"), (["*"], "abcd"), (["a.x"], "a"),
    (["a.*"], "ab"), (["a.x", "c"], "ac"), (["absent", "c"], "c"), (["absent"], None),
    (["A.X"], None), (["", "bad name", "..", "d"], "d"), (["a.x", "a.x", "a.*"], "ab"),
])
def test_message_attributes_are_chosen_by_name(sqs, queue, names, found):
    full = {"a": "a.x", "b": "a.y", "c": "c", "d": "d.1\u00f8\u00df\u00e4"}
    sqs.send_message(QueueUrl=queue, MessageBody="b", MessageAttributes={
        full[key]: text(key) for key in full})
    [message] = receive(sqs, queue, MessageAttributeNames=[
        full["d"] if name == "d" else name for name in names])
    if found is None:
        assert "MessageAttributes" not in message and "MD5OfMessageAttributes" not in message
        return
    assert message["MessageAttributes"] == {full[key]: text(key) for key in found}
    # The digest covers what is returned: that of a message which has only these.
    other = sqs.send_message(QueueUrl=queue, MessageBody="b", MessageAttributes={
        full[key]: text(key) for key in found})
    assert message["MD5OfMessageAttributes"] == other["MD5OfMessageAttributes"]


def test_ten_attributes_of_full_length_names(sqs, queue):
    attributes = {f"{i}" + "n" * 255: {"DataType": "String." + "t" * 249, "StringValue": "v"}
                  for i in range(10)}
    sqs.send_message(QueueUrl=queue, MessageBody="b", MessageAttributes=attributes)
    [message] = receive(sqs, queue, MessageAttributeNames=["All"])
    assert message["MessageAttributes"] == attributes


def test_attribute_names_have_all_allowed_characters(sqs, queue):
    attributes = {"AZaz09_-.x": text("v"), "aws": text("v"), "awsx": text("v"),
                  "Amazonas": text("v")}
    sqs.send_message(QueueUrl=queue, MessageBody="b", MessageAttributes=attributes)
    [message] = receive(sqs, queue, MessageAttributeNames=["All"])
    assert message["MessageAttributes"] == attributes


def test_system_attribute_names_are_united(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="b")
    [message] = receive(sqs, queue, AttributeNames=["SenderId"],
                        MessageSystemAttributeNames=["SentTimestamp"])
    assert sorted(message["Attributes"]) == ["SenderId", "SentTimestamp"]


def test_group_of_a_standard_message_is_shown(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="b", MessageGroupId="tenant")
    [message] = receive(sqs, queue, MessageSystemAttributeNames=["All"])
    assert message["Attributes"]["MessageGroupId"] == "tenant"
    assert "SequenceNumber" not in message["Attributes"]
    assert "MessageDeduplicationId" not in message["Attributes"]


def test_sender_is_the_account(server, name):
    sqs = server.client(account="123123123123")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="b")
    [message] = receive(sqs, url, AttributeNames=["SenderId"])
    assert message["Attributes"] == {"SenderId": "123123123123"}


def test_body_may_have_every_allowed_character(sqs, queue):
    body = "".join(map(chr, [9, 10, 13, 0x20, 0x7f, 0x80, 0xd7ff, 0xe000, 0xfffd, 0x10000,
                             0x10ffff]))
    sqs.send_message(QueueUrl=queue, MessageBody=body)
    assert bodies(sqs, queue) == [body]


# ---- visibility ----

def test_message_is_hidden_for_the_visibility_timeout(clocked, timed, timed_queue):
    timed.send_message(QueueUrl=timed_queue, MessageBody="b")
    assert bodies(timed, timed_queue) == ["b"]
    assert counts(timed, timed_queue) == (0, 1, 0)
    clocked.advance(20)
    assert bodies(timed, timed_queue) == []
    clocked.advance(10)
    assert counts(timed, timed_queue) == (1, 0, 0)
    assert bodies(timed, timed_queue) == ["b"]


def test_receive_sets_its_own_visibility_timeout(clocked, timed, timed_queue):
    timed.send_message(QueueUrl=timed_queue, MessageBody="b")
    assert bodies(timed, timed_queue, VisibilityTimeout=0) == ["b"]
    assert bodies(timed, timed_queue, VisibilityTimeout=43200) == ["b"]
    clocked.advance(43180)
    assert bodies(timed, timed_queue) == []
    clocked.advance(20)
    assert bodies(timed, timed_queue) == ["b"]


def test_receive_counts_and_first_time(clocked, timed, timed_queue):
    timed.send_message(QueueUrl=timed_queue, MessageBody="b")
    seen = []
    for _ in range(3):
        [message] = receive(timed, timed_queue, VisibilityTimeout=1, AttributeNames=["All"])
        seen.append(message)
        clocked.advance(2)
    assert [message["Attributes"]["ApproximateReceiveCount"] for message in seen] == [
        "1", "2", "3"]
    for stamp in ("ApproximateFirstReceiveTimestamp", "SentTimestamp"):
        assert len({message["Attributes"][stamp] for message in seen}) == 1
    assert len({message["ReceiptHandle"] for message in seen}) == 3


def test_visibility_is_extended_from_the_call(clocked, timed, timed_queue):
    timed.send_message(QueueUrl=timed_queue, MessageBody="b")
    [message] = receive(timed, timed_queue)
    clocked.advance(20)
    timed.change_message_visibility(QueueUrl=timed_queue, VisibilityTimeout=60,
                                    ReceiptHandle=message["ReceiptHandle"])
    clocked.advance(45)
    assert bodies(timed, timed_queue) == []
    clocked.advance(15)
    assert bodies(timed, timed_queue) == ["b"]
    clocked.advance(30)
    assert bodies(timed, timed_queue) == ["b"], "the extension is not remembered"


def test_visibility_ends_twelve_hours_after_the_receive(clocked, timed, timed_queue):
    timed.send_message(QueueUrl=timed_queue, MessageBody="b")
    [message] = receive(timed, timed_queue, VisibilityTimeout=40000)
    clocked.advance(30000)
    change = {"QueueUrl": timed_queue, "ReceiptHandle": message["ReceiptHandle"]}
    with pytest.raises(ClientError, match=r"Total VisibilityTimeout for the message is beyond "
                                          r"the limit \[43200 seconds\]"):
        timed.change_message_visibility(VisibilityTimeout=13201, **change)
    timed.change_message_visibility(VisibilityTimeout=13100, **change)
    clocked.advance(13101)
    assert bodies(timed, timed_queue) == ["b"]


def test_visibility_of_a_deleted_message(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="b")
    [message] = receive(sqs, queue)
    handle = message["ReceiptHandle"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    with pytest.raises(ClientError) as caught:
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=1)
    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidParameterValue"
    assert error["Message"] == (
        f"Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or "
        "is not available for visibility timeout change.")


def test_handle_serves_after_its_time_until_the_next_receive(clocked, timed, timed_queue):
    for body in ("changed", "deleted"):
        timed.send_message(QueueUrl=timed_queue, MessageBody=body)
    received = receive(timed, timed_queue, MaxNumberOfMessages=10)
    handles = {message["Body"]: message["ReceiptHandle"] for message in received}
    clocked.advance(31)
    timed.change_message_visibility(QueueUrl=timed_queue, ReceiptHandle=handles["changed"],
                                    VisibilityTimeout=30)
    timed.delete_message(QueueUrl=timed_queue, ReceiptHandle=handles["deleted"])
    assert bodies(timed, timed_queue, MaxNumberOfMessages=10) == []
    clocked.advance(31)
    assert bodies(timed, timed_queue, MaxNumberOfMessages=10) == ["changed"]


def test_handle_of_an_earlier_receive_deletes(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="b")
    [first] = receive(sqs, queue, VisibilityTimeout=0)
    [second] = receive(sqs, queue, VisibilityTimeout=0)
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])
    assert counts(sqs, queue) == (0, 0, 0)


@pytest.mark.parametrize("operation", ["single", "batch"])
def test_handle_of_an_earlier_receive_changes_visibility(sqs, queue, operation):
    def change(handle, timeout):
        entry = {"ReceiptHandle": handle, "VisibilityTimeout": timeout}
        if operation == "single":
            sqs.change_message_visibility(QueueUrl=queue, **entry)
        else:
            assert "Failed" not in sqs.change_message_visibility_batch(
                QueueUrl=queue, Entries=[entry | {"Id": "e"}])

    sqs.send_message(QueueUrl=queue, MessageBody="b")
    [first] = receive(sqs, queue, VisibilityTimeout=0)
    assert len(receive(sqs, queue)) == 1
    change(first["ReceiptHandle"], 0)
    assert counts(sqs, queue) == (1, 0, 0)
    change(first["ReceiptHandle"], 60)
    assert counts(sqs, queue) == (0, 1, 0)


def test_handles_survive_a_restart(private):
    server = private()
    sqs = server.client()
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="b")
    [message] = receive(sqs, url)
    server.restart()
    server.client().delete_message(QueueUrl="q", ReceiptHandle=message["ReceiptHandle"])
    assert counts(server.client(), "q") == (0, 0, 0)


def test_batch_of_visibility_changes(clocked, timed, timed_queue):
    timed.send_message_batch(QueueUrl=timed_queue, Entries=[
        {"Id": f"e{i}", "MessageBody": str(i)} for i in range(10)])
    received = receive(timed, timed_queue, MaxNumberOfMessages=10)
    assert len(received) == 10
    answer = timed.change_message_visibility_batch(QueueUrl=timed_queue, Entries=[
        {"Id": message["Body"], "ReceiptHandle": message["ReceiptHandle"],
         "VisibilityTimeout": 100 * int(message["Body"])} for message in received])
    assert sorted(entry["Id"] for entry in answer["Successful"]) == [str(i) for i in range(10)]
    assert bodies(timed, timed_queue) == ["0"]
    clocked.advance(550)
    assert sorted(bodies(timed, timed_queue, MaxNumberOfMessages=10)) == list("012345")


# ---- delays and retention ----

def test_delay_of_a_message(clocked, timed, timed_queue):
    timed.send_message(QueueUrl=timed_queue, MessageBody="b", DelaySeconds=900)
    assert counts(timed, timed_queue) == (0, 0, 1)
    clocked.advance(880)
    assert bodies(timed, timed_queue) == []
    clocked.advance(20)
    assert bodies(timed, timed_queue) == ["b"]


def test_delay_of_a_queue_and_a_message_without(clocked, timed, name):
    url = timed.create_queue(QueueName=name, Attributes={"DelaySeconds": "60"})["QueueUrl"]
    timed.send_message_batch(QueueUrl=url, Entries=[
        {"Id": "a", "MessageBody": "queue's"},
        {"Id": "b", "MessageBody": "none", "DelaySeconds": 0},
        {"Id": "c", "MessageBody": "own", "DelaySeconds": 120}])
    once = {"MaxNumberOfMessages": 10, "VisibilityTimeout": 900}
    assert bodies(timed, url, **once) == ["none"]
    clocked.advance(61)
    assert bodies(timed, url, **once) == ["queue's"]
    clocked.advance(60)
    assert bodies(timed, url, **once) == ["own"]


def test_new_delay_of_a_queue_leaves_older_messages(clocked, timed, timed_queue):
    timed.send_message(QueueUrl=timed_queue, MessageBody="older")
    timed.set_queue_attributes(QueueUrl=timed_queue, Attributes={"DelaySeconds": "60"})
    timed.send_message(QueueUrl=timed_queue, MessageBody="newer")
    assert bodies(timed, timed_queue, MaxNumberOfMessages=10) == ["older"]
    assert counts(timed, timed_queue)[2] == 1


def test_messages_expire(clocked, timed, timed_queue):
    timed.set_queue_attributes(QueueUrl=timed_queue, Attributes={"MessageRetentionPeriod": "60"})
    timed.send_message(QueueUrl=timed_queue, MessageBody="in flight")
    [message] = receive(timed, timed_queue, VisibilityTimeout=30)
    timed.send_message(QueueUrl=timed_queue, MessageBody="visible")
    timed.send_message(QueueUrl=timed_queue, MessageBody="delayed", DelaySeconds=30)
    clocked.advance(40)
    assert len(bodies(timed, timed_queue, MaxNumberOfMessages=10, VisibilityTimeout=0)) == 3
    clocked.advance(20)
    assert bodies(timed, timed_queue, MaxNumberOfMessages=10) == []
    eventually(lambda: counts(timed, timed_queue) == (0, 0, 0))
    timed.delete_message(QueueUrl=timed_queue, ReceiptHandle=message["ReceiptHandle"])


def test_new_retention_applies_to_existing_messages(clocked, timed, timed_queue):
    timed.send_message(QueueUrl=timed_queue, MessageBody="b")
    clocked.advance(120)
    assert bodies(timed, timed_queue, VisibilityTimeout=0) == ["b"]
    timed.set_queue_attributes(QueueUrl=timed_queue, Attributes={"MessageRetentionPeriod": "60"})
    assert bodies(timed, timed_queue) == []


# ---- waiting ----

def wait_for_waiters(server, number):
    eventually(lambda: server.metrics().get("tern_waiting_receives") == number,
               what=f"{number} receives wait")


class Waiter(threading.Thread):
    """A long poll in a thread of its own; result() joins it."""

    def __init__(self, sqs, url, **options):
        super().__init__(daemon=True)
        self.call = lambda: sqs.receive_message(QueueUrl=url, **options)
        self.answer = None
        self.error = None
        self.start()

    def run(self):
        try:
            self.answer = self.call()
        except ClientError as error:
            self.error = error

    def result(self):
        self.join(30)
        assert not self.is_alive(), "the long poll was not answered"
        if self.error:
            raise self.error
        return [message["Body"] for message in self.answer.get("Messages", [])]


@pytest.fixture
def waited(private):
    """A server of this test alone, as its waiting receives are counted."""
    return private("--durability", "memory", "--test-clock")


@pytest.fixture
def waited_queue(waited):
    return waited.client().create_queue(QueueName="q")["QueueUrl"]


def test_long_poll_wakes_for_a_message(waited, waited_queue):
    sqs = waited.client()
    waiter = Waiter(sqs, waited_queue, WaitTimeSeconds=20, MaxNumberOfMessages=10)
    wait_for_waiters(waited, 1)
    sqs.send_message(QueueUrl=waited_queue, MessageBody="b")
    assert waiter.result() == ["b"], "one message is enough"
    wait_for_waiters(waited, 0)


def test_long_poll_ends_empty_at_its_time(waited, waited_queue):
    waiter = Waiter(waited.client(), waited_queue, WaitTimeSeconds=20)
    wait_for_waiters(waited, 1)
    waited.advance(10)
    assert waited.metrics()["tern_waiting_receives"] == 1
    waited.advance(10)
    assert waiter.result() == []


def test_long_poll_wakes_for_a_delayed_message(waited, waited_queue):
    sqs = waited.client()
    sqs.send_message(QueueUrl=waited_queue, MessageBody="b", DelaySeconds=10)
    waiter = Waiter(sqs, waited_queue, WaitTimeSeconds=20)
    wait_for_waiters(waited, 1)
    waited.advance(11)
    assert waiter.result() == ["b"]


def test_long_poll_wakes_for_a_message_made_visible(waited, waited_queue):
    sqs = waited.client()
    sqs.send_message(QueueUrl=waited_queue, MessageBody="b")
    [message] = receive(sqs, waited_queue)
    waiter = Waiter(sqs, waited_queue, WaitTimeSeconds=20)
    wait_for_waiters(waited, 1)
    sqs.change_message_visibility(QueueUrl=waited_queue, VisibilityTimeout=0,
                                  ReceiptHandle=message["ReceiptHandle"])
    assert waiter.result() == ["b"]


def test_long_poll_wakes_when_visibility_ends(waited, waited_queue):
    sqs = waited.client()
    sqs.send_message(QueueUrl=waited_queue, MessageBody="b")
    assert bodies(sqs, waited_queue, VisibilityTimeout=10) == ["b"]
    waiter = Waiter(sqs, waited_queue, WaitTimeSeconds=20)
    wait_for_waiters(waited, 1)
    waited.advance(11)
    assert waiter.result() == ["b"]


def test_queue_can_make_receives_wait(waited, waited_queue):
    sqs = waited.client()
    sqs.set_queue_attributes(QueueUrl=waited_queue,
                             Attributes={"ReceiveMessageWaitTimeSeconds": "20"})
    assert bodies(sqs, waited_queue, WaitTimeSeconds=0) == [], "the call's own 0 wins"
    waiter = Waiter(sqs, waited_queue)
    wait_for_waiters(waited, 1)
    sqs.send_message(QueueUrl=waited_queue, MessageBody="b")
    assert waiter.result() == ["b"]


def test_each_message_wakes_one_waiter(waited, waited_queue):
    sqs = waited.client()
    waiters = [Waiter(sqs, waited_queue, WaitTimeSeconds=20) for _ in range(5)]
    wait_for_waiters(waited, 5)
    sqs.send_message_batch(QueueUrl=waited_queue, Entries=[
        {"Id": f"e{i}", "MessageBody": str(i)} for i in range(4)])
    wait_for_waiters(waited, 1)
    sqs.send_message(QueueUrl=waited_queue, MessageBody="4")
    assert sorted(sum((waiter.result() for waiter in waiters), [])) == list("01234")


def test_waiter_that_left_takes_no_message(waited, waited_queue):
    sqs = waited.client()
    with pytest.raises(Exception, match="timed out"):
        waited.http.get(waited_queue, timeout=0.2, params={
            "Action": "ReceiveMessage", "WaitTimeSeconds": "20"})
    wait_for_waiters(waited, 0)
    sqs.send_message(QueueUrl=waited_queue, MessageBody="b")
    assert counts(sqs, waited_queue) == (1, 0, 0)


def test_deleting_a_queue_ends_its_waiters(waited, waited_queue):
    sqs = waited.client()
    waiter = Waiter(sqs, waited_queue, WaitTimeSeconds=20)
    wait_for_waiters(waited, 1)
    sqs.delete_queue(QueueUrl=waited_queue)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        waiter.result()


def test_stopping_answers_waiters(private):
    server = private("--durability", "memory")
    url = server.client().create_queue(QueueName="q")["QueueUrl"]
    waiter = Waiter(server.client(), url, WaitTimeSeconds=20)
    wait_for_waiters(server, 1)
    server.stop()
    assert waiter.result() == []


# ---- order, counts, limits ----

def test_backlog_is_served_in_order_of_arrival(sqs, queue):
    for start in range(0, 50, 10):
        sqs.send_message_batch(QueueUrl=queue, Entries=[
            {"Id": f"e{i}", "MessageBody": str(start + i)} for i in range(10)])
    found = []
    while batch := bodies(sqs, queue, MaxNumberOfMessages=10):
        found += batch
    assert found == [str(i) for i in range(50)]


def test_often_returned_message_goes_to_the_back(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="poison")
    for _ in range(3):
        assert bodies(sqs, queue, VisibilityTimeout=0) == ["poison"]
    sqs.send_message(QueueUrl=queue, MessageBody="fresh")
    assert bodies(sqs, queue, VisibilityTimeout=0) == ["poison"]
    assert bodies(sqs, queue) == ["fresh"]


def fill_flight(server, **attributes):
    """A queue with 120,000 messages in flight and ten more that wait; its client and URL."""
    sqs = server.client()
    is_fifo = "FifoQueue" in attributes
    url = sqs.create_queue(QueueName="q.fifo" if is_fifo else "q", Attributes={
        "VisibilityTimeout": "43200"} | attributes)["QueueUrl"]
    entry = "SendMessageBatchRequestEntry."
    requests = []
    for number in range(12001):
        form = "Action=SendMessageBatch"
        for i in range(1, 11):
            form += f"&{entry}{i}.Id={i}&{entry}{i}.MessageBody=b"
            if is_fifo:
                form += (f"&{entry}{i}.MessageGroupId={number}"
                         f"&{entry}{i}.MessageDeduplicationId={number}.{i}")
        requests.append(form)
    requests += ["Action=ReceiveMessage&MaxNumberOfMessages=10"] * 12000
    pipeline(server, url[url.index("/", 8):], requests)
    assert counts(sqs, url) == (10, 120000, 0)
    return sqs, url


@pytest.mark.slow
def test_120000_in_flight_are_the_most(private):
    sqs, url = fill_flight(private("--durability", "memory"))
    with pytest.raises(sqs.exceptions.OverLimit) as caught:
        receive(sqs, url)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    waiter = Waiter(sqs, url, WaitTimeSeconds=1)
    assert waiter.result() == [], "a long poll waits instead"
    sqs.send_message(QueueUrl=url, MessageBody="still welcome")


@pytest.mark.slow
def test_120000_in_flight_of_a_fifo_queue_are_no_error(private):
    sqs, url = fill_flight(private("--durability", "memory"), FifoQueue="true")
    assert receive(sqs, url) == []


def pipeline(server, path, forms, window=32):
    """Sends forms on one connection, `window` ahead of the answers, which must all be 200."""
    import socket
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        stream = connection.makefile("rb")
        for start in range(0, len(forms), window):
            part = forms[start:start + window]
            connection.sendall(b"".join(
                b"POST %s HTTP/1.1\r\nHost: [::]\r\nContent-Type: application/x-www-form-urlencoded"
                b"\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(form), form.encode())
                for form in part))
            for _ in part:
                assert stream.readline().startswith(b"HTTP/1.1 200 ")
                size = 0
                while (line := stream.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        size = int(line.split(b":")[1])
                stream.read(size)


def test_purge_twice_in_a_minute(clocked, timed, timed_queue, name):
    timed.purge_queue(QueueUrl=timed_queue)
    with pytest.raises(timed.exceptions.PurgeQueueInProgress) as caught:
        timed.purge_queue(QueueUrl=timed_queue)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert response["Error"]["Code"] == "AWS.SimpleQueueService.PurgeQueueInProgress"
    assert response["Error"]["Message"] == (
        f"Only one PurgeQueue operation on {name} is allowed every 60 seconds.")
    clocked.advance(61)
    timed.purge_queue(QueueUrl=timed_queue)


def test_messages_sent_after_a_purge_stay(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="before")
    sqs.purge_queue(QueueUrl=queue)
    sqs.send_message(QueueUrl=queue, MessageBody="after")
    assert bodies(sqs, queue, MaxNumberOfMessages=10) == ["after"]


def test_message_survives_a_kill(private):
    server = private()
    sqs = server.client()
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="kept", MessageAttributes={"n": text("v")},
                     DelaySeconds=0)
    sqs.send_message(QueueUrl=url, MessageBody="deleted")
    handles = {message["Body"]: message["ReceiptHandle"]
               for message in receive(sqs, url, MaxNumberOfMessages=10, VisibilityTimeout=0)}
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handles["deleted"])
    server.kill()
    server.start()
    [message] = receive(server.client(), "q", MaxNumberOfMessages=10, AttributeNames=["All"],
                        MessageAttributeNames=["All"])
    assert message["Body"] == "kept"
    assert message["MessageAttributes"] == {"n": text("v")}
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"
