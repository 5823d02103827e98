# SPDX-License-Identifier: MIT
"""Queues of other accounts (tern queue grant), and keys (tern kms)."""
import json

OTHER = {"AWS_ACCESS_KEY_ID": "444455556666", "AWS_SECRET_ACCESS_KEY": "x"}


def policy_of(tern, name):
    shown = tern.json("queue", "show", name)[0]["Attributes"]
    return json.loads(shown["Policy"]) if shown.get("Policy") else None


def test_another_account_may_send_until_it_is_revoked(tern, queue, name):
    tern("send", queue, "hello", code=1, **OTHER)
    label = tern("queue", "grant", name, "--account", "444455556666", "--action",
                 "SendMessage").stdout.strip()
    assert label == "444455556666-SendMessage"
    tern("send", queue, "hello", **OTHER)
    assert tern("receive", name, "--body").stdout == "hello\n"
    tern("receive", queue, code=1, **OTHER)
    tern("queue", "revoke", name, label)
    tern("send", queue, "hello", code=1, **OTHER)
    assert not policy_of(tern, name)


def test_grants_have_labels_accounts_and_actions(tern, queue, name):
    made = tern.json("queue", "grant", name, "--account", "111122223333,444455556666", "--action",
                     "sqs:SendMessage, GetQueueUrl", "--action", "ReceiveMessage", "--label", "us")
    assert made == [{"Label": "us"}]
    statement, = policy_of(tern, name)["Statement"]
    assert statement["Sid"] == "us"
    assert statement["Principal"]["AWS"] == ["arn:aws:iam::111122223333:root",
                                             "arn:aws:iam::444455556666:root"]
    assert statement["Action"] == ["SQS:SendMessage", "SQS:GetQueueUrl", "SQS:ReceiveMessage"]
    tern("queue", "grant", name, "--account", "444455556666", "--action", "*")
    assert [one["Sid"] for one in policy_of(tern, name)["Statement"]] == ["us", "444455556666-all"]
    assert "who may do what" in tern("queue", "grant", name, "--action", "*", code=2).stderr
    assert "who may do what" in tern("queue", "grant", name, "--account", "1", code=2).stderr
    assert tern("queue", "revoke", name, "nothing", code=1).stderr != ""


def test_keys(tern, name):
    made, = tern.json("kms", "create", "--alias", name, "--description", "for a test", "--rotate")
    identity = made["Arn"].split("/")[-1]

    def row():
        found, = [key for key in tern.json("kms", "ls") if key["KeyId"] == identity]
        return found

    assert row() == {"KeyId": identity, "Aliases": f"alias/{name}", "KeyState": "Enabled",
                     "KeySpec": "SYMMETRIC_DEFAULT", "KeyManager": "CUSTOMER",
                     "Description": "for a test", "Arn": made["Arn"]}
    tern("kms", "rotate", name)
    tern("kms", "disable", f"alias/{name}")
    assert row()["KeyState"] == "Disabled"
    tern("kms", "enable", identity)
    assert row()["KeyState"] == "Enabled"
    assert "tern kms restore" in tern("kms", "rm", made["Arn"], "--days", "7").stderr
    assert row()["KeyState"] == "PendingDeletion"
    tern("kms", "restore", name)
    assert row()["KeyState"] == "Enabled"
    assert "NotFound" in tern("kms", "disable", "nobody", code=1).stderr


def test_queue_with_a_key(tern, name):
    tern("kms", "create", "--alias", name)
    tern("queue", "create", name, "--kms-key", f"alias/{name}")
    assert tern.json("queue", "show", name)[0]["Attributes"]["KmsMasterKeyId"] == f"alias/{name}"
    tern("send", name, "sealed")
    assert tern("receive", name, "--body").stdout == "sealed\n"
