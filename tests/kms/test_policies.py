# SPDX-License-Identifier: MIT
"""Key policies: what they allow other accounts, and what keeps their owner from locking itself out.

The root users of accounts call; in its own account nothing is refused to one without --auth.
"""
import json

import pytest

THEIRS = "200000000021"
ROOT = f"arn:aws:iam::{THEIRS}:root"
OWN = {"Sid": "own", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
       "Action": "kms:*", "Resource": "*"}
DEFAULT = {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [
    OWN | {"Sid": "Enable IAM User Permissions"}]}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": [OWN, *statements]})


def allow(*actions, **more):
    return {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": list(actions),
            "Resource": "*"} | more


@pytest.fixture
def other(server):
    return server.client("kms", account=THEIRS)


def test_default_policy_lets_the_account_decide(kms, key):
    answer = kms.get_key_policy(KeyId=key, PolicyName="default")
    assert json.loads(answer["Policy"]) == DEFAULT
    assert answer["PolicyName"] == "default"
    assert kms.list_key_policies(KeyId=key)["PolicyNames"] == ["default"]


def test_policy_is_kept_as_it_was_given(kms, key):
    text = policy(allow("kms:Encrypt"))
    kms.put_key_policy(KeyId=key, Policy=text)
    assert kms.get_key_policy(KeyId=key)["Policy"] == text
    made = kms.create_key(Policy=text)["KeyMetadata"]["KeyId"]
    assert kms.get_key_policy(KeyId=made)["Policy"] == text


def test_policy_lets_another_account_in(kms, key, other, refuses):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with refuses("AccessDeniedException"):
        other.decrypt(CiphertextBlob=blob)
    kms.put_key_policy(KeyId=key, Policy=policy(allow("kms:Decrypt", "kms:DescribeKey")))
    assert other.decrypt(CiphertextBlob=blob)["KeyId"] == key
    assert other.decrypt(CiphertextBlob=blob, KeyId=key)["Plaintext"] == b"x"
    assert other.describe_key(KeyId=key)["KeyMetadata"]["AWSAccountId"] == "000000000000"
    for call in (lambda: other.encrypt(KeyId=key, Plaintext=b"x"),
                 lambda: other.get_key_policy(KeyId=key), lambda: other.disable_key(KeyId=key)):
        with refuses("AccessDeniedException"):
            call()
    kms.put_key_policy(KeyId=key, Policy=policy())
    with refuses("AccessDeniedException"):
        other.decrypt(CiphertextBlob=blob)


def test_managing_is_for_the_own_account_whatever_the_policy_says(kms, key, other, refuses):
    kms.put_key_policy(KeyId=key, Policy=policy(allow("kms:*")))
    assert other.list_grants(KeyId=key)["Grants"] == []
    for call in (other.disable_key, other.schedule_key_deletion, other.get_key_policy,
                 other.enable_key_rotation, other.list_resource_tags):
        with refuses("AccessDeniedException"):
            call(KeyId=key)
    with refuses("AccessDeniedException"):
        other.create_alias(AliasName="alias/stolen", TargetKeyId=key)


@pytest.mark.parametrize("operation, arguments", [
    ("describe_key", {}), ("encrypt", {"Plaintext": b"x"}), ("decrypt", {"CiphertextBlob": b"x"}),
    ("generate_data_key", {"KeySpec": "AES_256"}), ("get_key_policy", {}), ("list_grants", {}),
    ("generate_data_key_pair", {"KeyPairSpec": "ECC_NIST_P256"}), ("get_public_key", {}),
    ("sign", {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}), ("disable_key", {}),
    ("generate_mac", {"Message": b"x", "MacAlgorithm": "HMAC_SHA_256"}), ("list_aliases", {}),
    ("create_grant", {"GranteePrincipal": ROOT, "Operations": ["Decrypt"]}),
    ("revoke_grant", {"GrantId": "x"}), ("retire_grant", {"GrantId": "x"}),
    ("schedule_key_deletion", {}), ("get_key_rotation_status", {}), ("list_resource_tags", {}),
    ("get_parameters_for_import", {"WrappingAlgorithm": "RSAES_OAEP_SHA_256",
                                   "WrappingKeySpec": "RSA_2048"}),
    ("re_encrypt", {"CiphertextBlob": b"x"}), ("create_alias", {"AliasName": "alias/theirs"}),
])
def test_others_cannot_tell_whether_a_key_exists(key, other, operation, arguments):
    member = {"create_alias": "TargetKeyId", "re_encrypt": "SourceKeyId"}.get(operation, "KeyId")
    more = {"DestinationKeyId": key} if operation == "re_encrypt" else {}
    texts = []
    for named in (key, key[:-12] + "000000000000"):
        with pytest.raises(other.exceptions.ClientError) as caught:
            getattr(other, operation)(**arguments, **more, **{member: named})
        error = caught.value.response["Error"]
        assert error["Code"] == "AccessDeniedException"
        texts.append(error["Message"].replace(named, "KEY"))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("condition, fits, fails", [
    ({"StringEquals": {"kms:EncryptionContext:a": "1"}}, {"a": "1"}, {"a": "2"}),
    ({"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "a"}}, {"a": "9"}, {"b": "1"}),
    ({"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["a", "b"]}}, {"a": "1"},
     {"a": "1", "c": "1"}),
])
def test_conditions_on_the_context(kms, key, other, refuses, condition, fits, fails):
    kms.put_key_policy(KeyId=key, Policy=policy(allow("kms:Encrypt", Condition=condition)))
    other.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=fits)
    with refuses("AccessDeniedException"):
        other.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=fails)


@pytest.mark.parametrize("name, right, wrong", [
    ("kms:CallerAccount", THEIRS, "000000000000"), ("kms:KeySpec", "SYMMETRIC_DEFAULT", "RSA_2048"),
    ("kms:KeyUsage", "ENCRYPT_DECRYPT", "SIGN_VERIFY"), ("kms:KeyOrigin", "AWS_KMS", "EXTERNAL"),
    ("kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_256"),
    ("kms:RequestAlias", "alias/conditions", "alias/other"),
    ("aws:PrincipalAccount", THEIRS, "000000000000")])
def test_conditions_on_the_key_and_the_caller(kms, other, refuses, name, right, wrong):
    made = kms.create_key()["KeyMetadata"]["Arn"]
    alias = made.replace("key/" + made.rsplit("/", 1)[1], "alias/conditions")
    kms.create_alias(AliasName="alias/conditions", TargetKeyId=made)
    try:
        for value, is_right in ((right, True), (wrong, False)):
            kms.put_key_policy(KeyId=made, Policy=policy(
                allow("kms:Encrypt", Condition={"StringEquals": {name: value}})))
            if is_right:
                other.encrypt(KeyId=alias, Plaintext=b"x")
                continue
            with refuses("AccessDeniedException"):
                other.encrypt(KeyId=alias, Plaintext=b"x")
    finally:
        kms.delete_alias(AliasName="alias/conditions")


def test_resource_aliases_are_those_of_the_key(kms, key, other, refuses):
    kms.put_key_policy(KeyId=key, Policy=policy(allow("kms:Encrypt", Condition={
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/of-this-key"}})))
    with refuses("AccessDeniedException"):
        other.encrypt(KeyId=key, Plaintext=b"x")
    kms.create_alias(AliasName="alias/of-this-key", TargetKeyId=key)
    other.encrypt(KeyId=key, Plaintext=b"x")
    kms.delete_alias(AliasName="alias/of-this-key")


def test_denial_wins(kms, key, other, refuses):
    deny = allow("kms:Encrypt") | {"Effect": "Deny"}
    kms.put_key_policy(KeyId=key, Policy=policy(allow("kms:*"), deny))
    other.generate_data_key(KeyId=key, KeySpec="AES_256")
    with refuses("AccessDeniedException"):
        other.encrypt(KeyId=key, Plaintext=b"x")


LOCKOUT = "The new key policy will not allow you to update the key policy in the future."


def test_policy_that_would_lock_out_is_refused(kms, key, refuses):
    theirs = json.dumps({"Version": "2012-10-17", "Statement": [allow("kms:*")]})
    with refuses("MalformedPolicyDocumentException", LOCKOUT):
        kms.put_key_policy(KeyId=key, Policy=theirs)
    with refuses("MalformedPolicyDocumentException", LOCKOUT):
        kms.create_key(Policy=theirs)
    assert json.loads(kms.get_key_policy(KeyId=key)["Policy"]) == DEFAULT
    kms.put_key_policy(KeyId=key, Policy=theirs, BypassPolicyLockoutSafetyCheck=True)
    assert kms.get_key_policy(KeyId=key)["Policy"] == theirs


@pytest.mark.parametrize("text", ["{", "{}", '{"Version": "2012-10-17", "Statement": []}',
                                  policy({"Effect": "Allow", "Action": "kms:*", "Resource": "*"})])
def test_malformed_policy_is_refused(kms, key, refuses, text):
    with refuses("MalformedPolicyDocumentException"):
        kms.put_key_policy(KeyId=key, Policy=text)


def test_policy_has_a_limit_and_one_name(kms, key, refuses):
    with refuses("LimitExceededException"):
        kms.put_key_policy(KeyId=key, Policy=policy() + " " * 32768)
    with refuses("NotFoundException", "No such policy exists"):
        kms.get_key_policy(KeyId=key, PolicyName="other")
