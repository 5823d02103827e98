# SPDX-License-Identifier: MIT
"""Fixtures of the tests of CloudWatch Logs: clients, fresh groups and streams."""
import contextlib
import itertools
import time

import botocore.exceptions
import pytest

numbers = itertools.count(1)


@contextlib.contextmanager
def refused(code, text=None):
    """The call in the block answers that fault; `text` is part of its message."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    assert text is None or text in error["Message"], error["Message"]


@pytest.fixture
def refuses():
    return refused


@pytest.fixture
def logs(server):
    return server.client("logs")


@pytest.fixture
def group(logs):
    """The name of a fresh log group on the shared server."""
    name = f"/tests/group-{next(numbers)}"
    logs.create_log_group(logGroupName=name)
    return name


@pytest.fixture
def stream(logs, group):
    """Group and stream as keyword arguments of a fresh stream."""
    logs.create_log_stream(logGroupName=group, logStreamName="stream")
    return {"logGroupName": group, "logStreamName": "stream"}


@pytest.fixture
def now():
    """Milliseconds."""
    return int(time.time() * 1000)


@pytest.fixture
def put(logs, stream, now):
    """put("a", "b") stores events a millisecond apart; gives their times."""
    begin = itertools.count(now - 60000)

    def make(*messages, **members):
        events = [{"timestamp": next(begin), "message": message} for message in messages]
        logs.put_log_events(**stream | members, logEvents=events)
        return [event["timestamp"] for event in events]
    return make
