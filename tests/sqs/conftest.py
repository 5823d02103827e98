# SPDX-License-Identifier: MIT
"""Fixtures of the SQS tests: `api` is each dialect in turn."""
import pytest

from dialects import Json, Query, QueryString


@pytest.fixture(params=[Json, Query], ids=lambda dialect: dialect.name)
def api(request, server):
    return request.param(server)


@pytest.fixture(params=[Json, Query, QueryString], ids=lambda dialect: dialect.name)
def any_api(request, server):
    return request.param(server)


@pytest.fixture
def json_api(server):
    return Json(server)


@pytest.fixture
def query_api(server):
    return Query(server)
