# SPDX-License-Identifier: MIT
"""Metric alarms: settings, evaluation, notifications, history, events."""
import json
import re

import pytest


def describe(cloudwatch, alarm):
    [found] = cloudwatch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    return found


def test_a_fresh_alarm_has_no_state(cloudwatch, put, name):
    put(Dimensions=[{"Name": "A", "Value": "b"}])
    alarm = describe(cloudwatch, name)
    assert re.fullmatch(f"arn:aws:cloudwatch:us-east-1:\\d+:alarm:{name}", alarm["AlarmArn"])
    for member in ("AlarmConfigurationUpdatedTimestamp", "StateUpdatedTimestamp",
                   "StateTransitionedTimestamp", "AlarmArn"):
        alarm.pop(member)
    assert alarm == {
        "AlarmName": name, "ActionsEnabled": True, "OKActions": [], "AlarmActions": [],
        "InsufficientDataActions": [], "StateValue": "INSUFFICIENT_DATA",
        "StateReason": "Unchecked: Initial alarm creation", "MetricName": name,
        "Namespace": "Test", "Statistic": "Sum", "Dimensions": [{"Name": "A", "Value": "b"}],
        "Period": 60, "EvaluationPeriods": 1, "Threshold": 10.0,
        "ComparisonOperator": "GreaterThanThreshold"}


def test_an_alarm_notifies_its_topic_of_each_change(put, name, minute, mailbox, becomes):
    put(AlarmActions=[mailbox.arn], OKActions=[mailbox.arn], AlarmDescription="too much",
        DatapointsToAlarm=1)
    minute(7, 4)
    alarm = becomes(name, "ALARM")
    assert re.fullmatch(
        r"Threshold Crossed: 1 out of the last 1 datapoints \[11\.0 \(\d\d/\d\d/\d\d "
        r"\d\d:\d\d:00\)\] was greater than the threshold \(10\.0\) \(minimum 1 datapoint for "
        r"OK -> ALARM transition\)\.", alarm["StateReason"])
    data = json.loads(alarm["StateReasonData"])
    assert data["recentDatapoints"] == [11.0] and data["threshold"] == 10.0
    assert data["evaluatedDatapoints"][0]["sampleCount"] == 2.0

    mail = mailbox.take()
    assert mail["Subject"] == f'ALARM: "{name}" in US East (N. Virginia)'
    message = json.loads(mail["Message"])
    assert message["NewStateReason"] == alarm["StateReason"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", message["StateChangeTime"])
    for member in ("NewStateReason", "StateChangeTime", "AlarmConfigurationUpdatedTimestamp"):
        message.pop(member)
    assert message == {
        "AlarmName": name, "AlarmDescription": "too much", "AWSAccountId": "000000000000",
        "NewStateValue": "ALARM", "Region": "US East (N. Virginia)",
        "AlarmArn": alarm["AlarmArn"], "OldStateValue": "INSUFFICIENT_DATA",
        "OKActions": [mailbox.arn], "AlarmActions": [mailbox.arn], "InsufficientDataActions": [],
        "Trigger": {"MetricName": name, "Namespace": "Test", "StatisticType": "Statistic",
                    "Statistic": "SUM", "Unit": None, "Dimensions": [], "Period": 60,
                    "EvaluationPeriods": 1, "DatapointsToAlarm": 1,
                    "ComparisonOperator": "GreaterThanThreshold", "Threshold": 10.0,
                    "TreatMissingData": "missing", "EvaluateLowSampleCountPercentile": ""}}

    minute(12)  # it stays in ALARM: no notification
    minute(1)
    becomes(name, "OK")
    mail = mailbox.take()
    assert mail["Subject"] == f'OK: "{name}" in US East (N. Virginia)'
    assert json.loads(mail["Message"])["OldStateValue"] == "ALARM"
    assert mailbox.take(wait=1) is None


def test_missing_data_is_treated_as_the_alarm_says(put, name, minute, becomes, cloudwatch):
    put(AlarmName=f"{name}-breaching", TreatMissingData="breaching")
    put(AlarmName=f"{name}-fine", TreatMissingData="notBreaching")
    put(AlarmName=f"{name}-missing")
    put(AlarmName=f"{name}-ignore", TreatMissingData="ignore")
    minute(3)
    for kind in ("breaching", "fine", "missing", "ignore"):
        becomes(f"{name}-{kind}", "OK")
    for _ in range(3):
        minute()
    assert becomes(f"{name}-breaching", "ALARM")["StateReason"] == (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was "
        "treated as [Breaching].")
    assert becomes(f"{name}-missing", "INSUFFICIENT_DATA")["StateReason"] == (
        "Insufficient Data: 1 datapoint was unknown.")
    assert describe(cloudwatch, f"{name}-fine")["StateValue"] == "OK"
    assert describe(cloudwatch, f"{name}-ignore")["StateValue"] == "OK"


def test_two_of_three_datapoints(put, name, minute, becomes, cloudwatch):
    put(EvaluationPeriods=3, DatapointsToAlarm=2)
    minute(20)
    minute(1)
    minute(2)
    assert becomes(name, "OK")
    minute(30)
    assert describe(cloudwatch, name)["StateValue"] == "OK"
    minute(40)
    assert becomes(name, "ALARM")["StateReason"].startswith(
        "Threshold Crossed: 2 out of the last 3 datapoints [40.0 (")


def test_a_period_of_five_minutes_ends_at_each_minute(put, name, minute, becomes):
    put(Period=300, Statistic="Maximum")
    minute(1)
    becomes(name, "OK")
    minute(11)
    becomes(name, "ALARM")
    for _ in range(4):
        minute(2)
    becomes(name, "ALARM")
    minute(2)
    becomes(name, "OK")


def test_percentiles(put, name, minute, becomes):
    put(Statistic=None, ExtendedStatistic="p90")
    minute(*[1] * 8, 50, 50)
    assert becomes(name, "ALARM")["ExtendedStatistic"] == "p90"
    minute(*[1] * 19, 50)
    becomes(name, "OK")


def test_metric_math(cloudwatch, clocked, name, mailbox, becomes):
    def stat(which):
        return {"Metric": {"Namespace": "Test", "MetricName": f"{name}-{which}"}, "Period": 60,
                "Stat": "Sum"}

    cloudwatch.put_metric_alarm(
        AlarmName=name, EvaluationPeriods=1, Threshold=5, AlarmActions=[mailbox.arn],
        ComparisonOperator="GreaterThanOrEqualToThreshold", Metrics=[
            {"Id": "rate", "Expression": "errors / FILL(calls, 1) * 100", "Label": "errors in %"},
            {"Id": "errors", "MetricStat": stat("errors"), "ReturnData": False},
            {"Id": "calls", "MetricStat": stat("calls"), "ReturnData": False}])
    cloudwatch.put_metric_data(Namespace="Test", MetricData=[
        {"MetricName": f"{name}-errors", "Value": 3}, {"MetricName": f"{name}-calls", "Value": 40}])
    clocked.advance(60)
    assert "[7.5 (" in becomes(name, "ALARM")["StateReason"]
    trigger = json.loads(mailbox.take()["Message"])["Trigger"]
    assert [query["Id"] for query in trigger["Metrics"]] == ["rate", "errors", "calls"]
    assert trigger["Metrics"][0]["Expression"] == "errors / FILL(calls, 1) * 100"
    cloudwatch.put_metric_data(Namespace="Test", MetricData=[
        {"MetricName": f"{name}-errors", "Value": 1}, {"MetricName": f"{name}-calls", "Value": 40}])
    clocked.advance(60)
    becomes(name, "OK")


def test_a_set_state_lasts_until_the_next_evaluation(cloudwatch, put, name, minute, mailbox,
                                                     becomes, refuses):
    put(AlarmActions=[mailbox.arn])
    minute(1)
    becomes(name, "OK")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill",
                               StateReasonData='{"by": "me"}')
    alarm = describe(cloudwatch, name)
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "a drill")
    assert alarm["StateReasonData"] == '{"by": "me"}'
    assert json.loads(mailbox.take()["Message"])["NewStateReason"] == "a drill"
    minute(1)
    becomes(name, "OK")
    with refuses("ResourceNotFound"):
        cloudwatch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="x")
    with refuses("InvalidFormat"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="x",
                                   StateReasonData="{")


def test_disabled_actions_do_not_run(cloudwatch, put, name, mailbox):
    put(AlarmActions=[mailbox.arn])
    cloudwatch.disable_alarm_actions(AlarmNames=[name, "unknown"])
    assert describe(cloudwatch, name)["ActionsEnabled"] is False
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="quiet")
    cloudwatch.enable_alarm_actions(AlarmNames=[name])
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="nothing to run")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="loud")
    assert json.loads(mailbox.take()["Message"])["NewStateReason"] == "loud"
    assert mailbox.take(wait=1) is None


def test_history(cloudwatch, put, name, mailbox):
    put(AlarmActions=[mailbox.arn])
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    assert mailbox.take()

    def items(**members):
        return cloudwatch.describe_alarm_history(AlarmName=name, **members)["AlarmHistoryItems"]

    [created] = items(HistoryItemType="ConfigurationUpdate")
    assert created["HistorySummary"] == f'Alarm "{name}" created'
    [changed] = items(HistoryItemType="StateUpdate")
    assert changed["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    data = json.loads(changed["HistoryData"])
    assert data["oldState"]["stateValue"] == "INSUFFICIENT_DATA"
    assert data["newState"] == {"stateValue": "ALARM", "stateReason": "a drill"}
    while not (acted := items(HistoryItemType="Action")):
        pass
    assert acted[0]["HistorySummary"] == f"Successfully executed action {mailbox.arn}"
    types = [item["HistoryItemType"] for item in items(ScanBy="TimestampAscending")]
    assert types == ["ConfigurationUpdate", "StateUpdate", "Action"]
    first = cloudwatch.describe_alarm_history(AlarmName=name, MaxRecords=2)
    rest = items(NextToken=first["NextToken"])
    assert [item["HistoryItemType"] for item in first["AlarmHistoryItems"] + rest] == types[::-1]


def test_state_changes_are_events(clocked, cloudwatch, put, name):
    events, sqs = clocked.client("events"), clocked.client("sqs")
    url = sqs.create_queue(QueueName=f"{name}-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = arn["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                       "Action": "sqs:SendMessage", "Resource": arn}]})})
    events.put_rule(Name=name, EventPattern=json.dumps({
        "source": ["aws.cloudwatch"], "detail": {"alarmName": [name]}}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    put(AlarmDescription="watched")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    seen = {}
    while len(seen) < 2:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]:
            event = json.loads(message["Body"])
            seen[event["detail-type"]] = event
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    created = seen["CloudWatch Alarm Configuration Change"]
    assert created["detail"]["operation"] == "create"
    changed = seen["CloudWatch Alarm State Change"]
    assert changed["source"] == "aws.cloudwatch"
    assert changed["resources"] == [describe(cloudwatch, name)["AlarmArn"]]
    detail = changed["detail"]
    assert detail["state"]["value"] == "ALARM" and detail["state"]["reason"] == "a drill"
    assert detail["previousState"]["value"] == "INSUFFICIENT_DATA"
    [metric] = detail["configuration"]["metrics"]
    assert metric["metricStat"] == {
        "metric": {"namespace": "Test", "name": name, "dimensions": {}}, "period": 60,
        "stat": "Sum"}
    assert detail["configuration"]["description"] == "watched"


def test_lists(cloudwatch, put, name):
    names = [put(AlarmName=f"{name}-{i}") for i in range(5)]
    cloudwatch.set_alarm_state(AlarmName=names[3], StateValue="ALARM", StateReason="x")

    def listed(**members):
        return [alarm["AlarmName"] for alarm in
                cloudwatch.describe_alarms(AlarmNamePrefix=f"{name}-", **members)["MetricAlarms"]]

    assert listed() == names
    assert listed(StateValue="ALARM") == [names[3]]
    page = cloudwatch.describe_alarms(AlarmNamePrefix=f"{name}-", MaxRecords=2)
    assert [alarm["AlarmName"] for alarm in page["MetricAlarms"]] == names[:2]
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{name}-", PaginationConfig={"PageSize": 2})
    assert [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]] == names
    found = cloudwatch.describe_alarms_for_metric(Namespace="Test", MetricName=name)
    assert [alarm["AlarmName"] for alarm in found["MetricAlarms"]] == names
    assert cloudwatch.describe_alarms_for_metric(
        Namespace="Test", MetricName=name, Statistic="Average")["MetricAlarms"] == []


def test_deletion_takes_all_or_none(cloudwatch, put, name, refuses):
    put(AlarmName=f"{name}-1")
    with refuses("ResourceNotFound"):
        cloudwatch.delete_alarms(AlarmNames=[f"{name}-1", f"{name}-none"])
    assert describe(cloudwatch, f"{name}-1")
    cloudwatch.delete_alarms(AlarmNames=[f"{name}-1"])
    assert cloudwatch.describe_alarms(AlarmNames=[f"{name}-1"])["MetricAlarms"] == []
    assert len(cloudwatch.describe_alarm_history(AlarmName=f"{name}-1")["AlarmHistoryItems"]) == 2


def test_tags(cloudwatch, put, name, refuses):
    put(Tags=[{"Key": "a", "Value": "1"}])
    arn = describe(cloudwatch, name)["AlarmArn"]
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    put(Tags=[{"Key": "ignored", "Value": "on an update"}])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [
        {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [
        {"Key": "b", "Value": "2"}]
    with refuses("ResourceNotFoundException"):
        cloudwatch.list_tags_for_resource(ResourceARN=arn + "-none")


@pytest.mark.parametrize("members, code, text", [
    ({"Period": 45}, "ValidationError", "Period must be 10, 20, 30 or a multiple of 60"),
    ({"Period": 300, "EvaluationPeriods": 289}, "ValidationError",
     "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= "
     "86400)."),
    ({"EvaluationPeriods": 2, "DatapointsToAlarm": 3}, "ValidationError", None),
    ({"TreatMissingData": "maybe"}, "ValidationError", None),
    ({"Statistic": None}, "MissingParameter", None),
    ({"Threshold": None}, "MissingParameter", None),
    ({"ExtendedStatistic": "p90"}, "InvalidParameterCombination", None),
    ({"Statistic": None, "ExtendedStatistic": "p101"}, "ValidationError",
     "The value p101 for parameter ExtendedStatistic is not supported."),
    ({"AlarmActions": ["nowhere"]}, "ValidationError", "Invalid arn syntax: nowhere"),
    ({"AlarmActions": ["arn:aws:sns:eu-west-1:000000000000:t"]}, "ValidationError",
     "Invalid region eu-west-1 specified. Only us-east-1 is supported."),
    ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "ValidationError", None),
])
def test_refusals(put, refuses, members, code, text):
    with refuses(code, text):
        put(**members)


@pytest.mark.parametrize("expression, text", [
    ("m1 +", "Error in expression 'e1': A value is expected"),
    ("m1 + m9", "Error in expression 'e1': Unknown identifier 'm9'"),
    ("ANOMALY_DETECTION_BAND(m1)",
     "Error in expression 'e1': The function ANOMALY_DETECTION_BAND is not supported"),
    ("SUM(SEARCH('{AWS/SQS}', 'Sum', 60))", "SEARCH is not supported on Metric Alarms."),
])
def test_refused_expressions(cloudwatch, name, refuses, expression, text):
    stat = {"Metric": {"Namespace": "Test", "MetricName": name}, "Period": 60, "Stat": "Sum"}
    with refuses("ValidationError", text):
        cloudwatch.put_metric_alarm(
            AlarmName=name, EvaluationPeriods=1, Threshold=1,
            ComparisonOperator="GreaterThanThreshold", Metrics=[
                {"Id": "e1", "Expression": expression},
                {"Id": "m1", "MetricStat": stat, "ReturnData": False}])


def test_states_survive_a_kill(private, name):
    server = private("--test-clock")
    cloudwatch = server.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName=name, Namespace="Test", MetricName=name, Period=60,
                                Statistic="Sum", EvaluationPeriods=1, Threshold=1,
                                ComparisonOperator="GreaterThanThreshold",
                                AlarmActions=["arn:aws:lambda:us-east-1:000000000000:function:f"])
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    server.kill()
    server.start()
    alarm = describe(server.client("cloudwatch"), name)
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "a drill")
