# SPDX-License-Identifier: MIT
"""Who may: policies of users, keys of KMS, resource policies, other accounts."""
import json
import sys
import time

import botocore.exceptions
import pytest

from ternd import ROOT, Server

sys.path.insert(0, str(ROOT / "tests/security"))
from callers import World  # noqa: E402


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("logs"), "--auth", "required") as server:
        yield World(server)


def outcome(call, **members):
    try:
        call(**members)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"


def event(text="m"):
    return [{"timestamp": int(time.time() * 1000), "message": text}]


def make(logs, group, **members):
    logs.create_log_group(logGroupName=group, **members)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    return {"logGroupName": group, "logStreamName": "s"}


def test_policies_name_groups_and_streams(world):
    root = world.root.client("logs")
    one, other = make(root, "/one/a"), make(root, "/two/a")
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:/one/*"
    user = world.user(None, {"Effect": "Allow", "Action": "logs:*", "Resource": arn}).client("logs")
    assert outcome(user.put_log_events, **one, logEvents=event()) == "allowed"
    assert outcome(user.put_log_events, **other, logEvents=event()) == "AccessDeniedException"
    assert outcome(user.get_log_events, **other) == "AccessDeniedException"
    assert outcome(user.filter_log_events, logGroupName="/one/a") == "allowed"
    assert outcome(user.filter_log_events, logGroupName="/one/none") == "ResourceNotFoundException"
    assert outcome(user.filter_log_events, logGroupName="/none") == "AccessDeniedException"
    assert outcome(user.describe_log_groups) == "AccessDeniedException"
    stream = "arn:aws:logs:us-east-1:000000000000:log-group:/two/a:log-stream:s"
    user = world.user(None, {"Effect": "Allow", "Action": "logs:PutLogEvents",
                             "Resource": stream}).client("logs")
    assert outcome(user.put_log_events, **other, logEvents=event()) == "allowed"
    assert outcome(user.put_log_events, **one, logEvents=event()) == "AccessDeniedException"


def test_tags_are_conditions(world):
    root = world.root.client("logs")
    one = make(root, "/tagged/a", tags={"team": "x"})
    other = make(root, "/tagged/b", tags={"team": "y"})
    user = world.user(None, {
        "Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/team": "x"}}}).client("logs")
    assert outcome(user.put_log_events, **one, logEvents=event()) == "allowed"
    assert outcome(user.put_log_events, **other, logEvents=event()) == "AccessDeniedException"


def test_another_account_sees_nothing(world):
    make(world.root.client("logs"), "/mine")
    other = world.other_root.client("logs")
    assert other.describe_log_groups()["logGroups"] == []
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:/mine"
    assert outcome(other.filter_log_events, logGroupIdentifier=arn) == "ResourceNotFoundException"
    assert outcome(other.list_tags_for_resource, resourceArn=arn) == "AccessDeniedException"
    make(other, "/mine")
    other.put_log_events(logGroupName="/mine", logStreamName="s", logEvents=event("theirs"))
    assert world.root.client("logs").filter_log_events(logGroupName="/mine")["events"] == []


def key_policy(allowed):
    statements = [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
                   "Action": "kms:*", "Resource": "*"}]
    if allowed:
        statements.append({
            "Effect": "Allow", "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
            "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn":
                                      "arn:aws:logs:us-east-1:000000000000:log-group:/sealed/*"}}})
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_events_are_sealed_under_the_key_of_the_group(world):
    logs, kms = world.root.client("logs"), world.root.client("kms")
    closed = kms.create_key(Policy=key_policy(False))["KeyMetadata"]["Arn"]
    assert outcome(logs.create_log_group, logGroupName="/sealed/a",
                   kmsKeyId=closed) == "InvalidParameterException"
    key = kms.create_key(Policy=key_policy(True))["KeyMetadata"]["Arn"]
    assert outcome(logs.create_log_group, logGroupName="/elsewhere",
                   kmsKeyId=key) == "InvalidParameterException"
    assert outcome(logs.create_log_group, logGroupName="/sealed/a",
                   kmsKeyId=key + "0") == "InvalidParameterException"
    stream = make(logs, "/sealed/a", kmsKeyId=key)
    assert logs.describe_log_groups(logGroupNamePrefix="/sealed/")["logGroups"][0][
        "kmsKeyId"] == key
    logs.put_log_events(**stream, logEvents=event("sealed text"))
    logs.put_log_events(**stream, logEvents=event("x" * 200000))
    found = logs.get_log_events(**stream)["events"]
    assert [len(one["message"]) for one in found] == [11, 200000]
    kms.disable_key(KeyId=key)
    assert outcome(logs.get_log_events, **stream) == "InvalidParameterException"
    assert outcome(logs.put_log_events, **stream,
                   logEvents=event()) == "InvalidParameterException"
    kms.enable_key(KeyId=key)
    logs.disassociate_kms_key(logGroupName="/sealed/a")
    logs.put_log_events(**stream, logEvents=event("open"))
    assert len(logs.get_log_events(**stream)["events"]) == 3
    logs.associate_kms_key(logGroupName="/sealed/a", kmsKeyId=key)


def test_sealed_events_survive_a_restart(private):
    server = private()
    logs, kms = server.client("logs"), server.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    stream = make(logs, "g", kmsKeyId=key)
    for i in range(3):
        logs.put_log_events(**stream, logEvents=event(f"text {i}"))
    for _ in range(2):
        server.kill()
        server.start()
        logs = server.client("logs")
        assert [one["message"] for one in logs.filter_log_events(logGroupName="g")["events"]] == [
            "text 0", "text 1", "text 2"]
    server.client("kms").disable_key(KeyId=key)
    assert outcome(logs.filter_log_events, logGroupName="g") == "InvalidParameterException"
