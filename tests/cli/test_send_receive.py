# SPDX-License-Identifier: MIT
"""tern send and tern receive."""
import base64
import hashlib
import json
import os
import signal
import threading

from ternd import eventually


def take(sqs, queue, count=10):
    return sqs.receive_message(
        QueueUrl=queue, MaxNumberOfMessages=count, AttributeNames=["All"],
        MessageAttributeNames=["All"]).get("Messages", [])


def bodies(sqs, queue):
    found = []
    while messages := take(sqs, queue):
        found += [message["Body"] for message in messages]
    return found


def test_send_takes_the_body_from_anywhere(tern, sqs, queue, name, tmp_path):
    (tmp_path / "body").write_text("from a file\n")
    identifier, = tern.lines("send", name, "an argument")
    tern("send", name, text="from a pipe\nof two lines\n")
    tern("send", name, "--file", tmp_path / "body")
    tern("send", name, "--file", "-", text="by a dash")
    messages = take(sqs, queue)
    assert messages[0]["MessageId"] == identifier
    assert [message["Body"] for message in messages] == [
        "an argument", "from a pipe\nof two lines", "from a file", "by a dash"]


def test_send_sets_attributes(tern, sqs, queue, name):
    sent, = tern.json("send", name, "x", "--attribute", "url=http://h:1/x", "--attribute",
                      "n=3.5:Number.price", "--attribute",
                      "b=" + base64.b64encode(b"\0\1").decode() + ":Binary")
    message, = take(sqs, queue)
    assert sent == {"MessageId": message["MessageId"],
                    "MD5OfMessageBody": hashlib.md5(b"x").hexdigest()}
    assert message["MessageAttributes"] == {
        "url": {"StringValue": "http://h:1/x", "DataType": "String"},
        "n": {"StringValue": "3.5", "DataType": "Number.price"},
        "b": {"BinaryValue": b"\0\1", "DataType": "Binary"}}
    assert "base64" in tern("send", name, "x", "--attribute", "b=!:Binary", code=2).stderr


def test_send_lines_batches_and_keeps_order(tern, sqs, fifo, name):
    lines = [f"line {number}" for number in range(35)]
    assert tern.lines("send", name + ".fifo", "--lines", "--group", "g", "--dedup-each",
                      text="\n\n".join(lines) + "\r\n") == ["35 messages sent"]
    found = []
    while messages := take(sqs, fifo):
        found += [message["Body"] for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=fifo, ReceiptHandle=message["ReceiptHandle"])
    assert found == lines


def test_send_lines_respects_the_size_of_a_batch(tern, server, queue, name):
    # Three of 400 KB do not fit into one request of 1 MiB.
    lines = [letter * 400_000 for letter in "abcde"]
    before = operations(server, "SendMessageBatch")
    sent = tern.json("send", name, "--lines", text="\n".join(lines))
    assert [one["MD5OfMessageBody"] for one in sent] == [
        hashlib.md5(line.encode()).hexdigest() for line in lines]
    assert operations(server, "SendMessageBatch") - before == 3


def operations(server, operation):
    return server.metrics().get(f'tern_request_seconds_count{{operation="{operation}"}}', 0)


def test_send_says_which_messages_failed(tern, sqs, queue, name):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MaximumMessageSize": "1024"})
    result = tern("send", name, "--lines", text=f"a\n{'x' * 1025}\nb\n", code=1)
    assert result.stdout == "2 messages sent\n"
    assert "message 2 was not sent" in result.stderr and "1024 bytes" in result.stderr
    assert bodies(sqs, queue) == ["a", "b"]


def test_send_lines_stops_after_failures_of_one_kind(tern, sqs, queue, name):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MaximumMessageSize": "1024"})
    few, many = ["x" * 1025] * 9, ["x" * 1025] * 50
    result = tern("send", name, "--lines", text="\n".join(["a", *few, "b", *many]), code=1)
    assert result.stdout == "2 messages sent\n"
    assert "stopped: the last " in result.stderr and "2 were sent" in result.stderr
    assert result.stderr.count("was not sent") < 30
    assert bodies(sqs, queue) == ["a", "b"]


def test_send_refuses_what_makes_no_sense(tern, queue, name, tmp_path):
    assert "not both" in tern("send", name, "x", "--lines", code=2).stderr
    assert "empty" in tern("send", name, code=2).stderr
    assert "--dedup-each" in tern("send", name, "--lines", "--dedup-id", "x", code=2).stderr
    assert "cannot open" in tern("send", name, "--file", tmp_path / "none", code=2).stderr
    assert "1 MiB" in tern("send", name, text="x" * (1024 * 1024 + 1), code=1).stderr


def test_send_lines_stops_at_what_cannot_be_a_message(tern, sqs, queue, name):
    result = tern("send", name, "--lines", text="a\n" + "x" * (1024 * 1024 + 1) + "\nb", code=1)
    assert "message 2 is longer" in result.stderr and result.stdout == "1 messages sent\n"
    assert bodies(sqs, queue) == ["a"]


def batch_answer(*failed):
    """Two sent messages but those that failed: (id, is the sender to blame)."""
    return {"Successful": [{"Id": identifier, "MessageId": identifier, "MD5OfMessageBody": ""}
                           for identifier in "01" if identifier not in dict(failed)],
            "Failed": [{"Id": identifier, "SenderFault": blamed, "Code": "C", "Message": "why"}
                       for identifier, blamed in failed]}


def sent_bodies(endpoint):
    return [[entry["MessageBody"] for entry in json.loads(body)["Entries"]]
            for _, _, _, body in endpoint.requests]


def send_two(bare, endpoint, queue, **options):
    return bare("send", "http://h/1/" + queue, "--lines", "--endpoint-url", endpoint.url,
                text="a\nb\n", **options)


def test_send_again_what_failed_on_the_service_s_side(bare, endpoint):
    endpoint.answer(batch_answer(("0", False)))
    endpoint.answer(batch_answer(("1", True)))
    assert send_two(bare, endpoint, "q").stdout == "2 messages sent\n"
    assert sent_bodies(endpoint) == [["a", "b"], ["a"]]


def test_send_not_again_what_is_the_sender_s_fault(bare, endpoint):
    endpoint.answer(batch_answer(("1", True)))
    result = send_two(bare, endpoint, "q", code=1)
    assert "message 2 was not sent: why (C)" in result.stderr
    assert sent_bodies(endpoint) == [["a", "b"]]


def test_send_gives_up_after_some_attempts(bare, endpoint):
    endpoint.answer(batch_answer(("1", False)))
    result = send_two(bare, endpoint, "q", code=1)
    assert "message 2 was not sent: why (C)" in result.stderr
    assert sent_bodies(endpoint) == [["a", "b"], ["b"], ["b"], ["b"]]


def test_send_does_not_reorder_a_fifo_queue(bare, endpoint):
    endpoint.answer(batch_answer(("0", False)))
    assert "message 1 was not sent" in send_two(bare, endpoint, "q.fifo", code=1).stderr
    assert sent_bodies(endpoint) == [["a", "b"]]


def test_send_refuses_what_is_not_text(tern, sqs, queue, name, tmp_path):
    (tmp_path / "bytes").write_bytes(b"ok\n\xff\xfe\n")
    assert "not UTF-8" in tern("send", name, "--file", tmp_path / "bytes", code=1).stderr
    result = tern("send", name, "--lines", "--file", tmp_path / "bytes", code=1)
    assert "message 2 is not UTF-8" in result.stderr and result.stdout == "1 messages sent\n"
    assert bodies(sqs, queue) == ["ok"]


def test_send_a_mebibyte(tern, sqs, queue, name):
    tern("send", name, text="x" * (1024 * 1024))
    assert take(sqs, queue)[0]["Body"] == "x" * (1024 * 1024)


def test_receive_prints_and_leaves_the_message(tern, sqs, queue, name):
    sqs.send_message(QueueUrl=queue, MessageBody="hello\nyou", MessageAttributes={
        "k": {"StringValue": "v", "DataType": "String"}})
    facts, attribute, *body = tern.lines("receive", name, "--visibility", 0)
    assert "receive 1" in facts and attribute == "k=v" and body == ["hello", "you", ""]
    message, = tern.json("receive", name, "--visibility", 0)
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"
    assert message["MessageAttributes"]["k"]["StringValue"] == "v"
    assert tern.lines("receive", name, "--body") == ["hello", "you"]
    assert tern("receive", name).stdout == ""


def test_receive_deletes_what_it_printed(tern, sqs, queue, name):
    for number in range(25):
        sqs.send_message(QueueUrl=queue, MessageBody=str(number))
    got = tern.lines("receive", name, "--delete", "--max", 13, "--body", "--visibility", 0)
    assert len(got) == 13
    rest = bodies(sqs, queue)
    assert sorted(map(int, got + rest)) == list(range(25))


def test_receive_keeps_what_it_could_not_print(tern, sqs, queue, name):
    sqs.send_message(QueueUrl=queue, MessageBody="x" * 100_000)
    with open("/dev/full", "w", encoding="utf-8") as full:
        process = tern.start("receive", name, "--delete", "--visibility", "0", stdout=full)
        errors = process.communicate(timeout=60)[1]
    assert process.returncode == 1 and "cannot write" in errors
    assert bodies(sqs, queue) == ["x" * 100_000]


def test_receive_finishes_what_it_began(tern, sqs, queue, name):
    # More than a pipe holds: it is interrupted while it prints.
    sqs.send_message(QueueUrl=queue, MessageBody="x" * 300_000)
    process = tern.start("receive", name, "--loop", "--delete", "--body")
    assert os.read(process.stdout.fileno(), 1) == b"x"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("x" * 299_999 + "\n", "")
    assert process.returncode == 0
    assert (count(sqs, queue), count(sqs, queue, "NotVisible")) == (0, 0)


def count(sqs, queue, kind=""):
    name = "ApproximateNumberOfMessages" + kind
    return int(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name])


def test_receive_waits_for_a_message(tern, server, sqs, queue, name):
    asked = operations(server, "GetQueueUrl")
    process = tern.start("receive", name, "--wait", 20, "--body")
    eventually(lambda: operations(server, "GetQueueUrl") > asked, what="it asked for the queue")
    sqs.send_message(QueueUrl=queue, MessageBody="late")
    assert process.communicate(timeout=60)[0] == "late\n"
    assert process.returncode == 0


def test_receive_loops_until_it_is_interrupted(tern, sqs, queue, name):
    process = tern.start("receive", name, "--loop", "--delete", "--output", "json")
    for body in ("one", "two"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
        assert json.loads(process.stdout.readline())["Body"] == body
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert (out, errors, process.returncode) == ("", "", 0)
    assert sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"][
        "ApproximateNumberOfMessages"] == "0"


def test_receive_is_interrupted_while_it_waits(bare, endpoint):
    asked, over = threading.Event(), threading.Event()
    endpoint.answers.append(lambda: (asked.set(), over.wait(), None)[2])
    process = bare.start("receive", "http://h/1/q", "--wait", "20", "--endpoint-url", endpoint.url)
    assert asked.wait(30)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 130
    over.set()


def test_receive_loops_up_to_max(tern, sqs, queue, name):
    sqs.send_message(QueueUrl=queue, MessageBody="one")
    process = tern.start("receive", name, "--loop", "--max", "2", "--body")
    assert process.stdout.readline() == "one\n"
    sqs.send_message(QueueUrl=queue, MessageBody="two")
    assert process.communicate(timeout=60)[0] == "two\n"
