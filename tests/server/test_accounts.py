# SPDX-License-Identifier: MIT
"""Accounts and their root credentials: /_tern/accounts, with and without --auth required."""
import json
import re

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest

from ternd import DEFAULT_ACCOUNT, DEFAULT_REGION


def ask(server, method, path="/_tern/accounts", body=None, key=None, secret=None):
    """An administrator's request, signed as the credential says."""
    data = b"" if body is None else json.dumps(body).encode()
    request = botocore.awsrequest.AWSRequest(method, server.url + path, data=data)
    keys = botocore.credentials.Credentials(key or server.key, secret or server.secret)
    botocore.auth.SigV4Auth(keys, "tern", DEFAULT_REGION).add_auth(request)
    return server.http.request(method, request.url, headers=dict(request.headers), data=data,
                               timeout=60)


@pytest.fixture
def required(private):
    server = private("--auth", "required", "--durability", "os")
    server.read_credential()
    return server


def queues_of(server, made):
    client = server.client("sqs", account=made["access_key_id"], secret=made["secret_access_key"])
    return client.list_queues().get("QueueUrls", [])


def test_a_new_account_gets_a_root_credential(required):
    answer = ask(required, "POST", body={"name": "orders"})
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert re.fullmatch(r"[1-9]\d{11}", made["account"]) and made["name"] == "orders"
    assert made["arn"] == f"arn:aws:iam::{made['account']}:root"
    assert queues_of(required, made) == []
    sqs = required.client("sqs", account=made["access_key_id"], secret=made["secret_access_key"])
    url = sqs.create_queue(QueueName="mine")["QueueUrl"]
    assert url.endswith(f"/{made['account']}/mine")


def test_accounts_are_listed_without_secrets(required):
    made = ask(required, "POST", body={"name": "b", "account": "111122223333"}).json()
    answer = ask(required, "GET")
    found = answer.json()["accounts"]
    assert [account["account"] for account in found] == [DEFAULT_ACCOUNT, "111122223333"]
    assert found[1]["name"] == "b" and found[1]["users"] == 0 and found[1]["roles"] == 0
    assert found[0]["root_keys"] == [required.key]
    assert found[1]["root_keys"] == [made["access_key_id"]]
    assert made["secret_access_key"] not in answer.text


def test_an_account_exists_once(required):
    assert ask(required, "POST", body={"account": "111122223333"}).status_code == 200
    answer = ask(required, "POST", body={"account": "111122223333"})
    assert answer.status_code == 409 and "already" in answer.json()["error"]
    assert ask(required, "POST", body={"account": DEFAULT_ACCOUNT}).status_code == 409


@pytest.mark.parametrize("body", [
    {"account": "1111"}, {"account": 5}, {"name": 5}, {"name": "n" * 51}, [], "x",
])
def test_what_is_no_account_is_refused(required, body):
    answer = ask(required, "POST", body=body)
    assert answer.status_code == 400
    assert len(ask(required, "GET").json()["accounts"]) == 1


def test_an_account_that_lost_its_credential_gets_another(required):
    made = ask(required, "POST", body={"account": "111122223333"}).json()
    path = "/_tern/accounts/111122223333/keys"
    second = ask(required, "POST", path).json()
    assert second["access_key_id"] != made["access_key_id"]
    assert queues_of(required, second) == queues_of(required, made) == []
    assert ask(required, "POST", path).status_code == 409
    assert ask(required, "POST", "/_tern/accounts/999999999999/keys").status_code == 404
    assert ask(required, "GET", path).status_code == 404


def test_another_account_cannot_administer_the_server(required):
    made = ask(required, "POST", body={}).json()
    keys = {"key": made["access_key_id"], "secret": made["secret_access_key"]}
    assert ask(required, "GET", **keys).status_code == 403
    assert ask(required, "POST", body={}, **keys).status_code == 403
    assert ask(required, "GET", secret="wrong").status_code == 403
    assert len(ask(required, "GET").json()["accounts"]) == 2


def test_accounts_outlive_a_restart(required):
    made = ask(required, "POST", body={"name": "kept"}).json()
    shown = required.log().count("The root credential")
    required.restart()
    assert required.log().count("The root credential") == shown == 1
    assert queues_of(required, made) == []
    assert [account["name"] for account in ask(required, "GET").json()["accounts"]
            if account["account"] == made["account"]] == ["kept"]


def test_accounts_of_an_open_server_may_be_made_too(private):
    server = private("--durability", "os")
    made = ask(server, "POST", body={"name": "dev", "account": "111122223333"}).json()
    assert len(ask(server, "GET").json()["accounts"]) == 2
    server.stop()
    server.flags += ["--auth", "required"]
    server.start()
    server.read_credential()
    assert queues_of(server, made) == []
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidClientTokenId"):
        server.client("sqs", account="111122223333").list_queues()
