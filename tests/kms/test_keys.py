# SPDX-License-Identifier: MIT
"""Keys from their creation to their end: metadata, names, lists, states."""
import concurrent.futures
import json
import re
import uuid

import botocore.exceptions
import pytest

from ternd import eventually

UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def test_symmetric_key_has_the_metadata_of_aws(kms):
    made = kms.create_key(Description="test key 123")["KeyMetadata"]
    key_id = made["KeyId"]
    assert UUID.match(key_id)
    assert re.fullmatch("[0-9a-f]{64}", made.pop("CurrentKeyMaterialId"))
    made.pop("CreationDate")
    assert made == {
        "AWSAccountId": "000000000000",
        "Arn": f"arn:aws:kms:us-east-1:000000000000:key/{key_id}",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "Description": "test key 123",
        "Enabled": True, "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "KeyId": key_id,
        "KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT", "KeyState": "Enabled",
        "KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": False, "Origin": "AWS_KMS"}


@pytest.mark.parametrize("spec, usage, member, algorithms", [
    ("HMAC_224", "GENERATE_VERIFY_MAC", "MacAlgorithms", ["HMAC_SHA_224"]),
    ("HMAC_512", "GENERATE_VERIFY_MAC", "MacAlgorithms", ["HMAC_SHA_512"]),
    ("ECC_NIST_P384", "SIGN_VERIFY", "SigningAlgorithms", ["ECDSA_SHA_384"]),
    ("ECC_SECG_P256K1", "SIGN_VERIFY", "SigningAlgorithms", ["ECDSA_SHA_256"]),
    ("RSA_2048", "ENCRYPT_DECRYPT", "EncryptionAlgorithms",
     ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]),
])
def test_other_keys_say_what_they_can_do(kms, spec, usage, member, algorithms):
    made = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    assert made[member] == algorithms
    assert (made["KeySpec"], made["CustomerMasterKeySpec"], made["KeyUsage"]) == (spec, spec, usage)
    assert "CurrentKeyMaterialId" not in made
    assert kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"] == made


def test_multi_region_key_is_a_primary(kms):
    made = kms.create_key(MultiRegion=True)["KeyMetadata"]
    assert re.fullmatch("mrk-[0-9a-f]{32}", made["KeyId"])
    assert made["MultiRegionConfiguration"] == {
        "MultiRegionKeyType": "PRIMARY", "ReplicaKeys": [],
        "PrimaryKey": {"Arn": made["Arn"], "Region": "us-east-1"}}
    blob = kms.encrypt(KeyId=made["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["KeyId"] == made["Arn"]


@pytest.mark.parametrize("arguments, text", [
    ({"KeySpec": "HMAC_256"}, "You must specify a KeyUsage value for all KMS keys except for "
                              "symmetric encryption keys."),
    ({"KeySpec": "HMAC_random", "KeyUsage": "GENERATE_VERIFY_MAC"},
     "1 validation error detected: Value 'HMAC_random' at 'keySpec' failed to satisfy constraint: "
     "Member must satisfy enum value set: [RSA_2048, ECC_NIST_P384, ECC_NIST_P256, ECC_NIST_P521, "
     "HMAC_384, RSA_3072, ECC_SECG_P256K1, RSA_4096, SYMMETRIC_DEFAULT, HMAC_256, HMAC_224, "
     "HMAC_512]"),
    ({"KeySpec": "HMAC_256", "KeyUsage": "RANDOM"},
     "1 validation error detected: Value 'RANDOM' at 'keyUsage' failed to satisfy constraint: "
     "Member must satisfy enum value set: [ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC]"),
    ({"KeySpec": "ECC_NIST_P256", "KeyUsage": "ENCRYPT_DECRYPT"},
     "KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec ECC_NIST_P256"),
    ({"Description": "x" * 8193},
     f"1 validation error detected: Value '{'x' * 8193}' at 'description' failed to satisfy "
     "constraint: Member must have length less than or equal to 8192"),
])
def test_key_that_cannot_be_is_refused(kms, refuses, arguments, text):
    with refuses("ValidationException", text):
        kms.create_key(**arguments)


@pytest.mark.parametrize("arguments", [
    {"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"}, {"CustomerMasterKeySpec": "SM2"},
    {"KeySpec": "ML_DSA_65", "KeyUsage": "SIGN_VERIFY"},
    {"KeySpec": "ML_KEM_768", "KeyUsage": "ENCAPSULATE_DECAPSULATE"}, {"Origin": "AWS_CLOUDHSM"},
    {"Origin": "EXTERNAL_KEY_STORE"}, {"CustomKeyStoreId": "cks-1"}])
def test_what_is_not_supported_is_said_so(kms, refuses, arguments):
    with refuses("UnsupportedOperationException"):
        kms.create_key(**arguments)


def test_multi_region_keys_have_no_replicas(kms, key, refuses):
    primary = kms.create_key(MultiRegion=True)["KeyMetadata"]
    assert primary["MultiRegionConfiguration"]["ReplicaKeys"] == []
    absent = key[:-12] + "0" * 12
    for operation in (lambda key: kms.replicate_key(KeyId=key, ReplicaRegion="eu-west-1"),
                      lambda key: kms.update_primary_region(KeyId=key, PrimaryRegion="eu-west-1")):
        with refuses("UnsupportedOperationException",
                     "Replicas of multi-Region keys in other Regions are not supported."):
            operation(primary["Arn"])
        with refuses("UnsupportedOperationException",
                     f"{key} is not a multi-region primary key."):
            operation(key)
        with refuses("NotFoundException", f"Key '{absent}' does not exist"):
            operation(absent)


def test_longest_description_is_taken(kms):
    assert kms.create_key(Description="x" * 8192)["KeyMetadata"]["Description"] == "x" * 8192


# ---- names ----


def test_key_is_found_by_each_of_its_names(kms, key):
    key_id = key.rsplit("/", 1)[1]
    name = f"alias/{uuid.uuid4()}"
    kms.create_alias(AliasName=name, TargetKeyId=key_id)
    alias_arn = f"arn:aws:kms:us-east-1:000000000000:{name}"
    for named in (key_id, key, name, alias_arn):
        assert kms.describe_key(KeyId=named)["KeyMetadata"]["Arn"] == key
        assert kms.encrypt(KeyId=named, Plaintext=b"x")["KeyId"] == key


UNKNOWN = "1234abcd-12ab-34cd-56ef-1234567890ab"
HERE = "arn:aws:kms:us-east-1:000000000000"


@pytest.mark.parametrize("named, code, text", [
    ("fake-key-id", "NotFoundException", "Invalid keyId 'fake-key-id'"),
    ("134f2428cec14b25a1ae9048164dba47", "NotFoundException",
     "Invalid keyId '134f2428cec14b25a1ae9048164dba47'"),
    ("mrk-fake-key-id", "NotFoundException", "Invalid keyId 'mrk-fake-key-id'"),
    (UNKNOWN, "NotFoundException", f"Key '{HERE}:key/{UNKNOWN}' does not exist"),
    (f"{HERE}:key/{UNKNOWN}", "NotFoundException", f"Key '{HERE}:key/{UNKNOWN}' does not exist"),
    ("mrk-d3b95762d3b95762d3b95762d3b95762", "NotFoundException",
     f"Key '{HERE}:key/mrk-d3b95762d3b95762d3b95762d3b95762' does not exist"),
    ("alias/none", "NotFoundException", f"Alias {HERE}:alias/none is not found."),
    (f"arn:aws:kms:ap-southeast-1:000000000000:key/{UNKNOWN}", "NotFoundException",
     "Invalid arn ap-southeast-1"),
    ("arn:aws:sqs:us-east-1:000000000000:q", "InvalidArnException",
     "Invalid arn arn:aws:sqs:us-east-1:000000000000:q"),
])
def test_name_of_no_key_is_refused(kms, refuses, named, code, text):
    with refuses(code, text):
        kms.describe_key(KeyId=named)
    with refuses(code, text):
        kms.encrypt(KeyId=named, Plaintext=b"x")


def test_missing_key_id_is_refused(server, refuses):
    kms = server.client("kms", validates=False)
    for operation in (kms.describe_key, kms.enable_key, kms.get_key_policy, kms.list_grants):
        with refuses("ValidationException",
                     "1 validation error detected: Value null at 'keyId' failed to satisfy "
                     "constraint: Member must not be null"):
            operation()


def test_operations_that_manage_take_no_alias(kms, key, refuses):
    name = f"alias/{uuid.uuid4()}"
    kms.create_alias(AliasName=name, TargetKeyId=key)
    for operation in (kms.disable_key, kms.schedule_key_deletion, kms.enable_key_rotation,
                      kms.get_key_policy, kms.list_resource_tags):
        with refuses("NotFoundException", f"Invalid keyId '{name}'"):
            operation(KeyId=name)


def test_keys_of_other_regions_are_not_here(server, kms, key, refuses):
    other = server.client("kms", region="eu-west-1")
    key_id = key.rsplit("/", 1)[1]
    with refuses("NotFoundException",
                 f"Key 'arn:aws:kms:eu-west-1:000000000000:key/{key_id}' does not exist"):
        other.describe_key(KeyId=key_id)
    with refuses("AccessDeniedException"):
        other.decrypt(CiphertextBlob=kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"])


# ---- lists ----


def test_keys_are_listed_in_pages(server):
    kms = server.client("kms", account="200000000001")
    made = {kms.create_key()["KeyMetadata"]["Arn"] for _ in range(5)}
    pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["Keys"]) for page in pages] == [2, 2, 1]
    assert [page["Truncated"] for page in pages] == [True, True, False]
    listed = [entry for page in pages for entry in page["Keys"]]
    assert {entry["KeyArn"] for entry in listed} == made
    assert all(entry["KeyArn"].endswith("/" + entry["KeyId"]) for entry in listed)
    assert server.client("kms", account="200000000002").list_keys()["Keys"] == []


def test_page_that_cannot_be_is_refused(server, refuses):
    kms = server.client("kms", validates=False)
    for limit, text in ((0, "greater than or equal to 1"), (1001, "less than or equal to 1000")):
        with refuses("ValidationException",
                     f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy "
                     f"constraint: Member must have value {text}"):
            kms.list_keys(Limit=limit)
    with refuses("InvalidMarkerException"):
        kms.list_keys(Marker="?")


# ---- states ----

STATES = [
    ("disable_key", "Disabled", "DisabledException", "{} is disabled."),
    ("schedule_key_deletion", "PendingDeletion", "KMSInvalidStateException",
     "{} is pending deletion."),
]


@pytest.mark.parametrize("change, state, code, text", STATES)
def test_key_that_is_not_enabled_cannot_be_used(kms, key, refuses, change, state, code, text):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    getattr(kms, change)(KeyId=key)
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"]) == (state, False)
    for use in (lambda: kms.encrypt(KeyId=key, Plaintext=b"x"),
                lambda: kms.decrypt(CiphertextBlob=blob),
                lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256"),
                lambda: kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key),
                lambda: kms.enable_key_rotation(KeyId=key),
                lambda: kms.rotate_key_on_demand(KeyId=key),
                lambda: kms.create_grant(KeyId=key, Operations=["Decrypt"], GranteePrincipal=(
                    "arn:aws:iam::000000000000:user/x"))):
        with refuses(code, text.format(key)):
            use()


def test_key_that_is_enabled_again_works(kms, key):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    kms.enable_key(KeyId=key)  # of an enabled key: nothing to do


def test_key_whose_deletion_is_cancelled_is_disabled(kms, key, refuses):
    answer = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert (answer["KeyId"], answer["KeyState"], answer["PendingWindowInDays"]) == (
        key, "PendingDeletion", 7)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["DeletionDate"] == answer["DeletionDate"]
    for change in (kms.enable_key, kms.disable_key, kms.schedule_key_deletion):
        with refuses("KMSInvalidStateException", f"{key} is pending deletion."):
            change(KeyId=key)
    with refuses("KMSInvalidStateException", f"{key} is pending deletion."):
        kms.update_key_description(KeyId=key, Description="x")
    assert kms.cancel_key_deletion(KeyId=key)["KeyId"] == key
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["KeyState"] == "Disabled" and "DeletionDate" not in metadata
    with refuses("KMSInvalidStateException", f"{key} is not pending deletion."):
        kms.cancel_key_deletion(KeyId=key)


@pytest.mark.parametrize("days", [6, 31])
def test_waiting_period_has_limits(kms, key, refuses, days):
    with refuses("ValidationException"):
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=days)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


def test_waiting_period_is_thirty_days_by_default(kms, key):
    assert kms.schedule_key_deletion(KeyId=key)["PendingWindowInDays"] == 30


def test_description_is_changed(kms, key):
    kms.update_key_description(KeyId=key, Description="another")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "another"


# ---- keys that AWS manages ----


def test_managed_key_is_made_when_it_is_asked_for(server, refuses):
    kms = server.client("kms", account="200000000003")
    assert kms.list_keys()["Keys"] == []
    metadata = kms.describe_key(KeyId="alias/aws/sqs")["KeyMetadata"]
    assert metadata["KeyManager"] == "AWS"
    assert kms.describe_key(KeyId="alias/aws/sqs")["KeyMetadata"] == metadata
    aliases = kms.list_aliases()["Aliases"]
    assert [(alias["AliasName"], alias["TargetKeyId"]) for alias in aliases] == [
        ("alias/aws/sqs", metadata["KeyId"])]
    assert kms.get_key_rotation_status(KeyId=metadata["KeyId"])["KeyRotationEnabled"]
    policy = json.loads(kms.get_key_policy(KeyId=metadata["KeyId"])["Policy"])
    assert policy["Statement"][0]["Condition"]["StringEquals"] == {
        "kms:CallerAccount": "200000000003", "kms:ViaService": "sqs.us-east-1.amazonaws.com"}
    for change in (kms.disable_key, kms.schedule_key_deletion, kms.disable_key_rotation):
        with refuses("AccessDeniedException"):
            change(KeyId=metadata["KeyId"])
    with refuses("NotFoundException"):
        kms.describe_key(KeyId="alias/aws/nothing")
    with refuses("NotAuthorizedException", ""):
        kms.delete_alias(AliasName="alias/aws/sqs")


def test_numbers_of_keys_are_metrics(private):
    server = private()
    kms = server.client("kms")
    kms.create_key()
    kms.disable_key(KeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    metrics = server.metrics()
    assert metrics['tern_kms_keys{state="Enabled"}'] == 1
    assert metrics['tern_kms_keys{state="Disabled"}'] == 1
    assert metrics['tern_kms_keys{state="PendingDeletion"}'] == 0


def test_server_stops_while_keys_are_made(private):
    """RSA keys take seconds; those that wait are given up, and what was answered is there."""
    server = private()
    kms = server.client("kms")

    def make():
        try:
            return kms.create_key(KeySpec="RSA_4096", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        except botocore.exceptions.ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = [pool.submit(make) for _ in range(8)]
        eventually(lambda: any(each.done() for each in made), what="one key is made")
        server.stop()
        answers = [each.result() for each in made]
    assert 503 in answers
    keys = {answer for answer in answers if answer != 503}
    server.start()
    assert {entry["KeyArn"] for entry in server.client("kms").list_keys()["Keys"]} == keys


def test_operations_that_are_not_served_are_refused_at_once(kms, refuses):
    with refuses("UnknownOperationException"):
        kms.describe_custom_key_stores()
