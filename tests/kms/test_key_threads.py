# SPDX-License-Identifier: MIT
"""Keys are used by several threads while they are changed: nothing is torn, nothing is lost."""
import concurrent.futures
import threading

WORKERS, ROUNDS = 4, 40


def test_keys_are_used_while_they_change(private):
    server = private("--threads", "3")
    kms = server.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    pair = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/moving", TargetKeyId=key)
    done = threading.Event()
    first = kms.encrypt(KeyId=key, Plaintext=b"first")["CiphertextBlob"]

    def use():
        for number in range(ROUNDS):
            made = kms.generate_data_key(KeyId="alias/moving", KeySpec="AES_256")
            opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"])
            assert opened["Plaintext"] == made["Plaintext"] and opened["KeyId"] == key
            assert kms.decrypt(CiphertextBlob=first)["Plaintext"] == b"first"
            message = str(number).encode()
            signature = kms.sign(KeyId=pair, Message=message, SigningAlgorithm="ECDSA_SHA_256")
            assert kms.verify(KeyId=pair, Message=message, SigningAlgorithm="ECDSA_SHA_256",
                              Signature=signature["Signature"])["SignatureValid"]

    def change():
        rotations = 0
        while not done.is_set():
            if rotations < 20:
                kms.rotate_key_on_demand(KeyId=key)
                rotations += 1
            kms.tag_resource(KeyId=key, Tags=[{"TagKey": "t", "TagValue": str(rotations)}])
            kms.update_alias(AliasName="alias/moving", TargetKeyId=key)
            grant = kms.create_grant(KeyId=key, Operations=["Decrypt"],
                                     GranteePrincipal="arn:aws:iam::000000000000:user/u")
            kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
            kms.list_aliases()
        return rotations

    with concurrent.futures.ThreadPoolExecutor(WORKERS + 1) as pool:
        changing = pool.submit(change)
        users = [pool.submit(use) for _ in range(WORKERS)]
        try:
            for user in users:
                user.result()
        finally:
            done.set()
        rotations = changing.result()
    assert rotations > 0
    listed = kms.list_key_rotations(KeyId=key)["Rotations"]
    assert len(listed) == rotations
    assert kms.decrypt(CiphertextBlob=first)["Plaintext"] == b"first"
