# SPDX-License-Identifier: MIT
"""Signatures against botocore's signers: requests of odd forms, with and without session tokens."""
import itertools
import random
import string
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
import requests
import requests.adapters

REGION = "us-east-1"
FORM = "Action=GetCallerIdentity&Version=2011-06-15"
SEED = 20150830
sources = itertools.count(2)


class FromElsewhere(requests.adapters.HTTPAdapter):
    """Sends from an address of its own: a source whose signatures fail is answered slowly."""

    def init_poolmanager(self, *arguments, **options):
        address = f"127.0.1.{next(sources)}"
        super().init_poolmanager(*arguments, source_address=(address, 0), **options)


@pytest.fixture(params=["key", "session"])
def credentials(signed, root, request):
    if request.param == "key":
        return botocore.credentials.Credentials(signed.key, signed.secret)
    answer = root("sts").get_session_token()["Credentials"]
    return botocore.credentials.Credentials(
        answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


def sign(signed, credentials, method="POST", path="/", query="", body=FORM, headers=None,
         signer=botocore.auth.SigV4Auth, **options):
    request = botocore.awsrequest.AWSRequest(
        method, f"{signed.url}{path}{'?' + query if query else ''}", data=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"} | (headers or {}))
    signer(credentials, "sts", REGION, **options).add_auth(request)
    return request


def send(signed, request, url=None, **headers):
    prepared = request.prepare()
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", FromElsewhere())
        return session.request(prepared.method, url or prepared.url, data=prepared.body,
                               headers=dict(prepared.headers) | headers, timeout=60)


def fault_of(answer):
    return answer.status_code, answer.text.split("<Code>")[1].split("<")[0]


def odd_text(chance, alphabet):
    return "".join(chance.choice(alphabet) for _ in range(chance.randrange(1, 9)))


def odd_request(chance):
    """Path, query and headers of a request that means GetCallerIdentity all the same."""
    alphabet = string.ascii_letters + string.digits + "-._~ +%&=/?#:;,@!$'()*[]\u00e9\u1234"
    segments = [urllib.parse.quote(odd_text(chance, alphabet), safe="") for _ in range(2)]
    path = "/" + "/".join(segments) if chance.random() < 0.5 else "/"
    pairs = [(odd_text(chance, alphabet), odd_text(chance, alphabet))
             for _ in range(chance.randrange(4))]
    query = "&".join(f"{urllib.parse.quote(name, safe='')}={urllib.parse.quote(value, safe='')}"
                     for name, value in pairs)
    headers = {f"X-Odd-{i}": "  ".join(odd_text(chance, string.printable[:94])
                                      for _ in range(chance.randrange(1, 4)))
               for i in range(chance.randrange(3))}
    return {"path": path, "query": query, "headers": headers}


def test_odd_requests_are_signed_as_botocore_does(signed, credentials):
    chance = random.Random(SEED)
    for _ in range(150):
        odd = odd_request(chance)
        prepared = sign(signed, credentials, **odd).prepare()
        answer = signed.http.request(prepared.method, prepared.url, data=prepared.body,
                                     headers=dict(prepared.headers), timeout=60)
        # An unknown action or path is no matter of the signature.
        assert "SignatureDoesNotMatch" not in answer.text and answer.status_code != 403, odd


@pytest.mark.parametrize("signer", [botocore.auth.SigV4Auth, botocore.auth.SigV4QueryAuth])
def test_whatever_is_changed_is_noticed(signed, credentials, signer):
    request = sign(signed, credentials, "GET", query=FORM, body="", signer=signer)
    url = request.prepare().url
    assert send(signed, request).status_code == 200
    for changed in (url.replace("/?", "/x?", 1), url + "&a=b",
                    url.replace("GetCallerIdentity", "GetSessionToken")):
        assert fault_of(send(signed, request, url=changed)) == (403, "SignatureDoesNotMatch")
    assert fault_of(send(signed, request, Host="example.com")) == (403, "SignatureDoesNotMatch")
    unsigned = {"X-Amz-Target": "AmazonSQS.ListQueues"}
    assert send(signed, request, **unsigned).status_code == 403


def test_a_presigned_url_is_good_until_it_expires(signed, credentials):
    request = sign(signed, credentials, "GET", query=FORM, body="",
                   signer=botocore.auth.SigV4QueryAuth, expires=60)
    assert "<Arn>" in send(signed, request).text
    expires = request.prepare().url
    assert fault_of(send(signed, request, url=expires.replace("Expires=60", "Expires=61"))) == (
        403, "SignatureDoesNotMatch")


def test_a_token_may_be_added_after_signing(signed, root):
    answer = root("sts").get_session_token()["Credentials"]
    bare = botocore.credentials.Credentials(answer["AccessKeyId"], answer["SecretAccessKey"])
    token = urllib.parse.quote(answer["SessionToken"], safe="")
    request = sign(signed, bare, "GET", query=FORM, body="", signer=botocore.auth.SigV4QueryAuth)
    url = request.prepare().url
    assert fault_of(send(signed, request)) == (403, "InvalidClientTokenId")
    assert send(signed, request, url=f"{url}&X-Amz-Security-Token={token}").status_code == 200
    header = {"X-Amz-Security-Token": answer["SessionToken"]}
    assert send(signed, sign(signed, bare), **header).status_code == 200
    other = root("sts").get_session_token()["Credentials"]["SessionToken"]
    header = {"X-Amz-Security-Token": other}
    assert fault_of(send(signed, sign(signed, bare), **header)) == (403, "InvalidClientTokenId")


def test_a_body_that_was_not_hashed_is_refused(signed, credentials):
    class Unhashed(botocore.auth.SigV4Auth):
        def payload(self, request):
            return "UNSIGNED-PAYLOAD"

    request = sign(signed, credentials, signer=Unhashed,
                   headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    assert fault_of(send(signed, request)) == (403, "SignatureDoesNotMatch")
