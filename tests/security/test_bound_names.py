# SPDX-License-Identifier: MIT
"""Policies and grants mean the users and roles that they were made for, whatever has these names
later, whatever the clock says, and before and after a restart."""
import itertools
import json

import pytest
from botocore.exceptions import ClientError

from callers import OTHER, OWN, World, document
from ternd import Server, SigV4

HOUR_MS = 3_600_000
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server of this module alone, whose clock can be moved."""
    with Server(tmp_path_factory.mktemp("names"), "--auth", "required", "--test-clock") as server:
        yield World(server)


@pytest.fixture
def name():
    return f"name{next(numbers)}"


def code_of(call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"


def statement(principal, *actions, effect="Allow", **more):
    return {"Effect": effect, "Principal": {"AWS": principal}, "Action": list(actions)} | more


class Named:
    """A user of the other account, which may be deleted and made again."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.make()

    @property
    def iam(self):
        return self.world.other_root.client("iam")

    def make(self):
        self.arn = self.iam.create_user(UserName=self.name)["User"]["Arn"]
        self.iam.put_user_policy(UserName=self.name, PolicyName="all",
                                 PolicyDocument=document("*"))
        self.key = self.iam.create_access_key(UserName=self.name)["AccessKey"]

    def remove(self):
        self.iam.delete_access_key(UserName=self.name, AccessKeyId=self.key["AccessKeyId"])
        self.iam.delete_user_policy(UserName=self.name, PolicyName="all")
        self.iam.delete_user(UserName=self.name)

    def remake(self):
        self.remove()
        self.make()

    def rename(self, name):
        self.iam.update_user(UserName=self.name, NewUserName=name)
        self.name, self.arn = name, self.arn.replace(self.name, name)

    def client(self, service):
        return self.world.server.client(service, account=self.key["AccessKeyId"],
                                        secret=self.key["SecretAccessKey"])


class Thing:
    """Something of the own account that a policy or a grant opens to an ARN."""

    def __init__(self, world, name, arn, effect="Allow"):
        self.world, self.name = world, name
        self.open(arn, effect)

    @property
    def owner(self):
        """A client of the root user; the address changes with a restart."""
        return self.world.root.client(self.service)


class Queue(Thing):
    service = "sqs"

    def open(self, arn, effect):
        self.url = self.owner.create_queue(QueueName=self.name)["QueueUrl"]
        rows = [statement(arn, "sqs:SendMessage", effect=effect, Resource="*")]
        if effect == "Deny":
            rows.append(statement("*", "sqs:SendMessage", Resource="*"))
        self.owner.set_queue_attributes(QueueUrl=self.url, Attributes={
            "Policy": json.dumps({"Version": "2012-10-17", "Statement": rows})})

    def use(self, user):
        return code_of(user.client("sqs").send_message, MessageBody="x",
                       QueueUrl=f"/{OWN}/{self.name}")

    def shown(self):
        text = self.owner.get_queue_attributes(
            QueueUrl=self.url, AttributeNames=["Policy"])["Attributes"]["Policy"]
        return json.loads(text)["Statement"][0]["Principal"]["AWS"]


class Key(Thing):
    service = "kms"

    def open(self, arn, effect):
        self.key = self.owner.create_key()["KeyMetadata"]["Arn"]
        rows = [statement(arn, "kms:Encrypt", effect=effect, Resource="*"),
                statement(OWN, "kms:*", Resource="*")]
        if effect == "Deny":
            rows.append(statement(OTHER, "kms:Encrypt", Resource="*"))
        self.owner.put_key_policy(KeyId=self.key, Policy=json.dumps({"Statement": rows}))

    def use(self, user):
        return code_of(user.client("kms").encrypt, KeyId=self.key, Plaintext=b"x")

    def shown(self):
        text = self.owner.get_key_policy(KeyId=self.key)["Policy"]
        return json.loads(text)["Statement"][0]["Principal"]["AWS"]


class Grant(Thing):
    service = "kms"

    def open(self, arn, effect):
        self.key = self.owner.create_key()["KeyMetadata"]["Arn"]
        self.owner.create_grant(KeyId=self.key, GranteePrincipal=arn, Operations=["Encrypt"])

    use = Key.use

    def shown(self):
        return self.owner.list_grants(KeyId=self.key)["Grants"][0]["GranteePrincipal"]


class Role(Thing):
    service = "iam"

    def open(self, arn, effect):
        rows = [statement(arn, "sts:AssumeRole", effect=effect)]
        if effect == "Deny":
            rows.append(statement(OTHER, "sts:AssumeRole"))
        self.role = self.owner.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": rows}))["Role"]["Arn"]

    def use(self, user):
        return code_of(user.client("sts").assume_role, RoleArn=self.role, RoleSessionName="ss")

    def shown(self):
        text = self.owner.get_role(RoleName=self.name)["Role"]["AssumeRolePolicyDocument"]
        return text["Statement"][0]["Principal"]["AWS"]


OPENED = [Queue, Key, Grant, Role]
DENIES = {"AccessDenied", "AccessDeniedException"}


@pytest.mark.parametrize("kind", OPENED)
def test_user_of_the_same_name_gets_nothing(world, name, kind):
    user = Named(world, name)
    opened = kind(world, name, user.arn)
    assert opened.use(user) == "allowed"
    user.remake()
    assert opened.use(user) in DENIES
    assert opened.shown().startswith("AIDA")


@pytest.mark.parametrize("kind", OPENED)
def test_renamed_user_keeps_what_it_had_and_its_old_name_gives_nothing(world, name, kind):
    user = Named(world, name)
    opened = kind(world, name, user.arn)
    user.rename(name + "-new")
    assert opened.use(user) == "allowed"
    assert opened.shown() == user.arn
    assert opened.use(Named(world, name)) in DENIES


@pytest.mark.parametrize("kind", [Queue, Key, Role])
def test_deny_stays_with_the_user_and_with_its_name(world, name, kind):
    user = Named(world, name)
    opened = kind(world, name, user.arn, effect="Deny")
    assert opened.use(user) in DENIES
    user.rename(name + "-new")
    assert opened.use(user) in DENIES
    namesake = Named(world, name)
    assert opened.use(namesake) in DENIES
    user.remake()
    assert opened.use(Named(world, name + "-other")) == "allowed"


def test_condition_that_names_a_user_is_never_rewritten(world, name):
    """Another account must not be able to take away a deny by renaming or making a user again."""
    user = Named(world, name)
    condition = {"StringEquals": {"aws:PrincipalArn": [user.arn]}}
    trust = {"Version": "2012-10-17", "Statement": [
        statement([OTHER, user.arn], "sts:AssumeRole"),
        {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Condition": condition}]}
    iam = world.root.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]

    def assume():
        return code_of(user.client("sts").assume_role, RoleArn=role["Arn"], RoleSessionName="ss")

    assert assume() == "AccessDenied"
    user.remake()
    assert assume() == "AccessDenied"
    user.rename(name + "-new")
    user.rename(name)
    assert assume() == "AccessDenied"
    shown = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert shown[1]["Condition"] == condition
    assert shown[0]["Principal"]["AWS"][1].startswith("AIDA")


def test_names_hold_over_a_restart_that_sets_the_clock_back(world, name):
    server = world.server
    server.post("/_tern/clock", {"advance_ms": HOUR_MS},
                auth=SigV4(world.root.key, world.root.secret)).raise_for_status()
    gone, kept = Named(world, name), Named(world, name + "-kept")
    pairs = [(kind(world, f"{name}-gone", gone.arn), kind(world, f"{name}-kept", kept.arn))
             for kind in OPENED]
    gone.remove()
    server.restart()  # the advance is gone: it is an hour earlier
    gone.make()
    for of_gone, of_kept in pairs:
        assert of_gone.use(gone) in DENIES
        assert of_kept.use(kept) == "allowed"
        assert of_kept.shown() == kept.arn and of_gone.shown().startswith("AIDA")


def missing(partition="aws"):
    return [f"arn:{partition}:iam::{OTHER}:user/nobody", f"arn:{partition}:iam::{OTHER}:role/none",
            f"arn:{partition}:sts::{OTHER}:assumed-role/none/session",
            f"arn:{partition}:iam::999999999999:root", "999999999999", "AIDAEXAMPLEUSER00001"]


FOREIGN = [f"arn:aws-us-gov:iam::{OWN}:root", f"arn:aws-cn:iam::{OTHER}:user/user1",
           f"arn:aws-cn:sts::{OWN}:federated-user/x"]


@pytest.mark.parametrize("principal", missing() + FOREIGN)
@pytest.mark.parametrize("element, effect", [("Principal", "Allow"), ("Principal", "Deny"),
                                             ("NotPrincipal", "Deny")])
def test_policy_that_names_nobody_is_refused(world, name, principal, element, effect):
    row = {"Effect": effect, element: {"AWS": [OWN, principal]}, "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [row]})
    sqs, kms = world.root.client(), world.root.client("kms")
    with pytest.raises(ClientError) as caught:
        sqs.create_queue(QueueName=name, Attributes={"Policy": policy})
    assert caught.value.response["Error"]["Code"] == "InvalidAttributeValue"
    assert caught.value.response["Error"]["Message"] == "Invalid value for the parameter Policy."
    with pytest.raises(ClientError) as caught:
        kms.create_key(Policy=policy, BypassPolicyLockoutSafetyCheck=True)
    assert caught.value.response["Error"]["Code"] == "MalformedPolicyDocumentException"
    assert caught.value.response["Error"]["Message"] == (
        "Policy contains a statement with one or more invalid principals.")
    assert code_of(world.root.client("ec2").create_vpc_endpoint, VpcId="vpc-12345678",
                   ServiceName="com.amazonaws.us-east-1.sqs", VpcEndpointType="Interface",
                   PolicyDocument=policy) == "InvalidPolicyDocument"


@pytest.mark.parametrize("principal", missing() + FOREIGN)
def test_trust_policy_that_names_nobody_is_refused(world, name, principal):
    with pytest.raises(ClientError) as caught:
        Role(world, name, principal)
    assert caught.value.response["Error"] == {
        "Type": "Sender", "Code": "MalformedPolicyDocument",
        "Message": f'Invalid principal in policy: "AWS":"{principal}"'}


@pytest.mark.parametrize("principal", [arn for arn in missing() + FOREIGN if arn[0] == "a"])
def test_grant_to_nobody_is_refused(world, name, principal):
    with pytest.raises(ClientError) as caught:
        Grant(world, name, principal)
    assert caught.value.response["Error"]["Code"] == "InvalidArnException"
    assert caught.value.response["Error"]["Message"] == (
        f"ARN does not refer to a valid principal: {principal}")


def test_permission_for_no_account_is_refused(world, name):
    sqs = world.root.client()
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    with pytest.raises(ClientError) as caught:
        sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=["999999999999"],
                           Actions=["SendMessage"])
    assert caught.value.response["Error"]["Message"] == (
        "Value [999999999999] for parameter PrincipalId is invalid. Reason: Unable to verify.")
    sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=[OTHER], Actions=["SendMessage"])
