# SPDX-License-Identifier: MIT
"""tern kms doctor: which key protects what."""


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
