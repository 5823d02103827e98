# SPDX-License-Identifier: MIT
"""curl as an SQS client, with the habits of HTTP clients that SDKs do not have."""
import gzip
import json
import re
import subprocess

import pytest

JSON = ["-H", "Content-Type: application/x-amz-json-1.0"]
SIGNED = ["--aws-sigv4", "aws:amz:us-east-1:sqs", "--user", "111122223333:secret"]


def curl(*arguments, body=None):
    """What curl prints; the status of the answer follows the body on a line of its own."""
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "30", "--noproxy", "*", "--write-out",
         "\n%{http_code}", *arguments], input=body, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    text, _, status = done.stdout.decode().rpartition("\n")
    return int(status), text


def call(server, operation, values, *arguments):
    typed = any(argument.startswith("Content-Type:") for argument in arguments)
    status, text = curl("-H", f"X-Amz-Target: AmazonSQS.{operation}", *([] if typed else JSON),
                        *arguments, "--data-binary", "@-", server.url,
                        body=json.dumps(values).encode())
    assert status == 200, text
    return json.loads(text) if text else {}


def bodies(sqs, url):
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [message["Body"] for message in received.get("Messages", [])]


def test_signed_json(server, name):
    url = call(server, "CreateQueue", {"QueueName": name}, *SIGNED)["QueueUrl"]
    assert url == f"{server.url}/111122223333/{name}"
    call(server, "SendMessage", {"QueueUrl": url, "MessageBody": "x"}, *SIGNED)
    assert bodies(server.client(account="111122223333"), url) == ["x"]


def test_a_form_at_the_queue_url(sqs, queue):
    status, text = curl("--data-urlencode", "Action=SendMessage", "--data-urlencode",
                        "MessageBody=grüße & <more>", queue)
    assert status == 200
    assert re.search(r"<MD5OfMessageBody>[0-9a-f]{32}</MD5OfMessageBody>", text)
    assert bodies(sqs, queue) == ["grüße & <more>"]


def test_a_query_string_at_the_queue_url(sqs, queue):
    status, _ = curl("--get", "--data-urlencode", "Action=SendMessage", "--data-urlencode",
                     "MessageBody=a+b c", queue)
    assert status == 200
    assert bodies(sqs, queue) == ["a+b c"]


@pytest.mark.parametrize("habit", [
    ["--http1.0"],
    ["--http1.1", "-H", "Connection: close"],
    ["-H", "Expect: 100-continue", "--expect100-timeout", "60"],
    ["-H", "Transfer-Encoding: chunked"],
    ["--compressed"],
    ["-H", "Accept-Encoding: gzip, deflate, br"],
    ["-H", "Accept: application/xml"],
    ["-H", "Content-Type: application/x-amz-json-1.0; charset=utf-8"],
    ["-H", "x-amzn-query-mode: true"],
    ["-H", "Connection: Upgrade, HTTP2-Settings", "-H", "Upgrade: h2c"],
], ids=" ".join)
def test_habits(server, sqs, queue, habit):
    for body in ("short", "long " * 30000):
        sent = call(server, "SendMessage", {"QueueUrl": queue, "MessageBody": body}, *habit)
        assert sent["MessageId"]
        assert bodies(sqs, queue) == [body]


def test_a_compressed_request(server, sqs, queue):
    values = {"QueueUrl": queue, "MessageBody": "again and " * 1000}
    status, text = curl("-H", "X-Amz-Target: AmazonSQS.SendMessage", "-H", "Content-Encoding: gzip",
                        *JSON, "--data-binary", "@-", server.url,
                        body=gzip.compress(json.dumps(values).encode()))
    assert status == 200, text
    assert bodies(sqs, queue) == [values["MessageBody"]]


def test_through_a_forward_proxy(server, sqs, queue):
    """The target of a request to a forward proxy is a whole URL (RFC 9112, 3.2.2)."""
    status, text = curl("--request-target", queue, "--data", "Action=SendMessage&MessageBody=x",
                        server.url)
    assert status == 200, text
    assert bodies(sqs, queue) == ["x"]


def test_two_requests_on_one_connection(server):
    done = subprocess.run(
        ["curl", "--silent", "--noproxy", "*", "--write-out", "%{num_connects}",
         *[part for _ in range(3) for part in (
             "--output", "/dev/null", f"{server.url}/?Action=ListQueues&QueueNamePrefix=none")]],
        capture_output=True, text=True, timeout=60)
    assert done.stdout == "100"
