# SPDX-License-Identifier: MIT
"""Queue policies between accounts: what AddPermission and Policy open, and what stays closed."""
import json

import pytest
from botocore.exceptions import ClientError

OWNER, FRIEND, STRANGER = "111111111111", "222222222222", "333333333333"
EVERYTHING = {
    "SendMessage": {"MessageBody": "b"},
    "SendMessageBatch": {"Entries": [{"Id": "1", "MessageBody": "b"}]},
    "ReceiveMessage": {},
    "DeleteMessage": {"ReceiptHandle": "handle"},
    "DeleteMessageBatch": {"Entries": [{"Id": "1", "ReceiptHandle": "handle"}]},
    "ChangeMessageVisibility": {"ReceiptHandle": "handle", "VisibilityTimeout": 1},
    "ChangeMessageVisibilityBatch": {
        "Entries": [{"Id": "1", "ReceiptHandle": "handle", "VisibilityTimeout": 1}]},
    "GetQueueAttributes": {"AttributeNames": ["All"]},
    "ListDeadLetterSourceQueues": {},
    "PurgeQueue": {},
    "SetQueueAttributes": {"Attributes": {"DelaySeconds": "1"}},
    "AddPermission": {"Label": "l", "AWSAccountIds": [STRANGER], "Actions": ["*"]},
    "RemovePermission": {"Label": "l"},
    "ListQueueTags": {},
    "TagQueue": {"Tags": {"k": "v"}},
    "UntagQueue": {"TagKeys": ["k"]},
    "DeleteQueue": {},
}
OWNERS_ONLY = {"SetQueueAttributes", "AddPermission", "RemovePermission", "ListQueueTags",
               "TagQueue", "UntagQueue", "DeleteQueue"}
# The permission that a batch needs is that of the single operation.
NEEDS = {"SendMessageBatch": "SendMessage", "DeleteMessageBatch": "DeleteMessage",
         "ChangeMessageVisibilityBatch": "ChangeMessageVisibility"}


def call(client, operation, url):
    """The fault's code, or None."""
    try:
        client._make_api_call(operation, {"QueueUrl": url} | EVERYTHING[operation])
        return None
    except ClientError as error:
        return error.response["Error"]["Code"]


@pytest.fixture
def owner(server):
    return server.client(account=OWNER)


@pytest.fixture
def url(owner, name):
    return owner.create_queue(QueueName=name)["QueueUrl"]


def statement(queue, effect="Allow", principal=FRIEND, action="sqs:*", **more):
    return {"Effect": effect, "Principal": {"AWS": principal}, "Action": action,
            "Resource": queue} | more


def set_policy(owner, url, *statements):
    owner.set_queue_attributes(QueueUrl=url, Attributes={
        "Policy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})})


def arn(owner, url):
    return owner.get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


@pytest.mark.parametrize("operation", EVERYTHING)
def test_without_a_policy_all_is_closed(server, url, operation):
    assert call(server.client(account=STRANGER), operation, url) == "AccessDenied"


@pytest.mark.parametrize("operation", EVERYTHING)
def test_a_policy_opens_what_it_names_and_never_what_is_the_owners(server, owner, url, operation):
    friend, stranger = server.client(account=FRIEND), server.client(account=STRANGER)
    action = f"sqs:{NEEDS.get(operation, operation)}"
    set_policy(owner, url, statement(arn(owner, url), action=action))
    assert (call(friend, operation, url) == "AccessDenied") == (operation in OWNERS_ONLY)
    assert call(stranger, operation, url) == "AccessDenied"
    for other in EVERYTHING:
        if NEEDS.get(other, other) != NEEDS.get(operation, operation):
            assert call(friend, other, url) == "AccessDenied", other


def test_permissions_added_and_removed(server, owner, url):
    friend = server.client(account=FRIEND)
    owner.add_permission(QueueUrl=url, Label="share", AWSAccountIds=[FRIEND],
                         Actions=["SendMessage", "GetQueueUrl"])
    name = url.rpartition("/")[2]
    assert friend.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=OWNER)["QueueUrl"] == url
    assert call(friend, "SendMessage", url) is None
    assert call(friend, "ReceiveMessage", url) == "AccessDenied"
    owner.remove_permission(QueueUrl=url, Label="share")
    assert call(friend, "SendMessage", url) == "AccessDenied"
    with pytest.raises(friend.exceptions.QueueDoesNotExist, match="you do not have access to it"):
        friend.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=OWNER)


def test_an_explicit_deny_wins(server, owner, url):
    queue = arn(owner, url)
    set_policy(owner, url, statement(queue, "Deny", action="sqs:ReceiveMessage"), statement(queue))
    friend = server.client(account=FRIEND)
    assert call(friend, "SendMessage", url) is None
    with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
        friend.receive_message(QueueUrl=url)


def test_conditions_of_the_connection(server, owner, url):
    queue = arn(owner, url)
    friend = server.client(account=FRIEND)
    for condition, expected in (
            ({"Bool": {"aws:SecureTransport": "true"}}, "AccessDenied"),
            ({"Bool": {"aws:SecureTransport": "false"}}, None),
            ({"StringLike": {"aws:UserAgent": "Boto3/*"}}, None),
            ({"StringLike": {"aws:UserAgent": "curl/*"}}, "AccessDenied"),
            ({"StringEquals": {"aws:PrincipalAccount": FRIEND}}, None),
            ({"StringNotEquals": {"aws:PrincipalAccount": FRIEND}}, "AccessDenied"),
            ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}, None),
            ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, None),
            ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, "AccessDenied")):
        set_policy(owner, url, statement(queue, Condition=condition))
        assert call(friend, "SendMessage", url) == expected, condition


def test_the_owner_is_not_locked_out(signed, name):
    """Under --auth required an explicit deny binds the root user too, but for the way back."""
    sqs = signed.client()
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue = arn(sqs, url)
    set_policy(sqs, url, statement(queue, "Deny", principal="*"))
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        sqs.send_message(QueueUrl=url, MessageBody="b")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    sqs.send_message(QueueUrl=url, MessageBody="b")


def test_unsigned_requests_where_everybody_may(signed, name):
    sqs = signed.client()
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue = arn(sqs, url)
    path = url.replace(signed.url, "")

    def ask(target):
        return signed.post(target, data={"Action": "SendMessage", "MessageBody": "b"})

    absent = ask(path + "-absent")
    assert ask(path).status_code == absent.status_code == 403
    assert "MissingAuthenticationToken" in absent.text
    set_policy(sqs, url, statement(queue, principal="*", action="sqs:SendMessage"))
    assert ask(path).status_code == 200
    assert "MissingAuthenticationToken" in signed.get(f"{path}?Action=ReceiveMessage").text
    [message] = sqs.receive_message(QueueUrl=url, AttributeNames=["SenderId"])["Messages"]
    assert message["Attributes"]["SenderId"] == "127.0.0.1"


def test_unsigned_requests_never_do_what_is_the_owners(signed, name):
    sqs = signed.client()
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    set_policy(sqs, url, statement(arn(sqs, url), principal="*", action="sqs:*"))
    path = url.replace(signed.url, "")
    for more in ({"Action": "DeleteQueue"}, {"Action": "ListQueueTags"},
                 {"Action": "TagQueue", "Tag.1.Key": "k", "Tag.1.Value": "v"},
                 {"Action": "UntagQueue", "TagKey.1": "k"},
                 {"Action": "RemovePermission", "Label": "l"},
                 {"Action": "AddPermission", "Label": "l", "AWSAccountId.1": STRANGER,
                  "ActionName.1": "*"},
                 {"Action": "SetQueueAttributes", "Attribute.1.Name": "DelaySeconds",
                  "Attribute.1.Value": "1"}):
        answer = signed.post(path, data=more)
        assert answer.status_code == 403, more
        assert "MissingAuthenticationToken" in answer.text
    assert signed.post(path, data={"Action": "PurgeQueue"}).status_code == 200
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])[
        "Attributes"]["DelaySeconds"] == "0"
