# SPDX-License-Identifier: MIT
"""Settings that are wrong: status 2, before a data directory is made; status 1 for the rest."""
import json
import socket
import tempfile

import pytest

from ternd import Server, refusal


@pytest.mark.parametrize("flags, named", [
    (["--listen", "nonsense"], "nonsense"),
    (["--listen", "127.0.0.1:99999"], "127.0.0.1:99999"),
    (["--listen", "127.0.0.1"], "127.0.0.1"),
    (["--listen", "0.0.0.0:0"], "--insecure"),
    (["--auth", "required", "--listen", "0.0.0.0:0"], "--tls-cert"),
    (["--listen", "unix:"], "unix:"),
    (["--listen", "tls:127.0.0.1:0"], "--tls-cert"),
    (["--tls-cert", "absent.pem"], "--tls-key"),
    (["--tls-cert", "absent.pem", "--tls-key", "absent.key"], "absent.pem"),
    (["--endpoint-listen", "127.0.0.1:9-1"], "--endpoint-listen"),
    (["--endpoint-listen", "unix:/no/such/directory"], "--endpoint-listen"),
    (["--endpoint-listen", "0.0.0.0"], "--insecure"),
    (["--trusted-proxies", "nonsense"], "--trusted-proxies"),
    (["--metrics-from", "nonsense"], "--metrics-from"),
    (["--user", "nobody-of-this-name"], "nobody-of-this-name"),
    (["--port", "80"], "--port"),
    (["--threads", "0"], "--threads"),
])
def test_wrong_settings_are_found_before_anything_is_made(tmp_path, flags, named):
    data = tmp_path / "data"
    assert named in refusal("--data", data, *flags, status=2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("config, named", [
    ({"throttle-rules": [{"actions": ["sqs:No"], "rate": 1}]}, "sqs:No"),
    ({"queues": [{"name": "a queue"}]}, "queue"),
    ({"vpcs": [{"id": 1}]}, "vpc"),
    ({"listen": ["nonsense"]}, "nonsense")])
def test_a_wrong_configuration_is_a_wrong_setting(tmp_path, config, named):
    path = tmp_path / "ternd.json"
    path.write_text(json.dumps(config))
    flags = ["--data", tmp_path / "data", "--config", path]
    assert named in refusal(*flags, status=2, listen=None)


def test_an_address_in_use_is_no_wrong_setting(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        text = refusal("--data", tmp_path / "data", "--listen", address, status=1)
    assert "somebody listens there already" in text
    assert list(tmp_path.iterdir()) == []


def test_a_way_to_commit_that_is_refused_ends_the_start_unless_it_is_auto():
    """tmpfs takes no writes past the page cache."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as path:
        for way, needs in ("ring", "io_uring and O_DIRECT"), ("direct", "O_DIRECT"):
            text = refusal("--data", f"{path}/{way}", "--commits", way)
            assert f"--commits {way} needs {needs}, which the kernel or the file system" in text
            assert "start with --commits auto" in text
        with Server(path, "--commits", "auto") as server:
            assert 'msg="commits to disk" way=buffered' in server.log()
            url = server.client().create_queue(QueueName="q")["QueueUrl"]
            server.client().send_message(QueueUrl=url, MessageBody="body")
