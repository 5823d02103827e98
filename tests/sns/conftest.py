# SPDX-License-Identifier: MIT
"""Fixtures of the tests of SNS: a topic, and queues that its messages may be sent to."""
import pytest

from sns_queue import Queue


@pytest.fixture
def sns(server):
    return server.client("sns")


@pytest.fixture
def topic(sns, name):
    """The ARN of a fresh standard topic on the shared server."""
    return sns.create_topic(Name=name)["TopicArn"]


@pytest.fixture
def fifo_topic(sns, name):
    return sns.create_topic(Name=name + ".fifo", Attributes={"FifoTopic": "true"})["TopicArn"]


@pytest.fixture
def make_queue(sqs, name):
    """make_queue(suffix, **attributes) makes a queue that SNS may send to."""
    return lambda suffix="", **attributes: Queue(sqs, f"{name}-q{suffix}", **attributes)
