# SPDX-License-Identifier: MIT
"""A full disk: what frees space works on, the rest gets a clear fault, and all recovers."""
import errno

import botocore.exceptions
import pytest

from test_damage import create, drain, fill, receive, refusal, send, status
from ternd import eventually

TEXT = "disk is full"
RECEIVES = 1000


def outcome(call, **arguments):
    """The status of the answer; a refusal must say that the disk is full."""
    try:
        return call(**arguments)["ResponseMetadata"]["HTTPStatusCode"]
    except botocore.exceptions.ClientError as error:
        answer = error.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 503, answer
        assert TEXT in answer["Error"]["Message"], answer
        return 503


def receive_often(server, url, times):
    """Receives and gives back; an answer without a message is a lie."""
    refused = 0
    for _ in range(times):
        try:
            answer = server.client().receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        except botocore.exceptions.ClientError as error:
            assert TEXT in error.response["Error"]["Message"]
            refused += 1
            continue
        assert answer.get("Messages")
    return refused


@pytest.mark.parametrize("ends", ["restart", "kill"])
def test_a_full_disk_recovers_after_starts_and_receives(small, ends):
    url = create(small)
    bodies = fill(small, url)
    for _ in range(5):
        if ends == "kill":
            small.kill()
            small.start()
        else:
            small.restart()
        assert receive_often(small, url, RECEIVES // 5) < RECEIVES // 50
        assert status(small) == "disk-full"
    message, = receive(small, url, 1)
    small.client().delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    bodies.remove(message["Body"])
    other = create_or_refuse(small, "other")
    if other:
        small.client().delete_queue(QueueUrl=other)
    assert sorted(drain(small, url)) == sorted(bodies)
    eventually(lambda: status(small) == "ok", 20, "the disk has room again")
    assert len(fill(small, url)) >= len(bodies) // 2


def create_or_refuse(server, name):
    try:
        return create(server, name)
    except botocore.exceptions.ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        assert TEXT in error.response["Error"]["Message"]
        return None


@pytest.mark.parametrize("frees", ["purge", "delete"])
def test_purging_and_deleting_a_queue_make_room(small, frees):
    url, other = create(small), create(small, "other")
    fill(small, url)
    for _ in range(3):
        small.restart()
        receive_often(small, url, 100)
    if frees == "purge":
        small.client().purge_queue(QueueUrl=url)
    else:
        small.client().delete_queue(QueueUrl=url)
    eventually(lambda: status(small) == "ok", 20, "the disk has room again")
    small.client().send_message(QueueUrl=other, MessageBody="goes on")


def test_not_a_byte_free_and_queues_can_still_be_deleted(small):
    urls = [create(small, f"q{i}") for i in range(20)]
    fill(small, urls[0])
    filler = small.data / "filler"
    with open(filler, "wb", buffering=0) as file:
        for size in (1 << 20, 4096, 512, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass
    # Whatever would grow is refused with that fault or done, and nothing else happens.
    for i in range(300):
        outcome(small.client().create_queue, QueueName=f"new{i}", Attributes={
            "Policy": policy(i)})
        outcome(small.client().set_queue_attributes, QueueUrl=urls[1 + i % 19],
                Attributes={"Policy": policy(i)})
    assert outcome(small.client().create_queue, QueueName="one-more",
                   Attributes={"Policy": policy(0)}) == 503
    assert outcome(small.client("iam").create_user, UserName="somebody") in (200, 503)
    for url in urls[1:]:
        small.client().delete_queue(QueueUrl=url)
    small.client().delete_queue(QueueUrl=urls[0])
    filler.unlink()
    eventually(lambda: status(small) == "ok", 20, "the disk has room again")
    create(small, "at-last")


def test_a_sync_that_lacks_room_is_final(failing):
    url = create(failing)
    send(failing, url, "before")
    # Room was allocated before: what the sync has no room for is lost.
    failing.fail(f"fdatasync {errno.ENOSPC}")
    assert refusal(send, failing, url, "during")[0] == 503
    failing.fail("")
    assert refusal(send, failing, url, "after")[0] == 503
    health = failing.get("/_tern/health")
    assert (health.status_code, health.json()["status"]) == (503, "failed")


def policy(number):
    statements = ",".join(
        '{"Sid":"s%d-%d","Effect":"Allow","Principal":"*","Action":"sqs:SendMessage",'
        '"Resource":"*"}' % (number, i) for i in range(20))
    return '{"Version":"2012-10-17","Statement":[%s]}' % statements
