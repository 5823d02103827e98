# SPDX-License-Identifier: MIT
"""A server that checks signatures, with two accounts and a user in each."""
import pytest

from callers import World
from ternd import Server


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("world"), "--auth", "required") as server:
        yield World(server)
