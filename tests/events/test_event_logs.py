# SPDX-License-Identifier: MIT
"""Log groups as targets of rules, and the logs of buses."""
import datetime
import json

import pytest

from roles import EVENTS_TRUST, make_role
from ternd import eventually
from test_destinations import BASIC, Endpoint, let_events_send

ACCOUNT, REGION = "000000000000", "us-east-1"


@pytest.fixture
def logs(server):
    return server.client("logs")


@pytest.fixture
def group(logs, word):
    """The name of a fresh log group."""
    name = "/aws/events/" + word
    logs.create_log_group(logGroupName=name)
    return name


def arn_of(group):
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"


def read(logs, group, count=1):
    """So many log events, oldest first."""
    def probe():
        try:
            found = logs.filter_log_events(logGroupName=group)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return None
        return found if len(found) >= count else None
    return sorted(eventually(probe, what=f"{count} log events"), key=lambda one: one["timestamp"])


def put(events, bus, detail="{}", **members):
    answer = events.put_events(Entries=[{"Source": "a", "DetailType": "t", "EventBusName": bus,
                                         "Detail": detail, **members}])
    assert answer["FailedEntryCount"] == 0
    return answer["Entries"][0]["EventId"]


# ---- targets ----

@pytest.fixture
def route(events, bus):
    def make(arn, **target):
        events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source":["a"]}')
        answer = events.put_targets(Rule="r", EventBusName=bus,
                                    Targets=[{"Id": "t", "Arn": arn, **target}])
        assert answer["FailedEntryCount"] == 0
    return make


@pytest.mark.parametrize("suffix", ["", ":*"])
def test_a_log_group_gets_the_event_at_its_time(events, bus, logs, group, route, suffix):
    route(arn_of(group) + suffix)
    time = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    time -= datetime.timedelta(minutes=5)
    id_ = put(events, bus, '{"n":1}', Time=time)
    [found] = read(logs, group)
    assert json.loads(found["message"])["id"] == id_
    assert found["timestamp"] == int(time.timestamp() * 1000)


@pytest.mark.parametrize("start", ["", "a"])  # one of them has its limit within a character
def test_a_large_event_is_cut_behind_a_whole_character(events, bus, logs, group, route, start):
    route(arn_of(group))
    put(events, bus, f'{{"x":"{start}{"é" * 524270}"}}')
    [found] = read(logs, group)
    assert len(found["message"].encode()) in (1048549, 1048550)
    assert found["message"].endswith("éé")


def test_a_template_sets_message_and_timestamp(events, bus, logs, group, route):
    route(arn_of(group), InputTransformer={
        "InputPathsMap": {"time": "$.detail.at", "text": "$.detail.text"},
        "InputTemplate": '{"timestamp":<time>,"message":<text>}'})
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    put(events, bus, json.dumps({"at": f"{now:%Y-%m-%dT%H:%M:%SZ}", "text": "one\ntwo \"x\""}))
    [found] = read(logs, group)
    assert found["message"] == 'one\ntwo "x"'
    assert found["timestamp"] == int(now.timestamp() * 1000)


@pytest.mark.parametrize("input_", [
    {"Input": '"x"'}, {"InputPath": "$.detail"},
    {"InputTransformer": {"InputTemplate": '"<aws.events.event>"'}},
    {"InputTransformer": {"InputTemplate": '{"message":<aws.events.rule-name>}'}}])
def test_other_inputs_are_refused(events, bus, group, refuses, input_):
    events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source":["a"]}')
    with refuses("ValidationException"):
        events.put_targets(Rule="r", EventBusName=bus,
                           Targets=[{"Id": "t", "Arn": arn_of(group), **input_}])


def test_a_missing_log_group_leaves_a_dead_letter(events, sqs, bus, route, queue, queue_arn):
    let_events_send(sqs, queue, queue_arn)
    route(arn_of("/aws/events/missing"), DeadLetterConfig={"Arn": queue_arn})
    put(events, bus)
    found = []
    eventually(lambda: found.extend(sqs.receive_message(
        QueueUrl=queue, MessageAttributeNames=["All"]).get("Messages", [])) or found,
        what="a dead letter")
    assert found[0]["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


# ---- logs of buses ----

def bus_log(word):
    return "/aws/vendedlogs/events/event-bus/" + word


def types(records):
    return [json.loads(one["message"])["message_type"] for one in records]


@pytest.fixture
def listener(events, sqs, queue, queue_arn):
    """listener(bus): events of source "a" go to the queue `queue`."""
    def make(bus):
        let_events_send(sqs, queue, queue_arn)
        events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source":["a"]}')
        events.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "q", "Arn": queue_arn}])
    return make


STEPS = {
    "TRACE": ["EVENT_RECEIPT", "EVENT_INGEST_SUCCESS", "RULE_MATCH_START", "RULE_MATCH",
              "INVOCATION_START", "INVOCATION_ATTEMPT_START", "INVOCATION_ATTEMPT_SUCCESS",
              "INVOCATION_SUCCESS"],
    "INFO": ["EVENT_INGEST_SUCCESS", "RULE_MATCH", "INVOCATION_START", "INVOCATION_SUCCESS"],
}


@pytest.mark.parametrize("level", sorted(STEPS))
def test_a_bus_logs_its_steps(events, logs, word, listener, level, queue_arn):
    events.create_event_bus(Name=word, LogConfig={"Level": level, "IncludeDetail": "NONE"})
    listener(word)
    id_ = put(events, word, '{"secret":1}')
    records = read(logs, bus_log(word), len(STEPS[level]))
    assert sorted(types(records)) == sorted(STEPS[level])
    assert records[0]["logStreamName"] == "EventBridgeEventBusLogs"
    by_type = {json.loads(one["message"])["message_type"]: json.loads(one["message"])
               for one in records}
    for one in by_type.values():
        assert one["event_id"] == id_ and one["event_bus_name"] == word
        assert one["resource_arn"] == f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{word}"
        assert "secret" not in json.dumps(one)
    match, success = by_type["RULE_MATCH"]["details"], by_type["INVOCATION_SUCCESS"]
    assert match["target_arns"] == [queue_arn]
    assert match["invocation_ids"] == [success["invocation_id"]]
    assert success["details"]["final_invocation_status"] == "SUCCESS"
    assert success["details"]["total_attempts"] == 1
    assert success["details"]["ingestion_to_success_latency_ms"] >= 0


def test_full_detail_has_the_event_and_the_input(events, logs, word, listener):
    events.create_event_bus(Name=word, LogConfig={"Level": "INFO", "IncludeDetail": "FULL"})
    listener(word)
    put(events, word, '{"n":1}', Resources=["arn:x"])
    by_type = {json.loads(one["message"])["message_type"]: json.loads(one["message"])["details"]
               for one in read(logs, bus_log(word), 4)}
    found = by_type["EVENT_INGEST_SUCCESS"]
    assert found["event_detail"] == '{"n":1}' and found["resources"] == ["arn:x"]
    assert (found["source"], found["detail_type"]) == ("a", "t")
    assert json.loads(by_type["INVOCATION_SUCCESS"]["target_input"])["detail"] == {"n": 1}


def test_an_event_without_rules_is_logged(events, logs, word):
    events.create_event_bus(Name=word, LogConfig={"Level": "INFO"})
    put(events, word)
    assert sorted(types(read(logs, bus_log(word), 2))) == [
        "EVENT_INGEST_SUCCESS", "NO_STANDARD_RULES_MATCHED"]


def test_errors_are_logged_alone(server, events, sqs, logs, word, listener, queue, queue_arn):
    events.create_event_bus(Name=word, LogConfig={"Level": "ERROR"})
    listener(word)
    endpoint = Endpoint()
    endpoint.answers = [500, 400]
    connection = events.create_connection(Name=word, AuthorizationType="BASIC",
                                          AuthParameters=BASIC)["ConnectionArn"]
    arn = events.create_api_destination(
        Name=word, ConnectionArn=connection, HttpMethod="POST",
        InvocationEndpoint=endpoint.url)["ApiDestinationArn"]
    events.put_targets(Rule="r", EventBusName=word, Targets=[{
        "Id": "api", "Arn": arn, "RoleArn": make_role(server, "log-" + word, EVENTS_TRUST),
        "DeadLetterConfig": {"Arn": queue_arn}}])
    put(events, word)
    records = [json.loads(one["message"]) for one in read(logs, bus_log(word), 3)]
    assert [one["message_type"] for one in records] == [
        "INVOCATION_ATTEMPT_RETRYABLE_FAILURE", "INVOCATION_ATTEMPT_PERMANENT_FAILURE",
        "INVOCATION_DLQ"]
    assert [one["error"]["http_status_code"] for one in records[:2]] == [500, 400]
    assert [one["details"]["attempt_type"] for one in records[:2]] == ["FIRST", "RETRY"]
    assert {one["log_level"] for one in records} == {"ERROR"}
    assert len({one["invocation_id"] for one in records}) == 1
    endpoint.shutdown()
    endpoint.server_close()


def test_a_bus_stops_logging(events, logs, word):
    events.create_event_bus(Name=word, LogConfig={"Level": "INFO"})
    put(events, word)
    read(logs, bus_log(word), 2)
    events.update_event_bus(Name=word, LogConfig={"Level": "OFF"})
    put(events, word)
    events.update_event_bus(Name=word, LogConfig={"Level": "INFO"})
    id_ = put(events, word)
    records = read(logs, bus_log(word), 4)
    assert len(records) == 4
    assert {json.loads(one["message"])["event_id"] for one in records[2:]} == {id_}


def test_details_are_left_out_if_the_bus_has_a_key(server, events, logs, word, listener):
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{word}"
    key = server.client("kms").create_key(Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
             "Action": "kms:*", "Resource": "*"},
            {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
             "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": "*",
             "Condition": {"ArnEquals": {"aws:SourceArn": bus}}}]}))["KeyMetadata"]["KeyId"]
    events.create_event_bus(Name=word, KmsKeyIdentifier=key,
                            LogConfig={"Level": "INFO", "IncludeDetail": "FULL"})
    listener(word)
    put(events, word, '{"text":"rosebud"}')
    assert "rosebud" not in json.dumps([one["message"] for one in read(logs, bus_log(word), 4)])
    server.client("kms").disable_key(KeyId=key)
    put(events, word)
    records = [json.loads(one["message"]) for one in read(logs, bus_log(word), 5)]
    assert records[-1]["message_type"] == "EVENT_INGEST_FAILURE"
    assert records[-1]["error"]["error_message"].endswith("is disabled.")
