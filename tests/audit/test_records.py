# SPDX-License-Identifier: MIT
"""The audit log: what is recorded, what is not, and what becomes of its files."""
import json
import os
import pwd
import stat
import tempfile

import botocore.exceptions
import pytest

from ternd import DEFAULT_ACCOUNT, DEFAULT_REGION, Server, eventually

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
SECRET = "the treasure is under the oak"


def records(server, path=None):
    """All records; the server must have stopped, or some may be missing."""
    path = path or server.data / "audit/audit.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def names(server):
    return [record["eventName"] for record in records(server)]


@pytest.fixture
def audited(private):
    """audited(*flags) starts a server with an audit log of management calls."""
    return lambda *flags: private("--audit", "management", "--durability", "os", *flags)


def fault_of(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_record_has_cloudtrails_form(audited):
    server = audited()
    answer = server.client(account="111122223333", region="eu-west-1").create_queue(
        QueueName="orders", Attributes={"VisibilityTimeout": "40"}, tags={"team": "shop"})
    server.stop()
    record, = records(server)
    assert list(record) == [
        "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion",
        "sourceIPAddress", "userAgent", "requestParameters", "responseElements", "requestID",
        "eventID", "readOnly", "resources", "eventType", "managementEvent", "recipientAccountId",
        "eventCategory"]
    assert record["eventVersion"] == "1.11"
    assert record["userIdentity"] == {
        "type": "Root", "principalId": "111122223333", "arn": "arn:aws:iam::111122223333:root",
        "accountId": "111122223333", "accessKeyId": "111122223333"}
    assert len(record["eventTime"]) == len("2026-11-24T00:00:00Z")
    assert record["eventSource"] == "sqs.amazonaws.com"
    assert record["eventName"] == "CreateQueue"
    assert record["awsRegion"] == "eu-west-1"
    assert record["sourceIPAddress"] == "127.0.0.1"
    assert "Boto3" in record["userAgent"]
    assert record["requestParameters"] == {
        "queueName": "orders", "attributes": {"VisibilityTimeout": "40"}, "tags": {"team": "shop"}}
    assert record["responseElements"] == {"queueUrl": answer["QueueUrl"]}
    assert record["requestID"] == answer["ResponseMetadata"]["RequestId"]
    assert record["readOnly"] is False and record["managementEvent"] is True
    assert record["resources"] == [{"accountId": "111122223333", "type": "AWS::SQS::Queue",
                                    "ARN": "arn:aws:sqs:eu-west-1:111122223333:orders"}]
    assert (record["eventType"], record["eventCategory"]) == ("AwsApiCall", "Management")
    assert record["recipientAccountId"] == "111122223333"


def test_reading_shows_no_answer(audited):
    server = audited()
    server.client().list_queues()
    server.stop()
    record, = records(server)
    assert record["readOnly"] is True and record["responseElements"] is None


def test_data_calls_are_left_out_unless_wanted(private):
    counts = {}
    for calls in "off", "management", "all":
        server = private("--audit", calls, "--durability", "os")
        sqs = server.client()
        url = sqs.create_queue(QueueName="orders")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="hello")
        sqs.receive_message(QueueUrl=url)
        server.stop()
        counts[calls] = names(server)
    assert counts == {"off": [], "management": ["CreateQueue"],
                      "all": ["CreateQueue", "SendMessage", "ReceiveMessage"]}


def test_messages_are_hidden(private):
    server = private("--audit", "all", "--durability", "os")
    sqs = server.client()
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    attributes = {"a": {"DataType": "String", "StringValue": SECRET},
                  "b": {"DataType": "Binary", "BinaryValue": SECRET.encode()}}
    sqs.send_message(QueueUrl=url, MessageBody=SECRET, MessageAttributes=attributes)
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": SECRET}])
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    server.stop()
    text = (server.data / "audit/audit.jsonl").read_text()
    assert "treasure" not in text and "dGhlIHRyZWFzdXJl" not in text
    sent, batch = records(server)[1:3]
    assert sent["requestParameters"] == {
        "queueUrl": url, "messageBody": HIDDEN, "messageAttributes": {
            "a": {"stringValue": HIDDEN, "dataType": "String"},
            "b": {"binaryValue": HIDDEN, "dataType": "Binary"}}}
    assert batch["requestParameters"]["entries"] == [{"id": "1", "messageBody": HIDDEN}]
    assert (sent["managementEvent"], sent["eventCategory"]) == (False, "Data")


def test_faults_are_recorded(audited):
    server = audited()
    fault_of(server.client().get_queue_url, QueueName="nobody")
    server.stop()
    record, = records(server)
    assert record["errorCode"] == "QueueDoesNotExist"
    assert record["errorMessage"] == "The specified queue does not exist."


def test_who_cannot_say_who_they_are_is_recorded(private):
    server = private("--auth", "required", "--durability", "os")
    server.read_credential()
    url = server.client().create_queue(QueueName="orders")["QueueUrl"]
    stranger = server.client(account="AKIAAAAAAAAAAAAAAAAA", secret="x" * 40)
    fault_of(stranger.delete_queue, QueueUrl=url)
    forger = server.client(secret="x" * 40)
    fault_of(forger.send_message, QueueUrl=url, MessageBody=SECRET)
    server.stop()
    made, unknown, forged = records(server)
    assert made["userIdentity"]["accessKeyId"] == server.key
    assert unknown["userIdentity"] == {"type": "Unknown", "accessKeyId": "AKIAAAAAAAAAAAAAAAAA"}
    assert (unknown["eventName"], unknown["errorCode"]) == (
        "DeleteQueue", "UnrecognizedClientException")
    assert unknown["requestParameters"] is None
    assert forged["eventName"] == "SendMessage"
    assert forged["errorCode"].startswith(("SignatureDoesNotMatch", "InvalidSignature"))


def test_no_secret_of_the_server_is_in_it(private):
    server = private("--auth", "required", "--audit", "all", "--durability", "os")
    server.read_credential()
    server.client().list_queues()
    server.stop()
    text = (server.data / "audit/audit.jsonl").read_text()
    assert server.key in text and server.secret not in text


def test_no_secret_of_a_user_is_in_it(audited):
    server = audited()
    iam, sts = server.client("iam"), server.client("sts")
    iam.create_user(UserName="alice")
    iam.create_login_profile(UserName="alice", Password="Correct-Horse-1")
    iam.update_login_profile(UserName="alice", Password="Correct-Horse-2")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    serial = made["SerialNumber"]
    for call in (iam.enable_mfa_device, iam.resync_mfa_device):
        fault_of(call, UserName="alice", SerialNumber=serial, AuthenticationCode1="918273",
                 AuthenticationCode2="918274")
    fault_of(sts.get_session_token, SerialNumber=serial, TokenCode="918275")
    fault_of(sts.assume_role_with_web_identity, RoleArn="arn:aws:iam::000000000000:role/r",
             RoleSessionName="session", WebIdentityToken="web-token.is.secret")
    server.stop()
    text = (server.data / "audit/audit.jsonl").read_text() + server.log()
    assert "CreateLoginProfile" in text and "AssumeRoleWithWebIdentity" in text
    for secret in ("Correct-Horse", "91827", "web-token", made["Base32StringSeed"].decode()):
        assert secret not in text
    stored = b"".join(path.read_bytes() for path in server.data.rglob("*") if path.is_file())
    assert b"Correct-Horse" not in stored and made["Base32StringSeed"] not in stored
    assert b"scrypt" not in stored


def test_administration_is_recorded(private):
    server = private("--auth", "required", "--allow-reset", "--durability", "os")
    server.read_credential()
    assert server.post("/_tern/reset").status_code == 403
    assert server.metrics()["tern_queues"] == 0
    server.stop()
    record, = records(server)
    assert record["eventSource"] == "tern.amazonaws.com"
    assert record["eventName"] == "POST /_tern/reset"
    assert record["userIdentity"] == {"type": "Unknown"}
    assert record["errorCode"] == "AccessDenied"


def test_files_are_private(audited):
    server = audited()
    server.client().list_queues()
    server.stop()
    assert stat.S_IMODE(os.stat(server.data / "audit").st_mode) == 0o700
    assert stat.S_IMODE(os.stat(server.data / "audit/audit.jsonl").st_mode) == 0o600


def test_records_come_while_the_server_runs(audited):
    server = audited()
    server.client().list_queues()
    eventually(lambda: names(server) == ["ListQueues"], what="the record is written")
    assert server.metrics()["tern_audit_records_total"] == 1
    # A crash of the process takes nothing away that is in the file.
    server.kill()
    server.start()
    server.client().list_queues()
    server.stop()
    assert names(server) == ["ListQueues", "ListQueues"]


def test_file_grows_over_and_old_ones_go(audited):
    server = audited("--audit-max-mib", "1", "--audit-keep", "2")
    sqs = server.client()
    tags = {f"{number:0100}": "x" * 250 for number in range(40)}
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    for _ in range(300):
        sqs.tag_queue(QueueUrl=url, Tags=tags)
    server.stop()
    files = sorted(path.name for path in (server.data / "audit").iterdir())
    assert len(files) == 3 and files[0] == "audit.jsonl"
    rotated = [server.data / "audit" / name for name in files[1:]]
    assert all(len(path.suffixes) == 3 for path in rotated)
    for path in rotated:
        assert 900_000 < path.stat().st_size <= 1 << 20
        assert {record["eventName"] for record in records(server, path)} == {"TagQueue"}


def test_file_grows_old(audited):
    server = audited("--audit-max-hours", "1", "--test-clock")
    server.client().list_queues()
    eventually(lambda: names(server), what="the record is written")
    server.advance(3600)
    server.client().list_queues()
    server.stop()
    assert names(server)[-1] == "ListQueues"
    assert len(list((server.data / "audit").iterdir())) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_rotates_it_too():
    with tempfile.TemporaryDirectory(prefix="ternd-audit-") as directory:
        os.chown(directory, pwd.getpwnam("nobody").pw_uid, -1)
        with Server(directory, "--user", "nobody", "--audit", "management", "--durability", "os",
                    "--audit-max-hours", "1", "--test-clock") as server:
            server.client().list_queues()
            eventually(lambda: names(server), what="the record is written")
            server.advance(3600)
            server.client().list_queues()
            server.stop()
            assert len(list((server.data / "audit").iterdir())) == 2
            assert "cannot be rotated" not in server.log()


def test_full_disk_drops_and_goes_on(private):
    server = private("--audit", "all", "--audit-file", "/dev/full", "--durability", "os")
    server.client().list_queues()
    eventually(lambda: server.metrics()["tern_audit_failing"] == 1, what="the write fails")
    server.client().create_queue(QueueName="orders")
    server.stop()
    assert "audit log cannot be written" in server.log()
    assert "audit records were dropped" in server.log()


def test_full_disk_may_refuse_what_changes(private):
    server = private("--audit", "management", "--audit-file", "/dev/full", "--audit-full",
                     "refuse", "--durability", "os")
    sqs = server.client()
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    eventually(lambda: server.metrics()["tern_audit_failing"] == 1, what="the write fails")
    assert fault_of(sqs.create_queue, QueueName="more") == "ServiceUnavailable"
    assert server.post("/_tern/accounts").status_code == 503
    sqs.send_message(QueueUrl=url, MessageBody="goes on")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "goes on"
    server.stop()


def test_what_cannot_be_opened_is_said(private, tmp_path):
    with pytest.raises(AssertionError, match="audit log .* cannot be opened"):
        private("--audit", "all", "--audit-file", tmp_path / "nowhere/audit.jsonl")
    with pytest.raises(AssertionError, match="needs --audit-file"):
        private("--audit", "all", "--durability", "memory")


def test_long_parameters_are_omitted(private):
    server = private("--audit", "all", "--durability", "os")
    sqs = server.client(account=DEFAULT_ACCOUNT, region=DEFAULT_REGION)
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    fault_of(sqs.delete_message, QueueUrl=url, ReceiptHandle="x" * 200_000)
    server.stop()
    assert records(server)[-1]["requestParameters"] == {"omitted": True}
