# SPDX-License-Identifier: MIT
"""tern bus, rule, event, archive, replay and schedule, seen through boto3."""
import json

import pytest

from ternd import eventually


def details(sqs, url):
    """The details of all events in a queue; each is deleted."""
    found = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in batch:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"])["detail"])
    return found


@pytest.fixture
def bus(tern, name):
    tern("bus", "create", name)
    return name


def test_buses_are_made_shown_and_removed(tern, events, name):
    arn, = tern.lines("bus", "create", name)
    assert events.describe_event_bus(Name=name)["Arn"] == arn
    row, = tern.json("bus", "ls", name)
    assert (row["Name"], row["Arn"]) == (name, arn)
    assert tern.json("bus", "show", name)[0]["Arn"] == arn
    assert tern.json("bus", "show")[0]["Name"] == "default"
    tern("bus", "rm", name)
    assert tern.json("bus", "ls", name) == []
    assert "does not exist" in tern("bus", "show", name, code=1).stderr


def test_rules_route_events_to_granted_queues(tern, sqs, queue, name, bus):
    arn, = tern.lines("rule", "put", "new", "--bus", bus, "--pattern",
                      '{"detail-type": ["new"]}', "--target", name, "--grant")
    assert arn.endswith(f":rule/{bus}/new")
    identifiers = tern.lines("event", "put", "--bus", bus, "--source", "shop", "--type", "new",
                             '{"id": 1}', '{"id": 2}')
    assert [len(identifier) for identifier in identifiers] == [36, 36]
    tern("event", "put", "--bus", bus, "--source", "shop", "--type", "old", '{"id": 3}')
    assert sorted(detail["id"] for detail in details(sqs, queue)) == [1, 2]
    tern("rule", "disable", "new", "--bus", bus)
    tern("event", "put", "--bus", bus, "--source", "shop", "--type", "new", '{"id": 4}')
    tern("rule", "enable", "new", "--bus", bus)
    tern("event", "put", "--bus", bus, "--source", "shop", "--type", "new", '{"id": 5}')
    assert [detail["id"] for detail in details(sqs, queue)] == [5]
    rule, target = tern.json("rule", "show", "new", "--bus", bus)
    assert rule["State"] == "ENABLED" and target["Id"] == name
    row, = tern.json("rule", "ls", "--bus", bus)
    assert json.loads(row["EventPattern"]) == {"detail-type": ["new"]}
    tern("rule", "rm", "new", "--bus", bus)
    assert tern.json("rule", "ls", "--bus", bus) == []


def test_event_lines_are_put_in_batches(tern, sqs, queue, name, bus):
    tern("rule", "put", "all", "--bus", bus, "--pattern", '{"source": ["shop"]}', "--target", name,
         "--grant")
    text = "".join(json.dumps({"id": number}) + "\n" for number in range(25))
    assert tern.lines("event", "put", "--bus", bus, "--source", "shop", "--type", "new", "--lines",
                      text=text) == ["25 events sent"]
    assert sorted(detail["id"] for detail in details(sqs, queue)) == list(range(25))


def test_event_put_says_which_event_is_refused(tern, bus):
    result = tern("event", "put", "--bus", bus, "--source", "shop", "--type", "new", "--lines",
                  text='{"id": 1}\nno JSON\n{"id": 2}\n', code=1)
    assert "event 2 was not sent: Detail is malformed. (MalformedDetail)" in result.stderr
    assert result.stdout == "2 events sent\n"
    assert "--source" in tern("event", "put", "{}", code=2).stderr


def test_patterns_are_tested(tern):
    event = {"id": "1", "account": "000000000000", "source": "shop", "resources": [],
             "time": "2026-11-24T12:00:00Z", "region": "us-east-1", "detail-type": "new",
             "detail": {"id": 1}}
    test = ("event", "test-pattern")
    assert tern(*test, '{"source": ["shop"]}', json.dumps(event)).stdout == "true\n"
    assert tern(*test, '{"source": ["other"]}', json.dumps(event), code=1).stdout == "false\n"
    assert "Event pattern is not valid" in tern(
        *test, '{"source": "shop"}', json.dumps(event), code=1).stderr


def test_tail_shows_events_and_leaves_nothing(tern, sqs, events, bus):
    process = tern.start("event", "tail", "--bus", bus, "--count", "2")
    eventually(lambda: events.list_rules(EventBusName=bus)["Rules"] and events.list_targets_by_rule(
        EventBusName=bus, Rule=events.list_rules(EventBusName=bus)["Rules"][0]["Name"])["Targets"])
    tern("event", "put", "--bus", bus, "--source", "shop", "--type", "new", '{"id": 1}',
         '{"id": 2}')
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert sorted(json.loads(line)["detail"]["id"] for line in output.splitlines()) == [1, 2]
    assert events.list_rules(EventBusName=bus)["Rules"] == []
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="tern-tail-")


def test_archives_are_replayed_with_progress(tern, sqs, queue, name, bus):
    arn, = tern.lines("archive", "create", name, bus, "--days", 3)
    for number in range(3):
        tern("event", "put", "--bus", bus, "--source", "shop", "--type", "new",
             json.dumps({"id": number}))
    row, = tern.json("archive", "ls", name)
    assert (row["ArchiveName"], row["RetentionDays"]) == (name, 3)
    assert tern.json("archive", "show", name)[0]["ArchiveArn"] == arn
    tern("rule", "put", "all", "--bus", bus, "--pattern", '{"source": ["shop"]}', "--target", name,
         "--grant")
    replay, = tern.lines("replay", "start", name, "--name", name)
    assert sorted(detail["id"] for detail in details(sqs, queue)) == [0, 1, 2]
    assert tern.json("replay", "show", replay)[0]["State"] == "COMPLETED"
    assert name in [row["ReplayName"] for row in tern.json("replay", "ls")]
    assert "100 % COMPLETED" in tern.on_terminal("replay", "start", name, "--name", name + "-2")
    assert "no time" in tern("replay", "start", name, "--from", "yesterday", code=2).stderr
    tern("archive", "rm", name)
    assert tern.json("archive", "ls", name) == []


def test_schedules_are_made_shown_and_removed(tern, scheduler, queue, name):
    role, = tern.lines("role", "create", name, "--trust", "scheduler.amazonaws.com")
    arn, = tern.lines("schedule", "create", name, "rate(5 minutes)", name, "--role", role,
                      "--input", "tick", "--time-zone", "Europe/Berlin", "--window", 5)
    found = scheduler.get_schedule(Name=name)
    assert (found["Arn"], found["ScheduleExpressionTimezone"]) == (arn, "Europe/Berlin")
    assert found["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}
    assert found["Target"] == {"Arn": f"arn:aws:sqs:us-east-1:000000000000:{name}",
                               "RoleArn": role, "Input": "tick",
                               "RetryPolicy": found["Target"]["RetryPolicy"]}
    assert tern.json("schedule", "show", name)[0]["Name"] == name
    assert [row["Name"] for row in tern.json("schedule", "ls", name)] == [name]
    assert "--role" in tern("schedule", "create", name, "rate(1 hour)", name, code=2).stderr
    tern("schedule", "rm", name)
    assert tern.json("schedule", "ls", name) == []
