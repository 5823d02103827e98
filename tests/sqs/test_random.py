# SPDX-License-Identifier: MIT
"""Random work against a model of what a queue holds, with exact answers expected.

All times are multiples of 100 s of the server's moved clock, so the real seconds that a test takes
never decide anything. A failure names its seed; the same seed does the same again.
"""
import random

import pytest

from test_messages import counts, receive

STEPS = 100
UNIT = 100


class Model:
    """Messages in order of arrival: [body, group, visible_at, receives, handle]."""

    def __init__(self, is_fifo):
        self.is_fifo = is_fifo
        self.messages = []
        self.now = 0

    def available(self):
        """Bodies that a receive may return; of each FIFO group up to the first invisible."""
        found, blocked = [], set()
        for message in self.messages:
            if message["visible_at"] > self.now:
                blocked.add(message["group"])
            elif not self.is_fifo or message["group"] not in blocked:
                found.append(message["body"])
        return found

    def find(self, body):
        return next((message for message in self.messages if message["body"] == body), None)

    def counts(self):
        hidden = [message for message in self.messages if message["visible_at"] > self.now]
        delayed = sum(message["receives"] == 0 for message in hidden)
        return len(self.messages) - len(hidden), len(hidden) - delayed, delayed


class Work:
    def __init__(self, seed, server, name, is_fifo, delays=(0, 0, 0, UNIT, 4 * UNIT)):
        self.delays = (0,) if is_fifo else delays
        self.random = random.Random(seed)
        self.server, self.sqs = server, server.client()
        attributes = {"VisibilityTimeout": str(3 * UNIT)} | (
            {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if is_fifo else {})
        self.queue = name + (".fifo" if is_fifo else "")
        self.sqs.create_queue(QueueName=self.queue, Attributes=attributes)
        self.model = Model(is_fifo)
        self.sent = 0
        self.forgotten = []  # handles of messages that are gone

    def draft(self):
        body, self.sent = f"m{self.sent}", self.sent + 1
        group = f"g{self.random.randrange(4)}" if self.model.is_fifo else None
        delay = self.random.choice(self.delays)
        self.model.messages.append({"body": body, "group": group, "receives": 0, "handle": None,
                                    "visible_at": self.model.now + delay})
        return {"MessageBody": body} | (
            {"MessageGroupId": group} if group else {"DelaySeconds": delay})

    def send(self):
        self.sqs.send_message(QueueUrl=self.queue, **self.draft())

    def send_batch(self):
        entries = [{"Id": str(i)} | self.draft() for i in range(self.random.randint(1, 10))]
        answer = self.sqs.send_message_batch(QueueUrl=self.queue, Entries=entries)
        assert len(answer["Successful"]) == len(entries)

    def receive(self):
        number = self.random.randint(1, 10)
        visibility = self.random.choice((None, 0, UNIT, 5 * UNIT))
        options = {} if visibility is None else {"VisibilityTimeout": visibility}
        available = self.model.available()
        messages = receive(self.sqs, self.queue, MaxNumberOfMessages=number,
                           AttributeNames=["All"], **options)
        bodies = [message["Body"] for message in messages]
        assert len(bodies) == len(set(bodies)) == min(number, len(available))
        assert set(bodies) <= set(available)
        self.check_groups(bodies, available)
        for message in messages:
            mine = self.model.find(message["Body"])
            mine["receives"] += 1
            mine["handle"] = message["ReceiptHandle"]
            mine["visible_at"] = self.model.now + (3 * UNIT if visibility is None else visibility)
            assert message["Attributes"]["ApproximateReceiveCount"] == str(mine["receives"])

    def check_groups(self, bodies, available):
        """What was received of a group is what is available first of it, in order."""
        if not self.model.is_fifo:
            return
        for group in {self.model.find(body)["group"] for body in bodies}:
            got = [body for body in bodies if self.model.find(body)["group"] == group]
            first = [body for body in available if self.model.find(body)["group"] == group]
            assert got == first[:len(got)]

    def received(self):
        """A message whose last handle still works."""
        found = [message for message in self.model.messages if message["handle"] and (
            not self.model.is_fifo or message["visible_at"] > self.model.now)]
        return self.random.choice(found) if found else None

    def delete(self):
        message = self.received()
        if message:
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["handle"])
            self.model.messages.remove(message)
            self.forgotten.append(message["handle"])

    def delete_again(self):
        if self.forgotten:
            self.sqs.delete_message(QueueUrl=self.queue,
                                    ReceiptHandle=self.random.choice(self.forgotten))

    def change_visibility(self):
        message = self.received()
        if message:
            seconds = self.random.choice((0, UNIT, 7 * UNIT))
            self.sqs.change_message_visibility(
                QueueUrl=self.queue, ReceiptHandle=message["handle"], VisibilityTimeout=seconds)
            message["visible_at"] = self.model.now + seconds

    def advance(self):
        units = self.random.choice((1, 1, 2, 5))
        self.server.advance(units * UNIT)
        self.model.now += units * UNIT

    def purge(self):
        self.sqs.purge_queue(QueueUrl=self.queue)
        self.forgotten += [message["handle"] for message in self.model.messages
                           if message["handle"]]
        self.model.messages = []

    def drain(self):
        """Receives and deletes all there is: nothing is lost and nothing is left."""
        left = {message["body"] for message in self.model.messages}
        while left:
            messages = receive(self.sqs, self.queue, MaxNumberOfMessages=10)
            assert messages, f"not delivered: {sorted(left)}"
            for message in messages:
                left.remove(message["Body"])
                self.sqs.delete_message(QueueUrl=self.queue,
                                        ReceiptHandle=message["ReceiptHandle"])
        assert counts(self.sqs, self.queue) == (0, 0, 0)


@pytest.mark.parametrize("is_fifo", [False, True], ids=["standard", "fifo"])
@pytest.mark.parametrize("seed", [0, 1, *[pytest.param(seed, marks=pytest.mark.slow)
                                         for seed in range(2, 12)]])
def test_random_work_is_as_the_model_says(clocked, name, seed, is_fifo):
    work = Work(seed, clocked, name, is_fifo)
    steps = ([work.send] * 3 + [work.send_batch] * 2 + [work.receive] * 6 + [work.delete] * 4
             + [work.delete_again] + [work.change_visibility] * 3 + [work.advance] * 2)
    for number in range(STEPS):
        work.random.choice(steps)()
        if number == STEPS // 2 and seed % 4 == 0:
            work.purge()
        assert counts(work.sqs, work.queue) == work.model.counts()
    clocked.advance(10 * UNIT)
    work.drain()


@pytest.mark.parametrize("is_fifo", [False, True], ids=["standard", "fifo"])
def test_random_work_goes_on_after_kills(private, is_fifo):
    """Time stands still here: what is hidden stays hidden until it is made visible."""
    server = private()
    work = Work(99, server, "q", is_fifo, delays=(0,))
    steps = ([work.send] * 3 + [work.send_batch] * 2 + [work.receive] * 6 + [work.delete] * 4
             + [work.delete_again, work.change_visibility])
    for _ in range(8):
        for _ in range(15):
            work.random.choice(steps)()
        server.kill()
        server.start()
        work.sqs = server.client()
        assert counts(work.sqs, work.queue) == work.model.counts()
    for message in work.model.messages:
        if message["visible_at"] > 0:
            work.sqs.change_message_visibility(QueueUrl=work.queue, VisibilityTimeout=0,
                                               ReceiptHandle=message["handle"])
    work.drain()
