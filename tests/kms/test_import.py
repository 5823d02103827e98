# SPDX-License-Identifier: MIT
"""Imported material, which other implementations have too: what we encrypt, they decrypt."""
import hashlib
import hmac
import re
import struct

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wrapping import wrap

MATERIAL = bytes(range(32))
WRAPPINGS = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1",
             "RSA_AES_KEY_WRAP_SHA_256"]


def encode_context(context):
    parts = [part.encode() for pair in sorted(context.items()) for part in pair]
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def derive(material, salt):
    """SP 800-108 in counter mode with HMAC-SHA256, one block."""
    block = struct.pack(">I", 1) + b"tern kms\0" + salt + struct.pack(">I", 256)
    return hmac.new(material, block, hashlib.sha256).digest()


def open_blob(material, blob, context):
    """doc/kms.md, by another implementation."""
    head, nonce = blob[:50], blob[38:50]
    return AESGCM(derive(material, blob[22:38])).decrypt(
        nonce, blob[50:], head + encode_context(context))


def prepare(kms, key, algorithm="RSAES_OAEP_SHA_256", spec="RSA_2048"):
    return kms.get_parameters_for_import(
        KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=spec)


def bring_material(kms, key, material, algorithm="RSAES_OAEP_SHA_256", **changes):
    parameters = prepare(kms, key, algorithm)
    return kms.import_key_material(**{
        "KeyId": key, "ImportToken": parameters["ImportToken"],
        "EncryptedKeyMaterial": wrap(parameters, algorithm, material),
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"} | changes)


@pytest.fixture
def waiting(kms):
    return kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]


@pytest.mark.parametrize("context", [{}, {"b": "2", "a": "1"}, {"ä": "", "": "x"}])
def test_ciphertext_is_opened_elsewhere(kms, bring, context):
    key = bring("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", MATERIAL)
    blob = kms.encrypt(KeyId=key, Plaintext=b"plain", EncryptionContext=context)["CiphertextBlob"]
    assert open_blob(MATERIAL, blob, context) == b"plain"
    assert blob[2:18].hex() == key.rsplit("/", 1)[1].replace("-", "")
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=context)
    assert open_blob(MATERIAL, made["CiphertextBlob"], context) == made["Plaintext"]


def test_ciphertext_made_elsewhere_is_decrypted(kms, bring):
    key = bring("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", MATERIAL)
    key_id = bytes.fromhex(key.rsplit("/", 1)[1].replace("-", ""))
    salt, nonce = b"s" * 16, b"n" * 12
    head = b"\x74\x01" + key_id + struct.pack(">I", 1) + salt + nonce
    blob = head + AESGCM(derive(MATERIAL, salt)).encrypt(
        nonce, b"from elsewhere", head + encode_context({"a": "1"}))
    opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "1"})
    assert opened["Plaintext"] == b"from elsewhere"


@pytest.mark.parametrize("algorithm", WRAPPINGS)
def test_material_is_taken_in_each_wrapping(kms, waiting, algorithm):
    answer = bring_material(kms, waiting, MATERIAL, algorithm)
    metadata = kms.describe_key(KeyId=waiting)["KeyMetadata"]
    assert answer["KeyId"] == waiting
    assert answer["KeyMaterialId"] == metadata["CurrentKeyMaterialId"]
    assert (metadata["KeyState"], metadata["Enabled"], metadata["ExpirationModel"]) == (
        "Enabled", True, "KEY_MATERIAL_DOES_NOT_EXPIRE")
    blob = kms.encrypt(KeyId=waiting, Plaintext=b"plain")["CiphertextBlob"]
    assert open_blob(MATERIAL, blob, {}) == b"plain"


def test_key_waits_for_its_material(kms, waiting, refuses):
    metadata = kms.describe_key(KeyId=waiting)["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"], metadata["Origin"]) == (
        "PendingImport", False, "EXTERNAL")
    assert "ExpirationModel" not in metadata and "CurrentKeyMaterialId" not in metadata
    text = f"{waiting} is pending import."
    with refuses("KMSInvalidStateException", text):
        kms.encrypt(KeyId=waiting, Plaintext=b"x")
    for change in (kms.enable_key, kms.disable_key):
        with refuses("KMSInvalidStateException", text):
            change(KeyId=waiting)


def test_deleted_material_comes_back_only_as_it_was(kms, waiting, refuses):
    bring_material(kms, waiting, MATERIAL)
    blob = kms.encrypt(KeyId=waiting, Plaintext=b"x")["CiphertextBlob"]
    assert kms.delete_imported_key_material(KeyId=waiting)["KeyId"] == waiting
    with refuses("KMSInvalidStateException", f"{waiting} is pending import."):
        kms.decrypt(CiphertextBlob=blob)
    kms.delete_imported_key_material(KeyId=waiting)  # without effect
    with refuses("IncorrectKeyMaterialException"):
        bring_material(kms, waiting, b"k" * 32)
    assert kms.describe_key(KeyId=waiting)["KeyMetadata"]["KeyState"] == "PendingImport"
    bring_material(kms, waiting, MATERIAL)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    rotations = kms.list_key_rotations(KeyId=waiting, IncludeKeyMaterial="ALL_KEY_MATERIAL")
    assert [entry["ImportState"] for entry in rotations["Rotations"]] == ["IMPORTED"]


def test_pairs_are_imported(kms, bring):
    for spec, private in (("ECC_NIST_P256", ec.generate_private_key(ec.SECP256R1())),
                          ("ECC_SECG_P256K1", ec.generate_private_key(ec.SECP256K1())),
                          ("RSA_2048", rsa.generate_private_key(65537, 2048))):
        material = private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption())
        key = bring(spec, "SIGN_VERIFY", material, "RSA_AES_KEY_WRAP_SHA_256")
        public = private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        assert kms.get_public_key(KeyId=key)["PublicKey"] == public
        if spec != "RSA_2048":
            signature = private.sign(b"x", ec.ECDSA(hashes.SHA256()))
            assert kms.verify(KeyId=key, Message=b"x", Signature=signature,
                              SigningAlgorithm="ECDSA_SHA_256")["SignatureValid"]


@pytest.mark.parametrize("spec, usage, material", [
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", b"k" * 31),
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", b"k" * 33),
    ("HMAC_256", "GENERATE_VERIFY_MAC", b"k" * 31), ("ECC_NIST_P256", "SIGN_VERIFY", b"k" * 32)])
def test_material_of_another_kind_is_refused(kms, refuses, spec, usage, material):
    key = kms.create_key(Origin="EXTERNAL", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]
    with refuses("IncorrectKeyMaterialException"):
        bring_material(kms, key, material)


def test_import_that_cannot_be_is_refused(kms, waiting, key, refuses):
    parameters = prepare(kms, waiting)
    material = wrap(parameters, "RSAES_OAEP_SHA_256", MATERIAL)
    good = {"KeyId": waiting, "ImportToken": parameters["ImportToken"],
            "EncryptedKeyMaterial": material, "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
    other = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
    token = bytearray(parameters["ImportToken"])
    token[-1] ^= 1
    for changes, code in (
            ({"KeyId": other}, "InvalidImportTokenException"),
            ({"ImportToken": bytes(token)}, "InvalidImportTokenException"),
            ({"ImportToken": b"x"}, "InvalidImportTokenException"),
            ({"EncryptedKeyMaterial": material[:-1]}, "InvalidCiphertextException"),
            ({"EncryptedKeyMaterial": b"x" * 256}, "InvalidCiphertextException"),
            ({"ExpirationModel": "SOMETIMES"}, "ValidationException"),
            ({"ImportType": "SOME"}, "ValidationException"),
            ({"ImportType": "EXISTING_KEY_MATERIAL"}, "IncorrectKeyMaterialException"),
            ({"ImportType": "NEW_KEY_MATERIAL", "KeyMaterialId": "0" * 64}, "ValidationException"),
            ({"KeyMaterialId": "0" * 64}, "IncorrectKeyMaterialException"),
            ({"KeyMaterialDescription": "a*"}, "ValidationException"),
            ({"KeyId": key}, "UnsupportedOperationException")):
        with refuses(code):
            kms.import_key_material(**good | changes)
    with refuses("ValidationException",
                 "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"):
        kms.import_key_material(**good | {"ExpirationModel": "KEY_MATERIAL_EXPIRES"})
    with refuses("UnsupportedOperationException",
                 f"{key} origin is AWS_KMS which is not valid for this operation."):
        prepare(kms, key)
    for algorithm, spec in (("RSAES_PKCS1_V1_5", "RSA_2048"), ("SM2PKE", "SM2"),
                            ("RSAES_OAEP_SHA_256", "SM2")):
        with refuses("UnsupportedOperationException"):
            prepare(kms, waiting, algorithm, spec)
    with refuses("ValidationException"):
        prepare(kms, waiting, spec="ECC_NIST_P256")


# ---- several materials ----

OTHER, THIRD = b"o" * 32, b"t" * 32
EVERY = {"IncludeKeyMaterial": "ALL_KEY_MATERIAL"}


def new_material(kms, key, material, **changes):
    return bring_material(kms, key, material, ImportType="NEW_KEY_MATERIAL",
                          **changes)["KeyMaterialId"]


def states(kms, key):
    entries = kms.list_key_rotations(KeyId=key, **EVERY)["Rotations"]
    return [(entry["KeyMaterialId"], entry["KeyMaterialState"], entry["ImportState"])
            for entry in entries]


def current(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]


def test_new_material_is_used_after_its_rotation(kms, waiting):
    first = new_material(kms, waiting, MATERIAL, KeyMaterialDescription="of 2025")
    old_blob = kms.encrypt(KeyId=waiting, Plaintext=b"old")["CiphertextBlob"]
    second = new_material(kms, waiting, OTHER)
    assert first != second and current(kms, waiting) == first
    assert states(kms, waiting) == [(first, "CURRENT", "IMPORTED"),
                                    (second, "PENDING_ROTATION", "IMPORTED")]
    assert kms.list_key_rotations(KeyId=waiting)["Rotations"] == []
    assert open_blob(MATERIAL, kms.encrypt(KeyId=waiting, Plaintext=b"x")["CiphertextBlob"], {})
    assert kms.rotate_key_on_demand(KeyId=waiting)["KeyId"] == waiting
    assert current(kms, waiting) == second
    assert states(kms, waiting) == [(first, "NON_CURRENT", "IMPORTED"),
                                    (second, "CURRENT", "IMPORTED")]
    rotation, = kms.list_key_rotations(KeyId=waiting)["Rotations"]
    assert (rotation["KeyMaterialId"], rotation["RotationType"]) == (second, "ON_DEMAND")
    entry = kms.list_key_rotations(KeyId=waiting, **EVERY)["Rotations"][0]
    assert entry["KeyMaterialDescription"] == "of 2025" and "RotationDate" not in entry
    new_blob = kms.encrypt(KeyId=waiting, Plaintext=b"new")["CiphertextBlob"]
    assert open_blob(OTHER, new_blob, {}) == b"new"
    for blob, plain, material in ((old_blob, b"old", first), (new_blob, b"new", second)):
        opened = kms.decrypt(CiphertextBlob=blob)
        assert (opened["Plaintext"], opened["KeyMaterialId"]) == (plain, material)


def test_one_material_waits_at_a_time(kms, waiting, refuses):
    bring_material(kms, waiting, MATERIAL)
    second = new_material(kms, waiting, OTHER)
    with pytest.raises(kms.exceptions.KMSInvalidStateException) as caught:
        new_material(kms, waiting, THIRD)
    assert re.fullmatch(
        rf"New key material \(id: [0-9a-f]{{64}}\) cannot be imported into KMS key "
        rf"{waiting}, because another key material \(id: {second}\) is pending rotation\.",
        caught.value.response["Error"]["Message"])
    assert kms.delete_imported_key_material(
        KeyId=waiting, KeyMaterialId=second)["KeyMaterialId"] == second
    assert len(states(kms, waiting)) == 1
    assert kms.describe_key(KeyId=waiting)["KeyMetadata"]["KeyState"] == "Enabled"
    with refuses("KMSInvalidStateException",
                 f"No available key material pending rotation for the key: {waiting}."):
        kms.rotate_key_on_demand(KeyId=waiting)
    third = new_material(kms, waiting, THIRD)
    kms.rotate_key_on_demand(KeyId=waiting)
    assert current(kms, waiting) == third


def test_new_material_is_new(kms, waiting, refuses):
    first = bring_material(kms, waiting, MATERIAL)["KeyMaterialId"]
    with refuses("IncorrectKeyMaterialException"):
        new_material(kms, waiting, MATERIAL)
    with refuses("IncorrectKeyMaterialException"):
        bring_material(kms, waiting, OTHER, ImportType="EXISTING_KEY_MATERIAL")
    second = new_material(kms, waiting, OTHER)
    for material, material_id in ((MATERIAL, first), (OTHER, second)):
        for changes in ({}, {"ImportType": "EXISTING_KEY_MATERIAL"},
                        {"KeyMaterialId": material_id}):
            assert bring_material(kms, waiting, material,
                                  **changes)["KeyMaterialId"] == material_id
    with refuses("IncorrectKeyMaterialException"):
        bring_material(kms, waiting, OTHER, KeyMaterialId=first)
    assert [state for _, state, _ in states(kms, waiting)] == ["CURRENT", "PENDING_ROTATION"]


def test_a_key_needs_each_of_its_materials(kms, waiting, refuses):
    first = bring_material(kms, waiting, MATERIAL)["KeyMaterialId"]
    old_blob = kms.encrypt(KeyId=waiting, Plaintext=b"old")["CiphertextBlob"]
    second = new_material(kms, waiting, OTHER)
    kms.rotate_key_on_demand(KeyId=waiting)
    assert kms.delete_imported_key_material(
        KeyId=waiting, KeyMaterialId=first)["KeyMaterialId"] == first
    with refuses("KMSInvalidStateException", f"{waiting} is pending import."):
        kms.encrypt(KeyId=waiting, Plaintext=b"x")
    assert kms.delete_imported_key_material(KeyId=waiting)["KeyMaterialId"] == second
    assert states(kms, waiting) == [(first, "NON_CURRENT", "PENDING_IMPORT"),
                                    (second, "CURRENT", "PENDING_IMPORT")]
    with refuses("NotFoundException"):
        kms.delete_imported_key_material(KeyId=waiting, KeyMaterialId="0" * 64)
    bring_material(kms, waiting, MATERIAL)
    assert kms.describe_key(KeyId=waiting)["KeyMetadata"]["KeyState"] == "PendingImport"
    bring_material(kms, waiting, OTHER)
    assert kms.describe_key(KeyId=waiting)["KeyMetadata"]["KeyState"] == "Enabled"
    assert kms.decrypt(CiphertextBlob=old_blob)["Plaintext"] == b"old"


def test_description_of_material_stays_until_it_is_changed(kms, waiting):
    def description():
        return kms.list_key_rotations(
            KeyId=waiting, **EVERY)["Rotations"][0].get("KeyMaterialDescription")

    bring_material(kms, waiting, MATERIAL)
    assert description() is None
    for given, shown in (("a b", "a b"), (None, "a b"), ("c", "c")):
        bring_material(kms, waiting, MATERIAL,
                       **({"KeyMaterialDescription": given} if given else {}))
        assert description() == shown


def test_pairs_have_one_material(kms, refuses):
    key = kms.create_key(Origin="EXTERNAL", KeySpec="HMAC_256",
                         KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
    for changes in ({"ImportType": "NEW_KEY_MATERIAL"}, {"KeyMaterialId": "0" * 64},
                    {"KeyMaterialDescription": "a"}):
        with refuses("ValidationException"):
            bring_material(kms, key, MATERIAL, **changes)
    assert "KeyMaterialId" not in bring_material(kms, key, MATERIAL)
    with refuses("IncorrectKeyMaterialException"):
        bring_material(kms, key, OTHER)
    with refuses("UnsupportedOperationException", ""):
        kms.rotate_key_on_demand(KeyId=key)


def test_several_materials_are_kept_over_a_restart(private):
    server = private()
    kms = server.client("kms")
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
    bring_material(kms, key, MATERIAL, KeyMaterialDescription="first")
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    new_material(kms, key, OTHER)
    kms.rotate_key_on_demand(KeyId=key)
    new_material(kms, key, THIRD)
    before = kms.list_key_rotations(KeyId=key, **EVERY)["Rotations"]
    server.restart()
    kms = server.client("kms")
    assert kms.list_key_rotations(KeyId=key, **EVERY)["Rotations"] == before
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    kms.rotate_key_on_demand(KeyId=key)
    assert current(kms, key) == before[2]["KeyMaterialId"]
