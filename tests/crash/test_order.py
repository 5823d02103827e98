# SPDX-License-Identifier: MIT
"""No answer leaves before what it promises is durable: proven by the order of system calls."""
import concurrent.futures
import hashlib
import signal
import time
import uuid

import botocore.exceptions
import pytest

from syscalls import Traced, complaint, parse
from ternd import eventually

SENDERS = 4
SENDS = 12


def send_some(server, account, number):
    """Sends singly and in batches to a queue of the account; gives the bodies."""
    sqs = server.client(account=account)
    # In the clear, so that the bodies are found in what is written.
    url = sqs.create_queue(
        QueueName="q", Attributes={"SqsManagedSseEnabled": "false"})["QueueUrl"]
    bodies = []
    for i in range(SENDS):
        body = f"body-{number}-{i}-{uuid.uuid4()}"
        sqs.send_message(QueueUrl=url, MessageBody=body)
        batch = [f"{body}-{k}" for k in range(3)]
        sqs.send_message_batch(QueueUrl=url, Entries=[
            {"Id": str(k), "MessageBody": text} for k, text in enumerate(batch)])
        bodies += [body, *batch]
    return bodies


def trace_sends(directory, *flags):
    """[(body, complaint)] of sends from several clients of two accounts at once."""
    server = Traced(directory, *flags)
    with server:
        with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
            runs = [pool.submit(send_some, server, f"00000000000{i % 2}", i)
                    for i in range(SENDERS)]
            bodies = [body for run in runs for body in run.result()]
    calls = server.calls()
    return [(body, complaint(calls, body, hashlib.md5(body.encode()).hexdigest()))
            for body in bodies]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("commits", ["direct", "buffered"])
def test_a_send_is_answered_after_the_sync_that_covers_it(tmp_path, commits, threads):
    results = trace_sends(tmp_path, "--threads", threads, "--commits", commits)
    assert len(results) == SENDERS * SENDS * 4
    assert [entry for entry in results if entry[1]] == []


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("commits", ["direct", "buffered"])
def test_a_send_is_answered_after_the_sync_of_its_partition(tmp_path, commits, threads):
    """The sync of the other partition's log does not count."""
    results = trace_sends(
        tmp_path, "--threads", threads, "--commits", commits, "--partitions", 2)
    assert len(results) == SENDERS * SENDS * 4
    assert [entry for entry in results if entry[1]] == []
    assert [path.name for path in (tmp_path / "data").glob("log-*")] == ["log-1"]


@pytest.fixture
def ring(start_faulty):
    """A server that commits by io_uring; its fail("ring -1") holds up its writes."""
    server = start_faulty()
    if "way=ring" not in server.log():
        pytest.skip("no io_uring here")
    return server


def test_a_send_is_answered_after_the_write_through_the_ring(ring):
    """What goes through a ring shows in no trace, so its writes are held up; all else goes on."""
    sqs = ring.client()
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="before")
    ring.fail("ring -1")
    with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
        sends = [pool.submit(ring.client().send_message, QueueUrl=url, MessageBody="held up")
                 for _ in range(SENDERS)]
        name = "tern_http_requests_total"
        before = ring.metrics()[name]
        # The sends are among the requests that have come by now, and many more are answered.
        eventually(lambda: ring.metrics()[name] > before + 200, 30)
        assert not any(send.done() for send in sends)
        ring.fail("")
        assert all(send.result(30)["MessageId"] for send in sends)
    # The pipe has taken their bytes from the log.
    ring.kill()


def test_a_write_through_the_ring_that_fails_is_final(ring):
    sqs = ring.client()
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="before")
    for fault in ("ring 1", ""):
        ring.fail(fault)
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            sqs.send_message(QueueUrl=url, MessageBody="refused")
        assert "The log cannot be written" in str(caught.value)
    assert "the disk refuses" in ring.log()
    ring.kill()
    ring.start()
    messages = ring.client().receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in messages] == ["before"]


def test_a_write_through_the_ring_outlives_its_thread(ring):
    """The kernel cancels a write that waits when the thread that started it has ended."""
    url = ring.client().create_queue(QueueName="q")["QueueUrl"]
    ring.client().send_message(QueueUrl=url, MessageBody="before")
    ring.fail("ring -1")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        send = pool.submit(ring.client().send_message, QueueUrl=url, MessageBody="held up")
        name = "tern_http_requests_total"
        before = ring.metrics()[name]
        eventually(lambda: ring.metrics()[name] > before + 200, 30)
        ring.process.send_signal(signal.SIGTERM)
        eventually(lambda: "the stop does not wait longer" in ring.log(), 60)
        # The thread is about to end, and the write with it.
        time.sleep(1)
        ring.fail("")
        assert ring.wait() == 0
        with pytest.raises(botocore.exceptions.BotoCoreError):
            send.result(30)
    assert "the disk refuses" not in ring.log()
    ring.start()
    messages = ring.client().receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(message["Body"] for message in messages) == ["before", "held up"]


def test_without_syncs_the_checker_says_so(tmp_path):
    results = trace_sends(tmp_path, "--durability", "os")
    assert {text for _, text in results} == {"no sync followed the write"}


LOG = "7</data/log/segment-0000000001.log>"
SOCKET = "9<TCP:[127.0.0.1:1->127.0.0.1:2]>"


@pytest.mark.parametrize("lines, expected", [
    ([f'1 pwrite64({LOG}, "body", 4, 0) = 4',
      f'2 fdatasync({LOG} <unfinished ...>',
      f'1 write({SOCKET}, "answer", 6) = 6',
      '2 <... fdatasync resumed>) = 0'], "the answer left before the sync had ended"),
    ([f'2 fdatasync({LOG} <unfinished ...>',
      f'1 pwrite64({LOG}, "body", 4, 0) = 4',
      '2 <... fdatasync resumed>) = 0',
      f'1 write({SOCKET}, "answer", 6) = 6'], "no sync followed the write"),
    ([f'1 pwrite64({LOG}, "body", 4, 0) = 4',
      f'2 fdatasync({LOG}) = -1 EIO (Input/output error)',
      f'1 write({SOCKET}, "answer", 6) = 6'], "no sync followed the write"),
    ([f'1 pwrite64({LOG}, "body", 4, 0) = 4',
      f'2 fdatasync({LOG}) = 0',
      f'1 write({SOCKET}, "answer", 6) = 6'], None),
    ([f'1 pwritev2({LOG}, [{{iov_base="body", iov_len=4}}], 1, 0, RWF_DSYNC <unfinished ...>',
      f'2 write({SOCKET}, "answer", 6) = 6',
      '1 <... pwritev2 resumed>) = 4'], "the answer left before the sync had ended"),
    ([f'1 pwritev2({LOG}, [{{iov_base="body", iov_len=4}}], 1, 0, RWF_DSYNC) = -1 EIO (error)',
      f'1 write({SOCKET}, "answer", 6) = 6'], "no sync followed the write"),
    ([f'1 pwritev2({LOG}, [{{iov_base="body", iov_len=4}}], 1, 0, 0) = 4',
      f'1 write({SOCKET}, "answer", 6) = 6'], "no sync followed the write"),
    ([f'1 pwritev2({LOG}, [{{iov_base="body", iov_len=4}}], 1, 0, RWF_DSYNC) = 4',
      f'1 write({SOCKET}, "answer", 6) = 6'], None),
])
def test_the_checker_knows_right_order_from_wrong(lines, expected):
    assert complaint(parse(lines), "body", "answer") == expected
