# SPDX-License-Identifier: MIT
"""AsyncAws for PHP against a ternd, where the distribution has it: Query, as Symfony sends it."""
import pathlib

import pytest

from outside import run_outside

AUTOLOAD = pathlib.Path("/usr/share/php/AsyncAws/Sqs/autoload.php")


def test_php(server):
    if not AUTOLOAD.exists():
        pytest.skip("this distribution has no package of AsyncAws")
    assert len(run_outside(server, "php", "sqs.php").splitlines()) == 6
