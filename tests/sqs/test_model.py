# SPDX-License-Identifier: MIT
"""Faults and enums of SQS against what AWS publishes, and src/api against the models."""
import pathlib
import subprocess
import sys

import botocore.session
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import gen  # noqa: E402

# Faults that AWS documents and this server has no cause to send.
UNUSED_FAULTS = {
    "InvalidAddress", "InvalidIdFormat", "InvalidSecurity", "RequestThrottled", "KmsOptInRequired",
    "KmsThrottled",
}


@pytest.fixture(scope="module")
def aws():
    return botocore.session.get_session().get_service_model("sqs")


@pytest.fixture(scope="module")
def ours():
    return gen.Model(ROOT / "model/sqs.ops")


def test_faults_that_are_never_sent_are_named(aws, ours):
    assert {shape.name for shape in aws.error_shapes} - {fault[0] for fault in ours.faults} == \
        UNUSED_FAULTS


@pytest.mark.parametrize("shape, source, extra", [
    ("QueueAttributeName", "attributes.h", {"All"}),
    ("MessageSystemAttributeName", "view.c", {"All"}),
    ("MessageSystemAttributeNameForSends", "validate.c", set()),
])
def test_model_enums_are_known(aws, shape, source, extra):
    text = (ROOT / "src/services/sqs" / source).read_text()
    for value in set(aws.shape_for(shape).enum) - extra:
        assert f'"{value}"' in text, f"{source} does not know {value}"


def test_generated_code_is_fresh():
    run = subprocess.run([sys.executable, ROOT / "tools/gen.py", "--check"],
                         capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_stale_generated_code_is_noticed(tmp_path):
    generate = [sys.executable, ROOT / "tools/gen.py", "--out", tmp_path]
    subprocess.run(generate, check=True)
    header = tmp_path / "src/api/sqs.h"
    header.write_text(header.read_text().replace("queue_url", "queue_uri", 1))
    run = subprocess.run([*generate, "--check"], capture_output=True, text=True, check=False)
    assert run.returncode == 1 and "src/api/sqs.h" in run.stderr
