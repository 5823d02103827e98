# SPDX-License-Identifier: MIT
"""What pipes deliver, where, and what stays in the source."""
import http.server
import json
import threading

import pytest

from pipe_clients import Pipes
from ternd import eventually

POLICY = {"Version": "2012-10-17", "Statement": []}


def allow(*statements):
    return {**POLICY, "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}
                                    for action, resource in statements]}


def test_a_queue_gets_the_record(pipes):
    (source, source_arn), (target, target_arn) = pipes.queue("s"), pipes.queue("t")
    pipes.create(source_arn, target_arn)
    pipes.send(source, {"a": 1}, MessageAttributes={
        "colour": {"DataType": "String", "StringValue": "red"}})
    record = json.loads(pipes.bodies(target)[0])
    assert record["body"] == '{"a": 1}' and record["eventSourceARN"] == source_arn
    assert record["eventSource"] == "aws:sqs" and record["awsRegion"] == "us-east-1"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["messageAttributes"]["colour"]["stringValue"] == "red"
    pipes.until_empty(source)


def test_filters_choose_and_delete_the_rest(pipes):
    (source, source_arn), (target, target_arn) = pipes.queue("s"), pipes.queue("t")
    pipes.create(source_arn, target_arn, SourceParameters={"FilterCriteria": {"Filters": [
        {"Pattern": '{"body":{"n":[{"numeric":[">",1]}]}}'},
        {"Pattern": '{"body":["plain"]}'}]}}, TargetParameters={"InputTemplate": "<$.body>"})
    pipes.send(source, {"n": 1}, {"n": 2}, "plain", "other", {"n": 3}, {"m": 4})
    assert sorted(pipes.bodies(target, 3)) == ["plain", '{"n": 2}', '{"n": 3}']
    pipes.until_empty(source)


def test_templates_shape_what_the_target_gets(pipes):
    (source, source_arn), (target, target_arn) = pipes.queue("s"), pipes.queue("t")
    name = pipes.create(source_arn, target_arn, TargetParameters={
        "InputTemplate": '{"who":<$.body.name>,"pipe":"<aws.pipes.pipe-name>"}'})
    pipes.send(source, {"name": "Ada"})
    assert json.loads(pipes.bodies(target)[0]) == {"who": "Ada", "pipe": name}


def test_a_topic_and_a_bus_get_events(pipes):
    source, source_arn = pipes.queue("s")
    other, other_arn = pipes.queue("o")
    target, target_arn = pipes.queue("t")
    sns, events = pipes.server.client("sns"), pipes.server.client("events")
    topic = sns.create_topic(Name=pipes.name)["TopicArn"]
    bus = events.create_event_bus(Name=pipes.name)["EventBusArn"]
    pipes.sqs.set_queue_attributes(QueueUrl=target, Attributes={"Policy": json.dumps({
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage",
                       "Resource": target_arn}]})})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=target_arn,
                  Attributes={"RawMessageDelivery": "true"})
    events.put_rule(Name="r", EventBusName=bus, EventPattern='{"account":[{"exists":true}]}')
    events.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "q", "Arn": target_arn}])
    pipes.create(source_arn, topic, name=pipes.name + "-topic",
                 TargetParameters={"InputTemplate": "topic <$.body>"})
    pipes.send(source, "1")
    assert pipes.bodies(target) == ["topic 1"]
    name = pipes.create(other_arn, bus, name=pipes.name + "-bus")
    pipes.send(other, {"n": 1})
    event = json.loads(pipes.bodies(target)[0])
    assert event["source"] == f"Pipe {name}" and event["detail-type"] == "Event from aws:sqs"
    assert event["detail"]["body"] == '{"n": 1}'
    pipes.client.update_pipe(Name=name, RoleArn=pipes.role, TargetParameters={
        "InputTemplate": '{"n":<$.body.n>}', "EventBridgeEventBusParameters": {
            "Source": "my.app", "DetailType": "$.body.kind", "Time": "$.body.at",
            "Resources": ["$.eventSourceARN"]}})
    pipes.send(other, {"n": 2, "kind": "tick", "at": "2026-11-30T12:00:00Z"})
    event = json.loads(pipes.bodies(target)[0])
    assert (event["source"], event["detail-type"]) == ("my.app", "tick")
    assert event["detail"] == {"n": 2} and event["time"] == "2026-11-30T12:00:00Z"
    assert event["resources"] == [other_arn]
    pipes.until_empty(source)
    pipes.until_empty(other)


def test_a_fifo_queue_keeps_its_order(pipes):
    source, source_arn = pipes.queue("s", FifoQueue="true", ContentBasedDeduplication="true")
    target, target_arn = pipes.queue("t", FifoQueue="true")
    pipes.create(source_arn, target_arn, TargetParameters={
        "InputTemplate": "<$.body>", "SqsQueueParameters": {
            "MessageGroupId": "$.attributes.MessageGroupId",
            "MessageDeduplicationId": "$.messageId"}})
    for number in range(60):
        pipes.send(source, f"{number}", MessageGroupId=f"g{number % 3}")
    messages = pipes.receive(target, 60)
    for group in range(3):
        numbers = [int(message["Body"]) for message in messages
                   if message["Attributes"]["MessageGroupId"] == f"g{group}"]
        assert numbers == list(range(group, 60, 3))
    pipes.until_empty(source)


def test_a_window_gathers_a_batch(pipes):
    """A batch of a window is one: the filter of the executions counts them."""
    source, source_arn = pipes.queue("s")
    target, target_arn = pipes.queue("t")

    def executions():
        text = pipes.server.http.get(pipes.server.url + "/_tern/metrics").text
        return [int(line.split()[1]) for line in text.splitlines()
                if line.startswith("tern_pipes_executions_total ")][0]
    before = executions()
    pipes.create(source_arn, target_arn, SourceParameters={"SqsQueueParameters": {
        "BatchSize": 4, "MaximumBatchingWindowInSeconds": 300}})
    pipes.send(source, *"abcd")
    pipes.receive(target, 4)
    pipes.until_empty(source)
    assert executions() == before + 1


def test_a_stopped_pipe_leaves_messages_alone(pipes):
    (source, source_arn), (target, target_arn) = pipes.queue("s"), pipes.queue("t")
    name = pipes.create(source_arn, target_arn, DesiredState="STOPPED")
    pipes.send(source, "1")
    assert pipes.counts(source) == (1, 0)
    pipes.client.start_pipe(Name=name)
    pipes.receive(target)
    pipes.client.stop_pipe(Name=name)
    pipes.send(source, "2")
    assert pipes.counts(source)[0] == 1
    pipes.client.update_pipe(Name=name, RoleArn=pipes.role, DesiredState="RUNNING",
                             TargetParameters={"InputTemplate": "new <$.body>"})
    assert pipes.bodies(target) == ["new 2"]


def test_what_the_target_refuses_goes_to_the_dead_letter_queue(pipes):
    dead, dead_arn = pipes.queue("d")
    source, source_arn = pipes.queue("s", VisibilityTimeout="1", RedrivePolicy=json.dumps({
        "deadLetterTargetArn": dead_arn, "maxReceiveCount": 2}))
    pipes.create(source_arn, dead_arn.replace(pipes.name, "missing"))
    pipes.send(source, "lost")
    assert pipes.bodies(dead) == ["lost"]
    pipes.until_empty(source)


def test_part_of_a_batch_may_fail(pipes):
    """A bus refuses what is no object of JSON, and that alone stays."""
    source, source_arn = pipes.queue("s", VisibilityTimeout="43200")
    target, target_arn = pipes.queue("t")
    events = pipes.server.client("events")
    bus = events.create_event_bus(Name=pipes.name)["EventBusArn"]
    pipes.sqs.set_queue_attributes(QueueUrl=target, Attributes={"Policy": json.dumps({
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage",
                       "Resource": target_arn}]})})
    events.put_rule(Name="r", EventBusName=bus, EventPattern='{"account":[{"exists":true}]}')
    events.put_targets(Rule="r", EventBusName=bus, Targets=[
        {"Id": "q", "Arn": target_arn, "InputPath": "$.detail.n"}])
    pipes.create(source_arn, bus, TargetParameters={"InputTemplate": "<$.body>"},
                 SourceParameters={"SqsQueueParameters": {
                     "BatchSize": 3, "MaximumBatchingWindowInSeconds": 300}})
    pipes.send(source, {"n": 1}, "no object", {"n": 2})
    assert sorted(pipes.bodies(target, 2)) == ["1", "2"]
    eventually(lambda: pipes.counts(source) == (0, 1), what="one message to stay")


def test_the_source_may_come_later(pipes):
    target, target_arn = pipes.queue("t")
    source_arn = target_arn[:-1] + "s"
    name = pipes.create(source_arn, target_arn)
    eventually(lambda: "does not exist" in pipes.client.describe_pipe(Name=name)["StateReason"],
               what="the problem to be shown")
    source, _ = pipes.queue("s")
    pipes.send(source, "1")
    pipes.receive(target)
    assert pipes.client.describe_pipe(Name=name)["StateReason"] == "USER_INITIATED"


class Endpoint(http.server.ThreadingHTTPServer):
    """Keeps requests; answers with what `answer(body)` gives: a status and a body."""
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.answer = [], lambda body: (200, body)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/token":
            status, answer = 200, json.dumps({"access_token": "t1", "expires_in": 3600})
        else:
            self.server.requests.append((self.path, dict(self.headers), body))
            status, answer = self.server.answer(body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture
def endpoint(pipes):
    """An endpoint, and the ARN of its API destination under "arn"."""
    made = Endpoint()
    url = f"http://127.0.0.1:{made.server_port}"
    made.arn = destination(pipes, url, "API_KEY", {"ApiKeyAuthParameters": {
        "ApiKeyName": "X-Key", "ApiKeyValue": "secret"}})
    yield made
    made.shutdown()
    made.server_close()


def destination(pipes, url, kind, parameters, **members):
    events = pipes.server.client("events")
    name = f"{pipes.name}-{kind[:3].lower()}"
    connection = events.create_connection(Name=name, AuthorizationType=kind,
                                          AuthParameters=parameters)["ConnectionArn"]
    return events.create_api_destination(
        Name=name, ConnectionArn=connection, HttpMethod="POST",
        InvocationEndpoint=url + "/in/*", **members)["ApiDestinationArn"]


def test_an_api_destination_is_a_target(pipes, endpoint):
    source, source_arn = pipes.queue("s")
    pipes.create(source_arn, endpoint.arn, TargetParameters={
        "InputTemplate": '{"n":<$.body.n>}', "HttpParameters": {
            "PathParameterValues": ["$.body.kind"], "HeaderParameters": {"X-Id": "$.messageId"},
            "QueryStringParameters": {"q": "fixed"}}})
    pipes.send(source, {"n": 1, "kind": "a b"})
    eventually(lambda: endpoint.requests, what="a request")
    path, headers, body = endpoint.requests[0]
    assert path == "/in/a%20b?q=fixed" and json.loads(body) == {"n": 1}
    assert headers["X-Key"] == "secret" and len(headers["X-Id"]) == 36
    pipes.until_empty(source)
    assert len(endpoint.requests) == 1


def test_a_target_that_fails_is_called_again(pipes, endpoint):
    source, source_arn = pipes.queue("s", VisibilityTimeout="1")
    answers = [(500, "{}"), (400, "{}"), (200, "{}")]
    endpoint.answer = lambda body: answers.pop(0)
    pipes.create(source_arn, endpoint.arn)
    pipes.send(source, "1")
    pipes.until_empty(source)
    assert len(endpoint.requests) == 3


def test_an_enrichment_answers_with_events(pipes, endpoint):
    (source, source_arn), (target, target_arn) = pipes.queue("s"), pipes.queue("t")

    def answer(body):
        number = int(json.loads(body)["n"])
        return 200, json.dumps([{"n": number, "i": i} for i in range(number)]) if number else ""
    endpoint.answer = answer
    pipes.create(source_arn, target_arn, Enrichment=endpoint.arn,
                 EnrichmentParameters={"InputTemplate": '{"n":<$.body>}'},
                 TargetParameters={"InputTemplate": "<$.n>.<$.i> <aws.pipes.enrichment-arn>"})
    pipes.send(source, "2", "0", "1")
    assert sorted(pipes.bodies(target, 3)) == [
        f"{text} {endpoint.arn}" for text in ("1.0", "2.0", "2.1")]
    pipes.until_empty(source)


def test_an_enrichment_that_fails_keeps_the_message(pipes, endpoint):
    source, source_arn = pipes.queue("s", VisibilityTimeout="1")
    target, target_arn = pipes.queue("t")
    answers = [(503, ""), (200, "no JSON")]
    endpoint.answer = lambda body: answers.pop(0)
    pipes.create(source_arn, target_arn, Enrichment=endpoint.arn)
    pipes.send(source, "1")
    assert pipes.bodies(target) == ['"no JSON"']
    pipes.until_empty(source)
    assert len(endpoint.requests) == 2


def test_a_token_is_fetched_and_a_rate_kept(pipes, endpoint):
    source, source_arn = pipes.queue("s")
    url = f"http://127.0.0.1:{endpoint.server_port}"
    arn = destination(pipes, url, "OAUTH_CLIENT_CREDENTIALS", {"OAuthParameters": {
        "ClientParameters": {"ClientID": "i", "ClientSecret": "s"}, "HttpMethod": "POST",
        "AuthorizationEndpoint": url + "/token"}}, InvocationRateLimitPerSecond=2)
    pipes.create(source_arn, arn)
    pipes.send(source, *"12345")
    pipes.until_empty(source)
    assert len(endpoint.requests) == 5
    assert {headers["Authorization"] for _, headers, _ in endpoint.requests} == {"Bearer t1"}


@pytest.fixture
def limited(signed, name):
    made = Pipes(signed, name)
    yield made
    made.close()


def grant(pipes, *statements):
    pipes.server.client("iam").put_role_policy(
        RoleName=pipes.role.split("/")[-1], PolicyName="all",
        PolicyDocument=json.dumps(allow(*statements)))


def reason(pipes, name):
    return pipes.client.describe_pipe(Name=name)["StateReason"]


def test_the_role_decides(limited):
    (source, source_arn), (target, target_arn) = limited.queue("s"), limited.queue("t")
    receive, delete = ("sqs:ReceiveMessage", source_arn), ("sqs:DeleteMessage", source_arn)
    grant(limited, delete)
    limited.send(source, "1")
    name = limited.create(source_arn, target_arn, TargetParameters={"InputTemplate": "<$.body>"})
    eventually(lambda: "sqs:receivemessage" in reason(limited, name),
               what="the refusal of ReceiveMessage")
    # Without the permission to delete nothing is delivered, which would be delivered again.
    grant(limited, receive, ("sqs:SendMessage", target_arn))
    eventually(lambda: "sqs:deletemessage" in reason(limited, name),
               what="the refusal of DeleteMessage")
    assert limited.counts(target) == (0, 0)
    grant(limited, receive, delete, ("sqs:SendMessage", target_arn))
    limited.client.stop_pipe(Name=name)
    limited.client.start_pipe(Name=name)
    limited.send(source, "2")
    assert "2" in limited.bodies(target)


def test_the_target_needs_the_permission_of_the_role(limited):
    (source, source_arn), (target, target_arn) = limited.queue(
        "s", VisibilityTimeout="2"), limited.queue("t")
    grant(limited, ("sqs:ReceiveMessage", source_arn), ("sqs:DeleteMessage", source_arn))
    limited.create(source_arn, target_arn)
    limited.send(source, "1")
    eventually(lambda: limited.counts(source) == (0, 1), what="an attempt")
    assert limited.counts(target) == (0, 0)
    grant(limited, ("sqs:ReceiveMessage", source_arn), ("sqs:DeleteMessage", source_arn),
          ("sqs:SendMessage", target_arn))
    limited.receive(target)
    limited.until_empty(source)


def test_a_thousand_messages_pass(pipes):
    (source, source_arn), (target, target_arn) = pipes.queue("s"), pipes.queue("t")
    for start in range(0, 1000, 10):
        pipes.sqs.send_message_batch(QueueUrl=source, Entries=[
            {"Id": str(i), "MessageBody": str(start + i)} for i in range(10)])
    pipes.create(source_arn, target_arn, TargetParameters={"InputTemplate": "<$.body>"})
    assert sorted(map(int, pipes.bodies(target, 1000))) == list(range(1000))
    pipes.until_empty(source)
