# SPDX-License-Identifier: MIT
"""tern kms doctor: which key protects what."""
import pytest


def test_doctor_says_where_the_root_key_is(tern, server, queue, sqs):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    report, = tern.json("kms", "doctor")
    key = server.data / "root.key"
    assert report["root_key"] == {
        "source": "file in the data directory", "path": str(key), "is_change_pending": False,
        "master_keys": 1}
    assert report["sealed_by_tern"]["messages"] >= 1
    assert any(finding["severity"] == "warning" and str(key) in finding["text"]
               for finding in report["findings"])
    text = tern("kms", "doctor").stdout
    assert f"Root key: file in the data directory, {key}" in text
    assert "Tern's own (SSE-SQS)" in text
    assert "warning: " in text and "note: " in text


def test_doctor_counts_what_is_not_encrypted(tern, sqs, name):
    before = tern.json("kms", "doctor")[0]["not_encrypted"]
    url = sqs.create_queue(QueueName=name, Attributes={"SqsManagedSseEnabled": "false"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    report, = tern.json("kms", "doctor")
    after = report["not_encrypted"]
    assert after == {"queues": before["queues"] + 1, "messages": before["messages"] + 1}
    assert any("are not encrypted" in finding["text"] for finding in report["findings"])


def test_doctor_names_a_key_that_does_not_exist(tern, sqs, name):
    sqs.create_queue(QueueName=name, Attributes={"KmsMasterKeyId": "alias/of-no-key"})
    report, = tern.json("kms", "doctor")
    key, = [key for key in report["kms_keys"] if key["key"] == "alias/of-no-key"]
    assert key["state"] == "NotFound"
    assert [queue["arn"].rsplit(":")[-1] for queue in key["queues"]] == [name]
    assert any("alias/of-no-key does not exist" in finding["text"]
               for finding in report["findings"])


def test_another_endpoint_cannot_tell(tern, tmp_path, server):
    result = tern("kms", "doctor", AWS_ENDPOINT_URL=f"{server.url}/nowhere", code=1)
    assert "no Tern" in result.stderr or "nothing is served" in result.stderr


@pytest.fixture
def key(server):
    return server.client("kms").create_key()["KeyMetadata"]


def finding_about(report, key):
    texts = [finding["text"] for finding in report["findings"]
             if finding["severity"] == "warning" and key["Arn"] in finding["text"]]
    return texts[0] if texts else None


def test_doctor_counts_under_one_key_whatever_queues_call_it(tern, server, sqs, key, name):
    server.client("kms").create_alias(AliasName=f"alias/{name}", TargetKeyId=key["KeyId"])
    for number, given in enumerate((key["KeyId"], key["Arn"], f"alias/{name}")):
        url = sqs.create_queue(QueueName=f"{name}-{number}",
                               Attributes={"KmsMasterKeyId": given})["QueueUrl"]
        for _ in range(number):
            sqs.send_message(QueueUrl=url, MessageBody="x")
    report, = tern.json("kms", "doctor")
    row, = [row for row in report["kms_keys"] if row["key"] == key["Arn"]]
    assert (row["state"], row["queue_count"], row["messages"]) == ("Enabled", 3, 3)
    assert sorted((queue["arn"].rsplit(":")[-1], queue["messages"]) for queue in row["queues"]) == [
        (f"{name}-{number}", number) for number in range(3)]
    assert finding_about(report, key) is None
    assert [key["Arn"], "Enabled", "3", "3"] in [
        line.split() for line in tern.lines("kms", "doctor")]


def test_doctor_warns_of_keys_that_are_going(tern, server, sqs, key, name):
    kms = server.client("kms")
    url = sqs.create_queue(QueueName=name, Attributes={"KmsMasterKeyId": key["KeyId"]})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    kms.disable_key(KeyId=key["KeyId"])
    text = finding_about(tern.json("kms", "doctor")[0], key)
    assert "is in state Disabled: 1 messages in 1 queues cannot be read" in text
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    report, = tern.json("kms", "doctor")
    assert "is pending deletion: 1 messages in 1 queues are lost in 6 days and 23 hours" in (
        finding_about(report, key))
    row, = [row for row in report["kms_keys"] if row["key"] == key["Arn"]]
    assert row["state"] == "PendingDeletion" and row["deletion_ms"] > 0


def test_peek_says_what_cannot_be_opened(tern, server, sqs, key, name):
    url = sqs.create_queue(QueueName=name, Attributes={"KmsMasterKeyId": key["KeyId"]})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="only under its key")
    assert "only under its key" in tern("dlq", "peek", name).stdout
    server.client("kms").disable_key(KeyId=key["KeyId"])
    shown = tern("dlq", "peek", name)
    assert "[KMS.DisabledException]" in shown.stdout
    assert "only under its key" not in shown.stdout
    assert "1 messages cannot be opened: KMS.DisabledException" in shown.stderr
    assert tern("dlq", "peek", name, "--body").stdout == ""
