# SPDX-License-Identifier: MIT
"""Log groups, streams and events through boto3."""
import json

import pytest


def messages(answer):
    return [event["message"] for event in answer["events"]]


# -- groups --

def test_a_group_is_created_listed_and_deleted(logs, group, refuses):
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert [one["logGroupName"] for one in found][:1] == [group]
    one = found[0]
    assert one["logGroupArn"] == f"arn:aws:logs:us-east-1:000000000000:log-group:{group}"
    assert one["arn"] == one["logGroupArn"] + ":*"
    assert one["storedBytes"] == 0 and one["logGroupClass"] == "STANDARD"
    assert "retentionInDays" not in one
    with refuses("ResourceAlreadyExistsException", "The specified log group already exists"):
        logs.create_log_group(logGroupName=group)
    logs.delete_log_group(logGroupName=group)
    with refuses("ResourceNotFoundException", "The specified log group does not exist."):
        logs.delete_log_group(logGroupName=group)


def test_names_of_groups_are_checked(logs, refuses):
    with refuses("InvalidParameterException", "logGroupName"):
        logs.create_log_group(logGroupName="a b")
    with refuses("InvalidParameterException", "aws/"):
        logs.create_log_group(logGroupName="aws/mine")
    logs.create_log_group(logGroupName="g" * 512)
    logs.delete_log_group(logGroupName="g" * 512)


def test_a_protected_group_stays(logs, refuses):
    logs.create_log_group(logGroupName="/protected", deletionProtectionEnabled=True)
    with refuses("ValidationException", "deletion protection"):
        logs.delete_log_group(logGroupName="/protected")


def test_groups_are_listed_in_pages(server):
    logs = server.client("logs", region="eu-north-1")
    for i in range(7):
        logs.create_log_group(logGroupName=f"/page/{i}")
    pages = list(logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix="/page/", PaginationConfig={"PageSize": 3}))
    assert [len(page["logGroups"]) for page in pages] == [3, 3, 1]
    names = [one["logGroupName"] for page in pages for one in page["logGroups"]]
    assert names == [f"/page/{i}" for i in range(7)]
    found = logs.describe_log_groups(logGroupNamePattern="ge/4")["logGroups"]
    assert [one["logGroupName"] for one in found] == ["/page/4"]
    found = logs.describe_log_groups(logGroupIdentifiers=["/page/2", found[0]["logGroupArn"]])
    assert [one["logGroupName"] for one in found["logGroups"]] == ["/page/2", "/page/4"]


def test_a_token_is_of_its_request(logs, group, refuses):
    with refuses("InvalidParameterException", "nextToken"):
        logs.describe_log_groups(nextToken="wrong")
    del group


def test_retention_is_one_of_the_allowed_values(logs, group, refuses):
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert found["retentionInDays"] == 7
    with refuses("InvalidParameterException", "Member must satisfy enum value set: [1, 3, 5"):
        logs.put_retention_policy(logGroupName=group, retentionInDays=2)
    logs.delete_retention_policy(logGroupName=group)
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert "retentionInDays" not in found


# -- tags --

def test_tags_by_arn_and_by_name(logs, refuses):
    logs.create_log_group(logGroupName="/tagged", tags={"a": "1"})
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:/tagged"
    logs.tag_resource(resourceArn=arn, tags={"b": "2"})
    logs.tag_log_group(logGroupName="/tagged", tags={"c": "3"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "1", "b": "2", "c": "3"}
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    logs.untag_log_group(logGroupName="/tagged", tags=["c"])
    assert logs.list_tags_log_group(logGroupName="/tagged")["tags"] == {"b": "2"}
    with refuses("TooManyTagsException"):
        logs.tag_resource(resourceArn=arn, tags={f"k{i}": "" for i in range(50)})
    with refuses("InvalidParameterException", "aws:"):
        logs.tag_resource(resourceArn=arn, tags={"aws:x": ""})
    with refuses("ResourceNotFoundException"):
        logs.list_tags_for_resource(resourceArn=arn + "-else")
    with refuses("InvalidParameterException", "is not a log group"):
        logs.list_tags_for_resource(resourceArn="arn:aws:logs:us-east-1:000000000000:else")


# -- streams --

def test_a_stream_is_created_listed_and_deleted(logs, stream, put, refuses):
    with refuses("ResourceAlreadyExistsException"):
        logs.create_log_stream(**stream)
    times = put("a", "b")
    one = logs.describe_log_streams(logGroupName=stream["logGroupName"])["logStreams"][0]
    assert one["firstEventTimestamp"] == times[0] and one["lastEventTimestamp"] == times[1]
    assert one["arn"].endswith(f":log-group:{stream['logGroupName']}:log-stream:stream")
    assert one["uploadSequenceToken"]
    logs.delete_log_stream(**stream)
    with refuses("ResourceNotFoundException", "The specified log stream does not exist."):
        logs.get_log_events(**stream)
    assert messages(logs.filter_log_events(logGroupName=stream["logGroupName"])) == []
    logs.create_log_stream(**stream)
    assert messages(logs.get_log_events(**stream)) == []


def test_streams_are_listed_by_name_and_by_time(logs, group, now, refuses):
    for i, name in enumerate(["c", "a", "b", "d"]):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
        logs.put_log_events(logGroupName=group, logStreamName=name, logEvents=[
            {"timestamp": now - i * 1000, "message": "m"}])

    def listed(**members):
        pages = logs.get_paginator("describe_log_streams").paginate(
            logGroupName=group, PaginationConfig={"PageSize": 3}, **members)
        return "".join(one["logStreamName"] for page in pages for one in page["logStreams"])

    assert listed() == "abcd"
    assert listed(descending=True) == "dcba"
    assert listed(orderBy="LastEventTime") == "dbac"
    assert listed(orderBy="LastEventTime", descending=True) == "cabd"
    assert listed(logStreamNamePrefix="b") == "b"
    with refuses("InvalidParameterException", "LastEventTime"):
        listed(orderBy="LastEventTime", logStreamNamePrefix="b")


def test_an_identifier_is_a_name_or_an_arn(logs, group, stream, refuses):
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}"
    for identifier in (group, arn):
        found = logs.describe_log_streams(logGroupIdentifier=identifier)["logStreams"]
        assert [one["logStreamName"] for one in found] == [stream["logStreamName"]]
    with refuses("InvalidParameterException", "cannot both"):
        logs.describe_log_streams(logGroupIdentifier=arn, logGroupName=group)
    with refuses("InvalidParameterException", "must be provided"):
        logs.describe_log_streams()
    with refuses("ResourceNotFoundException"):
        logs.describe_log_streams(logGroupIdentifier=arn.replace("000000000000", "111122223333"))


# -- PutLogEvents --

def test_sequence_tokens_are_accepted_and_given(logs, stream, now):
    token = None
    for i in range(3):
        answer = logs.put_log_events(
            **stream, logEvents=[{"timestamp": now + i, "message": str(i)}],
            **({"sequenceToken": token} if token else {}))
        token = answer["nextSequenceToken"]
        assert "rejectedLogEventsInfo" not in answer
    logs.put_log_events(**stream, sequenceToken="anything",
                        logEvents=[{"timestamp": now + 3, "message": "3"}])
    assert messages(logs.get_log_events(**stream)) == ["0", "1", "2", "3"]


def test_events_out_of_the_window_are_rejected(logs, stream, now):
    hour, day = 3600000, 86400000
    answer = logs.put_log_events(**stream, logEvents=[
        {"timestamp": now - 15 * day + 1000, "message": "old"}])
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    answer = logs.put_log_events(**stream, logEvents=[
        {"timestamp": now, "message": "good"},
        {"timestamp": now + 3 * hour, "message": "new"}])
    assert answer["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    logs.put_retention_policy(logGroupName=stream["logGroupName"], retentionInDays=1)
    answer = logs.put_log_events(**stream, logEvents=[
        {"timestamp": now - day - hour, "message": "expired"},
        {"timestamp": now - day - hour + 1, "message": "expired"},
        {"timestamp": now - 2 * hour, "message": "kept"}])
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 2}
    assert messages(logs.get_log_events(**stream)) == ["kept", "good"]


def test_the_limits_of_a_batch(logs, stream, now, refuses):
    def put(*events):
        logs.put_log_events(**stream, logEvents=[
            {"timestamp": now + at, "message": message} for at, message in events])

    put((0, "x" * (1048576 - 26)))
    with refuses("InvalidParameterException", "Log event too large: 1048577 bytes"):
        put((0, "x" * (1048576 - 25)))
    put((0, "x" * 500000), (0, "x" * (548576 - 52)))
    with refuses("InvalidParameterException", "Upload too large: 1048577 bytes exceeds limit"):
        put((0, "x" * 500000), (0, "x" * (548577 - 52)))
    with refuses("InvalidParameterException", "must be in chronological order"):
        put((1, "a"), (0, "b"))
    put((-86400000, "a"), (0, "b"))
    with refuses("InvalidParameterException", "cannot span more than 24 hours"):
        put((-86400001, "a"), (0, "b"))
    put(*[(i, "m") for i in range(10000)])
    with refuses("InvalidParameterException", "less than or equal to 10000"):
        put(*[(i, "m") for i in range(10001)])


def test_a_message_has_one_character_at_least(server, stream, now, refuses):
    logs = server.client("logs", validates=False)
    with refuses("InvalidParameterException", "length greater than or equal to 1"):
        logs.put_log_events(**stream, logEvents=[{"timestamp": now, "message": ""}])


def test_what_does_not_exist_takes_no_events(logs, group, now, refuses):
    events = [{"timestamp": now, "message": "m"}]
    with refuses("ResourceNotFoundException", "The specified log group does not exist."):
        logs.put_log_events(logGroupName="none", logStreamName="s", logEvents=events)
    with refuses("ResourceNotFoundException", "The specified log stream does not exist."):
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)


# -- GetLogEvents --

def test_events_are_read_from_both_ends(logs, stream, put):
    put(*"abcdefg")
    last = logs.get_log_events(**stream, limit=3)
    assert messages(last) == ["e", "f", "g"]
    before = logs.get_log_events(**stream, limit=3, nextToken=last["nextBackwardToken"])
    assert messages(before) == ["b", "c", "d"]
    again = logs.get_log_events(**stream, limit=3, nextToken=before["nextForwardToken"])
    assert messages(again) == ["e", "f", "g"]
    first = logs.get_log_events(**stream, limit=2, startFromHead=True)
    assert messages(first) == ["a", "b"]
    assert messages(logs.get_log_events(
        **stream, nextToken=first["nextForwardToken"])) == ["c", "d", "e", "f", "g"]


def test_the_token_at_the_end_stays_and_finds_later_events(logs, stream, put):
    put("a")
    page = logs.get_log_events(**stream, startFromHead=True)
    token = page["nextForwardToken"]
    for _ in range(2):
        page = logs.get_log_events(**stream, nextToken=token)
        assert messages(page) == [] and page["nextForwardToken"] == token
    put("b")
    assert messages(logs.get_log_events(**stream, nextToken=token)) == ["b"]


def test_an_empty_stream_has_tokens_too(logs, stream, put):
    page = logs.get_log_events(**stream)
    assert messages(page) == []
    put("a")
    assert messages(logs.get_log_events(**stream, nextToken=page["nextForwardToken"])) == ["a"]


def test_a_range_of_time_excludes_its_end(logs, stream, put, refuses):
    times = put(*"abcd")
    page = logs.get_log_events(**stream, startTime=times[1], endTime=times[3])
    assert messages(page) == ["b", "c"]
    assert [event["timestamp"] for event in page["events"]] == times[1:3]
    assert all(event["ingestionTime"] >= times[0] for event in page["events"])
    with refuses("InvalidParameterException", "Start time"):
        logs.get_log_events(**stream, startTime=2, endTime=1)
    with refuses("InvalidParameterException", "nextToken"):
        logs.get_log_events(**stream, nextToken="f/1/s")


def test_a_page_has_one_mebibyte_at_most(logs, stream, put):
    for i in range(5):
        put(str(i) * 400000)
    seen, token = "", None
    while True:
        page = logs.get_log_events(**stream, startFromHead=True,
                                   **({"nextToken": token} if token else {}))
        if not page["events"]:
            break
        assert len(page["events"]) <= 2
        seen += "".join(event["message"][0] for event in page["events"])
        token = page["nextForwardToken"]
    assert seen == "01234"


# -- FilterLogEvents --

@pytest.mark.parametrize("pattern, expected", [
    ("", "0123456"), ("ERROR", "013"), ('ERROR -"disk full"', "03"), ("?WARN ?disk", "124"),
    ('{ $.status >= 500 }', "5"), ('{ $.status = 4* && $.path = "/v1/*" }', "6"),
])
def test_patterns_select_events(logs, stream, put, pattern, expected):
    lines = ["ERROR a", "ERROR disk full", "WARN disk", "an ERROR", "WARN",
             json.dumps({"status": 503, "path": "/"}), json.dumps({"status": 404, "path": "/v1/x"})]
    put(*lines)
    found = logs.filter_log_events(logGroupName=stream["logGroupName"], filterPattern=pattern)
    assert messages(found) == [lines[int(number)] for number in expected]
    assert all(event["logStreamName"] == "stream" for event in found["events"])
    ids = [event["eventId"] for event in found["events"]]
    assert sorted(ids) == ids and all(len(one) == 56 for one in ids)


def test_a_wrong_pattern_is_refused(logs, group, refuses):
    with refuses("InvalidParameterException", "Invalid character(s) in term 'a-b'"):
        logs.filter_log_events(logGroupName=group, filterPattern="a-b")
    with refuses("InvalidParameterException", "Regular expressions"):
        logs.filter_log_events(logGroupName=group, filterPattern="%a%")


def test_streams_are_interleaved_and_chosen(logs, group, now, refuses):
    for i, name in enumerate(["x-1", "x-2", "y-1"]):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
        logs.put_log_events(logGroupName=group, logStreamName=name, logEvents=[
            {"timestamp": now - 1000 + i + 10 * j, "message": f"{name}:{j}"} for j in range(3)])

    def found(**members):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, PaginationConfig={"PageSize": 2}, **members)
        return [message for page in pages for message in messages(page)]

    assert found() == [f"{name}:{j}" for j in range(3) for name in ("x-1", "x-2", "y-1")]
    assert found(logStreamNames=["y-1", "x-2"]) == [
        f"{name}:{j}" for j in range(3) for name in ("x-2", "y-1")]
    assert found(logStreamNamePrefix="x-") == [
        f"{name}:{j}" for j in range(3) for name in ("x-1", "x-2")]
    assert found(startTime=now - 1000 + 10, endTime=now - 1000 + 11) == ["x-1:1", "x-2:1"]
    with refuses("ResourceNotFoundException"):
        found(logStreamNames=["none"])
    with refuses("InvalidParameterException", "cannot both"):
        found(logStreamNames=["y-1"], logStreamNamePrefix="x")


# -- policies of the account --

def test_resource_policies(server, refuses):
    logs = server.client("logs", account="123123123123")
    document = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}]})
    made = logs.put_resource_policy(policyName="p", policyDocument=document)["resourcePolicy"]
    assert made["policyName"] == "p" and json.loads(made["policyDocument"]) == json.loads(document)
    found = logs.describe_resource_policies()["resourcePolicies"]
    assert [(one["policyName"], one["policyDocument"]) for one in found] == [("p", document)]
    with refuses("InvalidParameterException", "Invalid policy document"):
        logs.put_resource_policy(policyName="q", policyDocument="{}")
    for i in range(9):
        logs.put_resource_policy(policyName=f"p{i}", policyDocument=document)
    with refuses("LimitExceededException"):
        logs.put_resource_policy(policyName="q", policyDocument=document)
    logs.delete_resource_policy(policyName="p")
    with refuses("ResourceNotFoundException", "Policy with name [p] does not exist"):
        logs.delete_resource_policy(policyName="p")
