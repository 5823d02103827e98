# SPDX-License-Identifier: MIT
"""tern alarm and tern dashboard against a server."""
import datetime
import json


def put(cloudwatch, name, **members):
    cloudwatch.put_metric_alarm(**{
        "AlarmName": name, "Namespace": "Cli", "MetricName": name, "Period": 60,
        "Statistic": "Sum", "EvaluationPeriods": 1, "Threshold": 10,
        "ComparisonOperator": "GreaterThanThreshold", **members})


def test_alarms_are_listed_set_and_deleted(tern, server, name):
    put(server.client("cloudwatch"), f"{name}-a")
    put(server.client("cloudwatch"), f"{name}-b")
    rows = tern.json("alarm", "ls", f"{name}-")
    assert [(row["AlarmName"], row["StateValue"]) for row in rows] == [
        (f"{name}-a", "INSUFFICIENT_DATA"), (f"{name}-b", "INSUFFICIENT_DATA")]
    tern("alarm", "set", f"{name}-a", "ALARM", "--reason", "a drill")
    assert tern.json("alarm", "show", f"{name}-a")[0]["StateReason"] == "a drill"
    history = tern.json("alarm", "history", f"{name}-a")
    assert history[0]["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    tern("alarm", "rm", f"{name}-a", f"{name}-b")
    assert tern.json("alarm", "ls", f"{name}-") == []
    assert "does not exist" in tern("alarm", "show", f"{name}-a", code=1).stderr


def test_a_proposed_alarm_is_replayed(tern, server, name, tmp_path):
    now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
    server.client("cloudwatch").put_metric_data(Namespace="Cli", MetricData=[
        {"MetricName": name, "Value": value, "Timestamp": now - datetime.timedelta(minutes=back)}
        for back, value in ((20, 1), (19, 50), (18, 60), (17, 2), (16, 70), (15, 3))])
    file = tmp_path / "alarm.json"
    file.write_text(json.dumps({
        "AlarmName": "proposed", "Namespace": "Cli", "MetricName": name, "Period": 60,
        "Statistic": "Sum", "EvaluationPeriods": 1, "Threshold": 10,
        "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching"}))
    start = (now - datetime.timedelta(minutes=21)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def states(*options):
        return [row["NewState"] for row in
                tern.json("alarm", "test", file, "--from", start, *options)]

    assert states() == ["OK", "ALARM", "OK", "ALARM", "OK"]
    assert states("--periods", 2) == ["OK", "ALARM", "OK"]
    assert states("--threshold", 65) == ["OK", "ALARM", "OK"]
    assert states("--threshold", 100) == ["OK"]
    assert tern.json("alarm", "ls", "proposed") == []


def test_dashboards_are_pushed_and_pulled(tern, name, tmp_path):
    body = {"widgets": [{"type": "text", "properties": {"markdown": "hello"}}]}
    file = tmp_path / "dashboard.json"
    file.write_text(json.dumps(body))
    tern("dashboard", "push", name, file)
    assert json.loads(tern("dashboard", "pull", name).stdout) == body
    assert [row["DashboardName"] for row in tern.json("dashboard", "ls", name)] == [name]
    file.write_text('{"widgets": [{}]}')
    assert "Should have required property 'type'" in tern(
        "dashboard", "push", name, file, code=1).stderr
    tern("dashboard", "rm", name)
    assert tern.json("dashboard", "ls", name) == []
