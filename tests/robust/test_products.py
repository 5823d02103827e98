# SPDX-License-Identifier: MIT
"""Lists of a request have a bound before any operation multiplies them with something else."""
import botocore.exceptions
import pytest


def code_of(call, **members):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**members)
    return caught.value.response["Error"]["Code"]


def test_lists_and_maps_of_json(server, queue):
    sqs = server.client("sqs")
    names = [f"name{number}" for number in range(1000)]
    sqs.receive_message(QueueUrl=queue, MessageAttributeNames=names)
    sqs.untag_queue(QueueUrl=queue, TagKeys=names)
    assert code_of(sqs.receive_message, QueueUrl=queue,
                   MessageAttributeNames=names + ["more"]) == "SerializationException"
    assert code_of(sqs.tag_queue, QueueUrl=queue, Tags={
        f"name{number}": "v" for number in range(1001)}) == "SerializationException"


def test_lists_of_query(server):
    iam = server.client("iam")
    keys = [f"key{number}" for number in range(1001)]
    assert code_of(iam.untag_user, UserName="nobody", TagKeys=keys) == "SerializationException"
    assert code_of(iam.untag_user, UserName="nobody", TagKeys=keys[:50]) == "NoSuchEntity"
