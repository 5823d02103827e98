# SPDX-License-Identifier: MIT
"""What deliveries to HTTP endpoints cost, to 1 up to 10,000 endpoints, and how long they take when
a tenth of the endpoints hang.

Each endpoint is an address of its own (127.1.x.y), so that it has a lane and connections of its
own. nginx answers `return 200`; the latencies are taken by an endpoint in Python, which notes when
each message arrives. A delivery's cost is what the server spends beyond publishing to a topic that
has no subscriber; beside it stands what the generator's bare epoll client spends on a request.
"""
import asyncio
import contextlib
import http.client
import json
import os
import re
import statistics
import threading
import time
import urllib.parse

import drive
import figures
import machine
import peers
import results

ENDPOINTS = (1, 10, 100, 1000, 10000)
DELIVERIES, PUBLISHES_MOST = 20000, 4000
LATENCY_ENDPOINTS, LATENCY_MESSAGES, LATENCY_PAUSE_S = 100, 200, 0.05
DRAIN_S = 120
RAW = {"Attributes.entry.1.key": "RawMessageDelivery", "Attributes.entry.1.value": "true"}
TOPIC = "arn:aws:sns:us-east-1:000000000000:bench"


def address(number):
    return f"127.1.{number // 250}.{number % 250 + 1}"


class Receiver:
    """Endpoints in a thread: notes the confirmations' links and the arrival of each message.
    Those of `hanging` never answer."""

    def __init__(self, count, port, hanging=0):
        self.links, self.arrivals = [], []
        self.hosts = list(map(address, range(count)))
        self.port, self.hanging = port, set(self.hosts[:hanging])
        self.are_hanging = False
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        if not self.ready.wait(60):
            raise peers.Missing("the endpoints do not start")
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.ended.set)
        self.thread.join()

    def run(self):
        if machine.GENERATOR:
            os.sched_setaffinity(0, machine.GENERATOR)  # of this thread
        self.loop.run_until_complete(self.serve())

    async def serve(self):
        self.ended = asyncio.Event()
        server = await asyncio.start_server(self.connection, self.hosts, self.port, backlog=64)
        self.ready.set()
        await self.ended.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def connection(self, reader, writer):
        host = writer.get_extra_info("sockname")[0]
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError,
                                 asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                size = int(re.search(r"(?i)\r\ncontent-length: *(\d+)", head)[1])
                body = await reader.readexactly(size)
                if "SubscriptionConfirmation" in head:
                    self.links.append(json.loads(body)["SubscribeURL"])
                elif self.are_hanging and host in self.hanging:
                    await asyncio.sleep(3600)
                else:
                    message = re.search(r"(?i)\r\nx-amz-sns-message-id: *([^\r]+)", head)[1]
                    self.arrivals.append((message, time.perf_counter(), host))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()


class Endpoints(peers.Nginx):
    """Answers 200 at each address, on a port that is chosen before."""
    connections = 19000

    def __init__(self, directory, count, port):
        super().__init__(directory)
        self.count, self.port = count, port

    def addresses(self):
        return map(address, range(self.count))

    def is_ready(self):
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection(address(self.count - 1), self.port, timeout=5)
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        return False


def ask(connection, service="sns", **parameters):
    """One request of the Query protocol; its answer as text."""
    version = {"sns": "2010-03-31", "sqs": "2012-11-05"}[service]
    scope = f"bench/20260101/us-east-1/{service}/aws4_request"
    connection.request(
        "POST", "/", urllib.parse.urlencode(parameters | {"Version": version}),
        {"Content-Type": "application/x-www-form-urlencoded", "Authorization":
         f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"})
    answer = connection.getresponse()
    text = answer.read().decode()
    if answer.status != 200:
        raise peers.Missing(f"{parameters['Action']}: {answer.status} {text[:200]}")
    return text


def connect(peer):
    return http.client.HTTPConnection("127.0.0.1", peer.port, timeout=60)


def subscribe(peer, receiver, is_raw):
    """All addresses of the receiver; returns when they are confirmed."""
    connection = connect(peer)
    ask(connection, Action="CreateTopic", Name="bench")
    for host in receiver.hosts:
        ask(connection, Action="Subscribe", TopicArn=TOPIC, Protocol="http",
            Endpoint=f"http://{host}:{receiver.port}/", **(RAW if is_raw else {}))
    deadline, done = time.monotonic() + DRAIN_S, 0
    while done < len(receiver.hosts):
        if time.monotonic() > deadline:
            raise peers.Missing(f"{done} of {len(receiver.hosts)} endpoints got a confirmation")
        for link in receiver.links[done:]:
            connection.request("GET", link[link.index("/", 8):])
            connection.getresponse().read()
            done += 1
        time.sleep(0.01)


def delivered(peer):
    text = drive.metrics(peer)
    return sum(float(value) for value in re.findall(
        r'^tern_delivery_attempts_total\{kind="sns-http",end="delivered"\} (\S+)', text, re.M))


def publish(peer, count):
    connection = connect(peer)
    for _ in range(count):
        ask(connection, Action="Publish", TopicArn=TOPIC, Message="x" * drive.BODY_SIZE)


def cpu_of(peer, work):
    """CPU seconds of the server while it runs."""
    before = peers.usage(peer.pids())[0]
    work()
    return peers.usage(peer.pids())[0] - before


def publish_and_wait(peer, publishes, deliveries):
    wanted = delivered(peer) + deliveries
    publish(peer, publishes)
    deadline = time.monotonic() + DRAIN_S
    while delivered(peer) < wanted:
        if time.monotonic() > deadline:
            raise peers.Missing(f"{wanted - delivered(peer):.0f} deliveries did not end")
        time.sleep(0.02)


def measure_cost(directory, count, is_raw, publish_us, rounds):
    """Microseconds of the server's CPU a delivery, one a round."""
    found, publishes = [], min(PUBLISHES_MOST, max(2, DELIVERIES // count))
    peer = peers.Tern(directory)
    peer.more = ("--sns-signatures", "http")
    port = peers.free_port()
    with contextlib.ExitStack() as stack:
        stack.callback(peer.stop)
        peer.start()
        with Receiver(count, port) as receiver:
            subscribe(peer, receiver, is_raw)
        endpoints = Endpoints(directory, count, port)
        stack.callback(endpoints.stop)
        endpoints.start()
        publish_and_wait(peer, 1, count)  # connections are open afterwards
        for _ in range(rounds):
            used = cpu_of(peer, lambda: publish_and_wait(peer, publishes, publishes * count))
            found.append((used * 1e6 - publishes * publish_us) / (publishes * count))
    return found


def measure_publish(directory):
    """Microseconds of the server's CPU to publish without subscribers."""
    peer = peers.Tern(directory).start()
    try:
        ask(connect(peer), Action="CreateTopic", Name="bench")
        publish(peer, 500)
        return cpu_of(peer, lambda: publish(peer, 4000)) / 4000 * 1e6
    finally:
        peer.stop()


def measure_bare(directory, rounds, seconds):
    """Microseconds of the generator's CPU a request: a bare epoll client."""
    with drive.running([peers.Nginx], directory) as (started, _):
        runs = [drive.drive(started[0], ("raw",), seconds) for _ in range(rounds)]
    return [run["client"]["cpu_us_per_message"] for run in runs if run]


def measure_latency(directory, hanging, rounds):
    """Milliseconds from the publish to an arrival at p99, at endpoints that do not hang."""
    found = []
    peer = peers.Tern(directory).start()
    try:
        with Receiver(LATENCY_ENDPOINTS, peers.free_port(), hanging) as receiver:
            subscribe(peer, receiver, True)
            receiver.are_hanging = True
            connection = connect(peer)
            for _ in range(rounds):
                sent = {}
                receiver.arrivals.clear()
                for _ in range(LATENCY_MESSAGES):
                    begun = time.perf_counter()
                    answer = ask(connection, Action="Publish", TopicArn=TOPIC,
                                 Message="x" * drive.BODY_SIZE)
                    sent[re.search("<MessageId>(.*?)</MessageId>", answer)[1]] = begun
                    time.sleep(max(0, begun + LATENCY_PAUSE_S - time.perf_counter()))
                wanted = LATENCY_MESSAGES * (LATENCY_ENDPOINTS - hanging)
                deadline = time.monotonic() + DRAIN_S
                while len(receiver.arrivals) < wanted and time.monotonic() < deadline:
                    time.sleep(0.01)
                times = sorted((when - sent[message]) * 1e3 for message, when, _ in
                               receiver.arrivals if message in sent)
                if len(times) < wanted:
                    raise peers.Missing(f"{wanted - len(times)} messages did not arrive")
                found.append(times[len(times) * 99 // 100])
    finally:
        peer.stop()
    return found


def measure(directory, rounds, seconds):
    """Rows {"what", "us"} and the latencies at p99."""
    publish_us = measure_publish(directory / "publish")
    rows = [{"what": "bare epoll client", "us": measure_bare(directory / "bare", rounds, seconds)}]
    for count in ENDPOINTS:
        rows.append({"what": f"raw, {count:,} endpoints", "us": measure_cost(
            directory / f"raw{count}", count, True, publish_us, rounds)})
    rows.append({"what": "signed, 100 endpoints", "us": measure_cost(
        directory / "signed", 100, False, publish_us, rounds)})
    latencies = {hanging: measure_latency(directory / f"hang{hanging}", hanging, rounds)
                 for hanging in (0, LATENCY_ENDPOINTS // 10)}
    return rows, latencies


def delivery_figures(rows, latencies):
    found = {f"delivery, {row['what']}": results.figure("us", row["us"]) for row in rows}
    bare = rows[0]["us"]
    for count in ENDPOINTS:
        row = next(row for row in rows if row["what"] == f"raw, {count:,} endpoints")
        found[f"delivery, {count} endpoints / bare"] = results.figure(
            "x", figures.paired(row["us"], bare))
    first = found[f"delivery, raw, {ENDPOINTS[1]:,} endpoints"]["samples"]
    last = found[f"delivery, raw, {ENDPOINTS[-1]:,} endpoints"]["samples"]
    found["delivery, 10,000 endpoints / 10"] = results.figure("x", figures.paired(last, first))
    healthy, hanging = latencies.values()
    found["delivery, p99"] = results.figure("ms", healthy)
    found["delivery, p99 while others hang"] = results.figure("ms", hanging)
    found["delivery, p99 while others hang / p99"] = results.figure(
        "x", (one / statistics.median(healthy) for one in hanging))
    return found
