# SPDX-License-Identifier: MIT
"""Key material wrapped as ImportKeyMaterial takes it."""
import os

from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding


def wrap(parameters, algorithm, material):
    """`parameters` are of GetParametersForImport, for the same algorithm."""
    public = serialization.load_der_public_key(parameters["PublicKey"])
    digest = hashes.SHA1() if algorithm.endswith("SHA_1") else hashes.SHA256()
    oaep = padding.OAEP(padding.MGF1(digest), digest, None)
    if algorithm.startswith("RSAES"):
        return public.encrypt(material, oaep)
    once = os.urandom(32)
    return public.encrypt(once, oaep) + keywrap.aes_key_wrap_with_padding(once, material)
