# SPDX-License-Identifier: MIT
"""Ways in that were tried: each test is an attempt, and what it must come to."""
import json
import uuid

import boto3
import botocore
import pytest
from botocore.exceptions import ClientError

from callers import OWN, Caller, document
from ternd import SigV4, Server


def error_of(call, **members):
    with pytest.raises(ClientError) as caught:
        call(**members)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def trust(principal):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}]})


def stranger(server):
    """A client that signs nothing."""
    return boto3.client("sqs", endpoint_url=server.url, region_name="us-east-1",
                        config=botocore.config.Config(signature_version=botocore.UNSIGNED))


@pytest.mark.parametrize("attribute, there, absent", [
    ("RedrivePolicy", f"arn:aws:sqs:us-east-1:{OWN}:probed",
     f"arn:aws:sqs:us-east-1:{OWN}:probed-not"),
    ("Policy", f"arn:aws:iam::{OWN}:user/probed", f"arn:aws:iam::{OWN}:user/probed-not")])
def test_a_stranger_learns_nothing_by_creating_a_queue(world, attribute, there, absent):
    world.root.client().create_queue(QueueName="probed")
    if attribute == "Policy":
        world.root.client("iam").create_user(UserName="probed")

    def probe(arn):
        value = {"RedrivePolicy": {"deadLetterTargetArn": arn, "maxReceiveCount": 1},
                 "Policy": json.loads(trust(arn))}[attribute]
        return error_of(stranger(world.server).create_queue, QueueName="mine",
                        Attributes={attribute: json.dumps(value)})

    assert probe(there) == probe(absent)
    assert "Token" in probe(there)[0]


def test_roles_and_policies_of_others_do_not_show(world):
    """Who is not trusted learns neither whether a role is there nor what policies are."""
    iam = world.root.client("iam")
    iam.create_role(RoleName="hidden", AssumeRolePolicyDocument=trust(OWN))
    policy = iam.create_policy(PolicyName="hidden", PolicyDocument=document("sqs:*"))
    policy = policy["Policy"]["Arn"]
    sts = world.user(world.other_root, "sts:*").client("sts")

    def probe(role, **members):
        code, text = error_of(sts.assume_role, RoleSessionName="probe", **members,
                              RoleArn=f"arn:aws:iam::{OWN}:role/{role}")
        return code, text.replace(role, "*")

    for members in [{"PolicyArns": [{"arn": policy}]}, {"PolicyArns": [{"arn": policy + "-not"}]},
                    {"Policy": "{"}, {"Tags": [{"Key": "a", "Value": "b"}] * 2},
                    {"DurationSeconds": 43200}]:
        assert probe("hidden", **members) == probe("hidden-not", **members), members
    assert probe("hidden", PolicyArns=[{"arn": policy}]) == (
        probe("hidden", PolicyArns=[{"arn": policy + "-not"}]))


def test_nobody_makes_keys_by_asking_about_them(world):
    user = world.user(None)
    for region in ("eu-north-1", "nowhere-1"):
        asked = user.client("kms", region=region)
        assert error_of(asked.describe_key, KeyId="alias/aws/sqs")[0] == "AccessDeniedException"
        root = world.root.client("kms", region=region)
        assert root.list_keys()["Keys"] == []


def test_a_ciphertext_does_not_tell_whose_it_is(world):
    """Decrypt answers the same whether the key is another account's or there is none."""
    kms = world.root.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"b")["CiphertextBlob"]
    assert uuid.UUID(key).bytes in blob
    absent = blob.replace(uuid.UUID(key).bytes, uuid.uuid4().bytes)
    other = world.other_root.client("kms")
    there = error_of(other.decrypt, CiphertextBlob=blob)
    assert there == error_of(other.decrypt, CiphertextBlob=absent)
    assert there[0] == "AccessDeniedException" and OWN not in there[1]
    mine = other.create_key()["KeyMetadata"]["KeyId"]
    assert there == error_of(other.re_encrypt, CiphertextBlob=blob, DestinationKeyId=mine)


def test_another_account_does_not_come_from_our_vpc(world):
    """aws:SourceVpc would let in whoever says that its endpoint is in that VPC."""
    def make(root, vpc):
        return root.client("ec2").create_vpc_endpoint(
            VpcId=vpc, ServiceName="com.amazonaws.us-east-1.sqs",
            VpcEndpointType="Interface", PrivateDnsEnabled=False)

    make(world.root, "vpc-0a77ac60")
    make(world.root, "vpc-0a77ac60")
    assert error_of(make, root=world.other_root, vpc="vpc-0a77ac60")[0] == "InvalidVpcId.NotFound"
    make(world.other_root, "vpc-0a77ac61")


def test_what_is_added_to_an_endpoint_is_asked_about(world):
    made = world.root.client("ec2").create_vpc_endpoint(
        VpcId="vpc-0a77ac62", ServiceName="com.amazonaws.us-east-1.sqs",
        VpcEndpointType="Interface", PrivateDnsEnabled=False)["VpcEndpoint"]["VpcEndpointId"]
    ec2 = world.user(None, "ec2:*", {"Effect": "Deny", "Action": "ec2:*", "Resource": [
        "arn:aws:ec2:*:*:subnet/subnet-0a77ac60",
        "arn:aws:ec2:*:*:security-group/sg-0a77ac60"]}).client("ec2")
    for members in ({"AddSubnetIds": ["subnet-0a77ac60"]},
                    {"AddSecurityGroupIds": ["sg-0a77ac60"]}):
        assert error_of(ec2.modify_vpc_endpoint, VpcEndpointId=made, **members)[0] == \
            "UnauthorizedOperation"
    ec2.modify_vpc_endpoint(VpcEndpointId=made, AddSubnetIds=["subnet-0a77ac61"])


def test_a_queues_arn_does_not_reach_into_another_region(world, name):
    """A caller that is kept in a region stays there."""
    far = world.root.client(region="eu-west-1")
    url = far.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:eu-west-1:{OWN}:{name}"
    far.send_message(QueueUrl=url, MessageBody="far")
    far.create_queue(QueueName=f"{name}-source", Attributes={"RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": arn, "maxReceiveCount": 1})})
    sqs = world.user(None, {"Effect": "Allow", "Action": "sqs:*", "Condition": {
        "StringEquals": {"aws:RequestedRegion": "us-east-1"}}}).client()
    assert "NonExistentQueue" in error_of(sqs.receive_message, QueueUrl=arn)[0]
    assert error_of(sqs.start_message_move_task, SourceArn=arn)[0] == "ResourceNotFoundException"
    assert error_of(sqs.list_message_move_tasks, SourceArn=arn)[0] == "ResourceNotFoundException"


def test_messages_do_not_go_back_to_where_the_caller_may_not_send(world, name):
    root = world.root.client()
    dead = f"arn:aws:sqs:us-east-1:{OWN}:{name}"
    root.create_queue(QueueName=name)
    root.create_queue(QueueName=f"{name}-source", Attributes={"RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": dead, "maxReceiveCount": 1})})
    deny = {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": f"{dead}-source"}
    sqs = world.user(None, "sqs:*", deny).client()
    assert error_of(sqs.start_message_move_task, SourceArn=dead)[0] == "AccessDenied"
    world.user(None, "sqs:*").client().start_message_move_task(SourceArn=dead)


@pytest.mark.parametrize("escape", [("/", "\\/"), ("user", "\\u0075ser")])
def test_a_new_user_does_not_inherit_trust_however_it_is_written(world, escape, name):
    first = world.user(None, "sts:AssumeRole")
    iam = world.root.client("iam")
    role = iam.create_role(RoleName=name[-60:], AssumeRolePolicyDocument=trust(first.arn).replace(
        *escape))["Role"]["Arn"]
    first.client("sts").assume_role(RoleArn=role, RoleSessionName="first")
    user = first.arn.rpartition("/")[2]
    iam.delete_access_key(UserName=user, AccessKeyId=first.key)
    iam.delete_user_policy(UserName=user, PolicyName="inline")
    iam.delete_user(UserName=user)
    world.count -= 1
    second = world.user(None, "sts:AssumeRole")
    assert second.arn == first.arn
    assert error_of(second.client("sts").assume_role, RoleArn=role, RoleSessionName="second")[0] \
        == "AccessDenied"


def test_an_administrator_is_asked_where_from(world):
    """Conditions on address and transport hold for the administration, too."""
    deny = {"Effect": "Deny", "Action": "*", "Condition": {
        "IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}}
    for statements, status in [(["*"], 200), (["*", deny], 403)]:
        user = world.user(None, *statements)
        answer = world.server.get("/_tern/clock", auth=SigV4(user.key, user.secret))
        assert answer.status_code == status


def test_an_endpoints_policy_holds_where_nothing_else_is_asked(tmp_path):
    """Operations that need no permission of the caller need the endpoint's."""
    with Server(tmp_path, "--auth", "required") as server:
        key, secret = server.read_credential()
        ec2, sts = (server.client(one, account=key, secret=secret) for one in ("ec2", "sts"))
        made = ec2.create_vpc_endpoint(
            VpcId="vpc-12345678", ServiceName="com.amazonaws.us-east-1.sts",
            VpcEndpointType="Interface", PrivateDnsEnabled=False, PolicyDocument=document(
                {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}))
        made = ec2.describe_vpc_endpoints(
            VpcEndpointIds=[made["VpcEndpoint"]["VpcEndpointId"]])["VpcEndpoints"][0]
        url = f"http://{made['DnsEntries'][0]['DnsName']}"
        through = boto3.client("sts", endpoint_url=url, region_name="us-east-1",
                               aws_access_key_id=key, aws_secret_access_key=secret)
        for call, members in [(through.get_session_token, {}), (through.get_caller_identity, {})]:
            code, text = error_of(call, **members)
            assert code == "AccessDenied" and "VPC endpoint policy" in text
        assert sts.get_caller_identity()["Account"] == OWN


def test_who_takes_the_name_of_somebody_gone_gets_nothing(world, name):
    """At AWS a policy or grant keeps the id behind an ARN; a new user of that name is another."""
    iam, sqs, kms = (world.root.client(one) for one in ("iam", "sqs", "kms"))
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    key = kms.create_key()["KeyMetadata"]["Arn"]
    first = world.user(None)
    user = first.arn.rpartition("/")[2]

    def allow():
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
            "Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Principal": {"AWS": first.arn}, "Action": "sqs:SendMessage",
                "Resource": f"arn:aws:sqs:us-east-1:{OWN}:{name}"}})})
        kms.put_key_policy(KeyId=key, Policy=json.dumps({
            "Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OWN}:root"},
                 "Action": "kms:*", "Resource": "*"},
                {"Effect": "Allow", "Principal": {"AWS": first.arn}, "Action": "kms:Encrypt",
                 "Resource": "*"}]}))
        kms.create_grant(KeyId=key, GranteePrincipal=first.arn, Operations=["GenerateDataKey"])

    def attempts(caller):
        yield caller.client().send_message, {"QueueUrl": url, "MessageBody": "b"}
        yield caller.client("kms").encrypt, {"KeyId": key, "Plaintext": b"x"}
        yield caller.client("kms").generate_data_key, {"KeyId": key, "KeySpec": "AES_256"}

    allow()
    for call, members in attempts(first):
        call(**members)
    iam.delete_access_key(UserName=user, AccessKeyId=first.key)
    iam.delete_user(UserName=user)
    iam.create_user(UserName=user)
    made = iam.create_access_key(UserName=user)["AccessKey"]
    second = Caller(world.server, OWN, made["AccessKeyId"], made["SecretAccessKey"])
    for call, members in attempts(second):
        with pytest.raises(ClientError, match="AccessDenied"):
            call(**members)
    sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=[OWN], Actions=["ReceiveMessage"])
    with pytest.raises(ClientError, match="AccessDenied"):
        second.client().send_message(QueueUrl=url, MessageBody="b")
    allow()
    for call, members in attempts(second):
        call(**members)
