# SPDX-License-Identifier: MIT
"""Usage by account, region, operation, resource and outcome, as far as /_tern/metrics shows it."""
import pytest
from botocore.exceptions import ClientError

from ternd import eventually


def merged(server):
    """Requests, those without a series of their own, and series, after the next merge."""
    before = server.metrics()["tern_usage_requests_total"]
    server.advance(60)
    eventually(lambda: server.metrics()["tern_usage_requests_total"] > before, 10, "a merge")
    samples = server.metrics()
    return tuple(int(samples[f"tern_usage_{name}"]) for name in
                 ("requests_total", "folded_requests_total", "series"))


def test_usage_has_a_series_for_each_queue_and_operation(private):
    server = private("--test-clock", "--threads", "2")
    sqs, other = server.client("sqs"), server.client("sqs", account="111122223333")
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in "abc"]
    assert merged(server) == (3, 0, 3)
    for url in urls:
        for _ in range(5):
            sqs.send_message(QueueUrl=url, MessageBody="x")
        sqs.receive_message(QueueUrl=url)
    for client in (sqs, other):
        for _ in range(2):
            client.list_queues()
    assert merged(server) == (3 + 18 + 4, 0, 6 + 2)


def test_usage_of_failures_is_the_accounts_however_many_queues_they_name(private):
    server = private("--test-clock")
    sqs = server.client("sqs")
    for number in range(20):
        with pytest.raises(ClientError):
            sqs.send_message(QueueUrl=f"{server.url}/000000000000/none{number}", MessageBody="x")
    assert merged(server) == (20, 0, 1)


def test_requests_that_aws_bills_are_counted_by_their_price_class(private):
    server = private()
    sqs, sts = server.client("sqs"), server.client("sts")
    sqs.create_queue(QueueName="q")
    sqs.list_queues()
    sts.get_caller_identity()
    metrics = server.metrics()
    assert metrics['tern_priced_requests_total{service="sqs",price="request"}'] == 2
    assert not any('price="' in name and '"sts"' in name for name in metrics), "STS is free"
