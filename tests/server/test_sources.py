# SPDX-License-Identifier: MIT
"""Where requests come from: who fails to sign is slowed, and policies ask for the address."""
import gzip
import json
import os
import socket
import time
import zlib

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest

from ternd import SigV4, eventually, refusal

FREE = 10           # LIMIT_AUTH_FAILURES
FIRST_S = 0.05      # the first delay
LIST = {"X-Amz-Target": "AmazonSQS.ListQueues", "Content-Type": "application/x-amz-json-1.0"}
FORGED = (b"GET /?Action=ListQueues HTTP/1.1\r\nHost: localhost\r\n"
          b"Authorization: AWS4-HMAC-SHA256 nonsense\r\n\r\n")
DELAYED = "tern_auth_delayed_total"


@pytest.fixture
def guarded(private):
    server = private("--auth", "required", "--durability", "memory", "--test-clock")
    server.read_credential()
    return server


def sign(server, headers, body, secret=None):
    request = botocore.awsrequest.AWSRequest("POST", server.url + "/", headers=dict(headers),
                                             data=body)
    credentials = botocore.credentials.Credentials(server.key, secret or server.secret)
    botocore.auth.SigV4Auth(credentials, "sqs", "us-east-1").add_auth(request)
    return dict(request.headers)


def send(server, headers, body):
    return server.http.post(server.url + "/", headers=headers, data=body, timeout=60)


def fail(server, count=1):
    """Requests with a wrong secret; how long the last took."""
    for _ in range(count):
        begin = time.monotonic()
        answer = send(server, sign(server, LIST, b"{}", secret="wrong"), b"{}")
        assert answer.status_code == 403
        assert "does not match" in answer.json()["message"]
    return time.monotonic() - begin


# -- slowed --

def test_failures_are_answered_ever_more_slowly(guarded):
    fail(guarded, FREE)
    assert guarded.metrics()[DELAYED] == 0
    assert fail(guarded) >= FIRST_S
    assert fail(guarded) >= 2 * FIRST_S
    assert fail(guarded) >= 4 * FIRST_S
    metrics = guarded.metrics()
    assert metrics[DELAYED] == 3
    assert metrics["tern_auth_failures_total"] == FREE + 3
    assert guarded.log().count("answered slowly") == 1
    assert "source=127.0.0.1" in guarded.log()


def test_failures_do_not_wash_out_the_audit_log(private):
    server = private("--auth", "required", "--durability", "os")
    server.read_credential()
    fail(server, FREE + 3)
    assert server.get("/_tern/queues").status_code == 403
    assert send(server, sign(server, LIST, b"{}"), b"{}").status_code == 200
    server.stop()
    lines = (server.data / "audit" / "audit.jsonl").read_text().splitlines()
    assert [json.loads(line).get("errorCode") is None for line in lines] == [False] * FREE + [True]


def test_a_good_signature_is_never_slowed(guarded):
    fail(guarded, FREE + 2)
    for _ in range(20):
        assert send(guarded, sign(guarded, LIST, b"{}"), b"{}").status_code == 200
    assert guarded.metrics()[DELAYED] == 2


def test_others_are_served_while_one_waits(guarded):
    fail(guarded, FREE + 6)  # the next waits 3.2 s
    body = b"{}"
    headers = sign(guarded, LIST, body, secret="wrong") | {"Host": f"127.0.0.1:{guarded.port}"}
    text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", guarded.port), timeout=60) as wire:
        wire.sendall(f"POST / HTTP/1.1\r\n{text}Content-Length: 2\r\n\r\n".encode() + body)
        eventually(lambda: guarded.metrics()[DELAYED] == 7)
        assert send(guarded, sign(guarded, LIST, body), body).status_code == 200
        wire.setblocking(False)
        with pytest.raises(BlockingIOError):
            wire.recv(1)
        wire.settimeout(20)
        assert wire.recv(100).startswith(b"HTTP/1.1 403 ")


def test_a_quiet_source_is_forgiven(guarded):
    fail(guarded, FREE + 1)
    guarded.advance(601)
    fail(guarded, FREE)
    assert guarded.metrics()[DELAYED] == 1


def test_the_servers_own_paths_are_slowed_too(guarded):
    for _ in range(FREE + 1):
        assert guarded.get("/_tern/queues").status_code == 403
    assert guarded.metrics()[DELAYED] == 1


def test_users_of_a_unix_socket_are_sources(private, tmp_path):
    path = tmp_path / "tern.sock"
    server = private("--auth", "required", "--durability", "memory", "--listen", f"unix:{path}")
    server.read_credential()
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(20)
        wire.connect(str(path))
        for _ in range(FREE + 1):
            wire.sendall(FORGED)
            assert wire.recv(65536).startswith(b"HTTP/1.1 4")
    assert server.metrics()[DELAYED] == 1
    assert f"source=unix:{os.geteuid()}" in server.log()


def test_a_stop_does_not_wait_for_those_who_wait(guarded):
    fail(guarded, FREE + 6)
    with socket.create_connection(("127.0.0.1", guarded.port), timeout=60) as wire:
        wire.sendall(FORGED)
        eventually(lambda: guarded.metrics()[DELAYED] == 7)
        guarded.stop()
        assert wire.recv(100).startswith(b"HTTP/1.1 4")


def test_without_signatures_nobody_is_slowed(private):
    server = private("--durability", "memory")
    for _ in range(FREE + 5):
        send(server, sign(server, LIST, b"{}", secret="wrong"), b"{}")
    assert server.metrics()["tern_auth_failures_total"] == 0


# -- coded bodies --

def bomb():
    """Many megabytes of zeros in few bytes."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([squeeze.compress(bytes(1 << 20)) for _ in range(128)] + [squeeze.flush()])


CODED = LIST | {"Content-Encoding": "gzip"}


def test_a_coded_body_is_read_once_it_is_known_who_sends_it(guarded):
    good = gzip.compress(b"{}")
    assert send(guarded, sign(guarded, CODED, good), good).status_code == 200
    # What is no gzip would be another fault, were it looked at.
    for body in (good, b"nonsense"):
        unsigned = send(guarded, CODED, body)
        assert unsigned.status_code == 403
        assert unsigned.json()["__type"].endswith("#MissingAuthenticationTokenException")
        forged = send(guarded, sign(guarded, CODED, body, secret="wrong"), body)
        assert forged.status_code == 403
        assert "does not match" in forged.json()["message"]
    signed = send(guarded, sign(guarded, CODED, b"nonsense"), b"nonsense")
    assert signed.status_code == 400
    assert signed.json()["__type"].endswith("#MalformedHttpRequestException")


def test_a_coded_form_without_signature_is_refused_in_xml(guarded):
    body = gzip.compress(b"Action=ListQueues")
    answer = send(guarded, {"Content-Type": "application/x-www-form-urlencoded",
                            "Content-Encoding": "gzip"}, body)
    assert answer.status_code == 403
    assert "<Code>MissingAuthenticationToken</Code>" in answer.text


def test_a_bomb_is_defused(guarded):
    body = bomb()
    assert len(body) < 2 << 20
    assert send(guarded, CODED, body).status_code == 403
    answer = send(guarded, sign(guarded, CODED, body), body)
    assert answer.status_code == 413
    assert answer.json()["__type"].endswith("#RequestEntityTooLargeException")


# -- aws:SourceIp --

def restricted(server, network):
    """A queue that refuses all that does not come from that network."""
    sqs = server.client()
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage",
                       "Resource": "*",
                       "Condition": {"NotIpAddress": {"aws:SourceIp": network}}}]})})
    return url


def may_send(server, url, forwarded=None, secure=None):
    sqs = boto3.client("sqs", endpoint_url=server.url, region_name="us-east-1",
                       aws_access_key_id=server.key, aws_secret_access_key=server.secret)

    def add(request, **_):
        for name, value in (("X-Forwarded-For", forwarded), ("X-Forwarded-Proto", secure)):
            if value:
                request.headers[name] = value

    sqs.meta.events.register("before-sign.sqs.*", add)
    try:
        sqs.send_message(QueueUrl=url, MessageBody="x")
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
        return False
    return True


def test_policies_see_the_address(guarded):
    assert may_send(guarded, restricted(guarded, "127.0.0.0/8"))
    assert not may_send(guarded, restricted(guarded, "10.0.0.0/8"))


def test_nobody_may_say_to_come_from_elsewhere(guarded):
    url = restricted(guarded, "10.0.0.0/8")
    assert not may_send(guarded, url, forwarded="10.1.2.3")
    assert may_send(guarded, restricted(guarded, "127.0.0.1"), forwarded="192.0.2.1")


def test_a_trusted_proxy_may(private):
    server = private("--auth", "required", "--durability", "memory", "--trusted-proxies",
                     "192.0.2.0/24,127.0.0.1")
    server.read_credential()
    url = restricted(server, "10.0.0.0/8")
    assert may_send(server, url, forwarded="10.1.2.3")
    assert may_send(server, url, forwarded="198.51.100.1, 10.1.2.3, 192.0.2.5")
    assert not may_send(server, url, forwarded="10.1.2.3, 198.51.100.1")
    assert not may_send(server, url)


def test_a_trusted_proxy_tells_of_tls(private):
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}
    for flags, expected in (((), False), (("--trusted-proxies", "127.0.0.1"), True)):
        server = private("--auth", "required", "--durability", "memory", *flags)
        server.read_credential()
        url = server.client().create_queue(
            QueueName="q", Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
        assert may_send(server, url, secure="https") == expected
        assert not may_send(server, url)


def test_wrong_proxies_are_named(tmp_path):
    assert '"nonsense"' in refusal("--data", tmp_path, "--trusted-proxies", "10.0.0.1,nonsense",
                                   status=2)


# -- who may read metrics --

def test_metrics_are_for_those_who_are_near(private):
    server = private("--auth", "required", "--durability", "memory", "--trusted-proxies",
                     "127.0.0.1", "--metrics-from", "127.0.0.1")
    server.read_credential()
    far = {"X-Forwarded-For": "198.51.100.7"}
    assert server.get("/_tern/metrics").status_code == 200
    assert server.get("/_tern/metrics", headers=far).status_code == 403
    assert server.get("/_tern/health", headers=far).status_code == 200
    signed = server.get("/_tern/metrics", headers=far, auth=SigV4(server.key, server.secret))
    assert signed.status_code == 200


def test_metrics_are_nobodys_by_default(private):
    server = private("--auth", "required", "--durability", "memory")
    server.read_credential()
    for path in ("/_tern/metrics", "/_tern/queues", "/_tern/accounts", "/_tern/audit"):
        assert server.get(path).status_code == 403
    assert server.metrics()["tern_queues"] == 0


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_a_proxy_of_this_machine_is_not_near(private, header):
    """An untrusted proxy has the machine's address, whoever its client is."""
    server = private("--auth", "required", "--durability", "memory", "--metrics-from",
                     "127.0.0.0/8,::1,unix")
    assert server.get("/_tern/metrics").status_code == 200
    for value in ("198.51.100.7", "127.0.0.1", "for=127.0.0.1", "1.1 proxy"):
        assert server.get("/_tern/metrics", headers={header: value}).status_code == 403


def test_refused_requests_of_many_sources_do_not_fill_the_audit_log(private):
    server = private("--auth", "required", "--durability", "os", "--trusted-proxies",
                     "127.0.0.1", "--test-clock")
    server.read_credential()
    calls = [  # unsigned, badly signed, and refused by the policy of a queue
        lambda far: server.get("/_tern/queues", headers=far),
        lambda far: server.get("/?Action=ListQueues", headers=far),
        lambda far: send(server, LIST | far | {"Authorization": "AWS4-HMAC-SHA256 x"}, b"{}"),
        lambda far: server.get("/000000000000/q?Action=GetQueueAttributes", headers=far)]
    server.client().create_queue(QueueName="q")
    for number in range(200):
        far = {"X-Forwarded-For": f"198.51.100.{number}"}
        assert 400 <= calls[number % len(calls)](far).status_code < 500
    assert server.metrics()["tern_audit_left_out_total"] >= 80
    server.advance(3600)
    assert server.get("/?Action=ListQueues").status_code == 403
    server.stop()
    lines = (server.data / "audit" / "audit.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    strangers = [r for r in records if r["userIdentity"]["type"] in ("Unknown", "AWSAccount")]
    assert 100 <= len(strangers) <= 120
    left_out, = [r for r in records if r["eventName"] == "RecordsLeftOut"]
    assert int(left_out["errorMessage"].split()[0]) >= 80
    # What somebody did who is known is recorded whatever strangers do.
    assert "CreateQueue" in {r["eventName"] for r in records}


def test_metrics_may_be_for_others(private):
    server = private("--auth", "required", "--durability", "memory", "--trusted-proxies",
                     "127.0.0.1", "--metrics-from", "127.0.0.1,198.51.100.0/24")
    for address, status in (("198.51.100.7", 200), ("198.51.101.7", 403)):
        answer = server.get("/_tern/metrics", headers={"X-Forwarded-For": address})
        assert answer.status_code == status


def test_in_open_mode_metrics_are_open(private):
    server = private("--durability", "memory", "--metrics-from", "")
    assert server.get("/_tern/metrics").status_code == 200
