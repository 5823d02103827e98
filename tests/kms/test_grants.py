# SPDX-License-Identifier: MIT
"""Grants, tried with the root user of another account, which the key's policy does not name."""
import uuid

import pytest

THEIRS = "200000000011"
ROOT = f"arn:aws:iam::{THEIRS}:root"


@pytest.fixture
def other(server):
    return server.client("kms", account=THEIRS)


@pytest.fixture
def grant(kms, key):
    def make(*operations, **more):
        return kms.create_grant(KeyId=key, GranteePrincipal=ROOT, Operations=list(operations),
                                **more)
    return make


def refused_text(action, key):
    return (f"User: {ROOT} is not authorized to perform: {action} on resource: {key} because the "
            "resource does not exist in this Region, no resource-based policies allow access, or "
            "a resource-based policy explicitly denies access")


def test_grant_allows_what_it_names_and_no_more(kms, key, other, grant, refuses):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with refuses("AccessDeniedException", refused_text("kms:Decrypt", key)):
        other.decrypt(CiphertextBlob=blob, KeyId=key)
    made = grant("Decrypt", "DescribeKey")
    assert other.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert other.decrypt(CiphertextBlob=blob, GrantTokens=[made["GrantToken"]])["KeyId"] == key
    assert other.describe_key(KeyId=key)["KeyMetadata"]["Arn"] == key
    with refuses("AccessDeniedException", refused_text("kms:Encrypt", key)):
        other.encrypt(KeyId=key, Plaintext=b"x")
    kms.revoke_grant(KeyId=key, GrantId=made["GrantId"])
    with refuses("AccessDeniedException", refused_text("kms:Decrypt", key)):
        other.decrypt(CiphertextBlob=blob, KeyId=key)


def test_each_operation_needs_its_own_grant(kms, key, other, grant, refuses):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    mine = other.create_key()["KeyMetadata"]["Arn"]
    calls = {
        "Encrypt": lambda: other.encrypt(KeyId=key, Plaintext=b"x"),
        "GenerateDataKey": lambda: other.generate_data_key(KeyId=key, KeySpec="AES_256"),
        "GenerateDataKeyWithoutPlaintext": lambda: other.generate_data_key_without_plaintext(
            KeyId=key, KeySpec="AES_256"),
        "GenerateDataKeyPair": lambda: other.generate_data_key_pair(
            KeyId=key, KeyPairSpec="ECC_NIST_P256"),
        "ReEncryptFrom": lambda: other.re_encrypt(
            CiphertextBlob=blob, SourceKeyId=key, DestinationKeyId=mine),
    }
    for name, call in calls.items():
        with refuses("AccessDeniedException", refused_text(f"kms:{name}", key)):
            call()
    for name, call in calls.items():
        made = grant(name)
        call()
        kms.revoke_grant(KeyId=key, GrantId=made["GrantId"])
        with refuses("AccessDeniedException"):
            call()


USER = "arn:aws:iam::000000000000:root"
A, B = {"a": "1"}, {"b": "2"}
SERVICE = {"GranteeServicePrincipal": "sns.amazonaws.com"}
SOURCE = {"Constraints": {"SourceArn": "arn:aws:sns:us-east-1:000000000000:t"}}


@pytest.mark.parametrize("arguments, text", [
    ({"GranteePrincipal": USER, "Constraints": {
        "EncryptionContextEquals": A, "EncryptionContextSubset": B}},
     "More than one constraint supplied"),
    ({"GranteePrincipal": USER, "Constraints": {
        "EncryptionContextEquals": {}, "EncryptionContextSubset": B}},
     "More than one constraint supplied"),
    (SERVICE | {"RetiringPrincipal": USER},
     "A SourceArn constraint is required with a GranteeServicePrincipal."),
    (SERVICE | SOURCE, "A RetiringPrincipal or RetiringServicePrincipal is required with a "
                       "GranteeServicePrincipal."),
    (SERVICE | SOURCE | {"GranteePrincipal": USER, "RetiringPrincipal": USER}, None),
    (SERVICE | SOURCE | {"RetiringPrincipal": USER,
                         "RetiringServicePrincipal": "sns.amazonaws.com"}, None),
])
def test_members_of_a_grant_exclude_or_need_others(kms, key, refuses, arguments, text):
    with refuses("ValidationException", text):
        kms.create_grant(KeyId=key, Operations=["Decrypt"], **arguments)
    assert kms.list_grants(KeyId=key)["Grants"] == []


@pytest.mark.parametrize("constraint, fits, fails", [
    ("EncryptionContextEquals", [{"a": "1"}], [{}, {"a": "2"}, {"a": "1", "b": "2"}]),
    ("EncryptionContextSubset", [{"a": "1"}, {"a": "1", "b": "2"}], [{}, {"b": "2"}, {"A": "1"}]),
])
def test_constraint_on_the_context(key, other, grant, refuses, constraint, fits, fails):
    grant("Encrypt", "DescribeKey", Constraints={constraint: {"a": "1"}})
    for context in fits:
        other.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)
    for context in fails:
        with refuses("AccessDeniedException"):
            other.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)
    other.describe_key(KeyId=key)  # has no context, so the constraint does not count


def test_grants_are_listed(kms, key, grant):
    first = grant("Decrypt", Name="first", RetiringPrincipal="arn:aws:iam::000000000000:user/r",
                  Constraints={"EncryptionContextSubset": {"a": "1"}})
    second = kms.create_grant(KeyId=key, GranteePrincipal="arn:aws:iam::000000000000:role/x",
                              Operations=["Encrypt", "Decrypt"])
    grants = kms.list_grants(KeyId=key)["Grants"]
    assert [entry["GrantId"] for entry in grants] == [first["GrantId"], second["GrantId"]]
    grants[0].pop("CreationDate")
    assert grants[0] == {
        "KeyId": key, "GrantId": first["GrantId"], "Name": "first", "GranteePrincipal": ROOT,
        "RetiringPrincipal": "arn:aws:iam::000000000000:user/r", "Operations": ["Decrypt"],
        "IssuingAccount": "arn:aws:iam::000000000000:root",
        "Constraints": {"EncryptionContextSubset": {"a": "1"}}}
    assert grants[1]["Operations"] == ["Decrypt", "Encrypt"] and "Name" not in grants[1]
    assert len(kms.list_grants(KeyId=key, GrantId=second["GrantId"])["Grants"]) == 1
    assert len(kms.list_grants(KeyId=key, GranteePrincipal=ROOT)["Grants"]) == 1
    pages = list(kms.get_paginator("list_grants").paginate(
        KeyId=key, PaginationConfig={"PageSize": 1}))
    assert [entry["GrantId"] for page in pages for entry in page["Grants"]] == [
        first["GrantId"], second["GrantId"]]


def test_same_named_request_gives_the_same_grant(kms, key, grant):
    first, again = grant("Decrypt", Name="n"), grant("Decrypt", Name="n")
    assert first["GrantId"] == again["GrantId"] and first["GrantToken"] != again["GrantToken"]
    assert grant("Encrypt", Name="n")["GrantId"] != first["GrantId"]
    assert len(kms.list_grants(KeyId=key)["Grants"]) == 2


def test_grant_to_a_service(kms, key):
    kms.create_grant(KeyId=key, Operations=["Decrypt"],
                     GranteeServicePrincipal="sns.amazonaws.com", RetiringPrincipal=USER,
                     Constraints={"SourceArn": "arn:aws:sns:us-east-1:000000000000:t"})
    assert kms.list_grants(
        KeyId=key, GranteeServicePrincipal="lambda.amazonaws.com")["Grants"] == []
    entry, = kms.list_grants(KeyId=key, GranteeServicePrincipal="sns.amazonaws.com")["Grants"]
    assert entry["GranteeServicePrincipal"] == "sns.amazonaws.com"
    assert entry["Constraints"]["SourceArn"] == "arn:aws:sns:us-east-1:000000000000:t"


# ---- handing on, retiring ----


def test_grantee_hands_on_no_more_than_it_has(key, other, grant, refuses):
    user = "arn:aws:iam::200000000012:root"
    grant("CreateGrant", "Decrypt", Constraints={"EncryptionContextEquals": {"a": "1"}})
    with refuses("AccessDeniedException"):
        other.create_grant(KeyId=key, GranteePrincipal=user, Operations=["Decrypt"])
    with refuses("AccessDeniedException"):
        other.create_grant(KeyId=key, GranteePrincipal=user, Operations=["Encrypt"],
                           Constraints={"EncryptionContextEquals": {"a": "1"}})
    other.create_grant(KeyId=key, GranteePrincipal=user, Operations=["Decrypt"],
                       Constraints={"EncryptionContextEquals": {"a": "1"}})


def test_grant_is_retired_by_whom_it_names(kms, key, other, grant, refuses):
    plain = grant("Decrypt")
    with refuses("AccessDeniedException"):
        other.retire_grant(GrantToken=plain["GrantToken"])
    retiring = grant("Decrypt", RetiringPrincipal=ROOT)
    other.retire_grant(GrantToken=retiring["GrantToken"])
    own = grant("Decrypt", "RetireGrant")
    other.retire_grant(KeyId=key, GrantId=own["GrantId"])
    assert [entry["GrantId"] for entry in kms.list_grants(KeyId=key)["Grants"]] == [
        plain["GrantId"]]
    kms.retire_grant(KeyId=key, GrantId=plain["GrantId"])
    assert kms.list_grants(KeyId=key)["Grants"] == []
    with refuses("NotFoundException"):
        kms.retire_grant(KeyId=key, GrantId=plain["GrantId"])
    with refuses("NotFoundException"):
        kms.revoke_grant(KeyId=key, GrantId=plain["GrantId"])


def test_retirable_grants_are_listed(kms, key, grant):
    retiring = f"arn:aws:iam::000000000000:user/{uuid.uuid4()}"
    made = [grant("Decrypt", RetiringPrincipal=retiring)["GrantId"] for _ in range(3)]
    grant("Decrypt", RetiringPrincipal=ROOT)
    answer = kms.list_retirable_grants(RetiringPrincipal=retiring, Limit=2)
    assert answer["Truncated"] and [entry["GrantId"] for entry in answer["Grants"]] == made[:2]
    answer = kms.list_retirable_grants(RetiringPrincipal=retiring, Marker=answer["NextMarker"])
    assert not answer["Truncated"]
    assert [entry["GrantId"] for entry in answer["Grants"]] == made[2:]


@pytest.mark.parametrize("changes, code", [
    ({"GranteePrincipal": "somebody"}, "InvalidArnException"),
    ({"RetiringPrincipal": "arn:aws:sqs:us-east-1:000000000000:q"}, "InvalidArnException"),
    ({"Operations": ["Dance"]}, "ValidationException"),
    ({"Operations": []}, "ValidationException"),
    ({"Operations": ["Sign"]}, "ValidationException"),
    ({"Name": "with blanks"}, "ValidationException"),
    ({"Constraints": {"EncryptionContextEquals": {"k": "v" * 385}}}, "ValidationException"),
    ({"Constraints": {"EncryptionContextSubset": {str(number): "" for number in range(9)}}},
     "ValidationException"),
    ({"GrantTokens": ["none"]}, "InvalidGrantTokenException"),
])
def test_grant_that_cannot_be_is_refused(server, key, refuses, changes, code):
    kms = server.client("kms", validates=False)
    with refuses(code):
        kms.create_grant(**{"KeyId": key, "GranteePrincipal": ROOT, "Operations": ["Decrypt"]} |
                         changes)


def test_largest_constraint_is_taken(kms, key, other, grant):
    context = {str(number): "v" * 384 for number in range(8)}
    grant("Encrypt", Constraints={"EncryptionContextEquals": context})
    other.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)
    entry, = kms.list_grants(KeyId=key)["Grants"]
    assert entry["Constraints"] == {"EncryptionContextEquals": context}


def test_token_that_is_none_is_refused(kms, key, refuses):
    with refuses("InvalidGrantTokenException"):
        kms.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=["AAAA"])
    with refuses("InvalidGrantTokenException"):
        kms.retire_grant(GrantToken="AAAA")
    with refuses("ValidationException"):
        kms.retire_grant()


def test_constraints_are_for_symmetric_keys(kms, pairs, refuses):
    with refuses("ValidationException"):
        kms.create_grant(KeyId=pairs["ECC_NIST_P256"], GranteePrincipal=ROOT, Operations=["Sign"],
                         Constraints={"EncryptionContextEquals": {"a": "1"}})


def test_members_that_exclude_each_other_in_other_operations(kms, key, grant, refuses):
    made = grant("Decrypt")
    for arguments in ({"GrantId": made["GrantId"]}, {"KeyId": key},
                      {"KeyId": key, "GrantId": made["GrantId"]}):
        with refuses("ValidationException"):
            kms.retire_grant(GrantToken=made["GrantToken"], **arguments)
    with refuses("ValidationException"):
        kms.list_grants(KeyId=key, GranteePrincipal=USER,
                        GranteeServicePrincipal="sns.amazonaws.com")
    with refuses("ValidationException"):
        kms.list_retirable_grants(RetiringPrincipal=USER,
                                  RetiringServicePrincipal="sns.amazonaws.com")
    assert [entry["GrantId"] for entry in kms.list_grants(KeyId=key)["Grants"]] == [
        made["GrantId"]]
