# SPDX-License-Identifier: MIT
"""Rules and their targets: settings, lists and faults."""
import pytest

ACCOUNT, REGION = "000000000000", "us-east-1"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:any"
NOT_FOUND = "ResourceNotFoundException"


def arn_of(rule, bus="default"):
    place = rule if bus == "default" else f"{bus}/{rule}"
    return f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{place}"


def test_a_rule_has_what_it_was_put_with(events, bus, word):
    made = events.put_rule(Name=word, EventBusName=bus, EventPattern='{"source": ["a"]}',
                           Description="d", State="DISABLED", Tags=[{"Key": "a", "Value": "b"}])
    assert made["RuleArn"] == arn_of(word, bus)
    found = events.describe_rule(Name=word, EventBusName=bus)
    assert found["EventPattern"] == '{"source": ["a"]}'
    assert (found["Name"], found["Arn"], found["State"], found["Description"],
            found["EventBusName"], found["CreatedBy"]) == (
        word, made["RuleArn"], "DISABLED", "d", bus, ACCOUNT)
    assert "ScheduleExpression" not in found and "RoleArn" not in found
    assert events.list_tags_for_resource(ResourceARN=made["RuleArn"])["Tags"] == [
        {"Key": "a", "Value": "b"}]
    listed = events.list_rules(EventBusName=bus)["Rules"]
    assert [item["Name"] for item in listed] == [word]


def test_arn_on_the_default_bus(events, word):
    assert events.put_rule(Name=word, ScheduleExpression="rate(5 minutes)")["RuleArn"] == \
        arn_of(word)
    assert events.describe_rule(Name=word)["ScheduleExpression"] == "rate(5 minutes)"
    events.delete_rule(Name=word)


def test_put_replaces_all_but_targets_and_tags(events, bus, rule):
    name = rule(Description="d", State="DISABLED", Tags=[{"Key": "a", "Value": "b"}])
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "1", "Arn": QUEUE}])
    events.put_rule(Name=name, EventBusName=bus, EventPattern='{"source":["b"]}',
                    Tags=[{"Key": "c", "Value": "d"}])
    found = events.describe_rule(Name=name, EventBusName=bus)
    assert (found["EventPattern"], found["State"]) == ('{"source":["b"]}', "ENABLED")
    assert "Description" not in found
    assert len(events.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]) == 1
    assert events.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"] == [
        {"Key": "a", "Value": "b"}]


def test_state_changes(events, bus, rule):
    name = rule()
    events.disable_rule(Name=name, EventBusName=bus)
    assert events.describe_rule(Name=name, EventBusName=bus)["State"] == "DISABLED"
    events.enable_rule(Name=name, EventBusName=bus)
    assert events.describe_rule(Name=name, EventBusName=bus)["State"] == "ENABLED"


@pytest.mark.parametrize("settings, code, text", [
    ({}, "ValidationException",
     "Parameter(s) EventPattern or ScheduleExpression must be specified."),
    ({"EventPattern": '{"a": 1}'}, "InvalidEventPatternException", None),
    ({"EventPattern": '{"a": []}'}, "InvalidEventPatternException",
     'Event pattern is not valid. Reason: Empty arrays are not allowed\n at [Source: '
     '(String)"{"a": []}"; line: 1, column: 9]'),
    ({"ScheduleExpression": "rate(1 minute)"}, "ValidationException",
     "ScheduleExpression is supported only on the default event bus."),
    ({"EventPattern": '{"a":[1]}', "State": "ON"}, "ValidationException",
     "1 validation error detected: Value 'ON' at 'state' failed to satisfy constraint: Member must "
     "satisfy enum value set: [ENABLED, DISABLED, "
     "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS]"),
])
def test_rules_that_are_refused(events, bus, refuses, settings, code, text):
    with refuses(code, text):
        events.put_rule(Name="r", EventBusName=bus, **settings)


@pytest.mark.parametrize("expression", [
    "rate(1 minutes)", "rate(0 minutes)", "rate(5 minute)", "cron(* * * * * *)", "at(2026-01-01)",
    "rate(1 second)", ""])
def test_schedules_that_are_not_valid(events, refuses, expression):
    text = "Parameter ScheduleExpression is not valid." if expression else \
        "Parameter(s) EventPattern or ScheduleExpression must be specified."
    with refuses("ValidationException", text):
        events.put_rule(Name="r", ScheduleExpression=expression)


def test_rules_that_do_not_exist(events, bus, refuses):
    text = f"Rule nobody does not exist on EventBus {bus}."
    for call in (events.describe_rule, events.enable_rule, events.disable_rule):
        with refuses(NOT_FOUND, text):
            call(Name="nobody", EventBusName=bus)
    with refuses(NOT_FOUND, text):
        events.put_targets(Rule="nobody", EventBusName=bus, Targets=[{"Id": "1", "Arn": QUEUE}])
    with refuses(NOT_FOUND, text):
        events.remove_targets(Rule="nobody", EventBusName=bus, Ids=["1"])
    with refuses(NOT_FOUND, text):
        events.list_targets_by_rule(Rule="nobody", EventBusName=bus)
    events.delete_rule(Name="nobody", EventBusName=bus)
    with refuses(NOT_FOUND, "Event bus nobody does not exist."):
        events.put_rule(Name="r", EventBusName="nobody", EventPattern='{"a":[1]}')


def test_a_rule_with_targets_stays(events, bus, rule, refuses):
    name = rule()
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "1", "Arn": QUEUE}])
    with refuses("ValidationException", "Rule can't be deleted since it has targets."):
        events.delete_rule(Name=name, EventBusName=bus)
    events.remove_targets(Rule=name, EventBusName=bus, Ids=["1"])
    events.delete_rule(Name=name, EventBusName=bus)
    with refuses(NOT_FOUND):
        events.describe_rule(Name=name, EventBusName=bus)


def test_lists_of_rules_come_in_pages(events, bus, rule):
    names = sorted(rule() for _ in range(5))
    found, token = [], {}
    while True:
        page = events.list_rules(EventBusName=bus, Limit=2, **token)
        found += [item["Name"] for item in page["Rules"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == names
    assert [item["Name"] for item in events.list_rules(
        EventBusName=bus, NamePrefix=names[0])["Rules"]] == [
            name for name in names if name.startswith(names[0])]


def test_names_of_rules_by_target(events, bus, rule):
    names = sorted(rule() for _ in range(3))
    for name in names[:2]:
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "1", "Arn": QUEUE}])
    page = events.list_rule_names_by_target(TargetArn=QUEUE, EventBusName=bus, Limit=1)
    assert page["RuleNames"] == names[:1]
    page = events.list_rule_names_by_target(TargetArn=QUEUE, EventBusName=bus,
                                            NextToken=page["NextToken"])
    assert page["RuleNames"] == names[1:2] and "NextToken" not in page


# ---- targets ----

def test_a_target_has_what_it_was_put_with(events, bus, rule):
    name = rule()
    targets = [
        {"Id": "one", "Arn": QUEUE + ".fifo", "SqsParameters": {"MessageGroupId": "g"},
         "DeadLetterConfig": {"Arn": QUEUE},
         "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}},
        {"Id": "two", "Arn": QUEUE, "Input": '{"a":1}'},
        {"Id": "three", "Arn": QUEUE, "InputTransformer": {
            "InputPathsMap": {"x": "$.detail.a[0]"}, "InputTemplate": '{"x": <x>}'}},
        {"Id": "four", "Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c", "EcsParameters": {
            "TaskDefinitionArn": "arn:t", "TaskCount": 2, "LaunchType": "FARGATE",
            "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": ["s"]}}}},
    ]
    answer = events.put_targets(Rule=name, EventBusName=bus, Targets=targets)
    assert (answer["FailedEntryCount"], answer["FailedEntries"]) == (0, [])
    assert events.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"] == targets
    page = events.list_targets_by_rule(Rule=name, EventBusName=bus, Limit=3)
    assert page["Targets"] == targets[:3]
    page = events.list_targets_by_rule(Rule=name, EventBusName=bus, NextToken=page["NextToken"])
    assert page["Targets"] == targets[3:] and "NextToken" not in page
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "two", "Arn": QUEUE}])
    targets[1] = {"Id": "two", "Arn": QUEUE}
    assert events.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"] == targets


@pytest.mark.parametrize("target, text", [
    ({"Id": "!#$@!#$"}, "1 validation error detected: Value '!#$@!#$' at 'targets.1.member.id' "
     "failed to satisfy constraint: Member must satisfy regular expression pattern: "
     "[\\.\\-_A-Za-z0-9]+"),
    ({"Id": "i" * 65}, f"1 validation error detected: Value '{'i' * 65}' at 'targets.1.member.id' "
     "failed to satisfy constraint: Member must have length less than or equal to 64"),
    ({"Input": "{}", "InputPath": "$.a"},
     "Only one of Input, InputPath, or InputTransformer must be provided for target t."),
    ({"InputTransformer": {"InputPathsMap": {"a": "$.a"}, "InputTemplate": "<b>"}},
     "InputTemplate for target t contains invalid placeholder b."),
    ({"Arn": "x"},
     "Parameter x is not valid. Reason: Provided Arn is not in correct format."),
    ({"Arn": QUEUE + ".fifo"}, "Parameter(s) SqsParameters must be specified for target: t."),
    ({"RetryPolicy": {"MaximumRetryAttempts": 186}}, None),
    ({"RetryPolicy": {"MaximumEventAgeInSeconds": 86401}}, None),
    ({"DeadLetterConfig": {"Arn": QUEUE + ".fifo"}}, None),
    ({"Input": "{"}, None),
    ({"InputPath": "a.b"}, None),
    ({"RoleArn": QUEUE}, None),
    ({"RoleArn": "arn:aws:iam::111122223333:role/r"}, "Cross-account pass role is not allowed."),
])
def test_targets_that_are_refused(events, bus, rule, refuses, target, text):
    with refuses("ValidationException", text):
        events.put_targets(Rule=rule(), EventBusName=bus,
                           Targets=[{"Id": "t", "Arn": QUEUE} | target])


def test_a_service_without_deliveries_fails_its_entry(events, bus, rule):
    name = rule()
    stream = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s"
    answer = events.put_targets(Rule=name, EventBusName=bus, Targets=[
        {"Id": "good", "Arn": QUEUE}, {"Id": "bad", "Arn": stream}])
    assert answer["FailedEntryCount"] == 1
    assert [(entry["TargetId"], entry["ErrorCode"]) for entry in answer["FailedEntries"]] == [
        ("bad", "ValidationException")]
    found = events.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]
    assert [target["Id"] for target in found] == ["good"]


def test_removing_what_is_not_there_fails_its_entry(events, bus, rule):
    name = rule()
    events.put_targets(Rule=name, EventBusName=bus, Targets=[
        {"Id": "1", "Arn": QUEUE}, {"Id": "2", "Arn": QUEUE}])
    answer = events.remove_targets(Rule=name, EventBusName=bus, Ids=["x", "1"])
    assert answer["FailedEntryCount"] == 1
    assert answer["FailedEntries"] == [{
        "TargetId": "x", "ErrorCode": "ResourceNotFoundException",
        "ErrorMessage": f"Rule '{name}' does not have a target with the Id 'x'."}]
    found = events.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]
    assert [target["Id"] for target in found] == ["2"]


def test_five_targets_are_the_most(events, bus, rule, refuses):
    name = rule()
    targets = [{"Id": str(i), "Arn": QUEUE} for i in range(6)]
    with refuses("LimitExceededException",
                 "The requested resource exceeds the maximum number allowed."):
        events.put_targets(Rule=name, EventBusName=bus, Targets=targets)
    events.put_targets(Rule=name, EventBusName=bus, Targets=targets[:5])
    with refuses("LimitExceededException"):
        events.put_targets(Rule=name, EventBusName=bus, Targets=targets[5:])


def test_quota_of_rules(private, refuses):
    server = private("--quotas", "events-rules=1,events-targets=6")
    events = server.client("events")
    events.put_rule(Name="a", EventPattern='{"a":[1]}')
    events.put_rule(Name="a", EventPattern='{"a":[2]}')
    with refuses("LimitExceededException",
                 "The requested resource exceeds the maximum number allowed."):
        events.put_rule(Name="b", EventPattern='{"a":[1]}')
    events.put_targets(Rule="a", Targets=[{"Id": str(i), "Arn": QUEUE} for i in range(6)])
