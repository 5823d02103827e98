# SPDX-License-Identifier: MIT
"""--auth required: requests are signed by a key that the server knows, or refused."""
import datetime
import json
import re
import shutil
import subprocess

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest
import requests

from ternd import BUILD, DEFAULT_ACCOUNT, DEFAULT_REGION, eventually

CREDENTIAL = re.compile(
    r"AWS_ACCESS_KEY_ID=(AKIA[A-Z2-7]{16})\s.*AWS_SECRET_ACCESS_KEY=(\S{40})", re.DOTALL)


@pytest.fixture
def required(private):
    """A server that wants signatures, and its root credential."""
    server = private("--auth", "required", "--durability", "os")
    found = eventually(lambda: CREDENTIAL.search(server.log()), what="the root credential is shown")
    server.key, server.secret = found.groups()
    return server


def client(server, key=None, secret=None, **options):
    return server.client(account=key or server.key, secret=secret or server.secret, **options)


def code_of(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], \
        answer["ResponseMetadata"]["HTTPStatusCode"]


def signed(server, method="POST", path="/", body=b"{}", signer=botocore.auth.SigV4Auth,
           service="sqs", headers=None, **options):
    """A request signed by botocore's own signers, for changes before it is sent."""
    request = botocore.awsrequest.AWSRequest(
        method, server.url + path, data=body, headers={
            "X-Amz-Target": "AmazonSQS.ListQueues",
            "Content-Type": "application/x-amz-json-1.0"} if headers is None else headers)
    keys = botocore.credentials.Credentials(server.key, server.secret)
    signer(keys, service, DEFAULT_REGION, **options).add_auth(request)
    return request.prepare()


def send(server, prepared, body=None):
    return server.http.request(prepared.method, prepared.url, headers=dict(prepared.headers),
                               data=prepared.body if body is None else body, timeout=60)


def test_the_root_credential_works_and_is_shown_once(required):
    sqs = client(required)
    url = sqs.create_queue(QueueName="mine")["QueueUrl"]
    assert f"/{DEFAULT_ACCOUNT}/mine" in url
    sqs.send_message(QueueUrl=url, MessageBody="gr\u00fc\u00dfe & co=+%20",
                     MessageAttributes={"a": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}})
    message = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"],
                                  AttributeNames=["All"])["Messages"][0]
    assert message["Body"] == "gr\u00fc\u00dfe & co=+%20"
    assert message["Attributes"]["SenderId"] == DEFAULT_ACCOUNT
    shown = required.log().count("AWS_SECRET_ACCESS_KEY")
    required.restart()
    assert required.log().count("AWS_SECRET_ACCESS_KEY") == shown == 1
    assert client(required).list_queues()["QueueUrls"][0].endswith("/mine")


def test_the_secret_is_not_logged(required):
    lines = [line for line in required.log().splitlines() if line.startswith("time=")]
    assert lines and not any(required.secret in line for line in lines)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_the_region_comes_from_the_scope(required, region):
    sqs = client(required, region=region)
    url = sqs.create_queue(QueueName="here")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    assert arn["QueueArn"] == f"arn:aws:sqs:{region}:{DEFAULT_ACCOUNT}:here"


def test_a_wrong_secret(required):
    assert code_of(client(required, secret="wrong").list_queues) == (
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check "
        "your AWS Secret Access Key and signing method. Consult the service documentation for "
        "details.", 403)


@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "111122223333", DEFAULT_ACCOUNT])
def test_an_unknown_key(required, key):
    assert code_of(client(required, key=key).list_queues) == (
        "InvalidClientTokenId", "The security token included in the request is invalid.", 403)


def test_a_session_token_of_nobody(required):
    sqs = boto3.client("sqs", endpoint_url=required.url, region_name=DEFAULT_REGION,
                       aws_access_key_id=required.key, aws_secret_access_key=required.secret,
                       aws_session_token="token")
    assert code_of(sqs.list_queues)[0] == "InvalidClientTokenId"


def test_no_signature_in_either_dialect(required):
    answer = required.post("/", {}, headers={
        "X-Amz-Target": "AmazonSQS.ListQueues", "Content-Type": "application/x-amz-json-1.0"})
    assert answer.status_code == 403
    assert answer.headers["x-amzn-query-error"] == "MissingAuthenticationToken;Sender"
    assert answer.json()["__type"] == \
        "com.amazon.coral.service#MissingAuthenticationTokenException"
    answer = required.get("/?Action=ListQueues&Version=2012-11-05")
    assert answer.status_code == 403
    assert "<Code>MissingAuthenticationToken</Code>" in answer.text


def test_nothing_is_told_to_strangers(required):
    client(required).create_queue(QueueName="secret-name")
    for path in ("/", f"/{DEFAULT_ACCOUNT}/secret-name", "/_tern/queues", "/_tern/clock",
                 f"/_tern/queues/{DEFAULT_ACCOUNT}/secret-name/messages",
                 "/_aws/sqs/messages?QueueUrl=secret-name"):
        answer = required.get(path)
        assert answer.status_code == 403, path
        assert "secret-name" not in answer.text
    assert required.post("/_tern/reset").status_code == 403
    assert required.get("/_tern/health").status_code == 200
    answer = required.post("/", {"QueueUrl": "secret-name"}, headers={
        "X-Amz-Target": "AmazonSQS.NoSuchThing"})
    assert answer.json()["__type"].endswith("MissingAuthenticationTokenException")


def test_the_servers_own_paths_take_signatures_too(required):
    client(required).create_queue(QueueName="seen")
    answer = send(required, signed(required, "GET", f"/_tern/queues/{DEFAULT_ACCOUNT}", None))
    assert answer.status_code == 200, answer.text
    assert answer.json()["queues"][0]["name"] == "seen"


def test_a_changed_body_or_target_is_noticed(required):
    assert send(required, signed(required)).status_code == 200
    assert send(required, signed(required), body=b"{ }").status_code == 403
    prepared = signed(required)
    prepared.headers["X-Amz-Target"] = "AmazonSQS.CreateQueue"
    assert "InvalidSignatureException" in send(required, prepared).text
    prepared = signed(required)
    prepared.headers["X-Amz-Other"] = "added"
    assert "not signed: X-Amz-Other" in send(required, prepared).json()["message"]


def test_the_scope_names_the_service(required):
    answer = send(required, signed(required, service="sns"))
    assert answer.status_code == 403
    assert answer.json()["message"] == "Credential should be scoped to correct service: 'sqs'."


def test_presigned_queries(required):
    client(required).create_queue(QueueName="listed")
    path = "/?Action=ListQueues&Version=2012-11-05"
    prepared = signed(required, "GET", path, None, botocore.auth.SigV4QueryAuth, headers={},
                      expires=60)
    answer = requests.get(prepared.url, timeout=60)
    assert answer.status_code == 200, answer.text
    assert "/listed</QueueUrl>" in answer.text
    changed = requests.get(prepared.url.replace("ListQueues", "PurgeQueue"), timeout=60)
    assert changed.status_code == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in changed.text


def test_old_and_future_signatures(required, monkeypatch):
    for minutes, text in ((-6, "Signature expired: "), (6, "Signature not yet current: ")):
        when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda when=when: when)
        answer = send(required, signed(required))
        assert answer.status_code == 403
        assert answer.json()["message"].startswith(text)


def test_a_shifted_clock_ages_no_signature(private):
    server = private("--auth", "required", "--durability", "memory", "--test-clock")
    found = eventually(lambda: CREDENTIAL.search(server.log()))
    server.key, server.secret = found.groups()
    answer = send(server, signed(server, "POST", "/_tern/clock",
                                 json.dumps({"advance_ms": 3600000}).encode()))
    assert answer.status_code == 200, answer.text
    assert "QueueUrls" not in client(server).list_queues()


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_signs_too(required):
    done = subprocess.run(
        ["curl", "--silent", "--aws-sigv4", f"aws:amz:{DEFAULT_REGION}:sqs", "--user",
         f"{required.key}:{required.secret}", "--header", "X-Amz-Target: AmazonSQS.ListQueues",
         "--header", "Content-Type: application/x-amz-json-1.0", "--data", "{}", required.url],
        capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == {}


@pytest.mark.parametrize("flags, text", [
    ([], "anybody there could do"), (["--auth", "required"], "in clear")])
def test_other_addresses_than_loopback_are_refused(tmp_path, flags, text):
    done = subprocess.run(
        [BUILD / "ternd", "--listen", "0.0.0.0:0", "--data", tmp_path / "data", *flags],
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert text in done.stderr
    assert "--insecure" in done.stderr
