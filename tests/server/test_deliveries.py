# SPDX-License-Identifier: MIT
"""Deliveries that are owed: /_tern/deliveries, tern delivery, metrics, kill -9, many endpoints."""
import collections
import http.server
import json
import threading
import time

import pytest

from cli.conftest import Tern
from ternd import eventually

ACCOUNT = "000000000000"


class Endpoint:
    """An HTTP server that answers Notifications with `status`, or hangs if it is None."""

    def __init__(self, status=200):
        self.status, self.received, self.released = status, collections.Counter(), threading.Event()
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if body["Type"] == "SubscriptionConfirmation":
                    endpoint.token = body["Token"]
                    status = 200
                else:
                    if endpoint.status is None:
                        endpoint.released.wait(60)
                        return
                    endpoint.received[body["Message"]] += 1
                    status = endpoint.status
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.token = None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def make_endpoint():
    made = []

    def make(status=200):
        made.append(Endpoint(status))
        return made[-1]

    yield make
    for endpoint in made:
        endpoint.close()


def subscribe(sns, topic, endpoint):
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
    eventually(lambda: endpoint.token is not None)
    sns.confirm_subscription(TopicArn=topic, Token=endpoint.token)


def deliveries_of(server):
    found, after = [], None
    while True:
        answer = server.get("/_tern/deliveries", params={"after": after} if after else {}).json()
        found += answer["deliveries"]
        after = answer.get("next")
        if not after:
            return found


def test_nothing_waits_at_first(private):
    server = private()
    assert deliveries_of(server) == []
    assert server.get("/_tern/deliveries/0-1").status_code == 404
    assert server.get("/_tern/deliveries/nonsense").status_code == 400
    assert server.post("/_tern/deliveries", json={}).status_code == 400
    assert server.metrics()['tern_deliveries{state="due"}'] == 0


def test_a_refused_delivery_is_listed_and_retried(private, make_endpoint):
    server, endpoint = private(), make_endpoint(503)
    sns = server.client("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    subscribe(sns, topic, endpoint)
    sns.publish(TopicArn=topic, Message="hello")
    eventually(lambda: [d for d in deliveries_of(server) if d["state"] == "waiting"])
    (waiting,) = deliveries_of(server)
    assert waiting["source"].startswith(topic + ":")
    assert waiting["account"] == ACCOUNT
    assert waiting["attempts"] == 1
    assert waiting["status"] == 503
    assert waiting["next_ms"] > time.time() * 1000
    assert server.get("/_tern/deliveries/" + waiting["id"]).json() == waiting
    assert server.get("/_tern/deliveries", params={"account": "111122223333"}
                      ).json()["deliveries"] == []
    endpoint.status = 200
    answer = server.post("/_tern/deliveries", json={"endpoint": waiting["endpoint"]})
    assert answer.json() == {"retried": 1}
    eventually(lambda: deliveries_of(server) == [])
    assert endpoint.received["hello"] == 2
    assert server.metrics()['tern_delivery_attempts_total{kind="%s",end="delivered"}'
                            % waiting["kind"]] >= 1


def test_deliveries_survive_kills(private, make_endpoint):
    server, endpoint = private(), make_endpoint()
    sns = server.client("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    subscribe(sns, topic, endpoint)
    sent = []
    for round in range(4):
        for i in range(25):
            sent.append(f"{round}-{i}")
            server.client("sns").publish(TopicArn=topic, Message=sent[-1])
        server.kill()
        server.start()
    eventually(lambda: set(sent) <= set(endpoint.received), timeout=60)


def test_hanging_endpoints_do_not_delay_others(private, make_endpoint):
    server = private()
    sns = server.client("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    good = [make_endpoint() for _ in range(9)]
    hanging = make_endpoint(None)
    for endpoint in good + [hanging]:
        subscribe(sns, topic, endpoint)
    for i in range(30):
        sns.publish(TopicArn=topic, Message=str(i))
    eventually(lambda: all(len(e.received) == 30 for e in good), timeout=10)
    assert len(deliveries_of(server)) >= 30 - 5


def test_tern_shows_and_retries(private, make_endpoint, tmp_path):
    server, endpoint = private(), make_endpoint(503)
    tern = Tern(tmp_path, server.url)
    assert tern.json("delivery", "ls") == []
    sns = server.client("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    subscribe(sns, topic, endpoint)
    sns.publish(TopicArn=topic, Message="hello")
    eventually(lambda: [d for d in tern.json("delivery", "ls") if d["State"] == "waiting"])
    (waiting,) = tern.json("delivery", "ls", "--account", ACCOUNT)
    assert waiting["Attempts"] == 1 and waiting["Problem"].endswith("503.")
    assert waiting["Source"].startswith(topic)
    assert tern.json("delivery", "ls", "--endpoint", "http://nowhere") == []
    assert tern.json("delivery", "show", waiting["Id"])[0]["Id"] == waiting["Id"]
    table = tern("delivery", "ls").stdout
    assert "PROBLEM" in table and waiting["Id"] in table
    assert "give an ID" in tern("delivery", "retry", code=2).stderr
    assert "no such delivery" in tern("delivery", "retry", "1-99", code=1).stderr
    assert "is no id" in tern("delivery", "show", "news", code=2).stderr
    endpoint.status = 200
    assert tern.json("delivery", "retry", waiting["Id"]) == [{"Retried": 1}]
    eventually(lambda: tern.json("delivery", "ls") == [])
    assert endpoint.received["hello"] == 2
