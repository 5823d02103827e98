# SPDX-License-Identifier: MIT
"""What time does to keys: rotation, expiry of imported material, destruction."""
import datetime

import pytest

from catalog import Catalog, add_to_number
from ternd import eventually
from wrapping import wrap

DAY = 86400


@pytest.fixture
def timed(private):
    return private("--test-clock")


def state_of(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]


def material_of(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]


def is_gone(kms, key):
    try:
        kms.describe_key(KeyId=key)
        return False
    except kms.exceptions.NotFoundException:
        return True


# ---- deletion ----


def test_clock_that_is_set_forward_destroys_no_key(timed):
    kms = timed.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    date = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)["DeletionDate"]
    assert timed.post("/_tern/clock", {"wall_ms": 30 * DAY * 1000}).status_code == 200
    for _ in range(2):  # what is due comes before one of them at the latest
        kms.create_key()
    found = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (found["KeyState"], found["DeletionDate"]) == ("PendingDeletion", date)
    timed.advance(7 * DAY + 1)
    eventually(lambda: is_gone(kms, key))


def test_key_is_destroyed_when_it_is_due(timed, refuses):
    kms = timed.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kept = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    timed.advance(7 * DAY - 60)
    assert state_of(kms, key) == "PendingDeletion"
    timed.advance(61)
    eventually(lambda: is_gone(kms, key))
    with refuses("NotFoundException", f"Key '{key}' does not exist"):
        kms.cancel_key_deletion(KeyId=key)
    with refuses("NotFoundException"):
        kms.describe_key(KeyId="alias/mine")
    with refuses("AccessDeniedException"):
        kms.decrypt(CiphertextBlob=blob)
    assert [entry["KeyArn"] for entry in kms.list_keys()["Keys"]] == [kept]
    timed.restart()
    assert [entry["KeyArn"] for entry in timed.client("kms").list_keys()["Keys"]] == [kept]


def test_cancelled_deletion_does_not_happen(timed):
    kms = timed.client("kms")
    cancelled = kms.create_key()["KeyMetadata"]["Arn"]
    deleted = kms.create_key()["KeyMetadata"]["Arn"]
    kms.schedule_key_deletion(KeyId=cancelled, PendingWindowInDays=7)
    kms.cancel_key_deletion(KeyId=cancelled)
    kms.schedule_key_deletion(KeyId=deleted, PendingWindowInDays=8)
    timed.advance(9 * DAY)
    eventually(lambda: is_gone(kms, deleted))
    assert state_of(kms, cancelled) == "Disabled"


def test_key_that_became_due_while_the_server_was_down_is_destroyed(private):
    """The stored times are moved, as no test can wait for days without a server."""
    server = private()
    key = server.client("kms").create_key()["KeyMetadata"]["KeyId"]
    server.client("kms").schedule_key_deletion(KeyId=key)
    server.stop()
    with Catalog(server) as catalog:
        record = catalog.get(b"kms_keys", key.encode())
        for number in (7, 8):  # DeletionMs and DeletionBaseMs of the record Key
            record = add_to_number(record, number, -31 * DAY * 1000)
        catalog.put(b"kms_keys", key.encode(), record)
    server.start()
    assert is_gone(server.client("kms"), key)
    assert server.client("kms").list_keys()["Keys"] == []


# ---- rotation ----


def test_rotation_keeps_old_material_for_decryption(kms, key):
    first = kms.encrypt(KeyId=key, Plaintext=b"first")["CiphertextBlob"]
    before = material_of(kms, key)
    assert kms.rotate_key_on_demand(KeyId=key.rsplit("/", 1)[1])["KeyId"] == key
    after = material_of(kms, key)
    assert after != before
    second = kms.encrypt(KeyId=key, Plaintext=b"second")["CiphertextBlob"]
    for blob, plain, material in ((first, b"first", before), (second, b"second", after)):
        opened = kms.decrypt(CiphertextBlob=blob)
        assert (opened["Plaintext"], opened["KeyMaterialId"]) == (plain, material)
    moved = kms.re_encrypt(CiphertextBlob=first, DestinationKeyId=key)
    assert (moved["SourceKeyMaterialId"], moved["DestinationKeyMaterialId"]) == (before, after)


def test_rotations_are_listed(kms, key):
    first = material_of(kms, key)
    assert kms.list_key_rotations(KeyId=key)["Rotations"] == []
    kms.rotate_key_on_demand(KeyId=key)
    kms.rotate_key_on_demand(KeyId=key)
    rotations = kms.list_key_rotations(KeyId=key)["Rotations"]
    assert [(entry["RotationType"], entry["KeyMaterialState"]) for entry in rotations] == [
        ("ON_DEMAND", "NON_CURRENT"), ("ON_DEMAND", "CURRENT")]
    assert rotations[1]["KeyMaterialId"] == material_of(kms, key)
    every = kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert every[0]["KeyMaterialId"] == first and "RotationType" not in every[0]
    assert every[1:] == rotations
    pages = kms.get_paginator("list_key_rotations").paginate(
        KeyId=key, PaginationConfig={"PageSize": 1})
    assert [entry for page in pages for entry in page["Rotations"]] == rotations


def test_rotations_on_demand_have_a_limit(kms, key, refuses):
    for _ in range(25):
        kms.rotate_key_on_demand(KeyId=key)
    with refuses("LimitExceededException", (
            "The on-demand rotations limit has been reached for the given keyId. No more on-demand "
            f"rotations can be performed for this key: {key}")):
        kms.rotate_key_on_demand(KeyId=key)


def test_rotation_on_demand_looks_at_the_state_first(kms, pairs, refuses):
    with refuses("UnsupportedOperationException", ""):
        kms.rotate_key_on_demand(KeyId=pairs["ECC_NIST_P256"])
    key = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
    kms.disable_key(KeyId=key)
    with refuses("DisabledException", f"{key} is disabled."):
        kms.rotate_key_on_demand(KeyId=key)
    for spec, usage in (("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), ("RSA_4096", "SIGN_VERIFY")):
        key = kms.create_key(Origin="EXTERNAL", KeySpec=spec,
                             KeyUsage=usage)["KeyMetadata"]["Arn"]
        with refuses("KMSInvalidStateException", f"{key} is pending import."):
            kms.rotate_key_on_demand(KeyId=key)


def test_automatic_rotation_happens_when_it_is_due(timed):
    kms = timed.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    status = kms.get_key_rotation_status(KeyId=key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 90)
    created = kms.describe_key(KeyId=key)["KeyMetadata"]["CreationDate"]
    assert (status["NextRotationDate"] - created).days == 90
    seen = [material_of(kms, key)]
    for _ in range(2):
        timed.advance(89 * DAY)
        assert material_of(kms, key) == seen[-1]
        timed.advance(DAY + 60)
        eventually(lambda: material_of(kms, key) != seen[-1])
        seen.append(material_of(kms, key))
    rotations = kms.list_key_rotations(KeyId=key)["Rotations"]
    assert [entry["RotationType"] for entry in rotations] == ["AUTOMATIC"] * 2
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    kms.disable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


def test_disabled_key_is_rotated_once_it_is_enabled(timed):
    kms = timed.client("kms")
    key, other = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    for each in (key, other):
        kms.enable_key_rotation(KeyId=each, RotationPeriodInDays=90)
    before, of_other = material_of(kms, key), material_of(kms, other)
    kms.disable_key(KeyId=key)
    timed.advance(91 * DAY)
    eventually(lambda: material_of(kms, other) != of_other)
    assert material_of(kms, key) == before
    kms.enable_key(KeyId=key)
    eventually(lambda: material_of(kms, key) != before)


def test_rotation_on_demand_leaves_the_automatic_one(kms, key):
    kms.enable_key_rotation(KeyId=key)
    status = kms.get_key_rotation_status(KeyId=key)
    assert status["RotationPeriodInDays"] == 365
    kms.rotate_key_on_demand(KeyId=key)
    after = kms.get_key_rotation_status(KeyId=key)
    assert after["NextRotationDate"] == status["NextRotationDate"]


@pytest.mark.parametrize("days", [89, 2561])
def test_rotation_period_has_limits(server, key, refuses, days):
    kms = server.client("kms", validates=False)
    with refuses("ValidationException"):
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=days)


def test_only_symmetric_keys_of_ours_are_rotated(kms, pairs, bring, refuses):
    imported = bring("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", b"k" * 32)
    for operation in (kms.enable_key_rotation, kms.rotate_key_on_demand):
        with refuses("UnsupportedOperationException"):
            operation(KeyId=pairs["ECC_NIST_P256"])
    with refuses("UnsupportedOperationException",
                 f"{imported} origin is EXTERNAL which is not valid for this operation."):
        kms.enable_key_rotation(KeyId=imported)
    with refuses("KMSInvalidStateException",
                 f"No available key material pending rotation for the key: {imported}."):
        kms.rotate_key_on_demand(KeyId=imported)
    # Terraform asks about every key that was made here.
    assert kms.get_key_rotation_status(
        KeyId=pairs["ECC_NIST_P256"])["KeyRotationEnabled"] is False


# ---- expiry ----


def test_imported_material_expires(timed, refuses):
    kms = timed.client("kms")
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
    parameters = kms.get_parameters_for_import(
        KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
    expiry = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
    arguments = {"KeyId": key, "ImportToken": parameters["ImportToken"],
                 "EncryptedKeyMaterial": wrap(parameters, "RSAES_OAEP_SHA_256", b"k" * 32),
                 "ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": expiry}
    kms.import_key_material(**arguments)
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["ExpirationModel"] == "KEY_MATERIAL_EXPIRES"
    assert abs((metadata["ValidTo"] - expiry).total_seconds()) < 1
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    timed.advance(2 * 3600 + 1)
    with refuses("KMSInvalidStateException", f"{key} is pending import."):
        kms.decrypt(CiphertextBlob=blob)
    eventually(lambda: state_of(kms, key) == "PendingImport")
    forever = {**arguments, "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
    del forever["ValidTo"]
    kms.import_key_material(**forever)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    timed.advance(DAY)
    with refuses("ExpiredImportTokenException"):
        kms.import_key_material(**arguments | {"ValidTo": expiry + datetime.timedelta(days=9)})


def test_each_of_several_materials_expires_on_its_own(timed, refuses):
    kms = timed.client("kms")
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]

    def now():
        return timed.get("/_tern/clock").json()["now_ms"] / 1000

    def bring(material, hours, **changes):
        parameters = kms.get_parameters_for_import(
            KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
        expiry = datetime.datetime.fromtimestamp(now() + hours * 3600, datetime.timezone.utc)
        return kms.import_key_material(
            KeyId=key, ImportToken=parameters["ImportToken"],
            EncryptedKeyMaterial=wrap(parameters, "RSAES_OAEP_SHA_256", material),
            ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=expiry, **changes)["KeyMaterialId"]

    def states():
        return [(entry["KeyMaterialId"], entry["ImportState"]) for entry in
                kms.list_key_rotations(
                    KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]]

    first = bring(b"1" * 32, 9)
    bring(b"2" * 32, 1, ImportType="NEW_KEY_MATERIAL")
    timed.advance(3601)  # what waits leaves nothing behind
    eventually(lambda: states() == [(first, "IMPORTED")])
    assert state_of(kms, key) == "Enabled"
    third = bring(b"3" * 32, 2, ImportType="NEW_KEY_MATERIAL")
    kms.rotate_key_on_demand(KeyId=key)
    valid_to = kms.describe_key(KeyId=key)["KeyMetadata"]["ValidTo"].timestamp()
    assert 0 < valid_to - now() <= 7200  # the first that expires
    timed.advance(2 * 3600 + 1)
    with refuses("KMSInvalidStateException", f"{key} is pending import."):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    eventually(lambda: states() == [(first, "IMPORTED"), (third, "PENDING_IMPORT")])
    bring(b"3" * 32, 2)
    assert kms.encrypt(KeyId=key, Plaintext=b"x")["KeyId"] == key
