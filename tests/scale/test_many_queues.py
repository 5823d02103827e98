# SPDX-License-Identifier: MIT
"""A hundred thousand queues: made, listed in pages, used, and there again after a restart."""
import json
import socket

import pytest

from measure import Stopwatch, resident_bytes, tell

QUEUES, AHEAD = 100000, 100
QUEUE_BYTES = 4 * 1024


def create(server, count):
    """Pipelined on one connection, because a client library would be measured otherwise."""
    peer = socket.create_connection(("127.0.0.1", server.port))
    answers = peer.makefile("rb")
    for first in range(0, count, AHEAD):
        for number in range(first, first + AHEAD):
            body = json.dumps({"QueueName": name_of(number)})
            peer.sendall((f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
                          f"X-Amz-Target: AmazonSQS.CreateQueue\r\nContent-Length: {len(body)}"
                          f"\r\n\r\n{body}").encode())
        for _ in range(AHEAD):
            assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
            size = 0
            while (line := answers.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    size = int(line.split(b":")[1])
            answers.read(size)
    answers.close()
    peer.close()


def name_of(number):
    return f"queue-{number * 7919 % QUEUES:06}"


def all_urls(sqs):
    pages = sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 1000})
    return [url for page in pages for url in page.get("QueueUrls", [])]


@pytest.mark.slow
def test_a_hundred_thousand_queues(private):
    server = private("--durability", "os")
    sqs = server.client("sqs")
    before = resident_bytes(server)
    with Stopwatch() as making:
        create(server, QUEUES)
    each = (resident_bytes(server) - before) / QUEUES
    with Stopwatch() as listing:
        urls = all_urls(sqs)
    assert [url.rsplit("/", 1)[1] for url in urls] == sorted(map(name_of, range(QUEUES)))
    assert sqs.list_queues(QueueNamePrefix="queue-0999")["QueueUrls"] == urls[99900:]
    sqs.send_message(QueueUrl=urls[54321], MessageBody="kept")
    with Stopwatch() as stopping:
        server.stop()
    with Stopwatch() as starting:
        server.start()
    sqs = server.client("sqs")
    again = all_urls(sqs)
    assert [url.rsplit("/", 1)[1] for url in again] == [url.rsplit("/", 1)[1] for url in urls]
    got = sqs.receive_message(QueueUrl=again[54321])["Messages"]
    assert [one["Body"] for one in got] == ["kept"]
    tell(f"{QUEUES} queues: made in {making.seconds:.1f} s, {each:.0f} bytes each, listed in "
         f"{listing.seconds:.1f} s, stopped in {stopping.seconds:.1f} s, started again in "
         f"{starting.seconds:.1f} s")
    assert each < QUEUE_BYTES
