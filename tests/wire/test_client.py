# SPDX-License-Identifier: MIT
"""libtern as the client of every protocol, against wire_echo; its signatures against botocore's."""
import datetime
import http.server
import json
import os
import pathlib
import subprocess
import threading

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

import generate

BUILD = pathlib.Path(os.environ.get("TERN_BUILD", generate.HERE.parent.parent / "build"))
TEXT = "a & b <c> \"d\" 'e' ü€😀 100% +/?#=;,\\"
THING = {"Name": TEXT, "Number": -7, "Inner": {"Name": "", "Inner": {"Number": 2147483647}}}
WHEN = 1398796238


class Program:
    def __init__(self, url, service):
        self.service, self.is_rest = service, generate.model(service).rest is not None
        self.process = subprocess.Popen([BUILD / "client/wire_client", url, service], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def call(self, operation, **parameters):
        self.process.stdin.write(f"{operation} {json.dumps(parameters)}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def echo(self, operation, **parameters):
        told = self.call(operation, **parameters)
        assert "answer" in told, told
        return told["answer"]

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=10) == 0


@pytest.fixture(scope="module")
def port():
    process = subprocess.Popen([BUILD / "tests/wire/wire_echo"], stdout=subprocess.PIPE, text=True)
    yield int(process.stdout.readline())
    process.kill()
    process.wait()


@pytest.fixture(scope="module", params=list(generate.HEADS))
def client(request, port):
    program = Program(f"http://127.0.0.1:{port}", request.param)
    yield program
    program.close()


def test_scalars(client):
    value = dict(Text=TEXT, Small=-2147483648, Big=9223372036854775807, Real=0.1, Flag=False,
                 Bytes="AP8=", When=WHEN, Iso="2014-04-29T18:30:38Z",
                 Http="Tue, 29 Apr 2014 18:30:38 GMT", Epoch=WHEN)
    assert client.echo("Scalars", **value) == value
    assert client.echo("Scalars") == {}


CONTAINERS = dict(
    Texts=["a", "", TEXT], Numbers=[1, -2, 0], Reals=[0.5, -1.25], Flags=[True, False],
    Times=[WHEN, -2], Blobs=["AP8=", "eA=="], Things=[THING, {"Number": 0}],
    Lists=[["a", "b"], ["c"]], Deep=[[[1, 2], [3]], [[4]]], ListOfThings=[[THING], [THING, THING]],
    Labels={"k": "v", TEXT: TEXT}, Counts={"one": 1, "minus": -1}, ThingMap={"t": THING},
    Groups={"g": ["a", "b"], "h": ["c"]}, Maps={"m": {"a": "b", "c": "d"}},
    MapList=[{"a": 1}, {"b": 2, "c": 3}], Flat=["x", "y"], FlatThings=[THING, {"Name": "n"}],
    FlatMap={"p": "q", "r": "s"}, Named=["n", "m"], Keyed={"k": "w"}, Thing=THING)


def test_nested_lists_and_maps(client):
    value = {name: item for name, item in CONTAINERS.items()
             if client.service != "ec2" or "ap" not in name and
             name not in ("Labels", "Counts", "Groups", "Keyed")}
    assert client.echo("Containers", **value) == value


def test_unions(client):
    for choice in ({"Text": "t"}, {"Number": 0}, {"Flag": False}, {"Texts": ["a", "b"]},
                   {"Thing": THING}):
        value = {"Choice": choice, "Choices": [choice, {"Number": 5}]}
        assert client.echo("Unions", **value) == value


def test_places(client):
    value = dict(
        Id=TEXT, Number=-3, Flag=True, When=WHEN, Limit=5, Names=["a b", TEXT, ""], Counts=[1, 2],
        Since=WHEN, Until=WHEN, Header="some text, with a comma", Small=7, Big=-9, Real=1.5,
        Yes=False, Bytes="AP8=", Stamp=WHEN, Epoch=WHEN, Texts=["a", "b c", "d, e"],
        Numbers=[1, 2, 3], Flags=[True, False], Stamps=[WHEN, -2], Rest=TEXT, RestTime=WHEN)
    assert client.echo("Places", **value).items() >= value.items()


def test_paths_and_greedy_labels(client):
    for key in ("a", "a/b//c d/%2F/é", "x/"):
        for operation in ("GetFile", "GetFileVersions"):
            answer = client.echo(operation, Bucket="b-1", Key=key)
            assert answer == {"Bucket": "b-1", "Key": key}


def test_an_absent_label_is_refused_before_anything_is_sent(client):
    if not client.is_rest:
        pytest.skip("only REST has labels")
    for bucket in ({}, {"Bucket": ""}):
        fault = client.call("ListFiles", **bucket)["fault"]
        assert (fault["message"], fault["attempts"]) == ("Bucket is required", 0)


def test_payloads(client):
    value = {"Type": "image/x", "Data": "AAEC" * 1000}
    assert client.echo("PayloadBlob", **value) == value
    assert client.echo("PayloadText", Text=TEXT) == {"Text": TEXT}
    value = {"Id": "i", "Thing": THING}
    assert client.echo("PayloadStructure", **value) == value
    assert client.echo("PayloadUnion", Choice={"Text": "t"}) == {"Choice": {"Text": "t"}}


def test_status_and_empty_answers(client):
    assert client.echo("Status", Code=202) == {"Code": 202}
    assert client.echo("Empty") == {}


def test_tokens_are_made_unless_the_caller_has_one(client):
    assert client.echo("Token", Token="t") == {"Token": "t"}
    made = {client.echo("Token")["Token"] for _ in range(2)}
    assert {len(token) for token in made} == {36} and len(made) == 2


def test_a_label_of_the_host_is_checked(client):
    assert client.echo("Host", Account="a1") == {"Account": "a1"}
    assert "host" in client.call("Host", Account="a.b/")["fault"]["message"]


@pytest.mark.parametrize("why,name,code,status", [
    ("fire", "KitchenFireException", "KitchenFire", 418),
    ("closed", "KitchenClosedException", "KitchenClosed", 503)])
def test_faults(client, why, name, code, status):
    fault = client.call("Fail", Why=why)["fault"]
    is_xml = client.service in ("query", "ec2", "restxml", "barexml")
    assert fault["shape"] == fault["code"] == (code if is_xml else name)
    assert fault["message"] == "the <kitchen> burns"
    assert (fault["status"], fault["request_id"]) == (status, "id-1")


# -- signatures --

class Recorder(http.server.BaseHTTPRequestHandler):
    """Keeps the request and answers with a fault."""
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.kept = (self.command, self.path, dict(self.headers), body)
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_PUT = do_POST = answer

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def recorder():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def signed_by_botocore(service, kept, url, monkeypatch):
    method, target, headers, body = kept
    kind = botocore.auth.S3SigV4Auth if service == "barexml" else botocore.auth.SigV4Auth
    auth = kind(botocore.credentials.Credentials("AKID", "secret"), service, "eu-west-1")
    when = datetime.datetime.strptime(headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: when, raising=True)
    signed = headers["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    kept = {name: value for name, value in headers.items()
            if name.lower() in signed and name.lower() not in ("host", "x-amz-date")}
    request = botocore.awsrequest.AWSRequest(method, url + target, headers=kept, data=body)
    auth.add_auth(request)
    return request.headers["Authorization"]


@pytest.mark.parametrize("service", list(generate.HEADS))
def test_requests_are_signed_as_botocore_signs_them(recorder, service, monkeypatch):
    url = f"http://127.0.0.1:{recorder.server_address[1]}"
    program = Program(url, service)
    calls = {"Places": dict(Id=TEXT, Number=1, Flag=True, When=WHEN, Names=["a b", TEXT],
                            Header="x,  y", Meta={"one": "1"}, Rest="r"),
             "GetFile": dict(Bucket="b", Key="a b/é/c"), "Empty": {},
             "PayloadBlob": dict(Data="AAEC", Type="image/x")}
    for operation, parameters in calls.items():
        assert program.call(operation, **parameters)["fault"]["status"] == 404
        _, _, headers, body = recorder.kept
        assert headers["Authorization"] == signed_by_botocore(service, recorder.kept, url,
                                                              monkeypatch)
        assert body or "Content-Type" not in headers
    program.close()
