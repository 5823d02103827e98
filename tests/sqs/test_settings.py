# SPDX-License-Identifier: MIT
"""What a configuration changes: declared queues, 60-second rules, accounts, regions, addresses."""
import json

import pytest
from botocore.exceptions import ClientError

from ternd import Server, boto_client, eventually
from test_messages import bodies
from test_queues import attributes

ARN = "arn:aws:sqs:us-east-1:000000000000:"


@pytest.fixture
def configured(private, tmp_path):
    """configured(settings, *flags) starts a server with that configuration file."""

    def start(settings, *flags):
        path = tmp_path / "tern.json"
        path.write_text(settings if isinstance(settings, str) else json.dumps(settings))
        return private("--config", path, *flags)

    return start


def refused(tmp_path, settings, *flags):
    """What a server says that does not start with this configuration."""
    path = tmp_path / "tern.json"
    path.write_text(settings if isinstance(settings, str) else json.dumps(settings))
    server = Server(tmp_path / "refused", "--config", path, *flags)
    server.spawn()
    try:
        eventually(lambda: server.process.poll() is not None or server.port_file.exists())
        assert not server.port_file.exists(), "it serves:\n" + server.log()
        assert server.process.returncode > 0, server.log()
        return server.log()
    finally:
        server.kill()


# ---- declared queues ----

def test_declared_queues_exist(configured):
    sqs = configured({"queues": [
        {"name": "orders", "attributes": {"VisibilityTimeout": 60, "DelaySeconds": "5"},
         "tags": {"team": "blue"}, "deadLetterQueue": "orders-dead", "maxReceiveCount": 4},
        {"name": "orders-dead"},
        {"name": "events.fifo", "attributes": {"ContentBasedDeduplication": True}},
        {"name": "elsewhere", "account": "111122223333", "region": "eu-west-1"},
    ]}).client()
    assert [url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"]] == [
        "events.fifo", "orders", "orders-dead"]
    found = attributes(sqs, "orders")
    assert (found["VisibilityTimeout"], found["DelaySeconds"]) == ("60", "5")
    assert json.loads(found["RedrivePolicy"]) == {
        "deadLetterTargetArn": ARN + "orders-dead", "maxReceiveCount": 4}
    assert sqs.list_queue_tags(QueueUrl="orders")["Tags"] == {"team": "blue"}
    found = attributes(sqs, "events.fifo")
    assert (found["FifoQueue"], found["ContentBasedDeduplication"]) == ("true", "true")


def test_declared_queue_of_another_account_and_region(configured):
    server = configured({"queues": [
        {"name": "elsewhere", "account": "111122223333", "region": "eu-west-1",
         "deadLetterQueue": "dead"},
        {"name": "dead", "account": "111122223333", "region": "eu-west-1"}]})
    sqs = server.client(account="111122223333", region="eu-west-1")
    policy = json.loads(attributes(sqs, "elsewhere")["RedrivePolicy"])
    assert policy["deadLetterTargetArn"] == "arn:aws:sqs:eu-west-1:111122223333:dead"


def test_declared_policies_may_be_objects(configured):
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]}
    allow = {"redrivePermission": "denyAll"}
    sqs = configured({"queues": [{"name": "q", "attributes": {
        "Policy": policy, "RedriveAllowPolicy": allow}}]}).client()
    found = attributes(sqs, "q")
    assert json.loads(found["Policy"]) == policy
    assert json.loads(found["RedriveAllowPolicy"]) == allow


def test_declaring_again_changes_attributes_and_keeps_messages(configured, tmp_path):
    server = configured({"queues": [{"name": "q", "tags": {"old": "1"}}]})
    server.client().send_message(QueueUrl="q", MessageBody="kept")
    (tmp_path / "tern.json").write_text(json.dumps({"queues": [
        {"name": "q", "attributes": {"VisibilityTimeout": 7}, "tags": {"new": "2"}}]}))
    server.restart()
    sqs = server.client()
    assert attributes(sqs, "q", "VisibilityTimeout") == {"VisibilityTimeout": "7"}
    assert sqs.list_queue_tags(QueueUrl="q")["Tags"] == {"new": "2"}
    assert bodies(sqs, "q") == ["kept"]


def test_queue_that_is_declared_no_more_stays(configured, tmp_path):
    server = configured({"queues": [{"name": "q"}]})
    (tmp_path / "tern.json").write_text("{}")
    server.restart()
    assert server.client().get_queue_url(QueueName="q")


@pytest.mark.parametrize("queues, texts", [
    ([{"name": "bad name"}], ["bad name", "Can only include alphanumeric"]),
    ([{}], ["Can only include alphanumeric"]),
    ([{"name": "q", "attributes": {"Nonsense": 1}}], ['"q"', "Unknown Attribute Nonsense."]),
    ([{"name": "q", "attributes": {"DelaySeconds": 901}}],
     ['"q"', "Invalid value for the parameter DelaySeconds."]),
    ([{"name": "q", "attributes": {"DelaySeconds": [1]}}], ['"q"', "must be text, numbers"]),
    ([{"name": "q", "deadLetterQueue": "absent"}],
     ['"q"', "Dead letter target does not exist."]),
    ([{"name": "q", "deadLetterQueue": "d", "maxReceiveCount": 1001}, {"name": "d"}],
     ['"q"', "valid values are from 1 to 1000"]),
    ([{"name": "q", "tags": {"": "v"}}], ['"q"', "Tag keys must be"]),
    ([{"name": "q", "account": "12"}], ['"q"', "account", "12 digits"]),
    ([{"name": "q", "account": "12345678901x"}], ['"q"', "12 digits"]),
    ([{"name": "q", "region": "x" * 200}], ['"q"', "region"]),
    ([{"name": "q", "region": "us east"}], ['"q"', "region"]),
    ({"name": "q"}, ['"queues" must be a list']),
    (["q"], ["must be an object"]),
    ([7], ["must be an object"]),
    ([{"name": "q", "atributes": {}}], ['"q"', "atributes"]),
    ([{"name": 7}], ["name"]),
    ([{"name": "q", "attributes": []}], ['"q"', "attributes"]),
])
def test_wrong_declarations_are_refused(tmp_path, queues, texts):
    log = refused(tmp_path, {"queues": queues})
    for text in texts:
        assert text in log.replace('\\"', '"')


@pytest.mark.parametrize("flags, text", [
    (["--region", "x" * 200], "--region"),
    (["--region", "us east"], "--region"),
    (["--region", ""], "--region"),
    (["--account", "1234"], "--account must have 12 digits"),
])
def test_wrong_settings_are_refused(tmp_path, flags, text):
    assert text in refused(tmp_path, "{}", *flags)


def test_default_account_and_region(private):
    server = private("--account", "123456789012", "--region", "ap-southeast-2")
    response = server.get("/?Action=CreateQueue&QueueName=q")
    assert response.status_code == 200
    sqs = server.client(account="123456789012", region="ap-southeast-2")
    assert attributes(sqs, "q", "QueueArn") == {
        "QueueArn": "arn:aws:sqs:ap-southeast-2:123456789012:q"}


# ---- the 60-second rules ----

def test_recreate_delay(private):
    server = private("--recreate-delay", "--test-clock")
    sqs = server.client()
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.delete_queue(QueueUrl=url)
    sqs.create_queue(QueueName="other")
    with pytest.raises(sqs.exceptions.QueueDeletedRecently) as caught:
        sqs.create_queue(QueueName="q")
    error = caught.value.response["Error"]
    assert error["Code"] == "AWS.SimpleQueueService.QueueDeletedRecently"
    assert error["Message"] == ("You must wait 60 seconds after deleting a queue before you can "
                                "create another with the same name.")
    server.client(region="eu-west-1").create_queue(QueueName="q")
    server.advance(40)
    with pytest.raises(sqs.exceptions.QueueDeletedRecently):
        sqs.create_queue(QueueName="q")
    server.advance(20)
    sqs.create_queue(QueueName="q")


def test_quick_purge(private):
    server = private("--quick-purge")
    sqs = server.client()
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="b")
        sqs.purge_queue(QueueUrl=url)
        assert bodies(sqs, url) == []


def test_purge_interval_counts_per_queue(clocked, name):
    sqs = clocked.client()
    for number in range(2):
        sqs.create_queue(QueueName=f"{name}-{number}")
        sqs.purge_queue(QueueUrl=f"{name}-{number}")
    with pytest.raises(ClientError):
        sqs.purge_queue(QueueUrl=f"{name}-0")


# ---- for people's own tests ----

def test_clock_is_served_only_when_asked_for(server, clocked):
    assert server.post("/_tern/clock", {"advance_ms": 1}).status_code == 403
    before = clocked.get("/_tern/clock").json()["now_ms"]
    clocked.advance(5)
    assert 5000 <= clocked.get("/_tern/clock").json()["now_ms"] - before < 10000


def test_clock_can_be_set(private):
    server = private("--test-clock")
    to = server.get("/_tern/clock").json()["now_ms"] + 10**9
    assert server.post("/_tern/clock", {"set_ms": to}).status_code == 200
    assert 0 <= server.get("/_tern/clock").json()["now_ms"] - to < 10000


@pytest.mark.parametrize("body", [{}, {"advance_ms": -1}, {"advance_ms": "1"}, {"set_ms": 0}, []])
def test_clock_goes_forward_only(clocked, body):
    assert clocked.post("/_tern/clock", body).status_code == 400


def test_reset_empties_one_account(private):
    server = private("--allow-reset")
    for account in ("000000000000", "111111111111"):
        for region in ("us-east-1", "eu-west-1"):
            sqs = server.client(account=account, region=region)
            sqs.create_queue(QueueName="q")
            sqs.send_message(QueueUrl="q", MessageBody="b")
    answer = server.post("/_tern/reset", {"account": "111111111111"})
    assert (answer.status_code, answer.json()["deleted_queues"]) == (200, 2)
    assert "QueueUrls" not in server.client(account="111111111111").list_queues()
    assert bodies(server.client(), "q") == ["b"]
    assert server.post("/_tern/reset").json()["deleted_queues"] == 2
    assert server.client().create_queue(QueueName="q")["QueueUrl"]
    assert bodies(server.client(), "q") == []


def test_reset_needs_its_flag(server, queue):
    assert server.post("/_tern/reset").status_code == 403
    assert server.client().get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])


@pytest.fixture
def watched(clocked, name):
    """A queue with a message of each state; its name."""
    sqs = clocked.client()
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="in flight", MessageAttributes={
        "n": {"DataType": "String", "StringValue": "v"}})
    assert bodies(sqs, url) == ["in flight"]
    sqs.send_message(QueueUrl=url, MessageBody="visible")
    sqs.send_message(QueueUrl=url, MessageBody="delayed", DelaySeconds=900)
    return name


def test_messages_can_be_looked_at(clocked, watched):
    path = f"/_tern/queues/000000000000/{watched}/messages"
    for _ in range(2):
        answer = clocked.get(path).json()
        assert answer["queue"] == ARN + watched and "next" not in answer
        assert [(found["message"]["Body"], found["state"]) for found in answer["messages"]] == [
            ("in flight", "in-flight"), ("visible", "visible"), ("delayed", "delayed")]
    first = answer["messages"][0]["message"]
    assert first["MessageAttributes"] == {"n": {"DataType": "String", "StringValue": "v"}}
    assert first["Attributes"]["ApproximateReceiveCount"] == "1"
    assert bodies(clocked.client(), watched) == ["visible"], "looking received nothing"


def test_messages_are_looked_at_in_pages(clocked, name):
    sqs = clocked.client()
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    for start in range(0, 250, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[
            {"Id": f"e{i}", "MessageBody": str(start + i)} for i in range(10)])
    path = f"/_tern/queues/000000000000/{name}/messages"
    found, query = [], ""
    while True:
        page = clocked.get(path + "?limit=100" + query).json()
        found += [entry["message"]["Body"] for entry in page["messages"]]
        if "next" not in page:
            break
        query = f"&after={page['next']}"
    assert found == [str(i) for i in range(250)]


LOCALSTACK = "/_aws/sqs/messages"


@pytest.mark.parametrize("query, expected", [
    ("", {"visible"}), ("&ShowInvisible=true", {"visible", "in flight"}),
    ("&ShowDelayed=true", {"visible", "delayed"}),
    ("&ShowInvisible=true&ShowDelayed=true", {"visible", "delayed", "in flight"})])
@pytest.mark.parametrize("form", [
    "?QueueUrl=http://elsewhere/000000000000/{0}", "?QueueUrl={0}",
    "/us-east-1/000000000000/{0}?"])
def test_messages_where_localstack_has_them(clocked, watched, form, query, expected):
    path = LOCALSTACK + form.format(watched) + query
    answer = clocked.get(path, headers={"Accept": "application/json"}).json()
    messages = answer["ReceiveMessageResponse"]["ReceiveMessageResult"]["Message"]
    # One element is an object, several are a list: LocalStack turns its XML into JSON so.
    assert isinstance(messages, dict if len(expected) == 1 else list)
    found = messages if isinstance(messages, list) else [messages]
    assert {message["Body"] for message in found} == expected
    text = clocked.get(path).text
    assert text.startswith('<?xml version="1.0"?><ReceiveMessageResponse')
    assert text.count("<Message>") == len(expected)


def test_messages_where_localstack_has_them_as_json(clocked, watched):
    answer = clocked.get(f"{LOCALSTACK}?QueueUrl={watched}&ShowInvisible=true",
                         headers={"Accept": "application/json"}).json()
    first = answer["ReceiveMessageResponse"]["ReceiveMessageResult"]["Message"][0]
    assert {pair["Name"]: pair["Value"] for pair in first["Attribute"]}[
        "ApproximateReceiveCount"] == "1"
    assert first["MessageAttribute"] == {
        "Name": "n", "Value": {"DataType": "String", "StringValue": "v"}}


def test_empty_queue_where_localstack_has_messages(clocked, name):
    clocked.client().create_queue(QueueName=name)
    answer = clocked.get(f"{LOCALSTACK}?QueueUrl={name}", headers={"Accept": "application/json"})
    assert answer.json()["ReceiveMessageResponse"]["ReceiveMessageResult"] is None


def test_sdk_whose_endpoint_is_localstacks_path(clocked, watched):
    path = clocked.url + LOCALSTACK
    sqs = boto_client(path, "sqs", "000000000000", "us-east-1", True, "secret", None)
    url = f"{clocked.url}/000000000000/{watched}"
    for _ in range(2):
        [message] = sqs.receive_message(QueueUrl=url)["Messages"]
        assert (message["Body"], message["Attributes"]["ApproximateReceiveCount"]) == (
            "visible", "0")
    with pytest.raises(ClientError):
        sqs.receive_message(QueueUrl=url + "x")
    response = clocked.http.post(path, data={"Action": "ReceiveMessage", "QueueUrl": url})
    assert response.text.count("<Message>") == 1


def test_messages_where_localstack_has_them_by_region(clocked, name):
    for region in ("us-east-1", "eu-west-1"):
        sqs = clocked.client(region=region)
        sqs.create_queue(QueueName=name)
        sqs.send_message(QueueUrl=name, MessageBody=region)
    for region in ("us-east-1", "eu-west-1"):
        text = clocked.get(f"/_aws/sqs/messages/{region}/000000000000/{name}").text
        assert f"<Body>{region}</Body>" in text


@pytest.mark.parametrize("path", [
    "/_tern/queues/000000000000/absent/messages", "/_aws/sqs/messages?QueueUrl=absent",
    "/_tern/nonsense", "/_tern/", "/_tern/queues/000000000000/absent", "/_nonsense"])
def test_what_is_not_there_is_a_404(server, path):
    response = server.get(path)
    assert response.status_code == 404
    assert response.json()["error"]
