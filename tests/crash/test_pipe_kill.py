# SPDX-License-Identifier: MIT
"""A server that is killed while a pipe moves messages: between queues each arrives exactly once."""
import collections
import json

import pytest

from ternd import eventually

TRUST = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                   "Principal": {"Service": "pipes.amazonaws.com"}}]})
ALLOW = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def arn_of(sqs, url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
        "Attributes"]["QueueArn"]


def count_of(sqs, url):
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return sum(int(attributes[name]) for name in (
        "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"))


def drain(sqs, url):
    """Bodies in the order of their arrival."""
    found = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in batch]
        sqs.delete_message_batch(QueueUrl=url, Entries=[
            {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
            for i, message in enumerate(batch)])
    return found


@pytest.mark.parametrize("is_fifo", [False, True], ids=["standard", "fifo"])
def test_each_message_arrives_once(private, is_fifo):
    rounds, messages, server = 4, 400, private()
    iam, sqs, pipes = (server.client(name) for name in ("iam", "sqs", "pipes"))
    role = iam.create_role(RoleName="pipe", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName="pipe", PolicyName="all", PolicyDocument=ALLOW)
    suffix, attributes = (".fifo", {"FifoQueue": "true"}) if is_fifo else ("", {})
    # What a killed server had received comes back soon.
    source = sqs.create_queue(QueueName="source" + suffix, Attributes={
        **attributes, "VisibilityTimeout": "2"})["QueueUrl"]
    target = sqs.create_queue(QueueName="target" + suffix, Attributes=attributes)["QueueUrl"]
    parameters = {"InputTemplate": "<$.body>"}
    if is_fifo:
        parameters["SqsQueueParameters"] = {"MessageGroupId": "$.attributes.MessageGroupId",
                                            "MessageDeduplicationId": "$.messageId"}
    pipes.create_pipe(Name="p", Source=arn_of(sqs, source), Target=arn_of(sqs, target),
                      RoleArn=role, TargetParameters=parameters, DesiredState="STOPPED")
    for start in range(0, messages, 10):
        sqs.send_message_batch(QueueUrl=source, Entries=[
            {"Id": str(n), "MessageBody": str(n), **({
                "MessageGroupId": f"g{n % 4}", "MessageDeduplicationId": str(n)}
                if is_fifo else {})} for n in range(start, start + 10)])
    pipes.start_pipe(Name="p")
    for number in range(rounds):
        wanted = messages * number // (rounds + 1)
        eventually(lambda: count_of(sqs, target) > wanted, what="messages to arrive")
        server.kill()
        server.start()
        sqs, pipes = server.client("sqs"), server.client("pipes")
    eventually(lambda: count_of(sqs, source) == 0, timeout=60, what="the source to be empty")
    found = drain(sqs, target)
    assert collections.Counter(found) == collections.Counter(map(str, range(messages)))
    for group in range(4 if is_fifo else 0):
        numbers = [int(body) for body in found if int(body) % 4 == group]
        assert numbers == sorted(numbers)
