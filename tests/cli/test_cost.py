# SPDX-License-Identifier: MIT
"""tern cost: the usage of this server at AWS's prices."""
from ternd import eventually


def test_usage_is_shown_by_group(private, tern):
    server = private("--test-clock")
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="m")
    server.advance(61)

    def rows(*arguments):
        found = tern.json("cost", *arguments, AWS_ENDPOINT_URL=server.url)
        return {row["Group"]: row["Usage"] for row in found}

    eventually(lambda: rows() == {"Amazon Simple Queue Service": 4}, what="usage by service")
    assert rows("--by", "operation", "--per", "day") == {"CreateQueue": 1, "SendMessage": 3}
    assert rows("--by", "resource") == {"arn:aws:sqs:us-east-1:000000000000:orders": 4}
    assert "FROM" in tern("cost", AWS_ENDPOINT_URL=server.url).stdout
    wrong = tern("cost", "--since", "2026-13-01", code=1, AWS_ENDPOINT_URL=server.url)
    assert "Start and end must be" in wrong.stderr
