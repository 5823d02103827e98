# SPDX-License-Identifier: MIT
"""A destroyed KMS key takes its messages with it, even from who has the disk and the root key.

`recover` is such a person: it follows doc/encryption.md with other implementations, and takes
whatever looks like a key from any byte of the data directory, not only from where it should be.
"""
import base64
import hashlib
import hmac
import re
import struct

import pytest
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from test_secrecy import assert_nowhere
from ternd import DEFAULT_ACCOUNT, eventually

BODY = "what only the key can bring back"
SEALED = b"\xe1"
ENVELOPE = b"\xe2"
BLOB_SIZE = 98
DAY_S = 86400


def nonce_of(counter):
    return b"\0" * 4 + counter


def open_sealed(masters, sealed):
    """What src/core/seal/seal.c says it writes; None: none of the keys is right."""
    head, name = sealed[:33], sealed[1:25]
    number, = struct.unpack("<H", name[6:8])
    if len(sealed) < 49 or number >= len(masters):
        return None
    subject = hmac.digest(masters[number], name[:8], hashlib.sha256)
    key = AESGCM(hmac.digest(subject, name[8:], hashlib.sha256))
    try:
        return key.decrypt(nonce_of(head[25:]), sealed[33:], head)
    except InvalidTag:
        return None


def masters_of(root, disk):
    """Every set of master keys that the root key opens, of one to four keys."""
    found = []
    for place in (found.start() for found in re.finditer(SEALED + b"\0{8}", disk)):
        for count in range(1, 5):
            plain = open_sealed([root], disk[place:place + 49 + 32 * count])
            if plain:
                found.append([plain[at:at + 32] for at in range(0, len(plain), 32)])
    return found


def materials_of(masters, disk):
    """All that may be key material: what is sealed, as text or as bytes, anywhere."""
    found = set()
    for text in re.findall(rb"[A-Za-z0-9+/]{64,}={0,2}", disk):
        try:
            sealed = base64.b64decode(text)
        except ValueError:
            continue
        if sealed[:1] == SEALED:
            plain = open_sealed(masters, sealed)
            if plain:
                found.add(plain[-32:])
    for match in re.finditer(SEALED + b"\0{6}", disk):
        for size in range(32, 200):
            plain = open_sealed(masters, disk[match.start():match.start() + 49 + size])
            if plain:
                found.add(plain[-32:])
    return found


def encode_context(context):
    return b"".join(struct.pack(">I", len(part)) + part
                    for pair in sorted(context.items()) for part in pair)


def data_key_of(material, blob, context):
    """src/services/kms/blob.h; None: another key's."""
    block = b"\0\0\0\1tern kms\0" + blob[22:38] + b"\0\0\1\0"
    key = AESGCM(hmac.digest(material, block, hashlib.sha256))
    try:
        return key.decrypt(blob[38:50], blob[50:], blob[:50] + encode_context(context))
    except InvalidTag:
        return None


def bodies_of(materials, disk, size, data_keys):
    """Of the messages of `size` bytes whose data keys the materials open; adds those."""
    found = set()
    for match in re.finditer(re.escape(ENVELOPE + struct.pack("<H", BLOB_SIZE)), disk):
        head = disk[match.start():]
        arn_size, = struct.unpack("<H", head[3:5])
        clear = 13 + BLOB_SIZE + arn_size
        blob, arn = head[13:13 + BLOB_SIZE], head[13 + BLOB_SIZE:clear]
        for material in materials:
            data_key = data_key_of(material, blob, {b"aws:sqs:arn": arn})
            if data_key:
                data_keys.add(data_key)
                plain = AESGCM(data_key).decrypt(
                    nonce_of(head[5:13]), head[clear:clear + size + 16], head[:clear])
                found.add(plain[31 + len(DEFAULT_ACCOUNT):].decode())
    return found


def recover(server):
    """The bodies of messages, and all keys that were found on the way."""
    disk = b"\0".join(path.read_bytes() for path in sorted(server.data.rglob("*"))
                      if path.is_file())
    root = bytes.fromhex((server.data / "root.key").read_text().strip())
    materials, data_keys, masters = set(), set(), set()
    for opened in masters_of(root, disk):
        masters.update(opened)
        materials |= materials_of(opened, disk)
    size = 31 + len(DEFAULT_ACCOUNT) + len(BODY)
    bodies = bodies_of(materials, disk, size, data_keys)
    return bodies, masters | materials | data_keys


def make(server):
    key = server.client("kms").create_key()["KeyMetadata"]["KeyId"]
    sqs = server.client()
    url = sqs.create_queue(QueueName="q", Attributes={
        "KmsMasterKeyId": key, "MessageRetentionPeriod": str(14 * DAY_S)})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=BODY)
    return key


def test_another_implementation_opens_messages_of_a_kms_key(private):
    server = private("--log-level", "debug", "--audit", "all")
    make(server)
    assert len(server.client().receive_message(QueueUrl="q")["Messages"]) == 1
    server.stop()
    bodies, keys = recover(server)
    assert bodies == {BODY}
    # A master key, secrets of the server and of the KMS key, a data key: none lies about.
    assert len(keys) >= 3
    assert_nowhere(server.directory, keys)


def test_a_destroyed_key_takes_its_messages_with_it(private):
    server = private("--test-clock")
    key = make(server)
    kms = server.client("kms")
    # The key's record is written many times, and left in pages that are free by now.
    for number in range(20):
        kms.update_key_description(KeyId=key, Description=f"number {number}")
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    server.restart()
    server.stop()
    assert recover(server)[0] == {BODY}
    server.start()
    server.advance(8 * DAY_S)
    eventually(lambda: server.client("kms").list_keys()["Keys"] == [], what="the key is gone")
    with pytest.raises(ClientError) as caught:
        server.client().receive_message(QueueUrl="q")
    assert caught.value.response["Error"]["Code"] == "KMS.NotFoundException"
    # Nothing else was lost.
    assert server.client().get_queue_url(QueueName="q")
    server.stop()
    assert recover(server)[0] == set()
    server.start()
    attributes = server.client().get_queue_attributes(QueueUrl="q", AttributeNames=["All"])
    assert attributes["Attributes"]["ApproximateNumberOfMessages"] == "1"
