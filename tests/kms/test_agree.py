# SPDX-License-Identifier: MIT
"""DeriveSharedSecret, held against another implementation of ECDH."""
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CURVES = {"ECC_NIST_P256": ec.SECP256R1(), "ECC_NIST_P384": ec.SECP384R1(),
          "ECC_NIST_P521": ec.SECP521R1()}


def public_of(private):
    return private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def agree(kms, key, public_key, **changes):
    return kms.derive_shared_secret(**{"KeyId": key, "KeyAgreementAlgorithm": "ECDH",
                                       "PublicKey": public_key} | changes)


@pytest.fixture(scope="module")
def keys(server):
    kms = server.client("kms")
    return {spec: kms.create_key(KeySpec=spec, KeyUsage="KEY_AGREEMENT")["KeyMetadata"]["Arn"]
            for spec in CURVES}


@pytest.mark.parametrize("spec", CURVES)
def test_secret_is_that_of_another_implementation(kms, keys, spec):
    ours = kms.get_public_key(KeyId=keys[spec])
    assert (ours["KeyUsage"], ours["KeyAgreementAlgorithms"]) == ("KEY_AGREEMENT", ["ECDH"])
    assert "SigningAlgorithms" not in ours
    private = ec.generate_private_key(CURVES[spec])
    answer = agree(kms, keys[spec].rsplit("/", 1)[1], public_of(private))
    expected = private.exchange(ec.ECDH(), serialization.load_der_public_key(ours["PublicKey"]))
    assert answer["SharedSecret"] == expected
    assert (answer["KeyId"], answer["KeyAgreementAlgorithm"], answer["KeyOrigin"]) == (
        keys[spec], "ECDH", "AWS_KMS")


def test_two_keys_agree(kms, keys):
    other = kms.create_key(KeySpec="ECC_NIST_P256",
                           KeyUsage="KEY_AGREEMENT")["KeyMetadata"]
    assert other["KeyAgreementAlgorithms"] == ["ECDH"]
    publics = [kms.get_public_key(KeyId=key)["PublicKey"]
               for key in (keys["ECC_NIST_P256"], other["Arn"])]
    assert agree(kms, keys["ECC_NIST_P256"], publics[1])["SharedSecret"] == agree(
        kms, other["Arn"], publics[0])["SharedSecret"]


def test_imported_key_agrees(kms, bring):
    private, peer = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    key = bring("ECC_NIST_P256", "KEY_AGREEMENT", private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    answer = agree(kms, key, public_of(peer))
    assert answer["SharedSecret"] == private.exchange(ec.ECDH(), peer.public_key())
    assert answer["KeyOrigin"] == "EXTERNAL"


@pytest.mark.parametrize("public_key", [
    b"InvalidPublicKey", public_of(ec.generate_private_key(ec.SECP384R1())),
    public_of(rsa.generate_private_key(65537, 2048)),
    public_of(ec.generate_private_key(ec.SECP256R1())) + b"x",
    public_of(ec.generate_private_key(ec.SECP256R1()))[:-1] + b"\0"],
    ids=["text", "another curve", "RSA", "a byte more", "the last byte"])
def test_other_public_keys_are_refused(kms, keys, refuses, public_key):
    with refuses("ValidationException", ""):
        agree(kms, keys["ECC_NIST_P256"], public_key)


def test_other_keys_and_algorithms_are_refused(server, kms, keys, key, pairs, refuses):
    public = public_of(ec.generate_private_key(ec.SECP256R1()))
    for other, usage in ((pairs["ECC_NIST_P256"], "SIGN_VERIFY"), (key, "ENCRYPT_DECRYPT")):
        with refuses("InvalidKeyUsageException", f"{other} key usage is {usage} which is not valid "
                                                 "for DeriveSharedSecret."):
            agree(kms, other, public)
    with refuses("InvalidKeyUsageException", f"{keys['ECC_NIST_P256']} key usage is KEY_AGREEMENT "
                                             "which is not valid for Sign."):
        kms.sign(KeyId=keys["ECC_NIST_P256"], Message=b"x", SigningAlgorithm="ECDSA_SHA_256")
    with refuses("ValidationException", (
            "1 validation error detected: Value 'INVALID' at 'keyAgreementAlgorithm' failed to "
            "satisfy constraint: Member must satisfy enum value set: [ECDH]")):
        agree(server.client("kms", validates=False), keys["ECC_NIST_P256"], public,
              KeyAgreementAlgorithm="INVALID")
    with refuses("DryRunOperationException"):
        agree(kms, keys["ECC_NIST_P256"], public, DryRun=True)
    for spec in ("RSA_2048", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519", "SYMMETRIC_DEFAULT"):
        with refuses("ValidationException",
                     f"KeyUsage KEY_AGREEMENT is not compatible with KeySpec {spec}"):
            kms.create_key(KeySpec=spec, KeyUsage="KEY_AGREEMENT")
