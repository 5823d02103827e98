# SPDX-License-Identifier: MIT
"""Each of the 23 operations doing its work, in every dialect, with the whole answer compared."""
import hashlib
import json
import time

import pytest

from dialects import UUID
from ternd import eventually

ARN = "arn:aws:sqs:us-east-1:000000000000:"
BODY = "<hello & \"goodbye\">\r\n\t'\u00e9 \U0001f600"
MD5 = hashlib.md5(BODY.encode()).hexdigest()


@pytest.fixture
def url(any_api, name):
    return any_api.CreateQueue(QueueName=name)["QueueUrl"]


def receive_one(api, url, **options):
    [message] = api.ReceiveMessage(QueueUrl=url, **options)["Messages"]
    return message


def test_create_queue(any_api, server, name):
    answer = any_api.CreateQueue(QueueName=name, Attributes={"VisibilityTimeout": "5"},
                                 tags={"team": "blue", "empty": ""})
    assert answer == {"QueueUrl": f"{server.url}/000000000000/{name}"}
    attributes = any_api.GetQueueAttributes(QueueUrl=answer["QueueUrl"], AttributeNames=["All"])
    assert attributes["Attributes"]["VisibilityTimeout"] == "5"
    assert any_api.ListQueueTags(QueueUrl=answer["QueueUrl"]) == {
        "Tags": {"team": "blue", "empty": ""}}


def test_get_queue_url(any_api, url, name):
    assert any_api.GetQueueUrl(QueueName=name) == {"QueueUrl": url}
    assert any_api.GetQueueUrl(QueueName=name, QueueOwnerAWSAccountId="000000000000") == {
        "QueueUrl": url}


def test_list_queues(any_api, url, name):
    assert any_api.ListQueues(QueueNamePrefix=name) == {"QueueUrls": [url]}
    assert url in any_api.ListQueues()["QueueUrls"]
    assert any_api.ListQueues(QueueNamePrefix="absent") == {}


def test_list_queues_in_pages(any_api, name):
    urls = [any_api.CreateQueue(QueueName=f"{name}-{i}")["QueueUrl"] for i in range(5)]
    found, token = [], {}
    for size in (2, 2, 1):
        page = any_api.ListQueues(QueueNamePrefix=name + "-", MaxResults=2, **token)
        assert len(page["QueueUrls"]) == size
        found += page["QueueUrls"]
        token = {"NextToken": page["NextToken"]} if "NextToken" in page else None
    assert token is None
    assert sorted(found) == urls


def test_delete_queue(any_api, url, name):
    assert any_api.DeleteQueue(QueueUrl=url) == {}
    assert any_api.ListQueues(QueueNamePrefix=name) == {}


def test_get_queue_attributes(any_api, url, name):
    assert any_api.GetQueueAttributes(QueueUrl=url) == {}
    assert any_api.GetQueueAttributes(QueueUrl=url, AttributeNames=["QueueArn"]) == {
        "Attributes": {"QueueArn": ARN + name}}
    assert any_api.GetQueueAttributes(QueueUrl=url, AttributeNames=["Policy"]) == {}


def test_attributes_of_a_new_queue(any_api, url, name):
    before = int(time.time()) + 1
    attributes = any_api.GetQueueAttributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    for stamp in ("CreatedTimestamp", "LastModifiedTimestamp"):
        assert before - 60 < int(attributes.pop(stamp)) <= before
    assert attributes == {
        "ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesDelayed": "0",
        "ApproximateNumberOfMessagesNotVisible": "0", "DelaySeconds": "0",
        "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
        "QueueArn": ARN + name, "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true", "VisibilityTimeout": "30"}


def test_attributes_of_a_new_fifo_queue(any_api, name):
    url = any_api.CreateQueue(QueueName=name + ".fifo",
                              Attributes={"FifoQueue": "True"})["QueueUrl"]
    attributes = any_api.GetQueueAttributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert {key: attributes[key] for key in (
        "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")} == {
            "FifoQueue": "true", "ContentBasedDeduplication": "false",
            "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"}
    assert len(attributes) == 16


def test_set_queue_attributes(any_api, url):
    given = {"DelaySeconds": "900", "MaximumMessageSize": "1024", "VisibilityTimeout": "43200",
             "MessageRetentionPeriod": "1209600", "ReceiveMessageWaitTimeSeconds": "20"}
    assert any_api.SetQueueAttributes(QueueUrl=url, Attributes=given) == {}
    assert any_api.GetQueueAttributes(QueueUrl=url, AttributeNames=list(given)) == {
        "Attributes": given}


def test_tags(any_api, url):
    assert any_api.ListQueueTags(QueueUrl=url) == {}
    assert any_api.TagQueue(QueueUrl=url, Tags={"a": "1", "B": "2", "\u00e9 _.:/=+-@": ""}) == {}
    assert any_api.TagQueue(QueueUrl=url, Tags={"a": "3", "b": "4"}) == {}
    assert any_api.UntagQueue(QueueUrl=url, TagKeys=["B", "absent"]) == {}
    assert any_api.ListQueueTags(QueueUrl=url) == {
        "Tags": {"a": "3", "b": "4", "\u00e9 _.:/=+-@": ""}}


def test_permissions(any_api, url, name):
    assert any_api.AddPermission(QueueUrl=url, Label="one", AWSAccountIds=["111122223333"],
                                 Actions=["ReceiveMessage"]) == {}
    assert any_api.AddPermission(QueueUrl=url, Label="two", Actions=["*", "SendMessage"],
                                 AWSAccountIds=["111122223333", "444455556666"]) == {}
    policy = any_api.GetQueueAttributes(QueueUrl=url, AttributeNames=["Policy"])
    assert json.loads(policy["Attributes"]["Policy"]) == {
        "Version": "2008-10-17", "Id": f"{ARN}{name}/SQSDefaultPolicy", "Statement": [
            {"Sid": "one", "Effect": "Allow",
             "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
             "Action": "SQS:ReceiveMessage", "Resource": ARN + name},
            {"Sid": "two", "Effect": "Allow",
             "Principal": {"AWS": ["arn:aws:iam::111122223333:root",
                                   "arn:aws:iam::444455556666:root"]},
             "Action": ["SQS:*", "SQS:SendMessage"], "Resource": ARN + name}]}
    for label in ("one", "two"):
        assert any_api.RemovePermission(QueueUrl=url, Label=label) == {}
    assert any_api.GetQueueAttributes(QueueUrl=url, AttributeNames=["Policy"]) == {}


def test_send_receive_delete(any_api, url):
    sent = any_api.SendMessage(QueueUrl=url, MessageBody=BODY)
    assert sent == {"MD5OfMessageBody": MD5, "MessageId": sent["MessageId"]}
    assert UUID.fullmatch(sent["MessageId"])
    message = receive_one(any_api, url)
    handle = message.pop("ReceiptHandle")
    assert message == {"MessageId": sent["MessageId"], "MD5OfBody": MD5, "Body": BODY}
    assert 0 < len(handle) <= 1024
    assert any_api.ReceiveMessage(QueueUrl=url) == {}
    assert any_api.DeleteMessage(QueueUrl=url, ReceiptHandle=handle) == {}
    assert any_api.DeleteMessage(QueueUrl=url, ReceiptHandle=handle) == {}


def test_message_attributes(any_api, url):
    attributes = {
        "text": {"StringValue": "<a> & b", "DataType": "String"},
        "n.1": {"StringValue": "1493147359900", "DataType": "Number.ms"},
        "raw-_": {"BinaryValue": b"\x00\xff\x1e", "DataType": "Binary"},
    }
    sent = any_api.SendMessage(QueueUrl=url, MessageBody="b", MessageAttributes=attributes)
    message = receive_one(any_api, url, MessageAttributeNames=["All"])
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["MessageAttributes"] == attributes | {
        "raw-_": {"BinaryValue": "AP8e", "DataType": "Binary"}}


@pytest.mark.parametrize("number", [
    "0", "-0.0", "+1", "1" * 38, "1" * 38 + "0" * 88, "0" * 200 + "1", "0.5", ".5", "5.", "1e126",
    "-1E+126", "1e-128", "10e-129", "0." + "0" * 90 + "1", "0e999"])
def test_number_attribute_as_large_as_allowed(json_api, queue, number):
    attributes = {"n": {"DataType": "Number", "StringValue": number}}
    json_api.SendMessage(QueueUrl=queue, MessageBody="b", MessageAttributes=attributes)
    [message] = json_api.ReceiveMessage(QueueUrl=queue, MessageAttributeNames=["n"])["Messages"]
    assert message["MessageAttributes"] == attributes


def test_system_attributes(any_api, url):
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    sent = any_api.SendMessage(QueueUrl=url, MessageBody="b", MessageSystemAttributes={
        "AWSTraceHeader": {"DataType": "String", "StringValue": trace}})
    assert sent["MD5OfMessageSystemAttributes"] == "5ae4d5d7636402d80f4eb6d213245a88"
    assert "MD5OfMessageAttributes" not in sent
    message = receive_one(any_api, url, MessageSystemAttributeNames=["All"])
    attributes = message["Attributes"]
    assert attributes.pop("SentTimestamp") <= attributes.pop("ApproximateFirstReceiveTimestamp")
    assert attributes == {"AWSTraceHeader": trace, "ApproximateReceiveCount": "1",
                          "SenderId": "000000000000"}


def test_queue_attributes_may_be_asked_of_messages(any_api, url):
    """The API's type allows their names here; they mean nothing."""
    any_api.SendMessage(QueueUrl=url, MessageBody="b")
    message = receive_one(any_api, url, AttributeNames=["Policy", "VisibilityTimeout", "SenderId"])
    assert message["Attributes"] == {"SenderId": "000000000000"}


def test_system_attributes_of_a_fifo_message(any_api, name):
    url = any_api.CreateQueue(QueueName=name + ".fifo",
                              Attributes={"FifoQueue": "true"})["QueueUrl"]
    sent = any_api.SendMessage(QueueUrl=url, MessageBody="b", MessageGroupId="g!",
                               MessageDeduplicationId="d~")
    assert len(sent["SequenceNumber"]) == 20
    message = receive_one(any_api, url, AttributeNames=["All"])
    assert {key: message["Attributes"][key] for key in (
        "MessageGroupId", "MessageDeduplicationId", "SequenceNumber")} == {
            "MessageGroupId": "g!", "MessageDeduplicationId": "d~",
            "SequenceNumber": sent["SequenceNumber"]}


def test_change_message_visibility(any_api, url):
    any_api.SendMessage(QueueUrl=url, MessageBody="b")
    handle = receive_one(any_api, url)["ReceiptHandle"]
    assert any_api.ChangeMessageVisibility(QueueUrl=url, ReceiptHandle=handle,
                                           VisibilityTimeout=0) == {}
    assert receive_one(any_api, url)["Body"] == "b"


def test_send_message_batch(any_api, url):
    answer = any_api.SendMessageBatch(QueueUrl=url, Entries=[
        {"Id": "a", "MessageBody": BODY},
        {"Id": "b", "MessageBody": ""},
        {"Id": "c", "MessageBody": "c", "DelaySeconds": 901},
        {"Id": "e", "MessageBody": "\x01"},
        {"Id": "f", "MessageBody": "f", "MessageDeduplicationId": "d"},
        {"Id": "d", "MessageBody": "d", "MessageAttributes": {
            "MyAttribute": {"DataType": "String", "StringValue": "foobar"}}}])
    sent = {entry["Id"]: entry for entry in answer["Successful"]}
    assert sent["a"] == {"Id": "a", "MessageId": sent["a"]["MessageId"], "MD5OfMessageBody": MD5}
    assert sent["d"]["MD5OfMessageAttributes"] == "adb59cd4678ea5a855436b949cd07ab6"
    assert [(entry["Id"], entry["Code"]) for entry in answer["Failed"][2:]] == [
        ("e", "InvalidMessageContents"), ("f", "InvalidParameterValue")]
    assert answer["Failed"][:2] == [
        {"Id": "b", "SenderFault": True, "Code": "MissingParameter", "Message":
         "The request must contain the parameter SendMessageBatchRequestEntry.2.MessageBody."},
        {"Id": "c", "SenderFault": True, "Code": "InvalidParameterValue", "Message":
         "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and "
         "<= 900."}]
    assert sorted(sent) == ["a", "d"]


def test_delete_message_batch(any_api, url):
    any_api.SendMessage(QueueUrl=url, MessageBody="b")
    handle = receive_one(any_api, url)["ReceiptHandle"]
    assert any_api.DeleteMessageBatch(QueueUrl=url, Entries=[
        {"Id": "a", "ReceiptHandle": handle},
        {"Id": "b", "ReceiptHandle": "garbage"},
        {"Id": "c", "ReceiptHandle": handle}]) == {
            "Successful": [{"Id": "a"}, {"Id": "c"}],
            "Failed": [{"Id": "b", "SenderFault": True, "Code": "ReceiptHandleIsInvalid",
                        "Message": "The input receipt handle \"garbage\" is not a valid receipt "
                                   "handle."}]}
    assert any_api.DeleteMessageBatch(QueueUrl=url, Entries=[
        {"Id": "a", "ReceiptHandle": handle}]) == {"Successful": [{"Id": "a"}]}


def test_change_message_visibility_batch(any_api, url):
    any_api.SendMessage(QueueUrl=url, MessageBody="b")
    handle = receive_one(any_api, url)["ReceiptHandle"]
    prefix = "The request must contain the parameter "
    answer = any_api.ChangeMessageVisibilityBatch(QueueUrl=url, Entries=[
        {"Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 0},
        {"Id": "b", "ReceiptHandle": handle},
        {"Id": "c", "VisibilityTimeout": 1},
        {"Id": "d", "ReceiptHandle": handle, "VisibilityTimeout": -85}])
    assert answer["Successful"] == [{"Id": "a"}]
    assert [(entry["Id"], entry["Code"], entry["Message"]) for entry in answer["Failed"]] == [
        ("b", "MissingParameter",
         prefix + "ChangeMessageVisibilityBatchRequestEntry.2.VisibilityTimeout."),
        ("c", "MissingParameter", prefix + "ReceiptHandle."),
        ("d", "InvalidParameterValue", "Value -85 for parameter VisibilityTimeout is invalid. "
         "Reason: VisibilityTimeout must be an integer between 0 and 43200.")]


def test_purge_queue(any_api, url):
    any_api.SendMessage(QueueUrl=url, MessageBody="visible")
    any_api.ReceiveMessage(QueueUrl=url)
    any_api.SendMessage(QueueUrl=url, MessageBody="visible")
    any_api.SendMessage(QueueUrl=url, MessageBody="delayed", DelaySeconds=900)
    assert any_api.PurgeQueue(QueueUrl=url) == {}
    counts = any_api.GetQueueAttributes(QueueUrl=url, AttributeNames=[
        "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed"])["Attributes"]
    assert set(counts.values()) == {"0"} and len(counts) == 3


@pytest.fixture
def dead(any_api, url, name):
    """The URL of a dead-letter queue of `url`, with one message that was received too often."""
    dead = any_api.CreateQueue(QueueName=name + "-dead")["QueueUrl"]
    any_api.SetQueueAttributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": f"{ARN}{name}-dead", "maxReceiveCount": 1})})
    any_api.SendMessage(QueueUrl=url, MessageBody="poison")
    receive_one(any_api, url, VisibilityTimeout=0)
    assert any_api.ReceiveMessage(QueueUrl=url) == {}
    return dead


def test_list_dead_letter_source_queues(any_api, url, dead):
    assert any_api.ListDeadLetterSourceQueues(QueueUrl=dead) == {"queueUrls": [url]}


def test_message_move_task(any_api, url, dead, name):
    source = f"{ARN}{name}-dead"
    handle = any_api.StartMessageMoveTask(
        SourceArn=source, DestinationArn=ARN + name, MaxNumberOfMessagesPerSecond=500)
    assert list(handle) == ["TaskHandle"]

    def completed():
        [task] = any_api.ListMessageMoveTasks(SourceArn=source)["Results"]
        return task if task["Status"] == "COMPLETED" else None

    task = eventually(completed)
    assert abs(task.pop("StartedTimestamp") / 1000 - time.time()) < 60
    assert task == {
        "Status": "COMPLETED", "SourceArn": source, "DestinationArn": ARN + name,
        "MaxNumberOfMessagesPerSecond": 500, "ApproximateNumberOfMessagesMoved": 1,
        "ApproximateNumberOfMessagesToMove": 1}
    assert receive_one(any_api, url)["Body"] == "poison"


def test_cancel_message_move_task(any_api, dead, name):
    for number in range(20):
        any_api.SendMessage(QueueUrl=dead, MessageBody=str(number))
    source = f"{ARN}{name}-dead"
    handle = any_api.StartMessageMoveTask(
        SourceArn=source, DestinationArn=ARN + name, MaxNumberOfMessagesPerSecond=1)
    assert any_api.CancelMessageMoveTask(**handle)["ApproximateNumberOfMessagesMoved"] < 20

    def ended():
        [task] = any_api.ListMessageMoveTasks(SourceArn=source)["Results"]
        assert task["Status"] in ("CANCELLING", "CANCELLED") and "TaskHandle" not in task
        return task["Status"] == "CANCELLED"

    eventually(ended)
