# SPDX-License-Identifier: MIT
"""In a region of another partition everything is of that partition, and nothing of others."""
import itertools
import json

import pytest
from botocore.exceptions import ClientError

from callers import OWN, World, document
from ternd import Server

REGIONS = [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("partitions"), "--auth", "required") as server:
        yield World(server)


@pytest.fixture(params=REGIONS, ids=lambda pair: pair[0])
def place(request, world):
    region, partition = request.param
    return lambda service, caller=world.root: caller.client(service, region=region), partition


@pytest.fixture
def name():
    return f"part{next(numbers)}"


def fault(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def policy(principal, action, **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action} | more]})


class Key:
    def __init__(self, world, made):
        self.world = world
        self.key, self.secret, self.token = (
            made["AccessKeyId"], made["SecretAccessKey"], made.get("SessionToken"))

    def client(self, service, **options):
        return self.world.server.client(service, account=self.key, secret=self.secret,
                                        token=self.token, **options)


def test_identities_are_named_in_the_region_partition(world, place, name):
    client, partition = place
    iam, start = client("iam"), f"arn:{partition}:iam::{OWN}:"
    assert client("sts").get_caller_identity()["Arn"] == start + "root"
    assert iam.create_user(UserName=name)["User"]["Arn"] == f"{start}user/{name}"
    assert iam.get_user(UserName=name)["User"]["Arn"] == f"{start}user/{name}"
    assert name in [user["UserName"] for user in iam.list_users()["Users"]]
    managed = iam.create_policy(PolicyName=name, PolicyDocument=document("sqs:*"))["Policy"]["Arn"]
    assert managed == f"{start}policy/{name}"
    aws = f"arn:{partition}:iam::aws:policy/AmazonSQSReadOnlyAccess"
    for arn in (managed, aws):
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
    attached = iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
    assert {row["PolicyArn"] for row in attached} == {managed, aws}
    other = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
    assert fault(iam.attach_user_policy, UserName=name, PolicyArn=other)[0] == "NoSuchEntity"
    # The same user, seen from elsewhere.
    assert world.root.client("iam").get_user(UserName=name)["User"]["Arn"] == (
        f"arn:aws:iam::{OWN}:user/{name}")


def test_roles_and_sessions_are_of_the_region_partition(world, place, name):
    client, partition = place
    iam = client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document("sts:*"))
    caller = Key(world, iam.create_access_key(UserName=name)["AccessKey"])
    user, role = (f"arn:{partition}:iam::{OWN}:{kind}/{name}" for kind in ("user", "role"))
    trust = policy(user, "sts:AssumeRole", Condition={"ArnEquals": {"aws:PrincipalArn": user}})
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    assert made["Arn"] == role
    assert made["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"] == user
    sts = client("sts", caller)
    answer = sts.assume_role(RoleArn=role, RoleSessionName="session")
    session = f"arn:{partition}:sts::{OWN}:assumed-role/{name}/session"
    assert answer["AssumedRoleUser"]["Arn"] == session
    assert client("sts", Key(world, answer["Credentials"])).get_caller_identity()["Arn"] == session
    assert sts.get_federation_token(Name="bob")["FederatedUser"]["Arn"] == (
        f"arn:{partition}:sts::{OWN}:federated-user/bob")
    assert fault(sts.assume_role, RoleArn=role.replace(partition, "aws"),
                 RoleSessionName="session")[0] == "AccessDenied"


def test_policies_evaluate_names_of_the_region_partition(world, place, name):
    client, partition = place
    iam, sqs = client("iam"), client("sqs")
    iam.create_user(UserName=name)
    user = f"arn:{partition}:iam::{OWN}:user/{name}"
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(
        {"Effect": "Allow", "Action": "iam:GetUser", "Resource": user},
        {"Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*", "Condition": {
            "ArnEquals": {"iam:PolicyARN": f"arn:{partition}:iam::aws:policy/*"}}}))
    caller = Key(world, iam.create_access_key(UserName=name)["AccessKey"])
    own = client("iam", caller)
    own.get_user(UserName=name)
    own.attach_user_policy(UserName=name,
                           PolicyArn=f"arn:{partition}:iam::aws:policy/AmazonSQSReadOnlyAccess")
    assert fault(own.delete_user, UserName=name) == (
        "AccessDenied", f"User: {user} is not authorized to perform: iam:DeleteUser on resource: "
        f"{user} because no identity-based policy allows the iam:DeleteUser action")
    url = sqs.create_queue(QueueName=name, Attributes={
        "Policy": policy(user, "sqs:SendMessage", Resource="*")})["QueueUrl"]
    client("sqs", caller).send_message(QueueUrl=url, MessageBody="x")
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    assert key.startswith(f"arn:{partition}:kms:")
    client("kms").create_grant(KeyId=key, GranteePrincipal=user, Operations=["Encrypt"])
    client("kms", caller).encrypt(KeyId=key, Plaintext=b"x")
    grant = client("kms").list_grants(KeyId=key)["Grants"][0]
    assert grant["GranteePrincipal"] == user
    assert grant["IssuingAccount"] == f"arn:{partition}:iam::{OWN}:root"


@pytest.mark.parametrize("deny", [
    {"Resource": "{arn}"}, {"Resource": "arn:aws:iam::*:user/kept-*"},
    {"Condition": {"ArnEquals": {"aws:PrincipalArn": "{caller}"}}},
    {"Condition": {"StringEquals": {"aws:PrincipalArn": "{caller}"}}},
    {"Condition": {"StringLike": {"aws:PrincipalArn": "{caller}*"}}},
], ids=["whole", "pattern", "ArnEquals", "StringEquals", "StringLike"])
def test_a_deny_of_an_identity_holds_in_all_regions(world, place, name, deny):
    """It is the same identity under each name, so a region must not take it out of a policy."""
    client, _ = place
    iam, kept = world.root.client("iam"), f"kept-{name}"
    for user in (name, kept):
        iam.create_user(UserName=user)
    start = f"arn:aws:iam::{OWN}:user/"
    filled = json.loads(json.dumps(deny).replace("{arn}", start + kept).replace(
        "{caller}", start + name))
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(
        "iam:*", {"Effect": "Deny", "Action": "iam:GetUser"} | filled))
    caller = Key(world, iam.create_access_key(UserName=name)["AccessKey"])
    for own in (caller.client("iam"), client("iam", caller)):
        own.list_user_tags(UserName=kept)
        code, text = fault(own.get_user, UserName=kept)
        assert code == "AccessDenied" and "explicit deny" in text


def test_principal_of_another_partition_is_refused(place, name):
    client, _ = place
    for other in ("aws", "aws-iso"):
        root = f"arn:{other}:iam::{OWN}:root"
        assert fault(client("sqs").create_queue, QueueName=name, Attributes={
            "Policy": policy(root, "sqs:*", Resource="*")})[0] == "InvalidAttributeValue"
        assert fault(client("iam").create_role, RoleName=name,
                     AssumeRolePolicyDocument=policy(root, "sts:AssumeRole")) == (
            "MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{root}"')


def test_account_is_named_in_the_partition_of_the_server(tmp_path):
    with Server(tmp_path, "--auth", "required", "--region", "cn-north-1") as server:
        own = World(server)
        who = own.root.client("sts", region="cn-north-1").get_caller_identity()
        assert who["Arn"] == f"arn:aws-cn:iam::{OWN}:root"
