# SPDX-License-Identifier: MIT
"""tern pipe, seen through boto3."""
import pytest

from ternd import eventually


@pytest.fixture
def role(tern, name):
    return tern.lines("role", "create", name, "--trust", "pipes.amazonaws.com")[0]


def bodies(sqs, url, count):
    found = []

    def probe():
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
                "Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(message["Body"])
        return len(found) >= count
    eventually(probe, what=f"{count} messages")
    return sorted(found)


def test_pipes_are_made_changed_and_removed(tern, pipes, sqs, queue, name, role):
    target = sqs.create_queue(QueueName=name + "-target")["QueueUrl"]
    arn, = tern.lines("pipe", "create", name, name, name + "-target", "--role", role,
                      "--filter", '{"body":{"n":[1,2]}}', "--template", "<$.body.n>",
                      "--batch", 5, "--stopped")
    shown = pipes.describe_pipe(Name=name)
    assert (shown["Arn"], shown["CurrentState"]) == (arn, "STOPPED")
    assert shown["SourceParameters"] == {
        "FilterCriteria": {"Filters": [{"Pattern": '{"body":{"n":[1,2]}}'}]},
        "SqsQueueParameters": {"BatchSize": 5}}
    assert tern.json("pipe", "show", name)[0]["Name"] == name
    row, = tern.json("pipe", "ls", name)
    assert (row["Name"], row["CurrentState"]) == (name, "STOPPED")
    for number in (1, 3, 2):
        tern("send", name, '{"n":%d}' % number)
    tern("pipe", "start", name)
    assert bodies(sqs, target, 2) == ["1", "2"]
    tern("pipe", "set", name, "--template", "new <$.body>", "--filter", "")
    tern("send", name, "any")
    assert bodies(sqs, target, 1) == ["new any"]
    tern("pipe", "stop", name)
    assert pipes.describe_pipe(Name=name)["CurrentState"] == "STOPPED"
    assert "--role" in tern("pipe", "create", name, name, name + "-target", code=2).stderr
    tern("pipe", "rm", name)
    assert tern.json("pipe", "ls", name) == []
