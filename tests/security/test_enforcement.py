# SPDX-License-Identifier: MIT
"""What policies say is what happens: users, boundaries, sessions and queue policies together."""
import json

import pytest
from botocore.exceptions import ClientError

from callers import OTHER, OWN, document


def denial(call, **members):
    with pytest.raises(ClientError) as caught:
        call(**members)
    error = caught.value.response
    assert error["Error"]["Code"] == "AccessDenied", error
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    return error["Error"]["Message"]


@pytest.fixture
def queue(world, name):
    url = world.root.client().create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:{OWN}:{name}"


def set_policy(world, url, *statements):
    world.root.client().set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(
        {"Version": "2012-10-17", "Statement": list(statements)})})


def test_a_user_may_nothing_by_itself(world, queue):
    url, arn = queue
    user = world.user(None)
    assert denial(user.client().send_message, QueueUrl=url, MessageBody="b") == (
        f"User: {user.arn} is not authorized to perform: sqs:sendmessage on resource: {arn} "
        "because no identity-based policy allows the sqs:sendmessage action")
    assert denial(user.client().list_queues) == (
        f"User: {user.arn} is not authorized to perform: sqs:listqueues on resource: "
        f"arn:aws:sqs:us-east-1:{OWN}: because no identity-based policy allows the "
        "sqs:listqueues action")


def test_what_exists_does_not_show(world, queue):
    url, _ = queue
    sqs = world.user(None).client()
    found, absent = (denial(sqs.receive_message, QueueUrl=one) for one in (url, url + "-absent"))
    assert found == absent.replace("-absent", "")


def test_identity_policy_names_action_and_resource(world, queue):
    url, arn = queue
    other = world.root.client().create_queue(QueueName="elsewhere")["QueueUrl"]
    sqs = world.user(None, {"Effect": "Allow", "Action": "sqs:SendMessage",
                            "Resource": arn}).client()
    sqs.send_message(QueueUrl=url, MessageBody="b")
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "b"}])
    denial(sqs.receive_message, QueueUrl=url)
    denial(sqs.send_message, QueueUrl=other, MessageBody="b")


def test_the_queues_policy_is_enough_at_home(world, queue):
    url, arn = queue
    user = world.user(None)
    set_policy(world, url, {"Effect": "Allow", "Principal": {"AWS": user.arn},
                            "Action": "sqs:SendMessage", "Resource": arn})
    user.client().send_message(QueueUrl=url, MessageBody="b")
    denial(user.client().receive_message, QueueUrl=url)


def test_naming_the_account_delegates_and_grants_nothing(world, queue):
    url, arn = queue
    set_policy(world, url, {"Effect": "Allow", "Principal": {"AWS": OWN}, "Action": "sqs:*",
                            "Resource": arn})
    assert "no identity-based policy allows" in denial(
        world.user(None).client().send_message, QueueUrl=url, MessageBody="b")


def test_between_accounts_both_sides_must_allow(world, queue):
    url, arn = queue
    allowed, not_allowed = world.user(world.other_root, "sqs:*"), world.user(world.other_root)
    assert "no resource-based policy allows" in denial(
        allowed.client().send_message, QueueUrl=url, MessageBody="b")
    set_policy(world, url, {"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"],
                            "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Resource": arn})
    allowed.client().send_message(QueueUrl=url, MessageBody="b")
    world.other_root.client().send_message(QueueUrl=url, MessageBody="b")
    assert "no identity-based policy allows" in denial(
        not_allowed.client().send_message, QueueUrl=url, MessageBody="b")


def test_explicit_denies_of_each_kind(world, queue):
    url, arn = queue
    deny = {"Effect": "Deny", "Action": "sqs:SendMessage"}
    user = world.user(None, "sqs:*", deny)
    assert "with an explicit deny in an identity-based policy" in denial(
        user.client().send_message, QueueUrl=url, MessageBody="b")
    user = world.user(None, "sqs:*", boundary=["sqs:*", deny])
    assert "with an explicit deny in a permissions boundary" in denial(
        user.client().send_message, QueueUrl=url, MessageBody="b")
    user = world.user(None, "sqs:*")
    set_policy(world, url, {"Effect": "Deny", "Principal": {"AWS": user.arn},
                            "Action": "sqs:SendMessage", "Resource": arn})
    assert "with an explicit deny in a resource-based policy" in denial(
        user.client().send_message, QueueUrl=url, MessageBody="b")
    user.client().receive_message(QueueUrl=url)


def test_a_boundary_limits(world, queue):
    url, _ = queue
    sqs = world.user(None, "sqs:*", boundary=["sqs:SendMessage"]).client()
    sqs.send_message(QueueUrl=url, MessageBody="b")
    assert "no permissions boundary allows" in denial(sqs.receive_message, QueueUrl=url)


def test_tags_of_queue_request_and_caller(world, name):
    arn = f"arn:aws:sqs:us-east-1:{OWN}:{name}"
    sqs = world.user(
        None, {"Effect": "Allow", "Action": ["sqs:CreateQueue", "sqs:TagQueue"], "Condition": {
            "StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"}}},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn, "Condition": {
            "StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}},
        tags=[("team", "red")]).client()
    denial(sqs.create_queue, QueueName=name)
    denial(sqs.create_queue, QueueName=name, tags={"team": "blue"})
    url = sqs.create_queue(QueueName=name, tags={"team": "red"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="b")
    world.root.client().tag_queue(QueueUrl=url, Tags={"team": "blue"})
    denial(sqs.send_message, QueueUrl=url, MessageBody="b")


def test_a_queue_is_created_with_tags_by_who_may_tag(world, name):
    sqs = world.user(None, "sqs:CreateQueue").client()
    assert "sqs:tagqueue" in denial(sqs.create_queue, QueueName=name, tags={"team": "red"})
    sqs.create_queue(QueueName=name)


def test_a_change_of_policy_counts_at_once(world, queue):
    url, _ = queue
    user = world.user(None, "sqs:*")
    iam, sqs = world.root.client("iam"), user.client()
    name = user.arn.rpartition("/")[2]
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="b")
        iam.put_user_policy(UserName=name, PolicyName="inline",
                            PolicyDocument=document("sqs:ReceiveMessage"))
        denial(sqs.send_message, QueueUrl=url, MessageBody="b")
        iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=document("sqs:*"))


def test_a_session_policy_narrows(world, queue):
    url, _ = queue
    user = world.user(None, "sts:AssumeRole")
    iam = world.root.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName=f"role-{url.rpartition('/')[2]}"[:64],
                           AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="inline",
                        PolicyDocument=document("sqs:*"))
    made = user.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="one",
                                          Policy=document("sqs:SendMessage"))["Credentials"]
    sqs = world.server.client(account=made["AccessKeyId"], secret=made["SecretAccessKey"],
                              token=made["SessionToken"])
    sqs.send_message(QueueUrl=url, MessageBody="b")
    assert "no session policy allows" in denial(sqs.receive_message, QueueUrl=url)
    [message] = world.root.client().receive_message(
        QueueUrl=url, AttributeNames=["SenderId"])["Messages"]
    assert message["Attributes"]["SenderId"] == f"{role['RoleId']}:one"


def test_moving_messages_needs_both_queues(world, name):
    root = world.root.client()
    dead = root.create_queue(QueueName=name)["QueueUrl"]
    arn, target = (f"arn:aws:sqs:us-east-1:{OWN}:{one}" for one in (name, f"{name}-source"))
    root.create_queue(QueueName=f"{name}-source", Attributes={"RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": arn, "maxReceiveCount": 1})})
    root.send_message(QueueUrl=dead, MessageBody="b")
    move = {"SourceArn": arn, "DestinationArn": target}
    needed = ["sqs:StartMessageMoveTask", "sqs:ReceiveMessage", "sqs:DeleteMessage",
              "sqs:GetQueueAttributes"]
    denial(world.user(None, needed[:3]).client().start_message_move_task, **move)
    assert "sqs:sendmessage" in denial(
        world.user(None, needed).client().start_message_move_task, **move)
    assert world.user(None, needed, "sqs:SendMessage").client().start_message_move_task(
        **move)["TaskHandle"]
