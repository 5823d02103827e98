# SPDX-License-Identifier: MIT
"""PutEvents: results of entries, envelopes, matching, and deliveries to queues and buses."""
import datetime
import itertools
import json
import threading
import time

import botocore.exceptions
import pytest

from ternd import eventually

ACCOUNT, REGION = "000000000000", "us-east-1"
numbers = itertools.count(1)


@pytest.fixture
def route(events, sqs, bus, rule, queue, queue_arn):
    """route(pattern, **target): a rule on `bus` whose target is `queue`; returns its name."""
    def make(pattern='{"source":["a"]}', **target):
        name = rule(pattern)
        answer = events.put_targets(Rule=name, EventBusName=bus, Targets=[
            {"Id": "t", "Arn": queue_arn} | target])
        assert answer["FailedEntryCount"] == 0
        return name
    allow(sqs, queue, queue_arn)
    return make


def allow(sqs, url, arn, source=None):
    """Lets EventBridge send to the queue."""
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                 "Action": "sqs:SendMessage", "Resource": arn}
    if source:
        statement["Condition"] = {"ArnEquals": {"aws:SourceArn": source}}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={
        "Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})})


def make_queue(sqs, **attributes):
    name = f"events{next(numbers)}" + (".fifo" if "FifoQueue" in attributes else "")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    allow(sqs, url, arn["Attributes"]["QueueArn"])
    return url, arn["Attributes"]["QueueArn"]


def put(events, bus, **entry):
    answer = events.put_events(Entries=[
        {"Source": "a", "DetailType": "t", "Detail": "{}", "EventBusName": bus} | entry])
    assert answer["FailedEntryCount"] == 0, answer
    return answer["Entries"][0]["EventId"]


def bodies(sqs, url, count=1, patience=10):
    """That many bodies of messages, which are deleted."""
    found, end = [], time.monotonic() + patience
    while len(found) < count and time.monotonic() < end:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2,
                                     MessageAttributeNames=["All"],
                                     AttributeNames=["All"])
        for message in answer.get("Messages", []):
            found.append(message)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert len(found) == count, found
    return found


def test_the_envelope(events, sqs, bus, route, queue):
    route()
    id_ = put(events, bus, Detail='{ "k": [1, 2.50], "s": "a b" }', Resources=["r1", "r2"],
              Time=datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc))
    body = bodies(sqs, queue)[0]["Body"]
    assert body == (
        f'{{"version":"0","id":"{id_}","detail-type":"t","source":"a","account":"{ACCOUNT}",'
        f'"time":"2026-01-02T03:04:05Z","region":"{REGION}","resources":["r1","r2"],'
        '"detail":{"k":[1,2.50],"s":"a b"}}')


def test_time_is_now_unless_it_is_given(events, sqs, bus, route, queue):
    route()
    put(events, bus)
    event = json.loads(bodies(sqs, queue)[0]["Body"])
    sent = datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
    now = datetime.datetime.now(datetime.timezone.utc)
    assert abs(now - sent) < datetime.timedelta(minutes=1)
    assert event["resources"] == [] and event["detail"] == {}


@pytest.mark.parametrize("change, code, text", [
    ({"Source": None}, "InvalidArgument",
     "Parameter Source is not valid. Reason: Source is a required argument."),
    ({"Source": ""}, "InvalidArgument",
     "Parameter Source is not valid. Reason: Source is a required argument."),
    ({"DetailType": None}, "InvalidArgument",
     "Parameter DetailType is not valid. Reason: DetailType is a required argument."),
    ({"Detail": None}, "InvalidArgument",
     "Parameter Detail is not valid. Reason: Detail is a required argument."),
    ({"Detail": "{"}, "MalformedDetail", "Detail is malformed."),
    ({"Detail": "[]"}, "MalformedDetail", "Detail is malformed."),
    ({"Detail": '{},"source":"aws.x"'}, "MalformedDetail", "Detail is malformed."),
    ({"Source": "aws.s3"}, "NotAuthorizedForSourceException", "Not authorized for the source."),
])
def test_entries_fail_one_by_one(events, sqs, bus, route, queue, change, code, text):
    route()
    good = {"Source": "a", "DetailType": "t", "Detail": "{}", "EventBusName": bus}
    bad = {name: value for name, value in (good | change).items() if value is not None}
    answer = events.put_events(Entries=[bad, good])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0] == {"ErrorCode": code, "ErrorMessage": text}
    assert list(answer["Entries"][1]) == ["EventId"]
    assert json.loads(bodies(sqs, queue)[0]["Body"])["id"] == answer["Entries"][1]["EventId"]


def test_ten_entries_are_the_most(events, refuses):
    entry = {"Source": "a", "DetailType": "t", "Detail": "{}"}
    assert len(events.put_events(Entries=[entry] * 10)["Entries"]) == 10
    with refuses("ValidationException"):
        events.put_events(Entries=[entry] * 11)


def test_one_mebibyte_is_the_most(events, refuses):
    def entry(size):
        return {"Source": "a", "DetailType": "t", "Detail": json.dumps({"k": "x" * size})}
    rest = 2 + len(json.dumps({"k": ""}))
    answer = events.put_events(Entries=[entry(1048576 - rest)])
    assert answer["FailedEntryCount"] == 0
    with refuses("ValidationException",
                 "Total size of the entries in the request is over the limit."):
        events.put_events(Entries=[entry(1048576 - rest + 1)])


def test_an_unknown_bus_drops_its_event(events):
    answer = events.put_events(Entries=[
        {"Source": "a", "DetailType": "t", "Detail": "{}", "EventBusName": "nobody"}])
    assert answer["FailedEntryCount"] == 0 and answer["Entries"][0]["EventId"]


def test_only_enabled_rules_match(events, sqs, bus, route, queue):
    name = route('{"detail":{"n":[{"numeric":[">",5]}]}}')
    put(events, bus, Detail='{"n":4}')
    put(events, bus, Detail='{"n":6,"k":1}')
    events.disable_rule(Name=name, EventBusName=bus)
    put(events, bus, Detail='{"n":7}')
    events.enable_rule(Name=name, EventBusName=bus)
    put(events, bus, Detail='{"n":8}')
    found = sorted(json.loads(message["Body"])["detail"]["n"]
                   for message in bodies(sqs, queue, 2))
    assert found == [6, 8]


def test_two_rules_send_twice(events, sqs, bus, route, queue):
    route()
    route('{"detail-type":["t"]}', Input='{"n":2}')
    put(events, bus)
    found = sorted(message["Body"] for message in bodies(sqs, queue, 2))
    assert found[0] == '{"n":2}' and json.loads(found[1])["source"] == "a"


@pytest.mark.parametrize("target, wanted", [
    ({"Input": '{"a": [1]}'}, '{"a": [1]}'),
    ({"InputPath": "$.detail.foo"}, '"baz"'),
    ({"InputPath": "$.detail"}, '{"foo":"baz","list":["x",2]}'),
    ({"InputTransformer": {"InputPathsMap": {"f": "$.detail.foo", "l": "$.detail.list"},
                           "InputTemplate": '{"a": <f>, "b": "<f>!", "c": <l>, "d": <nope>}'}},
     None),
    ({"InputTransformer": {"InputPathsMap": {"f": "$.detail.foo", "l": "$.detail.list"},
                           "InputTemplate": '{"a": <f>, "b": "<f>!", "c": <l>}'}},
     '{"a": "baz", "b": "baz!", "c": ["x",2]}'),
    ({"InputTransformer": {"InputPathsMap": {"l": "$.detail.list"},
                           "InputTemplate": '"is <l>"\n"by <aws.events.rule-name>"'}},
     '"is [x,2]"\n"by {rule}"'),
])
def test_inputs(events, sqs, bus, route, queue, refuses, target, wanted):
    if wanted is None:
        with refuses("ValidationException",
                     "InputTemplate for target t contains invalid placeholder nope."):
            route(**target)
        return
    name = route(**target)
    put(events, bus, Detail='{"foo": "baz", "list": ["x", 2]}')
    assert bodies(sqs, queue)[0]["Body"] == wanted.replace("{rule}", name)


def test_fifo_queues_have_groups(events, sqs, bus, rule):
    url, arn = make_queue(sqs, FifoQueue="true")
    name = rule()
    events.put_targets(Rule=name, EventBusName=bus, Targets=[
        {"Id": "t", "Arn": arn, "SqsParameters": {"MessageGroupId": "g"}}])
    ids = [put(events, bus) for _ in range(3)]
    found = bodies(sqs, url, 3)
    assert [json.loads(message["Body"])["id"] for message in found] == ids
    assert {message["Attributes"]["MessageGroupId"] for message in found} == {"g"}


def test_a_trace_header_goes_along(events, sqs, bus, route, queue):
    route()
    header = "Root=1-5759e988-bd862e3fe1be46a994272793"
    put(events, bus, TraceHeader=header)
    assert bodies(sqs, queue)[0]["Attributes"]["AWSTraceHeader"] == header


# ---- failures ----

def attributes_of(message):
    return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}


def test_what_a_queue_refuses_goes_to_the_dead_letter_queue(events, sqs, bus, rule):
    dead_url, dead_arn = make_queue(sqs)
    gone = f"arn:aws:sqs:{REGION}:{ACCOUNT}:nobody-{bus}"
    name = rule()
    events.put_targets(Rule=name, EventBusName=bus, Targets=[
        {"Id": "t", "Arn": gone, "DeadLetterConfig": {"Arn": dead_arn}}])
    id_ = put(events, bus)
    message = bodies(sqs, dead_url)[0]
    assert json.loads(message["Body"])["id"] == id_
    found = attributes_of(message)
    assert found.pop("ERROR_MESSAGE")
    assert found == {
        "RULE_ARN": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{bus}/{name}", "TARGET_ARN": gone,
        "ERROR_CODE": "NO_RESOURCE", "RETRY_ATTEMPTS": "0"}


def test_an_event_that_nobody_takes_is_accepted(events, bus, rule):
    name = rule()
    events.put_targets(Rule=name, EventBusName=bus, Targets=[
        {"Id": "t", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:nobody-{bus}"}])
    put(events, bus)


# ---- other buses ----

def test_a_bus_forwards_once(events, sqs, bus, rule, word):
    url, arn = make_queue(sqs)
    other = "other-" + word
    events.create_event_bus(Name=other)
    bus_arn = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/"
    events.put_targets(Rule=rule(), EventBusName=bus, Targets=[{"Id": "b", "Arn": bus_arn + other}])
    events.put_rule(Name="r", EventBusName=other, EventPattern='{"source":["a"]}')
    events.put_targets(Rule="r", EventBusName=other, Targets=[
        {"Id": "q", "Arn": arn}, {"Id": "back", "Arn": bus_arn + bus}])
    id_ = put(events, bus)
    assert json.loads(bodies(sqs, url)[0]["Body"])["id"] == id_
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)


def test_a_topic_publishes_the_event(server, events, sqs, bus, rule, word):
    sns = server.client("sns")
    url, arn = make_queue(sqs)
    topic = sns.create_topic(Name="topic-" + word)["TopicArn"]
    for service, action, resource in (("events", "sns:Publish", topic),
                                      ("sns", "sqs:SendMessage", arn)):
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": action, "Resource": resource}]})
        if service == "events":
            sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy",
                                     AttributeValue=policy)
        else:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn,
                  Attributes={"RawMessageDelivery": "true"})
    events.put_targets(Rule=rule(), EventBusName=bus, Targets=[{"Id": "t", "Arn": topic}])
    id_ = put(events, bus)
    assert json.loads(bodies(sqs, url)[0]["Body"])["id"] == id_


# ---- policies ----

def test_permissions(events, bus, refuses):
    arn = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus}"
    events.put_permission(EventBusName=bus, Action="events:PutEvents", Principal="111122223333",
                          StatementId="one")
    events.put_permission(EventBusName=bus, Action="events:PutEvents", Principal="*",
                          StatementId="two", Condition={
                              "Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"})
    assert json.loads(events.describe_event_bus(Name=bus)["Policy"]) == {
        "Version": "2012-10-17", "Statement": [
            {"Sid": "one", "Effect": "Allow",
             "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
             "Action": "events:PutEvents", "Resource": arn},
            {"Sid": "two", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents",
             "Resource": arn, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}]}
    with refuses("ResourceNotFoundException", "Statement with the provided id does not exist."):
        events.remove_permission(EventBusName=bus, StatementId="three")
    events.remove_permission(EventBusName=bus, StatementId="one")
    assert len(json.loads(events.describe_event_bus(Name=bus)["Policy"])["Statement"]) == 1
    events.remove_permission(EventBusName=bus, StatementId="two")
    assert "Policy" not in events.describe_event_bus(Name=bus)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "x", "Effect": "Allow", "Principal": {"AWS": "111122223333"},
         "Action": "events:PutEvents", "Resource": arn}]})
    events.put_permission(EventBusName=bus, Policy=policy)
    assert json.loads(events.describe_event_bus(Name=bus)["Policy"]) == json.loads(policy)
    with refuses("ValidationException"):
        events.put_permission(EventBusName=bus, Policy="{")
    events.remove_permission(EventBusName=bus, RemoveAllPermissions=True)
    assert "Policy" not in events.describe_event_bus(Name=bus)


# ---- a server that is killed ----

def test_what_was_acknowledged_survives_a_kill(private):
    """Each of three queues has each acknowledged event, and all of them have the same ones."""
    server = private()
    events, sqs = server.client("events"), server.client("sqs")
    queues = [make_queue(sqs) for _ in range(3)]
    events.put_rule(Name="r", EventPattern='{"source":["a"]}')
    events.put_targets(Rule="r", Targets=[
        {"Id": str(i), "Arn": arn} for i, (_, arn) in enumerate(queues)])
    acknowledged = set()
    for _ in range(30):
        answer = events.put_events(Entries=[
            {"Source": "a", "DetailType": "t", "Detail": "{}"} for _ in range(3)])
        acknowledged |= {entry["EventId"] for entry in answer["Entries"]}
    server.kill()
    server.start()
    sqs = server.client("sqs")
    for url, _ in queues:
        found = [json.loads(message["Body"])["id"] for message in bodies(sqs, url, 90)]
        assert set(found) == acknowledged and len(found) == len(acknowledged)


def put_until_killed(events, acknowledged):
    """Puts events, and notes the ids of those that were acknowledged, until the server is gone."""
    try:
        while True:
            answer = events.put_events(Entries=[
                {"Source": "a", "DetailType": "t", "Detail": "{}"} for _ in range(3)])
            acknowledged.update(entry["EventId"] for entry in answer["Entries"])
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
        pass


def drain(sqs, url):
    """The ids of all events in a queue."""
    found = []
    while True:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)
        if "Messages" not in answer:
            return found
        found += [json.loads(message["Body"])["id"] for message in answer["Messages"]]


def test_a_kill_leaves_each_event_in_all_queues_or_none(private):
    server = private()
    sqs = server.client("sqs")
    queues = [make_queue(sqs) for _ in range(4)]
    events = server.client("events")
    events.put_rule(Name="r", EventPattern='{"source":["a"]}')
    events.put_targets(Rule="r", Targets=[
        {"Id": str(i), "Arn": arn} for i, (_, arn) in enumerate(queues)])
    acknowledged = set()
    for _ in range(5):
        before = len(acknowledged)
        writers = [threading.Thread(target=put_until_killed, args=(
            server.client("events"), acknowledged)) for _ in range(2)]
        for writer in writers:
            writer.start()
        eventually(lambda: len(acknowledged) > before + 30, what="events are acknowledged")
        server.kill()
        for writer in writers:
            writer.join()
        server.start()
    sqs = server.client("sqs")
    found = [drain(sqs, url) for url, _ in queues]
    for ids in found:
        assert len(ids) == len(set(ids)) and set(ids) == set(found[0])
    assert acknowledged <= set(found[0])


def test_an_event_for_more_queues_than_one_command_takes(private):
    server = private("--quotas", "events-targets=100")
    sqs, events = server.client("sqs"), server.client("events")
    url, arn = make_queue(sqs)
    for i in range(11):
        events.put_rule(Name=f"r{i}", EventPattern='{"source":["a"]}')
        events.put_targets(Rule=f"r{i}", Targets=[
            {"Id": str(j), "Arn": arn, "Input": str(100 * i + j)} for j in range(100)])
    put(events, "default")
    found = bodies(sqs, url, 1100, patience=100)
    assert sorted(int(message["Body"]) for message in found) == list(range(1100))
