# SPDX-License-Identifier: MIT
"""Many clients at once: each message to one, groups in order, no fault but the right one."""
import collections
import concurrent.futures
import threading

import pytest

from test_messages import bodies, counts, receive

CLIENTS = 8
MESSAGES = 1000


def at_once(*works):
    """Runs all works in threads of their own, from one moment on; their results in order."""
    start = threading.Barrier(len(works))

    def run(work):
        start.wait(30)
        return work()

    with concurrent.futures.ThreadPoolExecutor(len(works)) as pool:
        return [future.result(60) for future in [pool.submit(run, work) for work in works]]


@pytest.fixture(params=["1", "4"], ids=["one-thread", "four-threads"])
def busy(request, private):
    return private("--durability", "os", "--threads", request.param)


def consumer(sqs, url, done, total, **options):
    """A function that receives and deletes until `total` messages are in `done`."""
    lock = threading.Lock()

    def consume():
        while len(done) < total:
            messages = receive(sqs, url, MaxNumberOfMessages=10, WaitTimeSeconds=1,
                               VisibilityTimeout=600, **options)
            with lock:
                done.extend(message["Body"] for message in messages)
            if messages:
                answer = sqs.delete_message_batch(QueueUrl=url, Entries=[
                    {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
                    for i, message in enumerate(messages)])
                assert "Failed" not in answer

    return consume


def producer(sqs, url, number, group=None):
    def produce():
        for start in range(0, MESSAGES // CLIENTS, 10):
            entries = [{"Id": str(i), "MessageBody": f"{number}-{start + i}"}
                       for i in range(min(10, MESSAGES // CLIENTS - start))]
            if group:
                entries = [entry | {"MessageGroupId": group, "MessageDeduplicationId":
                                    entry["MessageBody"]} for entry in entries]
            assert "Failed" not in sqs.send_message_batch(QueueUrl=url, Entries=entries)

    return produce


def test_every_message_reaches_one_consumer(busy):
    sqs = busy.client()
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    done = []
    at_once(*[producer(sqs, url, number) for number in range(CLIENTS)],
            *[consumer(sqs, url, done, MESSAGES)] * CLIENTS)
    assert collections.Counter(done) == collections.Counter(
        f"{number}-{i}" for number in range(CLIENTS) for i in range(MESSAGES // CLIENTS))
    assert counts(sqs, url) == (0, 0, 0)


def test_groups_stay_in_order(busy):
    """Who receives a group's next message does so after the one before was deleted."""
    sqs = busy.client()
    url = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    done = []
    at_once(*[producer(sqs, url, number, f"g{number}") for number in range(CLIENTS)],
            *[consumer(sqs, url, done, MESSAGES)] * CLIENTS)
    for number in range(CLIENTS):
        mine = [int(body.split("-")[1]) for body in done if body.startswith(f"{number}-")]
        assert mine == list(range(MESSAGES // CLIENTS))


def test_a_duplicate_is_enqueued_once(busy):
    sqs = busy.client()
    url = sqs.create_queue(QueueName="q.fifo", Attributes={
        "FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
    for number in range(10):
        answers = at_once(*[lambda: sqs.send_message(
            QueueUrl=url, MessageBody=str(number), MessageGroupId="g")] * CLIENTS)
        assert len({answer["MessageId"] for answer in answers}) == 1
        assert len({answer["SequenceNumber"] for answer in answers}) == 1
    assert bodies(sqs, url, MaxNumberOfMessages=10) == [str(number) for number in range(10)]


def test_one_name_makes_one_queue(busy):
    sqs = busy.client()
    for number in range(5):
        name = f"q{number}"
        urls = at_once(*[lambda: sqs.create_queue(QueueName=name)["QueueUrl"]] * CLIENTS)
        assert len(set(urls)) == 1
        assert sqs.list_queues(QueueNamePrefix=name)["QueueUrls"] == urls[:1]


def test_one_move_task_is_started(busy):
    sqs = busy.client()
    sqs.create_queue(QueueName="dead")
    arn = "arn:aws:sqs:us-east-1:000000000000:dead"
    sqs.create_queue(QueueName="q", Attributes={
        "RedrivePolicy": '{"deadLetterTargetArn":"%s","maxReceiveCount":1}' % arn})
    for number in range(10):
        sqs.send_message(QueueUrl="dead", MessageBody=str(number))

    def start():
        try:
            return sqs.start_message_move_task(
                SourceArn=arn, MaxNumberOfMessagesPerSecond=1,
                DestinationArn=arn.replace("dead", "q"))["TaskHandle"]
        except sqs.exceptions.ClientError as error:
            assert "There is already a task running" in str(error)
            return None

    assert sum(handle is not None for handle in at_once(*[start] * CLIENTS)) == 1


def test_queues_come_and_go_under_load(busy):
    """Callers of a queue that is deleted under them are told so, and of nothing else."""
    sqs = busy.client()
    missing = sqs.exceptions.QueueDoesNotExist
    ended = threading.Event()
    served = collections.Counter()

    def user(work):
        def run():
            while not ended.is_set():
                try:
                    work()
                    served["served"] += 1
                except missing:
                    served["missing"] += 1

        return run

    def manager():
        try:
            for _ in range(30):
                sqs.create_queue(QueueName="q")
                sqs.send_message(QueueUrl="q", MessageBody="b")
                sqs.set_queue_attributes(QueueUrl="q", Attributes={"VisibilityTimeout": "1"})
                sqs.delete_queue(QueueUrl="q")
        finally:
            ended.set()

    at_once(manager, user(lambda: sqs.send_message(QueueUrl="q", MessageBody="b")),
            user(lambda: receive(sqs, "q", WaitTimeSeconds=1, MaxNumberOfMessages=10)),
            user(lambda: receive(sqs, "q", WaitTimeSeconds=20)),
            user(lambda: sqs.get_queue_attributes(QueueUrl="q", AttributeNames=["All"])),
            user(lambda: sqs.list_queues()))
    assert served["served"] and served["missing"]
    assert "QueueUrls" not in sqs.list_queues()
