# SPDX-License-Identifier: MIT
"""Endpoints of subscribers on loopback: a scripted HTTP server, and a scripted mail server."""
import asyncio
import base64
import dataclasses
import email
import json
import ssl
import threading
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from ternd import eventually

PATIENCE_S = 30


@dataclasses.dataclass
class Request:
    path: str
    headers: dict
    body: bytes

    @property
    def type(self):
        return self.headers["x-amz-sns-message-type"]

    def json(self):
        return json.loads(self.body)


class Loop:
    """An asyncio loop on a thread of its own."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE_S)

    def close(self):
        async def cancel():
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
        self.run(cancel())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(PATIENCE_S)
        self.loop.close()


class Receiver:
    """Answers requests by a script: a status, "hang", "reset", bytes, or (status, headers, body);
    200 when the script is over. `requests` are those that came."""

    def __init__(self, loop, hosts=("127.0.0.1",), port=0, context=None):
        self.loop, self.hosts, self.context = loop, list(hosts), context
        self.requests, self.script, self.port = [], [], port
        self.server = None
        self.open()

    def open(self):
        async def begin():
            first = await asyncio.start_server(self.serve, self.hosts[0], self.port,
                                               ssl=self.context)
            port = first.sockets[0].getsockname()[1]
            others = [await asyncio.start_server(self.serve, host, port, ssl=self.context)
                      for host in self.hosts[1:]]
            return port, [first, *others]
        self.port, self.servers = self.loop.run(begin())

    def close(self):
        async def end():
            for server in self.servers:
                server.close()
        self.loop.run(end())

    def url(self, path="/", host=None):
        scheme = "https" if self.context else "http"
        return f"{scheme}://{host or self.hosts[0]}:{self.port}{path}"

    async def serve(self, reader, writer):
        try:
            while await self.answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError,
                asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def answer(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        line, *lines = head.decode().split("\r\n")
        headers = {key.lower(): value.strip() for key, _, value in
                   (text.partition(":") for text in lines if text)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests.append(Request(line.split(" ")[1], headers, body))
        step = self.script.pop(0) if self.script else 200
        if step == "hang":
            await asyncio.sleep(3600)
        if step == "reset":
            writer.transport.abort()
            return False
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
            return False
        status, extra, answer = step if isinstance(step, tuple) else (step, {}, b"")
        text = "".join(f"{key}: {value}\r\n" for key, value in extra.items())
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n{text}\r\n".encode()
                     + answer)
        await writer.drain()
        return True

    def take(self, count=1, timeout=PATIENCE_S):
        """Waits for that many requests and returns them; later calls see later ones."""
        eventually(lambda: len(self.requests) >= count, timeout, f"{count} requests come")
        taken, self.requests = self.requests[:count], self.requests[count:]
        return taken


class MailServer:
    """Takes mail, or refuses the next recipients with the codes of `script`. With a context it has
    TLS, from the beginning or by STARTTLS, and wants a login: `logins` are those that came."""

    def __init__(self, loop, context=None, starts=False, methods="PLAIN LOGIN"):
        self.loop, self.mails, self.script = loop, [], []
        self.context, self.starts, self.methods = context, starts, methods
        self.logins = []

        async def begin():
            self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0,
                                                     ssl=None if starts else context)
            return self.server.sockets[0].getsockname()[1]
        self.port = loop.run(begin())

    async def serve(self, reader, writer):
        writer.write(b"220 test\r\n")
        sender = recipient = None
        try:
            while line := (await reader.readline()).decode().strip():
                verb = line.split(":")[0].split(" ")[0].upper()
                answer = "250 OK"
                if verb == "EHLO" and self.context:
                    is_plain = writer.get_extra_info("ssl_object") is None
                    answer = "250-test\r\n250 " + (
                        "STARTTLS" if is_plain else f"AUTH {self.methods}")
                elif verb == "STARTTLS":
                    writer.write(b"220 go on\r\n")
                    await writer.drain()
                    await writer.start_tls(self.context)
                    continue
                elif verb == "AUTH":
                    await self.log_in(line.split(" ")[1:], reader, writer)
                    answer = "235 welcome"
                elif verb == "MAIL":
                    sender = line
                elif verb == "RCPT":
                    recipient = line[len("RCPT TO:<"):-1]
                    answer = self.script.pop(0) if self.script else answer
                elif verb == "DATA":
                    writer.write(b"354 go on\r\n")
                    content = await reader.readuntil(b"\r\n.\r\n")
                    mail = email.message_from_bytes(content[:-3])
                    self.mails.append((sender, recipient, mail))
                elif verb == "QUIT":
                    break
                writer.write(answer.encode() + b"\r\n")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        writer.close()

    async def log_in(self, words, reader, writer):
        if words[0] == "PLAIN":
            self.logins.append(base64.b64decode(words[1]).split(b"\0")[1:])
            return
        answers = []
        for prompt in (b"Username:", b"Password:"):
            writer.write(b"334 " + base64.b64encode(prompt) + b"\r\n")
            answers.append(base64.b64decode(await reader.readline()))
        self.logins.append(answers)

    def take(self, count=1):
        eventually(lambda: len(self.mails) >= count, PATIENCE_S, f"{count} mails come")
        taken, self.mails = self.mails[:count], self.mails[count:]
        return taken


def signed_text(message):
    """The bytes that the signature covers, from AWS's documentation."""
    names = (["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
             if message["Type"] == "Notification" else
             ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"])
    return "".join(f"{name}\n{message[name]}\n" for name in names if name in message).encode()


def verify(message):
    """Checks the signature of a message with the certificate that its SigningCertURL leads to."""
    with urllib.request.urlopen(message["SigningCertURL"]) as answer:
        assert answer.headers["Content-Type"] == "application/x-pem-file"
        certificate = x509.load_pem_x509_certificate(answer.read())
    digest = {"1": hashes.SHA1, "2": hashes.SHA256}[message["SignatureVersion"]]
    certificate.public_key().verify(base64.b64decode(message["Signature"]), signed_text(message),
                                    padding.PKCS1v15(), digest())
