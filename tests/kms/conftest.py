# SPDX-License-Identifier: MIT
"""Fixtures of the KMS tests: a client of the shared server and fresh keys."""
import contextlib

import botocore.exceptions
import pytest

from wrapping import wrap


@contextlib.contextmanager
def refused(code, text=None):
    """The call in the block answers that fault, with that text if it is given; a fault without a
    text has no member for it."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    if text is not None:
        assert error["Message"] == text
        assert text or "message" not in caught.value.response


@pytest.fixture
def refuses():
    return refused


@pytest.fixture
def kms(server):
    return server.client("kms")


@pytest.fixture
def key(kms):
    """The ARN of a fresh symmetric key."""
    return kms.create_key()["KeyMetadata"]["Arn"]


@pytest.fixture(scope="session")
def pairs(server):
    """Keys that sign, one of each kind; RSA keys are slow to make."""
    kms = server.client("kms")
    specs = ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1",
             "ECC_NIST_EDWARDS25519"]
    return {spec: kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
            for spec in specs}


@pytest.fixture
def bring(kms):
    """bring(spec, usage, material): the ARN of a key with that material."""
    def make(spec, usage, material, algorithm="RSAES_OAEP_SHA_256"):
        key = kms.create_key(KeySpec=spec, KeyUsage=usage, Origin="EXTERNAL")["KeyMetadata"]["Arn"]
        parameters = kms.get_parameters_for_import(
            KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec="RSA_2048")
        kms.import_key_material(
            KeyId=key, ImportToken=parameters["ImportToken"],
            EncryptedKeyMaterial=wrap(parameters, algorithm, material),
            ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")
        return key
    return make
