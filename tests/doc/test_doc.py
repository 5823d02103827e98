# SPDX-License-Identifier: MIT
"""What doc/operations.md says, said again by ternd itself."""
import json
import re
import shutil
import signal
import subprocess

import pytest

from ternd import BUILD, ROOT, Server, eventually

DOCUMENT = (ROOT / "doc/operations.md").read_text()
MIB = 1024 * 1024


def table(heading):
    """The rows of the table under the line that is its head, as tuples of texts."""
    text = DOCUMENT.split(heading + "\n", 1)[1].split("\n\n", 1)[0]
    cells = [re.split(r"(?<!\\) \| ", row.strip("| ")) for row in text.splitlines()[1:]]
    return [tuple(cell.strip(" `|").replace("\\|", "|") for cell in row) for row in cells]


def test_settings_are_those_of_help():
    text = subprocess.run([BUILD / "ternd", "--help"], capture_output=True, text=True,
                          check=True).stdout
    text = re.sub(r"\n {30,}", " ", text)
    rows = re.findall(r"^  --(\S+)(?: (\S+))?\s{2,}(.*?)(?: \[(.*)\])?$", text, re.M)
    assert len(rows) > 20
    assert table("| setting | value | default | meaning |") == [
        (name, value, default, meaning) for name, value, meaning, default in rows]


def test_metrics_are_those_served(server):
    text = server.get("/_tern/metrics").text
    served = re.findall(r"^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$", text, re.M)
    assert len(served) > 40
    assert table("| metric | type | what |") == [(name, kind, what) for name, what, kind in served]


def test_endpoints_are_served(private):
    server = private("--test-clock", "--allow-reset", "--audit", "management")
    url = server.client().create_queue(QueueName="orders")["QueueUrl"]
    rows = table("| request | gives |")
    assert len(rows) > 5
    for request, _ in rows:
        method, path = request.split("`")[0].split(" ")
        path = path.replace("ACCOUNT", "000000000000").replace("NAME", "orders")
        body = {"account": "000000000000"} if method == "POST" else None
        answer = server.http.request(method, server.url + path.replace("...", url), json=body)
        assert answer.status_code == 200, request


def test_example_of_a_configuration(tmp_path):
    example = json.loads((ROOT / "doc/ternd.json").read_text())
    del example["listen"], example["data"]
    (tmp_path / "ternd.json").write_text(json.dumps(example))
    with Server(tmp_path / "server", "--config", tmp_path / "ternd.json") as server:
        sqs = server.client(region=example["region"])
        urls = {url.rsplit("/", 1)[1]: url for url in sqs.list_queues()["QueueUrls"]}
        assert sorted(urls) == sorted(queue["name"] for queue in example["queues"])
        attributes = sqs.get_queue_attributes(QueueUrl=urls["orders"], AttributeNames=["All"])
        policy = json.loads(attributes["Attributes"]["RedrivePolicy"])
        assert policy["deadLetterTargetArn"].endswith(":orders-dead")
        assert policy["maxReceiveCount"] == 5
        assert sqs.list_queue_tags(QueueUrl=urls["orders"])["Tags"] == {"team": "shop"}


def test_unit_starts_ternd_with_known_settings():
    unit = (ROOT / "packaging/ternd.service").read_text()
    command = re.search(r"^ExecStart=(\S+) (.*)$", unit, re.M)
    assert command[1].endswith("/bin/ternd")
    known = {row[0] for row in table("| setting | value | default | meaning |")}
    assert set(re.findall(r"--([\w-]+)", command[2])) <= known
    if shutil.which("systemd-analyze"):
        text = unit.replace(command[1], str(BUILD / "ternd"))
        result = verify_unit(text)
        assert result.returncode == 0, result.stderr


def verify_unit(text):
    directory = BUILD / "unit"
    directory.mkdir(exist_ok=True)
    (directory / "ternd.service").write_text(text)
    return subprocess.run(["systemd-analyze", "verify", directory / "ternd.service"],
                          capture_output=True, text=True, check=False)


def fill(server, count):
    sqs = server.client()
    url = sqs.create_queue(QueueName="kept")["QueueUrl"]
    for number in range(count):
        sqs.send_message(QueueUrl=url, MessageBody=f"message {number}")
    return url


def drain(server):
    sqs = server.client()
    url = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
    bodies = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [message["Body"] for message in messages]
    return sorted(bodies)


def copy(server, to):
    to.mkdir()
    shutil.copytree(server.data, to / "data")
    return Server(to)


def test_backup_of_a_stopped_server_is_a_copy(private, tmp_path):
    server = private()
    fill(server, 25)
    server.stop()
    with copy(server, tmp_path / "copy") as restored:
        assert drain(restored) == sorted(f"message {number}" for number in range(25))


def test_backup_of_a_running_server_is_a_snapshot(private, tmp_path):
    server = private()
    fill(server, 25)
    # A stopped process changes no file: what is copied is one instant, as in a snapshot.
    server.process.send_signal(signal.SIGSTOP)
    try:
        restored = copy(server, tmp_path / "copy")
    finally:
        server.process.send_signal(signal.SIGCONT)
    with restored:
        assert drain(restored) == sorted(f"message {number}" for number in range(25))


def test_receipt_handles_survive_a_restore(private, tmp_path):
    server = private()
    url = fill(server, 1)
    message = server.client().receive_message(QueueUrl=url)["Messages"][0]
    server.stop()
    with copy(server, tmp_path / "copy") as restored:
        sqs = restored.client()
        url = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert counts["ApproximateNumberOfMessagesNotVisible"] == "0"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_with_status_0(private, number):
    server = private()
    server.process.send_signal(number)
    assert server.wait() == 0


def test_stop_answers_a_waiting_receive(private):
    server = private()
    url = fill(server, 0)
    request = subprocess.Popen(
        ["python3", "-c", WAIT, server.url, url], stdout=subprocess.PIPE, text=True)
    eventually(lambda: server.metrics()["tern_waiting_receives"] == 1)
    server.stop()
    assert request.communicate(timeout=60)[0] == "200 {}\n"


WAIT = """
import json, sys, urllib.request
request = urllib.request.Request(
    sys.argv[1], json.dumps({"QueueUrl": sys.argv[2], "WaitTimeSeconds": 20}).encode(),
    {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ReceiveMessage"})
with urllib.request.urlopen(request, timeout=25) as answer:
    print(answer.status, answer.read().decode())
"""


def test_second_server_on_a_directory_is_refused(private, tmp_path):
    server = private()
    result = subprocess.run(
        [BUILD / "ternd", "--listen", "127.0.0.1:0", "--data", server.data],
        capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 1
    assert "is in use by another ternd" in result.stderr


def test_wrong_setting_ends_with_status_2():
    result = subprocess.run([BUILD / "ternd", "--threads", "none"], capture_output=True, text=True,
                            check=False, timeout=60)
    assert result.returncode == 2
    assert "--threads" in result.stderr


def test_smallest_segment_takes_the_largest_message(private):
    least = 2
    refused = subprocess.run([BUILD / "ternd", "--segment-mib", str(least - 1)],
                             capture_output=True, text=True, check=False, timeout=60)
    assert refused.returncode == 2
    server = private("--segment-mib", least)
    sqs = server.client()
    url = sqs.create_queue(QueueName="large")["QueueUrl"]
    attributes = {f"{number}{'n' * 255}": {"DataType": "String", "StringValue": "v"}
                  for number in range(10)}
    extra = sum(len(name) + len("String") + 1 for name in attributes)
    body = "x" * (MIB - extra)
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-" + "a" * 1000}}
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes,
                         MessageSystemAttributes=trace)
    received = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
    assert received["Body"] == body
    assert set(received["MessageAttributes"]) == set(attributes)


class Traced(Server):
    """A server whose calls of connect and bind are written to a file by strace."""

    def command(self):
        # -D: the process that was started becomes ternd, strace watches from outside.
        return ["strace", "-D", "-f", "-e", "trace=connect,bind", "-o",
                str(self.directory / "trace"), *super().command()]


def test_connects_to_nobody(tmp_path):
    with Traced(tmp_path) as server:
        fill(server, 3)
        assert len(drain(server)) == 3
    trace = tmp_path / "trace"
    eventually(lambda: "+++ exited with 0 +++" in trace.read_text())
    assert " bind(" in trace.read_text()
    assert "connect(" not in trace.read_text()


def test_install_puts_two_programs_under_prefix(tmp_path):
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", tmp_path],
                   check=True, capture_output=True, timeout=60)
    for name in ("tern", "ternd"):
        assert next(tmp_path.rglob(f"bin/{name}")).stat().st_mode & 0o111
