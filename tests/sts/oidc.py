# SPDX-License-Identifier: MIT
"""An OpenID Connect issuer: keys, the file that gives them to ternd, and tokens."""
import base64
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return encode(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Issuer:
    def __init__(self, url, algorithm="RS256", key_id="k1"):
        self.url, self.algorithm, self.key_id = url, algorithm, key_id
        self.key = (rsa.generate_private_key(65537, 2048) if algorithm == "RS256"
                    else ec.generate_private_key(ec.SECP256R1()))

    def jwk(self):
        numbers = self.key.public_key().public_numbers()
        if self.algorithm == "RS256":
            return {"kty": "RSA", "kid": self.key_id, "use": "sig", "alg": "RS256",
                    "n": number(numbers.n), "e": number(numbers.e)}
        return {"kty": "EC", "crv": "P-256", "kid": self.key_id,
                "x": number(numbers.x, 32), "y": number(numbers.y, 32)}

    def write(self, path):
        path.write_text(json.dumps({"issuer": self.url, "keys": [self.jwk()]}))

    def sign(self, data):
        if self.algorithm == "RS256":
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = utils.decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def token(self, without=(), header=None, **claims):
        now = int(time.time())
        body = {"iss": self.url, "sub": "repo:tern/app", "aud": "sts.amazonaws.com",
                "iat": now, "nbf": now, "exp": now + 600, **claims}
        for name in without:
            del body[name]
        head = {"alg": self.algorithm, "typ": "JWT", "kid": self.key_id, **(header or {})}
        signed = ".".join(encode(json.dumps(part).encode()) for part in (head, body))
        return f"{signed}.{encode(self.sign(signed.encode()))}"
