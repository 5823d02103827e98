# SPDX-License-Identifier: MIT
"""What API destinations receive: requests, retries, tokens."""
import http.server
import json
import threading

import pytest

from roles import EVENTS_TRUST, make_role
from ternd import eventually

BASIC = {"BasicAuthParameters": {"Username": "user", "Password": "secret"}}


class Endpoint(http.server.ThreadingHTTPServer):
    """Keeps requests, and answers with the statuses of `answers`, then 200."""
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.answers, self.tokens = [], [], 0
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        status, answer = 200, b"{}"
        if self.path == "/token":
            self.server.tokens += 1
            answer = json.dumps({"access_token": f"t{self.server.tokens}",
                                 "expires_in": 3600}).encode()
        elif self.server.answers:
            status = self.server.answers.pop(0)
        self.server.requests.append((self.path, dict(self.headers), body, status))
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def endpoint():
    server = Endpoint()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def role(server, word):
    """The ARN of a role that lets EventBridge do all."""
    return make_role(server, "role-" + word, EVENTS_TRUST)


@pytest.fixture
def route(events, bus, word, endpoint, role):
    """route(kind, parameters, **target): events of `bus` go to the endpoint."""
    def make(kind, parameters, path="/in", **target):
        connection = events.create_connection(Name=word, AuthorizationType=kind,
                                              AuthParameters=parameters)["ConnectionArn"]
        arn = events.create_api_destination(
            Name=word, ConnectionArn=connection, HttpMethod="POST",
            InvocationEndpoint=endpoint.url + path)["ApiDestinationArn"]
        events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source":["a"]}')
        answer = events.put_targets(Rule="r", EventBusName=bus, Targets=[{
            "Id": "d", "Arn": arn, "RoleArn": role, **target}])
        assert answer["FailedEntryCount"] == 0, answer
    return make


def put(events, bus):
    assert events.put_events(Entries=[{
        "Source": "a", "DetailType": "t", "Detail": '{"n":1}',
        "EventBusName": bus}])["FailedEntryCount"] == 0


def arrived(endpoint, count, path="/in"):
    def probe():
        return len([one for one in endpoint.requests if one[0].startswith(path)]) >= count
    eventually(probe, what=f"{count} requests")
    return [one for one in endpoint.requests if one[0].startswith(path)]


def test_an_event_is_posted_with_the_authorization(events, bus, endpoint, route):
    route("BASIC", BASIC, path="/in/*", HttpParameters={
        "PathParameterValues": ["x"], "HeaderParameters": {"X-Own": "1"},
        "QueryStringParameters": {"q": "2"}})
    put(events, bus)
    path, headers, body, _ = arrived(endpoint, 1)[0]
    assert path == "/in/x?q=2" and headers["X-Own"] == "1"
    assert headers["Authorization"] == "Basic dXNlcjpzZWNyZXQ="
    assert headers["User-Agent"] == "Amazon/EventBridge/ApiDestinations"
    assert json.loads(body)["detail"] == {"n": 1}


def test_server_errors_are_retried(events, bus, endpoint, route):
    endpoint.answers = [500]
    route("BASIC", BASIC)
    put(events, bus)
    assert [one[3] for one in arrived(endpoint, 2)] == [500, 200]


def test_tokens_are_fetched_kept_and_renewed(events, bus, endpoint, route):
    route("OAUTH_CLIENT_CREDENTIALS", {"OAuthParameters": {
        "ClientParameters": {"ClientID": "id", "ClientSecret": "s"}, "HttpMethod": "POST",
        "AuthorizationEndpoint": endpoint.url + "/token"}})
    for count in (1, 2):
        put(events, bus)
        assert arrived(endpoint, count)[-1][1]["Authorization"] == "Bearer t1"
    token = [one for one in endpoint.requests if one[0] == "/token"][0]
    assert token[2] == "grant_type=client_credentials&client_id=id&client_secret=s"
    endpoint.answers = [401]
    put(events, bus)
    assert arrived(endpoint, 4)[-1][1]["Authorization"] == "Bearer t2"


def test_a_refusal_is_not_retried(events, sqs, bus, endpoint, route, queue, queue_arn):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": queue_arn}]})})
    endpoint.answers = [400]
    route("BASIC", BASIC, DeadLetterConfig={"Arn": queue_arn})
    put(events, bus)
    found = []
    eventually(lambda: found.extend(sqs.receive_message(
        QueueUrl=queue, MessageAttributeNames=["All"]).get("Messages", [])) or found,
        what="a dead letter")
    attributes = found[0]["MessageAttributes"]
    assert attributes["RETRY_ATTEMPTS"]["StringValue"] == "0"
    assert "EXHAUSTED_RETRY_CONDITION" not in attributes
    assert len(endpoint.requests) == 1


def test_a_destination_of_another_account_is_not_called(server, sqs, bus, endpoint, queue,
                                                        queue_arn, word, events, role):
    other = server.client("events", account="111122223333")
    connection = other.create_connection(Name=word, AuthorizationType="BASIC",
                                         AuthParameters=BASIC)["ConnectionArn"]
    arn = other.create_api_destination(
        Name=word, ConnectionArn=connection, HttpMethod="POST",
        InvocationEndpoint=endpoint.url + "/in")["ApiDestinationArn"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": queue_arn}]})})
    events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source":["a"]}')
    events.put_targets(Rule="r", EventBusName=bus, Targets=[{
        "Id": "d", "Arn": arn, "RoleArn": role, "DeadLetterConfig": {"Arn": queue_arn}}])
    put(events, bus)
    found = []
    eventually(lambda: found.extend(sqs.receive_message(
        QueueUrl=queue, MessageAttributeNames=["All"]).get("Messages", [])) or found
        or endpoint.requests, what="a dead letter")
    assert endpoint.requests == []
    assert found[0]["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


def dead_letter(sqs, url):
    """The attributes of the next dead letter."""
    found = []
    eventually(lambda: found.extend(sqs.receive_message(
        QueueUrl=url, MessageAttributeNames=["All"]).get("Messages", [])) or found,
        what="a dead letter")
    return {name: value["StringValue"] for name, value in found[0]["MessageAttributes"].items()}


def let_events_send(sqs, url, arn):
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": arn}]})})


def test_a_deleted_role_ends_deliveries(server, events, sqs, bus, endpoint, route, queue,
                                        queue_arn, word):
    let_events_send(sqs, queue, queue_arn)
    iam = server.client("iam")
    gone = make_role(server, "gone-" + word, EVENTS_TRUST)
    route("BASIC", BASIC, RoleArn=gone, DeadLetterConfig={"Arn": queue_arn})
    iam.delete_role_policy(RoleName="gone-" + word, PolicyName="all")
    iam.delete_role(RoleName="gone-" + word)
    put(events, bus)
    assert dead_letter(sqs, queue)["ERROR_CODE"] == "FAILED_ASSUME_ROLE"
    assert endpoint.requests == []


def test_the_rate_of_a_destination_is_limited(private, endpoint):
    server = private("--durability", "memory", "--test-clock")
    events = server.client("events")
    connection = events.create_connection(Name="c", AuthorizationType="BASIC",
                                          AuthParameters=BASIC)["ConnectionArn"]
    arn = events.create_api_destination(
        Name="d", ConnectionArn=connection, HttpMethod="POST", InvocationRateLimitPerSecond=1,
        InvocationEndpoint=endpoint.url + "/in")["ApiDestinationArn"]
    events.put_rule(Name="r", EventPattern='{"source":["a"]}')
    events.put_targets(Rule="r", Targets=[
        {"Id": "d", "Arn": arn, "RoleArn": make_role(server, "r", EVENTS_TRUST)}])
    events.put_events(Entries=[{"Source": "a", "DetailType": "t", "Detail": "{}"}] * 10)
    begun = len(arrived(endpoint, 1))
    assert begun < 5
    for _ in range(30):
        server.advance(1)
        if len(endpoint.requests) == 10:
            break
    assert len(arrived(endpoint, 10)) == 10


def test_a_destination_needs_a_role(events, bus, word, refuses, endpoint):
    connection = events.create_connection(Name=word, AuthorizationType="BASIC",
                                          AuthParameters=BASIC)["ConnectionArn"]
    arn = events.create_api_destination(Name=word, ConnectionArn=connection, HttpMethod="POST",
                                        InvocationEndpoint=endpoint.url)["ApiDestinationArn"]
    events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source":["a"]}')
    with refuses("ValidationException", f"RoleArn is required for target {arn}."):
        events.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "d", "Arn": arn}])
