# SPDX-License-Identifier: MIT
"""Changes of settings by many clients at once: they share syncs, and are durable when answered."""
import collections
import concurrent.futures
import itertools
import random
import time

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

import load
from ternd import Server

CLIENTS = 8


def make_until_lost(client, name, seed):
    """Makes queues, and deletes every third; gives those that exist and those that may."""
    random.seed(seed)
    made, deleted, unknown = [], [], None
    try:
        for i in itertools.count():
            unknown = f"{name}-{i}"
            url = client.call("CreateQueue", QueueName=unknown)["QueueUrl"]
            made.append(unknown)
            if i % 3 == 0:
                client.call("DeleteQueue", QueueUrl=url)
                deleted.append(made.pop())
    except load.Lost:
        return made, deleted, unknown


def names(sqs):
    pages = sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 1000})
    return {url.rsplit("/", 1)[1] for page in pages for url in page.get("QueueUrls", [])}


@pytest.mark.rounds(3)
def test_acknowledged_settings_survive_kills(tmp_path, rounds):
    server = Server(tmp_path / "server", "--segment-mib", 2)
    server.start()
    total = 0
    for round_number in range(rounds):
        workers = [load.Worker(server.port, make_until_lost, f"r{round_number}-{i}", i)
                   for i in range(CLIENTS)]
        time.sleep(random.uniform(0.3, 1.2))
        server.kill()
        results = [worker.result() for worker in workers]
        server.start()
        found = names(server.client())
        for made, deleted, unknown in results:
            assert [name for name in made if name not in found and name != unknown] == []
            assert [name for name in deleted if name in found] == []
        total += sum(len(made) for made, _, _ in results)
        for name in list(found)[:3]:
            url = server.client().get_queue_url(QueueName=name)["QueueUrl"]
            server.client().send_message(QueueUrl=url, MessageBody="works")
    assert total > 0
    server.stop()


def test_one_of_many_wins_a_name(tmp_path):
    """Calls of one group see each other's changes."""
    with Server(tmp_path / "server") as server:
        def make_user(i):
            try:
                server.client("iam").create_user(UserName=f"user-{i // CLIENTS}")
                return "made"
            except ClientError as error:
                return error.response["Error"]["Code"]

        def make_queue(i):
            try:
                server.client().create_queue(QueueName=f"queue-{i // CLIENTS}",
                                             Attributes={"DelaySeconds": str(i % CLIENTS)})
                return "made"
            except ClientError as error:
                return error.response["Error"]["Code"]

        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            users = collections.Counter(pool.map(make_user, range(4 * CLIENTS)))
            queues = collections.Counter(pool.map(make_queue, range(4 * CLIENTS)))
        assert users == {"made": 4, "EntityAlreadyExists": 4 * (CLIENTS - 1)}
        assert queues == {"made": 4, "QueueAlreadyExists": 4 * (CLIENTS - 1)}


def make_queue(server, name):
    try:
        server.client().create_queue(QueueName=name)
        return "made"
    except (ClientError, ConnectionClosedError, EndpointConnectionError):
        return "refused"


@pytest.mark.parametrize("errno, outcome", [(5, "refused"), (0, "made")])
def test_changes_show_after_their_sync_or_never(faulty, errno, outcome):
    server = faulty()
    sqs = server.client()
    make_queue(server, "before")
    wanted = [f"new-{i}" for i in range(2 * CLIENTS)]
    server.fail("catalog.fdatasync -1")
    with concurrent.futures.ThreadPoolExecutor(2 * CLIENTS) as pool:
        results = [pool.submit(make_queue, server, name) for name in wanted]
        # Calls that only read are answered by net threads meanwhile.
        for _ in range(20):
            assert names(sqs) == {"before"}
            time.sleep(0.02)
        assert not any(result.done() for result in results)
        server.fail(f"catalog.fdatasync {errno}" if errno else "")
        assert {result.result() for result in results} == {outcome}
    expected = {"before", *(wanted if outcome == "made" else ())}
    assert names(sqs) == expected
    server.fail("")
    server.kill()
    server.start()
    assert names(server.client()) == expected
