# SPDX-License-Identifier: MIT
"""HTTP methods: GET and POST run operations of Query, POST those of JSON, nothing else any."""
import pytest

from ternd import DEFAULT_ACCOUNT, Server, SigV4

METHODS = ["OPTIONS", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "QUERY"]
ALTERED = {  # an operation of each service that makes something, and what lists it
    "sqs": ("CreateQueue", {"QueueName": "made"}, "ListQueues", "2012-11-05"),
    "iam": ("CreateUser", {"UserName": "made"}, "ListUsers", "2010-05-08"),
    "ec2": ("CreateVpcEndpoint", {"VpcId": "vpc-12345678", "VpcEndpointType": "Interface",
                                  "ServiceName": "com.amazonaws.us-east-1.sqs"},
            "DescribeVpcEndpoints", "2016-11-15"),
}
JSON = "application/x-amz-json-1.1"


def query(action, version, members):
    return {"Action": action, "Version": version} | members


def send(server, method, path="/", **options):
    return server.http.request(method, server.url + path, timeout=60, **options)


def listed(server, action, version):
    answer = send(server, "GET", params=query(action, version, {}))
    assert answer.status_code == 200
    return [line for line in answer.text.replace(">", ">\n").splitlines() if "made" in line
            or "vpce-" in line]


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("methods"), "--durability", "memory") as server:
        yield server


@pytest.mark.parametrize("where", ["params", "data"])
@pytest.mark.parametrize("service", ALTERED)
@pytest.mark.parametrize("method", METHODS)
def test_query_runs_by_get_and_post_alone(refusing, method, service, where):
    create, members, lists, version = ALTERED[service]
    answer = send(refusing, method, **{where: query(create, version, members)})
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST"
    if method != "HEAD":
        assert "MethodNotAllowed" in answer.text and f"{method} " in answer.text
    assert listed(refusing, lists, version) == []


@pytest.mark.parametrize("method", METHODS)
def test_a_queue_is_not_deleted_by_another_method(refusing, method):
    sqs = refusing.client()
    url = sqs.create_queue(QueueName="kept")["QueueUrl"]
    answer = send(refusing, method, f"/{DEFAULT_ACCOUNT}/kept?Action=DeleteQueue")
    assert answer.status_code == 405
    assert sqs.get_queue_url(QueueName="kept")["QueueUrl"] == url
    sqs.delete_queue(QueueUrl=url)


@pytest.mark.parametrize("target", ["TrentService.CreateKey", "AmazonSQS.CreateQueue"])
@pytest.mark.parametrize("method", ["GET", *METHODS])
def test_json_runs_by_post_alone(refusing, method, target):
    answer = send(refusing, method, data='{"QueueName": "made"}',
                  headers={"X-Amz-Target": target, "Content-Type": JSON})
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    if method != "HEAD":
        assert answer.json()["__type"].endswith("#MethodNotAllowedException")
    assert refusing.client("kms").list_keys()["Keys"] == []
    assert listed(refusing, "ListQueues", "2012-11-05") == []


@pytest.mark.parametrize("method", [method for method in METHODS if method != "HEAD"])
@pytest.mark.parametrize("path", ["/_tern/accounts", "/_tern/reset", "/_tern/clock",
                                  "/_tern/health", "/_tern/queues", "/_aws/sqs/messages"])
def test_the_servers_own_paths_run_nothing_either(refusing, path, method):
    before = send(refusing, "GET", "/_tern/accounts").json()
    answer = send(refusing, method, path, json={"name": "made"})
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) <= {"GET", "HEAD", "POST"}
    assert send(refusing, "GET", "/_tern/accounts").json() == before


def test_head_of_a_page_is_that_of_get_and_changes_nothing(refusing):
    before = send(refusing, "GET", "/_tern/accounts").json()
    answer = send(refusing, "HEAD", "/_tern/accounts")
    assert (answer.status_code, answer.content) == (200, b"")
    assert send(refusing, "HEAD", "/_tern/reset").status_code == 405
    assert send(refusing, "GET", "/_tern/accounts").json() == before


@pytest.mark.parametrize("method", METHODS)
def test_a_signature_does_not_help_another_method(world, method):
    server = world.server
    auth = SigV4(server.key, server.secret, service="sqs")
    answer = send(server, method, "/?Action=CreateQueue&QueueName=bymethod", auth=auth)
    assert answer.status_code in (403, 405)
    assert send(server, method, "/?Action=CreateQueue&QueueName=bymethod").status_code in (403, 405)
    sqs = server.client()
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="bymethod")
