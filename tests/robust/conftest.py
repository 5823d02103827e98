# SPDX-License-Identifier: MIT
"""A witness works on the shared server during all tests here, and must never notice."""
import threading

import pytest


class Witness:
    def __init__(self, server):
        self.sqs = server.client("sqs")
        self.queue = self.sqs.create_queue(QueueName="witness")["QueueUrl"]
        self.rounds = 0
        self.failure = None
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def round(self):
        body = f"round {self.rounds}"
        sent = self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)
        got = self.sqs.receive_message(QueueUrl=self.queue)["Messages"]
        assert [message["Body"] for message in got] == [body]
        assert got[0]["MessageId"] == sent["MessageId"]
        self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=got[0]["ReceiptHandle"])
        self.rounds += 1

    def work(self):
        try:
            while not self.is_over.wait(0.02):
                self.round()
        except Exception as failure:  # noqa: BLE001 - told by the fixture
            self.failure = failure

    def end(self):
        self.is_over.set()
        self.thread.join()


@pytest.fixture(scope="module", autouse=True)
def witness(server):
    made = Witness(server)
    yield made
    made.end()
    made.round()
    assert made.failure is None, made.failure


@pytest.fixture(autouse=True)
def unharmed(witness):
    yield
    assert witness.failure is None, witness.failure
