# SPDX-License-Identifier: MIT
"""Fixtures of the tests of EventBridge Scheduler: clients, a role that the service may assume."""
import contextlib

import botocore.exceptions
import pytest

from roles import make_role
from scheduler_clients import OFF, make_queue


@contextlib.contextmanager
def refused(code, text=None, status=400):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    if text is not None:
        assert answer["Error"]["Message"] == text


@pytest.fixture
def refuses():
    return refused


@pytest.fixture
def scheduler(clocked):
    return clocked.client("scheduler")


@pytest.fixture
def role(clocked, name):
    return make_role(clocked, f"role-{name}")


@pytest.fixture
def target(clocked, name, role):
    """A target that is a fresh queue, and the queue's URL under "url"."""
    url, arn = make_queue(clocked, name)
    return {"Arn": arn, "RoleArn": role, "Input": "hello"}, url


@pytest.fixture
def create(scheduler, target, name):
    """create(expression, **members) makes a schedule and returns its name."""
    def make(expression, **members):
        settings = {"Name": name, "ScheduleExpression": expression, "FlexibleTimeWindow": OFF,
                    "Target": target[0], **members}
        scheduler.create_schedule(**settings)
        return settings["Name"]
    return make
