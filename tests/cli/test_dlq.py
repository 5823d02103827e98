# SPDX-License-Identifier: MIT
"""tern dlq: finding dead letters, looking at them, moving them back."""
import json
import signal

import pytest

from ternd import eventually


@pytest.fixture
def dead(sqs, name):
    """A source and its dead-letter queue with three messages, of bodies 0 to 2."""
    dlq = sqs.create_queue(QueueName=name + "-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dlq, AttributeNames=["QueueArn"])["Attributes"]
    source = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": 1})})["QueueUrl"]
    for number in range(3):
        sqs.send_message(QueueUrl=source, MessageBody=str(number))
    for _ in range(2):
        sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=10, VisibilityTimeout=0)
    assert count(sqs, dlq) == 3
    return source, dlq


def count(sqs, url, kind=""):
    name = "ApproximateNumberOfMessages" + kind
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def test_ls_shows_sources_and_depth(tern, dead, name):
    row, = tern.json("dlq", "ls", name + "-dead")
    assert row == {
        "DeadLetterQueueName": name + "-dead", "ApproximateNumberOfMessages": 3,
        "SourceQueueName": name, "maxReceiveCount": 1, "SourceQueueUrl": dead[0],
        "deadLetterTargetArn": f"arn:aws:sqs:us-east-1:000000000000:{name}-dead"}
    assert row in tern.json("dlq", "ls")
    assert tern.lines("dlq", "ls", dead[1])[1].split() == [name + "-dead", "3", name, "1"]
    assert tern.json("dlq", "ls", name) == []


def test_peek_changes_nothing(tern, sqs, dead, name):
    for _ in range(2):
        messages = tern.json("dlq", "peek", name + "-dead")
        assert [message["Body"] for message in messages] == ["0", "1", "2"]
        assert {message["Attributes"]["ApproximateReceiveCount"] for message in messages} == {"1"}
    title, *rows = tern.lines("dlq", "peek", name + "-dead", "--max", 2)
    assert title.split()[-1] == "BODY"
    assert [row.split()[3] for row in rows] == [name, name]
    assert tern.lines("dlq", "peek", name + "-dead", "--body") == ["0", "1", "2"]
    assert count(sqs, dead[1]) == 3


def test_peek_shows_messages_in_flight_and_pages(tern, sqs, queue, name):
    for number in range(130):
        sqs.send_message(QueueUrl=queue, MessageBody=str(number))
    sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    bodies = tern.lines("dlq", "peek", name, "--body", "--max", 1000)
    assert sorted(map(int, bodies)) == list(range(130))
    assert len(tern.lines("dlq", "peek", name, "--body", "--max", 105)) == 105
    assert len(tern.lines("dlq", "peek", name, "--body")) == 10


def test_peek_shortens_bodies_and_hides_control_characters(tern, sqs, queue, name):
    sqs.send_message(QueueUrl=queue, MessageBody="two\nlines\tand " + "é" * 100)
    body = tern.lines("dlq", "peek", name)[1].rsplit("  ", 1)[-1]
    assert body == "two?lines?and " + "é" * 43 + "..."


def message(number, count=1):
    return {"MessageId": f"id-{number}", "ReceiptHandle": "h", "Body": str(number),
            "Attributes": {"ApproximateReceiveCount": str(count)}}


def test_peek_elsewhere_receives_with_no_timeout(bare, endpoint):
    endpoint.answer("not here", status=404)
    endpoint.answer({"Messages": [message(1), message(2)]})
    endpoint.answer({"Messages": [message(2, 2), message(3)]})
    endpoint.answer({"Messages": [message(1, 3)]})
    result = bare("dlq", "peek", "http://x/123456789012/q", "--body", "--endpoint-url",
                  endpoint.url)
    assert result.stdout == "1\n2\n3\n"
    assert "receive counts grow" in result.stderr
    assert endpoint.requests[0][1].startswith("/_tern/queues/123456789012/q/messages?")
    received = [json.loads(body) for _, _, _, body in endpoint.requests[1:]]
    assert {request["VisibilityTimeout"] for request in received} == {0}


def test_redrive_moves_all_back(tern, sqs, dead, name):
    assert tern.lines("dlq", "redrive", name + "-dead") == ["3 messages moved"]
    assert (count(sqs, dead[0]), count(sqs, dead[1])) == (3, 0)
    task, = tern.json("dlq", "redrive", name + "-dead", "--status")
    assert task["Status"] == "COMPLETED"
    assert task["ApproximateNumberOfMessagesMoved"] == 3
    assert task["SourceArn"].endswith(f":{name}-dead")


def test_redrive_draws_a_bar_on_a_terminal(tern, dead, name):
    text = tern.on_terminal("dlq", "redrive", name + "-dead", NO_COLOR="1")
    assert "\r[##############################] 3 of 3 " in text
    assert text.endswith("3 messages moved\r\n")


def test_redrive_moves_to_another_queue(tern, sqs, dead, name):
    tern("queue", "create", name + "-slow")
    done, = tern.json("dlq", "redrive", dead[1], "--to", name + "-slow")
    assert done["DestinationArn"].endswith(f":{name}-slow")
    assert count(sqs, dead[1].replace("-dead", "-slow")) == 3


def test_redrive_is_left_and_cancelled(tern, sqs, dead, name):
    tern("dlq", "redrive", name + "-dead", "--rate", 1, "--no-wait")
    assert tern.json("dlq", "redrive", name + "-dead", "--status")[0]["Status"] == "RUNNING"
    assert "cancelled after" in tern("dlq", "redrive", name + "-dead", "--cancel").stdout
    eventually(lambda: tern.json("dlq", "redrive", name + "-dead", "--status")[0]["Status"] ==
               "CANCELLED", what="the task is cancelled")
    assert "no task is running" in tern(
        "dlq", "redrive", name + "-dead", "--cancel", code=1).stderr
    assert count(sqs, dead[1]) > 0


def test_redrive_goes_on_when_it_is_interrupted(tern, sqs, dead, name):
    process = tern.start("dlq", "redrive", name + "-dead", "--rate", "1")
    eventually(lambda: tern.json("dlq", "redrive", name + "-dead", "--status"),
               what="the task runs")
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert f"tern dlq redrive {name}-dead --cancel" in errors
    assert tern.json("dlq", "redrive", name + "-dead", "--status")[0]["Status"] == "RUNNING"
    tern("dlq", "redrive", name + "-dead", "--cancel")


def test_redrive_says_why_it_cannot(tern, queue, name):
    assert "ResourceNotFoundException" in tern("dlq", "redrive", name, code=1).stderr or \
        "InvalidParameterValue" in tern("dlq", "redrive", name, code=1).stderr
    assert "stand alone" in tern("dlq", "redrive", name, "--status", "--cancel", code=2).stderr
    assert "stand alone" in tern("dlq", "redrive", name, "--status", "--rate", 1, code=2).stderr
    assert "1 to 500" in tern("dlq", "redrive", name, "--rate", 501, code=2).stderr
