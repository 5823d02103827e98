# SPDX-License-Identifier: MIT
"""Inline and managed policies, versions, attachments, boundaries; and the account's own."""
import json
import re

import pytest
from iam_accounts import allow, fault_of, make_account, trust

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
SQS_FULL = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
KINDS = ["user", "group", "role"]


def make(iam, kind, name="x"):
    more = {"AssumeRolePolicyDocument": trust()} if kind == "role" else {}
    getattr(iam, f"create_{kind}")(**{named(kind): name}, **more)
    return {named(kind): name}


def named(kind):
    return f"{kind.capitalize()}Name"


def operation(iam, name, kind):
    return getattr(iam, name.replace("KIND", kind))


@pytest.mark.parametrize("kind", KINDS)
def test_inline_policies(iam, kind):
    owner = make(iam, kind)
    put = operation(iam, "put_KIND_policy", kind)
    for name in "bac":
        put(**owner, PolicyName=name, PolicyDocument=allow("sqs:SendMessage"))
    put(**owner, PolicyName="a", PolicyDocument=allow("sqs:*"))
    found = operation(iam, "get_KIND_policy", kind)(**owner, PolicyName="a")
    assert found["PolicyDocument"] == json.loads(allow("sqs:*"))
    assert found["PolicyName"] == "a" and found[named(kind)] == "x"
    names = operation(iam, "list_KIND_policies", kind)
    first = names(**owner, MaxItems=2)
    assert first["PolicyNames"] == ["a", "b"] and first["IsTruncated"]
    assert names(**owner, Marker=first["Marker"])["PolicyNames"] == ["c"]
    operation(iam, "delete_KIND_policy", kind)(**owner, PolicyName="a")
    assert names(**owner)["PolicyNames"] == ["b", "c"]
    for call in ("get_KIND_policy", "delete_KIND_policy"):
        assert fault_of(operation(iam, call, kind), **owner, PolicyName="a") == (
            "NoSuchEntity", f"The {kind} policy with name a cannot be found.", 404)


@pytest.mark.parametrize("kind, size", [("user", 2048), ("group", 5120), ("role", 10240)])
def test_inline_policies_have_a_size_together(iam, kind, size):
    owner = make(iam, kind)
    put = operation(iam, "put_KIND_policy", kind)
    empty = allow("sqs:*", Sid="").replace(" ", "")
    put(**owner, PolicyName="a", PolicyDocument=empty)
    padding = size - 2 * len(empty)
    fitting = empty.replace('"Sid":""', f'"Sid":"{"s" * padding}"')
    put(**owner, PolicyName="b", PolicyDocument=fitting + " " * 100)
    longer = empty.replace('"Sid":""', f'"Sid":"{"s" * (padding + 1)}"')
    assert fault_of(put, **owner, PolicyName="b", PolicyDocument=longer) == (
        "LimitExceeded", f"Maximum policy size of {size} bytes exceeded for {kind} x", 409)


@pytest.mark.parametrize("document", [
    "{", "[]", "{}", '{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*",'
    '"Principal":"*"}]}'])
def test_documents_that_are_none(iam, document):
    owner = make(iam, "user")
    code, text, status = fault_of(iam.put_user_policy, **owner, PolicyName="p",
                                  PolicyDocument=document)
    assert (code, status) == ("MalformedPolicyDocument", 400) and text
    assert fault_of(iam.create_policy, PolicyName="p", PolicyDocument=document)[0] == \
        "MalformedPolicyDocument"


# ---- managed ----


def test_a_managed_policy_is_made_and_shown(account, iam):
    made = iam.create_policy(PolicyName="p", Path="/x/", Description="does it",
                             PolicyDocument=allow("sqs:*"),
                             Tags=[{"Key": "a", "Value": "b"}])["Policy"]
    assert re.fullmatch(r"ANPA[A-Z2-7]{17}", made["PolicyId"])
    assert made["Arn"] == account.arn("policy/x/p") and made["DefaultVersionId"] == "v1"
    assert made["AttachmentCount"] == 0 and made["IsAttachable"] is True
    assert iam.get_policy(PolicyArn=made["Arn"])["Policy"] == {**made, "Description": "does it"}
    assert fault_of(iam.create_policy, PolicyName="P", PolicyDocument=allow("sqs:*")) == (
        "EntityAlreadyExists", "A policy called P already exists. Duplicate names are not "
        "allowed.", 409)
    iam.tag_policy(PolicyArn=made["Arn"], Tags=[{"Key": "c", "Value": "d"}])
    iam.untag_policy(PolicyArn=made["Arn"], TagKeys=["a"])
    assert iam.list_policy_tags(PolicyArn=made["Arn"])["Tags"] == [{"Key": "c", "Value": "d"}]
    iam.delete_policy(PolicyArn=made["Arn"])
    assert fault_of(iam.get_policy, PolicyArn=made["Arn"]) == (
        "NoSuchEntity", f"Policy {made['Arn']} was not found.", 404)


def test_versions_of_a_policy(iam):
    arn = iam.create_policy(PolicyName="p", PolicyDocument=allow("sqs:a"))["Policy"]["Arn"]
    for number in range(2, 6):
        version = iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow(f"sqs:a{number}"),
                                            SetAsDefault=number == 3)["PolicyVersion"]
        assert version["VersionId"] == f"v{number}"
        assert version["IsDefaultVersion"] == (number == 3)
    assert fault_of(iam.create_policy_version, PolicyArn=arn, PolicyDocument=allow("sqs:x"))[
        ::2] == ("LimitExceeded", 409)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v3"
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [version["VersionId"] for version in versions] == ["v5", "v4", "v3", "v2", "v1"]
    assert fault_of(iam.delete_policy_version, PolicyArn=arn, VersionId="v3") == (
        "DeleteConflict", "Cannot delete the default version of a policy.", 409)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v3")
    document = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]
    assert document == json.loads(allow("sqs:a"))
    assert iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("sqs:b"))[
        "PolicyVersion"]["VersionId"] == "v6"
    assert fault_of(iam.get_policy_version, PolicyArn=arn, VersionId="v3")[::2] == (
        "NoSuchEntity", 404)
    assert fault_of(iam.get_policy_version, PolicyArn=arn, VersionId="3")[0] == "ValidationError"
    assert fault_of(iam.delete_policy, PolicyArn=arn)[0] == "DeleteConflict"


def test_a_managed_policy_has_a_size(iam):
    empty = allow("sqs:*", Sid="").replace(" ", "")
    padding = 6144 - len(empty)
    iam.create_policy(PolicyName="p", PolicyDocument=empty.replace(
        '"Sid":""', f'"Sid":"{"s" * padding}"') + "\n" * 100)
    assert fault_of(iam.create_policy, PolicyName="q", PolicyDocument=empty.replace(
        '"Sid":""', f'"Sid":"{"s" * (padding + 1)}"')) == (
        "LimitExceeded", "Cannot exceed quota for PolicySize: 6144", 409)


def test_policies_of_aws_are_there_and_stay_as_they_are(iam):
    for name in ["AdministratorAccess", "AmazonSQSFullAccess", "AmazonSQSReadOnlyAccess",
                 "AmazonSNSFullAccess", "AmazonEventBridgeFullAccess", "IAMFullAccess",
                 "IAMReadOnlyAccess", "PowerUserAccess", "ReadOnlyAccess", "CloudWatchFullAccess",
                 "AWSKeyManagementServicePowerUser", "SecurityAudit",
                 "service-role/AWSLambdaSQSQueueExecutionRole"]:
        policy = iam.get_policy(PolicyArn=f"arn:aws:iam::aws:policy/{name}")["Policy"]
        assert policy["PolicyName"] == name.split("/")[-1]
    for call, arguments in [(iam.delete_policy, {}),
                            (iam.create_policy_version, {"PolicyDocument": allow("sqs:*")}),
                            (iam.tag_policy, {"Tags": [{"Key": "a", "Value": "b"}]}),
                            (iam.set_default_policy_version, {"VersionId": "v1"})]:
        assert fault_of(call, PolicyArn=READ_ONLY, **arguments)[::2] == ("AccessDenied", 403)


def test_arns_that_are_none(iam):
    for arn in ["arn:aws:iam::aws:user/xxxxx", "arn:aws:sqs:us-east-1:1:q/x"]:
        code, text, status = fault_of(iam.get_policy, PolicyArn=arn)
        assert (code, status) == ("InvalidInput", 400) and text == f"ARN {arn} is not valid."
    assert fault_of(iam.get_policy, PolicyArn="short")[0] == "ValidationError"


def test_policies_are_listed_by_scope_and_use(account, iam):
    own = iam.create_policy(PolicyName="p", PolicyDocument=allow("sqs:*"))["Policy"]["Arn"]
    bound = iam.create_policy(PolicyName="q", PolicyDocument=allow("sqs:*"))["Policy"]["Arn"]
    iam.create_policy(PolicyName="r", Path="/x/", PolicyDocument=allow("sqs:*"))
    iam.create_user(UserName="u", PermissionsBoundary=bound)
    for arn in (own, READ_ONLY):
        iam.attach_user_policy(UserName="u", PolicyArn=arn)

    def names(**arguments):
        pages = iam.get_paginator("list_policies").paginate(
            **arguments, PaginationConfig={"PageSize": 2})
        return [policy["PolicyName"] for page in pages for policy in page["Policies"]]

    assert names(Scope="Local") == ["p", "q", "r"]
    assert names(Scope="Local", PathPrefix="/x/") == ["r"]
    assert names(OnlyAttached=True) == ["p", "q", "ReadOnlyAccess"]
    assert names(OnlyAttached=True, Scope="AWS") == ["ReadOnlyAccess"]
    assert names(PolicyUsageFilter="PermissionsBoundary") == ["q"]
    assert names(PolicyUsageFilter="PermissionsPolicy") == ["p", "ReadOnlyAccess"]
    everything = names()
    assert everything[:3] == ["p", "q", "r"] and len(everything) == len(set(everything)) > 30
    counts = {policy["PolicyName"]: (policy["AttachmentCount"],
                                     policy["PermissionsBoundaryUsageCount"])
              for policy in iam.list_policies(Scope="Local")["Policies"]}
    assert counts == {"p": (1, 0), "q": (0, 1), "r": (0, 0)}
    assert fault_of(iam.list_policies, Scope="Mine")[0] == "ValidationError"


# ---- attachments ----


@pytest.mark.parametrize("kind", KINDS)
def test_policies_are_attached_and_detached(iam, kind):
    owner = make(iam, kind)
    arn = iam.create_policy(PolicyName="p", Path="/x/", PolicyDocument=allow("sqs:*"))[
        "Policy"]["Arn"]
    attach = operation(iam, "attach_KIND_policy", kind)
    for policy in (arn, READ_ONLY, arn):
        attach(**owner, PolicyArn=policy)
    names = operation(iam, "list_attached_KIND_policies", kind)
    assert names(**owner)["AttachedPolicies"] == [
        {"PolicyName": "p", "PolicyArn": arn},
        {"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}]
    assert len(names(**owner, PathPrefix="/x/")["AttachedPolicies"]) == 1
    page = names(**owner, MaxItems=1)
    assert page["IsTruncated"]
    assert len(names(**owner, Marker=page["Marker"])["AttachedPolicies"]) == 1
    assert fault_of(iam.delete_policy, PolicyArn=arn) == (
        "DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    entities = iam.list_entities_for_policy(PolicyArn=arn)
    found = entities[f"Policy{kind.capitalize()}s"]
    assert [entity[named(kind)] for entity in found] == ["x"]
    assert sum(len(entities[f"Policy{other.capitalize()}s"]) for other in KINDS) == 1
    detach = operation(iam, "detach_KIND_policy", kind)
    detach(**owner, PolicyArn=arn)
    assert fault_of(detach, **owner, PolicyArn=arn) == (
        "NoSuchEntity", f"Policy {arn} was not found.", 404)
    missing = arn.replace("/x/p", "/none")
    assert fault_of(attach, **owner, PolicyArn=missing) == (
        "NoSuchEntity", f"Policy {missing} does not exist or is not attachable.", 404)
    linked = "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy"
    assert fault_of(attach, **owner, PolicyArn=linked)[::2] == ("PolicyNotAttachable", 400)


def test_ten_policies_are_attached_at_most(iam):
    owner = make(iam, "user")
    for number in range(11):
        arn = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=allow("sqs:*"))[
            "Policy"]["Arn"]
        if number < 10:
            iam.attach_user_policy(**owner, PolicyArn=arn)
    assert fault_of(iam.attach_user_policy, **owner, PolicyArn=arn) == (
        "LimitExceeded", "Cannot exceed quota for PoliciesPerUser: 10", 409)


def test_who_has_a_policy_is_told_page_by_page(iam):
    for kind in KINDS:
        owner = make(iam, kind)
        operation(iam, "attach_KIND_policy", kind)(**owner, PolicyArn=SQS_FULL)
    first = iam.list_entities_for_policy(PolicyArn=SQS_FULL, MaxItems=2)
    assert len(first["PolicyUsers"]) == len(first["PolicyGroups"]) == 1
    assert first["PolicyRoles"] == [] and first["IsTruncated"]
    rest = iam.list_entities_for_policy(PolicyArn=SQS_FULL, Marker=first["Marker"])
    assert rest["PolicyUsers"] == [] and len(rest["PolicyRoles"]) == 1
    only = iam.list_entities_for_policy(PolicyArn=SQS_FULL, EntityFilter="Group")
    assert len(only["PolicyGroups"]) == 1 and only["PolicyUsers"] == []
    none = iam.list_entities_for_policy(PolicyArn=SQS_FULL,
                                        PolicyUsageFilter="PermissionsBoundary")
    assert none["PolicyUsers"] == none["PolicyGroups"] == none["PolicyRoles"] == []


@pytest.mark.parametrize("kind", ["user", "role"])
def test_boundaries_are_set_and_taken_away(iam, kind):
    owner = make(iam, kind)
    operation(iam, "put_KIND_permissions_boundary", kind)(**owner, PermissionsBoundary=READ_ONLY)
    shown = operation(iam, "get_KIND", kind)(**owner)[kind.capitalize()]
    assert shown["PermissionsBoundary"] == {"PermissionsBoundaryType": "Policy",
                                            "PermissionsBoundaryArn": READ_ONLY}
    remove = operation(iam, "delete_KIND_permissions_boundary", kind)
    remove(**owner)
    assert fault_of(remove, **owner)[::2] == ("NoSuchEntity", 404)
    assert fault_of(operation(iam, "put_KIND_permissions_boundary", kind), **owner,
                    PermissionsBoundary=READ_ONLY + "None")[0] == "NoSuchEntity"


# ---- the account ----


def test_an_account_has_an_alias(account, iam, name):
    alias = f"tern-{account.number}"
    assert iam.list_account_aliases()["AccountAliases"] == []
    iam.create_account_alias(AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == [alias]
    assert fault_of(iam.delete_account_alias, AccountAlias="other")[::2] == ("NoSuchEntity", 404)
    iam.delete_account_alias(AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == []
    for wrong in ["ab", "-abc", "abc-", "a--b", "Abc", "a" * 64]:
        assert fault_of(iam.create_account_alias, AccountAlias=wrong)[0] == "ValidationError"


def test_an_alias_is_one_accounts_only(signed, account, iam):
    alias = f"tern-{account.number}"
    iam.create_account_alias(AccountAlias=alias)
    assert fault_of(make_account(signed).client().create_account_alias, AccountAlias=alias) == (
        "EntityAlreadyExists", f"The account alias {alias} already exists.", 409)


def test_an_account_is_summed_up(iam):
    make(iam, "user")
    make(iam, "role")
    summary = iam.get_account_summary()["SummaryMap"]
    assert summary["Users"] == 1 and summary["Roles"] == 1 and summary["Groups"] == 0
    assert summary["UsersQuota"] == 5000 and summary["AccountAccessKeysPresent"] == 1
    iam.create_policy(PolicyName="p", PolicyDocument=allow("sqs:*"))
    assert iam.get_account_summary()["SummaryMap"]["PolicyVersionsInUse"] == 1
    assert set(summary) == {
        "AccessKeysPerUserQuota", "AccountAccessKeysPresent", "AccountMFAEnabled",
        "AccountPasswordPresent", "AccountSigningCertificatesPresent",
        "AssumeRolePolicySizeQuota", "AttachedPoliciesPerGroupQuota",
        "AttachedPoliciesPerRoleQuota", "AttachedPoliciesPerUserQuota",
        "GlobalEndpointTokenVersion", "GroupPolicySizeQuota", "Groups", "GroupsPerUserQuota",
        "GroupsQuota", "InstanceProfiles", "InstanceProfilesQuota", "MFADevices",
        "MFADevicesInUse", "Policies", "PoliciesQuota", "PolicySizeQuota", "PolicyVersionsInUse",
        "PolicyVersionsInUseQuota", "Providers", "RolePolicySizeQuota", "Roles", "RolesQuota",
        "ServerCertificates", "ServerCertificatesQuota", "SigningCertificatesPerUserQuota",
        "UserPolicySizeQuota", "Users", "UsersQuota", "VersionsPerPolicyQuota"}


def test_all_of_an_account_is_told(iam):
    for kind in KINDS:
        owner = make(iam, kind)
        operation(iam, "put_KIND_policy", kind)(**owner, PolicyName="p",
                                                PolicyDocument=allow("sqs:*"))
        operation(iam, "attach_KIND_policy", kind)(**owner, PolicyArn=SQS_FULL)
    iam.add_user_to_group(UserName="x", GroupName="x")
    iam.create_policy(PolicyName="own", PolicyDocument=allow("sqs:a"))
    found = iam.get_account_authorization_details()
    user, = found["UserDetailList"]
    assert user["GroupList"] == ["x"] and user["UserPolicyList"][0]["PolicyName"] == "p"
    assert user["UserPolicyList"][0]["PolicyDocument"] == json.loads(allow("sqs:*"))
    assert found["GroupDetailList"][0]["AttachedManagedPolicies"][0]["PolicyArn"] == SQS_FULL
    assert found["RoleDetailList"][0]["AssumeRolePolicyDocument"] == json.loads(trust())
    assert [policy["PolicyName"] for policy in found["Policies"]] == [
        "own", "AmazonSQSFullAccess"]
    assert found["Policies"][0]["PolicyVersionList"][0]["Document"] == json.loads(allow("sqs:a"))
    only = iam.get_account_authorization_details(Filter=["Role", "LocalManagedPolicy"])
    assert only["UserDetailList"] == [] and len(only["RoleDetailList"]) == 1
    assert len(only["Policies"]) == 1
    page = iam.get_account_authorization_details(MaxItems=4)
    assert page["IsTruncated"]
    rest = iam.get_account_authorization_details(Marker=page["Marker"])
    assert [policy["PolicyName"] for policy in rest["Policies"]] == ["AmazonSQSFullAccess"]
