# SPDX-License-Identifier: MIT
"""Servers that check signatures, and accounts on them."""
import pytest

from sts_clients import Account, client_of
from ternd import DEFAULT_ACCOUNT, Server, SigV4

OTHER = "222222222222"


@pytest.fixture(scope="session")
def signed(tmp_path_factory):
    """A server of these tests alone: their wrong signatures would slow down others."""
    with Server(tmp_path_factory.mktemp("sts"), "--durability", "os", "--quick-purge", "--auth",
                "required") as server:
        server.read_credential()
        yield server
    server.forget()


@pytest.fixture
def root(signed):
    """Gives clients of the root user of a server that enforces policies."""
    return lambda service, **options: client_of(signed, service, (signed.key, signed.secret),
                                                **options)


@pytest.fixture(scope="session")
def accounts(signed):
    """Two accounts of one server."""
    made = signed.post("/_tern/accounts", {"account": OTHER, "name": "other"},
                       auth=SigV4(signed.key, signed.secret)).json()
    return (Account(signed, DEFAULT_ACCOUNT, signed.key, signed.secret),
            Account(signed, OTHER, made["access_key_id"], made["secret_access_key"]))


@pytest.fixture
def own(accounts):
    return accounts[0]


@pytest.fixture
def other(accounts):
    return accounts[1]
