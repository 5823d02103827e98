# SPDX-License-Identifier: MIT
"""Dashboards of CloudWatch: storing, listing, AWS's validation messages."""
import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def cloudwatch(server):
    return server.client("cloudwatch")


def body(*widgets, **members):
    return json.dumps({"widgets": list(widgets), **members})


def metric(*metrics, **properties):
    return {"type": "metric", "properties": {
        "metrics": list(metrics), "region": "us-east-1", **properties}}


def refused(cloudwatch, name, text):
    with pytest.raises(ClientError) as caught:
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody=text)
    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidParameterInput"
    head, _, problems = error["Message"].partition("\n")
    problems = json.loads(problems)
    assert head == (f"The dashboard body is invalid, there are {len(problems)} validation errors:")
    return [(problem["dataPath"], problem["message"]) for problem in problems]


def test_a_dashboard_is_kept_as_it_is(cloudwatch, name):
    text = body(metric(["AWS/SQS", "NumberOfMessagesSent", "QueueName", "a", {"stat": "Sum"}],
                       [".", "NumberOfMessagesReceived", "..."], view="gauge",
                       yAxis={"left": {"min": 0, "max": 9}}),
                {"type": "text", "x": 0, "y": 3, "properties": {"markdown": "# hello"}})
    put = cloudwatch.put_dashboard(DashboardName=name, DashboardBody=text)
    assert put["DashboardValidationMessages"] == []
    got = cloudwatch.get_dashboard(DashboardName=name)
    assert got["DashboardBody"] == text
    assert got["DashboardArn"] == f"arn:aws:cloudwatch::000000000000:dashboard/{name}"
    [entry] = cloudwatch.list_dashboards(DashboardNamePrefix=name)["DashboardEntries"]
    assert (entry["DashboardName"], entry["Size"]) == (name, len(text))
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body())
    assert cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"] == body()
    cloudwatch.delete_dashboards(DashboardNames=[name])
    with pytest.raises(ClientError, match=f"ResourceNotFound.*Dashboard {name} does not exist"):
        cloudwatch.get_dashboard(DashboardName=name)


def test_deletion_takes_all_or_none(cloudwatch, name):
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body())
    with pytest.raises(ClientError, match="ResourceNotFound"):
        cloudwatch.delete_dashboards(DashboardNames=[name, f"{name}-none"])
    assert cloudwatch.get_dashboard(DashboardName=name)


def test_names_are_checked(cloudwatch):
    with pytest.raises(ClientError) as caught:
        cloudwatch.put_dashboard(DashboardName="a.b", DashboardBody=body())
    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidParameterValue"
    assert error["Message"] == (
        "The value for field DashboardName contains invalid characters. It can only contain "
        "alphanumerics, dash (-) and underscore (_).\n")


def test_unknown_properties_are_reported_not_refused(cloudwatch, name):
    put = cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body(
        metric(["A", "b"], colour="red")))
    [message] = put["DashboardValidationMessages"]
    assert message["DataPath"] == "/widgets/0/properties"


@pytest.mark.parametrize("text, problems", [
    ("{", [("/", "The dashboard body is not a valid JSON object")]),
    ("{}", [("", "Should have required property 'widgets'")]),
    (json.dumps({"widgets": {}}), [("/widgets", "Should be array")]),
    (body(1), [("/widgets/0", "Should be object")]),
    (body({"type": "picture", "properties": {}}),
     [("/widgets/0/type", "Should be equal to one of the allowed values")]),
    (body({"type": "text", "properties": {}}),
     [("/widgets/0/properties", "Should have required property 'markdown'")]),
    (body({"type": "text", "properties": {"markdown": ""}, "width": 25, "x": 1}),
     [("/widgets/0/width", "Should be <= 24"),
      ("/widgets/0", "Should have both of the properties x and y")]),
    (body(metric(["A", "b"]), metric(["A", "b", "c"])),
     [("/widgets/1/properties/metrics/0", "Should NOT have more than 2 items")]),
    (body(metric(["A", "b", 3, "d"])),
     [("/widgets/0/properties/metrics/0/2",
       'Invalid metric field type, only "String" type is allowed')]),
    (body(metric("A")),
     [("/widgets/0/properties/metrics",
       'Field "metrics" has to be an array of array of strings, with an optional metricRenderer '
       "object as last element")]),
    (body({"type": "metric", "properties": {"metrics": [["A", "b"]]}}),
     [("/widgets/0/properties", "Should have required property 'region'")]),
    (body({"type": "alarm", "properties": {"alarms": []}}),
     [("/widgets/0/properties/alarms", "Should NOT have fewer than 1 items")]),
])
def test_problems(cloudwatch, name, text, problems):
    assert refused(cloudwatch, name, text) == problems
