# SPDX-License-Identifier: MIT
"""model/kms.ops against what AWS publishes (botocore's copy)."""
import pathlib
import sys

import botocore.session
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import gen  # noqa: E402

# Custom key stores, key agreement and encapsulation, replicas in other regions, reports of use.
NOT_SERVED = {
    "ConnectCustomKeyStore", "CreateCustomKeyStore", "DeleteCustomKeyStore",
    "DescribeCustomKeyStores", "DisconnectCustomKeyStore", "UpdateCustomKeyStore",
    "Decapsulate", "DeriveSharedSecret", "Encapsulate", "ReplicateKey", "UpdatePrimaryRegion",
    "GetKeyLastUsage",
}
# Members that only those things and Nitro enclaves have.
LEFT_OUT = {"Recipient", "CiphertextForRecipient", "XksKeyConfiguration", "CloudHsmClusterId",
            "XksKeyId", "DryRunModifiers", "EncapsulationAlgorithms", "ResourceOwners"}


@pytest.fixture(scope="module")
def aws():
    return botocore.session.get_session().get_service_model("kms")


@pytest.fixture(scope="module")
def ours():
    return gen.Model(ROOT / "model/kms.ops")


def describe(shape):
    if shape.type_name == "list":
        return "list:" + describe(shape.member).removeprefix("structure:")
    if shape.type_name == "map":
        return "map:" + describe(shape.value)
    return "structure:" + shape.name if shape.type_name == "structure" else shape.type_name


def members_of(shape):
    if shape is None:
        return {}
    return {name: (describe(member), name in shape.required_members)
            for name, member in shape.members.items() if name not in LEFT_OUT}


def as_members(members):
    return {member.name: (member.kind + (":" + member.item if member.item else ""),
                          member.is_required) for member in members}


def test_model_serves_all_operations_but_the_named(aws, ours):
    assert set(aws.operation_names) - set(ours.operations) <= NOT_SERVED
    assert not set(ours.operations) & NOT_SERVED
    assert not set(ours.operations) - set(aws.operation_names)


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
    # The framework's own, which every service may answer.
    assert {fault[0] for fault in ours.faults} - modelled == {"ValidationException"}


def test_operations_that_are_not_served_are_refused_at_once(kms, refuses):
    with refuses("UnknownOperationException"):
        kms.describe_custom_key_stores()
