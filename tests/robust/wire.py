# SPDX-License-Identifier: MIT
"""A peer that sends any bytes: raw sockets, and answers taken apart."""
import json
import socket
import xml.etree.ElementTree as ElementTree

PATIENCE_S = 30
FORM = "application/x-www-form-urlencoded"
JSON = "application/x-amz-json-1.0"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def fault(self):
        """(code, text) of a fault in either dialect; anything else fails the test."""
        if self.headers["content-type"].startswith(JSON):
            told = json.loads(self.body)
            return told["__type"].split("#")[1], told["message"]
        assert self.headers["content-type"] == "text/xml", self.headers
        error = ElementTree.fromstring(self.body)
        if error.tag == "Response":  # EC2's
            return error.find("Errors/Error/Code").text, error.find("Errors/Error/Message").text
        spaces = {"": error.tag[1:].split("}")[0]}
        return error.find("Error/Code", spaces).text, error.find("Error/Message", spaces).text


class Peer:
    """One connection. `peer.send(b"...")`, `peer.answer()`, `peer.is_ended()`."""

    def __init__(self, server, nodelay=True):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, nodelay)
        self.file = self.socket.makefile("rb")

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the end; the answer tells
        return self

    def answer(self, method="POST"):
        line = self.file.readline()
        assert line, "the connection ended without an answer"
        version, status, _ = line.decode().split(" ", 2)
        assert version == "HTTP/1.1"
        headers = {}
        while (line := self.file.readline()) != b"\r\n":
            assert line.endswith(b"\r\n"), line
            name, value = line[:-2].decode().split(": ", 1)
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value
        size = int(headers.get("content-length", 0)) if method != "HEAD" else 0
        body = self.file.read(size)
        assert len(body) == size, "the answer is cut"
        return Answer(int(status), headers, body)

    def is_ended(self):
        """True once the server has closed in order; what else it sends fails the test."""
        assert self.file.read(1) == b""
        return True

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


def message(body=b"", method="POST", target="/", host="localhost", **headers):
    """A request with a length; `Content_Type` stands for Content-Type."""
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n"
    for name, value in headers.items():
        head += f"{name.replace('_', '-')}: {value}\r\n"
    if body or method == "POST":
        head += f"Content-Length: {len(body)}\r\n"
    return head.encode("latin-1") + b"\r\n" + body


def json_message(operation, body=b"{}", target="/", **headers):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return message(body, target=target, X_Amz_Target=f"AmazonSQS.{operation}",
                   Content_Type=JSON, **headers)


def query_message(form, target="/", **headers):
    form = form if isinstance(form, bytes) else form.encode()
    return message(form, target=target, Content_Type=FORM, **headers)


LIST = json_message("ListQueues", {"QueueNamePrefix": "no-queue-begins-so"})


def ask(server, data):
    """The one answer to one message on a connection of its own, which stays open for more."""
    with Peer(server) as peer:
        answer = peer.send(data).answer()
        assert peer.send(LIST).answer().status == 200
    return answer


def refused(server, data):
    """The answer to what cannot be understood; the connection is closed after it."""
    with Peer(server) as peer:
        answer = peer.send(data).answer()
        assert peer.is_ended()
    return answer
