# SPDX-License-Identifier: MIT
"""A stop while the disk does not answer: nothing crashes, and what came through is kept."""
import itertools
import signal
import socket

from ternd import eventually


def ask(server, action):
    """Sends a request whose answer nobody awaits; the connection stays open."""
    wire = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    wire.sendall(f"GET /?{action} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return wire


def test_answers_may_come_after_their_threads_have_ended(faulty):
    """The engine answers a send and a CreateQueue when network and control thread are gone."""
    failing = faulty("--threads", 2)
    url = failing.client().create_queue(QueueName="q")["QueueUrl"]
    failing.client().send_message(QueueUrl=url, MessageBody="before")
    # Whatever is sent now waits for a sync that does not end.
    failing.fail("fdatasync -1")
    before = failing.metrics()["tern_http_requests_total"]
    wires = [ask(failing, f"Action=SendMessage&MessageBody=late&QueueUrl={url}")]
    asked = itertools.count(1)
    eventually(lambda: failing.metrics()["tern_http_requests_total"] > before + next(asked))
    # The control thread may wait for the engine from here on, so that it shows no metrics.
    wires.append(ask(failing, "Action=CreateQueue&QueueName=late"))
    for _ in range(20):
        assert failing.get("/_tern/health").status_code == 200
    failing.process.send_signal(signal.SIGTERM)
    eventually(lambda: "does not wait longer for requests" in failing.log(), 60)
    failing.fail("")
    assert failing.wait(60) == 0, failing.log()
    for wire in wires:
        wire.close()
    failing.start()
    bodies = {message["Body"] for message in failing.client().receive_message(
        QueueUrl=url, MaxNumberOfMessages=10)["Messages"]}
    assert "before" in bodies
