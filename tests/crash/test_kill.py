# SPDX-License-Identifier: MIT
"""A server under load, killed with SIGKILL at random moments, over and over on the same data.

No acknowledged message is lost, no acknowledged delete undone, no FIFO group reordered, receives
are counted right. Every seed is in the failure's text, though the moment of a kill is not.
"""
import random
import time

import pytest

import load
from load import Client, Worker
from ternd import Server

CONSUMERS = 2
GROUPS = 4
COMMITS = ["auto", "direct", "buffered"]
# Longer than any visibility timeout of the test.
ADVANCE_S = 60


def flags():
    # Small segments: checkpoints and recycling happen within seconds.
    return ("--segment-mib", 2, "--test-clock", "--quick-purge")


def create(client, name, **attributes):
    return client.call("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]


def drain(client, url):
    """Receives and deletes until nothing comes; gives (name, receive count) in their order."""
    found, empty = [], 0
    while empty < 2:
        batch = load.receive(client, url)
        empty = 0 if batch else empty + 1
        found += [(name, count) for name, count, _ in batch]
        if batch:
            client.call("DeleteMessageBatch", QueueUrl=url, Entries=[
                {"Id": str(i), "ReceiptHandle": handle}
                for i, (_, _, handle) in enumerate(batch)])
    return found


def choose_commits(server):
    """Each start commits in its own way: all of them leave behind what the others can read."""
    server.flags[-1] = random.choice(COMMITS)


def kill_at_random(server):
    time.sleep(random.uniform(0.05, 0.5))
    server.kill()
    # Sometimes while it recovers, too.
    while random.random() < 0.3:
        choose_commits(server)
        server.spawn()
        time.sleep(random.uniform(0, 0.05))
        server.kill()
    choose_commits(server)


class Knowledge:
    """What consumers know of the messages of one queue."""

    def __init__(self, logs):
        self.received, self.deleted, self.maybe_deleted = {}, set(), set()
        self.unknown_receives = 0
        for events in logs:
            for kind, value in events:
                if kind == "received":
                    for name, count in value:
                        self.received.setdefault(name, []).append(count)
                elif kind == "receive":
                    self.unknown_receives += 1
                elif kind == "deleted":
                    self.deleted.add(value)
                else:
                    self.maybe_deleted.add(value)

    def check(self, found, acked, unknown):
        names = {name for name, _ in found}
        assert len(names) == len(found), "a message came twice though it was deleted"
        assert not names & self.deleted, "an acknowledged delete was undone"
        gone = self.deleted | self.maybe_deleted
        missing = set(acked) - names - gone
        assert not missing, f"acknowledged and lost: {sorted(missing)[:5]}"
        assert names <= set(acked) | set(unknown), "a message that nobody sent"
        for name, count in found:
            seen = self.received.get(name, [])
            assert len(seen) < count <= len(seen) + self.unknown_receives + 1, \
                f"{name} was received {len(seen)} times before, now its count is {count}"
        for name, counts in self.received.items():
            assert len(set(counts)) == len(counts), f"{name} has a receive count twice: {counts}"


def check_fifo_order(events, found):
    """Nothing is delivered before an earlier message of its group that is not deleted."""
    gone = set()

    def deliver(batch):
        before = set()
        for name in batch:
            group, number = map(int, name.split("-"))
            earlier = {(group, n) for n in range(number)} - gone - before
            assert not earlier, f"{name} came before {sorted(earlier)[:3]}"
            before.add((group, number))

    for kind, value in events:
        if kind == "received":
            deliver([name for name, _ in value])
        elif kind in ("delete", "deleted"):
            gone.add(tuple(map(int, value.split("-"))))
    # What is found at the end is deleted as it comes, batch by batch, in this order.
    deliver([name for name, _ in found])


class Round:
    """One life of the server: load, kill, restart, look."""

    def __init__(self, server, number, backlog_url):
        self.server, self.number = server, number
        client = Client(server.port)
        self.url = create(client, f"q{number}", VisibilityTimeout="2")
        self.fifo_url = create(client, f"f{number}.fifo", FifoQueue="true", VisibilityTimeout="2")
        seed = random.randrange(1 << 30)

        def work(function, *arguments):
            return Worker(server.port, function, *arguments, seed)

        self.senders = [work(load.send_alone, self.url, f"a{number}"),
                        work(load.send_batches, self.url, f"b{number}")]
        self.consumers = [work(load.consume, self.url) for _ in range(CONSUMERS)]
        self.fifo_sender = work(load.send_fifo, self.fifo_url, GROUPS)
        self.fifo_consumer = work(load.consume, self.fifo_url)
        self.backlog = work(load.send_batches, backlog_url, f"d{number}")

    def end(self):
        """Gives what is known of the backlog's messages."""
        kill_at_random(self.server)
        sent = [sender.result() for sender in self.senders]
        knowledge = Knowledge([consumer.result() for consumer in self.consumers])
        fifo_sent, fifo_events = self.fifo_sender.result(), self.fifo_consumer.result()
        self.server.start()
        client = Client(self.server.port)
        # The same call once more: it was done, or it is done now; in no case twice.
        group, call = fifo_sent["unknown"]
        client.call("SendMessage", **call)
        fifo_sent["numbers"][group] += 1
        # The server's clock starts anew with each life, behind what it was in the one before.
        self.server.advance(ADVANCE_S * (self.number + 1))
        acked = [name for part in sent for name in part["acked"]]
        knowledge.check(drain(client, self.url), acked,
                        [name for part in sent for name in part["unknown"]])
        found = drain(client, self.fifo_url)
        check_fifo_order(fifo_events, found)
        Knowledge([fifo_events]).check(
            found, [f"{group}-{n}" for group, count in enumerate(fifo_sent["numbers"])
                    for n in range(count)], [])
        for url in (self.url, self.fifo_url):
            if random.random() < 0.5:
                client.call("DeleteQueue", QueueUrl=url)
        return len(acked), self.backlog.result()


def run(directory, rounds):
    random.seed()
    acked, unknown, messages = set(), set(), 0
    server = Server(directory, *flags(), "--commits", "auto")
    with server:
        backlog_url = create(Client(server.port), "backlog")
        for number in range(rounds):
            count, backlog = Round(server, number, backlog_url).end()
            messages += count
            acked |= set(backlog["acked"])
            unknown |= set(backlog["unknown"])
        found = [name for name, _ in drain(Client(server.port), backlog_url)]
        assert acked <= set(found) <= acked | unknown
        assert len(set(found)) == len(found)
    # A load that does nothing would prove nothing.
    assert messages > 5 * rounds and len(acked) > 10 * rounds
    print(f"{rounds} kills, {messages} messages, a backlog of {len(found)}")


@pytest.mark.slow
@pytest.mark.rounds(10)
def test_nothing_acknowledged_is_lost(tmp_path, rounds):
    run(tmp_path, rounds)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.rounds(120)
def test_nothing_acknowledged_is_lost_in_many_rounds(tmp_path, rounds):
    run(tmp_path, rounds)
