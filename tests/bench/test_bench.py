# SPDX-License-Identifier: MIT
"""`tern bench` against a ternd: its counts are those of the server, and its report is complete."""
import http.server
import json
import os
import re
import subprocess
import threading

import pytest

from ternd import BUILD

TIMES = {"mean_us", "p50_us", "p90_us", "p99_us", "p999_us", "max_us"}
COUNTS = {"requests", "messages", "errors", "empty"}
KEYS = {
    "operation", "endpoint", "protocol", "signing", "batch", "size", "connections", "fifo",
    "attributes", "sse", "rate", "elapsed_s", "messages", "messages_per_s", "requests",
    "requests_per_s", "errors", "first_error", "operations", "delivery", "server", "client",
}


def bench(url, *flags, status=0, **variables):
    """Runs tern bench and gives what it reports."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("TERN_", "AWS_"))} | variables
    done = subprocess.run(
        [BUILD / "tern", "bench", *flags, "--endpoint-url", url, "--output", "json"],
        capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert done.returncode == status, done.stderr + done.stdout
    return json.loads(done.stdout) if done.stdout else done.stderr


def served(server, operation):
    """How many requests of that operation the server has counted."""
    text = server.get("/_tern/metrics").text
    found = re.search(rf'^tern_request_seconds_count{{operation="{operation}"}} (\d+)$', text, re.M)
    return int(found.group(1)) if found else 0


@pytest.mark.parametrize("batch", [1, 10])
@pytest.mark.parametrize("flags", [(), ("--fifo",), ("--attributes",), ("--query",)])
def test_cycle_ends_when_every_message_was_deleted(private, batch, flags):
    server = private("--durability", "memory")
    result = bench(server.url, "cycle", "--count", "200", "--batch", str(batch),
                   "--connections", "8", *flags)
    assert result["messages"] == 200
    for operation in ("send", "receive", "delete"):
        assert result["operations"][operation]["messages"] == 200, operation
        assert result["operations"][operation]["errors"] == 0, operation
    assert result["operations"]["send"]["requests"] == 200 // batch
    assert result["delivery"]["messages"] == 200
    name = "SendMessage" if batch == 1 else "SendMessageBatch"
    assert served(server, name) == 200 // batch
    # Receives that are under way when the last message is deleted end uncounted.
    assert 0 <= served(server, "ReceiveMessage") - result["operations"]["receive"]["requests"] <= 8
    assert served(server, name.replace("Send", "Delete")) == \
        result["operations"]["delete"]["requests"]


@pytest.mark.parametrize("operation", ["send", "receive", "delete"])
def test_one_operation_counts_its_messages(private, operation):
    server = private("--durability", "memory")
    result = bench(server.url, operation, "--count", "100", "--backlog", "100", "--connections",
                   "4", "--batch", "5")
    assert result["messages"] == 100
    assert result["errors"] == 0
    others = {"send", "receive", "delete"} - {operation}
    assert all(result["operations"][other]["requests"] == 0 for other in others)


def test_consumers_wait_for_producers(private):
    server = private("--durability", "memory")
    result = bench(server.url, "cycle", "--count", "50", "--producers", "1", "--consumers", "2",
                   "--rate", "500")
    assert result["messages"] == 50
    assert result["connections"] == 3
    # Long polls wait for messages instead of coming back without one.
    assert result["operations"]["receive"]["empty"] == 0


def test_the_report_has_every_key(private):
    server = private("--durability", "memory")
    result = bench(server.url, "cycle", "--count", "20", "--warmup", "0.1", "--connections", "2",
                   "--server-pid", str(server.process.pid))
    assert set(result) == KEYS
    for operation in ("send", "receive", "delete"):
        assert set(result["operations"][operation]) == COUNTS | TIMES
    assert set(result["delivery"]) == {"messages"} | TIMES
    assert result["server"]["measured"]
    assert result["server"]["rss_max_bytes"] >= result["server"]["rss_bytes"] > 0
    assert {"net", "commit", "housekeeping", "control"} <= set(result["server"]["threads"])
    assert result["server"]["threads"]["net"] > 0
    assert 0 < result["client"]["busy"] <= 1
    assert result["elapsed_s"] > 0
    times = result["operations"]["send"]
    assert 0 < times["p50_us"] <= times["p99_us"] <= times["p999_us"] <= times["max_us"]


def test_the_engine_has_a_thread_of_its_own_beside_several_net_threads(private):
    server = private("--threads", "2")
    result = bench(server.url, "send", "--count", "300", "--warmup", "0.1", "--connections", "8",
                   "--server-pid", str(server.process.pid))
    threads = result["server"]["threads"]
    assert threads["engine"] > 0
    assert threads["net"] > threads["engine"] / 10


def test_the_queue_is_gone_afterwards_unless_it_is_kept(private):
    server = private("--durability", "memory")
    bench(server.url, "send", "--count", "7", "--connections", "1", "--queue", "gone")
    bench(server.url, "send", "--count", "7", "--connections", "1", "--queue", "kept",
          "--keep-queue", "--size", "2000")
    sqs = server.client("sqs", account="000000000000")
    urls = sqs.list_queues()["QueueUrls"]
    assert [url.rpartition("/")[2] for url in urls] == ["kept"]
    message = sqs.receive_message(QueueUrl=urls[0])["Messages"][0]
    assert len(message["Body"]) == 2000


def test_signatures_are_right_and_can_be_left_out(private):
    server = private("--durability", "memory", "--auth", "required")
    keys = dict(re.findall(r"export (AWS_\w+)=(\S+)", server.log()))
    for flags, status in (((), 0), (("--unsigned",), 1)):
        done = subprocess.run(
            [BUILD / "tern", "bench", "send", "--count", "20", "--batch", "2", "--connections", "2",
             "--attributes", "--endpoint-url", server.url, *flags],
            capture_output=True, text=True, timeout=60, env=os.environ | keys, check=False)
        assert done.returncode == status, done.stderr + done.stdout


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_tls_is_spoken_and_checked(private, tmp_path, host):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=bench",
         "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
        check=True, capture_output=True, timeout=60)
    server = private("--durability", "memory", "--listen", "tls:127.0.0.1:0", "--tls-cert",
                     certificate, "--tls-key", key)
    port = re.search(r"address=tls:\S+ port=(\d+)", server.log()).group(1)
    url = f"https://{host}:{port}"
    assert "does not answer" in bench(url, "send", "--count", "1", status=1)
    result = bench(url, "cycle", "--count", "200", "--batch", "10", "--size", "20000",
                   "--connections", "4", AWS_CA_BUNDLE=str(certificate))
    assert result["messages"] == 200
    assert result["errors"] == 0


def test_errors_are_counted_and_shown(private):
    server = private("--durability", "memory")
    result = bench(server.url, "send", "--count", "3", "--connections", "1", "--size",
                   str(1 << 20), "--attributes", status=1)
    assert result["messages"] == 0
    assert result["errors"] == 3
    assert "status 400" in result["first_error"]


def test_a_server_that_is_not_there_is_said():
    message = bench("http://127.0.0.1:1", "send", "--count", "1", status=1)
    assert "does not answer" in message


class Chunked(http.server.BaseHTTPRequestHandler):
    """Answers in chunks of odd sizes, and ends every third connection."""
    protocol_version = "HTTP/1.1"
    answered = 0

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).answered += 1
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        if self.answered % 3 == 0:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"1\r\n{\r\na;x=y\r\n\"a\":\"bcd\"}\r\n0\r\n\r\n")

    def log_message(self, *_):
        pass


def test_raw_takes_any_server_chunks_and_closed_connections():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Chunked)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        result = bench(f"http://127.0.0.1:{server.server_port}/any/path", "raw", "--count", "30",
                       "--connections", "2")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert result["errors"] == 0
    assert result["messages"] == Chunked.answered == 30


class Recorder(http.server.BaseHTTPRequestHandler):
    requests = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.path == "/"
        self.requests.append((dict(self.headers), body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_raw_sends_the_request_of_another_service(tmp_path):
    (tmp_path / "body").write_bytes(b'{"Entries": []}\n')
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        result = bench(f"http://127.0.0.1:{server.server_port}", "raw", "--count", "3",
                       "--connections", "1", "--request", str(tmp_path / "body"), "--service",
                       "events", "--target", "AWSEvents.PutEvents", "--content-type",
                       "application/x-amz-json-1.1")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert result["messages"] == len(Recorder.requests) == 3
    for headers, body in Recorder.requests:
        assert body == b'{"Entries": []}\n'
        assert headers["X-Amz-Target"] == "AWSEvents.PutEvents"
        assert headers["Content-Type"] == "application/x-amz-json-1.1"
        assert "/events/aws4_request" in headers["Authorization"]


def test_raw_sends_forms_to_the_root(tmp_path, server):
    (tmp_path / "body").write_text("Action=ListTopics&Version=2010-03-31")
    result = bench(server.url, "raw", "--count", "3", "--query", "--request",
                   str(tmp_path / "body"), "--service", "sns")
    assert (result["messages"], result["errors"]) == (3, 0)


@pytest.mark.parametrize("flags, text", [
    (("fly",), "no operation"),
    (("send", "--batch", "11"), "from 1 to 10"),
    (("send", "--fifo", "--queue", "plain"), ".fifo"),
    (("receive", "--rate", "5"), "--rate"),
    (("send", "--request", "body"), "belongs to raw"),
    (("raw", "--request", "/nowhere"), "cannot be read"),
    (("send", "--size"), "needs a value"),
    (("send", "--endpoint", "x"), "no option"),
])
def test_wrong_options_are_refused(flags, text):
    done = subprocess.run([BUILD / "tern", "bench", *flags], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 2
    assert text in done.stderr
