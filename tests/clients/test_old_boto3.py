# SPDX-License-Identifier: MIT
"""The distribution's boto3 with the distribution's Python: Query as old programs speak it."""
import subprocess

import pytest

from outside import HERE, run_outside

PYTHON = "/usr/bin/python3"


def version():
    done = subprocess.run([PYTHON, "-c", "import boto3; print(boto3.__version__)"],
                          capture_output=True, text=True)
    return tuple(int(part) for part in done.stdout.split(".")) if done.returncode == 0 else None


def test_the_distributions_boto3(server):
    found = version()
    if found is None or found >= (1, 34, 90):
        pytest.skip(f"boto3 of the distribution speaks JSON or is missing: {found}")
    run_outside(server, PYTHON, "-m", "unittest", "-q", HERE / "old_boto3.py")
