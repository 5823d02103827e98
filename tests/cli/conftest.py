# SPDX-License-Identifier: MIT
"""Runs build/tern against a ternd, or against an endpoint that says what the test wants."""
import http.server
import json
import os
import pty
import subprocess
import threading

import pytest

from ternd import BUILD


class Tern:
    """tern(*arguments) runs the command; it must end with `code`. Settings of one's own shell and
    home directory do not reach it."""

    def __init__(self, home, endpoint):
        self.home = home
        self.environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
        if endpoint:
            self.environment["AWS_ENDPOINT_URL"] = endpoint

    def command(self, *arguments):
        return [str(BUILD / "tern"), *[str(argument) for argument in arguments]]

    def __call__(self, *arguments, code=0, text="", **environment):
        result = subprocess.run(
            self.command(*arguments), input=text, capture_output=True, text=True, timeout=60,
            env=self.environment | environment)
        assert result.returncode == code, f"{arguments}: {result}"
        return result

    def lines(self, *arguments, **options):
        return self(*arguments, **options).stdout.splitlines()

    def json(self, *arguments, **options):
        """What the command prints with --output json: one object a line."""
        return [json.loads(line) for line in
                self.lines(*arguments, "--output", "json", **options)]

    def start(self, *arguments, **options):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            self.command(*arguments), text=True, env=self.environment, **pipes | options)


    def on_terminal(self, *arguments, **environment):
        """All that a terminal would have been sent; the command must end well or with a fault."""
        main, other = pty.openpty()
        words = self.command(*arguments)
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=other, stderr=other,
            env=self.environment | {"TERM": "xterm"} | environment)
        os.close(other)
        text = b""
        try:
            while piece := os.read(main, 65536):
                text += piece
        except OSError:  # the other end is closed
            pass
        os.close(main)
        assert process.wait(60) in (0, 1), text
        return text.decode()


@pytest.fixture
def tern(server, tmp_path):
    return Tern(tmp_path, server.url)


@pytest.fixture
def bare(tmp_path):
    """tern without any configuration."""
    return Tern(tmp_path, None)


class Endpoint(http.server.ThreadingHTTPServer):
    """Answers with what is in `answers`, one after another, the last one again and again, and
    keeps the requests. An answer is (status, headers, body); None closes the connection; a function
    is called and gives the answer."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.requests = [], []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, body, status=200, **headers):
        self.answers.append((status, headers, body if isinstance(body, str) else json.dumps(body)))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def respond(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answers = self.server.answers
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            answer = answer()
        if answer is None:
            self.close_connection = True
            return
        status, headers, text = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = respond

    def log_message(self, *arguments):
        pass


@pytest.fixture
def endpoint():
    with Endpoint() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def sns(server):
    return server.client("sns")


@pytest.fixture
def events(server):
    return server.client("events")


@pytest.fixture
def scheduler(server):
    return server.client("scheduler")


@pytest.fixture
def pipes(server):
    return server.client("pipes")
