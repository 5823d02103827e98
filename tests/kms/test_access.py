# SPDX-License-Identifier: MIT
"""Users of an account where signatures are checked: key policies, identity policies, grants."""
import itertools
import json

import pytest

numbers = itertools.count(1)


def statement(*actions, **more):
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"} | more


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def kms(signed):
    return signed.client("kms")


@pytest.fixture
def user(signed):
    """user(*statements): the ARN and a KMS client of a new user with that inline policy."""
    def make(*statements):
        iam = signed.client("iam")
        name = f"kms-user{next(numbers)}"
        arn = iam.create_user(UserName=name)["User"]["Arn"]
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="own",
                                PolicyDocument=document(*statements))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return arn, signed.client("kms", account=made["AccessKeyId"],
                                  secret=made["SecretAccessKey"])
    return make


def put_policy(kms, key, *statements):
    own = statement("kms:*", Principal={"AWS": "arn:aws:iam::000000000000:root"})
    kms.put_key_policy(KeyId=key, Policy=document(own, *statements))


def only_root(kms, key, *statements):
    """A policy that leaves nothing to the account's identity policies but for its root user."""
    root = "arn:aws:iam::000000000000:root"
    kms.put_key_policy(KeyId=key, Policy=document(statement(
        "kms:*", Principal={"AWS": root}, Condition={"ArnEquals": {"aws:PrincipalArn": root}}),
        *statements))


def test_user_needs_a_policy(key, user, refuses):
    arn, kms = user()
    with refuses("AccessDeniedException",
                 f"User: {arn} is not authorized to perform: kms:Encrypt on resource: {key} "
                 "because no identity-based policy allows the kms:Encrypt action"):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    for call in (kms.create_key, kms.list_keys, kms.list_aliases,
                 lambda: kms.generate_random(NumberOfBytes=1)):
        with refuses("AccessDeniedException"):
            call()


def test_identity_policy_allows_what_it_names(key, user, refuses):
    _, kms = user(statement("kms:Encrypt", Resource=key))
    kms.encrypt(KeyId=key, Plaintext=b"x")
    with refuses("AccessDeniedException"):
        kms.generate_data_key(KeyId=key, KeySpec="AES_256")


def test_identity_policy_has_no_effect_unless_the_key_lets_it(kms, key, user, refuses):
    arn, users = user(statement("kms:*"))
    users.encrypt(KeyId=key, Plaintext=b"x")
    only_root(kms, key)
    with refuses("AccessDeniedException"):
        users.encrypt(KeyId=key, Plaintext=b"x")
    only_root(kms, key, statement("kms:Encrypt", Principal={"AWS": arn}))
    users.encrypt(KeyId=key, Plaintext=b"x")


def test_key_policy_and_grant_suffice_without_identity_policy(kms, key, user, refuses):
    arn, users = user()
    only_root(kms, key, statement("kms:Encrypt", Principal={"AWS": arn}))
    blob = users.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with refuses("AccessDeniedException"):
        users.decrypt(CiphertextBlob=blob)
    made = kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Decrypt"])
    assert users.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    kms.revoke_grant(KeyId=key, GrantId=made["GrantId"])
    with refuses("AccessDeniedException"):
        users.decrypt(CiphertextBlob=blob)


def test_denial_wins_over_a_grant(kms, key, user, refuses):
    arn, users = user(statement("kms:Decrypt", Effect="Deny"))
    kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Decrypt", "Encrypt"])
    blob = users.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with refuses("AccessDeniedException"):
        users.decrypt(CiphertextBlob=blob)


def test_conditions_on_new_keys_and_grants(key, user, refuses):
    arn, kms = user(
        statement("kms:CreateKey", Condition={"StringEquals": {
            "kms:KeySpec": "HMAC_256", "aws:RequestTag/team": "a"}}),
        statement("kms:TagResource"),
        statement("kms:CreateGrant", Condition={"ForAllValues:StringEquals": {
            "kms:GrantOperations": ["Decrypt", "Encrypt"]}}))
    tags = [{"TagKey": "team", "TagValue": "a"}]
    kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC", Tags=tags)
    with refuses("AccessDeniedException"):
        kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    with refuses("AccessDeniedException"):
        kms.create_key(Tags=tags)
    _, other = user(statement("kms:CreateKey"))
    with refuses("AccessDeniedException"):
        other.create_key(Tags=tags)
    kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Decrypt"])
    with refuses("AccessDeniedException"):
        kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Decrypt", "DescribeKey"])


def test_tags_of_a_key_decide(kms, key, user, refuses):
    _, users = user(statement("kms:Encrypt", Condition={"StringEquals": {
        "aws:ResourceTag/team": "a"}}))
    with refuses("AccessDeniedException"):
        users.encrypt(KeyId=key, Plaintext=b"x")
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "a"}])
    users.encrypt(KeyId=key, Plaintext=b"x")


def test_user_cannot_lock_the_account_out(kms, key, user, refuses):
    """The check asks about whoever puts the policy."""
    arn, users = user(statement("kms:*"))
    with refuses("MalformedPolicyDocumentException"):
        users.put_key_policy(KeyId=key, Policy=document(statement(
            "kms:*", Principal={"AWS": "arn:aws:iam::000000000000:user/somebody-else"})))
    put_policy(users, key, statement("kms:Encrypt", Principal={"AWS": arn}))
    assert arn in kms.get_key_policy(KeyId=key)["Policy"]


def test_managed_key_is_not_for_direct_use(signed, user, refuses):
    arn, users = user(statement("kms:*"))
    key = users.describe_key(KeyId="alias/aws/sns")["KeyMetadata"]["Arn"]
    assert arn and key
    for caller in (users, signed.client("kms")):
        with refuses("AccessDeniedException"):
            caller.encrypt(KeyId="alias/aws/sns", Plaintext=b"x")
        with refuses("AccessDeniedException"):
            caller.schedule_key_deletion(KeyId=key)


def test_alias_needs_permission_on_both(key, user, refuses):
    alias = f"arn:aws:kms:us-east-1:000000000000:alias/both{next(numbers)}"
    name = alias.rsplit(":", 1)[1]
    for resources in ([key], [alias]):
        with refuses("AccessDeniedException"):
            user(statement("kms:CreateAlias", Resource=resources))[1].create_alias(
                AliasName=name, TargetKeyId=key)
    user(statement("kms:CreateAlias", Resource=[key, alias]))[1].create_alias(
        AliasName=name, TargetKeyId=key)


def test_keys_of_tags_that_are_to_go_decide(kms, key, user, refuses):
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": one, "TagValue": "v"} for one in ("keep", "go")])
    _, users = user(statement("kms:UntagResource", Condition={
        "ForAllValues:StringEquals": {"aws:TagKeys": "go"}, "Null": {"aws:TagKeys": "false"}}))
    with refuses("AccessDeniedException"):
        users.untag_resource(KeyId=key, TagKeys=["keep"])
    users.untag_resource(KeyId=key, TagKeys=["go"])
    assert [tag["TagKey"] for tag in kms.list_resource_tags(KeyId=key)["Tags"]] == ["keep"]


@pytest.fixture
def retirable(kms, key):
    """retirable(arn): the key and the id of a new grant that this principal may retire."""
    def make(arn):
        grant = kms.create_grant(KeyId=key, GranteePrincipal=arn, RetiringPrincipal=arn,
                                 Operations=["Decrypt", "RetireGrant"])
        return {"KeyId": key, "GrantId": grant["GrantId"]}
    return make


def test_grant_is_retired_without_a_policy_by_whom_it_names(user, retirable):
    arn, own = user()
    own.retire_grant(**retirable(arn))


def test_deny_of_the_user_stops_retiring(user, retirable, refuses):
    arn, own = user(statement("kms:RetireGrant", Effect="Deny"))
    with refuses("AccessDeniedException"):
        own.retire_grant(**retirable(arn))


def test_deny_of_the_key_stops_retiring(kms, key, user, retirable, refuses):
    arn, own = user()
    put_policy(kms, key, statement("kms:RetireGrant", Effect="Deny", Principal={"AWS": arn}))
    with refuses("AccessDeniedException"):
        own.retire_grant(**retirable(arn))


def test_boundary_stops_retiring(signed, user, retirable, refuses):
    arn, own = user()
    iam = signed.client("iam")
    boundary = iam.create_policy(PolicyName=f"boundary{next(numbers)}",
                                 PolicyDocument=document(statement("sqs:*")))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName=arn.split("/")[1], PermissionsBoundary=boundary)
    with refuses("AccessDeniedException"):
        own.retire_grant(**retirable(arn))
