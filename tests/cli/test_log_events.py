# SPDX-License-Identifier: MIT
"""tern logs ls, search and tail."""
import json
import time

import pytest


@pytest.fixture
def logs(server):
    return server.client("logs")


@pytest.fixture
def put(logs, name):
    """put("a", stream="s", ago=5) stores an event of the group `name`, `ago` seconds old."""
    logs.create_log_group(logGroupName=name)
    for stream in ("s-1", "s-2"):
        logs.create_log_stream(logGroupName=name, logStreamName=stream)

    def make(message, stream="s-1", ago=0):
        logs.put_log_events(logGroupName=name, logStreamName=stream, logEvents=[
            {"timestamp": int((time.time() - ago) * 1000), "message": message}])
    return make


def test_groups_and_streams_are_listed(tern, put, logs, name):
    put("a")
    logs.put_retention_policy(logGroupName=name, retentionInDays=7)
    row, = [one for one in tern.json("logs", "ls") if one["logGroupName"] == name]
    assert row["retentionInDays"] == 7 and row["storedBytes"] == 27
    first, second = tern.json("logs", "ls", name)
    assert (first["logStreamName"], second["logStreamName"]) == ("s-1", "s-2")
    assert "lastEventTimestamp" in first and "lastEventTimestamp" not in second
    assert "does not exist" in tern("logs", "ls", "none", code=1).stderr


def test_search_prints_matching_events(tern, put, name):
    put("ERROR disk", ago=7200)
    put("ERROR net", ago=60)
    put("fine", ago=50)
    put('{"status": 503}', stream="s-2", ago=40)
    assert tern.lines("logs", "search", name, "ERROR", "--plain") == ["ERROR disk", "ERROR net"]
    assert tern.lines("logs", "search", name, "ERROR", "--plain", "--since", "1h") == ["ERROR net"]
    assert tern.lines("logs", "search", name, "--plain", "--stream", "s-2") == ['{"status": 503}']
    assert tern.lines("logs", "search", name, "--plain", "--count", "1") == ["ERROR disk"]
    line, = tern.lines("logs", "search", name, "{ $.status >= 500 }")
    assert line.endswith('Z s-2 {"status": 503}')
    event, = tern.json("logs", "search", name, "fine")
    assert event["message"] == "fine" and event["logStreamName"] == "s-1"
    assert "Invalid character(s) in term 'a-b'" in tern(
        "logs", "search", name, "a-b", code=1).stderr
    assert "is no time" in tern("logs", "search", name, "--since", "x", code=2).stderr


def test_tail_prints_events_once_as_they_come(tern, put, name):
    put("before")
    process = tern.start("logs", "tail", name, "--plain", "--count", "6")
    assert process.stdout.readline() == "before\n"
    put("first", stream="s-2")
    assert process.stdout.readline() == "first\n"
    put("late, with an earlier time", ago=4)
    assert process.stdout.readline() == "late, with an earlier time\n"
    for word in "abc":
        put(word)
    assert [process.stdout.readline() for _ in "abc"] == ["a\n", "b\n", "c\n"]
    assert process.wait(30) == 0
    assert process.communicate() == ("", "")


def test_tail_filters(tern, put, name):
    process = tern.start("logs", "tail", name, "--filter", "ERROR", "--output", "json",
                         "--count", "1")
    put("fine")
    put("an ERROR")
    assert json.loads(process.stdout.readline())["message"] == "an ERROR"
    assert process.wait(30) == 0
    process.communicate()
