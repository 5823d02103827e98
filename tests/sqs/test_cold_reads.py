# SPDX-License-Identifier: MIT
"""Messages that are not in memory are read by a worker, not by the network thread."""
import os

import pytest

from ternd import eventually


@pytest.fixture
def cold(private):
    server = private()
    sqs = server.client("sqs")
    return server, sqs, sqs.create_queue(QueueName="q")["QueueUrl"]


def forget(server):
    """Drops the log from memory: the server's latest commits, and what it has synced."""
    server.restart()
    for path in (server.data / "log").iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def is_cached(server):
    """Whether a file of the log is in memory; skips where nobody can say.

    Not a segment: the kernel reads ahead for whoever asks.
    """
    descriptor = os.open(server.data / "log" / "identity", os.O_RDONLY)
    try:
        return os.preadv(descriptor, [bytearray(16)], 0, os.RWF_NOWAIT) > 0
    except BlockingIOError:
        return False
    except OSError as error:
        pytest.skip(f"the file system does not know RWF_NOWAIT: {error}")
    finally:
        os.close(descriptor)


def worked(server):
    eventually(lambda: server.metrics()["tern_worker_running"] == 0, what="the work is counted")
    return server.metrics()["tern_worker_operations_total"]


def receive(sqs, url, **parameters):
    return [message["Body"] for message in
            sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **parameters)["Messages"]]


def test_messages_in_memory_are_read_at_once(cold):
    server, sqs, url = cold
    sqs.send_message(QueueUrl=url, MessageBody="warm")
    assert receive(sqs, url) == ["warm"]
    assert worked(server) == 0


def test_messages_on_disk_are_read_by_a_worker(cold):
    server, sqs, url = cold
    bodies = [str(number) * 5000 for number in range(8)]
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    forget(server)
    if is_cached(server):
        pytest.skip("the file system does not drop what it has in memory")
    sqs = server.client("sqs")
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    assert receive(sqs, url) == bodies
    assert worked(server) == 1


def test_many_bytes_are_read_by_a_worker(cold):
    server, sqs, url = cold
    body = "x" * 700_000
    for _ in range(2):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    assert receive(sqs, url, VisibilityTimeout=0) == [body] * 2
    assert worked(server) == 1
    sqs.receive_message(QueueUrl=url)
    assert worked(server) == 1
