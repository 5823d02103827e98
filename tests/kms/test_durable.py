# SPDX-License-Identifier: MIT
"""Keys outlive the process, whatever ends it, and their material is in no file in clear."""
import base64

from catalog import Catalog
from wrapping import wrap

MATERIAL = bytes(range(100, 132))


def test_all_of_a_key_is_there_after_a_kill(private):
    server = private()
    kms = server.client("kms")
    key = kms.create_key(Description="d", Tags=[{"TagKey": "t", "TagValue": "v"}])[
        "KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/kept", TargetKeyId=key)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=100)
    blobs = [kms.encrypt(KeyId=key, Plaintext=b"first")["CiphertextBlob"]]
    kms.rotate_key_on_demand(KeyId=key)
    blobs.append(kms.encrypt(KeyId=key, Plaintext=b"second")["CiphertextBlob"])
    kms.create_grant(KeyId=key, Operations=["Decrypt"], Name="g",
                     GranteePrincipal="arn:aws:iam::000000000000:user/u",
                     Constraints={"EncryptionContextEquals": {"a": "1"}})
    pair = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    signature = kms.sign(KeyId=pair, Message=b"x", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    gone = kms.create_key()["KeyMetadata"]["Arn"]
    kms.schedule_key_deletion(KeyId=gone)

    def see(kms):
        described = [kms.describe_key(KeyId=each)["KeyMetadata"] for each in (key, pair, gone)]
        answers = (kms.list_aliases(KeyId=key), kms.get_key_rotation_status(KeyId=key),
                   kms.list_grants(KeyId=key), kms.list_resource_tags(KeyId=key),
                   kms.get_key_policy(KeyId=key),
                   kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL"))
        for answer in answers:
            del answer["ResponseMetadata"]
        return described, answers

    before = see(kms)
    server.kill()
    server.start()
    kms = server.client("kms")
    assert see(kms) == before
    assert [kms.decrypt(CiphertextBlob=blob)["Plaintext"] for blob in blobs] == [
        b"first", b"second"]
    assert kms.verify(KeyId=pair, Message=b"x", Signature=signature,
                      SigningAlgorithm="ECDSA_SHA_256")["SignatureValid"]


def forms_of(secret):
    """How bytes could stand in a file."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    # Base64 of each alignment, without the ends that depend on what is beside.
    for pad in range(3):
        yield base64.b64encode(b"\0" * pad + secret)[4:-4]


def test_material_is_in_no_file_in_clear(private):
    server = private()
    kms = server.client("kms")
    symmetric = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
    mac = kms.create_key(Origin="EXTERNAL", KeySpec="HMAC_256",
                         KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
    secrets = [MATERIAL, MATERIAL[::-1]]
    for key, material in zip((symmetric, mac), secrets):
        parameters = kms.get_parameters_for_import(
            KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
        kms.import_key_material(
            KeyId=key, ImportToken=parameters["ImportToken"],
            EncryptedKeyMaterial=wrap(parameters, "RSAES_OAEP_SHA_256", material),
            ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")
    made = kms.generate_data_key(KeyId=symmetric, KeySpec="AES_256")
    secrets.append(made["Plaintext"])
    kms.encrypt(KeyId=symmetric, Plaintext=b"a text that must not be found")
    secrets.append(b"a text that must not be found")
    server.restart()
    kms = server.client("kms")
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
    server.stop()
    files = [path for path in server.directory.rglob("*") if path.is_file()]
    # The search itself must be able to find: the key's name stands in the catalog in clear.
    assert any(symmetric.encode() in path.read_bytes() for path in files)
    for path in files:
        content = path.read_bytes()
        for secret in secrets:
            for form in forms_of(secret):
                assert form not in content, path


def start_of_sealed(record):
    """Where the sealed material begins: it is the last member, number 7, of the last structure."""
    for place in range(len(record) - 2):
        low, high = record[place + 1:place + 3]
        if record[place] == 7 << 2 | 2 and low & 128 and \
                (low & 127) + (high << 7) == len(record) - place - 3:
            return place + 3
    raise AssertionError("the record has no sealed material at its end")


def test_material_of_one_key_does_not_open_in_another(private):
    """A record whose sealed material comes from another key's record is damaged."""
    server = private()
    kms = server.client("kms")
    first, second = (kms.create_key()["KeyMetadata"]["KeyId"].encode() for _ in range(2))
    server.stop()
    with Catalog(server) as catalog:
        ours, theirs = (catalog.get(b"kms_keys", name) for name in (first, second))
        place = start_of_sealed(ours)
        assert start_of_sealed(theirs) == place and len(ours) == len(theirs)
        catalog.put(b"kms_keys", first, ours[:place] + theirs[place:])
    server.spawn()
    assert server.wait() == 1
    assert "damaged" in server.log() and "the content of records" not in server.log()
