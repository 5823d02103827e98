# SPDX-License-Identifier: MIT
"""tern watch: the numbers of queues, and how they change."""
import json
import signal


def test_watch_prints_a_table_of_all_queues(tern, sqs, queue, name):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    sqs.send_message(QueueUrl=queue, MessageBody="x", DelaySeconds=900)
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    sqs.receive_message(QueueUrl=queue)
    title, row, _ = tern.lines("watch", name, "--count", 1)
    assert title.split("  ")[0] == "QUEUE"
    assert row.split()[:7] == [name, "1", "1", "1", "-", "-", "-"]
    assert name in tern("watch", "--count", 1).stdout


def test_watch_draws_over_itself_on_a_terminal(tern, queue, name):
    text = tern.on_terminal("watch", name, "--count", 2, "--interval", 1)
    assert text.count("\033[H\033[J") == text.count(name) == 2


def test_watch_computes_rates(tern, sqs, queue, name):
    process = tern.start("watch", name, "--interval", "1", "--output", "json")
    first = json.loads(process.stdout.readline())
    assert first["visible"] == 0 and "sent_per_second" not in first
    for _ in range(50):
        sqs.send_message(QueueUrl=queue, MessageBody="x")
    rates = []
    while sum(rates) == 0:
        row = json.loads(process.stdout.readline())
        rates.append(row["sent_per_second"])
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 0
    assert 0 < rates[-1] <= 50 and row["visible"] > 0
    assert row["received_per_second"] == 0 and row["account"] == "000000000000"


def test_watch_knows_queues_apart(tern, sqs, name):
    urls = [sqs.create_queue(QueueName=f"{name}-{letter}")["QueueUrl"] for letter in "abc"]
    process = tern.start("watch", name, "--interval", "1", "--output", "json")
    assert len([process.stdout.readline() for _ in urls]) == 3
    for _ in range(50):
        sqs.send_message(QueueUrl=urls[1], MessageBody="x")
    sqs.create_queue(QueueName=f"{name}-aa")
    sent = {}
    while f"{name}-aa" not in sent or not sent[f"{name}-b"]:
        row = json.loads(process.stdout.readline())
        if "sent_per_second" in row:
            sent[row["name"]] = sent.get(row["name"], 0) + row["sent_per_second"]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert sent[f"{name}-b"] > 0
    assert sent[f"{name}-a"] == sent.get(f"{name}-c", 0) == sent[f"{name}-aa"] == 0


def test_watch_elsewhere_asks_for_attributes(bare, endpoint):
    endpoint.answer("not here", status=404)
    endpoint.answer({"QueueUrls": ["http://h/123456789012/a"]})
    endpoint.answer({"Attributes": {
        "ApproximateNumberOfMessages": "3", "ApproximateNumberOfMessagesNotVisible": "2",
        "ApproximateNumberOfMessagesDelayed": "1"}})
    row = bare.lines("watch", "--count", 1, "--endpoint-url", endpoint.url)[1]
    assert row.split() == ["a", "3", "2", "1", "-", "-", "-", "-"]


def test_watch_refuses_a_prefix_without_queues(tern, queue, name):
    said = tern("watch", name + "-nowhere", code=1)
    assert f"no queue's name begins with '{name}-nowhere'" in said.stderr
    assert said.stdout == ""
