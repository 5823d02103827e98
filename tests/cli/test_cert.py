# SPDX-License-Identifier: MIT
"""tern cert: what it makes is trusted by real clients, and nothing is overwritten by mistake."""
import os
import re
import shutil
import signal
import ssl
import stat
import subprocess

import boto3
import botocore.config
import botocore.exceptions
import pytest

from ternd import ROOT, eventually

SEND = """
import { SQSClient, CreateQueueCommand } from "@aws-sdk/client-sqs";
const sqs = new SQSClient({ maxAttempts: 1 });
console.log((await sqs.send(new CreateQueueCommand({ QueueName: "node" }))).QueueUrl);
sqs.destroy();
"""


@pytest.fixture
def made(bare, tmp_path):
    """The folder of an authority and of a server's certificate for the loopback's names."""
    bare("cert", "create", "--dir", tmp_path / "tls")
    return tmp_path / "tls"


@pytest.fixture
def secure(private, made):
    """secure(*flags) starts a server with a TLS address and that certificate."""
    def start(*flags):
        server = private("--durability", "os", "--listen", "tls:127.0.0.1:0", "--tls-cert",
                         made / "server.pem", "--tls-key", made / "server.key", *flags)
        port = int(eventually(lambda: re.search(r"address=tls:\S+ port=(\d+)", server.log()),
                              what="the TLS address is logged")[1])
        server.tls_url = f"https://127.0.0.1:{port}"
        return server
    return start


def client(server, made, **options):
    return boto3.client("sqs", endpoint_url=server.tls_url, region_name="us-east-1",
                        aws_access_key_id="000000000000", aws_secret_access_key="secret",
                        verify=str(made / "ca.pem"), **options)


def read(path, *fields):
    result = subprocess.run(["openssl", "x509", "-in", path, "-noout", *fields], check=True,
                            capture_output=True, text=True, timeout=60)
    return result.stdout


def verify(made, name, purpose):
    return subprocess.run(
        ["openssl", "verify", "-x509_strict", "-CAfile", made / "ca.pem", "-purpose", purpose,
         made / f"{name}.pem"], capture_output=True, timeout=60, check=False).returncode == 0


def test_keys_are_private(made):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in made.iterdir()}
    assert modes == {"ca.key": 0o600, "ca.pem": 0o644, "server.key": 0o600, "server.pem": 0o644}


def test_certificates_are_strict(made, bare):
    bare("cert", "create", "--client", "worker", "--dir", made)
    assert verify(made, "server", "sslserver") and not verify(made, "server", "sslclient")
    assert verify(made, "worker", "sslclient") and not verify(made, "worker", "sslserver")
    text = read(made / "server.pem", "-text")
    assert "prime256v1" in text and "CA:FALSE" in text
    assert "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1" in text
    assert "CA:TRUE, pathlen:0" in read(made / "ca.pem", "-text")


def test_names_and_days(bare, tmp_path):
    bare("cert", "create", "queues.example.com", "*.example.org", "fd00::7", "--days", "9",
         "--dir", tmp_path / "x")
    server, = [row for row in bare.json("cert", "ls", "--dir", tmp_path / "x")
               if row["Kind"] == "server"]
    assert server["Names"] == "queues.example.com, *.example.org, fd00::7"
    assert server["Subject"] == "queues.example.com"
    path = tmp_path / "x/server.pem"
    for seconds, is_valid in (8 * 86400, True), (10 * 86400, False):
        result = subprocess.run(["openssl", "x509", "-in", path, "-checkend", str(seconds)],
                                capture_output=True, timeout=60, check=False)
        assert (result.returncode == 0) is is_valid


def test_nothing_is_overwritten(made, bare):
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    text = bare("cert", "create", "--dir", made, code=2).stderr
    assert "tern cert renew" in text and "--force" in text
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before
    bare("cert", "create", "--dir", made, "--force")
    after = {path.name: path.read_bytes() for path in made.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"server.key", "server.pem"}
    (made / "ca.key").unlink()
    text = bare("cert", "create", "--client", "worker", "--dir", made, code=2).stderr
    assert "only half is there" in text and not (made / "worker.pem").exists()


def test_mistakes_are_said(made, bare, tmp_path):
    for arguments, text in [
            (["create", "https://example.com"], "no host name"),
            (["create", "example.com:4566"], "no host name"),
            (["create", "a,DNS:evil.example"], "no host name"),
            (["create", "--client", "ca"], "--client"),
            (["create", "--client", "../x"], "--client"),
            (["create", "name", "--client", "x"], "no address"),
            (["create", "--days", "0"], "--days"),
            (["renew", "ca"], "authority"),
            (["renew", "nobody"], "nobody.pem")]:
        result = bare("cert", *arguments, "--dir", made, code=2)
        assert text in result.stderr and result.stdout == "", arguments
    assert "cannot be read" in bare("cert", "ls", "--dir", tmp_path / "no", code=2).stderr
    (made / "server.pem").write_text("nonsense")
    assert "holds no certificate" in bare("cert", "renew", "--dir", made, code=2).stderr


def test_renewed_certificate_is_taken_without_a_restart(made, bare, secure):
    server = secure()
    key = (made / "server.key").read_bytes()

    def serial():
        host, port = server.tls_url.removeprefix("https://").split(":")
        return ssl.get_server_certificate((host, int(port)))

    before = serial()
    bare("cert", "renew", "--dir", made, "--days", "3")
    assert (made / "server.key").read_bytes() == key
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: serial() != before, what="the new certificate is served")
    client(server, made).list_queues()
    other = made.parent / "other"
    bare("cert", "create", "--dir", other)
    shutil.copy(made / "server.pem", other)
    assert "another authority" in bare("cert", "renew", "--dir", other, code=2).stderr


def test_printed_lines_work(made, bare, secure):
    server = secure()
    text = bare("cert", "create", "--dir", made, "--force").stdout
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: "certificate read" in server.log(), what="the certificate is read again")
    exports = dict(re.findall(r"export (\w+)=(\S+)", text))
    assert f"--tls-cert {made}/server.pem --tls-key {made}/server.key" in text
    assert exports.pop("AWS_ENDPOINT_URL") == "https://localhost:4566"
    environment = {"PATH": os.environ["PATH"], "HOME": str(made), "AWS_REGION": "us-east-1",
                   "AWS_ENDPOINT_URL": server.tls_url, "AWS_ACCESS_KEY_ID": "000000000000",
                   "AWS_SECRET_ACCESS_KEY": "secret"}

    def run(*words, **options):
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False,
                              **options)

    curl = run("curl", "-sS", "--noproxy", "*", server.tls_url + "/_tern/health",
               env=environment | exports)
    assert '"status":"ok"' in curl.stdout, curl.stderr
    node = run("node", "--input-type=module", "-e", SEND, cwd=ROOT / "tests/js",
               env=environment | exports)
    assert node.stdout.endswith("/node\n"), node.stderr
    for words in (["curl", "-sS", "--noproxy", "*", server.tls_url + "/_tern/health"],
                  ["node", "--input-type=module", "-e", SEND]):
        assert run(*words, cwd=ROOT / "tests/js", env=environment).returncode != 0
    error = bare("queue", "ls", "--endpoint-url", server.tls_url, code=1).stderr
    assert "AWS_CA_BUNDLE" in error and "Start one" not in error
    assert bare("queue", "ls", "--names", "--endpoint-url", server.tls_url,
                **exports).stdout == "node\n"
    assert client(server, made).list_queues()["QueueUrls"] == [
        f"{server.tls_url}/000000000000/node"]
    with pytest.raises(botocore.exceptions.SSLError):
        boto3.client("sqs", endpoint_url=server.tls_url, region_name="us-east-1",
                     aws_access_key_id="x", aws_secret_access_key="x").list_queues()


def test_client_certificate_is_wanted(made, bare, secure):
    pair = bare.json("cert", "create", "--client", "worker", "--dir", made)[0]
    server = secure("--tls-client-ca", pair["Authority"])
    config = botocore.config.Config(client_cert=(pair["Certificate"], pair["Key"]),
                                    retries={"total_max_attempts": 1})
    client(server, made, config=config).list_queues()
    with pytest.raises(botocore.exceptions.BotoCoreError):
        client(server, made, config=botocore.config.Config(
            retries={"total_max_attempts": 1})).list_queues()
