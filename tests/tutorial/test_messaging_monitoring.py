# SPDX-License-Identifier: MIT
"""The tutorial's MessagingMonitoring, unchanged: its dashboard, and its alarms under a backlog.

The tutorial's alarms have no actions; the test adds a topic to them, as its Terraform part does.
"""
import json
import pathlib
import time

import boto3
import pytest

SNIPPET = pathlib.Path(__file__).parent / "snippets" / "messaging_monitoring.txt"


@pytest.fixture
def monitoring(clocked, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", clocked.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    names = {}
    exec(SNIPPET.read_text(), names)
    return names["MessagingMonitoring"]()


@pytest.fixture
def topic(clocked, name):
    """A topic whose notifications arrive in a queue: its ARN, and a function that takes one."""
    sqs, sns = clocked.client("sqs"), clocked.client("sns")
    url = sqs.create_queue(QueueName=f"{name}-mail")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = arn["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=name)["TopicArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": arn}]})})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def take():
        [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return json.loads(json.loads(message["Body"])["Message"])
    return topic, take


def notify(cloudwatch, alarm, topic):
    [found] = cloudwatch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    settings = {key: found[key] for key in (
        "AlarmName", "AlarmDescription", "ComparisonOperator", "EvaluationPeriods", "MetricName",
        "Namespace", "Period", "Statistic", "Threshold", "Dimensions")}
    cloudwatch.put_metric_alarm(**settings, AlarmActions=[topic], OKActions=[topic])


def becomes(cloudwatch, alarm, state):
    end = time.monotonic() + 30
    while (found := cloudwatch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]
           )["StateValue"] != state:
        assert time.monotonic() < end, found
        time.sleep(0.05)


def test_the_dashboard(monitoring, clocked, capsys):
    monitoring.create_monitoring_dashboard("orders", "arn:aws:sns:us-east-1:000000000000:orders")
    assert capsys.readouterr().out == "Dashboard created: messaging-dashboard\n"
    body = clocked.client("cloudwatch").get_dashboard(DashboardName="messaging-dashboard")
    assert len(json.loads(body["DashboardBody"])["widgets"]) == 4


def test_the_depth_alarm(monitoring, clocked, topic, name, capsys):
    sqs, cloudwatch = clocked.client("sqs"), clocked.client("cloudwatch")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    monitoring.create_alarms(name)
    assert capsys.readouterr().out == f"Alarms created for {name}\n"
    alarm = f"{name}-depth-high"
    notify(cloudwatch, alarm, topic[0])
    for batch in range(101):
        sqs.send_message_batch(QueueUrl=url, Entries=[
            {"Id": str(i), "MessageBody": f"{batch} {i}"} for i in range(10)])
    clocked.advance(660)
    becomes(cloudwatch, alarm, "ALARM")
    message = topic[1]()
    while message["NewStateValue"] != "ALARM":
        message = topic[1]()
    assert message["Trigger"]["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert message["Trigger"]["Dimensions"] == [{"value": name, "name": "QueueName"}]

    sqs.purge_queue(QueueUrl=url)
    clocked.advance(660)
    becomes(cloudwatch, alarm, "OK")
    assert topic[1]()["NewStateValue"] == "OK"


def test_the_alarms_of_old_and_dead_messages(monitoring, clocked, topic, name):
    sqs, cloudwatch = clocked.client("sqs"), clocked.client("cloudwatch")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    dead = sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
    monitoring.create_alarms(name)
    notify(cloudwatch, f"{name}-dlq-messages", topic[0])
    sqs.send_message(QueueUrl=dead, MessageBody="failed")
    sqs.send_message(QueueUrl=url, MessageBody="stuck")
    clocked.advance(120)
    becomes(cloudwatch, f"{name}-dlq-messages", "ALARM")
    assert topic[1]()["NewStateReason"].startswith("Threshold Crossed: 1 datapoint [1.0 (")
    clocked.advance(3900)
    becomes(cloudwatch, f"{name}-age-high", "ALARM")
    for queue in (url, dead):
        [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    clocked.advance(660)
    becomes(cloudwatch, f"{name}-dlq-messages", "OK")
    becomes(cloudwatch, f"{name}-age-high", "OK")
