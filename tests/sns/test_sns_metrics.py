# SPDX-License-Identifier: MIT
"""AWS/SNS in CloudWatch, and delivery status logs."""
import datetime
import json

import pytest

from sns_queue import Queue
from ternd import eventually


@pytest.fixture
def moved(clocked):
    return clocked.client("sns"), clocked.client("sqs"), clocked.client("cloudwatch")


def points(cloudwatch, namespace, dimension, arn, metric):
    now = datetime.datetime(2100, 1, 1, tzinfo=datetime.timezone.utc)
    found = cloudwatch.get_metric_statistics(
        Namespace=namespace, MetricName=metric, Period=365 * 86400,
        Dimensions=[{"Name": dimension, "Value": arn.split(":")[-1]}],
        StartTime=now - datetime.timedelta(days=36500), EndTime=now,
        Statistics=["Sum", "Maximum", "SampleCount"])["Datapoints"]
    return [(point["Sum"], point["Maximum"], point["SampleCount"]) for point in found]


def test_metrics_of_a_topic(clocked, moved, name):
    sns, sqs, cloudwatch = moved
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = Queue(sqs, name)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn,
                  Attributes={"FilterPolicy": '{"a": ["x"]}'})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn + "-gone")
    attribute = {"DataType": "String", "StringValue": "x"}
    sns.publish(TopicArn=topic, Message="12345")
    sns.publish(TopicArn=topic, Message="123", MessageAttributes={"a": attribute})
    clocked.advance(120)

    def look(metric):
        return points(cloudwatch, "AWS/SNS", "TopicName", topic, metric)
    assert eventually(lambda: look("NumberOfMessagesPublished")) == [(2, 1, 2)]
    assert look("PublishSize") == [(16, 11, 2)]
    assert look("NumberOfNotificationsDelivered") == [(1, 1, 1)]
    assert look("NumberOfNotificationsFailed") == [(2, 1, 2)]
    assert look("NumberOfNotificationsFilteredOut") == [(1, 1, 1)]
    assert look("NumberOfNotificationsFilteredOut-NoMessageAttributes") == [(1, 1, 1)]
    assert look("NumberOfNotificationsFilteredOut-MessageAttributes") == []


def test_each_delivery_counts_in_the_metrics_of_its_queue(clocked, moved, name):
    """Also those after the first, which need no request."""
    sns, sqs, cloudwatch = moved
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = Queue(sqs, name)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn,
                  Attributes={"RawMessageDelivery": "true"})
    for size in (10, 20, 60):
        sns.publish(TopicArn=topic, Message="x" * size)
    clocked.advance(120)

    def look(metric):
        return points(cloudwatch, "AWS/SQS", "QueueName", queue.arn, metric)
    assert eventually(lambda: look("NumberOfMessagesSent"))[0][0] == 3
    assert look("SentMessageSize") == [(90, 60, 3)]


ATTRIBUTES = {"a": {"DataType": "String", "StringValue": "y"}}
BAD_ARRAY = {"a": {"DataType": "String.Array", "StringValue": "y"}}


@pytest.mark.parametrize("scope, message, attributes, reason", [
    ("MessageAttributes", "{}", {}, "no_attributes"),
    ("MessageAttributes", "{}", ATTRIBUTES, "attributes"),
    ("MessageAttributes", "{}", BAD_ARRAY, "invalid_attributes"),
    ("MessageBody", '{"a": "y"}', {}, "body"),
    ("MessageBody", "y", {}, "invalid_body"),
])
def test_refused_messages_are_counted_by_reason(server, sns, topic, make_queue, scope, message,
                                                attributes, reason):
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=make_queue().arn, Attributes={
        "FilterPolicy": '{"a": ["x"]}', "FilterPolicyScope": scope})
    sns.publish(TopicArn=topic, Message=message, MessageAttributes=attributes)
    name = topic.split(":")[-1]
    counted = {line.split("{")[0]: line.split()[-1]
               for line in server.metrics_text().splitlines()
               if f'topic="{name}"' in line and line.startswith("tern_topic_filtered")}
    assert {key for key, value in counted.items() if value != "0"} == {
        "tern_topic_filtered_total", f"tern_topic_filtered_{reason}_total"}


def events(logs, group):
    """The events of a log group, which may not exist yet."""
    try:
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [json.loads(event["message"]) for stream in streams
            for event in logs.get_log_events(logGroupName=group, startFromHead=True,
                                             logStreamName=stream["logStreamName"])["events"]]


def test_delivery_status_is_logged(server, sns, topic, make_queue):
    logs, queue, name = server.client("logs"), make_queue(), topic.split(":")[-1]
    role = "arn:aws:iam::000000000000:role/logs"
    for attribute in ("SQSSuccessFeedbackRoleArn", "SQSFailureFeedbackRoleArn"):
        sns.set_topic_attributes(TopicArn=topic, AttributeName=attribute, AttributeValue=role)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn,
                  Attributes={"RawMessageDelivery": "true"})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn + "-gone")
    sent = sns.publish(TopicArn=topic, Message="hello")
    message, = queue.receive()
    group = f"sns/us-east-1/000000000000/{name}"
    event, = eventually(lambda: events(logs, group))
    assert event["status"] == "SUCCESS"
    assert event["notification"]["messageId"] == sent["MessageId"]
    assert event["notification"]["messageMD5Sum"] == "5d41402abc4b2a76b9719d911017c592"
    assert event["delivery"]["destination"] == queue.arn
    assert event["delivery"]["statusCode"] == 200
    assert json.loads(event["delivery"]["providerResponse"])["sqsMessageId"] == (
        message["MessageId"])
    event, = eventually(lambda: events(logs, group + "/Failure"))
    assert (event["status"], event["delivery"]["statusCode"]) == ("FAILURE", 400)
    assert event["delivery"]["destination"] == queue.arn + "-gone"
