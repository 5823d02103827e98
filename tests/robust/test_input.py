# SPDX-License-Identifier: MIT
"""AWS JSON and Query with input that no SDK sends: each gets a fault of AWS's, in its dialect."""
import base64
import json
import sys
import time

import pytest

from ternd import ROOT
from wire import Peer, ask, json_message, query_message

sys.path.insert(0, str(ROOT / "tools"))
import gen  # noqa: E402

DEEP, MANY = 100000, 10000


def fault(server, data, status=400):
    answer = ask(server, data)
    assert answer.status == status
    assert answer.headers["x-amzn-requestid"]
    if answer.headers["content-type"] != "text/xml":
        assert ";" in answer.headers["x-amzn-query-error"]
    return answer.fault()


# -- JSON --

@pytest.mark.parametrize("body", [
    b"{", b"}", b"[]", b"null", b"1", b'"x"', b"{}{}", b"{} x", b"{'QueueName':'x'}", b"\0",
    b"{}\0",
    b'{"QueueName":"\xff"}', b'{"QueueName":"\xc0\x80"}', b'{"QueueName":"\xed\xa0\x80"}',
    b'{"QueueName":"a\0b"}', b'{"QueueName":"a\nb"}', b'{"QueueName":"\\ud800"}',
    b'{"QueueName":"\\x"}', b'{"QueueName":01}', b'{"QueueName":1e999}', b'{"QueueName":+1}',
    b'{"QueueName":.5}', b'{"QueueName":NaN}', b'{"QueueName":"x",}', b'{"QueueName" "x"}',
    b'{/**/}', b"\xef\xbb\xbf", b"\xff\xfe{\0}\0", b"[" * DEEP, b"[" * DEEP + b"]" * DEEP,
    b'{"a":' * DEEP + b"1" + b"}" * DEEP, b'{"QueueName":' + b"[" * 65 + b"]" * 65 + b"}",
    b"{" + b'"a":1,' * 30000 + b'"QueueName":"x"}', b'{"Attributes":[' + b"0," * 1000000 + b"0]}",
], ids=lambda body: repr(body[:24]))
def test_what_is_no_json_is_a_serialization_fault(server, body):
    assert fault(server, json_message("CreateQueue", body))[0] == "SerializationException"


@pytest.mark.parametrize("operation,members", [
    ("CreateQueue", {"QueueName": []}),
    ("CreateQueue", {"QueueName": {}}),
    ("CreateQueue", {"QueueName": "q", "Attributes": []}),
    ("CreateQueue", {"QueueName": "q", "Attributes": "x"}),
    ("CreateQueue", {"QueueName": "q", "Attributes": {"DelaySeconds": {}}}),
    ("CreateQueue", {"QueueName": "q", "tags": [["a", "b"]]}),
    ("ReceiveMessage", {"MaxNumberOfMessages": "x"}),
    ("ReceiveMessage", {"MaxNumberOfMessages": True}),
    ("ReceiveMessage", {"MaxNumberOfMessages": 2147483648}),
    ("ReceiveMessage", {"MaxNumberOfMessages": 10 ** 400}),
    ("ReceiveMessage", {"WaitTimeSeconds": -10 ** 30}),
    ("ReceiveMessage", {"AttributeNames": "All"}),
    ("ReceiveMessage", {"AttributeNames": {"All": "All"}}),
    ("ReceiveMessage", {"AttributeNames": [[]]}),
    ("SendMessage", {"MessageAttributes": []}),
    ("SendMessage", {"MessageAttributes": {"a": "b"}}),
    ("SendMessage", {"MessageAttributes": {"a": {"BinaryValue": 1}}}),
    ("SendMessage", {"MessageAttributes": {"a": {"BinaryValue": "A"}}}),
    ("SendMessage", {"MessageAttributes": {"a": {"BinaryValue": "AAA"}}}),
    ("SendMessage", {"MessageAttributes": {"a": {"BinaryValue": "AB=="}}}),
    ("SendMessage", {"MessageAttributes": {"a": {"BinaryValue": "AA==AA=="}}}),
    ("SendMessage", {"MessageAttributes": {"a": {"BinaryValue": "\u00e9\u00e9\u00e9\u00e9"}}}),
    ("SendMessageBatch", {"Entries": {}}),
    ("SendMessageBatch", {"Entries": [1]}),
    ("SendMessageBatch", {"Entries": ["x"]}),
    ("DeleteMessageBatch", {"Entries": [{"Id": []}]}),
    ("TagQueue", {"Tags": "x"}),
    ("UntagQueue", {"TagKeys": {}}),
], ids=str)
def test_wrong_types_are_serialization_faults(server, operation, members):
    assert fault(server, json_message(operation, members))[0] == "SerializationException"


def test_unknown_members_are_ignored_however_many(server, name):
    members = {f"Unknown{i}": [i] for i in range(4000)} | {"QueueName": name}
    assert ask(server, json_message("CreateQueue", members)).status == 200


def test_of_one_key_the_last_counts(server, name):
    body = b'{"QueueName":"!","QueueName":"%s"}' % name.encode()
    answer = ask(server, json_message("CreateQueue", body))
    assert json.loads(answer.body)["QueueUrl"].endswith("/" + name)


@pytest.mark.parametrize("text", ["a\\u0000b", "\\u0001", "\\ufffe", "\\uffff", "\\u001f"])
def test_characters_that_no_message_may_hold(server, queue, text):
    body = f'{{"QueueUrl":"{queue}","MessageBody":"{text}"}}'.encode()
    assert fault(server, json_message("SendMessage", body))[0] == "InvalidMessageContents"


@pytest.mark.parametrize("target", [
    "AmazonSQS.", "AmazonSQS", "AmazonSQS.SendMessage.x", "AmazonSQS.sendmessage", ".SendMessage",
    "AmazonSNS.Publish", "x" * 10000, "AmazonSQS.\"\\", "AmazonSQS.\xe9", "", "\xff.\xff",
])
def test_targets_that_are_none_are_named(server, target):
    code, text = fault(server, json_message("X").replace(b"AmazonSQS.X", target.encode("latin-1")))
    assert code == "UnknownOperationException"
    if target.isascii():
        assert target in text


@pytest.mark.parametrize("url", [
    "http://", "http:///", "://", "/", "//", "?", "http://h/1/q", "http://h/000000000000/",
    "http://h/000000000000/" + "q" * 81, "x" * 100000, "\u0000", "arn:aws:sqs:::", "arn:" * 1000,
    "http://h/00000000000\u0660/q", "../../etc/passwd", "%2e%2e/%00", "http://h/000000000000/q/q",
])
def test_queue_urls_that_are_none(server, url):
    answer = ask(server, json_message("GetQueueAttributes", {"QueueUrl": url}))
    code, _ = answer.fault()
    assert answer.status == (404 if code == "InvalidAddress" else 400)
    assert code in ("QueueDoesNotExist", "InvalidAddress", "MissingRequiredParameterException",
                    "InvalidParameterValueException")


@pytest.mark.parametrize("handle", [
    "", "x", "\u0000", "A" * 1024, "A" * 100000, base64.b64encode(bytes(45)).decode(),
    "\u00e9" * 60,
])
def test_handles_that_were_made_up(server, queue, handle):
    for operation in "DeleteMessage", "ChangeMessageVisibility":
        answer = ask(server, json_message(operation, {"QueueUrl": queue, "ReceiptHandle": handle,
                                                      "VisibilityTimeout": 1}))
        assert answer.status in (400, 404)
        assert answer.fault()[0] in ("ReceiptHandleIsInvalid", "MissingRequiredParameterException")


# -- Query --

@pytest.mark.parametrize("form", [
    b"Action=ListQueues&x=%", b"Action=ListQueues&x=%0", b"Action=ListQueues&x=%zz",
    b"Action=ListQueues&%gg=x", b"Action=ListQueues" + b"&a=b" * MANY,
], ids=lambda form: repr(form[:28]))
def test_forms_that_cannot_be_decoded(server, form):
    assert fault(server, query_message(form), 404)[0] == "MalformedQueryString"


@pytest.mark.parametrize("form", [b"x", b"=", b"Version=2012-11-05", b"action=ListQueues", b"\0"])
def test_forms_without_an_action(server, form):
    assert fault(server, query_message(form))[0] == "MissingAction"


@pytest.mark.parametrize("action", [
    b"Fly", b"", b"listqueues", b"%00", b"%01%1f", b"%ff%fe", b"%ef%bf%be", b"%3Cx%3E%26",
    b"x" * 100000,
], ids=lambda action: repr(action[:16]))
def test_actions_that_are_none(server, action):
    assert fault(server, query_message(b"Action=" + action))[0] == "InvalidAction"


@pytest.mark.parametrize("value", [
    "x", "1e3", "1.5", "0x1", " 1", "9" * 40, "-9" * 20, "%00", "%ff%01"])
def test_numbers_that_are_none(server, queue, value):
    form = f"Action=SendMessage&QueueUrl={queue}&MessageBody=x&DelaySeconds={value}"
    code, text = fault(server, query_message(form))
    assert code in ("SerializationException", "InvalidParameterValue") and "DelaySeconds" in text


@pytest.mark.parametrize("body", ["%00", "%01", "%ff", "a%c3", "%ed%a0%80", "%ef%bf%bf"])
def test_bodies_that_are_no_text(server, queue, body):
    form = f"Action=SendMessage&QueueUrl={queue}&MessageBody=abcdefgh{body}"
    assert fault(server, query_message(form))[0] == "InvalidMessageContents"


@pytest.mark.parametrize("value", ["A", "AAA", "AB%3D%3D", "AA%3D%3DAA%3D%3D", "%00%00%00%00"])
def test_binary_values_that_are_no_base64(server, queue, value):
    form = (f"Action=SendMessage&QueueUrl={queue}&MessageBody=x&MessageAttribute.1.Name=a"
            "&MessageAttribute.1.Value.DataType=Binary"
            f"&MessageAttribute.1.Value.BinaryValue={value}")
    assert fault(server, query_message(form))[0] in ("SerializationException",
                                                     "InvalidParameterValue")


def test_two_values_of_one_parameter_are_refused(server, name):
    code, text = fault(server, query_message(f"Action=CreateQueue&QueueName={name}&QueueName=!"))
    assert (code, text) == ("InvalidQueryParameter",
                            "The parameter QueueName is given more than once")


@pytest.mark.parametrize("number", ["0", "18446744073709551615"])
def test_list_numbers_of_any_size_cost_nothing(server, queue, number):
    form = f"Action=UntagQueue&QueueUrl={queue}&TagKey.{number}=a&TagKey.1=b"
    assert ask(server, query_message(form)).status == 200


@pytest.mark.parametrize("number", ["18446744073709551616", "-1", "x", ""])
def test_list_numbers_that_are_none_are_refused(server, queue, number):
    form = f"Action=UntagQueue&QueueUrl={queue}&TagKey.{number}=a&TagKey.1=b"
    code, text = fault(server, query_message(form))
    assert (code, text) == ("InvalidQueryParameter",
                            f"The parameter TagKey.{number} is not recognized")


def test_a_batch_of_thousands_is_counted_not_made(server, queue):
    entry = "SendMessageBatchRequestEntry.{0}.Id={0}&SendMessageBatchRequestEntry.{0}.MessageBody=x"
    form = "&".join(entry.format(i) for i in range(2000))
    code, _ = fault(server, query_message(f"Action=SendMessageBatch&QueueUrl={queue}&{form}"))
    assert code == "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
    entries = [{"Id": str(i), "MessageBody": "x"} for i in range(2000)]
    members = {"QueueUrl": queue, "Entries": entries}
    code, _ = fault(server, json_message("SendMessageBatch", members))
    assert code == "TooManyEntriesInBatchRequest"


@pytest.mark.parametrize("target", ["/%", "/%zz", "/%00", "/%ff", "/a%2"])
def test_paths_that_cannot_be_decoded(server, target):
    assert fault(server, query_message("Action=ListQueues", target=target), 404)[0] == \
        "MalformedQueryString"


# -- whoever sends it holds up nobody --

def test_costly_input_does_not_hold_up_others(server, queue, witness):
    entry = "&".join(f"SendMessageBatchRequestEntry.{i}.MessageAttribute.{i}.Name=x"
                     for i in range(4000))
    costly = [
        query_message(f"Action=SendMessageBatch&QueueUrl={queue}&{entry}"),
        json_message("SendMessageBatch", b'{"Entries":[' + b"0," * 4000000 + b"0]}"),
        json_message("SendMessage", b'{"MessageBody":"' + b'\\"' * 4000000 + b'"}'),
        json_message("SendMessage", b"[" * 8000000),
        json_message("TagQueue", {"QueueUrl": queue, "Tags": {f"k{i}": "v" for i in range(9000)}}),
    ]
    before = witness.rounds
    deadline = time.monotonic() + 60
    with Peer(server) as peer:
        while witness.rounds < before + 10:
            assert time.monotonic() < deadline, "the witness stands still"
            for data in costly:
                assert 400 <= peer.send(data).answer().status < 500


@pytest.mark.parametrize("path", sorted((ROOT / "model").glob("*.ops")), ids=lambda path: path.stem)
def test_no_operation_drops_a_parameter(server, path):
    model = gen.Model(path)
    if not model.query:
        pytest.skip("does not speak Query")
    for operation in model.operations:
        form = f"Action={operation}&Version={model.query[0]}&Nonsense.1=x"
        code, text = fault(server, query_message(form))
        if any(member.is_required for member in model.operations[operation]["in"]):
            continue  # what is missing may be told first
        assert code == ("UnknownParameter" if model.style == "ec2" else "InvalidQueryParameter")
        assert text == "The parameter Nonsense.1 is not recognized"


def test_lists_of_iam_may_be_flattened(server, name):
    form = f"Action=CreateUser&Version=2010-05-08&UserName={name}&Tags.1.Key=a&Tags.1.Value=b" \
        "&Tags.member.1.Key=c&Tags.member.1.Value=d"
    answer = ask(server, query_message(form))
    assert answer.status == 200
    assert b"<Key>a</Key><Value>b</Value></member><member><Key>c</Key>" in answer.body
