# SPDX-License-Identifier: MIT
"""Signatures and MACs, held against other implementations."""
import hashlib
import hmac

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding

DIGESTS = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
RSA = [f"RSASSA_{kind}_SHA_{bits}" for kind in ("PKCS1_V1_5", "PSS") for bits in DIGESTS]
CASES = [("RSA_2048", algorithm) for algorithm in RSA] + [
    ("ECC_NIST_P256", "ECDSA_SHA_256"), ("ECC_NIST_P384", "ECDSA_SHA_384"),
    ("ECC_NIST_P521", "ECDSA_SHA_512"), ("ECC_SECG_P256K1", "ECDSA_SHA_256")]


def check_elsewhere(public_key, algorithm, signature, message):
    public = serialization.load_der_public_key(public_key)
    digest = DIGESTS[algorithm[-3:]]
    if algorithm.startswith("ECDSA"):
        public.verify(signature, message, ec.ECDSA(digest))
        return
    scheme = padding.PKCS1v15()
    if "PSS" in algorithm:
        scheme = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
    public.verify(signature, message, scheme, digest)


@pytest.mark.parametrize("spec, algorithm", CASES)
def test_signature_is_verified_elsewhere_and_here(kms, pairs, refuses, spec, algorithm):
    key, message = pairs[spec], b"a message"
    public_key = kms.get_public_key(KeyId=key)["PublicKey"]
    digest = hashlib.new("sha" + algorithm[-3:], message).digest()
    signed = kms.sign(KeyId=key, Message=message, SigningAlgorithm=algorithm)
    assert (signed["KeyId"], signed["SigningAlgorithm"]) == (key, algorithm)
    check_elsewhere(public_key, algorithm, signed["Signature"], message)
    with pytest.raises(InvalidSignature):
        check_elsewhere(public_key, algorithm, signed["Signature"], b"another")
    of_digest = kms.sign(KeyId=key, Message=digest, MessageType="DIGEST",
                         SigningAlgorithm=algorithm)["Signature"]
    check_elsewhere(public_key, algorithm, of_digest, message)
    for signature in (signed["Signature"], of_digest):
        verified = kms.verify(KeyId=key, Message=message, Signature=signature,
                              SigningAlgorithm=algorithm)
        assert verified["SignatureValid"] is True
        assert (verified["KeyId"], verified["SigningAlgorithm"]) == (key, algorithm)
    assert kms.verify(KeyId=key, Message=digest, MessageType="DIGEST", Signature=of_digest,
                      SigningAlgorithm=algorithm)["SignatureValid"]
    for wrong in (b"x", signed["Signature"][:-1]):
        with refuses("KMSInvalidSignatureException", ""):
            kms.verify(KeyId=key, Message=message, Signature=wrong, SigningAlgorithm=algorithm)
    with refuses("KMSInvalidSignatureException", ""):
        kms.verify(KeyId=key, Message=b"another", Signature=signed["Signature"],
                   SigningAlgorithm=algorithm)
    with refuses("ValidationException", f"Digest is invalid length for algorithm {algorithm}."):
        kms.sign(KeyId=key, Message=digest[:-1], MessageType="DIGEST", SigningAlgorithm=algorithm)


def test_ed25519_signs_whole_messages(kms, pairs, refuses):
    key, message = pairs["ECC_NIST_EDWARDS25519"], b"a message"
    public = kms.get_public_key(KeyId=key)
    assert (public["KeySpec"], public["KeyUsage"], public["SigningAlgorithms"]) == (
        "ECC_NIST_EDWARDS25519", "SIGN_VERIFY", ["ED25519_SHA_512"])
    elsewhere = serialization.load_der_public_key(public["PublicKey"])
    signature = kms.sign(KeyId=key, Message=message,
                         SigningAlgorithm="ED25519_SHA_512")["Signature"]
    elsewhere.verify(signature, message)
    arguments = {"KeyId": key, "SigningAlgorithm": "ED25519_SHA_512"}
    assert kms.verify(Message=message, Signature=signature, MessageType="RAW",
                      **arguments)["SignatureValid"]
    for wrong in ({"Message": b"another", "Signature": signature},
                  {"Message": message, "Signature": signature[:-1]},
                  {"Message": message, "Signature": bytes(64)}):
        with refuses("KMSInvalidSignatureException", ""):
            kms.verify(**wrong, **arguments)
    for kind in ("DIGEST", "EXTERNAL_MU"):
        with refuses("ValidationException",
                     f"MessageType {kind} is not valid for algorithm ED25519_SHA_512."):
            kms.sign(Message=bytes(64), MessageType=kind, **arguments)


def test_ed25519_keys_are_imported(kms, bring):
    private = ed25519.Ed25519PrivateKey.generate()
    key = bring("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    signature = kms.sign(KeyId=key, Message=b"x", SigningAlgorithm="ED25519_SHA_512")["Signature"]
    assert signature == private.sign(b"x")


@pytest.mark.parametrize("algorithm", ["ED25519_PH_SHA_512", "ML_DSA_SHAKE_256", "SM2DSA",
                                       "ECDSA_SHA_256"])
def test_algorithms_of_other_keys_are_refused(kms, pairs, refuses, algorithm):
    with refuses("InvalidKeyUsageException", f"Algorithm {algorithm} is incompatible with key "
                                             "spec ECC_NIST_EDWARDS25519."):
        kms.sign(KeyId=pairs["ECC_NIST_EDWARDS25519"], Message=b"x", SigningAlgorithm=algorithm)


@pytest.mark.parametrize("arguments, code, text", [
    ({"SigningAlgorithm": "ECDSA_SHA_384"}, "InvalidKeyUsageException",
     "Algorithm ECDSA_SHA_384 is incompatible with key spec ECC_NIST_P256."),
    ({"SigningAlgorithm": "RSASSA_PSS_SHA_256"}, "InvalidKeyUsageException",
     "Algorithm RSASSA_PSS_SHA_256 is incompatible with key spec ECC_NIST_P256."),
    ({"SigningAlgorithm": "NONE"}, "ValidationException", None),
    ({"SigningAlgorithm": "ECDSA_SHA_256", "MessageType": "OTHER"}, "ValidationException", None),
])
def test_signing_that_cannot_be_is_refused(kms, pairs, refuses, arguments, code, text):
    with refuses(code, text):
        kms.sign(KeyId=pairs["ECC_NIST_P256"], Message=b"x", **arguments)


def test_public_key_says_what_it_is_for(kms, pairs, key, refuses):
    answer = kms.get_public_key(KeyId=pairs["RSA_2048"])
    assert answer["KeySpec"] == answer["CustomerMasterKeySpec"] == "RSA_2048"
    assert (answer["KeyId"], answer["KeyUsage"]) == (pairs["RSA_2048"], "SIGN_VERIFY")
    assert answer["SigningAlgorithms"] == RSA and "EncryptionAlgorithms" not in answer
    with refuses("UnsupportedOperationException"):
        kms.get_public_key(KeyId=key)


def test_keys_that_do_not_sign_are_refused(kms, key, refuses):
    with refuses("InvalidKeyUsageException",
                 f"{key} key usage is ENCRYPT_DECRYPT which is not valid for Verify."):
        kms.verify(KeyId=key, Message=b"x", Signature=b"x", SigningAlgorithm="ECDSA_SHA_256")


# ---- MACs ----


@pytest.mark.parametrize("bits", ["224", "256", "384", "512"])
def test_mac_is_verified_here_and_refused_when_wrong(kms, refuses, bits):
    algorithm = f"HMAC_SHA_{bits}"
    key = kms.create_key(KeySpec=f"HMAC_{bits}", KeyUsage="GENERATE_VERIFY_MAC")[
        "KeyMetadata"]["Arn"]
    made = kms.generate_mac(KeyId=key, Message=b"some important message", MacAlgorithm=algorithm)
    assert (made["KeyId"], made["MacAlgorithm"]) == (key, algorithm)
    assert len(made["Mac"]) == int(bits) // 8
    verified = kms.verify_mac(KeyId=key, Message=b"some important message",
                              MacAlgorithm=algorithm, Mac=made["Mac"])
    assert (verified["MacValid"], verified["MacAlgorithm"]) == (True, algorithm)
    with refuses("KMSInvalidMacException", ""):
        kms.verify_mac(KeyId=key, Message=b"another", MacAlgorithm=algorithm, Mac=made["Mac"])
    with refuses("KMSInvalidMacException", ""):
        kms.verify_mac(KeyId=key, Message=b"some important message", MacAlgorithm=algorithm,
                       Mac=made["Mac"][:-1])
    other = "HMAC_SHA_256" if bits != "256" else "HMAC_SHA_512"
    with refuses("InvalidKeyUsageException",
                 f"Algorithm {other} is incompatible with key spec HMAC_{bits}."):
        kms.generate_mac(KeyId=key, Message=b"x", MacAlgorithm=other)
    with refuses("ValidationException",
                 "1 validation error detected: Value 'INVALID' at 'macAlgorithm' failed to satisfy "
                 "constraint: Member must satisfy enum value set: [HMAC_SHA_384, HMAC_SHA_256, "
                 "HMAC_SHA_224, HMAC_SHA_512]"):
        kms.generate_mac(KeyId=key, Message=b"x", MacAlgorithm="INVALID")


def test_mac_of_imported_material_is_that_of_hashlib(kms, bring):
    for bits, size in (("224", 28), ("256", 32), ("384", 48), ("512", 64)):
        material = bytes(range(size))
        key = bring(f"HMAC_{bits}", "GENERATE_VERIFY_MAC", material)
        made = kms.generate_mac(KeyId=key, Message=b"message", MacAlgorithm=f"HMAC_SHA_{bits}")
        assert made["Mac"] == hmac.new(material, b"message", "sha" + bits).digest()
