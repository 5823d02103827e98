# SPDX-License-Identifier: MIT
"""Metrics of CloudWatch through boto3, in CBOR, JSON and Query."""
import contextlib
import datetime
import gzip
import json
import math
import uuid

import botocore.client
import botocore.exceptions
import botocore.session
import pytest

from ternd import Server, eventually


def client_of(server, protocol=None):
    """A client that speaks that protocol; by default the one that AWS prefers."""
    client = server.client("cloudwatch")
    if protocol:
        session = botocore.session.get_session()
        loader = session.get_component("data_loader")
        model = loader.load_service_model("cloudwatch", "service-2")
        model["metadata"]["protocols"] = [protocol]
        model["metadata"]["protocol"] = protocol
        session.set_credentials("test", "test")
        return session.create_client("cloudwatch", region_name="us-east-1",
                                     endpoint_url=server.url)
    return client


@pytest.fixture(params=["smithy-rpc-v2-cbor", "json", "query"])
def spoken(server, request):
    return client_of(server, request.param)


@pytest.fixture
def cloudwatch(server):
    return server.client("cloudwatch")


def space():
    return "Tests/" + uuid.uuid4().hex


def minutes_ago(minutes):
    return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes)


def statistics(cloudwatch, namespace, name="Depth", period=60, start=10, **options):
    options.setdefault("Statistics", ["SampleCount", "Sum", "Average", "Minimum", "Maximum"])
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace, MetricName=name, Period=period, StartTime=minutes_ago(start),
        EndTime=minutes_ago(-1), **options)
    return sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])


@contextlib.contextmanager
def refused(code, text):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == code
    assert text in caught.value.response["Error"]["Message"]


def test_samples_are_added_up(spoken):
    namespace, when = space(), minutes_ago(5)
    spoken.put_metric_data(Namespace=namespace, MetricData=[
        {"MetricName": "Depth", "Value": value, "Timestamp": when, "Unit": "Count"}
        for value in (1, 2, 6)])
    [point] = statistics(spoken, namespace)
    assert point.pop("Timestamp").timestamp() == when.timestamp() // 60 * 60
    assert point == {"SampleCount": 3, "Sum": 9, "Average": 3, "Minimum": 1, "Maximum": 6,
                     "Unit": "Count"}


def test_values_and_counts_and_percentiles(spoken):
    namespace, when = space(), minutes_ago(5)
    spoken.put_metric_data(Namespace=namespace, MetricData=[
        {"MetricName": "Time", "Values": [1, 2, 3, 10], "Counts": [4, 3, 2, 1],
         "Timestamp": when, "Unit": "Seconds",
         "Dimensions": [{"Name": "Queue", "Value": "orders"}, {"Name": "A", "Value": "b"}]}])
    wanted = {"p50": 2, "p90": 3, "p99": 10, "tm90": 16 / 9, "TC(:2)": 7, "PR(:3)": 90,
              "IQM": 1.8, "TS(3:)": 10}
    [point] = spoken.get_metric_statistics(
        Namespace=namespace, MetricName="Time", Period=60, StartTime=minutes_ago(10),
        EndTime=minutes_ago(0), ExtendedStatistics=list(wanted),
        Dimensions=[{"Name": "A", "Value": "b"}, {"Name": "Queue", "Value": "orders"}]
    )["Datapoints"]
    assert point["ExtendedStatistics"] == pytest.approx(wanted)


def test_statistic_sets_have_no_percentiles(cloudwatch):
    namespace = space()
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[
        {"MetricName": "Depth", "Timestamp": minutes_ago(3), "StatisticValues": {
            "SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 4}}])
    [point] = statistics(cloudwatch, namespace)
    assert (point["SampleCount"], point["Average"], point["Unit"]) == (4, 2.5, "None")
    assert cloudwatch.get_metric_statistics(
        Namespace=namespace, MetricName="Depth", Period=60, StartTime=minutes_ago(10),
        EndTime=minutes_ago(0), ExtendedStatistics=["p50"])["Datapoints"] == []


def test_high_resolution_has_periods_below_a_minute(cloudwatch):
    namespace = space()
    base = minutes_ago(5).replace(second=0, microsecond=0)
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[
        {"MetricName": "Depth", "Value": second, "StorageResolution": 1,
         "Timestamp": base + datetime.timedelta(seconds=second)} for second in (0, 4, 5, 9, 31)])
    points = statistics(cloudwatch, namespace, period=5)
    assert [(point["Timestamp"].second, point["Sum"]) for point in points] == [
        (0, 4), (5, 14), (30, 31)]
    [point] = statistics(cloudwatch, namespace)
    assert point["Sum"] == 49


def test_compressed_data_are_read(server):
    body = {"Namespace": space(), "MetricData": [{"MetricName": "Depth", "Value": 5}]}
    answer = server.http.post(server.url, data=gzip.compress(json.dumps(body).encode()), headers={
        "X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData",
        "Content-Type": "application/x-amz-json-1.0", "Content-Encoding": "gzip"})
    assert answer.status_code == 200, answer.text
    [point] = statistics(server.client("cloudwatch"), body["Namespace"])
    assert point["Sum"] == 5
    # boto3 compresses bodies of 10 KB and more.
    namespace = space()
    server.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[
        {"MetricName": "Depth", "Value": 1, "Dimensions": [
            {"Name": "Padding", "Value": "x" * 1000}]}] * 30)
    assert len(server.client("cloudwatch").list_metrics(Namespace=namespace)["Metrics"]) == 1


@pytest.mark.parametrize("datum, code, text", [
    ({"Value": 1, "Values": [1]}, "InvalidParameterCombination",
     "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually "
     "exclusive and you have specified both."),
    ({"Value": 1, "StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}},
     "InvalidParameterCombination", "MetricData.member.1.StatisticValues are mutually exclusive"),
    ({"Values": [1, 2], "Counts": [1]}, "InvalidParameterValue",
     "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the "
     "same size."),
    ({}, "InvalidParameterCombination", "At least one of the parameters must be specified."),
    ({"Value": math.nan}, "InvalidParameterValue", "Value is invalid"),
    ({"Value": math.inf}, "InvalidParameterValue", "Value is invalid"),
    ({"Value": 2.0 ** 361}, "InvalidParameterValue", "Value is invalid"),
    ({"Values": [1] * 151}, "InvalidParameterValue", "size greater than 150"),
    ({"Values": [1], "Counts": [0]}, "InvalidParameterValue", "Counts is invalid"),
    ({"Value": 1, "StorageResolution": 30}, "InvalidParameterValue", "StorageResolution"),
    ({"Value": 1, "Timestamp": minutes_ago(14 * 1440 + 5)}, "InvalidParameterValue",
     "within the past two weeks"),
    ({"Value": 1, "Timestamp": minutes_ago(-125)}, "InvalidParameterValue", "two hours"),
    ({"Value": 1, "Dimensions": [{"Name": "A", "Value": "b"}] * 2}, "InvalidParameterValue",
     "same dimension name twice"),
])
def test_data_that_are_refused(spoken, datum, code, text):
    with refused(code, text):
        spoken.put_metric_data(Namespace=space(), MetricData=[{"MetricName": "Depth", **datum}])


def test_a_refused_request_adds_nothing(cloudwatch):
    namespace = space()
    with refused("InvalidParameterCombination", "MetricData.member.2"):
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[
            {"MetricName": "Depth", "Value": 1},
            {"MetricName": "Depth", "Value": 1, "Values": [1]}])
    assert cloudwatch.list_metrics(Namespace=namespace)["Metrics"] == []


def test_namespaces_of_aws_are_refused(cloudwatch):
    with refused("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid."):
        cloudwatch.put_metric_data(Namespace="AWS/SQS",
                                   MetricData=[{"MetricName": "Depth", "Value": 1}])


@pytest.mark.parametrize("options, code, text", [
    ({"Period": 7}, "InvalidParameterValue", "Period"),
    ({"Statistics": ["Sum"], "ExtendedStatistics": ["p50"]}, "InvalidParameterCombination",
     "mutually exclusive"),
    ({"Statistics": None, "ExtendedStatistics": ["p101"]}, "InvalidParameterValue", "p101"),
    ({"EndTime": minutes_ago(100)}, "InvalidParameterValue",
     "The parameter StartTime must be less than the parameter EndTime."),
    ({"StartTime": minutes_ago(1440), "EndTime": minutes_ago(0), "Period": 1},
     "InvalidParameterCombination",
     "You have requested up to 864"),
])
def test_statistics_that_are_refused(cloudwatch, options, code, text):
    asked = {"Namespace": "n", "MetricName": "m", "Period": 60, "StartTime": minutes_ago(10),
             "EndTime": minutes_ago(0), "Statistics": ["Sum"], **options}
    with refused(code, text):
        cloudwatch.get_metric_statistics(
            **{name: value for name, value in asked.items() if value is not None})


def query(name, namespace, metric="Depth", **options):
    return {"Id": name, "MetricStat": {
        "Metric": {"Namespace": namespace, "MetricName": metric,
                   "Dimensions": options.get("dimensions", [])},
        "Period": options.get("period", 60), "Stat": options.get("stat", "Sum")}}


def test_metric_data_come_in_pages(spoken):
    namespace, base = space(), minutes_ago(30)
    spoken.put_metric_data(Namespace=namespace, MetricData=[
        {"MetricName": name, "Value": minute,
         "Timestamp": base + datetime.timedelta(minutes=minute)}
        for name in ("A", "B") for minute in range(5)])
    asked = {"MetricDataQueries": [query("a", namespace, "A"), query("none", namespace, "C"),
                                   query("b", namespace, "B")],
             "StartTime": minutes_ago(40), "EndTime": minutes_ago(0)}
    whole = spoken.get_metric_data(**asked)
    assert "NextToken" not in whole
    assert [(result["Id"], result["Label"], result["Values"], result["StatusCode"])
            for result in whole["MetricDataResults"]] == [
                ("a", "A", [4, 3, 2, 1, 0], "Complete"), ("none", "C", [], "Complete"),
                ("b", "B", [4, 3, 2, 1, 0], "Complete")]
    ascending = spoken.get_metric_data(ScanBy="TimestampAscending", **asked)
    times = ascending["MetricDataResults"][0]["Timestamps"]
    assert times == sorted(times) and len(times) == 5
    found, token, pages = {}, None, 0
    while True:
        page = spoken.get_metric_data(MaxDatapoints=3, **asked,
                                      **({"NextToken": token} if token else {}))
        pages += 1
        assert sum(len(result["Values"]) for result in page["MetricDataResults"]) <= 3
        for result in page["MetricDataResults"]:
            found.setdefault(result["Id"], []).extend(result["Values"])
        token = page.get("NextToken")
        if not token:
            break
    assert pages == 4 and found == {"a": [4, 3, 2, 1, 0], "none": [], "b": [4, 3, 2, 1, 0]}
    with refused("InvalidNextToken", "NextToken"):
        spoken.get_metric_data(NextToken="nonsense", **asked)


def test_several_units_are_named(cloudwatch):
    namespace = space()
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[
        {"MetricName": "Time", "Value": 3, "Unit": "Seconds", "Timestamp": minutes_ago(2)},
        {"MetricName": "Time", "Value": 9, "Unit": "Milliseconds", "Timestamp": minutes_ago(2)}])
    asked = {"StartTime": minutes_ago(10), "EndTime": minutes_ago(0)}
    [result] = cloudwatch.get_metric_data(
        MetricDataQueries=[query("a", namespace, "Time")], **asked)["MetricDataResults"]
    assert result["Values"] == [9] and result["Messages"] == [
        {"Code": "MultipleUnits", "Value": "Multiple units returned: '[Milliseconds, Seconds]'"}]
    assert {(point["Unit"], point["Sum"]) for point in
            statistics(cloudwatch, namespace, "Time")} == {("Seconds", 3), ("Milliseconds", 9)}
    one = query("a", namespace, "Time")
    one["MetricStat"]["Unit"] = "Seconds"
    [result] = cloudwatch.get_metric_data(MetricDataQueries=[one], **asked)["MetricDataResults"]
    assert result["Values"] == [3] and "Messages" not in result


@pytest.mark.parametrize("change, text", [
    ({"Id": "A"}, "Id is not matching the expected pattern"),
    ({"MetricStat": {**query("a", "n")["MetricStat"], "Stat": "Median"}}, "Median"),
    ({"MetricStat": {**query("a", "n")["MetricStat"], "Period": 61}}, "Period"),
    ({"Expression": "1"}, "Exactly one"),
])
def test_queries_that_are_refused(cloudwatch, change, text):
    with refused("ValidationError", text):
        cloudwatch.get_metric_data(MetricDataQueries=[{**query("a", "n"), **change}],
                                   StartTime=minutes_ago(10), EndTime=minutes_ago(0))


def test_metrics_are_listed(spoken):
    namespace = space()
    spoken.put_metric_data(Namespace=namespace, MetricData=[
        {"MetricName": name, "Value": 1, "Dimensions": [{"Name": "Queue", "Value": queue}]}
        for name in ("Depth", "Age") for queue in ("a", "b")] + [
            {"MetricName": "Depth", "Value": 1}])
    assert len(spoken.list_metrics(Namespace=namespace)["Metrics"]) == 5
    assert len(spoken.list_metrics(Namespace=namespace, MetricName="Depth")["Metrics"]) == 3
    assert spoken.list_metrics(Namespace=namespace, RecentlyActive="PT3H", Dimensions=[
        {"Name": "Queue", "Value": "b"}], MetricName="Age")["Metrics"] == [
            {"Namespace": namespace, "MetricName": "Age",
             "Dimensions": [{"Name": "Queue", "Value": "b"}]}]
    assert len(spoken.list_metrics(Namespace=namespace,
                                   Dimensions=[{"Name": "Queue"}])["Metrics"]) == 4


def test_lists_have_pages_of_500(cloudwatch):
    namespace = space()
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[
        {"MetricName": f"M{number:04}", "Value": 1} for number in range(1000)])
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[
        {"MetricName": "M0000", "Value": 1, "Unit": "Count"}, {"MetricName": "Z", "Value": 1}])
    pages = list(cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace))
    assert [len(page["Metrics"]) for page in pages] == [500, 500, 1]
    names = [metric["MetricName"] for page in pages for metric in page["Metrics"]]
    assert names == sorted(set(names))
    with refused("InvalidParameterValue", "size greater than 1000"):
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[
            {"MetricName": "Z", "Value": 1}] * 1001)


@pytest.mark.parametrize("operation, options", [
    ("PutMetricStream", {"Name": "a", "FirehoseArn": "arn", "RoleArn": "arn",
                         "OutputFormat": "json"}),
    ("PutAnomalyDetector", {}), ("PutInsightRule", {"RuleName": "a", "RuleDefinition": "{}"}),
])
def test_operations_that_are_not_served(spoken, operation, options):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        getattr(spoken, botocore.xform_name(operation))(**options)
    assert 400 <= caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500


def test_metrics_survive_a_crash_but_for_the_open_minute(tmp_path):
    with Server(tmp_path, "--test-clock") as server:
        cloudwatch, namespace = server.client("cloudwatch"), space()
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[
            {"MetricName": "Depth", "Value": 7, "Timestamp": minutes_ago(3)}])
        server.advance(60)
        eventually(lambda: any((tmp_path / "data/metrics").glob("journal-*")))
        server.kill()
        server.start()
        [point] = statistics(server.client("cloudwatch"), namespace)
        assert point["Sum"] == 7
        for path in (tmp_path / "data/metrics").iterdir():
            assert namespace.encode() not in path.read_bytes(), "metrics are sealed"


def test_accounts_see_their_own_metrics(server):
    namespace = space()
    server.client("cloudwatch", account="111122223333").put_metric_data(
        Namespace=namespace, MetricData=[{"MetricName": "Depth", "Value": 7}])
    other = server.client("cloudwatch", account="444455556666")
    assert other.list_metrics(Namespace=namespace)["Metrics"] == []
    assert statistics(other, namespace) == []


def test_expressions(cloudwatch):
    namespace, when = space(), minutes_ago(5)
    for queue, value in (("a", 4), ("b", 6)):
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[
            {"MetricName": "Depth", "Value": value, "Timestamp": when,
             "Dimensions": [{"Name": "QueueName", "Value": queue}]}])

    def stat(queue):
        return {"Metric": {"Namespace": namespace, "MetricName": "Depth",
                           "Dimensions": [{"Name": "QueueName", "Value": queue}]},
                "Period": 60, "Stat": "Sum"}

    answer = cloudwatch.get_metric_data(StartTime=minutes_ago(8), EndTime=minutes_ago(2),
                                        MetricDataQueries=[
        {"Id": "m1", "MetricStat": stat("a"), "ReturnData": False},
        {"Id": "m2", "MetricStat": stat("b"), "ReturnData": False},
        {"Id": "e1", "Expression": "100 * m1 / e2", "Label": "share"},
        {"Id": "e2", "Expression": "SUM(METRICS())"},
        {"Id": "e3", "Expression": f"SEARCH('{{{namespace},QueueName}} Depth', 'Sum', 60)"},
        {"Id": "e4", "Expression": "FILL(m1, 0)"}])
    found = {(result["Id"], result["Label"]): result["Values"]
             for result in answer["MetricDataResults"]}
    assert found.pop(("e4", "e4")).count(0.0) >= 5
    assert found == {("e1", "share"): [40.0], ("e2", "e2"): [10.0], ("e3", "a Depth"): [4.0],
                     ("e3", "b Depth"): [6.0]}


def test_wrong_expressions_are_refused(cloudwatch):
    for expression, text in (("1 +", "A value is expected"), ("e1", "depend on each other"),
                             ("ANOMALY_DETECTION_BAND(1)", "is not supported")):
        with pytest.raises(cloudwatch.exceptions.ClientError,
                           match=f"ValidationError.*Error in expression 'e1': .*{text}"):
            cloudwatch.get_metric_data(
                StartTime=minutes_ago(9), EndTime=minutes_ago(2),
                MetricDataQueries=[{"Id": "e1", "Expression": expression}])
