# SPDX-License-Identifier: MIT
"""Several partitions of the queue engine: each has a log of its own, and accounts are distributed.

Account ...0 is in partition 0 and ...1 in partition 1 of two.
"""
import json
import random
import shutil
import subprocess
import time

import pytest

import load
from load import Client, Worker
from test_damage import fill, refused_start, status
from test_fanout import POLICY, publish
from test_kill import drain
from ternd import Server, eventually

ACCOUNTS = ("000000000000", "000000000001")
SMALL = ("--segment-mib", 2)


def create(server, account, name="q", **attributes):
    return server.client(account=account).create_queue(
        QueueName=name, Attributes=attributes)["QueueUrl"]


def send(server, account, url, *bodies):
    for body in bodies:
        server.client(account=account).send_message(QueueUrl=url, MessageBody=body)


def receive(server, account, url):
    answer = server.client(account=account).receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return sorted(message["Body"] for message in answer.get("Messages", []))


def run(server, *flags):
    return subprocess.run(
        [str(server.binary), "--data", str(server.data), *map(str, flags)],
        capture_output=True, text=True, timeout=60, check=False, env={"PATH": "/usr/bin:/bin"})


@pytest.fixture
def server(tmp_path):
    """A stopped server of two partitions, with a message in a queue of each account."""
    made = Server(tmp_path / "server", *SMALL, "--partitions", 2)
    with made:
        made.urls = [create(made, account) for account in ACCOUNTS]
        for account, url in zip(ACCOUNTS, made.urls):
            send(made, account, url, f"of {account}")
    yield made
    made.kill()


def check_messages(server):
    for account in ACCOUNTS:
        url = server.client(account=account).get_queue_url(QueueName="q")["QueueUrl"]
        assert receive(server, account, url) == [f"of {account}"]


# ---- where accounts are ----


def test_each_account_has_the_log_of_its_partition(server):
    with server:
        name = "tern_partition_log_bytes_total"
        for account, url in zip(ACCOUNTS, server.urls):
            before = server.metrics()
            send(server, account, url, "x" * 10000)
            after = server.metrics()
            grown = [after[f'{name}{{partition="{i}"}}'] - before[f'{name}{{partition="{i}"}}']
                     for i in range(2)]
            place = int(account) % 2
            assert grown[place] > 10000 and grown[1 - place] < 10000
        assert server.get("/_tern/health").json()["partitions"] == 2
        total = server.metrics()["tern_log_bytes_total"]
        assert total == sum(server.metrics()[f'{name}{{partition="{i}"}}'] for i in range(2))


def test_the_data_directory_knows_its_count(server):
    server.flags = server.flags[:-2]
    with server:
        check_messages(server)
    server.flags += ["--partitions", "4"]
    problem = refused_start(server)
    assert "--partitions 4" in problem and "made with 2" in problem
    server.flags[-1] = "2"
    with server:
        check_messages(server)


def test_dead_letters_moves_and_new_queues_work_in_each_partition(tmp_path):
    with Server(tmp_path, *SMALL, "--partitions", 3, "--test-clock") as server:
        for account in (*ACCOUNTS, "000000000002"):
            sqs = server.client(account=account)
            dead = create(server, account, "dead")
            arn = f"arn:aws:sqs:us-east-1:{account}:dead"
            url = create(server, account, "q", VisibilityTimeout="0", RedrivePolicy=json.dumps(
                {"deadLetterTargetArn": arn, "maxReceiveCount": 1}))
            send(server, account, url, "twice")
            for _ in range(2):
                sqs.receive_message(QueueUrl=url)
            assert receive(server, account, dead) == ["twice"]
            sqs.start_message_move_task(SourceArn=arn)
            eventually(lambda sqs=sqs, url=url: sqs.get_queue_attributes(
                QueueUrl=url, AttributeNames=["All"])["Attributes"]
                ["ApproximateNumberOfMessages"] == "1", what="the message is back")
            with_delay = create(server, account, "late", DelaySeconds="60")
            send(server, account, with_delay, "late")
            assert receive(server, account, with_delay) == []
            server.advance(61)
            assert receive(server, account, with_delay) == ["late"]


def test_numbers_stay_in_their_partition_after_restarts(server):
    for i in range(3):
        with server:
            for account in ACCOUNTS:
                for k in range(3):
                    url = create(server, account, f"q{i}-{k}")
                    send(server, account, url, f"{i}-{k}")
    with server:
        check_messages(server)
        for account in ACCOUNTS:
            sqs = server.client(account=account)
            for i in range(3):
                for k in range(3):
                    url = sqs.get_queue_url(QueueName=f"q{i}-{k}")["QueueUrl"]
                    assert receive(server, account, url) == [f"{i}-{k}"]


@pytest.mark.parametrize("durability", ["os", "memory"])
def test_other_durabilities(tmp_path, durability):
    with Server(tmp_path, *SMALL, "--partitions", 2, "--durability", durability) as server:
        for account in ACCOUNTS:
            send(server, account, create(server, account), f"of {account}")
        check_messages(server)


# ---- parts that do not belong together ----


def test_a_log_that_is_missing_is_refused_and_may_be_given_up(server):
    shutil.rmtree(server.data / "log-1")
    problem = refused_start(server)
    assert "log-1/" in problem and "--repair join" in problem
    assert "log-1/" in refused_start(server)
    done = run(server, "--repair", "join")
    assert done.returncode == 0, done.stderr
    with server:
        assert receive(server, ACCOUNTS[0], server.urls[0]) == [f"of {ACCOUNTS[0]}"]
        url = server.client(account=ACCOUNTS[1]).get_queue_url(QueueName="q")["QueueUrl"]
        assert receive(server, ACCOUNTS[1], url) == []
        send(server, ACCOUNTS[1], url, f"of {ACCOUNTS[1]}")
    with server:
        check_messages(server)


def test_the_first_log_that_is_missing_is_refused_and_may_be_given_up(server):
    shutil.rmtree(server.data / "log")
    assert "--repair join" in refused_start(server)
    assert run(server, "--repair", "join").returncode == 0
    with server:
        assert server.get("/_tern/health").json()["partitions"] == 2
        url = server.client(account=ACCOUNTS[1]).get_queue_url(QueueName="q")["QueueUrl"]
        assert receive(server, ACCOUNTS[1], url) == [f"of {ACCOUNTS[1]}"]


def test_logs_without_the_first_are_no_new_directory(server):
    for part in ("log", "catalog"):
        shutil.rmtree(server.data / part)
    (server.data / "root.key").unlink()
    problem = refused_start(server)
    assert "log-1/" in problem and "no log/" in problem
    assert not (server.data / "root.key").exists()


def test_an_older_log_is_refused(server, tmp_path):
    shutil.copytree(server.data / "log-1", tmp_path / "old")
    with server:
        pass
    shutil.rmtree(server.data / "log-1")
    shutil.copytree(tmp_path / "old", server.data / "log-1")
    problem = refused_start(server)
    assert "log-1/" in problem and "older" in problem and "--repair join" in problem


@pytest.mark.parametrize("source", ["own", "other"])
def test_a_log_in_the_place_of_another_is_refused(server, tmp_path, source):
    if source == "own":
        (server.data / "log").rename(tmp_path / "log")
        (server.data / "log-1").rename(server.data / "log")
        (tmp_path / "log").rename(server.data / "log-1")
    else:
        with Server(tmp_path / "other", *SMALL, "--partitions", 2) as other:
            create(other, ACCOUNTS[1])
        shutil.rmtree(server.data / "log-1")
        shutil.copytree(other.data / "log-1", server.data / "log-1")
    assert "different data directories" in refused_start(server)


def test_a_first_start_that_was_killed_is_begun_again(tmp_path):
    """SIGKILL at each rename of the first start."""
    server = Server(tmp_path / "server", *SMALL, "--partitions", 2)
    command = server.command
    server.environment = {"ASAN_OPTIONS": "detect_leaks=0"}
    for number in range(1, 30):
        shutil.rmtree(server.data, ignore_errors=True)
        server.command = lambda number=number: [
            "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename,renameat", "-e",
            f"inject=rename,renameat:signal=SIGKILL:when={number}", *command()]
        try:
            server.start()
            is_over = True
        except AssertionError:
            is_over = False
        server.command = command
        server.kill()
        with server:
            for account in ACCOUNTS:
                create(server, account)
        if is_over:
            assert number > 6
            return
    raise AssertionError("the first start never ends")


# ---- full disks ----


@pytest.fixture
def small_second(tmp_path):
    """A server whose second partition has a file system of its own, of 24 MiB."""
    server = Server(tmp_path / "server", *SMALL, "--partitions", 2)
    path = server.data / "log-1"
    path.mkdir(parents=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tern-test", path],
                          check=False, capture_output=True)
    if made.returncode:
        pytest.skip("no right to mount")
    server.start()
    yield server
    server.kill()
    subprocess.run(["umount", path], check=True)


def test_a_full_disk_stops_sends_of_its_partition_only(small_second):
    server = small_second
    first, second = (create(server, account) for account in ACCOUNTS)
    server.key = ACCOUNTS[1]
    assert len(fill(server, second)) > 10
    server.key = ACCOUNTS[0]
    assert status(server) == "disk-full"
    full = [server.metrics()[f'tern_partition_log_full{{partition="{i}"}}'] for i in range(2)]
    assert full == [0, 1]
    send(server, ACCOUNTS[0], first, "goes on")
    assert receive(server, ACCOUNTS[0], first) == ["goes on"]
    server.client(account=ACCOUNTS[1]).purge_queue(QueueUrl=second)
    eventually(lambda: status(server) == "ok", 20, "the disk has room again")
    send(server, ACCOUNTS[1], second, "at last")


# ---- kill ----


def kill_once(server, urls, number):
    """Sends to both partitions until the server is killed; gives what each sender knows."""
    seed = random.randrange(1 << 30)
    senders = [Worker((server.port, account), function, url, f"{kind}{number}", seed)
               for account, url in zip(ACCOUNTS, urls)
               for kind, function in (("a", load.send_alone), ("b", load.send_batches))]
    time.sleep(random.uniform(0.1, 0.5))
    server.kill()
    return [sender.result() for sender in senders]


def run_kills(directory, rounds, *flags):
    server = Server(directory, *SMALL, "--partitions", 2, *flags)
    acked, unknown = ([set(), set()] for _ in range(2))
    with server:
        urls = [create(server, account) for account in ACCOUNTS]
        for number in range(rounds):
            for i, known in enumerate(kill_once(server, urls, number)):
                acked[i // 2] |= set(known["acked"])
                unknown[i // 2] |= set(known["unknown"])
            server.start()
        for i, account in enumerate(ACCOUNTS):
            found = [name for name, _ in drain(Client((server.port, account)), urls[i])]
            assert len(set(found)) == len(found)
            assert acked[i] <= set(found) <= acked[i] | unknown[i]
            # A load that does nothing would prove nothing.
            assert len(acked[i]) > 5 * rounds
    print(f"{rounds} kills, {len(acked[0])} and {len(acked[1])} messages")


@pytest.mark.slow
@pytest.mark.rounds(5)
@pytest.mark.parametrize("threads", [1, 2])
def test_nothing_acknowledged_is_lost(tmp_path, threads, rounds):
    run_kills(tmp_path, rounds, "--threads", threads)


# ---- publishes that span partitions ----


class Topic:
    """A topic of the first account, and a queue of each account that gets its messages raw."""

    def __init__(self, server, is_fifo, accounts=ACCOUNTS):
        self.server, suffix = server, ".fifo" if is_fifo else ""
        self.is_fifo = is_fifo
        self.sns = server.client("sns", account=ACCOUNTS[0])
        self.arn = self.sns.create_topic(
            Name=f"t{suffix}", Attributes={"FifoTopic": "true"} if is_fifo else {})["TopicArn"]
        others = [account for account in accounts if account != ACCOUNTS[0]]
        self.sns.add_permission(TopicArn=self.arn, Label="l", AWSAccountId=others,
                                ActionName=["Subscribe"])
        self.urls = {account: self.subscribe(account, suffix) for account in accounts}

    def subscribe(self, account, suffix):
        attributes = {"Policy": POLICY} | ({"FifoQueue": "true"} if self.is_fifo else {})
        url = create(self.server, account, f"sub{suffix}", **attributes)
        self.server.client("sns", account=account).subscribe(
            TopicArn=self.arn, Protocol="sqs", Attributes={"RawMessageDelivery": "true"},
            Endpoint=f"arn:aws:sqs:us-east-1:{account}:sub{suffix}")
        return url

    def drain(self, account):
        """Names of the messages in the order of the queue."""
        return [name for name, _ in drain(Client((self.server.port, account)),
                                          self.urls[account])]

    def depth(self, account):
        found = self.server.client(account=account).get_queue_attributes(
            QueueUrl=self.urls[account], AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"])


def test_a_publish_reaches_queues_in_all_partitions_at_once(tmp_path):
    accounts = (*ACCOUNTS, "000000000002", "000000000004")
    with Server(tmp_path, *SMALL, "--partitions", 3) as server:
        topic = Topic(server, False, accounts)
        names = [f"n{i}" for i in range(20)]
        for name in names:
            topic.sns.publish(TopicArn=topic.arn, Message=load.make_body(name, 100))
            assert {topic.depth(account) for account in accounts} == {names.index(name) + 1}
        for account in accounts:
            assert sorted(topic.drain(account)) == sorted(names)
        assert server.metrics()["tern_delivery_requests_total"] == 0


def test_a_fifo_topic_keeps_the_order_in_all_partitions(tmp_path):
    with Server(tmp_path, *SMALL, "--partitions", 2) as server:
        topic = Topic(server, True)
        names = [f"{group}-{i}" for i in range(15) for group in range(2)]
        for name in names:
            for _ in range(2):  # the second is a duplicate
                topic.sns.publish(TopicArn=topic.arn, Message=load.make_body(name, 100),
                                  MessageGroupId=name[0], MessageDeduplicationId=name)
        for account in ACCOUNTS:
            eventually(lambda account=account: topic.depth(account) == len(names))
            found = topic.drain(account)
            for group in "01":
                assert [name for name in found if name[0] == group] == [
                    name for name in names if name[0] == group]
        # The gate's command has stored each message for the other partition, and no duplicate.
        assert server.metrics()["tern_delivery_requests_total"] == len(names)


def test_a_publish_to_a_full_partition_is_delivered_later(small_second):
    server = small_second
    topic = Topic(server, False)
    filled = create(server, ACCOUNTS[1], "filled")
    server.key = ACCOUNTS[1]
    fill(server, filled)
    server.key = ACCOUNTS[0]
    topic.sns.publish(TopicArn=topic.arn, Message=load.make_body("later", 100_000))
    assert topic.depth(ACCOUNTS[0]) == 1 and topic.depth(ACCOUNTS[1]) == 0
    server.client(account=ACCOUNTS[1]).purge_queue(QueueUrl=filled)
    eventually(lambda: topic.depth(ACCOUNTS[1]) == 1)
    assert topic.drain(ACCOUNTS[1]) == ["later"]


@pytest.mark.slow
@pytest.mark.rounds(3)
@pytest.mark.parametrize("is_fifo", [False, True], ids=["standard", "fifo"])
def test_an_acknowledged_publish_is_in_all_partitions(tmp_path, is_fifo, rounds):
    acked = unknown = ()
    with Server(tmp_path, *SMALL, "--partitions", 2) as server:
        topic = Topic(server, is_fifo)
        for number in range(rounds):
            publisher = Worker(server.port, publish, topic.arn, f"r{number}", is_fifo, number)
            time.sleep(random.uniform(0.2, 0.5))
            server.kill()
            known = publisher.result()
            acked, unknown = (*acked, *known["acked"]), (*unknown, *known["unknown"])
            server.start()
        assert len(acked) > 3 * rounds
        for account in ACCOUNTS:
            eventually(lambda account=account: topic.depth(account) >= len(acked))
            eventually(lambda: server.metrics()['tern_deliveries{state="due"}'] == 0)
            found = topic.drain(account)
            assert set(acked) <= set(found) <= set(acked) | set(unknown)
            if is_fifo:
                assert [name for name in found if name in set(acked)] == list(acked)
