# SPDX-License-Identifier: MIT
"""The AWS SDK for Go v2 against a ternd: the module in go/, run with its address."""
import pytest

from outside import run_outside
from roles import make_role


@pytest.mark.timeout(600)  # the first run fetches and builds the SDKs
def test_go_sdk(server, name):
    output = run_outside(server, "go", "test", "-count=1", "-v", "./...", directory="go",
                         TERN_ROLE=make_role(server, name))
    assert output.count("--- PASS: ") >= 18, output
