# SPDX-License-Identifier: MIT
"""Codes of a virtual MFA device, as an authenticator application computes them (RFC 6238)."""
import base64
import hashlib
import hmac
import struct
import time

STEP = 30


def code(seed, offset=0, at=None):
    """Of the present step, or of one that is `offset` steps later."""
    step = int((time.time() if at is None else at) // STEP) + offset
    digest = hmac.new(base64.b32decode(seed), struct.pack(">Q", step), hashlib.sha1).digest()
    place = digest[19] & 15
    number = struct.unpack(">I", digest[place:place + 4])[0] & 0x7fffffff
    return f"{number % 10 ** 6:06d}"
