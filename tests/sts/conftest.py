# SPDX-License-Identifier: MIT
"""Clients of a server that wants signatures."""
import pytest

from sts_clients import client_of


@pytest.fixture
def root(signed):
    """Gives clients of the root user of a server that enforces policies."""
    return lambda service, **options: client_of(signed, service, (signed.key, signed.secret),
                                                **options)
