# SPDX-License-Identifier: MIT
"""CloudWatch's metrics of EventBridge and of Scheduler."""
import datetime
import json

import pytest

from roles import EVENTS_TRUST, make_role
from ternd import eventually
from test_destinations import BASIC, Endpoint, let_events_send

ACCOUNT, REGION = "000000000000", "us-east-1"


@pytest.fixture
def own(private):
    return private("--durability", "memory", "--test-clock")


def total(server, name, namespace="AWS/Events", **dimensions):
    """The sum of the metric, over all minutes that are closed."""
    date = server.http.get(server.url + "/_tern/health").headers["Date"]
    now = datetime.datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT")
    points = server.client("cloudwatch").get_metric_statistics(
        Namespace=namespace, MetricName=name, Period=3600, Statistics=["Sum"],
        StartTime=now - datetime.timedelta(hours=5), EndTime=now + datetime.timedelta(hours=1),
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()])
    return sum(point["Sum"] for point in points["Datapoints"])


def expect(server, values, **options):
    """The metrics have these sums, once the minute is closed."""
    server.advance(61)
    eventually(lambda: all(total(server, name, **options) == value
                           for name, value in values.items()), what=f"{values}")


def test_a_rule_counts_its_deliveries(own):
    events, sqs = own.client("events"), own.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
    let_events_send(sqs, url, arn)
    events.put_rule(Name="r", EventPattern='{"source":["a"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn},
                                          {"Id": "gone", "Arn": arn + "x"}])
    events.put_events(Entries=[{"Source": source, "DetailType": "t", "Detail": "{}"}
                               for source in ("a", "a", "b")] + [{"Source": "a"}])
    expect(own, {"MatchedEvents": 2, "TriggeredRules": 2, "Invocations": 4,
                 "InvocationAttempts": 4, "SuccessfulInvocationAttempts": 2,
                 "FailedInvocations": 2}, RuleName="r")
    expect(own, {"PutEventsApproximateCallCount": 1, "PutEventsEntriesCount": 4,
                 "PutEventsFailedEntriesCount": 1, "PutEventsApproximateSuccessCount": 1})


def test_retries_and_dead_letters_are_counted(own):
    events, sqs, endpoint = own.client("events"), own.client("sqs"), Endpoint()
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
    let_events_send(sqs, url, dead)
    endpoint.answers = [500, 400]
    connection = events.create_connection(Name="c", AuthorizationType="BASIC",
                                          AuthParameters=BASIC)["ConnectionArn"]
    arn = events.create_api_destination(
        Name="d", ConnectionArn=connection, HttpMethod="POST",
        InvocationEndpoint=endpoint.url)["ApiDestinationArn"]
    events.create_event_bus(Name="b")
    events.put_rule(Name="r", EventBusName="b", EventPattern='{"source":["a"]}')
    events.put_targets(Rule="r", EventBusName="b", Targets=[{
        "Id": "d", "Arn": arn, "RoleArn": make_role(own, "r", EVENTS_TRUST),
        "DeadLetterConfig": {"Arn": dead}}])
    events.put_events(Entries=[
        {"Source": "a", "DetailType": "t", "Detail": "{}", "EventBusName": "b"}])

    def probe():
        own.advance(1)
        return sqs.receive_message(QueueUrl=url).get("Messages")
    eventually(probe, what="a dead letter")
    expect(own, {"InvocationAttempts": 2, "RetryInvocationAttempts": 1, "FailedInvocations": 1,
                 "InvocationsSentToDlq": 1, "Invocations": 1}, RuleName="r", EventBusName="b")
    endpoint.shutdown()
    endpoint.server_close()


def test_schedules_are_counted(own):
    sqs = own.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    own.client("scheduler").create_schedule(
        Name="s", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"}, Target={
            "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", "RoleArn": make_role(own, "r"),
            "Input": json.dumps("x")})
    eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"), what="a message")
    expect(own, {"InvocationAttemptCount": 1, "TargetErrorCount": 0}, namespace="AWS/Scheduler",
           ScheduleGroup="default")
