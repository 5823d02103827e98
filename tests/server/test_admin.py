# SPDX-License-Identifier: MIT
"""What ternd serves beside AWS's APIs: health, metrics, queues and messages, clock, reset."""
import pathlib
import resource
import uuid
import xml.etree.ElementTree as ElementTree

import pytest

from ternd import DEFAULT_ACCOUNT, DEFAULT_REGION, Server

NAMESPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"


def labels(name):
    return f'{{account="{DEFAULT_ACCOUNT}",region="{DEFAULT_REGION}",queue="{name}"}}'


def messages_of(server, name, **query):
    answer = server.get(f"/_tern/queues/{DEFAULT_ACCOUNT}/{name}/messages", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_health_says_what_runs(private):
    server = private("--durability", "memory")
    health = server.get("/_tern/health").json()
    assert health["status"] == "ok"
    assert health["durability"] == "memory"
    server.client().create_queue(QueueName="one")
    # It is for everybody: nothing in it depends on what accounts have.
    assert server.get("/_tern/health").json() == health
    assert set(health) == {"status", "version", "durability", "started_ms", "partitions"}


def test_metrics_count_operations_and_faults(private):
    server = private("--durability", "os")
    sqs = server.client()
    url = sqs.create_queue(QueueName="counted")["QueueUrl"]
    for i in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="x" * 10)
    sqs.receive_message(QueueUrl=url)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.send_message(QueueUrl=url + "-not", MessageBody="x")
    metrics = server.metrics()
    assert metrics['tern_request_seconds_count{operation="SendMessage"}'] == 4
    assert metrics['tern_request_seconds_bucket{operation="SendMessage",le="+Inf"}'] == 4
    assert metrics['tern_faults_total{operation="SendMessage",fault="sender"}'] == 1
    assert metrics['tern_faults_total{operation="SendMessage",fault="receiver"}'] == 0
    assert metrics["tern_queue_messages_visible" + labels("counted")] == 2
    assert metrics["tern_queue_messages_in_flight" + labels("counted")] == 1
    assert metrics["tern_queue_sent_total" + labels("counted")] == 3
    assert metrics["tern_queue_received_total" + labels("counted")] == 1
    assert metrics["tern_queue_oldest_age_seconds" + labels("counted")] >= 0
    assert metrics["tern_log_commits_total"] >= 4
    assert metrics["tern_queues"] == 1
    assert metrics["tern_log_failed"] == 0


def test_metrics_name_the_build_the_start_and_the_memory(private):
    server = private()
    metrics = server.metrics()
    health = server.get("/_tern/health").json()
    assert metrics[f'tern_build_info{{version="{health["version"]}"}}'] == 1
    assert metrics["process_start_time_seconds"] == health["started_ms"] / 1000
    pages = int(pathlib.Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    resident = pages * resource.getpagesize()
    assert resident / 2 < metrics["process_resident_memory_bytes"] < resident * 2


def test_failed_entries_of_batches_count_as_faults(private):
    server = private("--durability", "memory")
    sqs = server.client()
    url = sqs.create_queue(QueueName="q", Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": str(number), "MessageBody": "x" * (1020 + number)} for number in range(8)])
    assert len(sent["Failed"]) == 3
    deleted = sqs.delete_message_batch(QueueUrl=url, Entries=[
        {"Id": "0", "ReceiptHandle": "nonsense"}])
    assert len(deleted["Failed"]) == 1
    metrics = server.metrics()
    assert metrics['tern_faults_total{operation="SendMessageBatch",fault="sender"}'] == 3
    assert metrics['tern_faults_total{operation="DeleteMessageBatch",fault="sender"}'] == 1
    assert metrics['tern_request_seconds_count{operation="SendMessageBatch"}'] == 1


def test_metrics_tell_of_syncs(private):
    server = private("--durability", "fsync")
    sqs = server.client()
    url = sqs.create_queue(QueueName="synced")["QueueUrl"]
    before = server.metrics()["tern_log_sync_seconds_count"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    after = server.metrics()
    assert after["tern_log_sync_seconds_count"] > before
    assert after["tern_log_sync_seconds_sum"] > 0


def test_every_metric_has_help_and_type(server):
    lines = server.get("/_tern/metrics").text.splitlines()
    samples = {line.split("{")[0].split(" ")[0] for line in lines if line[0] != "#"}
    families = {line.split(" ")[2] for line in lines if line.startswith("# TYPE")}
    helped = {line.split(" ")[2] for line in lines if line.startswith("# HELP")}
    assert families == helped
    for sample in samples:
        assert sample in families or sample.rsplit("_", 1)[0] in families, sample


def test_messages_are_seen_without_being_received(server, sqs, name):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="first", MessageAttributes={
        "colour": {"DataType": "String", "StringValue": "grey"}})
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=900)
    received = sqs.receive_message(QueueUrl=url)["Messages"][0]
    page = messages_of(server, name)
    assert page["queue"].endswith(":" + name)
    assert "next" not in page
    states = {entry["message"]["Body"]: entry["state"] for entry in page["messages"]}
    assert states == {"first": "in-flight", "later": "delayed"}
    first = page["messages"][0]["message"]
    assert first["MessageId"] == received["MessageId"]
    assert first["MessageAttributes"]["colour"]["StringValue"] == "grey"
    assert first["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "ReceiptHandle" not in first
    assert messages_of(server, name) == page


def test_messages_come_in_pages(server, sqs, queue, name):
    for start in range(0, 25, 5):
        sqs.send_message_batch(QueueUrl=queue, Entries=[
            {"Id": str(i), "MessageBody": str(i)} for i in range(start, start + 5)])
    bodies, after = [], 0
    while after is not None:
        page = messages_of(server, name, limit=10, after=after)
        assert len(page["messages"]) <= 10
        bodies += [entry["message"]["Body"] for entry in page["messages"]]
        after = page.get("next")
    assert bodies == [str(i) for i in range(25)]


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"after": -1}])
def test_pages_out_of_range_are_refused(server, queue, name, query):
    answer = server.get(f"/_tern/queues/{DEFAULT_ACCOUNT}/{name}/messages", params=query)
    assert answer.status_code == 400
    assert "must be a number" in answer.json()["error"]


def test_messages_of_an_unknown_queue(server):
    answer = server.get(f"/_tern/queues/{DEFAULT_ACCOUNT}/nowhere/messages")
    assert answer.status_code == 404
    assert "nowhere" in answer.json()["error"]


def test_the_path_that_users_of_localstack_know(server, sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="look")
    sqs.send_message(QueueUrl=queue, MessageBody="hidden", DelaySeconds=900)
    root = ElementTree.fromstring(
        server.get("/_aws/sqs/messages", params={"QueueUrl": queue}).content)
    bodies = [body.text for body in root.iter(NAMESPACE + "Body")]
    assert root.tag == NAMESPACE + "ReceiveMessageResponse"
    assert bodies == ["look"]
    answer = server.get("/_aws/sqs/messages", params={"QueueUrl": queue, "ShowDelayed": "true"},
                        headers={"Accept": "application/json"}).json()
    shown = answer["ReceiveMessageResponse"]["ReceiveMessageResult"]
    assert "look" in str(shown) and "hidden" in str(shown)
    path = queue.split("/", 3)[3]
    assert b"look" in server.get(f"/_aws/sqs/messages/{DEFAULT_REGION}/{path}").content


def test_queues_are_listed_with_their_numbers(server, sqs, queue, name):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    listed = server.get(f"/_tern/queues/{DEFAULT_ACCOUNT}").json()["queues"]
    mine = [entry for entry in listed if entry["name"] == name]
    assert len(mine) == 1
    assert (mine[0]["visible"], mine[0]["in_flight"], mine[0]["sent"]) == (1, 0, 1)


def test_the_clock_goes_forward_only(clocked):
    before = clocked.get("/_tern/clock").json()["now_ms"]
    after = clocked.post("/_tern/clock", {"advance_ms": 60000}).json()["now_ms"]
    assert after >= before + 60000
    assert clocked.post("/_tern/clock", {"set_ms": after + 5000}).json()["now_ms"] >= after + 5000
    for wrong in ({"advance_ms": -1}, {"set_ms": before}, {"advance_ms": "1"}, {}, [1]):
        assert clocked.post("/_tern/clock", wrong).status_code == 400, wrong


def test_wall_time_can_be_set_back_alone(clocked):
    before = clocked.get("/_tern/clock").json()["now_ms"]
    try:
        after = clocked.post("/_tern/clock", {"wall_ms": -3600000}).json()["now_ms"]
        assert before - 3600000 <= after < before
    finally:
        clocked.post("/_tern/clock", {"wall_ms": 3600000})


def test_the_clock_and_reset_need_their_flags(server):
    assert server.post("/_tern/clock", {"advance_ms": 1}).status_code == 403
    assert "--test-clock" in server.post("/_tern/clock", {"advance_ms": 1}).json()["error"]
    assert server.post("/_tern/reset").status_code == 403
    assert "--allow-reset" in server.post("/_tern/reset").json()["error"]


def test_a_waiting_receive_sees_time_pass(clocked):
    """What becomes visible by the test's clock wakes a long poll that began before."""
    sqs = clocked.client()
    url = sqs.create_queue(QueueName="later-" + uuid.uuid4().hex)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=600)
    clocked.advance(601)
    assert sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0]["Body"] == "x"


def test_reset_empties_one_account(private):
    server = private("--allow-reset", "--durability", "os")
    mine, others = server.client(), server.client(account="111122223333")
    url = mine.create_queue(QueueName="gone")["QueueUrl"]
    mine.send_message(QueueUrl=url, MessageBody="x")
    mine.create_queue(QueueName="gone-too")
    kept = others.create_queue(QueueName="kept")["QueueUrl"]
    answer = server.post("/_tern/reset").json()
    assert answer.pop("deleted_metrics_and_alarms") >= 1, "the queue has SentMessageSize"
    assert answer == {
        "account": DEFAULT_ACCOUNT, "deleted_queues": 2, "deleted_topics": 0,
        "deleted_event_buses_and_rules": 0, "deleted_schedules": 0, "deleted_log_groups": 0,
        "deleted_pipes": 0}
    assert "QueueUrls" not in mine.list_queues()
    assert others.list_queues()["QueueUrls"] == [kept]
    assert server.post("/_tern/reset", {"account": "111122223333"}).json()["deleted_queues"] == 1
    again = mine.create_queue(QueueName="gone")["QueueUrl"]
    assert "Messages" not in mine.receive_message(QueueUrl=again)


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/_tern/nothing", 404), ("GET", "/_ternhealth", 404), ("GET", "/_tern/healthy", 404),
    ("POST", "/_tern/health", 405), ("GET", "/_tern/reset", 405), ("DELETE", "/_tern/clock", 405),
    ("GET", "/_tern/queues/a%00", 400), ("GET", "/_aws/sqs/messages", 400)])
def test_wrong_paths_and_methods(server, method, path, status):
    answer = server.http.request(method, server.url + path, timeout=60)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_head_of_health(server):
    answer = server.http.head(server.url + "/_tern/health", timeout=60)
    assert answer.status_code == 200
    assert answer.content == b""


def test_two_net_threads_serve_the_same_queues(private):
    server = private("--threads", "3", "--durability", "os")
    sqs = server.client()
    url = sqs.create_queue(QueueName="shared")["QueueUrl"]
    for i in range(30):
        sender = Server.client(server, account=DEFAULT_ACCOUNT)
        sender.send_message(QueueUrl=url, MessageBody=str(i))
    bodies = set()
    while len(bodies) < 30:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                           WaitTimeSeconds=5)["Messages"]:
            bodies.add(int(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert bodies == set(range(30))
    metrics = server.metrics()
    assert metrics['tern_request_seconds_count{operation="SendMessage"}'] == 30
