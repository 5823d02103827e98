# SPDX-License-Identifier: MIT
"""Fixtures of the tests of EventBridge Pipes: pipes with queues and a role, and refusals."""
import contextlib

import botocore.exceptions
import pytest

from pipe_clients import Pipes


@contextlib.contextmanager
def refused(code, text=None, status=400):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    if text is not None:
        assert text in answer["Error"]["Message"]


@pytest.fixture
def refuses():
    return refused


@pytest.fixture
def pipes(server, name):
    """Pipes of the shared server, which are deleted afterwards."""
    made = Pipes(server, name)
    yield made
    made.close()
