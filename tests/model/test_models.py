# SPDX-License-Identifier: MIT
"""Every model/*.ops against what AWS publishes (botocore's copy): members, kinds, and the names
that each dialect gives them. A model says nothing that AWS has not, and what it leaves out is named
here, or for EC2 in its doc page.
"""
import re
import sys

import botocore.session
import pytest

from ternd import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import gen  # noqa: E402

SERVICES = sorted(path.stem for path in (ROOT / "model").glob("*.ops"))
# Kinds that are the same on the wire: the numbers of Query are texts.
SAME_KINDS = {"GetAccountSummary.out.SummaryMap": "map:integer",
              "EcsParameters.Tags": "list:map"}

# What a service has and Tern does not serve.
OPERATIONS_LEFT_OUT = {
    # Custom key stores, encapsulation, reports of use.
    "kms": {"ConnectCustomKeyStore", "CreateCustomKeyStore", "DeleteCustomKeyStore",
            "DescribeCustomKeyStores", "DisconnectCustomKeyStore", "UpdateCustomKeyStore",
            "Decapsulate", "Encapsulate", "GetKeyLastUsage"},
    # Certificates, SSH keys and credentials of other services; Organizations; delegation to
    # partners; reports of use; what only SAML or IAM Identity Center has.
    "iam": {"AcceptDelegationRequest", "AcquireRole", "AssociateDelegationRequest",
            "CreateDelegationRequest", "CreateServiceSpecificCredential", "DeleteSSHPublicKey",
            "DeleteServerCertificate", "DeleteServiceSpecificCredential",
            "DeleteSigningCertificate", "DisableOrganizationsRootCredentialsManagement",
            "DisableOrganizationsRootSessions", "DisableOutboundWebIdentityFederation",
            "EnableOrganizationsRootCredentialsManagement", "EnableOrganizationsRootSessions",
            "EnableOutboundWebIdentityFederation", "GenerateOrganizationsAccessReport",
            "GenerateServiceLastAccessedDetails", "GetAccountProperties", "GetDelegationRequest",
            "GetHumanReadableSummary", "GetOrganizationsAccessReport",
            "GetOutboundWebIdentityFederationInfo", "GetRoleTemplateVersion", "GetSSHPublicKey",
            "GetServerCertificate", "GetServiceLastAccessedDetails",
            "GetServiceLastAccessedDetailsWithEntities", "ListDelegationRequests",
            "ListOrganizationsFeatures", "ListPoliciesGrantingServiceAccess",
            "ListSAMLProviderTags", "ListServerCertificateTags", "ListServerCertificates",
            "PutAccountProperties", "RejectDelegationRequest", "ResetServiceSpecificCredential",
            "SendDelegationToken", "SetSecurityTokenServicePreferences", "TagSAMLProvider",
            "TagServerCertificate", "UntagSAMLProvider", "UntagServerCertificate",
            "UpdateDelegationRequest", "UpdateOpenIDConnectProvider", "UpdateSSHPublicKey",
            "UpdateServerCertificate", "UpdateServiceSpecificCredential",
            "UpdateSigningCertificate", "UploadSSHPublicKey", "UploadServerCertificate",
            "UploadSigningCertificate"},
    # Text messages, and the applications and devices of mobile push.
    "sns": {"CheckIfPhoneNumberIsOptedOut", "CreatePlatformApplication", "CreatePlatformEndpoint",
            "CreateSMSSandboxPhoneNumber", "DeleteEndpoint", "DeletePlatformApplication",
            "DeleteSMSSandboxPhoneNumber", "GetEndpointAttributes",
            "GetPlatformApplicationAttributes", "GetSMSAttributes", "GetSMSSandboxAccountStatus",
            "ListEndpointsByPlatformApplication", "ListOriginationNumbers",
            "ListPhoneNumbersOptedOut", "ListPlatformApplications", "ListSMSSandboxPhoneNumbers",
            "OptInPhoneNumber", "SetEndpointAttributes", "SetPlatformApplicationAttributes",
            "SetSMSAttributes", "VerifySMSSandboxPhoneNumber"},
    # Global endpoints.
    "events": {"CreateEndpoint", "DeleteEndpoint", "DescribeEndpoint", "ListEndpoints",
               "UpdateEndpoint"},
    "sqs": set(),
    "pipes": set(),
    "sts": {"AssumeRoot", "GetDelegatedAccessToken", "GetScopedCredentials",
            "GetWebIdentityToken"},
}
MEMBERS_LEFT_OUT = {
    # Of the simulator: Organizations, and details.
    "iam": {"OrderedOrganizationPolicyInputList", "OrganizationsDecisionDetail",
            "EvalDecisionDetails", "PolicyExclusionList",
            # A picture of a device's seed, which is shown as text; levels of FIDO devices.
            "QRCodePNG", "Certifications",
            # Of identity providers: IAM Identity Center, and what only SAML has.
            "ContextProvider", "IdentityCenterInstanceArn", "IdentityStoreArn", "AddPrivateKey",
            "RemovePrivateKey", "RemoveContextProvider", "RemoveIdentityCenterInstance",
            "SAMLKeyHashes", "PrivateKeyList", "IsTrustedIdentityPropagationEnabled"},
    # Members that only the operations left out and Nitro enclaves have.
    "kms": {"Recipient", "CiphertextForRecipient", "XksKeyConfiguration", "CloudHsmClusterId",
            "XksKeyId", "DryRunModifiers", "EncapsulationAlgorithms", "ResourceOwners"},
    "sns": set(),
    # Of targets in services that Tern does not have, and of global endpoints.
    "events": {"KinesisParameters", "RunCommandParameters", "BatchParameters",
               "RedshiftDataParameters", "SageMakerPipelineParameters", "AppSyncParameters",
               "EndpointId"},
    "sqs": set(),
    # Of sources and targets in services that Tern does not have.
    "pipes": {"KinesisStreamParameters", "DynamoDBStreamParameters", "ActiveMQBrokerParameters",
              "RabbitMQBrokerParameters", "ManagedStreamingKafkaParameters",
              "SelfManagedKafkaParameters", "EcsTaskParameters", "BatchJobParameters",
              "RedshiftDataParameters", "SageMakerPipelineParameters", "TimestreamParameters"},
    # Of SAML, but for the first four. The others are left out of AssumeRoleWithSAML only.
    "sts": {"ProvidedContexts", "MinimumSessionTokenSize", "SessionTokenSize",
            "SessionTokenUtilization", "Issuer", "NameQualifier", "Subject", "SubjectType",
            "TrustedIdentityPropagationContext", "AssumeRoleWithSAML.out.Audience",
            "AssumeRoleWithSAML.out.SourceIdentity"},
}
# What AWS sends without modelling it, and SQS's own for a server that cannot go on.
FAULTS_UNMODELLED = {
    "iam": {"ValidationErrorException"},
    "kms": {"NotAuthorizedException", "ValidationException"},
    "sns": {"ValidationErrorException"},
    "events": {"ValidationException"},
    "sqs": {"InvalidParameterValueException", "MissingRequiredParameterException",
            "ServiceUnavailable"},
    "sts": {"InvalidParameterValue", "ValidationError"},
}


# Constraints that are not AWS's: ours, and why.
CONSTRAINTS = {
    "ec2": {
        # The texts of AWS's faults; smaller pages than AWS's are allowed.
        **{f"{operation}.in.MaxResults": {"min": 1, "max": 1000}
           for operation in ("DescribeNetworkInterfaces", "DescribePrefixLists",
                             "DescribeSecurityGroups", "DescribeSubnets", "DescribeTags",
                             "DescribeVpcEndpointServices", "DescribeVpcEndpoints",
                             "DescribeVpcs")}},
    "iam": {
        # Where AWS states no most, a device's name is what its ARN has room for.
        "CreateVirtualMFADevice.in.VirtualMFADeviceName": {"max": 226}},
    "kms": {
        # AWS's prose: a grant is of an operation at least, deletion waits for 7 to 30 days.
        "CreateGrant.in.Operations": {"min": 1},
        "ScheduleKeyDeletion.in.PendingWindowInDays": {"min": 7, "max": 30}},
    "sqs": {
        # AWS's prose, and its faults' texts.
        "AddPermission.in.Label": {"pattern": "[a-zA-Z0-9_-]{1,80}"},
        "RemovePermission.in.Label": {"pattern": "[a-zA-Z0-9_-]{1,80}"},
        "ListDeadLetterSourceQueues.in.MaxResults": {"min": 0, "max": 1000},
        "ListQueues.in.MaxResults": {"min": 0, "max": 1000},
        "ListMessageMoveTasks.in.MaxResults": {"min": 1, "max": 10},
        "StartMessageMoveTask.in.MaxNumberOfMessagesPerSecond": {"min": 1, "max": 500},
        "ReceiveMessage.in.MaxNumberOfMessages": {"min": 1, "max": 10},
        "ReceiveMessage.in.VisibilityTimeout": {"min": 0, "max": 43200},
        "ReceiveMessage.in.WaitTimeSeconds": {"min": 0, "max": 20}},
    "sts": {
        # The session's token has to hold them; AWS says so in prose.
        "AssumeRole.in.Policy": {"max": 2048},
        "AssumeRole.in.PolicyArns": {"max": 10},
        "AssumeRoleWithSAML.in.PolicyArns": {"max": 10},
        "AssumeRoleWithWebIdentity.in.PolicyArns": {"max": 10},
        "GetFederationToken.in.PolicyArns": {"max": 10}},
}


# What the operation itself checks: EC2 names what an operation can tag, not all that EC2 can;
# domains are of service networks, which are refused.
IN_OPERATIONS = {"ec2": {"TagSpecification.ResourceType",
                         "DnsOptionsSpecification.PrivateDnsSpecifiedDomains"}}
# Names of attributes, of which SQS takes more than its model has, with texts of its own.
ITEMS_IN_OPERATIONS = {"sqs"}


@pytest.fixture(params=SERVICES)
def models(request):
    """Ours and AWS's of one service."""
    aws = botocore.session.get_session().get_service_model(request.param)
    return gen.Model(ROOT / f"model/{request.param}.ops"), aws


def kind_of(shape):
    """A botocore shape in the words of the model file."""
    if shape.type_name in ("list", "map"):
        item = shape.member if shape.type_name == "list" else shape.value
        return f"{shape.type_name}:{item.name if item.type_name == 'structure' else item.type_name}"
    if shape.type_name == "structure":
        return "structure:" + shape.name
    return {"float": "double"}.get(shape.type_name, shape.type_name)


def groups(ours, aws):
    """Each structure, and input and output of an operation: its name, our members, AWS's shape."""
    for name, members in ours.structures.items():
        yield name, members, aws.shape_for(name)
    for name, parts in ours.operations.items():
        operation = aws.operation_model(name)
        yield f"{name}.in", parts["in"], operation.input_shape
        yield f"{name}.out", parts["out"], operation.output_shape


def pairs(ours, aws):
    """Each member of each of them: where it stands, ours, AWS's shape."""
    for name, members, shape in groups(ours, aws):
        yield from ((f"{name}.{member.name}", member, shape) for member in members)


def test_operations_members_and_kinds_are_aws(models):
    ours, aws = models
    assert set(ours.operations) <= set(aws.operation_names)
    for place, member, shape in pairs(ours, aws):
        assert shape is not None and member.name in shape.members, place
        kind = member.kind + (":" + member.item if member.item else "")
        assert kind_of(shape.members[member.name]) in (kind, SAME_KINDS.get(place)), place


def test_required_members_are_aws(models):
    for place, member, shape in pairs(*models):
        assert member.is_required == (member.name in shape.required_members), place


def stated(shape):
    """What AWS says of a value."""
    kinds = {name: shape.metadata[name] for name in ("min", "max", "pattern") if
             name in shape.metadata}
    if shape.type_name in ("float", "double", "boolean", "timestamp", "structure"):
        return {}
    if kinds.get("min") == 0 and shape.type_name not in ("integer", "long"):
        del kinds["min"]  # says nothing
    if shape.metadata.get("enum"):
        kinds["enum"] = set(shape.metadata["enum"])
    return kinds


def ours_of(constraint):
    if not constraint:
        return {}
    kinds = {"min": constraint.least, "max": constraint.most, "pattern": constraint.pattern,
             "enum": set(constraint.values)}
    if constraint.has_length and constraint.least == 0:
        del kinds["min"]
    return {name: kinds[name] for name in kinds if kinds[name] not in (None, set())}


def test_constraints_are_aws(models):
    ours, aws = models
    used = used_in(ours, ["in"])
    own = CONSTRAINTS.get(ours.name, {})
    checked = 0
    for place, member, shape in pairs(ours, aws):
        head = place.split(".")
        if head[1] != "in" and head[0] not in used or \
                place in IN_OPERATIONS.get(ours.name, ()):
            continue
        found = shape.members[member.name]
        assert ours_of(member.constraint) == {**stated(found), **own.pop(place, {})}, place
        if member.item == "string" and ours.name not in ITEMS_IN_OPERATIONS:
            item = found.member if found.type_name == "list" else found.value
            assert ours_of(member.constraint.item) == stated(item), f"{place}: items"
        if member.kind == "map" and ours.name not in ITEMS_IN_OPERATIONS:
            assert ours_of(member.constraint.key) == stated(found.key), f"{place}: keys"
        checked += len(stated(found))
    assert not own, "named above, but not in the model"
    assert checked > 5 or ours.name == "sqs", "AWS states no constraints of SQS"


@pytest.mark.parametrize("models", sorted(OPERATIONS_LEFT_OUT), indirect=True)
def test_operations_left_out_are_named(models):
    ours, aws = models
    assert set(aws.operation_names) - set(ours.operations) == OPERATIONS_LEFT_OUT[ours.name]


@pytest.mark.parametrize("models", sorted(MEMBERS_LEFT_OUT), indirect=True)
def test_members_left_out_are_named(models):
    ours, aws = models
    for name, members, shape in groups(ours, aws):
        left_out = set(shape.members if shape else ()) - {member.name for member in members}
        named = {member for member in left_out
                 if {member, f"{name}.{member}"} & MEMBERS_LEFT_OUT[ours.name]}
        assert left_out == named, name


def test_empty_results_are_aws(models):
    ours, aws = models
    for name, parts in ours.operations.items():
        shape = aws.operation_model(name).output_shape
        assert parts["result"] == (shape is not None and not shape.members), name


def test_operations_have_their_facts(models):
    ours, _ = models
    for name, parts in ours.operations.items():
        facts = parts["facts"]
        assert facts["doc"].endswith(".") and len(facts["doc"]) < 100, name
        assert "keys" in facts and facts["access"] in ("list", "read", "write", "tagging",
                                                       "permissions"), name
        if facts["access"] in ("list", "read"):
            # The report is made, which CloudTrail takes for a change.
            assert parts["read"] or name == "GenerateCredentialReport", name
    for name, (template, _, _) in ours.facts.resources.items():
        # Partner event sources are of no account.
        assert re.fullmatch(r"arn:\$\{Partition}:\w+:(\$\{Region})?:(\$\{Account})?:\S+",
                            template), name


def parameter_of(aws, name, shape):
    """Name and item of a parameter, as botocore's serializers write them."""
    names = shape.serialization
    if aws.metadata["protocol"] != "ec2":
        return element_of(name, shape)
    written = names.get("queryName") or names.get("name") or name
    return written[0].upper() + written[1:], ""


def element_of(name, shape):
    """Name and item of an element, as botocore's parsers look for them."""
    names = shape.serialization
    written = names.get("name", name)
    if shape.type_name == "list":
        item = shape.member.serialization.get("name")
        return (item or written, "") if names.get("flattened") else (written, item or "member")
    if shape.type_name == "map":
        return written, "" if names.get("flattened") else "entry"
    return written, ""


def used_in(ours, sides):
    """The structures that input or output of an operation lead to."""
    found, left = set(), [member for parts in ours.operations.values() for side in sides
                          for member in parts[side]]
    while left:
        member = left.pop()
        if member.item in ours.structures and member.item not in found:
            found.add(member.item)
            left += ours.structures[member.item]
    return found


def test_names_in_query_are_aws(models):
    ours, aws = models
    if not ours.query or aws.metadata["protocol"] == "json":
        pytest.skip("does not speak Query")
    assert ours.query[0] == aws.metadata["apiVersion"]
    assert ours.query[1].rstrip("/") == aws.metadata["xmlNamespace"].rstrip("/")
    asked, answered = used_in(ours, ["in"]), used_in(ours, ["out"])
    for place, member, shape in pairs(ours, aws):
        is_list = member.kind in ("list", "map")
        head, found = place.split(".")[0:2], shape.members[member.name]
        if head[1] == "in" or head[0] in asked:
            assert (member.query, member.query_item if is_list else "") == \
                parameter_of(aws, member.name, found), f"{place}: parameter"
        if head[1] == "out" or head[0] in answered:
            assert (member.xml, member.xml_item if is_list else "") == \
                element_of(member.name, found), f"{place}: element"


def test_names_in_json_are_aws(models):
    ours, aws = models
    if not ours.target:
        pytest.skip("does not speak JSON")
    assert ours.target == [aws.metadata["targetPrefix"], aws.metadata["jsonVersion"]]


def test_faults_are_aws(models):
    ours, aws = models
    modelled = {shape.name: shape for shape in aws.error_shapes}
    for name, code, status, *_ in ours.faults:
        if name not in modelled or aws.metadata["protocol"] == "json":
            continue
        told = modelled[name].metadata.get("error", {})
        assert (code, int(status)) == (told.get("code", name),
                                       told.get("httpStatusCode", int(status))), name


@pytest.mark.parametrize("models", sorted(FAULTS_UNMODELLED), indirect=True)
def test_faults_that_aws_does_not_model_are_named(models):
    ours, aws = models
    modelled = {shape.name for shape in aws.error_shapes}
    assert {fault[0] for fault in ours.faults} - modelled == FAULTS_UNMODELLED[ours.name]


@pytest.mark.parametrize("line, text", [
    ("\tin Name text", "no such kind: text"),
    ("\tin Name string:x", "no such kind: string:x"),
    ("\tin Name list:Nothing", "Nothing is not known here"),
    ("\tin Name map:Nothing", "Nothing is not known here"),
    ("\tin Name list:map:Nothing", "Nothing is not known here"),
    ("\tin Name string mandatory", "no such option: mandatory"),
    ("\tin Name string query", "query takes 1 to 3 names"),
    ("\tin Name string required yes", "required takes 0 to 0 names"),
    ("\tin SecretAccessKey string", "mark it sensitive"),
    ("operation Other thread", "operation NAME net|control"),
    ("operation Other net fast", "operation NAME net|control"),
    ("query 2010-05-08 https://x/ deep", "query VERSION NAMESPACE"),
    ("faults X Y 400", "unknown line"),
    ("\tin Name string length", "length takes 1 to 1 names"),
    ("\tin Name string length -", "length LEAST-MOST"),
    ("\tin Name string range one-2", "range LEAST-MOST"),
    ("\tasks delete", "asks list|read"),
    ("\tasks read thing", "no arn thing"),
    ("\tthrottle fast", "no throttle fast"),
    ("throttle fast often 5", "throttle NAME each"),
    ("type NameType text length 1-2", "no such kind: text"),
    ("type NameType string longer 1-2", "no such option: longer"),
])
def test_models_that_are_refused(tmp_path, line, text):
    path = tmp_path / "made.ops"
    path.write_text(f"service made\nquery 1 https://x/\noperation Do net\n{line}\n")
    with pytest.raises(SystemExit, match=r"made\.ops:4: ") as caught:
        gen.Model(path)
    assert text in str(caught.value)
