# SPDX-License-Identifier: MIT
"""Everything at once on a server with several net threads: what ThreadSanitizer should look at."""
import random
import threading

import botocore.exceptions
import pytest

CLIENTS, STEPS, QUEUES = 8, 120, 6
# A queue may be deleted under the hands of the others; nothing else may go wrong.
EXPECTED = {"AWS.SimpleQueueService.NonExistentQueue", "QueueAlreadyExists",
            "AWS.SimpleQueueService.PurgeQueueInProgress", "ReceiptHandleIsInvalid"}


class Client:
    def __init__(self, server, number):
        self.server, self.sqs = server, server.client("sqs")
        self.random = random.Random(number)
        self.done, self.failure = 0, None
        self.thread = threading.Thread(target=self.work)

    def url(self):
        return f"{self.server.url}/000000000000/q{self.random.randrange(QUEUES)}"

    def create(self):
        self.sqs.create_queue(QueueName=f"q{self.random.randrange(QUEUES)}", tags={"a": "b"})

    def delete(self):
        if self.random.random() < 0.2:
            self.sqs.delete_queue(QueueUrl=self.url())

    def send(self):
        entries = [{"Id": str(i), "MessageBody": "x" * self.random.randrange(1, 3000)}
                   for i in range(self.random.randrange(1, 11))]
        self.sqs.send_message_batch(QueueUrl=self.url(), Entries=entries)

    def receive(self):
        url = self.url()
        got = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                       WaitTimeSeconds=self.random.randrange(2),
                                       MessageSystemAttributeNames=["All"])
        for message in got.get("Messages", []):
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def change(self):
        dead = f"arn:aws:sqs:us-east-1:000000000000:q{self.random.randrange(QUEUES)}"
        self.sqs.set_queue_attributes(QueueUrl=self.url(), Attributes={
            "VisibilityTimeout": str(self.random.randrange(2)),
            "RedrivePolicy": f'{{"deadLetterTargetArn":"{dead}","maxReceiveCount":2}}'})

    def look(self):
        self.sqs.get_queue_attributes(QueueUrl=self.url(), AttributeNames=["All"])
        self.sqs.list_queues(QueueNamePrefix="q", MaxResults=3)
        self.sqs.list_dead_letter_source_queues(QueueUrl=self.url())

    def administer(self):
        path = self.random.choice(["/_tern/metrics", "/_tern/queues", "/_tern/health",
                                   "/_tern/queues/000000000000/q1/messages"])
        assert self.server.http.get(self.server.url + path, timeout=40).status_code in (200, 404)

    def purge(self):
        if self.random.random() < 0.2:
            self.sqs.purge_queue(QueueUrl=self.url())

    def work(self):
        steps = [self.create, self.delete, self.send, self.send, self.receive, self.receive,
                 self.change, self.look, self.administer, self.purge]
        for _ in range(STEPS):
            try:
                self.random.choice(steps)()
            except botocore.exceptions.ClientError as fault:
                missing = "Dead letter target does not exist" in str(fault)
                if fault.response["Error"]["Code"] not in EXPECTED and not missing:
                    self.failure = fault
                    return
            except Exception as failure:  # noqa: BLE001 - told by the test
                self.failure = failure
                return
            self.done += 1


@pytest.mark.parametrize("threads", [1, 3])
def test_everything_at_once(private, threads):
    server = private("--threads", threads, "--durability", "os")
    clients = [Client(server, number) for number in range(CLIENTS)]
    for client in clients:
        client.thread.start()
    for client in clients:
        client.thread.join()
    assert [client.failure for client in clients] == [None] * CLIENTS
    assert [client.done for client in clients] == [STEPS] * CLIENTS
