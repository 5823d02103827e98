# SPDX-License-Identifier: MIT
"""The AWS SDK for JavaScript v3 and sqs-consumer against a ternd, by Node's test runner."""
import os
import pathlib
import re
import subprocess

import pytest

from roles import make_role

HERE = pathlib.Path(__file__).parent
FILES = sorted(path.name for path in HERE.glob("*.test.mjs"))


@pytest.fixture(params=["open", "signed"])
def place(request):
    """A server that takes any credentials, and one that checks signatures."""
    return request.getfixturevalue({"open": "server", "signed": "signed"}[request.param])


def run_node(server, *arguments, role):
    """Runs Node with the server as TERN_ENDPOINT and no AWS settings of the caller's shell."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"TERN_ENDPOINT": server.url, "TERN_ROLE": role,
                    "AWS_EC2_METADATA_DISABLED": "true",
                    "TERN_SIGNED": str(server.key.startswith("AKIA")).lower(),
                    "AWS_ACCESS_KEY_ID": server.key, "AWS_SECRET_ACCESS_KEY": server.secret}
    return subprocess.run(["node", *arguments], cwd=HERE, env=environment, capture_output=True,
                          text=True, timeout=100)


@pytest.mark.parametrize("file", FILES)
def test_node_suite(place, file, name):
    done = run_node(place, "--test", "--test-reporter=tap", file, role=make_role(place, name))
    assert done.returncode == 0, done.stdout + done.stderr
    passed = int(re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE).group(1))
    assert passed > 0, "no test ran"
