# SPDX-License-Identifier: MIT
"""Fixtures of the tests of alarms: clients of the clocked server, a topic with a queue."""
import contextlib
import json
import time

import botocore.exceptions
import pytest


@contextlib.contextmanager
def refused(code, text=None):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    if text is not None:
        assert error["Message"] == text


@pytest.fixture
def refuses():
    return refused


@pytest.fixture
def cloudwatch(clocked):
    return clocked.client("cloudwatch")


class Mailbox:
    """A topic, and a queue that gets its messages raw."""

    def __init__(self, server, name):
        self.sqs, sns = server.client("sqs"), server.client("sns")
        self.url = self.sqs.create_queue(QueueName=f"{name}-mail")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        arn = arn["Attributes"]["QueueArn"]
        self.arn = sns.create_topic(Name=f"{name}-topic")["TopicArn"]
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": json.dumps({
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
                           "Action": "sqs:SendMessage", "Resource": arn}]})})
        sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=arn)

    def take(self, wait=20):
        """The next notification, as SNS delivers it; None: there is none."""
        answer = self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=wait)
        for message in answer.get("Messages", []):
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            return json.loads(message["Body"])
        return None


@pytest.fixture
def mailbox(clocked, name):
    return Mailbox(clocked, name)


def eventually(observe, wanted, seconds=30):
    """Waits for a state that can be observed."""
    end = time.monotonic() + seconds
    while (seen := observe()) != wanted:
        assert time.monotonic() < end, f"{seen!r} is not {wanted!r}"
        time.sleep(0.05)


@pytest.fixture
def becomes(cloudwatch):
    """becomes(alarm, state) waits until the alarm has the state, and returns the alarm."""
    def describe(alarm):
        answer = cloudwatch.describe_alarms(AlarmNames=[alarm],
                                            AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        [found] = answer["MetricAlarms"] + answer["CompositeAlarms"]
        return found

    def wait(alarm, state):
        eventually(lambda: describe(alarm)["StateValue"], state)
        return describe(alarm)
    return wait


@pytest.fixture
def put(cloudwatch, name):
    """put(**members) makes an alarm "name" on the custom metric "name" and returns its name."""
    def make(**members):
        settings = {"AlarmName": name, "Namespace": "Test", "MetricName": name, "Period": 60,
                    "Statistic": "Sum", "EvaluationPeriods": 1, "Threshold": 10,
                    "ComparisonOperator": "GreaterThanThreshold", **members}
        cloudwatch.put_metric_alarm(**{key: value for key, value in settings.items()
                                       if value is not None})
        return settings["AlarmName"]
    return make


@pytest.fixture
def minute(cloudwatch, clocked, name):
    """minute(value, ...) adds values to the metric and lets the minute pass; minute(): no data."""
    def add(*values):
        for value in values:
            cloudwatch.put_metric_data(Namespace="Test", MetricData=[
                {"MetricName": name, "Value": value}])
        clocked.advance(60)
    return add
