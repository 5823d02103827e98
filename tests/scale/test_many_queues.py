# SPDX-License-Identifier: MIT
"""A hundred thousand queues: made, listed in pages, used, and there again after a restart.

A million of them: .venv/bin/python -m pytest -s -m long tests/scale/test_many_queues.py
"""
import itertools
import json
import socket

import pytest

from measure import Stopwatch, cpu_seconds, resident_bytes, tell

QUEUES, AHEAD = 100000, 100
MANY, STEP, PATIENCE_S = 1_000_000, 1000, 600
QUEUE_BYTES = 4 * 1024
SERIES_BYTES = 1500  # a metric of CloudWatch; a queue that was made a minute ago has ten


def call_all(server, operation, bodies):
    """Pipelined on one connection, because a client library would be measured otherwise."""
    peer = socket.create_connection(("127.0.0.1", server.port))
    answers = peer.makefile("rb")
    bodies = iter(bodies)
    while ahead := [json.dumps(body) for body in itertools.islice(bodies, AHEAD)]:
        peer.sendall("".join(
            f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            f"X-Amz-Target: AmazonSQS.{operation}\r\nContent-Length: {len(body)}"
            f"\r\n\r\n{body}" for body in ahead).encode())
        for _ in ahead:
            assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
            size = 0
            while (line := answers.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    size = int(line.split(b":")[1])
            answers.read(size)
    answers.close()
    peer.close()


def create(server, count):
    call_all(server, "CreateQueue", ({"QueueName": name_of(i)} for i in range(count)))


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
    after = resident_bytes(server)
    series = server.metrics()["tern_metric_series"]
    each = (after - before - series * SERIES_BYTES) / QUEUES
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
    tell(f"{QUEUES} queues: made in {making.seconds:.1f} s, {each:.0f} bytes each "
         f"beside {series:.0f} metrics, listed in "
         f"{listing.seconds:.1f} s, stopped in {stopping.seconds:.1f} s, started again in "
         f"{starting.seconds:.1f} s")
    assert each < QUEUE_BYTES


def microseconds_each(server, operation, bodies):
    """CPU time of the server for one call."""
    before = cpu_seconds(server)
    call_all(server, operation, bodies)
    return (cpu_seconds(server) - before) / len(bodies) * 1e6


def million_name(number):
    """Names come in no order, as each has a place of its own among all."""
    return f"queue-{number * 7919 % 1_000_003:07}"


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_million_queues(private):
    server = private("--durability", "os")
    few = microseconds_each(server, "CreateQueue", [
        {"QueueName": million_name(i)} for i in range(STEP)])
    call_all(server, "CreateQueue", (
        {"QueueName": million_name(i)} for i in range(STEP, MANY - 2 * STEP)))
    dead = server.client().create_queue(QueueName="dead")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:000000000000:dead"
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    many = microseconds_each(server, "CreateQueue", [
        {"QueueName": million_name(i), "Attributes": {"RedrivePolicy": policy}}
        for i in range(MANY - 2 * STEP, MANY - STEP)])
    sources = microseconds_each(server, "ListDeadLetterSourceQueues", [
        {"QueueUrl": dead, "MaxResults": 10}] * STEP)
    each = resident_bytes(server) / MANY
    server.stop(PATIENCE_S)
    with Stopwatch() as starting:
        server.start(PATIENCE_S)
    tell(f"{MANY} queues: CreateQueue takes {few:.0f} us of CPU with {STEP} queues, {many:.0f} us "
         f"with all; ListDeadLetterSourceQueues {sources:.0f} us; {each:.0f} bytes each; start "
         f"{cpu_seconds(server):.1f} s of CPU, {starting.seconds:.1f} s in all")
    urls = server.client().list_queues(QueueNamePrefix="queue-0999")["QueueUrls"]
    assert len(urls) in range(900, 1001)
    server.stop(PATIENCE_S)
    assert many < 10 * few and sources < 10 * few
