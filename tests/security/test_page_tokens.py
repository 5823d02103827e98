# SPDX-License-Identifier: MIT
"""Tokens of pages: of each list that has pages, in each service.

Each row makes four items whose names are sorted, and says how they are listed. A token is opaque,
belongs to the request that it came from, and goes on behind the last item that was shown, whatever
was deleted meanwhile. Anything else gets the service's own fault.
"""
import base64
import json
import types
import uuid

import pytest
from botocore.exceptions import ClientError

from callers import document

TRUST = json.dumps({"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Principal": {"Service": "sqs.amazonaws.com"},
    "Action": "sts:AssumeRole"}})
FAULTS = {"sqs": "InvalidParameterValue", "kms": "InvalidMarkerException",
          "iam": "ValidationError", "ec2": "InvalidNextToken"}
PAGE = {"sqs": "MaxResults", "kms": "Limit", "iam": "MaxItems", "ec2": "MaxResults"}
# EC2 and SQS document that tokens expire, IAM and KMS do not.
EXPIRING = {"sqs", "ec2"}


def names(server):
    stem = uuid.uuid4().hex[:8]
    return stem, [f"{stem}-{letter}" for letter in "abcd"]


def queues(server):
    client, (stem, made) = server.client("sqs"), names(server)
    urls = [client.create_queue(QueueName=name)["QueueUrl"] for name in made]
    return client, urls, urls, client.list_queues, {"QueueNamePrefix": stem}, "QueueUrls", \
        {"QueueNamePrefix": stem[:4]}, lambda url: client.delete_queue(QueueUrl=url)


def sources(server):
    client, (stem, made) = server.client("sqs"), names(server)
    url = client.create_queue(QueueName=f"{stem}-x")["QueueUrl"]
    other = client.create_queue(QueueName=f"{stem}-y")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    policy = {"RedrivePolicy": json.dumps({"maxReceiveCount": 1, "deadLetterTargetArn":
                                           arn["Attributes"]["QueueArn"]})}
    urls = [client.create_queue(QueueName=name, Attributes=policy)["QueueUrl"] for name in made]
    return client, urls, urls, client.list_dead_letter_source_queues, {"QueueUrl": url}, \
        "queueUrls", {"QueueUrl": other}, lambda url: client.delete_queue(QueueUrl=url)


def aliases(server):
    client, (_, made) = server.client("kms"), names(server)
    keys = [client.create_key()["KeyMetadata"]["KeyId"] for _ in range(2)]
    made = [f"alias/{name}" for name in made]
    for name in made:
        client.create_alias(AliasName=name, TargetKeyId=keys[0])
    return client, made, made, client.list_aliases, {"KeyId": keys[0]}, "Aliases.AliasName", \
        {"KeyId": keys[1]}, lambda name: client.delete_alias(AliasName=name)


def grants(server):
    client = server.client("kms")
    keys = [client.create_key()["KeyMetadata"]["KeyId"] for _ in range(2)]
    made = [client.create_grant(KeyId=keys[0], Operations=["Decrypt"], Name=f"n{number}",
                                GranteePrincipal="arn:aws:iam::000000000000:root")["GrantId"]
            for number in range(4)]
    return client, made, made, client.list_grants, {"KeyId": keys[0]}, "Grants.GrantId", \
        {"KeyId": keys[1]}, lambda grant: client.revoke_grant(KeyId=keys[0], GrantId=grant)


def retirable(server):
    client, retiring = server.client("kms"), f"arn:aws:iam::000000000000:user/{uuid.uuid4()}"
    pairs = []
    for key in sorted(client.create_key()["KeyMetadata"]["KeyId"] for _ in range(2)):
        pairs += [(key, client.create_grant(
            KeyId=key, Operations=["Decrypt"], Name=f"n{number}", RetiringPrincipal=retiring,
            GranteePrincipal="arn:aws:iam::000000000000:root")["GrantId"]) for number in range(2)]
    return client, pairs, [grant for _, grant in pairs], client.list_retirable_grants, \
        {"RetiringPrincipal": retiring}, "Grants.GrantId", {"RetiringPrincipal": retiring[:-1]}, \
        lambda pair: client.revoke_grant(KeyId=pair[0], GrantId=pair[1])


def key_tags(server):
    client, made = server.client("kms"), ["a", "b", "c", "d"]
    keys = [client.create_key(Tags=[{"TagKey": name, "TagValue": ""} for name in made])
            ["KeyMetadata"]["KeyId"] for _ in range(2)]
    return client, made, made, client.list_resource_tags, {"KeyId": keys[0]}, "Tags.TagKey", \
        {"KeyId": keys[1]}, lambda name: client.untag_resource(KeyId=keys[0], TagKeys=[name])


def users(server):
    client, (stem, made) = server.client("iam"), names(server)
    for name in made:
        client.create_user(UserName=name, Path=f"/{stem}/")
    return client, made, made, client.list_users, {"PathPrefix": f"/{stem}/"}, \
        "Users.UserName", {"PathPrefix": f"/{stem}"}, lambda name: client.delete_user(UserName=name)


def user_tags(server):
    client, (_, (one, two, *_)) = server.client("iam"), names(server)
    made = [letter + "x" * 127 for letter in "abcd"]
    for name in (one, two):
        client.create_user(UserName=name, Tags=[{"Key": key, "Value": "v"} for key in made])
    return client, made, made, client.list_user_tags, {"UserName": one}, "Tags.Key", \
        {"UserName": two}, lambda key: client.untag_user(UserName=one, TagKeys=[key])


def attached(server):
    client, (stem, made) = server.client("iam"), names(server)
    arns = [client.create_policy(PolicyName=name, PolicyDocument=document(
        {"Effect": "Allow", "Action": "*", "Resource": "*"}))["Policy"]["Arn"] for name in made]
    arns = [arns[place] for place in (2, 0, 3, 1)]  # in the order in which they come
    for name in (f"{stem}-r", f"{stem}-s"):
        client.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        for arn in arns:
            client.attach_role_policy(RoleName=name, PolicyArn=arn)
    return client, arns, arns, client.list_attached_role_policies, {"RoleName": f"{stem}-r"}, \
        "AttachedPolicies.PolicyArn", {"RoleName": f"{stem}-s"}, \
        lambda arn: client.detach_role_policy(RoleName=f"{stem}-r", PolicyArn=arn)


def entities(server):
    client, (stem, made) = server.client("iam"), names(server)
    arn = client.create_policy(PolicyName=stem, PolicyDocument=document(
        {"Effect": "Allow", "Action": "*", "Resource": "*"}))["Policy"]["Arn"]
    for name in made:
        client.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        client.attach_role_policy(RoleName=name, PolicyArn=arn)
    return client, made, made, client.list_entities_for_policy, {"PolicyArn": arn}, \
        "PolicyRoles.RoleName", {"PolicyArn": arn, "EntityFilter": "Role"}, \
        lambda name: client.detach_role_policy(RoleName=name, PolicyArn=arn)


def devices(server):
    client, (_, made) = server.client("iam"), names(server)
    arns = [client.create_virtual_mfa_device(VirtualMFADeviceName=name)
            ["VirtualMFADevice"]["SerialNumber"] for name in made]
    return client, arns, arns, client.list_virtual_mfa_devices, {}, \
        "VirtualMFADevices.SerialNumber", {"AssignmentStatus": "Assigned"}, \
        lambda arn: client.delete_virtual_mfa_device(SerialNumber=arn)


def endpoints(server):
    client = server.client("ec2")
    made = sorted(client.create_vpc_endpoint(
        VpcId="vpc-12345678", VpcEndpointType="Interface", PrivateDnsEnabled=False,
        ServiceName="com.amazonaws.us-east-1.sqs")["VpcEndpoint"]["VpcEndpointId"]
        for _ in range(4))
    filters = [{"Name": "vpc-endpoint-id", "Values": made}]
    return client, made, made, client.describe_vpc_endpoints, {"Filters": filters}, \
        "VpcEndpoints.VpcEndpointId", {"Filters": [{"Name": "vpc-endpoint-id",
                                                    "Values": made[1:]}]}, \
        lambda name: client.delete_vpc_endpoints(VpcEndpointIds=[name])


LISTS = [queues, sources, aliases, grants, retirable, key_tags, users, user_tags, attached,
         entities, devices, endpoints]


@pytest.fixture(params=LISTS, ids=lambda row: row.__name__)
def listing(request, private):
    server = private("--test-clock")
    client, handles, items, run, arguments, path, others, delete = request.param(server)
    service = client.meta.service_model.service_name
    list_name, _, member = path.partition(".")

    def pages(size=None, token=None, **changes):
        """The items of a page and the token of the next one."""
        more = ({PAGE[service]: size} if size else {}) | (
            {"NextToken" if service in EXPIRING else "Marker": token} if token else {})
        answer = run(**({} if changes else arguments), **changes, **more)
        found = [item[member] if member else item for item in answer.get(list_name, [])]
        return found, answer.get("NextToken") or answer.get("NextMarker") or answer.get("Marker")

    return types.SimpleNamespace(server=server, service=service, handles=handles, items=items,
                                 pages=pages, others=others, delete=delete)


def refused(listing, token, **changes):
    with pytest.raises(ClientError) as caught:
        listing.pages(token=token, **changes)
    return caught.value.response["Error"]["Code"] == FAULTS[listing.service]


def test_a_token_goes_on_behind_the_last_item_and_belongs_to_its_request(listing):
    found, token = listing.pages(2)
    assert found == listing.items[:2]
    assert listing.pages(token=token)[0] == listing.items[2:]
    assert listing.pages(1, token)[0] == listing.items[2:3]
    assert refused(listing, token, **listing.others)
    sealed = base64.b64decode(token)
    name = listing.items[1].encode()
    assert len(name) == 1 or name[-6:] not in sealed
    for place in (0, len(token) // 2, len(token) - 5):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1:]
        assert refused(listing, changed)
    if listing.service == "iam":
        assert len(token) <= 320  # of IAM's markerType
    # Deleting the item that the token names, or the one before, moves nothing.
    listing.delete(listing.handles[1])
    assert listing.pages(token=token)[0] == listing.items[2:]
    listing.server.advance(86_000)
    assert listing.pages(token=token)[0] == listing.items[2:]
    listing.server.advance(1_000)
    if listing.service in EXPIRING:
        assert refused(listing, token)
    else:
        assert listing.pages(token=token)[0] == listing.items[2:]


def test_a_token_is_valid_after_a_restart_but_not_on_another_server(private):
    server = private()
    client = server.client("sqs")
    for name in "ab":
        client.create_queue(QueueName=name)
    token = client.list_queues(MaxResults=1)["NextToken"]
    server.restart()
    client = server.client("sqs")
    assert len(client.list_queues(NextToken=token)["QueueUrls"]) == 1
    stranger = private().client("sqs")
    with pytest.raises(ClientError) as caught:
        stranger.list_queues(NextToken=token)
    assert caught.value.response["Error"]["Message"] == "Invalid or expired next token."
