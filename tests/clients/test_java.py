# SPDX-License-Identifier: MIT
"""The AWS SDK for Java v2 against a ternd: the Maven project in java/, run with its address."""
import re

import pytest

from outside import run_outside
from roles import make_role


@pytest.mark.timeout(600)  # the first run fetches Maven's plugins and the SDKs
def test_java_sdk(server, name):
    output = run_outside(
        server, "mvn", "-B", "-ntp", "-Dstyle.color=never", "test", directory="java",
        TERN_ROLE=make_role(server, name))
    ran = re.search(
        r"^\[INFO\] Tests run: (\d+), Failures: 0, Errors: 0, Skipped: 0$", output, re.MULTILINE)
    assert ran and int(ran.group(1)) >= 22, output
