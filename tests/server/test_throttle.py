# SPDX-License-Identifier: MIT
"""Too many requests: refused in the caller's dialect, counted, and no trouble for an SDK."""
import collections
import json
import re
import socket
import subprocess
import threading

import boto3
import botocore.config
import botocore.exceptions
import pytest

from ternd import BUILD

OTHER = "111122223333"


def configured(tmp_path, *rules):
    path = tmp_path / "tern.json"
    path.write_text(json.dumps({"throttle-rules": rules}))
    return path


def outcomes(call, count):
    """What `count` calls came to: "ok" or the fault's code."""
    told = []
    for _ in range(count):
        try:
            call()
            told.append("ok")
        except botocore.exceptions.ClientError as error:
            told.append(error.response["Error"]["Code"])
    return told


def ask(server, action, **parameters):
    return server.http.post(server.url, data={"Action": action, **parameters}, timeout=60)


def statuses(server, url, count):
    """How often each status came when that many receives are sent at once, on one connection."""
    body = f"Action=ReceiveMessage&QueueUrl={url}".encode()
    request = (b"POST / HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/x-www-form-urlencoded"
               b"\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as wire:
        sender = threading.Thread(target=wire.sendall, args=(request * count,))
        sender.start()
        while answer.count(b"HTTP/1.1 ") < count or not answer.endswith(b">"):
            piece = wire.recv(1 << 20)
            assert piece, answer[-500:]
            answer += piece
        sender.join()
    return collections.Counter(int(code) for code in re.findall(rb"HTTP/1.1 (\d+)", answer))


@pytest.fixture
def limited(private, tmp_path):
    """A server whose accounts may list queues three times in a burst, then once in ten seconds."""
    return private("--durability", "memory", "--test-clock", "--config", configured(
        tmp_path, {"actions": ["sqs:ListQueues"], "rate": 0.1, "burst": 3}))


def test_a_burst_then_the_rate(limited):
    sqs = limited.client()
    assert outcomes(sqs.list_queues, 5) == ["ok"] * 3 + ["RequestThrottled"] * 2
    limited.advance(10)
    assert outcomes(sqs.list_queues, 2) == ["ok", "RequestThrottled"]
    limited.advance(3600)
    assert outcomes(sqs.list_queues, 4) == ["ok"] * 3 + ["RequestThrottled"]


def test_other_operations_and_accounts_are_not_touched(limited):
    assert outcomes(limited.client().list_queues, 4)[-1] == "RequestThrottled"
    assert outcomes(limited.client(account=OTHER).list_queues, 3) == ["ok"] * 3
    assert outcomes(lambda: limited.client().create_queue(QueueName="q"), 10) == ["ok"] * 10


def test_the_fault_in_json_and_query(limited):
    sqs = limited.client()
    outcomes(sqs.list_queues, 3)
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        sqs.list_queues()
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert answer["Error"]["QueryErrorCode"] == "RequestThrottled"
    assert answer["Error"]["Type"] == "Sender"
    query = ask(limited, "ListQueues")
    assert query.status_code == 403
    assert "<Code>RequestThrottled</Code>" in query.text


def test_they_are_counted(limited):
    outcomes(limited.client().list_queues, 5)
    limited.client().create_queue(QueueName="q")
    metrics = limited.metrics()
    assert metrics['tern_throttled_requests_total{operation="ListQueues"}'] == 2
    assert metrics['tern_faults_total{operation="ListQueues",fault="sender"}'] == 2
    assert 'tern_throttled_requests_total{operation="CreateQueue"}' not in metrics


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_an_sdk_backs_off_and_succeeds(private, tmp_path, mode):
    server = private("--durability", "memory", "--config", configured(
        tmp_path, {"actions": ["sqs:SendMessage"], "rate": 2, "burst": 2}))
    sqs = boto3.client("sqs", endpoint_url=server.url, region_name="us-east-1",
                       aws_access_key_id="000000000000", aws_secret_access_key="x",
                       config=botocore.config.Config(
                           retries={"mode": mode, "total_max_attempts": 12}))
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    retried = sum(sqs.send_message(QueueUrl=url, MessageBody="x")["ResponseMetadata"]
                  ["RetryAttempts"] for _ in range(5))
    assert retried > 0
    assert server.metrics()['tern_throttled_requests_total{operation="SendMessage"}'] == retried


def test_fifo_queues_have_the_quota_of_aws(private):
    server = private("--durability", "memory", "--test-clock", "--throttle", "aws")
    sqs = server.client()
    urls = {name: sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
            for name, attributes in {
                "plain": {}, "one.fifo": {"FifoQueue": "true"}, "two.fifo": {"FifoQueue": "true"},
                "high.fifo": {"FifoQueue": "true", "DeduplicationScope": "messageGroup",
                              "FifoThroughputLimit": "perMessageGroupId"}}.items()}

    assert statuses(server, urls["plain"], 2000) == {200: 2000}
    assert statuses(server, urls["high.fifo"], 2000) == {200: 2000}
    told = statuses(server, urls["one.fifo"], 2000)
    assert told[200] >= 300 and told[403] > 0
    assert statuses(server, urls["two.fifo"], 300) == {200: 300}
    server.advance(1)
    assert statuses(server, urls["one.fifo"], 300) == {200: 300}


def test_tagging_has_the_quota_of_aws(private):
    server = private("--durability", "memory", "--test-clock", "--throttle", "aws")
    sqs = server.client()
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    told = outcomes(lambda: sqs.list_queue_tags(QueueUrl=url), 40)
    assert told[:5] == ["ok"] * 5
    assert "RequestThrottled" in told


def test_own_rules_stand_in_for_those_of_aws(private, tmp_path):
    server = private("--durability", "memory", "--throttle", "aws", "--config", configured(
        tmp_path, {"actions": ["sqs:ListQueueTags"], "rate": 1000, "burst": 1000}))
    sqs = server.client()
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    assert outcomes(lambda: sqs.list_queue_tags(QueueUrl=url), 40) == ["ok"] * 40


def test_a_rule_of_a_resource_counts_all_callers(private, tmp_path):
    server = private("--durability", "memory", "--config", configured(
        tmp_path, {"actions": ["sqs:Get*"], "rate": 0.01, "burst": 2,
                   "per": "resource", "shared": True}))
    sqs = server.client()
    one, two = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("one", "two"))
    assert outcomes(lambda: sqs.get_queue_attributes(QueueUrl=one), 3)[1:] == [
        "ok", "RequestThrottled"]
    assert outcomes(lambda: sqs.get_queue_attributes(QueueUrl=two), 3)[1:] == [
        "ok", "RequestThrottled"]


@pytest.mark.parametrize("service, action, call, code, status", [
    ("kms", "kms:ListKeys", "list_keys", "ThrottlingException", 400),
    ("sts", "sts:GetCallerIdentity", "get_caller_identity", "Throttling", 400),
    ("iam", "iam:ListUsers", "list_users", "Throttling", 400),
    ("ec2", "ec2:DescribeVpcEndpoints", "describe_vpc_endpoints", "RequestLimitExceeded", 503),
])
def test_the_fault_of_each_service(private, tmp_path, service, action, call, code, status):
    server = private("--durability", "memory", "--config", configured(
        tmp_path, {"actions": [action], "rate": 0.01, "burst": 1}))
    client = server.client(service)
    getattr(client, call)()
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        getattr(client, call)()
    answer = caught.value.response
    assert answer["Error"]["Code"] == code
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status


def test_kms_has_the_quotas_of_aws(private):
    server = private("--durability", "memory", "--throttle", "aws")
    kms = server.client("kms")
    told = outcomes(lambda: kms.create_key(Description="x"), 30)
    assert told[:5] == ["ok"] * 5
    assert "ThrottlingException" in told
    assert outcomes(lambda: kms.generate_random(NumberOfBytes=8), 30) == ["ok"] * 30


@pytest.mark.parametrize("rule, text", [
    ({"rate": 1}, "needs \"actions\""), ({"actions": ["*"]}, "needs a \"rate\""),
    ({"actions": ["sqs:*Attributes"], "rate": 1}, 'no operation is "sqs:*Attributes"'),
    ({"actions": [], "rate": 1}, "must be a list"), ({"actions": [1], "rate": 1}, "must be text"),
    ({"actions": ["*"], "rate": 0}, "from 0.001"), ({"actions": ["*"], "rate": 2e6}, "from 0.001"),
    ({"actions": ["*"], "rate": "1"}, "from 0.001"),
    ({"actions": ["*"], "rate": 1, "burst": 0}, "from 1 to"),
    ({"actions": ["*"], "rate": 1, "per": "queue"}, "\"per\" must be"),
    ({"actions": ["*"], "rate": 1, "account": "12"}, "12 digits"),
    ({"actions": ["*"], "rate": 1, "shared": 1}, "true or false"),
    ({"actions": ["*"], "rate": 1, "rates": 1}, "nothing else"),
    ("*", "must be an object"),
])
def test_wrong_rules_are_named(tmp_path, rule, text):
    done = subprocess.run(
        [BUILD / "ternd", "--listen", "127.0.0.1:0", "--durability", "memory", "--config",
         configured(tmp_path, rule)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert '"throttle-rules"' in done.stderr and text in done.stderr
