# SPDX-License-Identifier: MIT
"""sns-validator of npm, unmodified, accepts what Tern signs and refuses what was changed.

It takes an UnsubscribeConfirmation for a notification, against AWS's documentation, so that type is
checked in test_sns_http.py only.
"""
import json
import os
import pathlib
import socket
import subprocess

import pytest

from receiver import Loop, Receiver

JS = pathlib.Path(__file__).parents[1] / "js"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def secure(private, tmp_path):
    """A server whose public URL is https, and its certificate."""
    key, certificate, port = tmp_path / "key", tmp_path / "certificate", free_port()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    key.chmod(0o600)
    server = private("--listen", f"tls:127.0.0.1:{port}", "--tls-cert", certificate, "--tls-key",
                     key, "--public-url", f"https://localhost:{port}")
    return server, certificate


def validate(certificate, messages):
    text = "".join(json.dumps(message) + "\n" for message in messages)
    done = subprocess.run(["node", "sns_validator.mjs"], cwd=JS, input=text, capture_output=True,
                          text=True, timeout=60,
                          env=os.environ | {"NODE_EXTRA_CA_CERTS": str(certificate)})
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_messages_of_both_versions_are_valid(secure):
    server, certificate = secure
    sns, loop, messages = server.client("sns"), Loop(), []
    receiver = Receiver(loop)
    for version in ("1", "2"):
        topic = sns.create_topic(Name=f"t{version}",
                                 Attributes={"SignatureVersion": version})["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url(f"/{version}"))
        [confirmation] = receiver.take()
        sns.confirm_subscription(TopicArn=topic, Token=confirmation.json()["Token"])
        sns.publish(TopicArn=topic, Message="hello\u00e9", Subject="s")
        [notification] = receiver.take()
        messages += [confirmation.json(), notification.json()]
    forged = messages[1] | {"Message": "hallo"}
    receiver.close()
    loop.close()
    assert validate(certificate, [*messages, forged]) == [
        "SubscriptionConfirmation 1 valid", "Notification 1 valid",
        "SubscriptionConfirmation 2 valid", "Notification 2 valid",
        "Notification 1 The message signature is invalid."]
