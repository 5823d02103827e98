# SPDX-License-Identifier: MIT
"""Celery on kombu's SQS transport: a real worker with pycurl's loop consumes real tasks."""
import signal
import subprocess

import pytest

from outside import CLIENTS, HERE, outside_environment, run_outside
from ternd import eventually

STOP_S = 60


@pytest.fixture
def celery(server, name, tmp_path):
    """A running worker: celery.call(task, ...) sends one, celery.lines() is what tasks wrote."""
    worker = Worker(server, name, tmp_path)
    yield worker
    worker.stop()


class Worker:
    def __init__(self, server, prefix, directory):
        self.server = server
        self.results = directory / "results"
        self.log = directory / "worker"
        self.changes = {"TERN_PREFIX": prefix + "-", "TERN_RESULTS": str(self.results)}
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [CLIENTS / "celery", "-A", "celery_tasks", "worker", "--concurrency", "2",
                 "--loglevel", "info", "--without-gossip", "--without-mingle",
                 "--without-heartbeat"],
                cwd=HERE, stdout=log, stderr=log, env=outside_environment(server, **self.changes))

    def lines(self):
        return self.results.read_text().splitlines() if self.results.exists() else []

    def call(self, statement):
        program = f"from celery_tasks import *; {statement}"
        run_outside(self.server, CLIENTS / "python", "-c", program, **self.changes)

    def wait_for(self, lines):
        eventually(lambda: self.process.poll() is not None or len(self.lines()) >= len(lines), 60,
                   f"the worker's work; its log is in {self.log}")
        assert sorted(self.lines()) == sorted(lines), self.log.read_text()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the worker did not end:\n{self.log.read_text()}") from None
        assert status == 0, self.log.read_text()


def depths(server, prefix):
    sqs = server.client("sqs")
    url = sqs.get_queue_url(QueueName=prefix + "-celery")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return [found["ApproximateNumberOfMessages" + kind] for kind in ("", "NotVisible", "Delayed")]


def test_a_worker_consumes_tasks_and_acknowledges_them(server, celery, name):
    celery.call("[add.delay(i, 1) for i in range(30)]")
    celery.wait_for([f"add {i + 1}" for i in range(30)])
    eventually(lambda: depths(server, name) == ["0", "0", "0"], 30, "an empty queue")


def test_a_retried_task_comes_again(server, celery, name):
    celery.call("flaky.delay('x')")
    celery.wait_for(["flaky 0", "flaky 1", "flaky 2"])
    eventually(lambda: depths(server, name) == ["0", "0", "0"], 30, "an empty queue")
