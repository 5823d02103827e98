# SPDX-License-Identifier: MIT
"""HTTP as strangers speak it: in pieces, ahead, too large, too slow, in shapes that smuggle."""
import gzip
import json
import re
import socket
import struct
import threading

import pytest

from ternd import BUILD, eventually
from wire import FORM, LIST, Peer, ask, json_message, message, query_message, refused

SEND = b"Action=SendMessage&MessageBody=hello"
HEAD_LIMIT, TARGET_LIMIT, BODY_LIMIT = 32768, 16384, 16777216


@pytest.fixture
def path(queue):
    return "/" + queue.split("/", 3)[3]


def chunked(body, size=7):
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


# -- pieces --

def test_pipelined_requests_are_answered_in_order(server, sqs, queue, path):
    bodies = [f"message {i}" for i in range(50)]
    with Peer(server) as peer:
        peer.send(b"".join(json_message("SendMessage", {"MessageBody": body}, target=path)
                           + json_message("GetQueueAttributes", {"AttributeNames": ["All"]},
                                          target=path) for body in bodies))
        for i in range(len(bodies)):
            assert "MessageId" in json.loads(peer.answer().body)
            numbers = json.loads(peer.answer().body)["Attributes"]
            assert numbers["ApproximateNumberOfMessages"] == str(i + 1)


def test_a_request_byte_by_byte(server, path):
    with Peer(server) as peer:
        for byte in query_message(SEND, target=path):
            peer.send(bytes([byte]))
        assert peer.answer().status == 200


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_chunked_bodies(server, path, size):
    head = (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n").encode()
    assert ask(server, head + chunked(SEND, size)).status == 200


def test_expect_continue(server, path):
    head, body = query_message(SEND, target=path, Expect="100-continue").split(b"\r\n\r\n")
    with Peer(server) as peer:
        assert peer.send(head + b"\r\n\r\n").answer().status == 100
        assert peer.send(body).answer().status == 200
    assert refused(server, message(b"x", Expect="200-ok")).status == 417


def test_a_body_that_is_refused_is_not_asked_for(server):
    answer = refused(server, b"POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                     b"Content-Length: %d\r\n\r\n" % (BODY_LIMIT + 1))
    assert answer.status == 413


def test_gzip_bodies(server, path, queue, sqs):
    body = json.dumps({"MessageBody": "a" * 100000}).encode()
    coded = json_message("SendMessage", gzip.compress(body), target=path, Content_Encoding="gzip")
    assert ask(server, coded).status == 200
    got = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert [len(one["Body"]) for one in got] == [100000]
    coded = query_message(gzip.compress(SEND), target=path, Content_Encoding="gzip")
    assert ask(server, coded).status == 200


@pytest.mark.parametrize("coding,body,status,code", [
    ("gzip", b"{}", 400, "MalformedHttpRequest"),
    ("gzip", gzip.compress(b"{}")[:-1], 400, "MalformedHttpRequest"),
    ("gzip", gzip.compress(b"{}") + b"x", 400, "MalformedHttpRequest"),
    ("gzip", gzip.compress(bytes(BODY_LIMIT + 1)), 413, "RequestEntityTooLarge"),
    ("br", b"{}", 415, "UnsupportedMediaType"),
    ("gzip, gzip", b"{}", 415, "UnsupportedMediaType"),
], ids=["no gzip", "a byte less", "a byte more", "too large", "unknown", "twice"])
def test_wrong_codings_are_faults(server, coding, body, status, code):
    answer = ask(server, json_message("ListQueues", body, Content_Encoding=coding))
    assert (answer.status, answer.fault()[0]) == (status, code + "Exception")
    answer = ask(server, query_message(body, Content_Encoding=coding))
    assert (answer.status, answer.fault()[0]) == (status, code)


# -- forms of requests --

def test_old_http_closes_unless_asked_not_to(server):
    with Peer(server) as peer:
        request = b"GET /?Action=ListQueues HTTP/1.0\r\n"
        answer = peer.send(request + b"Connection: keep-alive\r\n\r\n").answer()
        assert (answer.status, answer.headers["connection"]) == (200, "keep-alive")
        answer = peer.send(request + b"\r\n").answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert peer.is_ended()


def test_close_is_kept_though_more_was_sent(server):
    with Peer(server) as peer:
        peer.send(json_message("ListQueues", Connection="close") + LIST)
        assert peer.answer().headers["connection"] == "close"
        assert peer.is_ended()


def test_absolute_targets(server):
    target = "http://elsewhere:1/"
    assert ask(server, query_message("Action=ListQueues", target=target)).status == 200
    answer = ask(server, message(method="GET", target=target + "_tern/health"))
    assert answer.status == 200 and b"ok" in answer.body


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_methods_that_nothing_is_served_by(server, method):
    answer = ask(server, message(method=method, target="/000000000000/queue"))
    assert 400 <= answer.status < 500


def test_offers_of_other_protocols_are_passed_over(server, path):
    offers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c",
              "HTTP2-Settings": "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA"}
    assert ask(server, query_message(SEND, target=path, **offers)).status == 200
    head, body = query_message(SEND, target=path, **offers).split(b"\r\n\r\n")
    head = head.replace(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked")
    assert ask(server, head + b"\r\n\r\n" + chunked(body)).status == 200
    assert ask(server, message(method="GET", target="/_tern/health", **offers)).status == 200


def test_methods_that_are_none(server):
    assert refused(server, message(method="FLY")).status == 400
    assert refused(server, b"CONNECT h:1 HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 501


def test_head_has_no_body(server):
    with Peer(server) as peer:
        answer = peer.send(message(method="HEAD", target="/_tern/health")).answer("HEAD")
        assert answer.status == 200 and int(answer.headers["content-length"]) > 0
        assert peer.send(LIST).answer().status == 200


# -- shapes that two readers understand in two ways --

@pytest.mark.parametrize("lines,status", [
    (b"Content-Length: 4\r\nTransfer-Encoding: chunked", 400),
    (b"Transfer-Encoding: chunked\r\nContent-Length: 4", 400),
    (b"Content-Length: 4\r\nContent-Length: 4", 400),
    (b"Content-Length: 4\r\nContent-Length: 40", 400),
    (b"Content-Length: 4, 4", 400),
    (b"Content-Length: 0x4", 400),
    (b"Content-Length: -4", 400),
    (b"Content-Length: +4", 400),
    (b"Content-Length: 4 4", 400),
    (b"Content-Length:", 400),
    (b"Content-Length : 4", 400),
    (b"Content-Length: 18446744073709551620", 400),
    (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", 501),
    (b"Transfer-Encoding: gzip, chunked", 501),
    (b"Transfer-Encoding: chunked, chunked", 501),
    (b"Transfer-Encoding: xchunked", 501),
    (b"Transfer-Encoding: \"chunked\"", 501),
    (b"Transfer-Encoding: identity", 501),
    (b" Transfer-Encoding: chunked", 400),
    (b"Transfer-Encoding\t: chunked", 400),
    (b"X: y\r\n Transfer-Encoding: chunked", 400),
    (b"X: y\nTransfer-Encoding: chunked", 400),
    (b"X: y\rTransfer-Encoding: chunked", 400),
    (b"X: y\0Transfer-Encoding: chunked", 400),
    (b"X\0: y", 400),
    (b"X(: y", 400),
    (b": y", 400),
    (b"X", 400),
    (b"Host: other", 400),
])
def test_smuggling_shapes(server, lines, status):
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n\r\n"
    assert refused(server, head + b"0\r\n\r\n" + LIST).status == status


@pytest.mark.parametrize("chunks", [
    b"g\r\n", b"-1\r\nx\r\n", b" 1\r\nx\r\n0\r\n\r\n", b"1\nx\r\n0\r\n\r\n",
    b"1\r\nxx\r\n0\r\n\r\n", b"0x1\r\nx\r\n0\r\n\r\n", b"fffffffffffffffff\r\nx",
    b"1;\nx\r\n0\r\n\r\n", b"0\r\nX\0: y\r\n\r\n",
])
def test_smuggling_chunks(server, chunks):
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert refused(server, head + chunks + LIST).status == 400


@pytest.mark.parametrize("line,status", [
    (b"GET /", 505), (b"GET / HTTP/1.1 x", 400), (b"GET", 400), (b"get / HTTP/1.1", 400),
    (b"GET / HTTP/2.0", 505), (b"GET / HTTP/1.2", 505), (b"GET / HTTP/0.9", 505),
    (b"GET / HTTX/1.1", 400), (b"GET /\0 HTTP/1.1", 400), (b"GET / HTTP/1.1\n", 400),
    (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", 400), (b"PRI * HTTP/2.0", 505),
])
def test_first_lines_that_are_none(server, line, status):
    assert refused(server, line + b"\r\nHost: localhost\r\n\r\n").status == status


def test_a_request_without_a_host(server):
    assert refused(server, b"GET / HTTP/1.1\r\n\r\n").status == 400


# -- sizes --

def test_heads_have_a_limit(server):
    fits = message(method="GET", target="/_tern/health", X="a" * (HEAD_LIMIT - 200))
    assert ask(server, fits).status == 200
    assert refused(server, message(X="a" * HEAD_LIMIT)).status == 431
    assert refused(server, message(**{f"X{i}": i for i in range(101)})).status == 431
    assert refused(server, b"GET / HTTP/1.1\r\n" + b"a" * 1000000).status == 431


def test_targets_have_a_limit(server):
    target = "/?Action=ListQueues&QueueNamePrefix="
    fits = target + "a" * (TARGET_LIMIT - len(target))
    assert ask(server, message(method="GET", target=fits)).status == 200
    assert refused(server, message(method="GET", target=fits + "a")).status == 414


@pytest.mark.parametrize("make,code", [(json_message, "RequestEntityTooLargeException"),
                                       (query_message, "RequestEntityTooLarge")])
def test_bodies_have_a_limit_which_is_told_in_the_dialect(server, make, code):
    head = make("SendMessage").split(b"Content-Length")[0]
    answer = refused(server, head + b"Content-Length: %d\r\n\r\n" % (BODY_LIMIT + 1))
    assert (answer.status, answer.fault()[0]) == (413, code)
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                        answer.headers["x-amzn-requestid"])
    named = "RequestEntityTooLarge;Sender" if make is json_message else None
    assert answer.headers.get("x-amzn-query-error") == named
    # Whoever goes on sending gets the answer all the same.
    answer = refused(server, head + b"Content-Length: 99999999\r\n\r\n" + bytes(5000000))
    assert (answer.status, answer.fault()[0]) == (413, code)


def test_chunked_bodies_have_the_same_limit(server):
    part = b"100000\r\n" + b"a" * 0x100000 + b"\r\n"
    with Peer(server) as peer:
        peer.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(17):
            peer.send(part)
        assert peer.answer().status == 413


def test_a_batch_that_is_too_long_gets_its_own_fault(server, queue):
    entries = [{"Id": str(i), "MessageBody": "a" * 1048576} for i in range(10)]
    request = json_message("SendMessageBatch", {"QueueUrl": queue, "Entries": entries})
    assert ask(server, request).fault()[0] == "BatchRequestTooLong"


def test_many_threads_leave_each_room_for_large_bodies(private):
    server = private("--threads", 64, "--durability", "os")
    url = server.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    entries = [{"Id": str(i), "MessageBody": "a" * 1048576} for i in range(10)]
    request = json_message("SendMessageBatch", {"QueueUrl": url, "Entries": entries})
    assert ask(server, request).fault()[0] == "BatchRequestTooLong"


# -- time --

def test_slow_requests_are_ended(private):
    server = private("--head-timeout-ms", 100, "--body-timeout-ms", 100, "--durability", "os")
    with Peer(server) as head, Peer(server) as body, Peer(server) as chunks:
        head.send(b"POST / HTTP/1.1\r\nHost:")
        body.send(json_message("ListQueues", b"{}")[:-1])
        chunks.send(b"POST / HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n")
        for peer in head, body, chunks:
            assert peer.answer().status == 408 and peer.is_ended()


def test_dripping_does_not_lengthen_a_request_s_time(private):
    server = private("--head-timeout-ms", 300, "--durability", "os")
    with Peer(server) as peer:
        is_over = threading.Event()

        def drip():
            while not is_over.wait(0.02):
                peer.send(b"a")

        peer.send(b"GET / HTTP/1.1\r\nX: ")
        thread = threading.Thread(target=drip)
        thread.start()
        assert peer.answer().status == 408
        is_over.set()
        thread.join()


def test_idle_connections_are_ended(private):
    server = private("--idle-timeout-ms", 100, "--head-timeout-ms", 100, "--durability", "os")
    with Peer(server) as fresh, Peer(server) as used:
        assert used.send(LIST).answer().status == 200
        assert fresh.is_ended() and used.is_ended()


def test_a_long_poll_outlasts_the_time_of_idle_connections(private):
    server = private("--idle-timeout-ms", 100, "--head-timeout-ms", 100, "--durability", "os")
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    with Peer(server) as peer:
        peer.send(json_message("ReceiveMessage", {"QueueUrl": url, "WaitTimeSeconds": 2}))
        assert peer.answer().body == b"{}"


def accepted(server):
    """A peer that was answered, or None if the server closed its connection."""
    peer = Peer(server)
    try:
        assert peer.send(LIST).answer().status == 200
        return peer
    except (AssertionError, ConnectionResetError):
        peer.close()
        return None


def test_connections_have_a_limit(private):
    server = private("--connections", 3, "--durability", "os")
    server.http.close()
    peers = [eventually(lambda: accepted(server)) for _ in range(3)]
    assert accepted(server) is None
    assert all(peer.send(LIST).answer().status == 200 for peer in peers)
    peers.pop().close()
    peers.append(eventually(lambda: accepted(server)))
    for peer in peers:
        peer.close()


def test_connections_leave_descriptors_to_files(private, tmp_path):
    limited = tmp_path / "limited"
    limited.write_text(f'#!/bin/sh\nulimit -n 300\nexec "{BUILD}/ternd" "$@"\n')
    limited.chmod(0o755)
    server = private("--durability", "os", "--segment-mib", 2, binary=limited)
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    peers = [Peer(server) for _ in range(400)]
    eventually(lambda: server.metrics()["tern_connections_refused_total"] >= 200)
    for number in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=f"{number:02}" * 500000)
    for peer in peers:
        peer.close()
    assert "the disk refuses" not in server.log()


# -- peers that go --

def poll_message(url, seconds=20):
    return json_message("ReceiveMessage", {"QueueUrl": url, "WaitTimeSeconds": seconds})


def waiting(server):
    return server.metrics()["tern_waiting_receives"]


def test_a_half_closed_peer_gets_its_answers(server, path):
    with Peer(server) as peer:
        peer.send(query_message(SEND, target=path) * 2 + b"POST /cut")
        peer.socket.shutdown(socket.SHUT_WR)
        assert peer.answer().status == 200
        assert peer.answer().status == 200
        assert peer.is_ended()


def test_a_half_closed_peer_waits_for_no_message(server, queue):
    with Peer(server) as peer:
        peer.send(poll_message(queue))
        peer.socket.shutdown(socket.SHUT_WR)
        assert peer.answer().body == b"{}"
        assert peer.is_ended()


@pytest.mark.parametrize("resets", [False, True], ids=["end of file", "reset"])
def test_a_message_is_not_lost_to_a_peer_that_vanished(server, sqs, queue, resets):
    before = waiting(server)
    peers = [Peer(server).send(poll_message(queue)) for _ in range(5)]
    eventually(lambda: waiting(server) == before + 5)
    for peer in peers:
        if resets:
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
    eventually(lambda: waiting(server) == before)
    sqs.send_message(QueueUrl=queue, MessageBody="for who is there")
    got = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert [one["Body"] for one in got] == ["for who is there"]


def test_a_peer_that_does_not_read_holds_up_nobody(server, sqs, queue):
    for _ in range(10):
        sqs.send_message(QueueUrl=queue, MessageBody="a" * 1000000)
    with Peer(server) as peer:
        for _ in range(10):
            peer.send(json_message("ReceiveMessage", {"QueueUrl": queue, "VisibilityTimeout": 0,
                                                      "MaxNumberOfMessages": 10}))
        assert ask(server, LIST).status == 200
