# SPDX-License-Identifier: MIT
"""The second AWS SDK for JavaScript against a ternd, by Node's test runner."""
from outside import run_outside


def test_node_suite(server):
    output = run_outside(server, "node", "--test", "--test-reporter=tap", "sqs.test.mjs",
                         directory="js2", AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE="1")
    assert "# pass 5" in output.splitlines(), output
