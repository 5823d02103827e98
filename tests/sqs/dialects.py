# SPDX-License-Identifier: MIT
"""The two dialects of SQS over plain HTTP, with the same input and the same output.

`Json` and `Query` take an operation and its members as AWS's model names them and return the
members of the answer; a fault is raised as `Fault`. Nothing is validated here: what is wrong goes
to the server. Both check what every answer must have: request id, date, content type, envelope.
"""
import base64
import json
import re
import xml.etree.ElementTree as ElementTree

NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
HTTP_DATE = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")

# Member -> name of one item in Query, and of key and value if it is a map.
ITEMS = {
    "AttributeNames": ("AttributeName",),
    "MessageSystemAttributeNames": ("MessageSystemAttributeName",),
    "MessageAttributeNames": ("MessageAttributeName",),
    "Attributes": ("Attribute", "Name", "Value"),
    "MessageAttributes": ("MessageAttribute", "Name", "Value"),
    "MessageSystemAttributes": ("MessageSystemAttribute", "Name", "Value"),
    "StringListValues": ("StringListValue",),
    "BinaryListValues": ("BinaryListValue",),
    "tags": ("Tag", "Key", "Value"),
    "Tags": ("Tag", "Key", "Value"),
    "TagKeys": ("TagKey",),
    "AWSAccountIds": ("AWSAccountId",),
    "Actions": ("ActionName",),
    "Messages": ("Message",),
    "QueueUrls": ("QueueUrl",),
    "queueUrls": ("QueueUrl",),
    "Results": ("ListMessageMoveTasksResultEntry",),
    "Failed": ("BatchResultErrorEntry",),
}
NUMBERS = {"ApproximateNumberOfMessagesMoved", "ApproximateNumberOfMessagesToMove",
           "StartedTimestamp", "MaxNumberOfMessagesPerSecond"}


def items_of(operation, member):
    if member == "Entries":
        return (operation + "RequestEntry",)
    if member == "Successful":
        return (operation + "ResultEntry",)
    return ITEMS[member]


class Fault(Exception):
    def __init__(self, status, code, message, shape=None):
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message, self.shape = status, code, message, shape


class Dialect:
    def __init__(self, server, account="000000000000", region="us-east-1"):
        self.server = server
        self.account, self.region = account, region
        self.headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={account}/20260101/{region}"
                        "/sqs/aws4_request, SignedHeaders=host, Signature=0"}

    def send(self, method, path, headers=None, **options):
        return self.server.http.request(method, self.server.url + path, timeout=40,
                                        headers=self.headers | (headers or {}), **options)

    def check(self, response, content_type):
        assert UUID.fullmatch(response.headers["x-amzn-RequestId"])
        assert HTTP_DATE.fullmatch(response.headers["Date"])
        assert response.headers["Content-Type"] == content_type

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda **members: self.call(name, members)


class Json(Dialect):
    name = "json"

    def request(self, operation, members, path="/"):
        body = members if isinstance(members, (str, bytes)) else json.dumps(
            members, default=lambda value: base64.b64encode(value).decode())
        return self.send("POST", path, {"Content-Type": "application/x-amz-json-1.0",
                                        "X-Amz-Target": f"AmazonSQS.{operation}"}, data=body)

    def call(self, operation, members, path="/"):
        response = self.request(operation, members, path)
        self.check(response, "application/x-amz-json-1.0")
        if response.status_code == 200:
            return response.json() if response.content else {}
        body = response.json()
        code, side = response.headers["x-amzn-query-error"].split(";")
        assert side == ("Sender" if response.status_code < 500 else "Receiver")
        assert sorted(body) == ["__type", "message"]
        space, _, shape = body["__type"].rpartition("#")
        assert space in ("com.amazonaws.sqs", "com.amazon.coral.service")
        raise Fault(response.status_code, code, body["message"], shape)


class Query(Dialect):
    name = "query"
    method = "POST"

    def flatten(self, operation, members, prefix=""):
        """Pairs of a form, in the way of the classic API."""
        for name, value in members.items():
            if value is None:
                continue
            if isinstance(value, dict) and name in ("Value",):
                yield from self.flatten(operation, value, f"{prefix}{name}.")
            elif isinstance(value, dict):
                item, key, content = items_of(operation, name)
                for number, pair in enumerate(value.items(), 1):
                    yield f"{prefix}{item}.{number}.{key}", pair[0]
                    yield from self.flatten(operation, {content: pair[1]},
                                            f"{prefix}{item}.{number}.")
            elif isinstance(value, list):
                [item] = items_of(operation, name)
                for number, entry in enumerate(value, 1):
                    if isinstance(entry, dict):
                        yield from self.flatten(operation, entry, f"{prefix}{item}.{number}.")
                    else:
                        yield from self.flatten(operation, {f"{item}.{number}": entry}, prefix)
            elif isinstance(value, bytes):
                yield prefix + name, base64.b64encode(value).decode()
            elif isinstance(value, bool):
                yield prefix + name, str(value).lower()
            else:
                yield prefix + name, str(value)

    def request(self, operation, members, path="/", headers=None):
        form = [("Action", operation), ("Version", "2012-11-05"),
                *self.flatten(operation, members)]
        if self.method == "GET":
            return self.send("GET", path, headers, params=form)
        return self.send("POST", path, headers, data=form)

    def call(self, operation, members, path="/"):
        response = self.request(operation, members, path)
        self.check(response, "text/xml")
        root = ElementTree.fromstring(response.content)
        assert {element.tag.split("}")[0] for element in root.iter()} == {"{" + NAMESPACE}
        for element in root.iter():
            element.tag = element.tag.split("}")[1]
        if response.status_code != 200:
            raise self.fault(response, root)
        assert root.tag == operation + "Response"
        assert root[-1].tag == "ResponseMetadata"
        assert root[-1].findtext("RequestId") == response.headers["x-amzn-RequestId"]
        result = root.find(operation + "Result")
        assert [child.tag for child in root] == [operation + "Result"] * (result is not None) + [
            "ResponseMetadata"]
        return {} if result is None else self.read(operation, result)

    def fault(self, response, root):
        assert root.tag == "ErrorResponse"
        assert [child.tag for child in root] == ["Error", "RequestId"]
        assert [child.tag for child in root[0]] == ["Type", "Code", "Message", "Detail"]
        assert len(root[0][3]) == 0 and root[0][3].text is None
        assert root[1].text == response.headers["x-amzn-RequestId"]
        assert root[0][0].text == ("Sender" if response.status_code < 500 else "Receiver")
        return Fault(response.status_code, root[0][1].text, root[0][2].text)

    def read(self, operation, element):
        """Children as the model's members: the inverse of flatten."""
        found = {}
        for child in element:
            self.add(operation, found, child)
        return found

    def add(self, operation, found, child):
        tag = child.tag
        is_many = {"QueueUrl": operation.startswith("List"),
                   "Message": operation == "ReceiveMessage"}.get(tag, True)
        member = next((name for name in (*ITEMS, "Successful")
                       if tag == items_of(operation, name)[0] and name != "tags" and is_many
                       and (name == "queueUrls") == (tag == "QueueUrl"
                                                     and "DeadLetter" in operation)), None)
        if member is None:
            text = child.text or ""
            value = (text == "true" if tag == "SenderFault" else
                     int(text) if tag in NUMBERS else text)
            assert tag not in found, f"{tag} twice"
            found[tag] = value
        elif len(items_of(operation, member)) == 3:
            _, key, content = items_of(operation, member)
            assert [part.tag for part in child] == [key, content]
            value = self.read(operation, child[1]) if len(child[1]) else child[1].text or ""
            found.setdefault(member, {})[child[0].text] = value
        elif len(child):
            found.setdefault(member, []).append(self.read(operation, child))
        else:
            found.setdefault(member, []).append(child.text or "")


class QueryString(Query):
    """Query in the request's target instead of a form."""
    name = "query-string"
    method = "GET"
