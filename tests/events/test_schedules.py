# SPDX-License-Identifier: MIT
"""Rules with a schedule: what their targets get, and when; with the test clock."""
import datetime
import json

import pytest

from ternd import eventually

MINUTE, HOUR = 60, 3600


@pytest.fixture
def timed(clocked, word):
    """timed(expression, **settings): a rule that a fresh queue is the target of; its queue."""
    events, sqs = clocked.client("events"), clocked.client("sqs")

    def make(expression, **settings):
        url = sqs.create_queue(QueueName=word)["QueueUrl"]
        arn = sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                           "Action": "sqs:SendMessage", "Resource": arn}]})})
        events.put_rule(Name=word, ScheduleExpression=expression, **settings)
        events.put_targets(Rule=word, Targets=[{"Id": "q", "Arn": arn}])
        return url
    return make


def receive(server, url):
    sqs, found = server.client("sqs"), []

    def probe():
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"]))
        return found
    eventually(probe, what="a scheduled event")
    return found[0]


def is_empty(server, url):
    return "Messages" not in server.client("sqs").receive_message(QueueUrl=url)


def test_a_rate_sends_a_scheduled_event_each_period(clocked, timed, word):
    url = timed("rate(5 minutes)")
    arn = clocked.client("events").describe_rule(Name=word)["Arn"]
    assert is_empty(clocked, url)
    clocked.advance(5 * MINUTE)
    event = receive(clocked, url)
    assert event["source"] == "aws.events" and event["detail-type"] == "Scheduled Event"
    assert event["resources"] == [arn] and event["detail"] == {} and event["version"] == "0"
    clocked.advance(4 * MINUTE)
    assert is_empty(clocked, url)
    clocked.advance(MINUTE)
    assert receive(clocked, url)["id"] != event["id"]
    clocked.client("events").disable_rule(Name=word)
    clocked.advance(HOUR)
    assert is_empty(clocked, url)
    clocked.client("events").enable_rule(Name=word)
    clocked.advance(5 * MINUTE)
    receive(clocked, url)


def test_a_cron_occurs_at_its_time_in_utc(clocked, timed):
    url = timed("cron(30 4 * * ? *)")
    clocked.advance(24 * HOUR)
    time = datetime.datetime.fromisoformat(receive(clocked, url)["time"].replace("Z", "+00:00"))
    assert (time.hour, time.minute, time.second) == (4, 30, 0)
    assert is_empty(clocked, url)


def test_a_deleted_or_changed_rule_does_not_occur(clocked, timed, word):
    events, url = clocked.client("events"), timed("rate(1 hour)")
    events.put_rule(Name=word, ScheduleExpression="rate(2 hours)")
    clocked.advance(HOUR)
    assert is_empty(clocked, url)
    clocked.advance(HOUR)
    receive(clocked, url)
    events.remove_targets(Rule=word, Ids=["q"])
    events.delete_rule(Name=word)
    clocked.advance(5 * HOUR)
    assert is_empty(clocked, url)


def test_schedules_survive_a_restart(private):
    server = private("--test-clock")
    events, sqs = server.client("events"), server.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                       "Action": "sqs:SendMessage", "Resource": arn}]})})
    events.put_rule(Name="r", ScheduleExpression="rate(1 hour)")
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn}])
    server.kill()
    server.start()
    server.advance(HOUR + MINUTE)
    assert receive(server, url)["detail-type"] == "Scheduled Event"
