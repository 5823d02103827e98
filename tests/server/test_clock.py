# SPDX-License-Identifier: MIT
"""Somebody sets the machine's clock: what lasts a while lasts as long as it should all the same."""
import json

import pytest

from ternd import Server, eventually

HOUR_S = 3600


@pytest.fixture
def timed(tmp_path):
    with Server(tmp_path, "--test-clock") as server:
        yield server


def set_clock(server, seconds):
    """As if somebody set the machine's clock: the time base stays."""
    assert server.post("/_tern/clock", {"wall_ms": seconds * 1000}).status_code == 200


def receive(server, url, **options):
    return server.client().receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                           **options).get("Messages", [])


def queue_of(server, name, **attributes):
    return server.client().create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def send_fifo(server, url, dedup):
    return server.client().send_message(QueueUrl=url, MessageBody=dedup, MessageGroupId="g",
                                        MessageDeduplicationId=dedup)["MessageId"]


@pytest.mark.parametrize("jump_s", [-HOUR_S, HOUR_S])
def test_visibility_lasts_as_long(timed, jump_s):
    url = queue_of(timed, "q", VisibilityTimeout="30")
    timed.client().send_message(QueueUrl=url, MessageBody="x")
    assert len(receive(timed, url)) == 1
    set_clock(timed, jump_s)
    assert receive(timed, url) == []
    timed.advance(31)
    assert len(receive(timed, url)) == 1


def test_visibility_ends_after_a_restart_with_the_clock_set_back(timed):
    """The shift of the test clock ends with the process, so for the next one it was set back."""
    timed.advance(HOUR_S)
    url = queue_of(timed, "q", VisibilityTimeout="30")
    timed.client().send_message(QueueUrl=url, MessageBody="x")
    assert len(receive(timed, url)) == 1
    timed.restart()
    url = timed.client().get_queue_url(QueueName="q")["QueueUrl"]
    assert receive(timed, url) == []
    timed.advance(31)
    assert len(receive(timed, url)) == 1


def test_no_fifo_message_is_swallowed(timed):
    url = queue_of(timed, "q.fifo", FifoQueue="true")
    send_fifo(timed, url, "one")
    set_clock(timed, -HOUR_S)
    first = send_fifo(timed, url, "two")
    assert send_fifo(timed, url, "two") == first
    timed.advance(301)
    assert send_fifo(timed, url, "two") != first


def test_a_move_task_goes_on(timed):
    sqs = timed.client()
    dead = queue_of(timed, "dead")
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])[
        "Attributes"]["QueueArn"]
    url = queue_of(timed, "q", VisibilityTimeout="0", RedrivePolicy=json.dumps(
        {"deadLetterTargetArn": arn, "maxReceiveCount": 1}))
    for number in range(10):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    for _ in range(2):
        receive(timed, url)
    sqs.start_message_move_task(SourceArn=arn, MaxNumberOfMessagesPerSecond=1)
    set_clock(timed, -HOUR_S)
    timed.advance(11)
    eventually(lambda: sqs.list_message_move_tasks(SourceArn=arn)["Results"][0]["Status"]
               == "COMPLETED")


def test_move_tasks_stay_in_order(timed):
    """The last one comes first, before and after a restart."""
    sqs = timed.client()
    dead = queue_of(timed, "dead")
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])[
        "Attributes"]["QueueArn"]
    queue_of(timed, "q", RedrivePolicy=json.dumps(
        {"deadLetterTargetArn": arn, "maxReceiveCount": 1}))

    def rates(server):
        tasks = server.client().list_message_move_tasks(SourceArn=arn, MaxResults=10)["Results"]
        return [task["MaxNumberOfMessagesPerSecond"] for task in tasks
                if task["Status"] == "COMPLETED"]

    for rate in (1, 2, 3):
        sqs.start_message_move_task(SourceArn=arn, MaxNumberOfMessagesPerSecond=rate)
        timed.advance(2)
        eventually(lambda: rates(timed)[:1] == [rate])
        set_clock(timed, -HOUR_S)
    assert rates(timed.restart()) == [3, 2, 1]


def test_a_purged_queue_can_be_purged_again(timed):
    url = queue_of(timed, "q")
    timed.client().purge_queue(QueueUrl=url)
    set_clock(timed, -HOUR_S)
    timed.advance(61)
    timed.client().purge_queue(QueueUrl=url)


def test_dates_follow_the_clock(timed):
    url = queue_of(timed, "q")
    before = timed.get("/_tern/clock").json()["now_ms"]
    set_clock(timed, -HOUR_S)
    timed.client().send_message(QueueUrl=url, MessageBody="x")
    [message] = receive(timed, url, MessageSystemAttributeNames=["All"])
    for name in ("SentTimestamp", "ApproximateFirstReceiveTimestamp"):
        age_ms = before - int(message["Attributes"][name])
        assert HOUR_S * 1000 - 60000 < age_ms <= HOUR_S * 1000, name
