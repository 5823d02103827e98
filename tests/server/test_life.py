# SPDX-License-Identifier: MIT
"""How ternd starts, is configured, and stops."""
import concurrent.futures
import json
import re
import signal
import socket
import subprocess

import pytest

from ternd import BUILD, DEFAULT_ACCOUNT, Server, eventually

HERE = "127.0.0.1:0"


def run(*arguments, environment=None):
    return subprocess.run([BUILD / "ternd", *arguments], capture_output=True, text=True,
                          env=environment or {}, timeout=60, check=False)


def test_help_names_every_setting_and_the_environment():
    done = run("--help")
    assert done.returncode == 0
    for flag in ("--listen", "--port-file", "--data", "--region", "--account", "--durability",
                 "--threads", "--log-format", "--log-level", "--config", "--test-clock"):
        assert flag in done.stdout
    assert "TERN_" in done.stdout


def test_version_is_that_of_the_build():
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("ternd ")


@pytest.mark.parametrize("arguments, text", [
    (["--nonsense"], 'unknown option "--nonsense"'),
    (["stray"], 'unexpected argument "stray"'),
    (["--data"], "--data needs a value"),
    (["--durability", "maybe"], "fsync|os|memory"),
    (["--threads", "0"], "from 1 to 64"),
    (["--account", "12"], "12 digits"),
    (["--test-clock=perhaps"], "true or false"),
    (["--config", "/nowhere/tern.json"], "No such file"),
])
def test_wrong_settings_say_what_is_right(arguments, text):
    done = run(*arguments)
    assert done.returncode == 2
    assert text in done.stderr
    assert done.stderr.startswith("ternd: ")


@pytest.mark.parametrize("address, text", [
    ("nonsense", "not an address"), ("127.0.0.1:99999", "not an address"),
    ("192.0.2.1:4566", "no such address"),
    ("tls:127.0.0.1:0", "tern cert create")])
def test_wrong_addresses_say_what_is_right(tmp_path, address, text):
    done = run("--listen", address, "--data", str(tmp_path / "data"))
    assert done.returncode == 2
    assert text in done.stderr


def test_an_address_in_use_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run("--listen", address, "--data", str(tmp_path / "data"))
    assert done.returncode == 1
    assert address in done.stderr
    assert "--listen" in done.stderr


def test_a_second_server_on_the_same_data_is_refused(private):
    first = private()
    done = run("--listen", HERE, "--data", str(first.data))
    assert done.returncode == 1
    assert "in use by another ternd" in done.stderr
    assert first.get("/_tern/health").status_code == 200


def test_settings_come_from_flags_before_environment_before_file(tmp_path, private):
    config = tmp_path / "tern.json"
    config.write_text(json.dumps({"region": "eu-file-1", "account": "333333333333",
                                  "durability": "memory", "log-format": "json"}))
    server = private("--config", config, "--region", "eu-flag-1",
                     environment={"TERN_REGION": "eu-env-1", "TERN_ACCOUNT": "222222222222"})
    answer = server.post("/", {"QueueName": "q"}, headers={
        "X-Amz-Target": "AmazonSQS.CreateQueue", "Content-Type": "application/x-amz-json-1.0"})
    assert answer.json()["QueueUrl"].endswith("/222222222222/q")
    listed = server.get("/_tern/queues").json()["queues"][0]
    assert listed["region"] == "eu-flag-1"
    assert server.get("/_tern/health").json()["durability"] == "memory"
    assert json.loads(server.log().splitlines()[0])["level"] == "info"


@pytest.mark.parametrize("text, problem", [
    ("[]", "not a JSON object"), ('{"nonsense": 1}', 'there is no setting "nonsense"'),
    ('{\n "region": "eu-1",\n "acount": "1"\n}', 'line 3: there is no setting "acount"; '
     'did you mean "account"?'),
    ('{"quues": []}', 'did you mean "queues"?'),
    ('{\n "region": "eu-1",\n}', "line 2, column 18: trailing comma"),
    ('{\n "threads": 99}', "line 2: --threads must be a number from 1 to 64"),
    ('{"queues": [{"nam": "q"}]}', 'unknown key "nam"; did you mean "name"?'),
    ('{"queues": [{"name": "q", "attributes": {"DelaySeconds": 901}}]}',
     '"901" is not a number from 0 to 900'),
    ('{"queues": {}}', '"queues" must be a list'),
    ('{"queues": [{"name": "bad name"}]}', 'queue "bad name"'),
    ('{"queues": [{"name": "q", "attributes": {"VisibilityTimeout": "x"}}]}', "VisibilityTimeout"),
])
def test_a_wrong_configuration_is_named(tmp_path, text, problem):
    config = tmp_path / "tern.json"
    config.write_text(text)
    done = run("--listen", HERE, "--data", str(tmp_path / "data"), "--config", str(config))
    assert done.returncode in (1, 2)
    assert problem in done.stderr
    assert str(config) in done.stderr


def test_several_listeners_and_a_unix_socket(tmp_path, private):
    path = tmp_path / "tern.sock"
    server = private("--listen", f"unix:{path}")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET /_tern/health HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n")
        answer = b""
        while chunk := client.recv(4096):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert server.get("/_tern/health").status_code == 200
    server.stop()
    assert not path.exists()


def test_the_greeting_can_be_pasted(private):
    server = private("--greeting")
    text = eventually(lambda: server.log() if "boto3" in server.log() else None)
    assert f"http://127.0.0.1:{server.port}" in text
    assert "aws sqs list-queues" in text
    assert "tern" in text


def test_the_greeting_names_no_credentials_where_they_are_checked(private):
    server = private("--greeting", "--auth", "required")
    text = eventually(lambda: server.log() if "Tern serves" in server.log() else None)
    assert f"http://127.0.0.1:{server.port}" in text
    assert "=test" not in text and '"test"' not in text


def test_help_fits_a_screen():
    assert max(len(line) for line in run("--help").stdout.splitlines()) <= 100


def test_a_misspelt_variable_is_told(tmp_path):
    done = run("--listen", "nonsense", "--data", str(tmp_path / "data"),
               environment={"TERN_AUHT": "required", "TERN_LOG_LEVEL": "info"})
    told = re.search(r'msg="variables of the environment that are no settings" names=(\S+)',
                     done.stderr)
    assert told[1] == "TERN_AUHT"


@pytest.mark.parametrize("mode, is_told", [(0o755, False), (0o775, True), (0o757, True)])
def test_a_data_directory_that_others_may_change_is_told(tmp_path, mode, is_told):
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(mode)
    done = run("--listen", HERE, "--data", str(data), "--port-file", str(tmp_path / "no" / "file"))
    assert done.returncode == 1
    assert ("chmod go-w" in done.stderr) == is_told


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_long_polls_and_keeps_everything(private, ending):
    server = private()
    sqs = server.client()
    url = sqs.create_queue(QueueName="kept", tags={"a": "b"})["QueueUrl"]
    empty = sqs.create_queue(QueueName="empty")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="still here")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        poll = pool.submit(sqs.receive_message, QueueUrl=empty, WaitTimeSeconds=20)
        eventually(lambda: server.metrics()["tern_waiting_receives"] == 1)
        server.process.send_signal(ending)
        assert "Messages" not in poll.result()
    assert server.wait() == 0
    server.start()
    sqs = server.client()
    url = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "b"}
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "still here"


def test_receipt_handles_survive_a_restart(private):
    server = private()
    sqs = server.client()
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    message = sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)["Messages"][0]
    handle = message["ReceiptHandle"]
    server.restart()
    sqs = server.client()
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_memory_leaves_nothing_behind(private, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    server = private("--durability", "memory", environment={"TMPDIR": str(temporary)})
    server.client().create_queue(QueueName="q")
    assert list(temporary.iterdir()) == []
    server.restart()
    assert "QueueUrls" not in server.client().list_queues()
    assert not server.data.exists()


def test_files_are_the_owners_only(private):
    server = private()
    server.client().create_queue(QueueName="q")
    for path in [server.data, *server.data.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_port_file_that_cannot_be_written_ends_the_start(tmp_path):
    done = run("--listen", HERE, "--data", str(tmp_path / "data"), "--port-file",
               str(tmp_path / "missing" / "port"))
    assert done.returncode == 1
    assert "port file" in done.stderr


def test_a_data_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    done = run("--listen", HERE, "--data", str(tmp_path / "file" / "data"))
    assert done.returncode == 1
    assert str(tmp_path / "file") in done.stderr


def test_declared_queues_are_there_and_keep_their_messages(tmp_path, private):
    config = tmp_path / "tern.json"
    config.write_text(json.dumps({"queues": [
        {"name": "orders", "attributes": {"VisibilityTimeout": 60}, "tags": {"team": "a"},
         "deadLetterQueue": "orders-dlq", "maxReceiveCount": 4},
        {"name": "orders-dlq"}]}))
    server = private("--config", config)
    sqs = server.client()
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "60"
    assert json.loads(attributes["RedrivePolicy"]) == {
        "deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{DEFAULT_ACCOUNT}:orders-dlq",
        "maxReceiveCount": 4}
    sqs.send_message(QueueUrl=url, MessageBody="x")
    server.restart()
    url = server.client().get_queue_url(QueueName="orders")["QueueUrl"]
    assert server.client().receive_message(QueueUrl=url)["Messages"][0]["Body"] == "x"


def test_the_clock_moves_only_this_server(private):
    one, other = private("--test-clock"), private("--test-clock")
    one.advance(3600)
    difference = (one.get("/_tern/clock").json()["now_ms"]
                  - other.get("/_tern/clock").json()["now_ms"])
    assert difference > 3500 * 1000


def test_servers_can_be_made_by_hand(tmp_path):
    with Server(tmp_path, "--durability", "os") as server:
        assert server.client().list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_the_manual_page_names_every_setting():
    page = run("--manual").stdout
    assert page.startswith(".TH TERND 1 ")
    options = re.findall(r"^  --([a-z-]+)", run("--help").stdout, re.M)
    assert len(options) > 30
    for option in options:
        assert "\\fB\\-\\-" + option.replace("-", "\\-") + "\\fR" in page
    assert not re.findall(r"^[.'](?!TH|SH|TP|PP|br|BR)", page, re.M)
