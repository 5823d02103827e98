# SPDX-License-Identifier: MIT
"""Fixtures of the EventBridge tests: a client of the shared server, fresh buses and rules."""
import contextlib
import itertools

import botocore.exceptions
import pytest

numbers = itertools.count(1)


@contextlib.contextmanager
def refused(code, text=None):
    """The call in the block answers that fault, with that text if it is given."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    if text is not None:
        assert error["Message"] == text


@pytest.fixture
def refuses():
    return refused


@pytest.fixture
def events(server):
    return server.client("events")


@pytest.fixture
def word():
    """A name that no other test uses."""
    return f"n{next(numbers)}"


@pytest.fixture
def bus(events, word):
    """The name of a fresh custom bus."""
    events.create_event_bus(Name="bus-" + word)
    return "bus-" + word


@pytest.fixture
def rule(events, bus):
    """rule(pattern, **settings): the name of a fresh rule on `bus`."""
    def make(pattern='{"source":["a"]}', **settings):
        name = f"rule{next(numbers)}"
        events.put_rule(Name=name, EventBusName=bus, EventPattern=pattern, **settings)
        return name
    return make


@pytest.fixture
def queue_arn(sqs, queue):
    return sqs.get_queue_attributes(
        QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
