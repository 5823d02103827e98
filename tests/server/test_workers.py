# SPDX-License-Identifier: MIT
"""What takes long runs on worker threads: marked operations only, in turns of the accounts."""
import json
import socket

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from ternd import DEFAULT_REGION, eventually

OTHER = "111122223333"
# More than limits.h lets wait of one account, and those that may be made meanwhile.
FLOOD = 256 + 64
LARGE = 1 << 20  # of such size are messages that are read on workers


def ran(server, call):
    """How many operations ran on workers during the call."""
    before = server.metrics()["tern_worker_operations_total"]
    call()
    # The count is raised after the answer is handed over.
    eventually(lambda: server.metrics()["tern_worker_running"] == 0, what="the work is counted")
    return server.metrics()["tern_worker_operations_total"] - before


def test_rsa_runs_on_workers(private):
    server = private("--durability", "memory")
    kms = server.client("kms")
    assert ran(server, kms.create_key) == 0
    make = {"KeySpec": "RSA_2048"}
    assert ran(server, lambda: kms.create_key(KeyUsage="SIGN_VERIFY", **make)) == 1
    signer = kms.create_key(KeyUsage="SIGN_VERIFY", **make)["KeyMetadata"]["KeyId"]
    cipher = kms.create_key(KeyUsage="ENCRYPT_DECRYPT", **make)["KeyMetadata"]["KeyId"]
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    signing = {"KeyId": signer, "Message": b"m", "SigningAlgorithm": "RSASSA_PSS_SHA_256"}
    signature = kms.sign(**signing)["Signature"]
    assert ran(server, lambda: kms.sign(**signing)) == 1
    assert ran(server, lambda: kms.verify(Signature=signature, **signing)) == 1
    oaep = {"KeyId": cipher, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    secret = kms.encrypt(Plaintext=b"p", **oaep)["CiphertextBlob"]
    assert ran(server, lambda: kms.encrypt(Plaintext=b"p", **oaep)) == 1
    assert ran(server, lambda: kms.decrypt(CiphertextBlob=secret, **oaep)) == 1
    assert ran(server, lambda: kms.encrypt(KeyId=key, Plaintext=b"p")) == 0
    blob = kms.encrypt(KeyId=key, Plaintext=b"p")["CiphertextBlob"]
    assert ran(server, lambda: kms.decrypt(CiphertextBlob=blob)) == 0
    from_rsa = {"CiphertextBlob": secret, "SourceKeyId": cipher,
                "SourceEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    to_rsa = {"DestinationKeyId": cipher, "DestinationEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    assert ran(server, lambda: kms.re_encrypt(DestinationKeyId=key, **from_rsa)) == 1
    assert ran(server, lambda: kms.re_encrypt(CiphertextBlob=blob, **to_rsa)) == 1
    assert ran(server, lambda: kms.re_encrypt(**from_rsa, **to_rsa)) == 1
    pair = {"KeyId": key, "KeyPairSpec": "RSA_2048"}
    assert ran(server, lambda: kms.generate_data_key_pair(**pair)) == 1
    assert ran(server, lambda: kms.generate_data_key_pair_without_plaintext(**pair)) == 1


def test_policy_simulation_runs_on_workers(private):
    server = private("--durability", "memory")
    iam = server.client("iam")
    policy = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    assert ran(server, lambda: iam.simulate_custom_policy(
        PolicyInputList=[policy], ActionNames=["sqs:SendMessage"])) == 1
    assert ran(server, lambda: iam.get_context_keys_for_custom_policy(
        PolicyInputList=[policy])) == 1


def connect(server, key, account):
    """A connection that has asked for an RSA key and not read the answer."""
    body = json.dumps({"KeyId": key, "KeyPairSpec": "RSA_4096"}).encode()
    request = botocore.awsrequest.AWSRequest(
        "POST", server.url + "/", data=body, headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "TrentService.GenerateDataKeyPairWithoutPlaintext"})
    credentials = botocore.credentials.Credentials(account, "secret")
    botocore.auth.SigV4Auth(credentials, "kms", DEFAULT_REGION).add_auth(request)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    wire = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    wire.sendall(f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{head}"
                 f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return wire


def test_a_flood_of_work_delays_its_own_account_only(private):
    server = private("--durability", "memory", "--workers", "1")
    key = server.client("kms").create_key()["KeyMetadata"]["Arn"]
    other = server.client("kms", account=OTHER)
    signer = other.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    flood = [connect(server, key, "000000000000") for _ in range(FLOOD)]
    try:
        # What is too much is refused at once, in words that SDKs understand as "later".
        eventually(lambda: server.metrics()["tern_worker_refused_total"] > 0, what="a refusal")
        wire = flood[-1]
        answer = wire.recv(4096).decode()
        assert "400" in answer.splitlines()[0] and "ThrottlingException" in answer
        # The other account waits for the work that is being done, not for what waits.
        other.sign(KeyId=signer["KeyId"], Message=b"m", SigningAlgorithm="ECDSA_SHA_256")
        assert server.metrics()["tern_worker_waiting"] > 0
    finally:
        for wire in flood:
            wire.close()
    # Nobody would read those answers, so their work is not done.
    eventually(lambda: server.metrics()["tern_worker_waiting"] == 0, what="the work is cancelled")
    assert server.metrics()["tern_worker_cancelled_total"] > 0


def ask_for_message(server, url):
    body = json.dumps({"QueueUrl": url}).encode()
    wire = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    wire.sendall(f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
                 "Content-Type: application/x-amz-json-1.0\r\n"
                 "X-Amz-Target: AmazonSQS.ReceiveMessage\r\n"
                 f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return wire


def test_a_message_whose_receiver_left_before_it_was_read_goes_back(private):
    """It was never answered, so it is not in flight: others get it at once, for the first time."""
    server = private("--durability", "memory", "--workers", "1")
    key = server.client("kms").create_key()["KeyMetadata"]["Arn"]
    sqs = server.client()
    url = sqs.create_queue(QueueName="large")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x" * LARGE)
    flood = [connect(server, key, "000000000000") for _ in range(24)]
    eventually(lambda: server.metrics()["tern_worker_waiting"] > 10, what="the worker is busy")
    leaver = ask_for_message(server, url)

    def in_flight():
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][
            "ApproximateNumberOfMessagesNotVisible"]

    eventually(lambda: in_flight() == "1", what="it is taken")
    leaver.close()
    eventually(lambda: in_flight() == "0", what="it is given back")
    for wire in flood:
        wire.close()
    [message] = sqs.receive_message(QueueUrl=url, AttributeNames=["ApproximateReceiveCount"],
                                    WaitTimeSeconds=5)["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
