# SPDX-License-Identifier: MIT
"""What goes over the wire apart from what it means: routing, decoding, escaping, rendering."""
import json
import socket

import pytest

from dialects import Fault, Json, Query

XML = "text/xml"


def path_of(url):
    return url[url.index("/", 8):]


# ---- JSON ----

def test_json_operation_is_served_at_the_queue_url(json_api, queue):
    sent = json_api.call("SendMessage", {"MessageBody": "b"}, path_of(queue))
    [message] = json_api.call("ReceiveMessage", {}, path_of(queue))["Messages"]
    assert message["MessageId"] == sent["MessageId"]


def test_json_queue_url_wins_over_the_path(json_api, queue, name):
    other = json_api.CreateQueue(QueueName=name + "-other")["QueueUrl"]
    json_api.call("SendMessage", {"QueueUrl": queue, "MessageBody": "b"}, path_of(other))
    assert json_api.ReceiveMessage(QueueUrl=other) == {}
    assert len(json_api.ReceiveMessage(QueueUrl=queue)["Messages"]) == 1


def test_json_void_answer_is_empty_or_an_empty_object(json_api, queue):
    response = json_api.request("PurgeQueue", {"QueueUrl": queue})
    assert response.status_code == 200
    assert response.content in (b"", b"{}")


def test_json_ignores_nulls_and_unknown_members(json_api, queue):
    sent = json_api.SendMessage(QueueUrl=queue, MessageBody="b", DelaySeconds=None, Other=[1],
                                MessageAttributes=None, MessageGroupId=None)
    assert sent["MessageId"]
    assert json_api.ReceiveMessage(QueueUrl=queue, MaxNumberOfMessages=None)["Messages"]


def test_json_takes_members_in_any_order_and_escaped(json_api, queue):
    body = ('{"MessageBody":"\\u0041\\ud83d\\ude00\\/","\\u0051ueueUrl":"' + queue + '"}').encode()
    assert json_api.request("SendMessage", body).status_code == 200
    [message] = json_api.ReceiveMessage(QueueUrl=queue)["Messages"]
    assert message["Body"] == "A\U0001f600/"


@pytest.mark.parametrize("given, stored", [
    (1, "1"), (-5, "-5"), (True, "true"), (False, "false"), (1.5, "1.5")])
def test_json_casts_scalars_to_text(json_api, queue, given, stored):
    json_api.SendMessage(QueueUrl=queue, MessageBody=given)
    [message] = json_api.ReceiveMessage(QueueUrl=queue)["Messages"]
    assert message["Body"] == stored


@pytest.mark.parametrize("members, text", [
    ({"DelaySeconds": "5"}, "STRING_VALUE can not be converted to an Integer"),
    ({"DelaySeconds": True}, "TRUE_VALUE can not be converted to an Integer"),
    ({"DelaySeconds": 1 << 40}, "NUMBER_VALUE can not be converted to an Integer"),
    ({"DelaySeconds": {}}, "Start of structure or map found where not expected."),
    ({"DelaySeconds": []}, "Start of list found where not expected"),
    ({"MessageBody": {}}, "Start of structure or map found where not expected."),
    ({"MessageBody": ["b"]}, "Start of list found where not expected"),
    ({"MessageAttributes": "a"}, "STRING_VALUE can not be converted to a Map"),
    ({"MessageAttributes": {"n": {"DataType": "Binary", "BinaryValue": "*"}}},
     "Invalid base64 encoding found where a Blob was expected."),
])
def test_json_refuses_wrong_kinds(json_api, queue, members, text):
    with pytest.raises(Fault) as caught:
        json_api.call("SendMessage", {"QueueUrl": queue, "MessageBody": "b"} | members)
    assert (caught.value.shape, caught.value.status) == ("SerializationException", 400)
    assert caught.value.message == text


@pytest.mark.parametrize("body", [
    b"{", b"nonsense", b"[]", b"1", b'"text"', b"{} {}", b'{"QueueUrl":}', b"\xff\xfe",
    b'{"QueueUrl":"\xff"}', b"[" * 100000, b'{"a":' * 10000, b"\0", b'{"QueueUrl":"\\ud800"}'])
def test_json_refuses_what_is_no_json_object(json_api, body):
    response = json_api.request("SendMessage", body)
    json_api.check(response, "application/x-amz-json-1.0")
    assert response.status_code == 400
    assert response.json()["__type"].endswith("#SerializationException")


def test_json_empty_body_is_an_empty_input(json_api):
    assert json_api.request("ListQueues", b"").status_code == 200


@pytest.mark.parametrize("target", [
    "AmazonSQS.Nonsense", "AmazonSQS.", "AmazonSQS", "", "Other.SendMessage",
    "AmazonSQS.sendmessage", "AmazonSQS.SendMessage.x"])
def test_json_refuses_unknown_operations_by_name(json_api, target):
    response = json_api.send("POST", "/", {"X-Amz-Target": target}, data=b"{}")
    json_api.check(response, "application/x-amz-json-1.0")
    assert response.status_code == 400
    assert response.json()["__type"].endswith("#UnknownOperationException")
    assert target in response.json()["message"]


def test_json_without_a_target_says_so(json_api):
    response = json_api.send("POST", "/", {"Content-Type": "application/x-amz-json-1.0"},
                             data=b"{}")
    assert response.status_code == 400
    assert response.json()["__type"].endswith("#UnknownOperationException")


@pytest.mark.parametrize("content_type", [
    "application/x-amz-json-1.0", "application/x-amz-json-1.1", "application/json", "text/plain"])
def test_json_target_decides_not_the_content_type(json_api, content_type):
    response = json_api.send("POST", "/", {"Content-Type": content_type,
                                           "X-Amz-Target": "AmazonSQS.ListQueues"}, data=b"{}")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/x-amz-json-1.0"


def test_empty_collections_are_omitted(json_api, queue):
    for operation in ("ReceiveMessage", "ListQueueTags", "GetQueueAttributes"):
        assert json_api.call(operation, {"QueueUrl": queue}) == {}
    answer = json_api.SendMessageBatch(QueueUrl=queue, Entries=[{"Id": "a", "MessageBody": "b"}])
    assert list(answer) == ["Successful"]
    answer = json_api.SendMessageBatch(QueueUrl=queue, Entries=[{"Id": "a", "MessageBody": ""}])
    assert list(answer) == ["Failed"]


# ---- Query ----

def test_query_is_served_at_the_queue_url(query_api, queue):
    for operation, members in (("SendMessage", {"MessageBody": "b"}), ("ReceiveMessage", {}),
                               ("GetQueueAttributes", {"AttributeNames": ["All"]})):
        assert query_api.call(operation, members, path_of(queue))


def test_query_queue_url_wins_over_the_path(query_api, queue, name):
    other = query_api.CreateQueue(QueueName=name + "-other")["QueueUrl"]
    query_api.call("SendMessage", {"QueueUrl": queue, "MessageBody": "b"}, path_of(other))
    assert query_api.ReceiveMessage(QueueUrl=other) == {}
    assert len(query_api.ReceiveMessage(QueueUrl=queue)["Messages"]) == 1


@pytest.mark.parametrize("operation", ["CreateQueue", "ListQueues", "FooBar"])
def test_query_refuses_actions_a_queue_does_not_have(query_api, queue, operation):
    with pytest.raises(Fault) as caught:
        query_api.call(operation, {}, path_of(queue))
    assert (caught.value.code, caught.value.status) == ("InvalidAction", 400)
    assert caught.value.message == f"The action {operation} is not valid for this endpoint."


@pytest.mark.parametrize("path", ["/", "/base/", "/1234/x", "/000000000000", "/000000000000/",
                                  "/00000000000x/x"])
def test_query_takes_every_action_elsewhere(query_api, queue, name, path):
    assert query_api.call("ListQueues", {"QueueNamePrefix": name}, path) == {"QueueUrls": [queue]}


def test_query_finds_another_queue_from_a_queue_url(query_api, queue, name):
    other = query_api.CreateQueue(QueueName=name + "-other")["QueueUrl"]
    assert query_api.call("GetQueueUrl", {"QueueName": name + "-other"}, path_of(queue)) == {
        "QueueUrl": other}


def test_query_unknown_action(query_api):
    with pytest.raises(Fault) as caught:
        query_api.call("FooBar", {})
    assert (caught.value.code, caught.value.status) == ("InvalidAction", 400)
    assert caught.value.message == "The action FooBar is not valid for this endpoint."


def test_query_form_without_an_action(query_api):
    response = query_api.send("POST", "/", data={"Version": "2012-11-05"})
    assert response.status_code == 400
    assert b"<Code>MissingAction</Code>" in response.content


@pytest.mark.parametrize("accept", [None, "application/json"])
@pytest.mark.parametrize("at_queue", [True, False])
def test_get_without_an_action(query_api, queue, accept, at_queue):
    response = query_api.send("GET", path_of(queue) if at_queue else "/",
                              {"Accept": accept} if accept else None)
    assert response.status_code == 404
    assert response.content == b"<UnknownOperationException/>"
    query_api.check(response, XML)


def test_post_without_anything(query_api):
    response = query_api.send("POST", "/")
    assert (response.status_code, response.content) == (404, b"<UnknownOperationException/>")


def test_query_needs_no_version(query_api, queue):
    response = query_api.send("GET", path_of(queue) + "?Action=SendMessage&MessageBody=a+b%26")
    assert response.status_code == 200
    [message] = query_api.ReceiveMessage(QueueUrl=queue)["Messages"]
    assert message["Body"] == "a b&"


def test_query_action_may_stand_in_the_target_and_the_rest_in_the_form(query_api, queue):
    response = query_api.send("POST", path_of(queue) + "?Action=SendMessage",
                              data={"MessageBody": "b"})
    assert response.status_code == 200


def test_query_content_type_may_have_parameters(query_api, queue):
    response = query_api.send(
        "POST", "/", {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        data=f"Action=SendMessage&MessageBody=%C3%A9&QueueUrl={queue}")
    assert response.status_code == 200


@pytest.mark.parametrize("body", ["a\rb", "\r\n", "]]>", "<!--", "&amp;", "\t x \n", "'\"",
                                  "\u2028\u0085\u00a0", "\U0001f600"])
def test_query_escapes_what_xml_would_change(query_api, json_api, queue, body):
    json_api.SendMessage(QueueUrl=queue, MessageBody=body, MessageAttributes={
        "n": {"DataType": "String", "StringValue": body}})
    [message] = query_api.ReceiveMessage(QueueUrl=queue, MessageAttributeNames=["n"])["Messages"]
    assert message["Body"] == body
    assert message["MessageAttributes"]["n"]["StringValue"] == body


def test_query_numbers_may_have_gaps_and_any_order(query_api, queue):
    response = query_api.send("POST", "/", data=[
        ("Action", "SetQueueAttributes"), ("QueueUrl", queue),
        ("Attribute.9.Value", "7"), ("Attribute.2.Name", "VisibilityTimeout"),
        ("Attribute.9.Name", "DelaySeconds"), ("Attribute.2.Value", "8")])
    assert response.status_code == 200
    assert query_api.GetQueueAttributes(
        QueueUrl=queue, AttributeNames=["VisibilityTimeout", "DelaySeconds"])["Attributes"] == {
            "VisibilityTimeout": "8", "DelaySeconds": "7"}


@pytest.mark.parametrize("parameter, value", [
    ("DelaySeconds", "x"), ("DelaySeconds", "1.5"), ("DelaySeconds", ""),
    ("DelaySeconds", str(1 << 40))])
def test_query_refuses_what_is_no_number(query_api, queue, parameter, value):
    with pytest.raises(Fault) as caught:
        query_api.SendMessage(QueueUrl=queue, MessageBody="b", **{parameter: value})
    assert (caught.value.status, caught.value.code) == (400, "SerializationException")
    assert parameter in caught.value.message


@pytest.mark.parametrize("form", [b"Action=SendMessage&MessageBody=%zz", b"Action=%ff",
                                  b"a=1&" * 5000 + b"Action=ListQueues"])
def test_query_refuses_a_form_that_cannot_be_decoded(query_api, form):
    response = query_api.send("POST", "/", {
        "Content-Type": "application/x-www-form-urlencoded"}, data=form)
    assert 400 <= response.status_code < 500
    assert response.content.startswith(b'<?xml version="1.0"?><ErrorResponse ')


# What SDKs without the plain Name.1 send, each taken from the SDK's requests.
FORMS = {
    "boto 2": [
        ("GET", "Action=SetQueueAttributes&Attribute.Name=DelaySeconds&Attribute.Value=7"),
        ("GET", "Action=GetQueueAttributes&AttributeName=DelaySeconds"),
        ("GET", "AWSAccountId=123456789012&Action=AddPermission&ActionName=SendMessage&Label=l"),
    ],
    "AWS SDK for Java 1.12 and 2.20": [
        ("POST", "Action=TagQueue&Tags.1.Key=k&Tags.1.Value=v&Tags.2.Key=l&Tags.2.Value=w"),
        ("POST", "Action=UntagQueue&TagKey.1=l"),
        ("POST", "Action=SetQueueAttributes&Attribute.1.Name=DelaySeconds&Attribute.1.Value=7"),
        ("POST", "Action=GetQueueAttributes&AttributeName.1=DelaySeconds"),
        ("POST", "Action=AddPermission&Label=l&AWSAccountId.1=123456789012"
                 "&ActionName.1=SendMessage"),
    ],
    "names of members": [
        ("POST", "Action=TagQueue&Tags.1.Key=k&Tags.1.Value=v&Tags.2.Key=l&Tags.2.Value=w"),
        ("POST", "Action=UntagQueue&TagKeys.1=l"),
        ("POST", "Action=SetQueueAttributes&Attributes.1.Name=DelaySeconds&Attributes.1.Value=7"),
        ("POST", "Action=GetQueueAttributes&AttributeNames.1=DelaySeconds"),
        ("POST", "Action=AddPermission&Label=l&AWSAccountIds.1=123456789012"
                 "&Actions.1=SendMessage"),
    ],
}


def raw(api, method, path, form):
    if method == "GET":
        return api.send("GET", f"{path}?{form}&Version=2012-11-05")
    return api.send("POST", path, {"Content-Type": "application/x-www-form-urlencoded"},
                    data=form + "&Version=2012-11-05")


@pytest.mark.parametrize("sdk", FORMS)
def test_query_takes_the_forms_of_older_sdks(query_api, json_api, queue, sdk):
    for method, form in FORMS[sdk]:
        response = raw(query_api, method, path_of(queue), form)
        assert response.status_code == 200, response.text
        if "GetQueueAttributes" in form:
            assert "<Name>DelaySeconds</Name><Value>7</Value>" in response.text
    attributes = json_api.GetQueueAttributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert attributes["DelaySeconds"] == "7"
    assert "123456789012" in attributes["Policy"]
    tagged = any("TagQueue" in form for _, form in FORMS[sdk])
    assert json_api.ListQueueTags(QueueUrl=queue) == ({"Tags": {"k": "v"}} if tagged else {})


@pytest.mark.parametrize("form", [
    "Attribute.Name=DelaySeconds&Attribute.Value=7&Tag.Key=k&Tag.Value=v",
    "Attributes.1.Name=DelaySeconds&Attributes.1.Value=7&Tags.1.Key=k&Tags.1.Value=v"])
def test_query_creates_a_queue_with_unnumbered_and_plural_lists(query_api, json_api, name, form):
    response = raw(query_api, "POST", "/", f"Action=CreateQueue&QueueName={name}&{form}")
    assert response.status_code == 200
    answer = json_api.GetQueueAttributes(QueueUrl=name, AttributeNames=["DelaySeconds"])
    assert answer["Attributes"] == {"DelaySeconds": "7"}
    assert json_api.ListQueueTags(QueueUrl=name)["Tags"] == {"k": "v"}


def test_query_takes_batches_and_message_attributes_by_their_members_names(query_api, queue):
    response = raw(query_api, "POST", path_of(queue), (
        "Action=SendMessageBatch&Entries.1.Id=a&Entries.1.MessageBody=b"
        "&Entries.1.MessageAttributes.1.Name=n&Entries.1.MessageAttributes.1.Value.DataType=String"
        "&Entries.1.MessageAttributes.1.Value.StringValue=s"))
    assert response.status_code == 200
    response = raw(query_api, "POST", path_of(queue), (
        "Action=ReceiveMessage&AttributeNames.1=SenderId&MessageAttributeName=n"
        "&MessageSystemAttributeNames=SentTimestamp"))
    for text in ("<Name>SenderId</Name>", "<Name>SentTimestamp</Name>",
                 "<StringValue>s</StringValue>"):
        assert text in response.text


@pytest.mark.parametrize("form, parameter", [
    ("Action=SendMessage&MessageBody=b&Delay=5", "Delay"),
    ("Action=SendMessage&MessageBody=b&QueueName=x", "QueueName"),
    ("Action=SendMessage&MessageBody.1=b", "MessageBody.1"),
    ("Action=TagQueue&Tag.1.Key=k&Tag.1.Val=v", "Tag.1.Val"),
    ("Action=TagQueue&tag.1.Key=k&tag.1.Value=v", "tag.1.Key"),
    ("Action=SetQueueAttributes&Attribute.1.Name=DelaySeconds&Attribute.01.Value=1",
     "Attribute.01.Value"),
    ("Action=ReceiveMessage&AttributeName.All=", "AttributeName.All"),
    ("Action=GetQueueAttributes&AttributeName.1=All&AttributeName.1.Name=x",
     "AttributeName.1.Name"),
])
def test_query_refuses_parameters_that_it_does_not_have(query_api, queue, form, parameter):
    response = raw(query_api, "POST", path_of(queue), form)
    assert response.status_code == 400
    assert "<Code>InvalidQueryParameter</Code>" in response.text
    assert f"<Message>The parameter {parameter} is not recognized</Message>" in response.text


def test_query_tells_of_missing_members_first(query_api, queue):
    response = raw(query_api, "POST", "/", "Action=CreateQueue&FooBar=baz")
    assert response.status_code == 400
    assert "<Code>InvalidParameterValue</Code>" in response.text
    assert "<Message>Value for parameter QueueName is invalid. Reason: Must specify a queue name." \
        "</Message>" in response.text
    response = raw(query_api, "POST", path_of(queue), "Action=DeleteQueue&FooBar=baz")
    assert "<Message>The parameter FooBar is not recognized</Message>" in response.text
    assert query_api.GetQueueAttributes(QueueUrl=queue) == {}


def test_query_refuses_two_values_of_one_parameter(query_api, queue):
    response = raw(query_api, "POST", path_of(queue) + "?MessageBody=a",
                   "Action=SendMessage&MessageBody=b")
    assert response.status_code == 400
    assert "The parameter MessageBody is given more than once" in response.text
    response = raw(query_api, "POST", path_of(queue) + "?MessageBody=b",
                   "Action=SendMessage&MessageBody=b")
    assert response.status_code == 200


def test_query_knows_the_parameters_of_every_request(query_api, queue):
    response = raw(query_api, "GET", path_of(queue), (
        "Action=ReceiveMessage&AWSAccessKeyId=a&SignatureVersion=2&SignatureMethod=HmacSHA256"
        "&Timestamp=2026-01-01T00%3A00%3A00Z&Expires=1&Signature=s&X-Amz-Date=20260101T000000Z"))
    assert response.status_code == 200


# ---- Query, rendered as JSON ----

def as_json(api, operation, members, path="/"):
    response = api.request(operation, members, path, {"Accept": "application/json"})
    api.check(response, "application/json")
    return response


def test_query_as_json(query_api, queue, name):
    response = as_json(query_api, "ListQueues", {"QueueNamePrefix": name})
    assert response.json() == {"ListQueuesResponse": {
        "ListQueuesResult": {"QueueUrls": [queue], "NextToken": None},
        "ResponseMetadata": {"RequestId": response.headers["x-amzn-RequestId"]}}}


def test_query_as_json_calls_messages_messages(query_api, queue):
    query_api.SendMessage(QueueUrl=queue, MessageBody="b")
    answer = as_json(query_api, "ReceiveMessage", {"QueueUrl": queue}).json()
    [message] = answer["ReceiveMessageResponse"]["ReceiveMessageResult"]["messages"]
    assert message == {
        "Attributes": None, "Body": "b", "MD5OfBody": "92eb5ffee6ae2fec3ad71c777531578f",
        "MD5OfMessageAttributes": None, "MessageAttributes": None,
        "MessageId": message["MessageId"], "ReceiptHandle": message["ReceiptHandle"]}
    answer = as_json(query_api, "ReceiveMessage", {"QueueUrl": queue}).json()
    assert answer["ReceiveMessageResponse"]["ReceiveMessageResult"] == {"messages": None}


def test_query_as_json_lists_the_entries_of_maps(query_api, queue):
    query_api.TagQueue(QueueUrl=queue, Tags={"k": "v"})
    query_api.SendMessage(QueueUrl=queue, MessageBody="b", MessageAttributes={
        "n": {"DataType": "String", "StringValue": "s"}})
    answer = as_json(query_api, "GetQueueAttributes", {
        "QueueUrl": queue, "AttributeNames": ["DelaySeconds", "VisibilityTimeout"]}).json()
    assert answer["GetQueueAttributesResponse"]["GetQueueAttributesResult"] == {"Attributes": [
        {"Name": "DelaySeconds", "Value": "0"}, {"Name": "VisibilityTimeout", "Value": "30"}]}
    answer = as_json(query_api, "ListQueueTags", {"QueueUrl": queue}).json()
    assert answer["ListQueueTagsResponse"]["ListQueueTagsResult"] == {
        "Tags": [{"Key": "k", "Value": "v"}]}
    answer = as_json(query_api, "ReceiveMessage", {
        "QueueUrl": queue, "AttributeNames": ["ApproximateReceiveCount"],
        "MessageAttributeNames": ["n"]}).json()
    [message] = answer["ReceiveMessageResponse"]["ReceiveMessageResult"]["messages"]
    assert message["Attributes"] == [{"Name": "ApproximateReceiveCount", "Value": "1"}]
    [attribute] = message["MessageAttributes"]
    assert (attribute["Name"], attribute["Value"]["StringValue"]) == ("n", "s")


def test_query_as_json_shows_what_is_absent_as_null(query_api, queue):
    """As AWS answers API Gateway, which asks so."""
    answer = as_json(query_api, "SendMessage", {"QueueUrl": queue, "MessageBody": "b"}).json()
    result = answer["SendMessageResponse"]["SendMessageResult"]
    assert result == {
        "MD5OfMessageAttributes": None, "MD5OfMessageBody": "92eb5ffee6ae2fec3ad71c777531578f",
        "MD5OfMessageSystemAttributes": None, "MessageId": result["MessageId"],
        "SequenceNumber": None}


def test_query_as_json_without_a_result(query_api, queue):
    response = as_json(query_api, "PurgeQueue", {"QueueUrl": queue})
    assert response.json() == {"PurgeQueueResponse": {
        "ResponseMetadata": {"RequestId": response.headers["x-amzn-RequestId"]}}}


def test_query_as_json_faults(query_api):
    response = as_json(query_api, "SendMessage", {"QueueUrl": "absent", "MessageBody": "b"})
    assert response.status_code == 400
    error = response.json()["Error"]
    assert error["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert error["Message"] == "The specified queue does not exist for this wsdl version."
    assert error["Type"] == "Sender"


# ---- who and where ----

def test_accounts_and_regions_are_apart(server, name):
    places = [(account, region) for account in ("111111111111", "222222222222")
              for region in ("us-east-1", "eu-west-1", "ap-southeast-1")]
    for account, region in places:
        sqs = server.client(account=account, region=region)
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        assert url == f"{server.url}/{account}/{name}"
        sqs.send_message(QueueUrl=url, MessageBody=f"{account} {region}")
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        assert arn == {"QueueArn": f"arn:aws:sqs:{region}:{account}:{name}"}
    for account, region in places:
        sqs = server.client(account=account, region=region)
        [message] = sqs.receive_message(QueueUrl=name)["Messages"]
        assert message["Body"] == f"{account} {region}"
        assert sqs.list_queues(QueueNamePrefix=name)["QueueUrls"] == [
            f"{server.url}/{account}/{name}"]


@pytest.mark.parametrize("operation, members", [
    ("SendMessage", {"MessageBody": "b"}), ("ReceiveMessage", {}), ("DeleteQueue", {}),
    ("PurgeQueue", {}), ("GetQueueAttributes", {"AttributeNames": ["All"]}),
    ("SetQueueAttributes", {"Attributes": {"DelaySeconds": "1"}}), ("ListQueueTags", {}),
    ("DeleteMessage", {"ReceiptHandle": "handle"})])
def test_queues_of_another_account_are_closed(server, name, operation, members):
    owner = server.client(account="111111111111")
    url = owner.create_queue(QueueName=name)["QueueUrl"]
    owner.send_message(QueueUrl=url, MessageBody="private")
    handle = owner.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    stranger = Json(server, account="222222222222")
    if "ReceiptHandle" in members:
        members = {"ReceiptHandle": handle}
    for form in (url, f"/111111111111/{name}", f"arn:aws:sqs:us-east-1:111111111111:{name}"):
        denials = set()
        for queue in (form, form + "-absent"):
            with pytest.raises(Fault) as caught:
                stranger.call(operation, {"QueueUrl": queue} | members)
            assert caught.value.shape == "AccessDeniedException"
            denials.add(caught.value.message.replace("-absent", ""))
        assert len(denials) == 1, "what exists must not show"
    with pytest.raises(Fault) as caught:
        stranger.call(operation, {"QueueUrl": name} | members)
    assert caught.value.shape == "QueueDoesNotExist"
    found = owner.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (found["ApproximateNumberOfMessagesNotVisible"], found["DelaySeconds"]) == ("1", "0")


@pytest.mark.parametrize("key", ["test", "AKIAIOSFODNN7EXAMPLE", "12345", "1234567890123"])
def test_other_access_keys_mean_the_default_account(server, name, key):
    url = server.client(account=key).create_queue(QueueName=name)["QueueUrl"]
    assert url == f"{server.url}/000000000000/{name}"


def test_unsigned_requests_mean_the_default_account_and_region(server, name):
    response = server.get(f"/?Action=CreateQueue&QueueName={name}")
    assert response.status_code == 200
    assert server.client().get_queue_url(QueueName=name)["QueueUrl"].endswith(
        f"/000000000000/{name}")


def test_presigned_requests_carry_their_account_in_the_query(server, name):
    response = server.get("/", params={
        "Action": "CreateQueue", "QueueName": name, "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "333333333333/20260101/ap-south-1/sqs/aws4_request",
        "X-Amz-Date": "20260101T000000Z", "X-Amz-Expires": "60", "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "0"})
    assert response.status_code == 200
    assert server.client(account="333333333333", region="ap-south-1").get_queue_url(
        QueueName=name)["QueueUrl"] == f"{server.url}/333333333333/{name}"


@pytest.mark.parametrize("host, proto, base", [
    ("sqs.example.com", None, "http://sqs.example.com"),
    ("queue:9324", None, "http://queue:9324"),
    ("tunnel.example.com", "https", "https://tunnel.example.com"),
    ("proxy.example.com:8443", "https", "https://proxy.example.com:8443"),
    ("proxy.example.com", "http", "http://proxy.example.com"),
    ("proxy.example.com", "nonsense", "http://proxy.example.com"),
    ("[::1]:4566", None, "http://[::1]:4566"),
])
@pytest.mark.parametrize("dialect", [Json, Query], ids=lambda dialect: dialect.name)
def test_queue_urls_are_built_from_the_host_asked(server, queue, name, dialect, host, proto, base):
    api = dialect(server)
    api.headers = api.headers | {"Host": host} | ({"X-Forwarded-Proto": proto} if proto else {})
    url = f"{base}/000000000000/{name}"
    assert api.GetQueueUrl(QueueName=name) == {"QueueUrl": url}
    assert api.ListQueues(QueueNamePrefix=name) == {"QueueUrls": [url]}


@pytest.mark.parametrize("head, base", [
    ("GET {0} HTTP/1.0\r\n\r\n", "http://localhost:4566"),
    ("GET {0} HTTP/1.1\r\nHost: \r\n\r\n", "http://localhost:4566"),
    ("GET {0} HTTP/1.1\r\nHost: <b>\r\n\r\n", "http://localhost:4566"),
    ("GET {0} HTTP/1.1\r\nHost: queue.example.com\r\n\r\n", "http://queue.example.com"),
])
@pytest.mark.parametrize("public_url", [None, "https://sqs.example.com:8443"])
def test_queue_urls_without_a_usable_host(private, head, base, public_url):
    server = private("--host-name", "*", *(["--public-url", public_url] if public_url else []))
    if public_url and base.startswith("http://localhost"):
        base = public_url
    base = base.replace("4566", str(server.port))
    server.client().create_queue(QueueName="q")
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.format("/?Action=GetQueueUrl&QueueName=q").encode())
        answer = b""
        while b"</GetQueueUrlResponse>" not in answer:
            part = connection.recv(4096)
            assert part, answer
            answer += part
    assert f"<QueueUrl>{base}/000000000000/q</QueueUrl>".encode() in answer


@pytest.mark.parametrize("form", [
    "{0}", "http://elsewhere.example.com:1/000000000000/{1}",
    "https://sqs.us-east-1.amazonaws.com/000000000000/{1}", "https://queue.amazonaws.com/"
    "000000000000/{1}", "/000000000000/{1}", "{1}", "arn:aws:sqs:us-east-1:000000000000:{1}",
    "http://localhost:4566/queue/us-east-1/000000000000/{1}",
    "http://localhost/000000000000/{1}/"])
def test_a_queue_is_known_by_many_names(api, queue, name, form):
    api.SendMessage(QueueUrl=form.format(queue, name), MessageBody="b")
    assert len(api.ReceiveMessage(QueueUrl=queue)["Messages"]) == 1


def test_trace_header_of_http_becomes_an_attribute(api, queue):
    api.headers = api.headers | {"X-Amzn-Trace-Id": "Root=1-from-http"}
    sent = api.SendMessage(QueueUrl=queue, MessageBody="one")
    assert "MD5OfMessageSystemAttributes" not in sent
    api.SendMessageBatch(QueueUrl=queue, Entries=[
        {"Id": "a", "MessageBody": "two"},
        {"Id": "b", "MessageBody": "three", "MessageSystemAttributes": {
            "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-given"}}}])
    received = api.ReceiveMessage(QueueUrl=queue, MaxNumberOfMessages=10,
                                  AttributeNames=["AWSTraceHeader"])["Messages"]
    assert {message["Body"]: message["Attributes"]["AWSTraceHeader"] for message in received} == {
        "one": "Root=1-from-http", "two": "Root=1-from-http", "three": "Root=1-given"}


def test_large_answers_are_whole(json_api, query_api, queue):
    body = "\u00e9<" * 34000
    for _ in range(10):
        json_api.SendMessage(QueueUrl=queue, MessageBody=body)
    for api in (json_api, query_api):
        received = api.ReceiveMessage(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
        assert [message["Body"] == body for message in received["Messages"]] == [True] * 10


def test_json_numbers_of_move_tasks_are_numbers(json_api, queue, name):
    source = json_api.CreateQueue(QueueName=name + "-s", Attributes={
        "RedrivePolicy": json.dumps({"deadLetterTargetArn":
                                     f"arn:aws:sqs:us-east-1:000000000000:{name}",
                                     "maxReceiveCount": "3"})})
    assert source["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:000000000000:{name}"
    json_api.StartMessageMoveTask(SourceArn=arn)
    [task] = json_api.ListMessageMoveTasks(SourceArn=arn)["Results"]
    for member in ("StartedTimestamp", "ApproximateNumberOfMessagesMoved",
                   "ApproximateNumberOfMessagesToMove"):
        assert isinstance(task[member], int)
