# SPDX-License-Identifier: MIT
"""Encrypt, Decrypt, ReEncrypt, data keys and random bytes, with their encryption contexts."""
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

CONTEXT = {"a": "1", "ä": "ö", "empty": ""}


@pytest.mark.parametrize("size", [1, 15, 16, 17, 4096])
def test_what_is_encrypted_is_decrypted(kms, key, size):
    sealed = kms.encrypt(KeyId=key, Plaintext=b"p" * size)
    assert (sealed["KeyId"], sealed["EncryptionAlgorithm"]) == (key, "SYMMETRIC_DEFAULT")
    assert b"ppppppp" not in sealed["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])
    assert opened["Plaintext"] == b"p" * size
    assert (opened["KeyId"], opened["EncryptionAlgorithm"]) == (key, "SYMMETRIC_DEFAULT")
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert opened["KeyMaterialId"] == metadata["CurrentKeyMaterialId"]


def test_ciphertexts_are_never_the_same(kms, key):
    blobs = {kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"] for _ in range(20)}
    assert len(blobs) == 20


def test_plaintext_has_limits(server, key, refuses):
    kms = server.client("kms", validates=False)
    text = "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
    with refuses("ValidationException",
                 text + "Member must have length less than or equal to 4096"):
        kms.encrypt(KeyId=key, Plaintext=b"x" * 4097)
    with refuses("ValidationException",
                 text + "Member must have length greater than or equal to 1"):
        kms.encrypt(KeyId=key, Plaintext=b"")
    with refuses("ValidationException", "1 validation error detected: Value null at 'plaintext' "
                                        "failed to satisfy constraint: Member must not be null"):
        kms.encrypt(KeyId=key)


def test_context_must_be_the_same(kms, key, refuses):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=CONTEXT)["CiphertextBlob"]
    backwards = dict(reversed(CONTEXT.items()))
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=backwards)["Plaintext"] == b"x"
    for context in ({}, {"a": "1"}, {**CONTEXT, "more": "2"}, {**CONTEXT, "a": "2"},
                    {**{k: v for k, v in CONTEXT.items() if k != "a"}, "A": "1"}):
        with refuses("InvalidCiphertextException", ""):
            kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)


def test_context_has_a_limit(kms, key, refuses):
    kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"k": "v" * 8191})
    with refuses("ValidationException"):
        kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"k": "v" * 8192})


def test_changed_ciphertext_is_refused(kms, key, refuses):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    for place in range(len(blob)):
        changed = bytearray(blob)
        changed[place] ^= 1
        names_another_key = 2 <= place < 18
        fault = ("AccessDeniedException",) if names_another_key else (
            "InvalidCiphertextException", "")
        with refuses(*fault):
            kms.decrypt(CiphertextBlob=bytes(changed))
    for size in (1, len(blob) - 1):
        with refuses("InvalidCiphertextException", ""):
            kms.decrypt(CiphertextBlob=blob[:size])


def test_key_that_is_named_must_be_that_of_the_ciphertext(kms, key, refuses):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    signs = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    assert kms.decrypt(CiphertextBlob=blob, KeyId=key)["Plaintext"] == b"x"
    for named in (other, signs):
        with refuses("IncorrectKeyException", "The key ID in the request does not identify a CMK "
                                              "that can perform this operation."):
            kms.decrypt(CiphertextBlob=blob, KeyId=named)


def test_keys_of_other_usage_are_refused(kms, key, pairs, refuses):
    signs = pairs["ECC_NIST_P256"]
    with refuses("InvalidKeyUsageException",
                 f"{signs} key usage is SIGN_VERIFY which is not valid for Encrypt."):
        kms.encrypt(KeyId=signs, Plaintext=b"x")
    with refuses("InvalidKeyUsageException",
                 f"{key} key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac."):
        kms.generate_mac(KeyId=key, Message=b"x", MacAlgorithm="HMAC_SHA_256")
    with refuses("InvalidKeyUsageException"):
        kms.generate_data_key(KeyId=signs, KeySpec="AES_256")


def test_re_encrypt_changes_key_and_context(kms, key, refuses):
    other = kms.create_key()["KeyMetadata"]["Arn"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "1"})["CiphertextBlob"]
    moved = kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext={"a": "1"},
                           DestinationKeyId=other, DestinationEncryptionContext={"b": "2"})
    assert (moved["SourceKeyId"], moved["KeyId"]) == (key, other)
    assert moved["SourceKeyMaterialId"] != moved["DestinationKeyMaterialId"]
    opened = kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"b": "2"})
    assert (opened["Plaintext"], opened["KeyId"]) == (b"x", other)
    with refuses("InvalidCiphertextException", ""):
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)
    with refuses("IncorrectKeyException"):
        kms.re_encrypt(CiphertextBlob=blob, SourceKeyId=other, DestinationKeyId=other,
                       SourceEncryptionContext={"a": "1"})


# ---- data keys ----


@pytest.mark.parametrize("arguments, size", [
    ({"KeySpec": "AES_256"}, 32), ({"KeySpec": "AES_128"}, 16), ({"NumberOfBytes": 1}, 1),
    ({"NumberOfBytes": 1024}, 1024)])
def test_data_key_comes_in_clear_and_encrypted(kms, key, arguments, size):
    made = kms.generate_data_key(KeyId=key, EncryptionContext={"a": "1"}, **arguments)
    assert made["KeyId"] == key and len(made["Plaintext"]) == size
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"a": "1"})
    assert opened["Plaintext"] == made["Plaintext"]
    assert opened["KeyMaterialId"] == made["KeyMaterialId"]
    bare = kms.generate_data_key_without_plaintext(KeyId=key, **arguments)
    assert "Plaintext" not in bare
    assert len(kms.decrypt(CiphertextBlob=bare["CiphertextBlob"])["Plaintext"]) == size


@pytest.mark.parametrize("arguments, text", [
    ({}, "Please specify either number of bytes or key spec."),
    ({"KeySpec": "AES_256", "NumberOfBytes": 32},
     "Please specify either number of bytes or key spec."),
    ({"KeySpec": "AES_512"}, "1 validation error detected: Value 'AES_512' at 'keySpec' failed to "
     "satisfy constraint: Member must satisfy enum value set: [AES_256, AES_128]"),
    ({"NumberOfBytes": 1025}, "1 validation error detected: Value '1025' at 'numberOfBytes' failed "
     "to satisfy constraint: Member must have value less than or equal to 1024"),
])
def test_data_key_that_cannot_be_is_refused(kms, key, refuses, arguments, text):
    with refuses("ValidationException", text):
        kms.generate_data_key(KeyId=key, **arguments)


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P256", "ECC_SECG_P256K1"])
def test_data_key_pair_belongs_together(kms, key, spec):
    made = kms.generate_data_key_pair(KeyId=key, KeyPairSpec=spec, EncryptionContext={"a": "1"})
    assert (made["KeyId"], made["KeyPairSpec"]) == (key, spec)
    private = serialization.load_der_private_key(made["PrivateKeyPlaintext"], None)
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert public == made["PublicKey"]
    opened = kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"],
                         EncryptionContext={"a": "1"})
    assert opened["Plaintext"] == made["PrivateKeyPlaintext"]


def test_data_key_pair_without_plaintext(kms, key, refuses):
    made = kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec="ECC_NIST_P384")
    assert "PrivateKeyPlaintext" not in made
    plain = kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"])["Plaintext"]
    assert serialization.load_der_private_key(plain, None).key_size == 384
    with refuses("ValidationException"):
        kms.generate_data_key_pair(KeyId=key, KeyPairSpec="HMAC_256")


def test_random_bytes(kms, refuses):
    for size in (1, 44, 1024):
        assert len(kms.generate_random(NumberOfBytes=size)["Plaintext"]) == size
    assert len({kms.generate_random(NumberOfBytes=16)["Plaintext"] for _ in range(10)}) == 10
    with refuses("ValidationException", "NumberOfBytes is required."):
        kms.generate_random()
    with refuses("ValidationException",
                 "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy "
                 "constraint: Member must have value less than or equal to 1024"):
        kms.generate_random(NumberOfBytes=1025)


# ---- RSA ----


@pytest.fixture(scope="module")
def rsa(server):
    return server.client("kms").create_key(
        KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]


@pytest.mark.parametrize("algorithm, digest, most", [
    ("RSAES_OAEP_SHA_1", hashes.SHA1(), 214), ("RSAES_OAEP_SHA_256", hashes.SHA256(), 190)])
def test_rsa_decrypts_what_others_encrypt(kms, rsa, refuses, algorithm, digest, most):
    public = serialization.load_der_public_key(kms.get_public_key(KeyId=rsa)["PublicKey"])
    oaep = padding.OAEP(padding.MGF1(digest), digest, None)
    foreign = public.encrypt(b"from outside", oaep)
    opened = kms.decrypt(KeyId=rsa, CiphertextBlob=foreign, EncryptionAlgorithm=algorithm)
    assert (opened["Plaintext"], opened["KeyId"]) == (b"from outside", rsa)
    assert "KeyMaterialId" not in opened
    own = kms.encrypt(KeyId=rsa, Plaintext=b"x" * most, EncryptionAlgorithm=algorithm)
    assert kms.decrypt(KeyId=rsa, CiphertextBlob=own["CiphertextBlob"],
                       EncryptionAlgorithm=algorithm)["Plaintext"] == b"x" * most
    with refuses("ValidationException", f"Algorithm {algorithm} and key spec RSA_2048 cannot "
                                        f"encrypt data larger than {most} bytes."):
        kms.encrypt(KeyId=rsa, Plaintext=b"x" * (most + 1), EncryptionAlgorithm=algorithm)
    with refuses("InvalidCiphertextException", ""):
        kms.decrypt(KeyId=rsa, CiphertextBlob=foreign[:-1], EncryptionAlgorithm=algorithm)


def test_rsa_needs_its_own_algorithm(kms, rsa, key, refuses):
    with refuses("InvalidKeyUsageException",
                 "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048."):
        kms.encrypt(KeyId=rsa, Plaintext=b"x")
    with refuses("InvalidKeyUsageException",
                 "Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT."):
        kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionAlgorithm="RSAES_OAEP_SHA_1")
    with refuses("InvalidKeyUsageException",
                 "Algorithm SM2PKE is incompatible with key spec RSA_2048."):
        kms.encrypt(KeyId=rsa, Plaintext=b"x", EncryptionAlgorithm="SM2PKE")


# ---- dry runs ----


def test_dry_run_does_nothing_and_says_so(kms, key, pairs, refuses):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    mac = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
    curve = pairs["ECC_NIST_P256"]
    text = "The request would have succeeded, but the DryRun option is set."
    for operation, arguments in (
            (kms.encrypt, {"KeyId": key, "Plaintext": b"x"}),
            (kms.decrypt, {"CiphertextBlob": blob}),
            (kms.re_encrypt, {"CiphertextBlob": blob, "DestinationKeyId": key}),
            (kms.generate_data_key, {"KeyId": key, "KeySpec": "AES_256"}),
            (kms.generate_data_key_without_plaintext, {"KeyId": key, "KeySpec": "AES_256"}),
            (kms.generate_data_key_pair, {"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"}),
            (kms.generate_mac, {"KeyId": mac, "Message": b"x", "MacAlgorithm": "HMAC_SHA_256"}),
            (kms.sign, {"KeyId": curve, "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}),
            (kms.create_grant, {"KeyId": key, "Operations": ["Decrypt"],
                                "GranteePrincipal": "arn:aws:iam::000000000000:user/x"})):
        with refuses("DryRunOperationException", text):
            operation(DryRun=True, **arguments)
    assert kms.list_grants(KeyId=key)["Grants"] == []
    with refuses("NotFoundException"):
        kms.encrypt(KeyId="alias/none", Plaintext=b"x", DryRun=True)
