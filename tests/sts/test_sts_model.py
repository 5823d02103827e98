# SPDX-License-Identifier: MIT
"""model/sts.ops against what AWS publishes (botocore's copy)."""
import pathlib
import sys

import botocore.session
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import gen  # noqa: E402

UNSERVED_OPERATIONS = {"AssumeRoot", "GetDelegatedAccessToken", "GetScopedCredentials",
                       "GetWebIdentityToken"}
UNSERVED_MEMBERS = {
    "ProvidedContexts", "MinimumSessionTokenSize", "SessionTokenSize", "SessionTokenUtilization",
    # Of identity providers, of which there are none.
    "Audience", "Issuer", "NameQualifier", "Provider", "Subject", "SubjectType",
    "TrustedIdentityPropagationContext",
}
# Of AssumeRoleWithSAML and AssumeRoleWithWebIdentity too, which never succeed.
UNSERVED_OUTPUTS = {("AssumeRoleWithSAML", "SourceIdentity"),
                    ("AssumeRoleWithWebIdentity", "SourceIdentity")}


@pytest.fixture(scope="module")
def aws():
    return botocore.session.get_session().get_service_model("sts")


@pytest.fixture(scope="module")
def ours():
    return gen.Model(ROOT / "model/sts.ops")


def describe(shape):
    if shape.type_name == "list":
        return "list:" + describe(shape.member).removeprefix("structure:")
    if shape.type_name == "structure":
        return "structure:" + shape.name
    return shape.type_name


def members_of(shape):
    members = {} if shape is None else shape.members
    return {name: (describe(member), name in shape.required_members)
            for name, member in members.items() if name not in UNSERVED_MEMBERS}


def as_members(members):
    return {member.name: (member.kind + (":" + member.item if member.item else ""),
                          member.is_required) for member in members}


def test_every_operation_is_served_or_named(aws, ours):
    assert set(ours.operations) | UNSERVED_OPERATIONS == set(aws.operation_names)
    assert not set(ours.operations) & UNSERVED_OPERATIONS


def test_operations_have_aws_members(aws, ours):
    for name, parts in ours.operations.items():
        operation = aws.operation_model(name)
        assert as_members(parts["in"]) == members_of(operation.input_shape), name
        expected = {key: value for key, value in members_of(operation.output_shape).items()
                    if (name, key) not in UNSERVED_OUTPUTS}
        assert as_members(parts["out"]) == expected, name


def test_structures_have_aws_members(aws, ours):
    for name, members in ours.structures.items():
        assert as_members(members) == members_of(aws.shape_for(name)), name


def test_faults_have_aws_codes(aws, ours):
    shapes = {shape.name: shape.metadata["error"] for shape in aws.error_shapes}
    for name, code, status, *_ in ours.faults:
        if name != "ValidationError":
            assert (shapes[name]["code"], shapes[name]["httpStatusCode"]) == (code, int(status))


def test_protocol_is_that_of_aws(aws, ours):
    assert ours.query[:2] == [aws.metadata["apiVersion"], aws.metadata["xmlNamespace"]]
