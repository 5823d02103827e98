# SPDX-License-Identifier: MIT
"""The AWS CLI's kms commands against a ternd, as its documentation uses them."""
import base64
import json
import pathlib

import pytest

from outside import CLIENTS, run_outside

DISTRIBUTION = pathlib.Path("/usr/bin/aws")


@pytest.fixture(params=["newest", "distribution"])
def kms(server, request):
    program = CLIENTS / "aws" if request.param == "newest" else DISTRIBUTION
    if not program.exists():
        pytest.skip("this distribution has no awscli package")

    def run(*arguments, **options):
        output = run_outside(server, program, "--endpoint-url", server.url, "--output", "json",
                             "kms", *arguments, **options)
        return json.loads(output) if output and not options else output
    # Of a call that the service refused: version 2 tells it apart from other failures.
    run.failure = 255 if program.parent == CLIENTS else 254
    return run


def test_keys_and_aliases(kms, name):
    key = kms("create-key", "--description", "orders", "--tags", "TagKey=team,TagValue=a")[
        "KeyMetadata"]["KeyId"]
    kms("create-alias", "--alias-name", f"alias/{name}", "--target-key-id", key)
    described = kms("describe-key", "--key-id", f"alias/{name}")["KeyMetadata"]
    assert (described["KeyId"], described["Origin"]) == (key, "AWS_KMS")
    aliases = kms("list-aliases", "--key-id", key)["Aliases"]
    assert [alias["AliasName"] for alias in aliases] == [f"alias/{name}"]
    assert key in [entry["KeyId"] for entry in kms("list-keys")["Keys"]]
    assert kms("list-resource-tags", "--key-id", key)["Tags"] == [
        {"TagKey": "team", "TagValue": "a"}]
    kms("disable-key", "--key-id", key)
    assert "DisabledException" in kms("encrypt", "--key-id", key, "--plaintext", "eA==",
                                      status=kms.failure)
    kms("schedule-key-deletion", "--key-id", key, "--pending-window-in-days", "7")
    kms("cancel-key-deletion", "--key-id", key)


def test_encryption(kms, tmp_path):
    key = kms("create-key")["KeyMetadata"]["KeyId"]
    plain = tmp_path / "plain"
    plain.write_bytes(b"a secret")
    sealed = kms("encrypt", "--key-id", key, "--plaintext", f"fileb://{plain}",
                 "--encryption-context", "a=1")
    blob = tmp_path / "blob"
    blob.write_bytes(base64.b64decode(sealed["CiphertextBlob"]))
    opened = kms("decrypt", "--ciphertext-blob", f"fileb://{blob}", "--encryption-context", "a=1")
    assert base64.b64decode(opened["Plaintext"]) == b"a secret"
    assert len(base64.b64decode(kms("generate-data-key", "--key-id", key, "--key-spec",
                                    "AES_256")["Plaintext"])) == 32
    assert "InvalidCiphertextException" in kms("decrypt", "--ciphertext-blob", f"fileb://{blob}",
                                               status=kms.failure)
    kms("enable-key-rotation", "--key-id", key)
    assert kms("get-key-rotation-status", "--key-id", key)["KeyRotationEnabled"] is True
    assert "kms:*" in kms("get-key-policy", "--key-id", key, "--policy-name", "default")["Policy"]


def test_signatures(kms, tmp_path):
    key = kms("create-key", "--key-spec", "ECC_NIST_P256", "--key-usage", "SIGN_VERIFY")[
        "KeyMetadata"]["KeyId"]
    message = tmp_path / "message"
    message.write_bytes(b"a message")
    arguments = ["--key-id", key, "--message", f"fileb://{message}", "--signing-algorithm",
                 "ECDSA_SHA_256"]
    signature = tmp_path / "signature"
    signature.write_bytes(base64.b64decode(kms("sign", *arguments)["Signature"]))
    verified = kms("verify", *arguments, "--signature", f"fileb://{signature}")
    assert verified["SignatureValid"] is True
