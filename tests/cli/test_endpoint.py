# SPDX-License-Identifier: MIT
"""How tern talks to an endpoint: signatures, retries, faults, and what it says if none answers."""
import email.utils
import json
import re
import socket
import time

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

FAULT = {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "No such queue."}


@pytest.fixture
def signed(bare):
    bare.environment |= {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "se/cret",
                         "AWS_SESSION_TOKEN": "to/ken==", "AWS_REGION": "eu-west-3"}
    return bare


def expected_authorization(method, url, headers, body):
    """What botocore would have put into the Authorization header of that request."""
    keys = botocore.credentials.Credentials("AKIDEXAMPLE", "se/cret", "to/ken==")
    auth = botocore.auth.SigV4Auth(keys, "sqs", "eu-west-3")
    names = headers["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    lower = {name.lower(): value for name, value in headers.items()}
    request = botocore.awsrequest.AWSRequest(
        method=method, url=url, data=body, headers={name: lower[name] for name in names})
    request.context["timestamp"] = lower["x-amz-date"]
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return (f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, "
            f"SignedHeaders={';'.join(names)}, Signature={auth.signature(text, request)}"), names


@pytest.mark.parametrize("base", ["", "/base/path"])
def test_requests_are_signed_as_botocore_signs_them(signed, endpoint, base):
    endpoint.answer({"QueueUrl": "http://h/1/q"})
    signed("queue", "url", "q", "--endpoint-url", endpoint.url + base)
    (method, path, headers, body), = endpoint.requests
    assert (method, path) == ("POST", base + "/")
    wanted, names = expected_authorization(method, endpoint.url + path, headers, body)
    assert headers["Authorization"] == wanted
    assert set(names) == {"content-type", "host", "x-amz-date", "x-amz-security-token",
                          "x-amz-target", "x-amzn-query-mode"}
    assert headers["X-Amz-Target"] == "AmazonSQS.GetQueueUrl"
    assert headers["Content-Type"] == "application/x-amz-json-1.0"
    assert json.loads(body) == {"QueueName": "q"}
    assert "libtern/" in headers["User-Agent"]


def test_get_requests_are_signed_with_their_query(signed, endpoint):
    endpoint.answer({"messages": []})
    signed("dlq", "peek", "http://h/123456789012/q", "--endpoint-url", endpoint.url)
    (method, path, headers, body), = endpoint.requests
    assert method == "GET" and "?region=eu-west-3&" in path
    assert headers["Authorization"] == expected_authorization(
        method, endpoint.url + path, headers, body)[0]


@pytest.mark.parametrize("failure", [
    (500, {}, "{}"), (503, {}, "busy"), None,
    (400, {}, json.dumps({"__type": "com.amazonaws.sqs#RequestThrottled"}))])
def test_what_may_pass_is_tried_again(bare, endpoint, failure):
    endpoint.answers += [failure, failure]
    endpoint.answer({"QueueUrl": "http://h/1/q"})
    assert bare.lines("queue", "url", "q", "--endpoint-url", endpoint.url) == ["http://h/1/q"]
    assert len(endpoint.requests) == 3


def test_attempts_have_an_end(bare, endpoint):
    endpoint.answer("broken", status=500)
    error = bare("queue", "url", "q", "--endpoint-url", endpoint.url, code=1).stderr
    assert "HTTP 500" in error and len(endpoint.requests) == 3
    bare("queue", "url", "q", "--endpoint-url", endpoint.url, code=1, AWS_MAX_ATTEMPTS="1")
    assert len(endpoint.requests) == 4


def test_a_fault_of_the_caller_is_not_tried_again(bare, endpoint):
    endpoint.answer(FAULT, status=400,
                    x_amzn_query_error="AWS.SimpleQueueService.NonExistentQueue;Sender")
    queue = endpoint.url + "/000000000000/q"
    error = bare("queue", "purge", queue, "--endpoint-url", endpoint.url, code=1).stderr
    assert "tern: No such queue. (AWS.SimpleQueueService.NonExistentQueue)\n" in error
    assert "tern queue create" in error
    assert len(endpoint.requests) == 1


def test_a_fault_without_its_query_code_is_known_by_its_shape(bare, endpoint):
    endpoint.answer(FAULT, status=400)
    queue = endpoint.url + "/000000000000/q"
    assert "(QueueDoesNotExist)" in bare("queue", "purge", queue, "--endpoint-url", endpoint.url,
                                         code=1).stderr


def test_a_wrong_clock_is_set_by_the_answer(signed, endpoint):
    late = time.time() + 3600
    endpoint.answer({"__type": "x#RequestTimeTooSkewed", "message": "skewed"}, status=403,
                    Date=email.utils.formatdate(late, usegmt=True))
    endpoint.answer({"QueueUrl": "http://h/1/q"})
    signed("queue", "url", "q", "--endpoint-url", endpoint.url)
    first, second = (request[2]["X-Amz-Date"] for request in endpoint.requests)
    assert seconds(second) - seconds(first) == pytest.approx(3600, abs=60)


def seconds(amz_date):
    return time.mktime(time.strptime(amz_date, "%Y%m%dT%H%M%SZ"))


def test_a_wrong_secret_is_not_tried_again(signed, endpoint):
    endpoint.answer({"__type": "x#InvalidSignatureException", "message": "no"}, status=403,
                    Date=email.utils.formatdate(usegmt=True))
    assert "AWS_SECRET_ACCESS_KEY" in signed("queue", "url", "q", "--endpoint-url", endpoint.url,
                                             code=1).stderr
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("answer", ["<html>", '{"QueueUrl":[1]}', '{"QueueUrl":'])
def test_nonsense_is_refused(bare, endpoint, answer):
    endpoint.answer(answer)
    assert "cannot be understood" in bare("queue", "url", "q", "--endpoint-url", endpoint.url,
                                          code=1).stderr


def test_nobody_there_is_said_with_what_to_do(bare):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        error = bare("queue", "ls", "--endpoint-url", url, code=3).stderr
    assert url in error and "ternd" in error and "AWS_ENDPOINT_URL" in error


def test_an_endpoint_comes_from_the_profile(bare, endpoint):
    endpoint.answer({"QueueUrls": ["http://h/1/q"]})
    (bare.home / ".aws").mkdir()
    (bare.home / ".aws" / "config").write_text(
        f"[profile local]\nservices = here\nregion = eu-north-1\n"
        f"[services here]\nsqs =\n  endpoint_url = {endpoint.url}\n")
    (bare.home / ".aws" / "credentials").write_text(
        "[local]\naws_access_key_id = 123456789012\naws_secret_access_key = x\n")
    assert bare.lines("queue", "ls", "--names", "--profile", "local") == ["q"]
    assert bare.lines("queue", "ls", "--names", AWS_PROFILE="local") == ["q"]
    for _, _, headers, _ in endpoint.requests:
        assert "Credential=123456789012/" in headers["Authorization"]
        assert "/eu-north-1/sqs/" in headers["Authorization"]


def test_accounts_are_kept_apart(tern, server, name):
    tern("queue", "create", name, AWS_ACCESS_KEY_ID="111122223333", AWS_SECRET_ACCESS_KEY="x")
    assert tern("queue", "ls", name).stdout == ""
    url = server.client("sqs", account="111122223333").get_queue_url(QueueName=name)["QueueUrl"]
    assert url.endswith(f"/111122223333/{name}")


def test_required_signatures_are_given_everywhere(private, bare):
    server = private("--auth", "required", "--durability", "memory")
    bare.environment |= {"AWS_ENDPOINT_URL": server.url} | dict(
        re.findall(r"export (AWS_\w+)=(\S+)", server.log()))
    bare("queue", "create", "q", "--tag", "a=b")
    bare("send", "q", "h\u00e9llo")
    assert bare.lines("dlq", "peek", "q", "--body") == ["h\u00e9llo"]
    assert bare.json("watch", "--count", "1")[0]["visible"] == 1
    assert "SignatureDoesNotMatch" in bare(
        "queue", "ls", code=1, AWS_SECRET_ACCESS_KEY="wrong").stderr


def test_health_needs_no_credentials(private, bare):
    server = private("--auth", "required")
    row, = [json.loads(line) for line in bare(
        "health", "--endpoint-url", server.url, "--output", "json").stdout.splitlines()]
    assert row["status"] == "ok" and row["durability"] == "fsync"
    server.stop()
    assert "no answer" in bare("health", "--endpoint-url", server.url, code=3).stderr


def test_health_fails_with_the_server(bare, endpoint):
    for status, http in {"disk-full": 200, "failed": 503}.items():
        endpoint.answers.clear()
        endpoint.answer(json.dumps({"status": status}), status=http)
        assert status in bare("health", "--endpoint-url", endpoint.url, code=1).stdout
    endpoint.answers.clear()
    endpoint.answer("<html>", status=200)
    assert "no ternd" in bare("health", "--endpoint-url", endpoint.url, code=1).stderr
