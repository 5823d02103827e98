# SPDX-License-Identifier: MIT
"""KMS keys of schedules: the input of the target is sealed on disk."""
import json

import pytest

from roles import ALLOW, TRUST, make_role
from scheduler_clients import OFF, make_queue
from ternd import eventually

SECRET = "rosebud-1234567890"


@pytest.fixture
def own(private):
    return private("--durability", "os", "--test-clock")


@pytest.fixture
def key(own):
    return own.client("kms").create_key()["KeyMetadata"]["Arn"]


def create(server, key, role, arn, name="s", **target):
    server.client("scheduler").create_schedule(
        Name=name, ScheduleExpression="rate(1 hour)", FlexibleTimeWindow=OFF, KmsKeyArn=key,
        Target={"Arn": arn, "RoleArn": role, "Input": SECRET, **target})


def receive(server, url):
    found = []

    def probe():
        found.extend(server.client("sqs").receive_message(
            QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=1).get("Messages", []))
        return found
    eventually(probe, what="a message")
    server.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=found[0]["ReceiptHandle"])
    return found[0]


def test_the_input_is_sealed_and_delivered(own, key):
    url, arn = make_queue(own, "q")
    create(own, key, make_role(own, "r"), arn)
    assert receive(own, url)["Body"] == SECRET
    own.client("sqs").purge_queue(QueueUrl=url)
    shown = own.client("scheduler").get_schedule(Name="s")
    assert shown["Target"]["Input"] == SECRET and shown["KmsKeyArn"] == key
    own.stop()
    for path in (own.data / "catalog").rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
    own.start()
    own.advance(3600)
    assert receive(own, url)["Body"] == SECRET
    own.client("scheduler").update_schedule(
        Name="s", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow=OFF,
        Target={**shown["Target"], "Input": "clear"})
    assert own.client("scheduler").get_schedule(Name="s")["Target"]["Input"] == "clear"
    own.advance(3600)
    assert receive(own, url)["Body"] == "clear"


def test_a_disabled_key_delays_deliveries(own, key, refuses):
    kms, (url, arn) = own.client("kms"), make_queue(own, "q")
    create(own, key, make_role(own, "r"), arn)
    assert receive(own, url)["Body"] == SECRET
    kms.disable_key(KeyId=key)
    with refuses("ValidationException"):
        own.client("scheduler").get_schedule(Name="s")
    with refuses("ValidationException"):
        create(own, key, make_role(own, "r2"), arn, name="s2")
    own.advance(3600)
    eventually(lambda: any("is disabled" in one.get("problem", "") for one in
                           own.get("/_tern/deliveries").json()["deliveries"]),
               what="a delivery that waits for the key")
    kms.enable_key(KeyId=key)
    own.advance(10)
    assert receive(own, url)["Body"] == SECRET


def test_a_key_that_stays_disabled_leaves_a_dead_letter_without_input(own, key):
    (url, arn), (dead, dead_arn) = make_queue(own, "q"), make_queue(own, "dead")
    create(own, key, make_role(own, "r"), arn, DeadLetterConfig={"Arn": dead_arn},
           RetryPolicy={"MaximumEventAgeInSeconds": 60})
    assert receive(own, url)["Body"] == SECRET
    own.client("kms").disable_key(KeyId=key)
    own.advance(3600)
    eventually(lambda: own.get("/_tern/deliveries").json()["deliveries"], what="a delivery")
    own.advance(120)
    message = receive(own, dead)
    attributes = {name: one["StringValue"] for name, one in message["MessageAttributes"].items()}
    assert message["Body"] == "{}" and attributes["IS_PAYLOAD_TRUNCATED"] == "true"
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"


def test_the_role_needs_decrypt(private, refuses):
    server = private("--durability", "memory", "--test-clock", "--auth", "required")
    server.read_credential()
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}
    role = make_role(server, "weak", TRUST, policy)
    key = server.client("kms").create_key()["KeyMetadata"]["Arn"]
    url, arn = make_queue(server, "q")
    create(server, key, role, arn)
    server.advance(10)
    assert "Messages" not in server.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=2)
    server.client("iam").put_role_policy(RoleName="weak", PolicyName="all",
                                         PolicyDocument=json.dumps(ALLOW))
    server.advance(10)
    assert receive(server, url)["Body"] == SECRET
