# SPDX-License-Identifier: MIT
"""botocore as the client of every protocol: what it sends is what it gets back from wire_echo.

The models that botocore reads are made from kitchen.ops too, so names, places and forms of members
are stated once; how they look on the wire is botocore's own knowledge.
"""
import datetime
import json
import os
import pathlib
import subprocess

import boto3
import botocore.config
import botocore.exceptions
import botocore.loaders
import botocore.session
import pytest

import generate

BUILD = pathlib.Path(os.environ.get("TERN_BUILD", generate.HERE.parent.parent / "build"))
PROTOCOLS = {"json10": "json", "json11": "json", "query": "query", "ec2": "ec2",
             "restjson": "rest-json", "restxml": "rest-xml", "barexml": "rest-xml",
             "cbor": "smithy-rpc-v2-cbor"}
TIMES = {"epoch": "unixTimestamp", "iso": "iso8601", "http": "rfc822"}
LOCATIONS = {"label": "uri", "param": "querystring", "params": "querystring", "header": "header",
             "headers": "headers", "status": "statusCode"}
IS_XML = {"query", "ec2", "restxml", "barexml"}


class Service:
    """botocore's service-2.json of a kitchen service."""

    def __init__(self, name):
        self.name, self.model, self.shapes = name, generate.model(name), {}
        for structure, members in self.model.structures.items():
            self.structure(structure, members, structure in self.model.unions)
        self.operations = {}
        for operation, parts in self.model.operations.items():
            self.operations[operation] = self.operation(operation, parts)
        for fault in self.model.faults:
            self.shapes[fault[0]] = {"type": "structure", "exception": True, "members": {},
                                     "error": {"httpStatusCode": int(fault[2])}}
            if self.name in IS_XML:
                self.shapes[fault[0]]["error"]["code"] = fault[1]

    def operation(self, name, parts):
        made = {"name": name, "http": {"method": "POST", "requestUri": "/"},
                "input": {"shape": name + "Input"}}
        if self.model.rest:
            http = parts["http"]
            made["http"] = {"method": http.method, "requestUri": http.path,
                            "responseCode": http.status}
        if self.name in ("restxml", "barexml"):
            made["input"].update(locationName=name + "Request",
                                 xmlNamespace={"uri": self.model.rest[1]})
        if parts.get("host"):
            made["endpoint"] = {"hostPrefix": parts["host"]}
        self.structure(name + "Input", parts["in"])
        if parts["out"]:
            self.structure(name + "Output", parts["out"])
            made["output"] = {"shape": name + "Output"}
            if self.name == "query":
                made["output"]["resultWrapper"] = name + "Result"
        made["errors"] = [{"shape": fault[0]} for fault in self.model.faults]
        return made

    def structure(self, name, members, is_union=False):
        shape = {"type": "structure", "members": {}}
        if is_union:
            shape["union"] = True
        for member in members:
            shape["members"][member.name] = self.member(member)
            if member.binding.place == "payload":
                shape["payload"] = member.name
        self.shapes[name] = shape

    def kind(self, kind, item, member):
        """The name of the shape of that kind."""
        if kind == "structure":
            return item
        time = f"_{member.binding.time}" if kind == "timestamp" and member.binding.time else ""
        if kind not in ("list", "map"):
            name = kind.capitalize() + time
            shape = {"type": kind}
            if time:
                shape["timestampFormat"] = TIMES[member.binding.time]
            self.shapes[name] = shape
            return name
        outer, inner = item.partition(":")[::2]
        if item in self.model.structures:
            inner_name = item
        else:
            inner_name = self.kind(outer, inner, member.nested or member)
        name = "_".join([kind, inner_name, member.name])
        shape = {"type": kind}
        if kind == "list":
            shape["member"] = {"shape": inner_name}
            if self.name == "ec2":
                shape["member"]["locationName"] = "item"
            elif member.xml_item and member.xml_item != "member":
                shape["member"]["locationName"] = member.xml_item
        else:
            shape["key"] = {"shape": self.kind("string", "", member), "locationName": member.key}
            shape["value"] = {"shape": inner_name, "locationName": member.value}
        if not member.xml_item and self.name != "ec2":
            shape["flattened"] = True
        self.shapes[name] = shape
        return name

    def member(self, member):
        made = {"shape": self.kind(member.kind, member.item, member)}
        binding = member.binding
        if self.name == "ec2":
            made["queryName"] = member.query
        is_parameter = self.name == "query" and "attribute" not in binding.flags
        name = member.query if is_parameter else member.xml
        if self.name in IS_XML and (name != member.name or binding.place == "payload" or
                                    "attribute" in binding.flags):
            made["locationName"] = name
        if binding.place in LOCATIONS:
            made["location"] = LOCATIONS[binding.place]
            if binding.place == "label":
                made["locationName"] = member.name
            elif binding.name:
                made["locationName"] = binding.name
        if "attribute" in binding.flags:
            made["xmlAttribute"] = True
        if binding.xmlns:
            made["xmlNamespace"] = dict(zip(("uri", "prefix"), binding.xmlns))
        if "token" in binding.flags:
            made["idempotencyToken"] = True
        if self.model.operations.get("Host") and member.name == "Account":
            made["hostLabel"] = True
        return made

    def text(self):
        metadata = {"apiVersion": "2020-01-08", "endpointPrefix": self.name,
                    "serviceFullName": self.name, "serviceId": self.name,
                    "signatureVersion": "v4", "signingName": self.name,
                    "protocol": PROTOCOLS[self.name], "protocols": [PROTOCOLS[self.name]],
                    "uid": f"{self.name}-2020-01-08"}
        if self.name.startswith("json"):
            metadata |= {"jsonVersion": self.model.target[1],
                         "targetPrefix": self.model.target[0]}
        if self.model.query:
            metadata["xmlNamespace"] = self.model.query[1]
        if self.model.cbor:
            metadata["targetPrefix"] = self.model.cbor[0]
        return json.dumps({"version": "2.0", "metadata": metadata, "operations": self.operations,
                           "shapes": self.shapes})


@pytest.fixture(scope="module")
def port():
    process = subprocess.Popen([BUILD / "tests/wire/wire_echo"], stdout=subprocess.PIPE, text=True)
    yield int(process.stdout.readline())
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name in PROTOCOLS:
        place = folder / name / "2020-01-08"
        place.mkdir(parents=True)
        (place / "service-2.json").write_text(Service(name).text())
    return folder


@pytest.fixture(scope="module", params=list(PROTOCOLS))
def client(request, port, models):
    session = botocore.session.Session()
    loader = botocore.loaders.Loader(extra_search_paths=[str(models)])
    session.register_component("data_loader", loader)
    client = boto3.session.Session(botocore_session=session).client(
        request.param, region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="111122223333", aws_secret_access_key="x",
        config=botocore.config.Config(retries={"max_attempts": 0}, inject_host_prefix=False,
                                      parameter_validation=True))
    client.kitchen = request.param
    return client


def echo(client, operation, **parameters):
    answer = client._make_api_call(operation, parameters)
    answer.pop("ResponseMetadata")
    return answer


WHEN = datetime.datetime(2014, 4, 29, 18, 30, 38, tzinfo=datetime.timezone.utc)
OLD = datetime.datetime(1969, 12, 31, 23, 59, 58, tzinfo=datetime.timezone.utc)
TEXT = "a & b <c> \"d\" 'e' ü€😀 100% +/?#=;,\\"
THING = {"Name": TEXT, "Number": -7, "Inner": {"Name": "", "Inner": {"Number": 2147483647}}}


def test_scalars(client):
    value = dict(Text=TEXT, Small=-2147483648, Big=9223372036854775807, Real=0.1, Flag=False,
                 Bytes=bytes(range(256)), When=WHEN, Iso=WHEN, Http=WHEN, Epoch=WHEN)
    assert echo(client, "Scalars", **value) == value
    assert echo(client, "Scalars") == {}


@pytest.mark.parametrize("real", [1.5, -1e300, 5e-324, 123456789.123456789, float("inf"),
                                  float("-inf"), 0.0])
def test_reals(client, real):
    assert float(echo(client, "Scalars", Real=real)["Real"]) == real


def test_times_before_1970(client):
    assert echo(client, "Scalars", When=OLD, Http=OLD, Epoch=OLD) == dict(When=OLD, Http=OLD,
                                                                         Epoch=OLD)


def test_empty_texts_and_blobs(client):
    answer = echo(client, "Scalars", Text="", Bytes=b"")
    assert answer == {"Text": "", "Bytes": b""}


CONTAINERS = dict(
    Texts=["a", "", TEXT], Numbers=[1, -2, 0], Reals=[0.5, -1.25], Flags=[True, False],
    Times=[WHEN, OLD], Dates=[WHEN], Blobs=[b"\0\xff", b"x"], Things=[THING, {"Number": 0}],
    Lists=[["a", "b"], ["c"]], Deep=[[[1, 2], [3]], [[4]]], ListOfThings=[[THING], [THING, THING]],
    Labels={"k": "v", TEXT: TEXT}, Counts={"one": 1, "minus": -1}, ThingMap={"t": THING},
    Groups={"g": ["a", "b"], "h": ["c"]}, Maps={"m": {"a": "b", "c": "d"}},
    MapList=[{"a": 1}, {"b": 2, "c": 3}], Flat=["x", "y"], FlatThings=[THING, {"Name": "n"}],
    FlatMap={"p": "q", "r": "s"}, Named=["n", "m"], Keyed={"k": "w"}, Thing=THING)


@pytest.mark.parametrize("name", list(CONTAINERS))
def test_containers(client, name):
    if client.kitchen == "ec2" and "map" in {m.kind for m in generate.model("ec2").operations[
            "Containers"]["in"] if m.name == name} or \
            client.kitchen == "ec2" and name == "MapList":
        pytest.skip("EC2 Query has no maps")
    assert echo(client, "Containers", **{name: CONTAINERS[name]}) == {name: CONTAINERS[name]}


def test_all_containers_at_once(client):
    value = {name: item for name, item in CONTAINERS.items()
             if client.kitchen != "ec2" or "ap" not in name and
             name not in ("Labels", "Counts", "Groups", "Keyed")}
    assert echo(client, "Containers", **value) == value


CHOICES = [{"Text": "t"}, {"Number": 0}, {"Flag": False}, {"Bytes": b"b"}, {"When": WHEN},
           {"Texts": ["a", "b"]}, {"Pairs": {"a": "b"}}, {"Thing": THING}]


@pytest.mark.parametrize("choice", CHOICES, ids=[next(iter(choice)) for choice in CHOICES])
def test_unions(client, choice):
    if client.kitchen == "ec2" and "Pairs" in choice:
        pytest.skip("EC2 Query has no maps")
    value = {"Choice": choice, "Choices": [choice, {"Number": 5}]}
    if client.kitchen != "ec2":
        value["ChoiceMap"] = {"k": choice}
    assert echo(client, "Unions", **value) == value
    assert echo(client, "PayloadUnion", Choice=choice) == {"Choice": choice}


def test_places(client):
    value = dict(
        Id=TEXT, Number=-3, Flag=True, When=WHEN, Limit=5, Names=["a b", TEXT, ""], Counts=[1, 2],
        Since=WHEN, Until=WHEN, Header="some text, with a comma", Small=7, Big=-9, Real=1.5,
        Yes=False, Stamp=WHEN, Epoch=WHEN, Texts=["a", "b c"], Numbers=[1, 2, 3],
        Flags=[True, False], Rest=TEXT, RestTime=WHEN)
    if client.kitchen != "ec2":
        value |= {"Meta": {"one": "1", "two": "zwei"}, "Others": {"x": ["1", "2"], "y z": [TEXT]}}
    # botocore reads no blobs, quotes and dates in lists of headers.
    if not generate.model(client.kitchen).rest:
        value |= {"Bytes": b"\0\1", "Stamps": [WHEN, OLD]}
    expected = dict(value)
    if generate.model(client.kitchen).rest:
        # As Smithy asks, the map of parameters has those of other members too, and literal ones.
        expected["Others"] = {**value["Others"], "name": value["Names"], "count": ["1", "2"],
                              "limit": ["5"], "since": ["2014-04-29T18:30:38Z"],
                              "until": ["1398796238"], "kind": ["full"]}
    answer = echo(client, "Places", **value)
    assert answer == expected


def test_paths_and_greedy_labels(client):
    for key in ("a", "a/b//c d/%2F/é", "x/"):
        answer = echo(client, "GetFile", Bucket="b-1", Key=key)
        assert answer == {"Bucket": "b-1", "Key": key}
        answer = echo(client, "GetFileVersions", Bucket="b-1", Key=key)
        assert answer == {"Bucket": "b-1", "Key": key}
    assert echo(client, "ListFiles", Bucket="b 2") == {"Bucket": "b 2"}


def body_of(data):
    return data.read() if hasattr(data, "read") else data


def test_payloads(client):
    answer = echo(client, "PayloadBlob", Type="image/x", Data=b"\0\1\2" * 1000)
    assert (answer["Type"], body_of(answer["Data"])) == ("image/x", b"\0\1\2" * 1000)
    assert echo(client, "PayloadText", Text=TEXT) == {"Text": TEXT}
    value = {"Id": "i", "Thing": THING}
    assert echo(client, "PayloadStructure", **value) == value


def test_attributes_and_namespaces(client):
    if client.kitchen in ("query", "ec2"):
        pytest.skip("AWS has no attributes in Query")
    thing = {"Kind": "a \"b\"\n<c>", "Count": "3", "Name": "n & m"}
    value = {"Thing": thing, "Things": [thing, {"Count": "0"}]}
    assert echo(client, "Attributes", **value) == value


def test_status(client):
    answer = client._make_api_call("Status", {"Code": 202})
    assert answer["Code"] == 202
    if generate.model(client.kitchen).rest:
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202


def test_empty_operation_and_request_id(client):
    answer = client._make_api_call("Empty", {})
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"] == "id-1"
    assert set(answer) == {"ResponseMetadata"}


def test_host_prefix_and_token(client):
    assert echo(client, "Host", Account="a1") == {"Account": "a1"}
    assert echo(client, "Token", Token="t") == {"Token": "t"}
    assert len(echo(client, "Token")["Token"]) == 36  # botocore has made one


@pytest.mark.parametrize("why,name,code,status", [
    ("fire", "KitchenFireException", "KitchenFire", 418),
    ("closed", "KitchenClosedException", "KitchenClosed", 503)])
def test_faults(client, why, name, code, status):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        client._make_api_call("Fail", {"Why": why})
    error = caught.value.response
    assert error["Error"]["Code"] == (code if client.kitchen in IS_XML else name)
    assert error["Error"]["Message"] == "the <kitchen> burns"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == status
    assert error["ResponseMetadata"]["RequestId"] == "id-1"
    if client.kitchen not in ("ec2", "barexml"):
        assert type(caught.value).__name__ == name
