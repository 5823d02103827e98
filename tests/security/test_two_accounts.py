# SPDX-License-Identifier: MIT
"""Two accounts try to reach each other through every operation that is served.

What one account has is marked: a text stands in its messages, descriptions, tags and policies. The
other one's root user and administrator call every operation of model/ with the first one's
identifiers. Whatever is answered, the mark is not in it, and afterwards all is as it was.
"""
import base64
import json
import re

import botocore.exceptions
import pytest

from callers import document
from ternd import ROOT

MARK = "tresor"
SERVICES = sorted(path.stem for path in (ROOT / "model").glob("*.ops"))
OPERATIONS = [(service, operation) for service in SERVICES for operation in re.findall(
    r"^operation (\w+)", (ROOT / "model" / f"{service}.ops").read_text(), re.MULTILINE)]
# Says by design whose key that is: https://docs.aws.amazon.com/STS/latest/APIReference/
# API_GetAccessKeyInfo.html
TELLS_ACCOUNTS = {("sts", "GetAccessKeyInfo")}
# Lists of what the caller has that concerns them: empty.
LISTS_NOTHING = {("kms", "ListAliases"), ("kms", "ListRetirableGrants")}
# What an operation wants so that it comes to the question of permission.
MORE = {
    "GenerateDataKey": {"KeySpec": "AES_256"},
    "GenerateDataKeyWithoutPlaintext": {"KeySpec": "AES_256"},
    "GenerateRandom": {"NumberOfBytes": 8},
    "GetParametersForImport": {"WrappingAlgorithm": "RSAES_OAEP_SHA_256",
                               "WrappingKeySpec": "RSA_2048"},
    "ImportKeyMaterial": {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"},
}


class Treasure:
    """What the first account has, and its identifiers by the names that members have."""

    def __init__(self, root):
        self.root = root
        sqs, kms, iam, ec2 = (root.client(name) for name in ("sqs", "kms", "iam", "ec2"))
        tag = [{"Key": "note", "Value": MARK}]
        url = sqs.create_queue(QueueName="vault", tags={"note": MARK})["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn = arn["Attributes"]["QueueArn"]
        source = sqs.create_queue(QueueName="vault-source", Attributes={
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})})
        for _ in range(2):
            sqs.send_message(QueueUrl=url, MessageBody=MARK)
        handle = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
        key = kms.create_key(Description=MARK, Tags=[
            {"TagKey": "note", "TagValue": MARK}])["KeyMetadata"]["Arn"]
        kms.create_alias(AliasName="alias/vault", TargetKeyId=key)
        grant = kms.create_grant(KeyId=key, GranteePrincipal=root.arn, Operations=["Decrypt"],
                                 Name=MARK)
        blob = kms.encrypt(KeyId=key, Plaintext=MARK.encode())["CiphertextBlob"]
        iam.create_user(UserName="vault", Tags=tag)
        iam.put_user_policy(UserName="vault", PolicyName="inline", PolicyDocument=document(
            {"Sid": MARK, "Effect": "Allow", "Action": "sqs:*"}))
        access_key = iam.create_access_key(UserName="vault")["AccessKey"]["AccessKeyId"]
        iam.create_group(GroupName="vault")
        iam.add_user_to_group(GroupName="vault", UserName="vault")
        role = iam.create_role(RoleName="vault", Description=MARK, Tags=tag,
                               AssumeRolePolicyDocument=trust(root.arn))["Role"]["Arn"]
        iam.create_instance_profile(InstanceProfileName="vault", Tags=tag)
        iam.add_role_to_instance_profile(InstanceProfileName="vault", RoleName="vault")
        iam.create_login_profile(UserName="vault", Password="Correct-Horse-1")
        serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="vault", Tags=tag)
        serial = serial["VirtualMFADevice"]["SerialNumber"]
        provider = iam.create_open_id_connect_provider(
            Url="https://vault.example", ClientIDList=[MARK], Tags=tag)
        provider = provider["OpenIDConnectProviderArn"]
        policy = iam.create_policy(PolicyName="vault", Description=MARK, Tags=tag,
                                   PolicyDocument=document("sqs:*"))["Policy"]["Arn"]
        endpoint = ec2.create_vpc_endpoint(
            VpcId="vpc-12345678", ServiceName="com.amazonaws.us-east-1.sqs",
            VpcEndpointType="Interface", TagSpecifications=[
                {"ResourceType": "vpc-endpoint", "Tags": tag}])["VpcEndpoint"]["VpcEndpointId"]
        sns = root.client("sns")
        topic = sns.create_topic(Name="vault", Attributes={"DisplayName": MARK},
                                 Tags=tag)["TopicArn"]
        subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={
            "FilterPolicy": json.dumps({MARK: ["a"]})})["SubscriptionArn"]
        self.source = source["QueueUrl"]
        self.known = {
            "QueueUrl": url, "SourceArn": arn, "ReceiptHandle": handle, "QueueName": "vault",
            "QueueOwnerAWSAccountId": arn.split(":")[4],
            "KeyId": key, "TargetKeyId": key, "SourceKeyId": key, "DestinationKeyId": key,
            "AliasName": "alias/vault", "GrantId": grant["GrantId"],
            "GrantToken": grant["GrantToken"], "CiphertextBlob": blob,
            "GranteePrincipal": root.arn, "RetiringPrincipal": root.arn,
            "UserName": "vault", "GroupName": "vault", "RoleName": "vault", "PolicyArn": policy,
            "SerialNumber": serial, "AuthenticationCode1": "123456",
            "AuthenticationCode2": "123456", "TokenCode": "123456",
            "InstanceProfileName": "vault", "OpenIDConnectProviderArn": provider,
            "SAMLProviderArn": provider.replace("oidc", "saml"),
            "PermissionsBoundary": policy, "PolicyName": "inline", "VersionId": "v1",
            "AccessKeyId": access_key, "RoleArn": role, "PolicySourceArn": role,
            "PolicyDocument": document("sqs:*"), "AssumeRolePolicyDocument": trust(root.arn),
            "VpcEndpointId": endpoint, "VpcEndpointIds": [endpoint], "ResourceIds": [endpoint],
            "VpcId": "vpc-12345678", "ServiceName": "com.amazonaws.us-east-1.sqs",
            "Resources": [endpoint], "RoleSessionName": "burglar", "MessageBody": "b",
            "TaskHandle": task_handle(arn), "Policy": document("sqs:*"),
            "AWSServiceName": "x.amazonaws.com",
            "TopicArn": topic, "ResourceArn": topic, "SubscriptionArn": subscription,
            "Endpoint": arn, "Protocol": "sqs", "Label": "l", "ActionName": ["Publish"],
            "AttributeName": "DisplayName", "AttributeValue": "b",
        }

    def state(self):
        """All that the first account has, as it sees it."""
        sqs, kms, iam, ec2 = (self.root.client(name) for name in ("sqs", "kms", "iam", "ec2"))
        sns = self.root.client("sns")
        known = self.known
        calls = [
            (sqs.get_queue_attributes, {"QueueUrl": known["QueueUrl"], "AttributeNames": ["All"]}),
            (sqs.list_queue_tags, {"QueueUrl": known["QueueUrl"]}),
            (sqs.list_queues, {}),
            (kms.describe_key, {"KeyId": known["KeyId"]}),
            (kms.get_key_policy, {"KeyId": known["KeyId"]}),
            (kms.list_grants, {"KeyId": known["KeyId"]}),
            (kms.list_aliases, {"KeyId": known["KeyId"]}),
            (kms.list_resource_tags, {"KeyId": known["KeyId"]}),
            (kms.get_key_rotation_status, {"KeyId": known["KeyId"]}),
            (iam.get_account_authorization_details, {}),
            (iam.list_access_keys, {"UserName": "vault"}),
            (iam.get_login_profile, {"UserName": "vault"}), (iam.list_virtual_mfa_devices, {}),
            (iam.get_instance_profile, {"InstanceProfileName": "vault"}),
            (iam.get_open_id_connect_provider, {
                "OpenIDConnectProviderArn": known["OpenIDConnectProviderArn"]}),
            (ec2.describe_vpc_endpoints, {"VpcEndpointIds": known["VpcEndpointIds"]}),
            (sns.get_topic_attributes, {"TopicArn": known["TopicArn"]}),
            (sns.list_tags_for_resource, {"ResourceArn": known["TopicArn"]}),
            (sns.list_subscriptions_by_topic, {"TopicArn": known["TopicArn"]}),
            (sns.get_subscription_attributes, {"SubscriptionArn": known["SubscriptionArn"]}),
        ]
        answers = [call(**members) for call, members in calls]
        for answer in answers:
            answer.pop("ResponseMetadata")
        return json.dumps(answers, default=str, sort_keys=True)


def task_handle(arn):
    plain = json.dumps({"taskId": "00000000-0000-0000-0000-000000000000", "sourceArn": arn})
    return base64.b64encode(plain.encode()).decode()


def trust(arn):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": MARK, "Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}]})


@pytest.fixture(scope="module")
def treasure(world):
    treasure = Treasure(world.root)
    before = treasure.state()
    assert MARK in before
    yield treasure
    after = treasure.state()
    assert after == before, "another account changed something"
    found = world.root.client().receive_message(QueueUrl=treasure.known["QueueUrl"])
    assert [message["Body"] for message in found["Messages"]] == [MARK]


@pytest.fixture(scope="module")
def burglars(world):
    """Who is all-powerful at home."""
    return {"root": world.other_root, "user": world.user(world.other_root, "*")}


def fill(shape, name, known):
    """A value of the shape, as far as it is known what to ask for."""
    if name in known and isinstance(known[name], list) == (shape.type_name == "list"):
        return known[name]
    if shape.type_name == "structure":
        return {member: fill(inner, member, known) for member, inner in shape.members.items()
                if member in shape.required_members or member in known}
    if shape.type_name == "list":
        return [fill(shape.member, name.removesuffix("s"), known)]
    if shape.type_name == "map":
        return {"k": fill(shape.value, "", known)}
    if shape.type_name == "timestamp":
        return 1
    if shape.type_name in ("integer", "long"):
        return shape.metadata.get("min", 1)
    if shape.type_name == "boolean":
        return False
    if shape.type_name == "blob":
        return b"blob"
    if shape.enum:
        return shape.enum[0]
    return "x" * max(shape.metadata.get("min", 1), 1)


@pytest.mark.parametrize("who", ["root", "user"])
@pytest.mark.parametrize("service, operation", OPERATIONS)
def test_operation(treasure, burglars, service, operation, who):
    client = burglars[who].client(service, validates=False)
    model = client.meta.service_model.operation_model(operation)
    members = fill(model.input_shape, "", treasure.known) if model.input_shape else {}
    members |= MORE.get(operation, {})
    try:
        answer = client._make_api_call(operation, members)
    except botocore.exceptions.ClientError as error:
        answer = error.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] < 500, answer
    text = json.dumps(answer, default=str)
    assert MARK not in text
    if (service, operation) not in TELLS_ACCOUNTS and "Error" not in answer:
        assert treasure.root.account not in text
        reaches_out = treasure.root.account in json.dumps(members, default=str)
        assert not reaches_out or (service, operation) in LISTS_NOTHING
