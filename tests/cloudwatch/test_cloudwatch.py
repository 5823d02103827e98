# SPDX-License-Identifier: MIT
"""Metrics of CloudWatch through boto3, in CBOR and JSON."""
import datetime
import uuid

import pytest


@pytest.fixture
def cloudwatch(server):
    return server.client("cloudwatch")


def space():
    return "Tests/" + uuid.uuid4().hex


def minutes_ago(minutes):
    return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes)


def test_samples_are_added_up(cloudwatch):
    namespace, when = space(), minutes_ago(5)
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[
        {"MetricName": "Depth", "Value": value, "Timestamp": when, "Unit": "Count"}
        for value in (1, 2, 6)])
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace, MetricName="Depth", Period=60, StartTime=minutes_ago(10),
        EndTime=minutes_ago(0), Statistics=["SampleCount", "Sum", "Average", "Minimum", "Maximum"])
    assert answer["Label"] == "Depth"
    [point] = answer["Datapoints"]
    assert point.pop("Timestamp").timestamp() == when.timestamp() // 60 * 60
    assert point == {"SampleCount": 3, "Sum": 9, "Average": 3, "Minimum": 1, "Maximum": 6,
                     "Unit": "Count"}
