# SPDX-License-Identifier: MIT
"""Who may: policies of buses and of users, roles of targets, and policies of the targets."""
import json
import sys

import pytest

from ternd import ROOT, Server, eventually
from test_destinations import BASIC, Endpoint

sys.path.insert(0, str(ROOT / "tests" / "security"))
from callers import OTHER, OWN, World  # noqa: E402

REGION = "us-east-1"
BUS = f"arn:aws:events:{REGION}:{{}}:event-bus/{{}}"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("events"), "--auth", "required",
                "--deliver-to", "any") as server:
        yield World(server)


def put(events, bus, source="a"):
    return events.put_events(Entries=[{"Source": source, "DetailType": "t", "Detail": "{}",
                                       "EventBusName": bus}])["Entries"][0]["EventId"]


def queue_of(caller, name, **condition):
    """URL and ARN of a queue that EventBridge may send to under the condition; none: never."""
    sqs = caller.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{caller.account}:{name}"
    if condition:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage", "Resource": arn,
                "Condition": {"StringEquals": condition}}]})})
    return url, arn


def next_message(caller, url):
    sqs = caller.client("sqs")
    return eventually(lambda: sqs.receive_message(
        QueueUrl=url, WaitTimeSeconds=2, MessageAttributeNames=["All"]).get("Messages"),
        what="a message")[0]


def route(caller, bus, rule, **target):
    events = caller.client("events")
    events.put_rule(Name=rule, EventBusName=bus, EventPattern='{"source":["a"]}')
    answer = events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "t"} | target])
    assert answer["FailedEntryCount"] == 0, answer
    return f"arn:aws:events:{REGION}:{caller.account}:rule/{bus}/{rule}"


def make_bus(caller, name):
    caller.client("events").create_event_bus(Name=name)
    return name


def test_another_account_puts_events_under_the_policy_of_a_bus(world, refuses):
    """As the tutorial's snippet "Cross-Account EventBridge" lets it."""
    bus = make_bus(world.root, "shared")
    rule = f"arn:aws:events:{REGION}:{OWN}:rule/{bus}/r"
    url, arn = queue_of(world.root, "shared", **{"aws:SourceArn": rule})
    assert route(world.root, bus, "r", Arn=arn) == rule
    stranger = world.other_root.client("events")
    with refuses("AccessDeniedException"):
        put(stranger, BUS.format(OWN, bus))
    world.root.client("events").put_permission(EventBusName=bus, Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Sid": "AllowAccountToPutEvents", "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": "events:PutEvents",
            "Resource": BUS.format(OWN, bus)}]}))
    id_ = put(stranger, BUS.format(OWN, bus))
    event = json.loads(next_message(world.root, url)["Body"])
    assert (event["id"], event["account"]) == (id_, OTHER)
    with refuses("AccessDeniedException"):
        stranger.describe_event_bus(Name=BUS.format(OWN, bus))


def test_a_user_may_put_one_source(world, refuses):
    bus = make_bus(world.root, "sources")
    user = world.user(None, {"Effect": "Allow", "Action": "events:PutEvents", "Condition": {
        "StringEquals": {"events:source": "a", "events:detail-type": "t"}}}).client("events")
    assert put(user, bus)
    with refuses("AccessDeniedException"):
        put(user, bus, source="b")
    with refuses("AccessDeniedException"):
        user.put_events(Entries=[
            {"Source": source, "DetailType": "t", "Detail": "{}", "EventBusName": bus}
            for source in ("a", "b")])


def test_a_queue_that_does_not_allow_the_rule_gets_nothing(world):
    bus = make_bus(world.root, "denied")
    rule = f"arn:aws:events:{REGION}:{OWN}:rule/{bus}/r"
    dead_url, dead_arn = queue_of(world.root, "denied-dead", **{"aws:SourceArn": rule})
    _, arn = queue_of(world.root, "denied", **{"aws:SourceArn": rule + "x"})
    route(world.root, bus, "r", Arn=arn, DeadLetterConfig={"Arn": dead_arn})
    put(world.root.client("events"), bus)
    attributes = next_message(world.root, dead_url)["MessageAttributes"]
    assert attributes["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"


def make_role(world, name, service, *actions):
    iam = world.root.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": service},
            "Action": "sts:AssumeRole"}]}))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}))
    return arn


def test_a_target_has_a_role(world, refuses):
    bus = make_bus(world.root, "roles")
    role = make_role(world, "sender", "events.amazonaws.com", "sqs:SendMessage")
    url, arn = queue_of(world.root, "roles")
    route(world.root, bus, "r", Arn=arn, RoleArn=role)
    id_ = put(world.root.client("events"), bus)
    assert json.loads(next_message(world.root, url)["Body"])["id"] == id_
    user = world.user(None, "events:*").client("events")
    with refuses("AccessDeniedException"):
        user.put_targets(Rule="r", EventBusName=bus, Targets=[
            {"Id": "t", "Arn": arn, "RoleArn": role}])
    user = world.user(None, "events:*", {
        "Effect": "Allow", "Action": "iam:PassRole", "Resource": role, "Condition": {
            "StringEquals": {"iam:PassedToService": "events.amazonaws.com"}}}).client("events")
    user.put_targets(Rule="r", EventBusName=bus, Targets=[
        {"Id": "t", "Arn": arn, "RoleArn": role}])


UNTRUSTED = "Provided role '{}' cannot be assumed by principal 'events.amazonaws.com'."


def test_a_role_must_trust_eventbridge_for_the_rule(world, refuses):
    bus = make_bus(world.root, "distrust")
    _, arn = queue_of(world.root, "distrust")
    events = world.root.client("events")
    events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source":["a"]}')
    other = make_role(world, "distrusting", "sns.amazonaws.com", "sqs:SendMessage")
    missing = f"arn:aws:iam::{OWN}:role/missing"
    for role in (other, missing):
        with refuses("ValidationException", UNTRUSTED.format(role)):
            events.put_targets(Rule="r", EventBusName=bus, Targets=[
                {"Id": "t", "Arn": arn, "RoleArn": role}])
        with refuses("ValidationException", UNTRUSTED.format(role)):
            events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source":["a"]}',
                            RoleArn=role)


def test_a_role_that_no_longer_trusts_eventbridge(world):
    bus = make_bus(world.root, "distrust2")
    role = make_role(world, "fickle", "events.amazonaws.com", "sqs:SendMessage")
    rule = f"arn:aws:events:{REGION}:{OWN}:rule/{bus}/r"
    dead_url, dead_arn = queue_of(world.root, "distrust-dead", **{"aws:SourceArn": rule})
    _, arn = queue_of(world.root, "distrust2")
    route(world.root, bus, "r", Arn=arn, RoleArn=role, DeadLetterConfig={"Arn": dead_arn})
    world.root.client("iam").update_assume_role_policy(
        RoleName="fickle", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sts:AssumeRole"}]}))
    put(world.root.client("events"), bus)
    attributes = next_message(world.root, dead_url)["MessageAttributes"]
    assert attributes["ERROR_CODE"]["StringValue"] == "FAILED_ASSUME_ROLE"


def test_a_role_must_allow_the_api_destination(world):
    endpoint, events, bus = Endpoint(), world.root.client("events"), make_bus(world.root, "api")
    role = make_role(world, "caller", "events.amazonaws.com", "sqs:SendMessage")
    connection = events.create_connection(Name="api", AuthorizationType="BASIC",
                                          AuthParameters=BASIC)["ConnectionArn"]
    arn = events.create_api_destination(
        Name="api", ConnectionArn=connection, HttpMethod="POST",
        InvocationEndpoint=endpoint.url + "/in")["ApiDestinationArn"]
    rule = f"arn:aws:events:{REGION}:{OWN}:rule/{bus}/r"
    dead_url, dead_arn = queue_of(world.root, "api-dead", **{"aws:SourceArn": rule})
    route(world.root, bus, "r", Arn=arn, RoleArn=role, DeadLetterConfig={"Arn": dead_arn})
    put(events, bus)
    attributes = next_message(world.root, dead_url)["MessageAttributes"]
    assert attributes["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert "events:InvokeApiDestination" in attributes["ERROR_MESSAGE"]["StringValue"]
    assert endpoint.requests == []
    world.root.client("iam").put_role_policy(
        RoleName="caller", PolicyName="p", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "events:InvokeApiDestination",
                "Resource": f"arn:aws:events:*:{OWN}:api-destination/api/*"}]}))
    put(events, bus)
    eventually(lambda: endpoint.requests, what="a request")
    endpoint.shutdown()
    endpoint.server_close()


def test_a_rule_sends_to_a_bus_of_another_account(world):
    here, there = make_bus(world.root, "here"), make_bus(world.other_root, "there")
    rule = f"arn:aws:events:{REGION}:{OTHER}:rule/{there}/r"
    url, arn = queue_of(world.other_root, "there", **{"aws:SourceArn": rule})
    route(world.other_root, there, "r", Arn=arn)
    world.other_root.client("events").put_permission(
        EventBusName=there, Action="events:PutEvents", Principal=OWN, StatementId="s")
    route(world.root, here, "r", Arn=BUS.format(OTHER, there))
    id_ = put(world.root.client("events"), here)
    event = json.loads(next_message(world.other_root, url)["Body"])
    assert (event["id"], event["account"]) == (id_, OWN)


def test_a_bus_of_another_account_must_allow_it(world):
    here, there = make_bus(world.root, "from"), make_bus(world.other_root, "closed")
    rule = f"arn:aws:events:{REGION}:{OWN}:rule/{here}/r"
    dead_url, dead_arn = queue_of(world.root, "from-dead", **{"aws:SourceArn": rule})
    route(world.root, here, "r", Arn=BUS.format(OTHER, there), DeadLetterConfig={"Arn": dead_arn})
    put(world.root.client("events"), here)
    attributes = next_message(world.root, dead_url)["MessageAttributes"]
    assert attributes["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert attributes["TARGET_ARN"]["StringValue"] == BUS.format(OTHER, there)
