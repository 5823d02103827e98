# SPDX-License-Identifier: MIT
"""An HTTP subscriber of SNS that verifies signatures, and refuses each message twice at first.

    python3 subscriber.py PORT COUNT

It confirms its subscription, and ends when COUNT different messages have arrived.
"""
import base64
import collections
import http.server
import json
import os
import ssl
import sys
import threading
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

REFUSALS = 2
SIGNED = {
    "Notification": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
    "SubscriptionConfirmation": ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token",
                                 "TopicArn", "Type"]}
TLS = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
HASHES = {"1": hashes.SHA1, "2": hashes.SHA256}


class Subscriber(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port, count):
        super().__init__(("127.0.0.1", port), Handler)
        self.count = count
        self.lock = threading.Lock()
        self.refusals = collections.Counter()
        self.received, self.keys = set(), {}

    def key(self, url):
        """The public key of the certificate there."""
        if url not in self.keys:
            with urllib.request.urlopen(url, timeout=10, context=TLS) as answer:
                self.keys[url] = x509.load_pem_x509_certificate(answer.read()).public_key()
        return self.keys[url]

    def verify(self, message):
        """Raises an exception if the signature is wrong."""
        text = "".join(f"{name}\n{message[name]}\n" for name in SIGNED[message["Type"]]
                       if name in message)
        self.key(message["SigningCertURL"]).verify(
            base64.b64decode(message["Signature"]), text.encode(), padding.PKCS1v15(),
            HASHES[message["SignatureVersion"]]())

    def take(self, message):
        """False: refused, as if the subscriber were broken."""
        with self.lock:
            name = message["MessageId"]
            if self.refusals[name] < REFUSALS:
                self.refusals[name] += 1
                return False
            self.received.add(name)
            return True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.verify(message)
        if message["Type"] == "SubscriptionConfirmation":
            urllib.request.urlopen(message["SubscribeURL"], timeout=10, context=TLS).close()
            self.answer(200)
        else:
            self.answer(200 if self.server.take(message) else 500)
        if len(self.server.received) == self.server.count:
            threading.Thread(target=self.server.shutdown).start()

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main(port, count):
    with Subscriber(int(port), int(count)) as server:
        server.serve_forever(poll_interval=0.05)
        print(f"received {len(server.received)} messages with valid signatures, refused "
              f"{sum(server.refusals.values())} attempts")


if __name__ == "__main__":
    main(*sys.argv[1:])
