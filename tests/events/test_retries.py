# SPDX-License-Identifier: MIT
"""Retry policies of targets: attempts, age, and what the dead letter says; with the test clock."""
import json

import pytest

from roles import EVENTS_TRUST, make_role
from ternd import eventually
from test_destinations import BASIC, Endpoint

ACCOUNT, REGION = "000000000000", "us-east-1"


def make_queue(server, name):
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    url = server.client("sqs").create_queue(QueueName=name, Attributes={
        "Policy": json.dumps({"Statement": [{
            "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": arn}]})})["QueueUrl"]
    return url, arn


def fail(server, arn, **retries):
    """The dead letter's attributes, after an event for that target with that RetryPolicy."""
    events, found = server.client("events"), []
    url, dead = make_queue(server, "dead")
    events.put_rule(Name="r", EventPattern='{"source":["a"]}')
    events.put_targets(Rule="r", Targets=[{
        "Id": "t", "Arn": arn, "DeadLetterConfig": {"Arn": dead}, "RetryPolicy": retries,
        **({"RoleArn": make_role(server, "r", EVENTS_TRUST)} if "api-destination" in arn else {})}])
    assert events.put_events(Entries=[
        {"Source": "a", "DetailType": "t", "Detail": "{}"}])["FailedEntryCount"] == 0

    def probe():
        server.advance(1)
        found.extend(server.client("sqs").receive_message(
            QueueUrl=url, MessageAttributeNames=["All"]).get("Messages", []))
        return found
    eventually(probe, what="a dead letter")
    return {name: value["StringValue"] for name, value in found[0]["MessageAttributes"].items()}


@pytest.fixture
def broken(private):
    """A server, an endpoint that answers with 500, and the ARN of its API destination."""
    server, endpoint = private("--durability", "memory", "--test-clock"), Endpoint()
    endpoint.answers = [500] * 1000
    events = server.client("events")
    connection = events.create_connection(Name="c", AuthorizationType="BASIC",
                                          AuthParameters=BASIC)["ConnectionArn"]
    arn = events.create_api_destination(
        Name="d", ConnectionArn=connection, HttpMethod="POST",
        InvocationEndpoint=endpoint.url)["ApiDestinationArn"]
    yield server, endpoint, arn
    endpoint.shutdown()
    endpoint.server_close()


@pytest.mark.parametrize("retries", [0, 3])
def test_attempts_end_with_the_policy(broken, retries):
    server, endpoint, arn = broken
    found = fail(server, arn, MaximumRetryAttempts=retries)
    assert found["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert found["RETRY_ATTEMPTS"] == str(retries)
    assert len(endpoint.requests) == retries + 1


def test_attempts_end_with_the_age(broken):
    server, endpoint, arn = broken
    found = fail(server, arn, MaximumEventAgeInSeconds=60)
    assert found["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    assert found["RETRY_ATTEMPTS"] == str(len(endpoint.requests) - 1)
    assert len(endpoint.requests) < 10


def test_a_queue_that_is_busy_at_once_has_no_second_attempt_without_retries(private, tmp_path):
    path = tmp_path / "tern.json"
    path.write_text(json.dumps({"throttle-rules": [
        {"actions": ["sqs:SendMessageBatch"], "rate": 0.02, "burst": 1}]}))
    server = private("--durability", "memory", "--test-clock", "--config", path)
    sqs = server.client("sqs")
    url, arn = make_queue(server, "live")
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "0", "MessageBody": "the only one"}])
    found = fail(server, arn, MaximumRetryAttempts=0)
    assert found["ERROR_CODE"] == "THROTTLING" and found["ERROR_MESSAGE"]
    assert found["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert found["RETRY_ATTEMPTS"] == "0"
    server.advance(3600)
    bodies = [one["Body"] for one in sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10)["Messages"]]
    assert bodies == ["the only one"]
