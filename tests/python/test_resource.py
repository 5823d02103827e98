# SPDX-License-Identifier: MIT
"""boto3's resource API, as older programs use it: queues and messages as objects."""
import json

import boto3
import pytest
from botocore.exceptions import ClientError

from ternd import DEFAULT_ACCOUNT, DEFAULT_REGION


@pytest.fixture(scope="module")
def resource(server):
    return boto3.resource("sqs", endpoint_url=server.url, region_name=DEFAULT_REGION,
                          aws_access_key_id=DEFAULT_ACCOUNT, aws_secret_access_key="secret")


def test_queues_are_objects(resource, name):
    made = resource.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "77"})
    assert resource.get_queue_by_name(QueueName=name) == made
    assert list(resource.queues.filter(QueueNamePrefix=name)) == [made]
    assert made.attributes["VisibilityTimeout"] == "77"
    made.set_attributes(Attributes={"VisibilityTimeout": "78"})
    made.reload()
    assert made.attributes["VisibilityTimeout"] == "78"
    made.delete()
    with pytest.raises(resource.meta.client.exceptions.QueueDoesNotExist):
        resource.get_queue_by_name(QueueName=name)


def test_messages_are_objects(resource, name):
    queue = resource.create_queue(QueueName=name)
    sent = queue.send_message(MessageBody="one", MessageAttributes={
        "kind": {"DataType": "String", "StringValue": "test"}})
    [message] = queue.receive_messages(MessageAttributeNames=["All"], AttributeNames=["All"])
    assert message.message_id == sent["MessageId"]
    assert message.message_attributes["kind"]["StringValue"] == "test"
    assert message.attributes["ApproximateReceiveCount"] == "1"
    message.change_visibility(VisibilityTimeout=0)
    [again] = queue.receive_messages(AttributeNames=["All"])
    assert again.attributes["ApproximateReceiveCount"] == "2"
    again.delete()
    queue.reload()
    assert queue.attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
    with pytest.raises(ClientError, match="not available for visibility timeout change"):
        again.change_visibility(VisibilityTimeout=0)


def test_batches_and_dead_letters(resource, name):
    dead_letters = resource.create_queue(QueueName=name + "-dead")
    policy = {"deadLetterTargetArn": dead_letters.attributes["QueueArn"], "maxReceiveCount": 3}
    queue = resource.create_queue(
        QueueName=name, Attributes={"RedrivePolicy": json.dumps(policy)})
    assert list(dead_letters.dead_letter_source_queues.all()) == [queue]
    queue.send_messages(Entries=[{"Id": str(i), "MessageBody": str(i)} for i in range(10)])
    for _ in range(3):
        received = queue.receive_messages(MaxNumberOfMessages=10)
        assert len(received) == 10
        changed = queue.change_message_visibility_batch(Entries=[
            {"Id": message.message_id, "ReceiptHandle": message.receipt_handle,
             "VisibilityTimeout": 0} for message in received])
        assert len(changed["Successful"]) == 10
    assert queue.receive_messages(MaxNumberOfMessages=10) == []
    dead = dead_letters.receive_messages(MaxNumberOfMessages=10)
    assert sorted(message.body for message in dead) == [str(i) for i in range(10)]
    deleted = dead_letters.delete_messages(Entries=[
        {"Id": message.message_id, "ReceiptHandle": message.receipt_handle} for message in dead])
    assert len(deleted["Successful"]) == 10
