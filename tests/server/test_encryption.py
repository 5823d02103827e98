# SPDX-License-Identifier: MIT
"""Encryption at rest: what is in the data directory, and what the root key is needed for."""
import hashlib
import hmac
import json
import os
import re

import lmdb
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ternd import DEFAULT_ACCOUNT, eventually

BODY = "a-body-that-nobody-else-would-write-" * 8
ATTRIBUTES = {"note": {"DataType": "String", "StringValue": "an-attribute-nobody-else-has"}}
HEAD_SIZE = 33      # version, subject, salt, counter: src/core/seal/seal.c
MESSAGE_HEAD = 31   # src/services/sqs/message.c


def bytes_on_disk(server):
    return b"".join(path.read_bytes() for path in sorted(server.data.rglob("*"))
                    if path.is_file() and path.name != "root.key")


def send(sqs, url, **options):
    sqs.send_message(QueueUrl=url, MessageBody=BODY, MessageAttributes=ATTRIBUTES, **options)


def received(sqs, url):
    return sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"],
                               VisibilityTimeout=0)["Messages"][0]


@pytest.mark.parametrize("attributes", [
    {}, {"KmsMasterKeyId": "alias/aws/sqs"}, {"SqsManagedSseEnabled": "true"}])
def test_nothing_of_a_message_is_on_disk_in_the_clear(private, attributes):
    server = private()
    sqs = server.client()
    url = sqs.create_queue(QueueName="q", Attributes=attributes)["QueueUrl"]
    send(sqs, url)
    assert received(sqs, url)["Body"] == BODY
    server.stop()
    disk = bytes_on_disk(server)
    assert b"a-body-that" not in disk
    assert b"an-attribute-nobody" not in disk
    server.start()
    message = received(server.client(), "q")
    assert message["Body"] == BODY
    assert message["MessageAttributes"] == ATTRIBUTES


def test_ids_of_groups_and_deduplication_are_not_on_disk_either(private):
    server = private()
    sqs = server.client()
    url = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    send(sqs, url, MessageGroupId="group-of-nobody-else", MessageDeduplicationId="dedup-of-nobody")
    server.stop()
    disk = bytes_on_disk(server)
    assert b"group-of-nobody" not in disk
    assert b"dedup-of-nobody" not in disk


def test_a_queue_that_wants_no_encryption_has_none(private):
    server = private()
    sqs = server.client()
    url = sqs.create_queue(QueueName="q", Attributes={"SqsManagedSseEnabled": "false"})["QueueUrl"]
    send(sqs, url)
    server.stop()
    assert b"a-body-that" in bytes_on_disk(server)


def test_a_change_of_the_setting_leaves_old_messages_readable(private):
    server = private()
    sqs = server.client()
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    for value in ("false", "true", "false"):
        sqs.send_message(QueueUrl=url, MessageBody="before " + value)
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": value})
    server.restart()
    messages = server.client().receive_message(QueueUrl="q", MaxNumberOfMessages=10)["Messages"]
    assert sorted(message["Body"] for message in messages) == [
        "before false", "before false", "before true"]


def test_moved_messages_are_readable_where_they_are(private):
    server = private("--durability", "os")
    sqs = server.client()
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{DEFAULT_ACCOUNT}:dead"
    url = sqs.create_queue(QueueName="q", Attributes={"RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": arn, "maxReceiveCount": 1})})["QueueUrl"]
    send(sqs, url)
    received(sqs, url)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.delete_queue(QueueUrl=url)
    server.restart()
    assert received(server.client(), dead.rsplit("/", 1)[1])["Body"] == BODY


def test_looking_at_messages_shows_them_in_the_clear(private):
    server = private("--durability", "os")
    sqs = server.client()
    send(sqs, sqs.create_queue(QueueName="q")["QueueUrl"])
    page = server.get(f"/_tern/queues/{DEFAULT_ACCOUNT}/q/messages").json()
    assert page["messages"][0]["message"]["Body"] == BODY


def test_secrets_are_not_in_the_catalog_in_the_clear(private):
    server = private("--auth", "required")
    found = eventually(lambda: re.search(r"SECRET_ACCESS_KEY=(\S{40})", server.log()))
    root = (server.data / "root.key").read_text().strip()
    server.stop()
    disk = bytes_on_disk(server)
    assert found[1].encode() not in disk
    assert root.encode() not in disk and bytes.fromhex(root) not in disk


def derive(master, subject_and_salt):
    subject = hmac.digest(master, subject_and_salt[:8], hashlib.sha256)
    return AESGCM(hmac.digest(subject, subject_and_salt[8:], hashlib.sha256))


def open_sealed(master, sealed):
    """What src/core/seal/seal.c says it writes, opened without a line of it."""
    head, nonce = sealed[:HEAD_SIZE], b"\0" * 4 + sealed[25:HEAD_SIZE]
    assert head[0] == 0xe1
    return derive(master, head[1:25]).decrypt(nonce, sealed[HEAD_SIZE:], head)


def test_another_implementation_opens_what_was_sealed(private):
    server = private()
    sqs = server.client()
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=BODY)
    server.stop()
    root = bytes.fromhex((server.data / "root.key").read_text().strip())
    catalog = lmdb.open(str(server.data / "catalog"), max_dbs=8, readonly=True, lock=False)
    with catalog.begin(catalog.open_db(b"meta", create=False)) as transaction:
        master = open_sealed(root, transaction.get(b"master-key"))
    with catalog.begin(catalog.open_db(b"sqs-queues", create=False)) as transaction:
        number = int.from_bytes(next(transaction.cursor().iternext(values=False)), "big")
    catalog.close()
    size = MESSAGE_HEAD + len(DEFAULT_ACCOUNT) + len(BODY) + HEAD_SIZE + 16
    log = b"".join(path.read_bytes() for path in (server.data / "log").iterdir())
    place = log.index(b"\xe1" + number.to_bytes(8, "little"))
    plain = open_sealed(master, log[place:place + size])
    assert plain.endswith(BODY.encode())
    assert hashlib.md5(BODY.encode()).digest() in plain


def failing(server, *flags):
    """The last line of a start that must not succeed."""
    server.flags += [str(flag) for flag in flags]
    server.spawn()
    assert server.wait() == 1
    return server.log().splitlines()[-1]


def test_a_missing_root_key_is_not_made_anew(private):
    server = private()
    key = server.data / "root.key"
    server.stop()
    kept = key.read_bytes()
    key.unlink()
    assert f"{key} is missing" in failing(server)
    assert not key.exists()
    key.write_bytes(kept)
    key.chmod(0o600)
    server.start()


def test_another_root_key_is_refused(private):
    server = private()
    server.stop()
    (server.data / "root.key").write_text("00" * 32)
    assert "not the one that" in failing(server)


def test_a_root_key_that_others_can_read_is_refused(private):
    server = private()
    server.stop()
    (server.data / "root.key").chmod(0o640)
    assert "chmod 600" in failing(server)


@pytest.mark.parametrize("text", ["", "00" * 31, "00" * 33, "zz" * 32])
def test_a_root_key_that_is_none_is_refused(private, text):
    server = private()
    server.stop()
    (server.data / "root.key").write_text(text)
    assert "64 hex digits" in failing(server)


def test_the_root_key_may_be_kept_elsewhere(private, tmp_path):
    key = tmp_path / "elsewhere.key"
    server = private("--root-key-file", key)
    assert key.stat().st_mode & 0o777 == 0o600
    assert not (server.data / "root.key").exists()
    server.client().create_queue(QueueName="q")
    server.restart()
    assert server.client().get_queue_url(QueueName="q")


def test_the_root_key_may_come_from_a_command(private):
    key = os.urandom(32).hex()
    server = private("--root-key-command", f"echo {key}")
    sqs = server.client()
    send(sqs, sqs.create_queue(QueueName="q")["QueueUrl"])
    server.restart()
    assert received(server.client(), "q")["Body"] == BODY
    assert not (server.data / "root.key").exists()
    server.stop()
    assert "ended with status 3" in failing(server, "--root-key-command", "exit 3")
