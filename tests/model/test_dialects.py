# SPDX-License-Identifier: MIT
"""Several services at one address: who is meant, and how each one says no."""
import re

import pytest
import requests

FORM = "application/x-www-form-urlencoded"
STRANGER = ("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/{}/aws4_request, "
            "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64)


def ask(server, form=None, target=None, **headers):
    """One request, as a form or with a target, signed by nobody unless a header says so."""
    if target:
        headers["X-Amz-Target"] = target
        return requests.post(server.url, data="{}", headers=headers, timeout=60)
    return requests.post(server.url, data=form, headers=headers | {"Content-Type": FORM},
                         timeout=60)


def code_of(answer):
    """Of Query."""
    return re.search("<Code>(.*?)</Code>", answer.text)[1]


def signed_for(service):
    return {"Authorization": STRANGER.format(service)}


@pytest.mark.parametrize("form, scope, wanted", [
    ("Action=ListUsers&Version=2010-05-08", None, "https://iam.amazonaws.com/doc/2010-05-08/"),
    ("Action=ListUsers", "iam", "https://iam.amazonaws.com/doc/2010-05-08/"),
    ("Action=ListUsers", None, "https://iam.amazonaws.com/doc/2010-05-08/"),
    ("Action=GetCallerIdentity", None, "https://sts.amazonaws.com/doc/2011-06-15/"),
    ("Action=GetCallerIdentity&Version=2011-06-15", "sqs",
     "https://sts.amazonaws.com/doc/2011-06-15/"),
    ("Action=ListQueues&Version=2012-11-05", None, "http://queue.amazonaws.com/doc/2012-11-05/"),
    ("Action=ListQueues&Version=2009-02-01", "sqs", "http://queue.amazonaws.com/doc/2012-11-05/"),
    ("Action=ListQueues", "nobody", "http://queue.amazonaws.com/doc/2012-11-05/"),
    ("Action=DescribeVpcs&Version=2016-11-15", None, "http://ec2.amazonaws.com/doc/2016-11-15/"),
])
def test_who_is_meant(server, form, scope, wanted):
    answer = ask(server, form, **(signed_for(scope) if scope else {}))
    assert answer.status_code == 200, answer.text
    assert f'xmlns="{wanted}"' in answer.text


@pytest.mark.parametrize("form, scope, text", [
    ("Action=Nothing&Version=2010-05-08", None,
     "Could not find operation Nothing for version 2010-05-08"),
    ("Action=ListUsers&Version=2011-06-15", None,
     "Could not find operation ListUsers for version 2011-06-15"),
    ("Action=Nothing", "sts", "Could not find operation Nothing for version 2011-06-15"),
    ("Action=Nothing&Version=2016-11-15", None,
     "The action Nothing is not valid for this web service."),
    ("Action=Nothing&Version=2012-11-05", None,
     "The action Nothing is not valid for this endpoint."),
    ("Action=Nothing", None, "The action Nothing is not valid for this endpoint."),
])
def test_an_action_that_nobody_has(server, form, scope, text):
    answer = ask(server, form, **(signed_for(scope) if scope else {}))
    assert (answer.status_code, code_of(answer)) == (400, "InvalidAction")
    assert f"<Message>{text}</Message>" in answer.text


def test_a_target_that_nobody_has(server):
    answer = ask(server, target="TrentService.Nothing")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert answer.json()["__type"].endswith("#UnknownOperationException")
    assert "x-amzn-query-error" not in answer.headers, "KMS has no Query"
    answer = ask(server, target="AmazonSQS.Nothing")
    assert answer.headers["x-amzn-query-error"] == "InvalidAction;Sender"
    answer = ask(server, target="TrentService.ListKeys")
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        200, "application/x-amz-json-1.1")


@pytest.mark.parametrize("service, form, target, status, code", [
    ("sqs", None, "AmazonSQS.ListQueues", 403, "UnrecognizedClientException"),
    ("kms", None, "TrentService.ListKeys", 400, "UnrecognizedClientException"),
    ("sqs", "Action=ListQueues&Version=2012-11-05", None, 403, "InvalidClientTokenId"),
    ("iam", "Action=ListUsers&Version=2010-05-08", None, 403, "InvalidClientTokenId"),
    ("sts", "Action=GetCallerIdentity&Version=2011-06-15", None, 403, "InvalidClientTokenId"),
    ("ec2", "Action=DescribeVpcs&Version=2016-11-15", None, 401, "AuthFailure"),
])
def test_a_stranger_is_refused_in_each_services_words(signed, service, form, target, status, code):
    answer = ask(signed, form, target, **signed_for(service), **{"X-Amz-Date": "20260101T000000Z"})
    assert answer.status_code == status, answer.text
    if target:
        assert answer.json()["__type"].split("#")[-1] == code
    else:
        assert code_of(answer) == code


@pytest.mark.parametrize("form, target, status, code", [
    (None, "TrentService.ListKeys", 400, "MissingAuthenticationTokenException"),
    ("Action=ListUsers&Version=2010-05-08", None, 403, "MissingAuthenticationToken"),
    ("Action=DescribeVpcs&Version=2016-11-15", None, 403, "MissingAuthenticationToken"),
])
def test_who_signs_nothing(signed, form, target, status, code):
    answer = ask(signed, form, target)
    assert answer.status_code == status
    assert code in answer.text


def test_times_and_lists_as_each_service_writes_them(server):
    iam, kms = server.client("iam"), server.client("kms")
    user = iam.create_user(UserName="dialects", Tags=[{"Key": "a", "Value": "b"}])["User"]
    text = ask(server, "Action=GetUser&Version=2010-05-08&UserName=dialects").text
    assert re.search(r"<CreateDate>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ</CreateDate>", text)
    assert "<Tags><member><Key>a</Key><Value>b</Value></member></Tags>" in text
    iam.delete_user(UserName=user["UserName"])
    assert iam.list_users(PathPrefix="/nobody/")["Users"] == []
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    answer = requests.post(server.url, json={"KeyId": key}, timeout=60, headers={
        "X-Amz-Target": "TrentService.DescribeKey"}).json()
    seconds = answer["KeyMetadata"]["CreationDate"]
    assert 1.7e9 < seconds < 1e11 and not isinstance(seconds, str)
