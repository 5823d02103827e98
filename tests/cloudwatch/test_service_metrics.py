# SPDX-License-Identifier: MIT
"""Metrics that Tern's services publish, under the test clock."""
import datetime
import uuid

import pytest

from ternd import Server, eventually


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("metrics"), "--test-clock") as server:
        yield server


def sums(server, namespace, name, dimensions, stat="Sum", period=60):
    """The values of the last day, oldest first."""
    now = datetime.datetime.fromtimestamp(
        server.get("/_tern/clock").json()["now_ms"] / 1000, datetime.timezone.utc)
    answer = server.client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "a", "MetricStat": {
            "Metric": {"Namespace": namespace, "MetricName": name, "Dimensions": [
                {"Name": key, "Value": value} for key, value in dimensions.items()]},
            "Period": period, "Stat": stat}}],
        StartTime=now - datetime.timedelta(days=1), EndTime=now, ScanBy="TimestampAscending")
    return answer["MetricDataResults"][0]["Values"]


def of_queue(server, name, queue, stat="Sum"):
    return sums(server, "AWS/SQS", name, {"QueueName": queue}, stat)


def test_queues_publish_their_metrics(moved):
    sqs, name = moved.client("sqs"), "q-" + uuid.uuid4().hex
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    for size in (10, 20, 60):
        sqs.send_message(QueueUrl=url, MessageBody="x" * size)
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=600)
    [message] = sqs.receive_message(QueueUrl=url, VisibilityTimeout=7200)["Messages"]
    moved.advance(60)
    eventually(lambda: of_queue(moved, "NumberOfMessagesSent", name))
    assert of_queue(moved, "NumberOfMessagesSent", name)[-1:] == [4]
    assert of_queue(moved, "NumberOfMessagesReceived", name)[-1:] == [1]
    assert of_queue(moved, "ApproximateNumberOfMessagesVisible", name)[-1:] == [2]
    assert of_queue(moved, "ApproximateNumberOfMessagesNotVisible", name)[-1:] == [1]
    assert of_queue(moved, "ApproximateNumberOfMessagesDelayed", name)[-1:] == [1]
    assert of_queue(moved, "SentMessageSize", name) == [95]
    assert of_queue(moved, "SentMessageSize", name, "Maximum") == [60]
    assert of_queue(moved, "SentMessageSize", name, "p50") == [10]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    moved.advance(300)
    eventually(lambda: len(of_queue(moved, "NumberOfMessagesDeleted", name)) >= 6)
    assert sum(of_queue(moved, "NumberOfMessagesDeleted", name)) == 1
    assert sum(of_queue(moved, "NumberOfMessagesSent", name)) == 4
    assert of_queue(moved, "ApproximateAgeOfOldestMessage", name, "Maximum")[-1] >= 300


def test_empty_receives_and_inactive_queues(moved):
    sqs, name = moved.client("sqs"), "q-" + uuid.uuid4().hex
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    for _ in range(3):
        sqs.receive_message(QueueUrl=url)
    moved.advance(60)
    eventually(lambda: of_queue(moved, "NumberOfEmptyReceives", name))
    assert of_queue(moved, "NumberOfEmptyReceives", name) == [3]
    for _ in range(14):
        moved.advance(1800)
    # Six hours after the last activity, an empty queue has no datapoints any more.
    eventually(lambda: len(of_queue(moved, "NumberOfMessagesSent", name)) >= 360)
    assert len(of_queue(moved, "NumberOfMessagesSent", name)) == 360


def test_calls_are_counted(moved):
    account = "123412341234"
    sqs = moved.client("sqs", account=account)
    for _ in range(5):
        sqs.list_queues()
    moved.advance(60)
    dimensions = {"Type": "API", "Resource": "ListQueues", "Service": "SQS", "Class": "None"}

    def calls():
        now = datetime.datetime.now(datetime.timezone.utc)
        return moved.client("cloudwatch", account=account).get_metric_statistics(
            Namespace="AWS/Usage", MetricName="CallCount", Period=86400, Statistics=["Sum"],
            StartTime=now - datetime.timedelta(days=1), EndTime=now + datetime.timedelta(days=2),
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()]
        )["Datapoints"]

    eventually(calls)
    assert sum(point["Sum"] for point in calls()) == 5
