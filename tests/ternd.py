# SPDX-License-Identifier: MIT
"""A ternd of one's own: start it, talk to it, stop it or kill it.

    with Server(directory, "--test-clock") as server:
        sqs = server.client("sqs", account="111122223333", region="eu-west-1")
        server.advance(30)

It listens on a free port of 127.0.0.1 and keeps its data in `directory`. The binary is that of
$TERN_BUILD (a build directory; `build` by default), and $TERN_TEST_FLAGS are flags of every server:
TERN_TEST_FLAGS="--threads 4" tests with four. Everything it logs is in `server.log()`.
"""
import functools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import requests

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / os.environ.get("TERN_BUILD", "build")
DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"
CREDENTIAL = re.compile(
    r"AWS_ACCESS_KEY_ID=(AKIA[A-Z2-7]{16})\s.*AWS_SECRET_ACCESS_KEY=(\S{40})", re.DOTALL)
# How long a test waits for what must come: longer than the slowest machine takes. None of it is
# slept; a test that passes does not wait.
PATIENCE_S = 60
# What a sanitizer writes even when the process ends with status 0.
COMPLAINTS = ("runtime error:", "Sanitizer:")


def eventually(probe, timeout=PATIENCE_S, what="the condition"):
    """The first true value of probe(), asked again and again for `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not hold within {timeout} s"
        time.sleep(0.002)


def refusal(*flags, status=1, listen="127.0.0.1:0", **options):
    """What a ternd says that does not start; status 2 is for settings that are wrong."""
    listen = ["--listen", listen] if listen else []
    done = subprocess.run([BUILD / "ternd", *listen, *flags], text=True,
                          capture_output=True, timeout=60, check=False, **options)
    assert done.returncode == status, done.stderr
    return done.stderr


@functools.cache
def boto_session():
    # One session keeps the parsed service models; credentials are given per client.
    return boto3.Session(region_name=DEFAULT_REGION)


@functools.cache
def boto_client(url, service, account, region, validates, secret, token):
    config = botocore.config.Config(
        connect_timeout=PATIENCE_S, read_timeout=PATIENCE_S, retries={"total_max_attempts": 1},
        proxies={}, parameter_validation=validates, max_pool_connections=32,
        ignore_configured_endpoint_urls=True)
    return boto_session().client(
        service, endpoint_url=url, region_name=region, aws_access_key_id=account,
        aws_secret_access_key=secret, aws_session_token=token, config=config)


class SigV4(requests.auth.AuthBase):
    """Signs what `requests` sends, as AWS's SDKs do."""

    def __init__(self, key, secret, token=None, service="tern"):
        self.credentials = botocore.credentials.Credentials(key, secret, token)
        self.service = service

    def __call__(self, request):
        signed = botocore.awsrequest.AWSRequest(request.method, request.url, data=request.body)
        botocore.auth.SigV4Auth(self.credentials, self.service, DEFAULT_REGION).add_auth(signed)
        request.headers.update(signed.headers.items())
        return request


class Server:
    def __init__(self, directory, *flags, environment=None, binary=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.data = self.directory / "data"
        self.port_file = self.directory / "port"
        self.log_file = self.directory / "log"
        self.flags = [str(flag) for flag in flags]
        self.environment = environment or {}
        self.binary = pathlib.Path(binary) if binary else BUILD / "ternd"
        self.process = None
        self.port = None
        self.key, self.secret = DEFAULT_ACCOUNT, "secret"
        self.http = requests.Session()
        self.http.trust_env = False

    # -- life --

    def command(self):
        # Small segments: those of hundreds of servers would fill a disk.
        extra = ["--segment-mib", "16", *os.environ.get("TERN_TEST_FLAGS", "").split()]
        return [str(self.binary), *extra, "--listen", "127.0.0.1:0", "--port-file",
                str(self.port_file), "--data", str(self.data), *self.flags]

    def spawn(self):
        """Starts the process without waiting for it to serve."""
        assert self.process is None, "this server runs already"
        assert self.binary.exists(), f"{self.binary} is missing: make build"
        self.port_file.unlink(missing_ok=True)
        # Settings of the caller's shell would change what the tests see.
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("TERN_")} | self.environment
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)

    def start(self, timeout=PATIENCE_S):
        self.spawn()
        try:
            self.port = eventually(self._read_port, timeout, "ternd serves")
            assert self.get("/_tern/health").status_code == 200, self.log()
        except BaseException:
            self.kill()
            raise
        return self

    def _read_port(self):
        status = self.process.poll()
        assert status is None, f"ternd ended with status {status}:\n{self.log()}"
        text = self.port_file.read_text() if self.port_file.exists() else ""
        return int(text) if text.endswith("\n") else None

    def wait(self, timeout=PATIENCE_S):
        """Waits for the end of the process and gives its status."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"ternd did not end within {timeout} s:\n{self.log()}") from None
        self.process = None
        self.http.close()
        return status

    def stop(self, timeout=PATIENCE_S):
        """Ends it in order: SIGTERM, status 0, nothing bad in the log."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        status = self.wait(timeout)
        log = self.log()
        assert status == 0, f"ternd ended with status {status}:\n{log}"
        assert not any(text in log for text in COMPLAINTS), log

    def kill(self):
        """Ends it as a power cut would, as far as a process can: SIGKILL."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.process = None
        self.http.close()

    def forget(self):
        """Removes the data of a server that ran well and is needed no more."""
        assert self.process is None, "this server still runs"
        shutil.rmtree(self.data, ignore_errors=True)

    def restart(self):
        self.stop()
        return self.start()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.stop()
        else:
            self.kill()

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    # -- talk --

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def read_credential(self):
        """With --auth required: the root credential, which the first start shows."""
        found = eventually(lambda: CREDENTIAL.search(self.log()), what="the credential is shown")
        self.key, self.secret = found.groups()
        return self.key, self.secret

    def client(self, service="sqs", account=None, region=DEFAULT_REGION, validates=True,
               secret=None, token=None):
        """A boto3 client; validates=False sends what botocore itself would refuse."""
        return boto_client(self.url, service, account or self.key, region, validates,
                           secret or self.secret, token)

    def get(self, path, **options):
        return self.http.get(self.url + path, timeout=40, **options)

    def post(self, path, json=None, **options):
        return self.http.post(self.url + path, json=json, timeout=40, **options)

    def advance(self, seconds):
        """Moves the server's clock forward; needs --test-clock."""
        answer = self.post("/_tern/clock", {"advance_ms": round(seconds * 1000)},
                           auth=SigV4(self.key, self.secret))
        assert answer.status_code == 200, answer.text

    def metrics_text(self):
        answer = self.get("/_tern/metrics", auth=SigV4(self.key, self.secret))
        assert answer.status_code == 200, answer.text
        return answer.text

    def metrics(self):
        """Prometheus samples as {'name{label="value"}': number}."""
        lines = [line for line in self.metrics_text().splitlines() if line and line[0] != "#"]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}
