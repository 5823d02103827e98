# SPDX-License-Identifier: MIT
"""KMS keys of buses, archives and connections: what waits on disk is sealed under them."""
import datetime
import json
import sys
import time

import pytest

from roles import EVENTS_TRUST, make_role
from ternd import ROOT, eventually
from test_destinations import BASIC, Endpoint, let_events_send

sys.path.insert(0, str(ROOT / "tests" / "security"))
from callers import OWN, World  # noqa: E402

ACCOUNT, REGION, SECRET = OWN, "us-east-1", "rosebud-1234567890"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/b"
USE = ["kms:GenerateDataKey", "kms:Decrypt"]


@pytest.fixture
def own(private):
    """A server of one's own."""
    return private("--durability", "os")


@pytest.fixture
def root(private):
    """The root user of a server that evaluates policies."""
    return World(private("--auth", "required", "--durability", "memory",
                         "--deliver-to", "any")).root


@pytest.fixture
def endpoint():
    made = Endpoint()
    yield made
    made.shutdown()
    made.server_close()


def make_key(server, *statements):
    """The id of a key that EventBridge may use for the bus, or as the statements say."""
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
           "Action": "kms:*", "Resource": "*"}
    use = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": USE,
           "Resource": "*", "Condition": {"StringEquals": {
               "aws:SourceArn": BUS, "aws:SourceAccount": ACCOUNT,
               "kms:EncryptionContext:aws:events:event-bus:arn": BUS}}}
    return server.client("kms").create_key(Policy=json.dumps({
        "Version": "2012-10-17",
        "Statement": [own, *(statements or [use])]}))["KeyMetadata"]["KeyId"]


def make_queue(server, name):
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    let_events_send(sqs, url, arn)
    return url, arn


def make_destination(server, endpoint, name="d", **connection):
    events = server.client("events")
    made = events.create_connection(Name=name, AuthorizationType="BASIC", AuthParameters={
        "BasicAuthParameters": {"Username": "user", "Password": SECRET}}, **connection)
    return events.create_api_destination(
        Name=name, ConnectionArn=made["ConnectionArn"], HttpMethod="POST",
        InvocationEndpoint=endpoint.url + "/in")["ApiDestinationArn"]


def route(server, bus, arn, **target):
    events = server.client("events")
    events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source":["a"]}')
    role = {"RoleArn": make_role(server, "role", EVENTS_TRUST)} if ":events:" in arn else {}
    answer = events.put_targets(Rule="r", EventBusName=bus,
                                Targets=[{"Id": "t", "Arn": arn, **role, **target}])
    assert answer["FailedEntryCount"] == 0


def put(server, bus, detail=SECRET):
    answer = server.client("events").put_events(Entries=[{
        "Source": "a", "DetailType": "t", "EventBusName": bus,
        "Detail": json.dumps({"text": detail})}])
    assert answer["FailedEntryCount"] == 0
    return answer["Entries"][0]["EventId"]


def receive(server, url):
    """The next message."""
    found = []

    def probe():
        found.extend(server.client("sqs").receive_message(
            QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=1).get("Messages", []))
        return found
    eventually(probe, what="a message")
    return found[0]


def waiting(server):
    return server.get("/_tern/deliveries").json()["deliveries"]


def assert_not_on_disk(server, text):
    """Stops the server and reads its files; starts it again."""
    server.stop()
    for path in server.data.rglob("*"):
        assert not path.is_file() or text.encode() not in path.read_bytes(), path
    server.start()


# ---- buses ----

def test_a_waiting_event_is_sealed_and_waits_for_a_disabled_key(own, endpoint):
    key = make_key(own)
    own.client("events").create_event_bus(Name="b", KmsKeyIdentifier=key)
    endpoint.answers = [500]
    route(own, "b", make_destination(own, endpoint))
    put(own, "b")
    eventually(lambda: endpoint.requests, what="an attempt")
    own.client("kms").disable_key(KeyId=key)
    eventually(lambda: any("is disabled" in one.get("problem", "") for one in waiting(own)),
               what="a delivery that waits for the key")
    assert len(endpoint.requests) == 1
    assert_not_on_disk(own, SECRET)
    own.client("kms").enable_key(KeyId=key)
    eventually(lambda: len(endpoint.requests) > 1, what="the next attempt")
    assert json.loads(endpoint.requests[1][2])["detail"] == {"text": SECRET}


def test_a_key_policy_that_is_revoked_stops_deliveries(root, endpoint):
    own, key = root, make_key(root)
    own.client("events").create_event_bus(Name="b", KmsKeyIdentifier=key)
    endpoint.answers = [500]
    route(own, "b", make_destination(own, endpoint))
    put(own, "b")
    eventually(lambda: endpoint.requests, what="an attempt")
    kms = own.client("kms")
    policy = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps({
        "Version": "2012-10-17", "Statement": json.loads(policy)["Statement"][:1]}))
    time.sleep(4)  # the next attempt is due after 0.5 to 1.5 s
    assert len(endpoint.requests) == 1
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    eventually(lambda: len(endpoint.requests) > 1, what="the next attempt")


def test_an_event_that_cannot_be_sealed_goes_to_the_dead_letters_of_the_bus(own):
    key, (url, arn) = make_key(own), make_queue(own, "dead")
    live, live_arn = make_queue(own, "live")
    events, kms = own.client("events"), own.client("kms")
    events.create_event_bus(Name="b", KmsKeyIdentifier=key, DeadLetterConfig={"Arn": arn})
    route(own, "b", live_arn)
    kms.disable_key(KeyId=key)
    id_ = put(own, "b")
    message = receive(own, url)
    assert json.loads(message["Body"])["id"] == id_
    attributes = {name: one["StringValue"] for name, one in message["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == "SDK_CLIENT_ERROR"
    assert attributes["ERROR_MESSAGE"].endswith("is disabled.")
    assert "Messages" not in own.client("sqs").receive_message(QueueUrl=live)
    kms.enable_key(KeyId=key)
    id_ = put(own, "b")
    assert json.loads(receive(own, live)["Body"])["id"] == id_


def test_the_key_must_allow_eventbridge_for_the_bus(root):
    own, events = root, root.client("events")
    (url, arn), (_, live_arn) = make_queue(own, "dead"), make_queue(own, "live")
    key = make_key(own, {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                         "Action": USE, "Resource": "*",
                         "Condition": {"ArnEquals": {"aws:SourceArn": BUS + "x"}}})
    events.create_event_bus(Name="b", KmsKeyIdentifier=key, DeadLetterConfig={"Arn": arn})
    route(own, "b", live_arn)
    put(own, "b")
    attributes = receive(own, url)["MessageAttributes"]
    assert attributes["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert "kms:GenerateDataKey" in attributes["ERROR_MESSAGE"]["StringValue"]


def test_an_event_is_not_accepted_while_the_dead_letters_are_busy(private, tmp_path):
    path = tmp_path / "tern.json"
    path.write_text(json.dumps({"throttle-rules": [
        {"actions": ["sqs:SendMessage", "sqs:SendMessageBatch"], "rate": 0.02, "burst": 1}]}))
    server = private("--durability", "memory", "--config", path)
    key, (url, arn) = make_key(server), make_queue(server, "dead")
    events, sqs = server.client("events"), server.client("sqs")
    events.create_event_bus(Name="b", KmsKeyIdentifier=key, DeadLetterConfig={"Arn": arn})
    server.client("kms").disable_key(KeyId=key)
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "0", "MessageBody": "the only one"}])
    answer = events.put_events(Entries=[{
        "Source": "a", "DetailType": "t", "EventBusName": "b", "Detail": "{}"}])
    assert answer["Entries"][0]["ErrorCode"] == "InternalFailure"
    assert waiting(server) == []


@pytest.mark.parametrize("kind", ["bus", "archive", "connection"])
def test_a_key_is_checked(own, refuses, kind):
    events, missing = own.client("events"), "00000000-0000-4000-8000-000000000000"

    def make(key):
        if kind == "bus":
            events.create_event_bus(Name="x", KmsKeyIdentifier=key)
        elif kind == "archive":
            events.create_archive(ArchiveName="x", KmsKeyIdentifier=key, EventSourceArn=(
                f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"))
        else:
            events.create_connection(Name="x", AuthorizationType="BASIC", AuthParameters=BASIC,
                                     KmsKeyIdentifier=key)
    with refuses("ResourceNotFoundException"):
        make(missing)
    with refuses("AccessDeniedException"):
        make(f"arn:aws:kms:{REGION}:111122223333:key/{missing}")
    key = make_key(own)
    own.client("kms").disable_key(KeyId=key)
    with refuses("InvalidStateException"):
        make(key)
    own.client("kms").enable_key(KeyId=key)
    make(key)


# ---- archives ----

def test_an_archive_is_sealed_and_a_replay_waits_for_a_disabled_key(own):
    events, kms, key = own.client("events"), own.client("kms"), make_key(own)
    bus = events.create_event_bus(Name="b")["EventBusArn"]
    archive = events.create_archive(ArchiveName="a", EventSourceArn=bus,
                                    KmsKeyIdentifier=key)["ArchiveArn"]
    for n in range(3):
        put(own, "b", f"{SECRET} {n}")
    assert events.describe_archive(ArchiveName="a")["EventCount"] == 3
    assert_not_on_disk(own, SECRET)
    events, kms = own.client("events"), own.client("kms")
    url, arn = make_queue(own, "replayed")
    route(own, "b", arn)
    kms.disable_key(KeyId=key)
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    events.start_replay(ReplayName="r", EventSourceArn=archive, Destination={"Arn": bus},
                        EventStartTime=now - hour, EventEndTime=now + hour)
    eventually(lambda: "is disabled" in events.describe_replay(
        ReplayName="r").get("StateReason", ""), what="a replay that waits")
    assert events.describe_replay(ReplayName="r")["State"] == "RUNNING"
    kms.enable_key(KeyId=key)
    eventually(lambda: events.describe_replay(ReplayName="r")["State"] == "COMPLETED",
               what="the end of the replay")
    details = set()
    while len(details) < 3:
        message = receive(own, url)
        details.add(json.loads(message["Body"])["detail"]["text"])
        own.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert details == {f"{SECRET} {n}" for n in range(3)}


def test_a_page_is_not_sent_again_for_one_event(private, tmp_path):
    """Events go to a queue that takes two of them for now."""
    path = tmp_path / "tern.json"
    path.write_text(json.dumps({"throttle-rules": [
        {"actions": ["sqs:SendMessage", "sqs:SendMessageBatch"], "rate": 0.02, "burst": 2}]}))
    server = private("--durability", "memory", "--config", path, "--test-clock")
    key, (url, arn) = make_key(server), make_queue(server, "dead")
    events, sqs = server.client("events"), server.client("sqs")
    bus = events.create_event_bus(Name="b")["EventBusArn"]
    archive = events.create_archive(ArchiveName="a", EventSourceArn=bus)["ArchiveArn"]
    ids = {put(server, "b") for _ in range(5)}
    events.update_event_bus(Name="b", KmsKeyIdentifier=key, DeadLetterConfig={"Arn": arn})
    server.client("kms").disable_key(KeyId=key)
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    events.start_replay(ReplayName="r", EventSourceArn=archive, Destination={"Arn": bus},
                        EventStartTime=now - hour, EventEndTime=now + hour)

    def probe():
        server.advance(60)
        return events.describe_replay(ReplayName="r")["State"] == "COMPLETED"
    eventually(probe, what="the end of the replay")
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                          VisibilityTimeout=40000).get("Messages"):
        found += [json.loads(one["Body"])["id"] for one in messages]
    assert len(found) == 5 and set(found) == ids


def test_a_waiting_replay_can_be_cancelled(own):
    events, key = own.client("events"), make_key(own)
    bus = events.create_event_bus(Name="b")["EventBusArn"]
    archive = events.create_archive(ArchiveName="a", EventSourceArn=bus,
                                    KmsKeyIdentifier=key)["ArchiveArn"]
    put(own, "b")
    own.client("kms").disable_key(KeyId=key)
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    events.start_replay(ReplayName="r", EventSourceArn=archive, Destination={"Arn": bus},
                        EventStartTime=now - hour, EventEndTime=now + hour)
    eventually(lambda: events.describe_replay(ReplayName="r").get("StateReason"),
               what="a replay that waits")
    events.cancel_replay(ReplayName="r")
    eventually(lambda: events.describe_replay(ReplayName="r")["State"] == "CANCELLED",
               what="the end of the replay")


def test_an_archive_that_cannot_be_sealed_leaves_a_dead_letter(own):
    events, key, (url, arn) = own.client("events"), make_key(own), make_queue(own, "dead")
    bus = events.create_event_bus(Name="b", DeadLetterConfig={"Arn": arn})["EventBusArn"]
    archive = events.create_archive(ArchiveName="a", EventSourceArn=bus,
                                    KmsKeyIdentifier=key)["ArchiveArn"]
    live, live_arn = make_queue(own, "live")
    route(own, "b", live_arn)
    own.client("kms").disable_key(KeyId=key)
    id_ = put(own, "b")
    assert json.loads(receive(own, live)["Body"])["id"] == id_
    message = receive(own, url)
    assert json.loads(message["Body"])["id"] == id_
    assert message["MessageAttributes"]["TARGET_ARN"]["StringValue"] == archive
    assert message["MessageAttributes"]["RULE_ARN"]["StringValue"].endswith("/Events-Archive-a")
    assert events.describe_archive(ArchiveName="a")["EventCount"] == 0


# ---- connections ----

def test_the_secrets_of_a_connection_wait_for_a_disabled_key(own, endpoint):
    kms = own.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    own.client("events").create_event_bus(Name="b")
    route(own, "b", make_destination(own, endpoint, KmsKeyIdentifier=key))
    kms.disable_key(KeyId=key)
    put(own, "b", "x")
    eventually(lambda: any("is disabled" in one.get("problem", "") for one in waiting(own)),
               what="a delivery that waits for the key")
    assert endpoint.requests == []
    assert_not_on_disk(own, SECRET)
    own.client("kms").enable_key(KeyId=key)
    eventually(lambda: endpoint.requests, what="an attempt")
    assert endpoint.requests[0][1]["Authorization"].startswith("Basic ")


def test_a_connection_gets_another_key(own, endpoint, refuses):
    events, kms = own.client("events"), own.client("kms")
    first, second = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    events.create_event_bus(Name="b")
    route(own, "b", make_destination(own, endpoint, KmsKeyIdentifier=first))
    events.update_connection(Name="d", KmsKeyIdentifier=second)
    assert events.describe_connection(Name="d")["KmsKeyIdentifier"] == second
    kms.disable_key(KeyId=first)
    put(own, "b", "x")
    eventually(lambda: endpoint.requests, what="an attempt")
    kms.disable_key(KeyId=second)
    with refuses("InvalidStateException"):
        events.update_connection(Name="d", Description="new")
