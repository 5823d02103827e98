# SPDX-License-Identifier: MIT
"""tern audit: searches the audit log, of a server and in its files."""
import json
import signal
import threading

import pytest

from cli.conftest import Tern
from ternd import eventually


@pytest.fixture
def audited(private, tmp_path):
    """audited(*flags): a server that records all calls, and tern for it."""
    def start(*flags):
        server = private("--audit", "all", "--durability", "os", "--test-clock", *flags)
        return server, Tern(tmp_path, server.url)
    return start


def settled(server, count):
    """Waits until that many records are written."""
    eventually(lambda: server.metrics()["tern_audit_records_total"] >= count,
               what=f"{count} records are written")


def events(tern, *arguments, **options):
    return [record["eventName"] for record in tern.json("audit", *arguments, **options)]


def some_calls(server):
    """Five calls: of two accounts, one that fails."""
    sqs = server.client(account="111122223333")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="nobody")
    other = server.client(account="444455556666")
    other.create_queue(QueueName="invoices")
    other.list_queues()
    settled(server, 5)


ALL = ["CreateQueue", "SendMessage", "GetQueueUrl", "CreateQueue", "ListQueues"]


def test_filters(audited):
    server, tern = audited()
    some_calls(server)
    for arguments, expected in [
            ([], ALL),
            (["--event", "createqueue"], ["CreateQueue", "CreateQueue"]),
            (["--event", "*queue*"], [name for name in ALL if "Queue" in name]),
            (["--event", "Create"], []),
            (["--error", "*"], ["GetQueueUrl"]),
            (["--error", "QueueDoesNotExist"], ["GetQueueUrl"]),
            (["--error", "AccessDenied"], []),
            (["--account", "444455556666"], ["CreateQueue", "ListQueues"]),
            (["--user", "arn:aws:iam::111122223333:root"], ALL[:3]),
            (["--user", "444455556666"], ["CreateQueue", "ListQueues"]),
            (["--source", "sqs"], ALL),
            (["--source", "sqs.amazonaws.com"], ALL),
            (["--source", "kms"], []),
            (["--resource", "orders"], ["CreateQueue", "SendMessage"]),
            (["--resource", "arn:aws:sqs:*:invoices"], ["CreateQueue"]),
            (["--last", "2"], ["CreateQueue", "ListQueues"]),
            (["--last", "1", "--event", "create*"], ["CreateQueue"]),
            (["--account", "111122223333", "--event", "CreateQueue"], ["CreateQueue"])]:
        assert events(tern, *arguments) == expected, arguments
        assert events(tern, *arguments, "--data", server.data) == expected, arguments


def test_times(audited):
    server, tern = audited()
    server.client().create_queue(QueueName="early")
    settled(server, 1)
    server.advance(7200)
    server.client().list_queues()
    settled(server, 3)  # moving the clock is recorded too
    early, clock, late = tern.json("audit")
    assert clock["eventName"] == "POST /_tern/clock"
    day = early["eventTime"][:10]
    for arguments, expected in [
            (["--since", "1h"], 3), (["--since", "1w"], 3),
            (["--since", late["eventTime"]], 2 if clock["eventTime"] >= late["eventTime"] else 1),
            (["--until", early["eventTime"]], 1), (["--until", "1h"], 0),
            (["--since", early["eventTime"].rstrip("Z"), "--until", early["eventTime"]], 1),
            (["--until", f"{day} 00:00"], 0), (["--since", day], 3), (["--until", "2020-01-01"], 0),
            (["--since", "2099-12-31"], 0)]:
        assert len(tern.json("audit", *arguments)) == expected, arguments
    for text in "yesterday", "3x", "2026-1-1", "2026-11-24T", "h", "-5m":
        assert "2026-11-24" in tern("audit", f"--since={text}", code=2).stderr


def test_table(audited):
    server, tern = audited()
    some_calls(server)
    head, *rows = tern.lines("audit")
    assert head.split("  ")[0] == "TIME (UTC)" and len(rows) == 5
    assert "root of 111122223333" in rows[0] and "sqs:CreateQueue" in rows[0]
    assert " orders " in rows[0] and " 127.0.0.1 " in rows[0] and rows[0].endswith("ok")
    assert rows[2].endswith("QueueDoesNotExist")
    assert tern("audit", "--event", "Nothing").stdout == ""


def test_rotated_files_are_read_too(audited):
    server, tern = audited("--audit-max-mib", "1")
    sqs = server.client()
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    tags = {f"{number:0100}": "x" * 250 for number in range(40)}
    for _ in range(200):
        sqs.tag_queue(QueueUrl=url, Tags=tags)
    settled(server, 201)
    assert len(list((server.data / "audit").iterdir())) > 2
    for place in [], ["--data", server.data], ["--file", server.data / "audit/audit.jsonl"]:
        assert events(tern, *place) == ["CreateQueue"] + ["TagQueue"] * 200
        assert events(tern, "--last", "150", *place) == ["TagQueue"] * 150
        assert events(tern, "--since", "2099-01-01", *place) == []


@pytest.mark.parametrize("is_offline", [False, True])
def test_follow_goes_on_through_a_rotation(audited, is_offline):
    server, tern = audited("--audit-max-hours", "1")
    sqs = server.client()
    sqs.create_queue(QueueName="first")
    settled(server, 1)
    server.advance(3600)
    sqs.create_queue(QueueName="second")
    settled(server, 3)
    place = ["--data", server.data] if is_offline else []
    process = tern.start("audit", "--follow", "--output", "json", "--source", "sqs", *place)
    names = []

    def read():
        for line in process.stdout:
            names.append(json.loads(line)["requestParameters"]["queueName"])

    thread = threading.Thread(target=read)
    thread.start()
    eventually(lambda: names == ["first", "second"], what="what was there is shown")
    sqs.create_queue(QueueName="third")
    eventually(lambda: names == ["first", "second", "third"], what="what comes is shown")
    server.advance(3600)
    sqs.create_queue(QueueName="fourth")
    eventually(lambda: names == ["first", "second", "third", "fourth"],
               what="the next file is read")
    assert len(list((server.data / "audit").iterdir())) == 3
    process.send_signal(signal.SIGINT)
    process.wait(30)
    thread.join()
    process.communicate()
    assert names == ["first", "second", "third", "fourth"]


def test_half_a_line_is_passed_over(bare, tmp_path):
    path = tmp_path / "audit.jsonl"
    record = {"eventTime": "2026-11-24T00:00:00Z", "eventName": "One", "eventSource": "sqs.x.y"}
    path.write_text(json.dumps(record) + '\n{"eventName":"Tw\n' + json.dumps(record) + "\n{\"ev")
    assert events(bare, "--file", path) == ["One", "One"]
    assert "\x1b" not in bare("audit", "--file", path).stdout


def test_mistakes_are_said(server, tern, bare, tmp_path):
    assert "keeps no audit log" in tern("audit", code=1).stderr
    assert "there is no such file" in bare("audit", "--data", tmp_path, code=2).stderr
    assert "exclude" in bare("audit", "--data", tmp_path, "--file", "x", code=2).stderr
    bare("audit", code=3)


def test_only_administrators_may_ask(private, tmp_path):
    server = private("--auth", "required", "--durability", "os")
    tern = Tern(tmp_path, server.url)
    assert "HTTP 403" in tern("audit", code=1).stderr
    server.read_credential()
    keys = {"AWS_ACCESS_KEY_ID": server.key, "AWS_SECRET_ACCESS_KEY": server.secret}
    eventually(lambda: tern.json("audit", **keys), what="the refusal is recorded")
    refused = tern.json("audit", **keys)[0]
    assert refused["eventName"] == "GET /_tern/audit" and refused["errorCode"] == "AccessDenied"
