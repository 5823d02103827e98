# SPDX-License-Identifier: MIT
"""Ten thousand consumers that wait: what each costs, and how soon a message reaches one."""
import json
import select
import socket
import time

import pytest

from measure import quantile, raise_descriptor_limit, resident_bytes, tell
from ternd import eventually

POLLS, QUEUES, MESSAGES = 10000, 1000, 500
POLL_BYTES = 10 * 1024
SPARE_DESCRIPTORS = 500


def request(operation, members):
    """As long as an SDK's: the head is held as long as the poll."""
    body = json.dumps(members).encode()
    return (
        f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: AmazonSQS.{operation}\r\n"
        "Content-Type: application/x-amz-json-1.0\r\n"
        "User-Agent: Boto3/1.35.0 md/Botocore#1.35.0 ua/2.0 os/linux#6.1.0 md/arch#x86_64 "
        "lang/python#3.11.2 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.35.0\r\n"
        "X-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"
        "20260101/us-east-1/sqs/aws4_request, SignedHeaders=content-type;host;x-amz-date;"
        f"x-amz-target, Signature={'0' * 64}\r\namz-sdk-invocation-id: {'0' * 36}\r\n"
        f"amz-sdk-request: attempt=1\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


class Pollers:
    def __init__(self, server, urls):
        self.server, self.urls = server, urls
        self.poll = select.epoll()
        self.sockets = {}
        self.urls_of = {}

    def connect(self, count):
        for number in range(count):
            made = socket.create_connection(("127.0.0.1", self.server.port))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets[made.fileno()] = made
            self.urls_of[made.fileno()] = self.urls[number % len(self.urls)]
            self.poll.register(made.fileno(), select.EPOLLIN)

    def ask(self, number):
        self.sockets[number].sendall(request("ReceiveMessage", {
            "QueueUrl": self.urls_of[number], "WaitTimeSeconds": 20}))

    def answered(self):
        """The one poller that has an answer, and the answer's body."""
        (number, _), = self.poll.poll(20)
        return number, self.sockets[number].recv(65536).split(b"\r\n\r\n", 1)[1]

    def close(self):
        for made in self.sockets.values():
            made.close()
        self.poll.close()


@pytest.mark.slow
@pytest.mark.parametrize("durability,threads", [("memory", 1), ("fsync", 1), ("fsync", 2)])
def test_ten_thousand_idle_long_polls(private, durability, threads):
    if raise_descriptor_limit() < POLLS + SPARE_DESCRIPTORS:
        pytest.skip("this process may not have so many sockets: raise ulimit -Hn")
    server = private("--durability", durability, "--threads", threads)
    sqs = server.client("sqs")
    urls = [sqs.create_queue(QueueName=f"q{i}")["QueueUrl"] for i in range(QUEUES)]
    before = resident_bytes(server)
    pollers = Pollers(server, urls)
    pollers.connect(POLLS)
    for number in pollers.sockets:
        pollers.ask(number)
    eventually(lambda: server.metrics()["tern_waiting_receives"] == POLLS, what="all wait")
    each = (resident_bytes(server) - before) / POLLS
    waits = wake(server, pollers)
    tell(f"{POLLS} long polls, {durability}, {threads} threads: {each:.0f} bytes each; a message "
         f"wakes its poller after {quantile(waits, 0.5):.2f} ms (median), "
         f"{quantile(waits, 0.99):.2f} ms (p99)")
    pollers.close()
    eventually(lambda: server.metrics()["tern_waiting_receives"] == 0, what="nobody waits")
    assert each < POLL_BYTES


def wake(server, pollers):
    """Milliseconds from the send of each message to its arrival at a poller."""
    waits = []
    sender = socket.create_connection(("127.0.0.1", server.port))
    for number in range(MESSAGES):
        url = pollers.urls[number * 7 % len(pollers.urls)]
        message = request("SendMessage", {"QueueUrl": url, "MessageBody": str(number)})
        begin = time.perf_counter()
        sender.sendall(message)
        woken, body = pollers.answered()
        waits.append((time.perf_counter() - begin) * 1000)
        assert [one["Body"] for one in json.loads(body)["Messages"]] == [str(number)]
        assert pollers.urls_of[woken] == url
        assert sender.recv(65536).startswith(b"HTTP/1.1 200")
        pollers.ask(woken)
    sender.close()
    return waits
