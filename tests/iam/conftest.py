# SPDX-License-Identifier: MIT
"""`account` is a fresh account of a shared server that checks signatures and policies."""
import pytest
from iam_accounts import make_account


@pytest.fixture
def account(signed):
    return make_account(signed)


@pytest.fixture
def iam(account):
    return account.client()
