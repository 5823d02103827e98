# SPDX-License-Identifier: MIT
"""model/iam.ops against what AWS publishes: botocore's copy."""
import botocore.session
import pytest
from iam_accounts import gen

from ternd import ROOT


# Members of the simulator that Tern does not serve: those of Organizations, and details.
UNSERVED = {"OrderedOrganizationPolicyInputList", "OrganizationsDecisionDetail",
            "EvalDecisionDetails", "PolicyExclusionList"}


@pytest.fixture(scope="module")
def aws():
    return botocore.session.get_session().get_service_model("iam")


@pytest.fixture(scope="module")
def ours():
    return gen.Model(ROOT / "model/iam.ops")


def describe(shape):
    """A botocore shape in the words of the model file."""
    if shape.type_name == "list":
        return "list:" + describe(shape.member).removeprefix("structure:")
    if shape.type_name == "map":
        return "map:string"
    if shape.type_name == "structure":
        return "structure:" + shape.name
    return shape.type_name


def members_of(shape):
    if shape is None:
        return {}
    return {name: (describe(member), name in shape.required_members)
            for name, member in shape.members.items() if name not in UNSERVED}


def as_members(members):
    return {member.name: (member.kind + (":" + member.item if member.item else ""),
                          member.is_required) for member in members}


def test_iam_operations_have_aws_members(aws, ours):
    for name, parts in ours.operations.items():
        operation = aws.operation_model(name)
        assert as_members(parts["in"]) == members_of(operation.input_shape), name
        assert as_members(parts["out"]) == members_of(operation.output_shape), name
        has_empty = operation.output_shape is not None and not operation.output_shape.members
        assert parts["result"] == has_empty, name


def test_iam_structures_have_aws_members(aws, ours):
    for name, members in ours.structures.items():
        assert as_members(members) == members_of(aws.shape_for(name)), name


def test_iam_faults_are_those_of_aws(aws, ours):
    for name, code, status, *_ in ours.faults:
        if name != "ValidationErrorException":  # which AWS sends without modelling it
            error = aws.shape_for(name).metadata["error"]
            assert (error["code"], str(error["httpStatusCode"])) == (code, status), name


def test_iam_protocol_is_that_of_aws(aws, ours):
    assert ours.query == [aws.metadata["apiVersion"], aws.metadata["xmlNamespace"]]
