# SPDX-License-Identifier: MIT
"""Event buses: their settings, tags, lists and faults."""
import datetime

import pytest

ACCOUNT, REGION = "000000000000", "us-east-1"
NOT_FOUND = "ResourceNotFoundException"


def arn_of(bus):
    return f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus}"


def test_the_default_bus_is_there(events):
    found = events.describe_event_bus()
    assert (found["Name"], found["Arn"]) == ("default", arn_of("default"))
    assert "Policy" not in found


@pytest.fixture
def key(server):
    return server.client("kms").create_key()["KeyMetadata"]["KeyId"]


def test_a_bus_has_what_it_was_created_with(events, word, key):
    made = events.create_event_bus(
        Name=word, Description="orders", KmsKeyIdentifier=key,
        DeadLetterConfig={"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"},
        LogConfig={"IncludeDetail": "FULL", "Level": "INFO"}, Tags=[{"Key": "a", "Value": "b"}])
    assert made["EventBusArn"] == arn_of(word)
    found = events.describe_event_bus(Name=word)
    for answer in (made, found):
        assert answer["Description"] == "orders"
        assert answer["KmsKeyIdentifier"] == key
        assert answer["DeadLetterConfig"] == {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"}
        assert answer["LogConfig"] == {"IncludeDetail": "FULL", "Level": "INFO"}
    assert found["CreationTime"] == found["LastModifiedTime"]
    now = datetime.datetime.now(datetime.timezone.utc)
    assert abs(now - found["CreationTime"]) < datetime.timedelta(minutes=5)
    assert events.list_tags_for_resource(ResourceARN=arn_of(word))["Tags"] == [
        {"Key": "a", "Value": "b"}]
    assert events.describe_event_bus(Name=arn_of(word))["Name"] == word


def test_names_are_taken_once(events, bus, refuses):
    with refuses("ResourceAlreadyExistsException", f"Event bus {bus} already exists."):
        events.create_event_bus(Name=bus)
    with refuses("ResourceAlreadyExistsException", "Event bus default already exists."):
        events.create_event_bus(Name="default")


def test_names_have_a_pattern(events, refuses):
    with refuses("ValidationException",
                 "1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: "
                 "Member must satisfy regular expression pattern: [/\\.\\-_A-Za-z0-9]+"):
        events.create_event_bus(Name="a b")
    events.create_event_bus(Name="n" * 256)
    with refuses("ValidationException"):
        events.create_event_bus(Name="n" * 257)
    with refuses("ValidationException"):
        events.create_event_bus(Name="a/b")


def test_a_bus_that_does_not_exist(events, refuses):
    with refuses(NOT_FOUND, "Event bus nobody does not exist."):
        events.describe_event_bus(Name="nobody")
    with refuses(NOT_FOUND, "Event bus nobody does not exist."):
        events.update_event_bus(Name="nobody", Description="x")
    with refuses(NOT_FOUND, "Event bus nobody does not exist."):
        events.list_rules(EventBusName="nobody")
    events.delete_event_bus(Name="nobody")


def test_update_changes_what_it_names(events, bus, key):
    events.update_event_bus(Name=bus, Description="one")
    answer = events.update_event_bus(Name=bus, KmsKeyIdentifier=key)
    assert (answer["Description"], answer["KmsKeyIdentifier"]) == ("one", key)
    assert (answer["Name"], answer["Arn"]) == (bus, arn_of(bus))
    events.update_event_bus(Name=bus, KmsKeyIdentifier="")
    assert "KmsKeyIdentifier" not in events.describe_event_bus(Name=bus)


def test_a_bus_with_rules_stays(events, bus, rule, refuses):
    name = rule()
    with refuses("ValidationException", "EventBus can't be deleted since it has rules."):
        events.delete_event_bus(Name=bus)
    events.delete_rule(Name=name, EventBusName=bus)
    events.delete_event_bus(Name=bus)
    with refuses(NOT_FOUND):
        events.describe_event_bus(Name=bus)


def test_the_default_bus_stays(events, refuses):
    with refuses("ValidationException", "Cannot delete event bus default."):
        events.delete_event_bus(Name="default")


def test_lists_come_in_pages(events, word):
    names = [f"{word}-page{i}" for i in range(5)]
    for name in names:
        events.create_event_bus(Name=name)
    found, token = [], {}
    while True:
        page = events.list_event_buses(NamePrefix=word + "-page", Limit=2, **token)
        assert len(page["EventBuses"]) <= 2
        found += [item["Name"] for item in page["EventBuses"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == names
    everything = [item["Name"] for item in events.list_event_buses()["EventBuses"]]
    assert everything == sorted(everything) and "default" in everything
    assert events.list_event_buses(NamePrefix="default")["EventBuses"][0]["Name"] == "default"


def test_a_token_of_others_is_refused(events, refuses):
    with refuses("ValidationException", "Parameter NextToken is not valid."):
        events.list_event_buses(NextToken="x")


def test_tags_change(events, bus):
    arn = arn_of(bus)
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "1"},
                                               {"Key": "b", "Value": "2"}])
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "3"}])
    events.untag_resource(ResourceARN=arn, TagKeys=["b", "c"])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "3"}]


def test_fifty_tags_are_the_most(events, bus, refuses):
    tags = [{"Key": f"k{i}", "Value": ""} for i in range(51)]
    with refuses("LimitExceededException"):
        events.tag_resource(ResourceARN=arn_of(bus), Tags=tags)
    events.tag_resource(ResourceARN=arn_of(bus), Tags=tags[:50])
    assert len(events.list_tags_for_resource(ResourceARN=arn_of(bus))["Tags"]) == 50


def test_tags_of_what_does_not_exist(events, refuses):
    with refuses(NOT_FOUND, "Event bus nobody does not exist."):
        events.list_tags_for_resource(ResourceARN=arn_of("nobody"))
    with refuses(NOT_FOUND, "Rule nobody does not exist on EventBus default."):
        events.list_tags_for_resource(
            ResourceARN=f"arn:aws:events:{REGION}:{ACCOUNT}:rule/nobody")
    with refuses("ValidationException", "Parameter ResourceARN is not valid."):
        events.list_tags_for_resource(ResourceARN=f"arn:aws:sqs:{REGION}:{ACCOUNT}:q")


def test_quota_of_buses(private, refuses):
    server = private("--quotas", "events-buses=2")
    events = server.client("events")
    events.create_event_bus(Name="a")
    events.create_event_bus(Name="b")
    with refuses("LimitExceededException",
                 "The requested resource exceeds the maximum number allowed."):
        events.create_event_bus(Name="c")


def test_buses_survive_a_restart(private):
    server = private()
    events = server.client("events")
    events.create_event_bus(Name="kept", Description="d", Tags=[{"Key": "a", "Value": "b"}])
    events.put_rule(Name="r", EventBusName="kept", EventPattern='{"source":["a"]}')
    events.put_targets(Rule="r", EventBusName="kept", Targets=[
        {"Id": "t", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q",
         "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
         "InputTransformer": {"InputPathsMap": {"s": "$.source"}, "InputTemplate": '"<s>"'}}])
    events.put_rule(Name="d", EventPattern='{"source":["a"]}', State="DISABLED")
    before = (events.describe_event_bus(Name="kept"), events.list_rules(EventBusName="kept"),
              events.list_targets_by_rule(Rule="r", EventBusName="kept"),
              events.describe_rule(Name="d"))
    server.kill()
    server.start()
    events = server.client("events")
    after = (events.describe_event_bus(Name="kept"), events.list_rules(EventBusName="kept"),
             events.list_targets_by_rule(Rule="r", EventBusName="kept"),
             events.describe_rule(Name="d"))
    for one, other in zip(before, after):
        one.pop("ResponseMetadata"), other.pop("ResponseMetadata")
        assert one == other


# ---- partner event sources ----

SOURCE = "aws.partner/example.com/source"


def test_no_account_has_partner_event_sources(events, refuses):
    assert events.list_event_sources()["EventSources"] == []
    for call in (events.describe_event_source, events.activate_event_source,
                 events.deactivate_event_source):
        with refuses(NOT_FOUND, f"Event source {SOURCE} does not exist."):
            call(Name=SOURCE)


def test_no_account_is_a_partner(events, refuses):
    with refuses("OperationDisabledException"):
        events.put_partner_events(Entries=[{"Source": SOURCE, "DetailType": "t", "Detail": "{}"}])
    with refuses("OperationDisabledException"):
        events.create_partner_event_source(Name=SOURCE, Account="111122223333")
    with refuses("OperationDisabledException"):
        events.list_partner_event_sources(NamePrefix="aws.partner/example.com/")
