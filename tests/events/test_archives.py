# SPDX-License-Identifier: MIT
"""Archives of event buses, and replays of what they hold."""
import datetime
import json

import pytest

from ternd import eventually

HOUR = datetime.timedelta(hours=1)


def put(events, bus, count, source="a", first=0):
    for start in range(first, first + count, 10):
        entries = [{"Source": source, "DetailType": "t", "EventBusName": bus,
                    "Detail": json.dumps({"n": n})}
                   for n in range(start, min(start + 10, first + count))]
        assert events.put_events(Entries=entries)["FailedEntryCount"] == 0


def count_of(events, name):
    return events.describe_archive(ArchiveName=name)["EventCount"]


def arn_of(events, bus):
    return events.describe_event_bus(Name=bus)["Arn"]


@pytest.fixture
def archive(events, bus, word):
    """archive(**members): the ARN of a fresh archive of `bus` with the name `word`."""
    def make(**members):
        return events.create_archive(ArchiveName=word, EventSourceArn=arn_of(events, bus),
                                     **members)["ArchiveArn"]
    return make


@pytest.fixture
def listener(events, bus, sqs, queue, queue_arn):
    """The URL of a queue that gets the events of source "a" on `bus`."""
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                       "Action": "sqs:SendMessage", "Resource": queue_arn}]})})
    events.put_rule(Name="listener", EventBusName=bus, EventPattern='{"source":["a"]}')
    events.put_targets(Rule="listener", EventBusName=bus, Targets=[{"Id": "q", "Arn": queue_arn}])
    return queue


def receive_all(sqs, url, count):
    bodies = []

    def probe():
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            bodies.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(bodies) >= count
    eventually(probe, what=f"{count} messages")
    return bodies


def replay(events, archive, bus, name, **destination):
    now = datetime.datetime.now(datetime.timezone.utc)
    return events.start_replay(
        ReplayName=name, EventSourceArn=archive, EventStartTime=now - HOUR,
        EventEndTime=now + HOUR, Destination={"Arn": arn_of(events, bus), **destination})


def ended(events, name, state="COMPLETED"):
    eventually(lambda: events.describe_replay(ReplayName=name)["State"] == state,
               what=f"replay {name} to be {state}")
    return events.describe_replay(ReplayName=name)


def test_an_archive_keeps_the_events_that_fit(events, bus, word, archive):
    archive(EventPattern='{"source":["a"]}', RetentionDays=3, Description="d")
    put(events, bus, 25)
    put(events, bus, 5, source="b")
    eventually(lambda: count_of(events, word) == 25, what="25 events")
    shown = events.describe_archive(ArchiveName=word)
    assert shown["State"] == "ENABLED" and shown["RetentionDays"] == 3
    assert shown["EventPattern"] == '{"source":["a"]}' and shown["Description"] == "d"
    assert shown["EventSourceArn"] == arn_of(events, bus) and shown["SizeBytes"] > 25 * 100
    listed = events.list_archives(EventSourceArn=arn_of(events, bus))["Archives"]
    assert [one["ArchiveName"] for one in listed] == [word]


def test_an_archive_has_a_managed_rule(events, bus, word, archive, refuses):
    archive(EventPattern='{"source":["a"]}')
    name = f"Events-Archive-{word}"
    rule = events.describe_rule(Name=name, EventBusName=bus)
    assert rule["ManagedBy"] == "prod.vhs.events.aws.internal"
    assert json.loads(rule["EventPattern"]) == {
        "source": ["a"], "replay-name": [{"exists": False}]}
    with refuses("ManagedRuleException"):
        events.delete_rule(Name=name, EventBusName=bus)
    events.delete_archive(ArchiveName=word)
    with refuses("ResourceNotFoundException"):
        events.describe_rule(Name=name, EventBusName=bus)


def test_faults_of_archives_are_those_of_aws(events, bus, word, archive, refuses):
    archive()
    with refuses("ResourceAlreadyExistsException", f"Archive {word} already exists."):
        archive()
    with refuses("ValidationException",
                 "At least one of EventPattern, RetentionDays or Description must be provided."):
        events.update_archive(ArchiveName=word)
    with refuses("InvalidEventPatternException"):
        events.update_archive(ArchiveName=word, EventPattern='{"a":"b"}')
    with refuses("ResourceNotFoundException", "Event bus nobus does not exist."):
        events.create_archive(ArchiveName=word + "x", EventSourceArn=arn_of(
            events, bus).replace(bus, "nobus"))
    events.delete_archive(ArchiveName=word)
    for call in (events.describe_archive, events.delete_archive):
        with refuses("ResourceNotFoundException", f"Archive {word} does not exist."):
            call(ArchiveName=word)


def test_an_update_changes_pattern_and_retention(events, bus, word, archive):
    archive(EventPattern='{"source":["a"]}')
    events.update_archive(ArchiveName=word, EventPattern='{"source":["b"]}', RetentionDays=1)
    put(events, bus, 3)
    put(events, bus, 4, source="b")
    eventually(lambda: count_of(events, word) == 4, what="4 events")
    assert events.describe_archive(ArchiveName=word)["RetentionDays"] == 1


def test_a_replay_delivers_the_events_again(events, bus, word, archive, listener, sqs):
    arn = archive()
    put(events, bus, 250)
    first = receive_all(sqs, listener, 250)
    answer = replay(events, arn, bus, word)
    assert answer["State"] == "STARTING" and answer["ReplayArn"].endswith(f":replay/{word}")
    second = receive_all(sqs, listener, 250)
    assert all(event.pop("replay-name") == word for event in second)
    assert sorted(first, key=str) == sorted(second, key=str)
    shown = ended(events, word)
    assert shown["ReplayEndTime"] >= shown["ReplayStartTime"] and shown["EventLastReplayedTime"]
    assert shown["EventSourceArn"] == arn
    assert count_of(events, word) == 250  # what is replayed is not archived again
    listed = events.list_replays(EventSourceArn=arn)["Replays"]
    assert [(one["ReplayName"], one["State"]) for one in listed] == [(word, "COMPLETED")]


def test_a_replay_delivers_an_event_of_the_deepest_nesting(
        events, bus, word, archive, listener, sqs):
    """The envelope of its detail has one level more than LIMIT_JSON_DEPTH."""
    arn = archive()
    detail = '{"n":' * 64 + "1" + "}" * 64
    entry = {"Source": "a", "DetailType": "t", "EventBusName": bus, "Detail": detail}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    first = receive_all(sqs, listener, 1)
    replay(events, arn, bus, word)
    eventually(lambda: "ReplayEndTime" in events.describe_replay(ReplayName=word),
               what="the end of the replay")
    assert events.describe_replay(ReplayName=word)["State"] == "COMPLETED"
    second = receive_all(sqs, listener, 1)
    assert second == [{**first[0], "replay-name": word}]


def test_a_replay_goes_to_chosen_rules_only(events, bus, word, archive, listener, sqs):
    arn = archive()
    other = sqs.create_queue(QueueName=f"other-{word}")["QueueUrl"]
    other_arn = sqs.get_queue_attributes(
        QueueUrl=other, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=other, Attributes={"Policy": json.dumps({
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                       "Action": "sqs:SendMessage", "Resource": other_arn}]})})
    put(events, bus, 5)
    receive_all(sqs, listener, 5)
    rule = events.put_rule(Name="chosen", EventBusName=bus,
                           EventPattern='{"source":["a"]}')["RuleArn"]
    events.put_targets(Rule="chosen", EventBusName=bus, Targets=[{"Id": "q", "Arn": other_arn}])
    replay(events, arn, bus, word, FilterArns=[rule])
    assert len(receive_all(sqs, other, 5)) == 5
    ended(events, word)
    assert "Messages" not in sqs.receive_message(QueueUrl=listener)


def test_a_replay_takes_the_events_of_its_time_only(events, bus, word, archive, listener, sqs):
    arn = archive()
    put(events, bus, 5)
    receive_all(sqs, listener, 5)
    now = datetime.datetime.now(datetime.timezone.utc)
    events.start_replay(ReplayName=word, EventSourceArn=arn, EventStartTime=now - 2 * HOUR,
                        EventEndTime=now - HOUR, Destination={"Arn": arn_of(events, bus)})
    assert "EventLastReplayedTime" not in ended(events, word)
    assert "Messages" not in sqs.receive_message(QueueUrl=listener)


def test_faults_of_replays_are_those_of_aws(events, bus, word, archive, refuses):
    arn, now = archive(), datetime.datetime.now(datetime.timezone.utc)

    def start(name=word, source=arn, destination=None, end=now):
        events.start_replay(ReplayName=name, EventSourceArn=source, EventStartTime=now - HOUR,
                            EventEndTime=end,
                            Destination={"Arn": destination or arn_of(events, bus)})
    with refuses("ValidationException", "Parameter EventSourceArn is not valid. Reason: Archive "
                 f"{word}x does not exist."):
        start(source=arn + "x")
    with refuses("ValidationException", "Parameter Destination.Arn is not valid. Reason: Cross "
                 "event bus replay is not permitted."):
        start(destination=arn_of(events, "default"))
    with refuses("ValidationException", "Parameter EventEndTime is not valid. Reason: "
                 "EventStartTime must be before EventEndTime."):
        start(end=now - HOUR)
    start()
    with refuses("ResourceAlreadyExistsException", f"Replay {word} already exists."):
        start()
    ended(events, word)
    with refuses("IllegalStatusException"):
        events.cancel_replay(ReplayName=word)
    for call in (events.describe_replay, events.cancel_replay):
        with refuses("ResourceNotFoundException", f"Replay {word}x does not exist."):
            call(ReplayName=word + "x")


def test_a_replay_goes_on_after_kill_nine(private):
    """All events come, some of one page perhaps twice."""
    server = private()
    events, sqs = server.client("events"), server.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                       "Action": "sqs:SendMessage", "Resource": arn}]})})
    archive = events.create_archive(ArchiveName="a", EventSourceArn=arn_of(
        events, "default"))["ArchiveArn"]
    put(events, "default", 1000)
    events.put_rule(Name="r", EventPattern='{"source":["a"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn}])
    replay(events, archive, "default", "again")
    server.kill()
    server.start()
    events, sqs = server.client("events"), server.client("sqs")
    ended(events, "again")
    seen = set()

    def probe():
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            seen.add(json.loads(message["Body"])["detail"]["n"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(seen) == 1000
    eventually(probe, what="all events")


def test_archives_survive_a_restart(private):
    server = private()
    events = server.client("events")
    events.create_archive(ArchiveName="a", EventSourceArn=arn_of(events, "default"))
    put(events, "default", 30)
    eventually(lambda: count_of(events, "a") == 30, what="30 events")
    server.restart()
    events = server.client("events")
    assert count_of(events, "a") == 30
    put(events, "default", 5, first=30)
    eventually(lambda: count_of(events, "a") == 35, what="35 events")


def test_an_archive_is_of_a_bus_of_its_region(server, events, refuses, word):
    arn = server.client("events", region="eu-west-1").create_event_bus(Name=word)["EventBusArn"]
    with refuses("ResourceNotFoundException"):
        events.create_archive(ArchiveName=word, EventSourceArn=arn)


def test_an_archive_without_its_bus_is_not_updated(events, refuses, word):
    bus = events.create_event_bus(Name=word)["EventBusArn"]
    events.create_archive(ArchiveName=word, EventSourceArn=bus)
    events.delete_rule(Name=f"Events-Archive-{word}", EventBusName=word, Force=True)
    events.delete_event_bus(Name=word)
    with refuses("ResourceNotFoundException"):
        events.update_archive(ArchiveName=word, RetentionDays=3)
    events.delete_archive(ArchiveName=word)
