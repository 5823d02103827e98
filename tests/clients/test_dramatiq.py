# SPDX-License-Identifier: MIT
"""Dramatiq on SQS: a real worker consumes messages; what fails for good is a dead letter."""
import pytest

from outside import CLIENTS
from ternd import eventually
from workers import Worker, depths


@pytest.fixture
def dramatiq(server, name, tmp_path):
    command = [CLIENTS / "dramatiq", "dramatiq_tasks", "--processes", "1", "--threads", "2"]
    worker = Worker(server, tmp_path, CLIENTS / "python", "dramatiq_tasks", command,
                    TERN_PREFIX=name)
    yield worker
    worker.stop()


def test_a_worker_consumes_messages(server, dramatiq, name):
    dramatiq.call("[add.send(i, 1) for i in range(20)]")
    dramatiq.wait_for([f"add {i + 1}" for i in range(20)])
    eventually(lambda: depths(server, name + "_default") == [0, 0, 0], 30, "an empty queue")
    sqs = server.client("sqs")
    tags = sqs.list_queue_tags(QueueUrl=name + "_default")["Tags"]
    assert tags == {"team": "tern"}


def test_what_fails_for_good_is_a_dead_letter(server, dramatiq, name):
    dramatiq.call("fail.send()")
    dramatiq.wait_for(["fail"] * 3)
    eventually(lambda: depths(server, name + "_default") == [0, 0, 0], 30, "an empty queue")
    eventually(lambda: depths(server, name + "_default_dlq") == [1, 0, 0], 30, "one dead letter")
