# SPDX-License-Identifier: MIT
"""model/sqs.ops against what AWS publishes (botocore's copy), and src/api against the model."""
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
# What AWS sends without having it in its model, and our own for a server that cannot go on.
UNMODELLED_FAULTS = {"InvalidParameterValueException", "MissingRequiredParameterException",
                     "ServiceUnavailable"}


@pytest.fixture(scope="module")
def aws():
    return botocore.session.get_session().get_service_model("sqs")


@pytest.fixture(scope="module")
def ours():
    return gen.Model(ROOT / "model/sqs.ops")


def describe(shape):
    """A botocore shape in the words of the model file."""
    if shape.type_name == "list":
        return "list:" + describe(shape.member).removeprefix("structure:")
    if shape.type_name == "map":
        return "map:" + describe(shape.value).removeprefix("structure:")
    if shape.type_name == "structure":
        return "structure:" + shape.name
    return shape.type_name


def members_of(shape):
    if shape is None:
        return {}
    return {name: (describe(member), name in shape.required_members)
            for name, member in shape.members.items()}


def as_members(members):
    return {member.name: (member.kind + (":" + member.item if member.item else ""),
                          member.is_required) for member in members}


def test_model_serves_every_operation(aws, ours):
    assert sorted(ours.operations) == sorted(aws.operation_names)
    assert len(ours.operations) == 23


def test_model_operations_have_aws_members(aws, ours):
    for name, parts in ours.operations.items():
        operation = aws.operation_model(name)
        assert as_members(parts["in"]) == members_of(operation.input_shape), name
        assert as_members(parts["out"]) == members_of(operation.output_shape), name


def test_model_structures_have_aws_members(aws, ours):
    for name, members in ours.structures.items():
        assert as_members(members) == members_of(aws.shape_for(name)), name


def test_model_faults_are_those_of_aws(aws, ours):
    modelled = {shape.name for shape in aws.error_shapes}
    named = {fault[0] for fault in ours.faults}
    assert named - modelled == UNMODELLED_FAULTS
    assert modelled - named == UNUSED_FAULTS


def test_model_protocol_is_that_of_aws(aws, ours):
    metadata = aws.metadata
    assert [metadata["targetPrefix"], metadata["jsonVersion"]] == ours.target
    assert ours.query[0] == metadata["apiVersion"]


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
