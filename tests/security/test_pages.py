# SPDX-License-Identifier: MIT
"""Web pages and a server without signatures: which drive it, and what they may read."""
import pytest

from ternd import DEFAULT_ACCOUNT, Server, SigV4, refusal

APP = "https://app.example.com"
EVIL = {"Origin": "https://evil.example"}
FOREIGN = [EVIL, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
           {"Referer": "https://evil.example/"}, {"Host": "evil.example"},
           {"Host": "tern:4566"}]
HIDDEN = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"}  # an image, without a Referer
CREATE = [  # each would make a queue, a user or an account
    ("GET", "/?Action=CreateQueue&QueueName=made", {}),
    ("POST", "/", {"data": {"Action": "CreateQueue", "QueueName": "made"}}),
    ("POST", "/", {"data": '{"QueueName": "made"}',
                   "headers": {"X-Amz-Target": "AmazonSQS.CreateQueue"}}),
    ("POST", "/", {"data": {"Action": "CreateUser", "UserName": "made"}}),
    ("POST", f"/{DEFAULT_ACCOUNT}/kept", {"data": {"Action": "DeleteQueue"}}),
    ("POST", f"/{DEFAULT_ACCOUNT}/kept", {"data": {"Action": "PurgeQueue"}}),
    ("POST", "/_tern/accounts", {"data": '{"name": "made"}'}),
    ("POST", "/_tern/reset", {"data": "{}"}),
    ("GET", f"/_tern/queues/{DEFAULT_ACCOUNT}/kept/messages", {}),
    ("GET", "/_tern/health", {}),
    ("GET", "/_aws/sqs/messages?QueueUrl=kept", {}),
]


def send(server, method, path, headers=None, **options):
    headers = options.pop("headers_more", {}) | (headers or {})
    return server.http.request(method, server.url + path, headers=headers, timeout=30, **options)


@pytest.fixture(scope="module")
def open_server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("pages"), "--durability", "memory", "--allow-reset",
                "--allow-origin", APP, "--host-name", "tern.example.com",
                "--host-name", "*.apps.example.com") as server:
        server.client().create_queue(QueueName="kept")
        yield server


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda header: str(header))
@pytest.mark.parametrize("method, path, options", CREATE)
def test_a_foreign_page_does_nothing(open_server, method, path, options, foreign):
    accounts = open_server.get("/_tern/accounts").json()
    headers = options.get("headers", {}) | foreign
    answer = send(open_server, method, path, headers, data=options.get("data"))
    assert answer.status_code == 403
    named = "--host-name" if "Host" in foreign else "--allow-origin"
    assert named in answer.text
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert open_server.get("/_tern/accounts").json() == accounts
    sqs = open_server.client()
    assert [url.rsplit("/", 1)[1] for url in sqs.list_queues()["QueueUrls"]] == ["kept"]
    assert open_server.client("iam").list_users()["Users"] == []


@pytest.mark.parametrize("host", ["0.0.0.0:4566", "192.0.2.7:4566"])
def test_an_image_of_a_hidden_page_changes_nothing(open_server, host):
    answer = send(open_server, "GET", "/?Action=CreateQueue&QueueName=made",
                  HIDDEN | {"Host": host})
    assert answer.status_code == 403
    assert len(open_server.client().list_queues()["QueueUrls"]) == 1
    assert send(open_server, "GET", "/_tern/health", HIDDEN | {"Host": host}).status_code == 200


@pytest.mark.parametrize("headers", [
    {"Host": "localhost:4566"}, {"Host": "[::1]:4566"}, {"Host": "172.17.0.2:4566"},
    {"Host": "tern.example.com:8443"}, {"Host": "a.apps.example.com"},
    {"Host": "queue.us-east-1.amazonaws.com"}, {"Host": "sqs.us-east-1.amazonaws.com"},
    {"Origin": APP}, {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "none"}])
def test_known_names_and_pages_are_served(open_server, headers):
    answer = send(open_server, "GET", "/?Action=GetQueueUrl&QueueName=kept", headers)
    assert answer.status_code == 200
    host = headers.get("Host", f"127.0.0.1:{open_server.port}")
    assert f"<QueueUrl>http://{host}/{DEFAULT_ACCOUNT}/kept</QueueUrl>" in answer.text
    assert send(open_server, "GET", "/_tern/health", headers).status_code == 200


@pytest.mark.parametrize("path", ["/", f"/{DEFAULT_ACCOUNT}/kept", "/_tern/queues"])
def test_a_preflight_of_an_allowed_page_is_answered(open_server, path):
    asked = {"Origin": APP, "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "authorization,content-type,x-amz-target"}
    answer = send(open_server, "OPTIONS", path, asked)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert answer.headers["Access-Control-Allow-Headers"] == asked["Access-Control-Request-Headers"]
    assert answer.headers["Vary"] == "Origin"
    refused = send(open_server, "OPTIONS", path, asked | EVIL)
    assert refused.status_code in (403, 405)
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert send(open_server, "OPTIONS", path, asked | {"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize("path, status", [
    ("/?Action=ListQueues", 200), ("/?Action=GetQueueUrl&QueueName=no", 400), ("/?Action=No", 400),
    ("/_tern/queues", 200), ("/_tern/no", 404), ("/", 404)])
def test_an_allowed_page_may_read_answers_and_faults(open_server, path, status):
    answer = send(open_server, "GET", path, {"Origin": APP})
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert "x-amzn-RequestId" in answer.headers["Access-Control-Expose-Headers"]


def test_what_is_no_request_is_readable_too(open_server):
    answer = send(open_server, "POST", "/", {"Origin": APP, "Content-Length": "99999999"})
    assert answer.status_code == 413
    assert answer.headers["Access-Control-Allow-Origin"] == APP


def test_without_the_setting_nobody_is_told_of_cors(server):
    answer = send(server, "GET", "/?Action=ListQueues", {"Origin": "http://localhost:3000"})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_all_may_be_let_in(private):
    server = private("--durability", "memory", "--allow-origin", "*", "--host-name", "*")
    answer = send(server, "GET", "/?Action=ListQueues", EVIL | {"Host": "evil.example"})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_the_public_url_is_a_name_too(private):
    server = private("--durability", "memory", "--public-url", "https://sqs.corp.example:8443")
    for host, status in (("sqs.corp.example:8443", 200), ("other.corp.example", 403)):
        assert send(server, "GET", "/_tern/health", {"Host": host}).status_code == status


def test_names_come_from_the_environment(private):
    server = private("--durability", "memory",
                     environment={"TERN_HOST_NAME": "tern,sqs.corp.example"})
    for host in ("tern:4566", "sqs.corp.example"):
        assert send(server, "GET", "/_tern/health", {"Host": host}).status_code == 200


@pytest.mark.parametrize("setting, value", [
    ("--host-name", "http://tern:4566"), ("--host-name", "tern:4566"), ("--host-name", ""),
    ("--allow-origin", "app.example.com"), ("--allow-origin", "https://app.example.com/")])
def test_values_that_would_match_nothing_are_refused(tmp_path, setting, value):
    assert setting in refusal("--data", tmp_path, setting, value, status=2)


def test_signatures_are_enough_under_any_name(world):
    """With --auth required a page has no key, and clients may come by names nobody listed."""
    server = world.server
    auth = SigV4(server.key, server.secret, service="sqs")
    answer = send(server, "GET", "/?Action=ListQueues", EVIL, auth=auth)
    assert answer.status_code == 200
    assert send(server, "GET", "/?Action=ListQueues", EVIL).status_code == 403
