# SPDX-License-Identifier: MIT
"""Clients as processes of their own: each works until its server is gone, then tells what it knows.

What was answered is certain; the one call that had no answer may or may not have happened.
"""
import http.client
import json
import multiprocessing
import random
import zlib

AUTHORIZATION = ("AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/sqs/aws4_request, "
                 "SignedHeaders=host, Signature=0")
TIMEOUT_S = 30
processes = multiprocessing.get_context("fork")


class Lost(Exception):
    """No answer: the server is gone."""


class Client:
    """The SQS calls of one connection, without a library that would repeat them.

    `place` is the server's port, or that and the account of the caller.
    """

    def __init__(self, place):
        port, account = place if isinstance(place, tuple) else (place, "000000000000")
        self.authorization = AUTHORIZATION.replace("000000000000", account)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)

    def call(self, operation, **members):
        try:
            self.connection.request("POST", "/", json.dumps(members), {
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"AmazonSQS.{operation}",
                "Authorization": self.authorization})
            answer = self.connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Lost from error
        assert answer.status == 200, (operation, answer.status, body)
        return json.loads(body) if body else {}


def make_body(name, size):
    """A body that tells its name and whether it is whole."""
    padding = random.randbytes(size // 2).hex()
    return f"{name}:{zlib.crc32(padding.encode())}:{padding}"


def name_of(body):
    name, checksum, padding = body.split(":")
    assert int(checksum) == zlib.crc32(padding.encode()), f"the body of {name} changed"
    return name


def send_alone(client, url, name, seed):
    """Sends one by one; gives what was answered, and what was not."""
    random.seed(seed)
    acked = []
    while True:
        body_name = f"{name}-{len(acked)}"
        try:
            client.call("SendMessage", QueueUrl=url,
                        MessageBody=make_body(body_name, random.choice((10, 200, 20000))))
        except Lost:
            return {"acked": acked, "unknown": [body_name]}
        acked.append(body_name)


def send_batches(client, url, name, seed):
    random.seed(seed)
    acked, number = [], 0
    while True:
        names = [f"{name}-{number + i}" for i in range(10)]
        entries = [{"Id": str(i), "MessageBody": make_body(text, 10)}
                   for i, text in enumerate(names)]
        try:
            answer = client.call("SendMessageBatch", QueueUrl=url, Entries=entries)
        except Lost:
            return {"acked": acked, "unknown": names}
        acked += [names[int(entry["Id"])] for entry in answer.get("Successful", [])]
        number += 10


def send_fifo(client, url, groups, seed):
    """Numbers each group from 0; gives the last call as it was, to be repeated."""
    random.seed(seed)
    numbers = [0] * groups
    while True:
        group = random.randrange(groups)
        call = {"QueueUrl": url, "MessageGroupId": f"g{group}",
                "MessageBody": make_body(f"{group}-{numbers[group]}", random.choice((10, 3000))),
                "MessageDeduplicationId": f"{group}-{numbers[group]}"}
        try:
            client.call("SendMessage", **call)
        except Lost:
            return {"numbers": numbers, "unknown": (group, call)}
        numbers[group] += 1


def receive(client, url, most=10):
    answer = client.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=most,
                         MessageSystemAttributeNames=["ApproximateReceiveCount"])
    return [(name_of(message["Body"]), int(message["Attributes"]["ApproximateReceiveCount"]),
             message["ReceiptHandle"]) for message in answer.get("Messages", [])]


def consume(client, url, seed):
    """Receives; deletes some, returns some at once, leaves some. Tells all of it in order."""
    random.seed(seed)
    events = []
    while True:
        events.append(["receive", None])
        try:
            batch = receive(client, url, random.randint(1, 10))
            events[-1] = ["received", [(name, count) for name, count, _ in batch]]
            for name, _, handle in batch:
                choice = random.random()
                if choice < 0.6:
                    events.append(["delete", name])
                    client.call("DeleteMessage", QueueUrl=url, ReceiptHandle=handle)
                    events[-1] = ["deleted", name]
                elif choice < 0.8:
                    client.call("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle,
                                VisibilityTimeout=0)
        except Lost:
            return events


class Worker:
    """One of the functions above in a process; result() once its server is gone."""

    def __init__(self, port, function, *arguments):
        self.pipe, far = processes.Pipe(duplex=False)
        self.process = processes.Process(target=self._run, args=(far, port, function, arguments))
        self.process.start()
        far.close()

    @staticmethod
    def _run(pipe, port, function, arguments):
        pipe.send(function(Client(port), *arguments))

    def result(self):
        # A process that failed has closed its end: EOFError, and its trace is on stderr.
        value = self.pipe.recv()
        self.process.join()
        return value
