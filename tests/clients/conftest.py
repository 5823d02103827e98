# SPDX-License-Identifier: MIT
"""Clients are tested against a server that checks their signatures, each made its own way."""
import pytest


@pytest.fixture(scope="session")
def server(signed):
    return signed
