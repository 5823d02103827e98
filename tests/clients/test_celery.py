# SPDX-License-Identifier: MIT
"""Celery on kombu's SQS transport: a real worker with pycurl's loop consumes real tasks.

The newest speaks JSON to the endpoint. Debian 12's speaks Query: its loop posts forms without
Version and QueueUrl to the queue's URL.
"""
import subprocess

import pytest

from outside import CLIENTS
from ternd import eventually
from workers import Worker, depths

PYTHONS = {"newest": CLIENTS / "python", "distribution": "/usr/bin/python3"}


@pytest.fixture(params=PYTHONS)
def celery(server, name, tmp_path, request):
    python = PYTHONS[request.param]
    if subprocess.run([python, "-c", "import celery, pycurl"], capture_output=True).returncode:
        pytest.skip("this distribution has no package of Celery")
    command = [python, "-m", "celery", "-A", "celery_tasks", "worker", "--concurrency", "2",
               "--without-gossip", "--without-mingle", "--without-heartbeat"]
    worker = Worker(server, tmp_path, python, "celery_tasks", command, TERN_PREFIX=name + "-")
    yield worker
    worker.stop()


def test_a_worker_consumes_tasks_and_acknowledges_them(server, celery, name):
    celery.call("[add.delay(i, 1) for i in range(30)]")
    celery.wait_for([f"add {i + 1}" for i in range(30)])
    eventually(lambda: depths(server, name + "-celery") == [0, 0, 0], 30, "an empty queue")


def test_a_retried_task_comes_again(server, celery, name):
    celery.call("flaky.delay('x')")
    celery.wait_for(["flaky 0", "flaky 1", "flaky 2"])
    eventually(lambda: depths(server, name + "-celery") == [0, 0, 0], 30, "an empty queue")
