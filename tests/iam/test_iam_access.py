# SPDX-License-Identifier: MIT
"""What identities may do, who may change identities, and that all of it outlives a restart."""
import json

import boto3
import pytest
from iam_accounts import (
    Account, allow, fault_of, make_account, modelled_operations, trust)

SQS_READ_ONLY = "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"


def may_list(account, key):
    """Whether the key's owner may list queues; a refusal is AWS's."""
    sqs = account.client("sqs", key)
    try:
        sqs.list_queues()
        return True
    except sqs.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        assert code in ("AccessDenied", "AccessDeniedException"), error
        return False


def test_a_new_user_may_do_nothing(account):
    key = account.user("alice")
    assert not may_list(account, key)
    code, text, status = fault_of(account.client(key=key).list_users)
    assert (code, status) == ("AccessDenied", 403)
    assert text == (
        f"User: {account.arn('user/alice')} is not authorized to perform: iam:ListUsers on "
        f"resource: {account.arn('user/')} because no identity-based policy allows the "
        "iam:ListUsers action")


def test_changes_of_policies_are_felt_at_once(account, iam):
    key = account.user("alice")
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=allow("sqs:ListQueues"))
    assert may_list(account, key)
    iam.delete_user_policy(UserName="alice", PolicyName="p")
    assert not may_list(account, key)
    iam.attach_user_policy(UserName="alice", PolicyArn=SQS_READ_ONLY)
    assert may_list(account, key)
    iam.detach_user_policy(UserName="alice", PolicyArn=SQS_READ_ONLY)
    assert not may_list(account, key)


def test_a_group_gives_its_members_its_policies(account, iam):
    key = account.user("alice")
    iam.create_group(GroupName="g")
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=allow("sqs:ListQueues"))
    iam.add_user_to_group(GroupName="g", UserName="alice")
    assert may_list(account, key)
    iam.delete_group_policy(GroupName="g", PolicyName="p")
    assert not may_list(account, key)
    iam.attach_group_policy(GroupName="g", PolicyArn=SQS_READ_ONLY)
    assert may_list(account, key)
    iam.remove_user_from_group(GroupName="g", UserName="alice")
    assert not may_list(account, key)


def test_the_default_version_of_a_policy_counts(account, iam):
    key = account.user("alice")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=allow("sqs:ListQueues"))["Policy"][
        "Arn"]
    iam.attach_user_policy(UserName="alice", PolicyArn=arn)
    assert may_list(account, key)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("sns:*"), SetAsDefault=True)
    assert not may_list(account, key)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    assert may_list(account, key)


def test_a_boundary_limits_and_an_explicit_deny_wins(account, iam):
    key = account.user("alice", "sqs:*")
    arn = iam.create_policy(PolicyName="limit", PolicyDocument=allow("sqs:Send*"))["Policy"][
        "Arn"]
    iam.put_user_permissions_boundary(UserName="alice", PermissionsBoundary=arn)
    assert not may_list(account, key)
    text = fault_of(account.client("sqs", key).list_queues)[1]
    assert "because no permissions boundary allows the sqs:listqueues action" in text.lower()
    iam.delete_user_permissions_boundary(UserName="alice")
    assert may_list(account, key)
    iam.put_user_policy(UserName="alice", PolicyName="no",
                        PolicyDocument=allow("sqs:ListQueues", effect="Deny"))
    assert not may_list(account, key)


def test_a_policy_names_whom_it_lets_change(account):
    key = account.user("admin", "iam:CreateUser", "iam:DeleteUser", "iam:GetUser",
                       resource=account.arn("user/team/*"))
    admin = account.client(key=key)
    admin.create_user(UserName="bob", Path="/team/")
    assert admin.get_user(UserName="bob")["User"]["UserName"] == "bob"
    for call, arguments in [(admin.create_user, {"UserName": "carol"}),
                            (admin.get_user, {"UserName": "admin"}),
                            (admin.get_user, {"UserName": "nobody"}),
                            (admin.delete_user, {"UserName": "admin"}),
                            (admin.create_group, {"GroupName": "g"}),
                            (admin.create_access_key, {"UserName": "bob"})]:
        assert fault_of(call, **arguments)[0] == "AccessDenied", call
    admin.delete_user(UserName="bob")


@pytest.mark.parametrize("call, action, arguments", [
    ("create_user", "iam:TagUser", {"UserName": "x"}),
    ("create_role", "iam:TagRole", {"RoleName": "x", "AssumeRolePolicyDocument": trust()}),
    ("create_policy", "iam:TagPolicy", {"PolicyName": "x", "PolicyDocument": allow("sqs:*")}),
    ("create_instance_profile", "iam:TagInstanceProfile", {"InstanceProfileName": "x"}),
    ("create_open_id_connect_provider", "iam:TagOpenIDConnectProvider", {"Url": "https://x.org"}),
    ("create_virtual_mfa_device", "iam:TagMFADevice", {"VirtualMFADeviceName": "x"}),
])
def test_creating_with_tags_needs_the_permission_to_tag(account, iam, call, action, arguments):
    """Else who may create could tag, and tags are what permissions hang on."""
    maker = getattr(account.client(key=account.user("maker", "iam:Create*")), call)
    tags = {"Tags": [{"Key": "team", "Value": "red"}]}
    code, text, _ = fault_of(maker, **arguments, **tags)
    assert code == "AccessDenied" and f"not authorized to perform: {action} on" in text
    iam.put_user_policy(UserName="maker", PolicyName="tags", PolicyDocument=allow(action))
    maker(**arguments, **tags)


def test_tags_decide(account, iam):
    key = account.user("tagger")
    iam.put_user_policy(UserName="tagger", PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["iam:CreateUser", "iam:TagUser"], "Resource": "*",
             "Condition": {"StringEquals": {"aws:RequestTag/team": "red"}}},
            {"Effect": "Allow", "Action": ["iam:GetUser", "iam:SimulatePrincipalPolicy"],
             "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "red"}}},
            {"Effect": "Allow", "Action": "iam:DeleteUser", "Resource": "*",
             "Condition": {"StringEquals": {"iam:ResourceTag/team": "red"}}}]}))
    tagger = account.client(key=key)
    red, blue = [[{"Key": "team", "Value": value}] for value in ("red", "blue")]
    assert fault_of(tagger.create_user, UserName="a", Tags=blue)[0] == "AccessDenied"
    assert fault_of(tagger.create_user, UserName="a")[0] == "AccessDenied"
    tagger.create_user(UserName="a", Tags=red)
    assert fault_of(tagger.simulate_principal_policy, ActionNames=["sqs:SendMessage"],
                    PolicySourceArn=account.arn("user/tagger"))[0] == "AccessDenied"
    tagger.simulate_principal_policy(ActionNames=["sqs:SendMessage"],
                                     PolicySourceArn=account.arn("user/a"))
    iam.create_user(UserName="b", Tags=blue)
    tagger.get_user(UserName="a")
    assert fault_of(tagger.get_user, UserName="b")[0] == "AccessDenied"
    assert fault_of(tagger.delete_user, UserName="b")[0] == "AccessDenied"
    tagger.delete_user(UserName="a")


def test_which_policies_and_boundaries_may_be_given(account, iam):
    key = account.user("admin")
    iam.put_user_policy(UserName="admin", PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*",
             "Condition": {"ArnEquals": {"iam:PolicyARN": SQS_READ_ONLY}}},
            {"Effect": "Allow", "Action": ["iam:CreateUser", "iam:PutUserPolicy"],
             "Resource": "*",
             "Condition": {"StringEquals": {"iam:PermissionsBoundary": SQS_READ_ONLY}}}]}))
    admin = account.client(key=key)
    assert fault_of(admin.create_user, UserName="a")[0] == "AccessDenied"
    admin.create_user(UserName="a", PermissionsBoundary=SQS_READ_ONLY)
    iam.create_user(UserName="b")
    admin.put_user_policy(UserName="a", PolicyName="p", PolicyDocument=allow("sqs:*"))
    assert fault_of(admin.put_user_policy, UserName="b", PolicyName="p",
                    PolicyDocument=allow("sqs:*"))[0] == "AccessDenied"
    admin.attach_user_policy(UserName="a", PolicyArn=SQS_READ_ONLY)
    assert fault_of(admin.attach_user_policy, UserName="a",
                    PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")[0] == "AccessDenied"


# The policy simulator has tests of its own.
ASKED_ELSEWHERE = {"SimulateCustomPolicy", "SimulatePrincipalPolicy",
                   "GetContextKeysForCustomPolicy", "GetContextKeysForPrincipalPolicy"}

# Operations whose first argument names something, and arguments that get past validation.
NEEDS_PERMISSION = [
    ("list_users", {}), ("list_groups", {}), ("list_roles", {}), ("list_policies", {}),
    ("list_account_aliases", {}), ("get_account_summary", {}),
    ("get_account_authorization_details", {}), ("get_account_password_policy", {}),
    ("list_virtual_mfa_devices", {}), ("create_account_alias", {"AccountAlias": "abc"}),
    ("delete_account_alias", {"AccountAlias": "abc"}),
    ("create_user", {"UserName": "n"}), ("create_group", {"GroupName": "n"}),
    ("create_role", {"RoleName": "n", "AssumeRolePolicyDocument": trust()}),
    ("create_policy", {"PolicyName": "n", "PolicyDocument": allow("sqs:*")}),
    ("create_service_linked_role", {"AWSServiceName": "ecs.amazonaws.com"}),
    ("get_service_linked_role_deletion_status", {"DeletionTaskId": "task/aws-service-role/x"}),
    ("get_access_key_last_used", {"AccessKeyId": "A" * 20}),
    ("add_user_to_group", {"GroupName": "x", "UserName": "x"}),
    ("remove_user_from_group", {"GroupName": "x", "UserName": "x"}),
    ("delete_service_linked_role", {"RoleName": "x"}),
]


def permission_cases():
    yield from NEEDS_PERMISSION
    arn = {"PolicyArn": SQS_READ_ONLY}
    key = {"AccessKeyId": "A" * 20}
    document = {"PolicyName": "p", "PolicyDocument": allow("sqs:*")}
    tags, keys = {"Tags": [{"Key": "a", "Value": "b"}]}, {"TagKeys": ["a"]}
    for call, more in [
            ("get_user", {}), ("update_user", {}), ("delete_user", {}), ("tag_user", tags),
            ("untag_user", keys), ("list_user_tags", {}), ("create_access_key", {}),
            ("list_access_keys", {}), ("update_access_key", {**key, "Status": "Active"}),
            ("delete_access_key", key), ("list_groups_for_user", {}),
            ("put_user_permissions_boundary", {"PermissionsBoundary": SQS_READ_ONLY}),
            ("delete_user_permissions_boundary", {}), ("put_user_policy", document),
            ("get_user_policy", {"PolicyName": "p"}), ("list_user_policies", {}),
            ("delete_user_policy", {"PolicyName": "p"}), ("attach_user_policy", arn),
            ("detach_user_policy", arn), ("list_attached_user_policies", {}),
            ("get_login_profile", {}), ("delete_login_profile", {}), ("list_mfa_devices", {}),
            ("list_ssh_public_keys", {}), ("list_signing_certificates", {}),
            ("list_service_specific_credentials", {})]:
        yield call, {"UserName": "x", **more}
    for call, more in [
            ("get_group", {}), ("update_group", {}), ("delete_group", {}),
            ("put_group_policy", document), ("get_group_policy", {"PolicyName": "p"}),
            ("delete_group_policy", {"PolicyName": "p"}), ("list_group_policies", {}),
            ("attach_group_policy", arn), ("detach_group_policy", arn),
            ("list_attached_group_policies", {})]:
        yield call, {"GroupName": "x", **more}
    for call, more in [
            ("get_role", {}), ("update_role", {}), ("delete_role", {}),
            ("update_role_description", {"Description": "d"}),
            ("update_assume_role_policy", {"PolicyDocument": trust()}), ("tag_role", tags),
            ("untag_role", keys), ("list_role_tags", {}), ("put_role_policy", document),
            ("get_role_policy", {"PolicyName": "p"}), ("delete_role_policy", {"PolicyName": "p"}),
            ("list_role_policies", {}), ("attach_role_policy", arn), ("detach_role_policy", arn),
            ("list_attached_role_policies", {}), ("list_instance_profiles_for_role", {}),
            ("put_role_permissions_boundary", {"PermissionsBoundary": SQS_READ_ONLY}),
            ("delete_role_permissions_boundary", {})]:
        yield call, {"RoleName": "x", **more}
    for call, more in [
            ("get_policy", {}), ("delete_policy", {}), ("tag_policy", tags),
            ("untag_policy", keys), ("list_policy_tags", {}), ("list_policy_versions", {}),
            ("create_policy_version", {"PolicyDocument": allow("sqs:*")}),
            ("get_policy_version", {"VersionId": "v1"}), ("list_entities_for_policy", {}),
            ("set_default_policy_version", {"VersionId": "v1"}),
            ("delete_policy_version", {"VersionId": "v1"})]:
        yield call, {**arn, **more}


def more_permission_cases(account):
    """Of what users and roles have beside them."""
    tags, keys = {"Tags": [{"Key": "a", "Value": "b"}]}, {"TagKeys": ["a"]}
    yield "list_instance_profiles", {}
    for call, more in [
            ("create_instance_profile", {}), ("get_instance_profile", {}),
            ("delete_instance_profile", {}), ("add_role_to_instance_profile", {"RoleName": "x"}),
            ("remove_role_from_instance_profile", {"RoleName": "x"}),
            ("tag_instance_profile", tags), ("untag_instance_profile", keys),
            ("list_instance_profile_tags", {})]:
        yield call, {"InstanceProfileName": "x", **more}
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "123456"}
    serial = {"SerialNumber": f"arn:aws:iam::{account}:mfa/x"}
    for call, more in [
            ("create_login_profile", {"Password": "p"}), ("update_login_profile", {}),
            ("enable_mfa_device", {**serial, **codes}),
            ("resync_mfa_device", {**serial, **codes}), ("deactivate_mfa_device", serial),
            ("get_mfa_device", serial)]:
        yield call, {"UserName": "x", **more}
    for call, more in [
            ("delete_virtual_mfa_device", {}), ("tag_mfa_device", tags),
            ("untag_mfa_device", keys), ("list_mfa_device_tags", {})]:
        yield call, {**serial, **more}
    yield "create_virtual_mfa_device", {"VirtualMFADeviceName": "x"}
    yield "change_password", {"OldPassword": "p", "NewPassword": "p"}
    yield "update_account_password_policy", {}
    yield "delete_account_password_policy", {}
    yield "generate_credential_report", {}
    yield "get_credential_report", {}
    yield "list_open_id_connect_providers", {}
    yield "list_saml_providers", {}
    yield "create_open_id_connect_provider", {"Url": "https://x"}
    yield "create_saml_provider", {"Name": "x", "SAMLMetadataDocument": "x" * 1000}
    provider = f"arn:aws:iam::{account}:oidc-provider/x"
    for call, more in [
            ("get_open_id_connect_provider", {}), ("delete_open_id_connect_provider", {}),
            ("add_client_id_to_open_id_connect_provider", {"ClientID": "x"}),
            ("remove_client_id_from_open_id_connect_provider", {"ClientID": "x"}),
            ("update_open_id_connect_provider_thumbprint", {"ThumbprintList": ["x" * 40]}),
            ("tag_open_id_connect_provider", tags), ("untag_open_id_connect_provider", keys),
            ("list_open_id_connect_provider_tags", {})]:
        yield call, {"OpenIDConnectProviderArn": provider, **more}
    for call in ("get_saml_provider", "update_saml_provider", "delete_saml_provider"):
        yield call, {"SAMLProviderArn": f"arn:aws:iam::{account}:saml-provider/x"}


def test_every_operation_asks_before_it_tells_anything(account):
    client = account.client(key=account.user("nobody"))
    cases = [*permission_cases(), *more_permission_cases(account.number)]
    assert len(cases) == len({call for call, _ in cases})
    tested = {client.meta.method_to_api_mapping[call] for call, _ in cases}
    assert tested == set(modelled_operations()) - ASKED_ELSEWHERE
    for call, arguments in cases:
        code, text, status = fault_of(getattr(client, call), **arguments)
        assert (code, status) == ("AccessDenied", 403), call
        action = client.meta.method_to_api_mapping[call]
        assert f"is not authorized to perform: iam:{action} on resource: " in text, call


def test_accounts_do_not_see_each_other(signed, account, iam):
    other = make_account(signed)
    theirs = other.client()
    theirs.create_user(UserName="x")
    theirs.create_role(RoleName="x", AssumeRolePolicyDocument=trust())
    arn = theirs.create_policy(PolicyName="x", PolicyDocument=allow("sqs:*"))["Policy"]["Arn"]
    assert iam.list_users()["Users"] == iam.list_roles()["Roles"] == []
    assert fault_of(iam.get_user, UserName="x")[0] == "NoSuchEntity"
    iam.create_user(UserName="x")
    for call, arguments in [("get_policy", {}), ("delete_policy", {}),
                            ("list_entities_for_policy", {}),
                            ("get_policy_version", {"VersionId": "v1"})]:
        assert fault_of(getattr(iam, call), PolicyArn=arn, **arguments)[0] == "AccessDenied"
    assert fault_of(iam.attach_user_policy, UserName="x", PolicyArn=arn)[0] == "NoSuchEntity"
    key = theirs.create_access_key(UserName="x")["AccessKey"]["AccessKeyId"]
    assert fault_of(iam.get_access_key_last_used, AccessKeyId=key)[0] == "AccessDenied"
    assert len(theirs.list_users()["Users"]) == 1


def test_what_terraform_asks_at_its_start(account, iam):
    """clients.md 1.1: GetUser; if it is refused GetCallerIdentity, then ListRoles(MaxItems=1)."""
    key = account.user("terraform")
    assert fault_of(account.client(key=key).get_user)[0] == "AccessDenied"
    identity = account.client("sts", key).get_caller_identity()
    assert identity["Arn"] == account.arn("user/terraform")
    assert identity["Account"] == account.number
    for name in "ab":
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    roles = iam.list_roles(MaxItems=1)
    assert len(roles["Roles"]) == 1 and roles["Roles"][0]["Arn"] == account.arn("role/a")


def test_a_session_has_no_user_of_its_own(account, iam):
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust({"AWS": account.number}))
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=allow("iam:*", "sqs:*"))
    key = account.user("alice", "sts:AssumeRole")
    session = account.client("sts", key).assume_role(
        RoleArn=account.arn("role/r"), RoleSessionName="session")["Credentials"]
    client = boto3.client(
        "iam", endpoint_url=account.server.url, region_name="us-east-1",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"])
    assert fault_of(client.get_user) == (
        "ValidationError", "Must specify userName when calling with non-User credentials", 400)
    assert client.get_user(UserName="alice")["User"]["UserName"] == "alice"


def test_identities_outlive_a_restart(private):
    server = private("--auth", "required", "--durability", "os")
    server.read_credential()
    account = make_account(server)
    iam = account.client()
    key = account.user("alice", "sqs:ListQueues")
    off = iam.create_access_key(UserName="alice")["AccessKey"]
    iam.update_access_key(UserName="alice", AccessKeyId=off["AccessKeyId"], Status="Inactive")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(UserName="alice", GroupName="g")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(),
                    Tags=[{"Key": "a", "Value": "b"}])
    arn = iam.create_policy(PolicyName="p", PolicyDocument=allow("sqs:*"))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("sns:*"), SetAsDefault=True)
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    iam.put_user_permissions_boundary(UserName="alice", PermissionsBoundary=SQS_READ_ONLY)
    iam.create_user(UserName="gone")
    iam.delete_user(UserName="gone")
    iam.create_account_alias(AccountAlias="kept-alias")

    def everything(client):
        answers = [client.get_account_authorization_details(), client.list_account_aliases(),
                   client.list_access_keys(UserName="alice"), client.get_account_summary()]
        return [{name: value for name, value in answer.items() if name != "ResponseMetadata"}
                for answer in answers]

    before = everything(iam)
    server.restart()
    account = Account(server, account.number, account.key, account.secret)
    assert everything(account.client()) == before
    assert may_list(account, key)
    assert fault_of(account.client("sqs", off).list_queues)[0] == "InvalidClientTokenId"


def test_secrets_and_policies_rest_sealed(private):
    server = private("--auth", "required", "--durability", "os")
    server.read_credential()
    account = make_account(server)
    key = account.user("alice-in-clear", "sqs:ListQueues")
    server.stop()
    for path in (server.data / "catalog").iterdir():
        content = path.read_bytes()
        for secret in (account.secret, key["SecretAccessKey"], server.secret, "alice-in-clear"):
            assert secret.encode() not in content, path


@pytest.mark.parametrize("account", ["000000000000", "111122223333"])
def test_an_open_server_has_identities_too(private, account):
    server = private("--durability", "os")
    iam = server.client("iam", account=account, validates=False)
    assert iam.get_user()["User"]["Arn"] == f"arn:aws:iam::{account}:root"
    user = iam.create_user(UserName="alice")["User"]
    assert user["Arn"] == f"arn:aws:iam::{account}:user/alice"
    key = iam.create_access_key(UserName="alice")["AccessKey"]
    iam.create_access_key()
    iam.create_account_alias(AccountAlias="an-alias")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(
        {"AWS": "arn:aws:iam::999999999999:role/of-somebody-else"}))
    assert len(iam.list_users()["Users"]) == 1
    assert server.client("iam", account="444455556666").list_users()["Users"] == []
    server.restart()
    iam = server.client("iam", account=account)
    assert [found["AccessKeyId"] for found in iam.list_access_keys(UserName="alice")[
        "AccessKeyMetadata"]] == [key["AccessKeyId"]]
    assert iam.list_account_aliases()["AccountAliases"] == ["an-alias"]
