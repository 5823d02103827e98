# SPDX-License-Identifier: MIT
"""The AWS SDK for Go v2 against a ternd: the module in go/, run with its address."""
import pytest

from outside import run_outside


@pytest.mark.timeout(600)  # the first run fetches and builds the SDKs
def test_go_sdk(server):
    output = run_outside(server, "go", "test", "-count=1", "-v", "./...", directory="go")
    assert output.count("--- PASS: ") >= 12, output
