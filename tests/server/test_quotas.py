# SPDX-License-Identifier: MIT
"""Quotas are an account's: what one has used up, another still has."""
import json
import subprocess

import pytest
from botocore.exceptions import ClientError

from ternd import Server

QUOTAS = {"sqs-queues": 2, "kms-keys": 2, "kms-aliases": 1, "kms-grants": 1, "iam-users": 2,
          "iam-groups": 1, "iam-roles": 1, "iam-policies": 1, "iam-instance-profiles": 1,
          "vpc-endpoints": 2, "vpc-endpoints-per-vpc": 1}
FIRST, SECOND = "100000000001", "100000000002"


@pytest.fixture(scope="module")
def quotas(tmp_path_factory):
    text = ", ".join(f"{name}={count}" for name, count in QUOTAS.items())
    with Server(tmp_path_factory.mktemp("quotas"), "--quotas", text) as server:
        yield server


TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "sqs.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]})

# quota: service, how one is made, the fault when there is no room, its text
MAKERS = {
    "sqs-queues": ("sqs", lambda sqs, i: sqs.create_queue(QueueName=f"q{i}"), "OverLimit",
                   "The account has the maximum number of queues: 2."),
    "kms-keys": ("kms", lambda kms, i: kms.create_key(), "LimitExceededException",
                 "The account has the maximum number of KMS keys in this Region: 2."),
    "iam-users": ("iam", lambda iam, i: iam.create_user(UserName=f"u{i}"), "LimitExceeded",
                  "Cannot exceed quota for UsersPerAccount: 2"),
    "iam-groups": ("iam", lambda iam, i: iam.create_group(GroupName=f"g{i}"), "LimitExceeded",
                   "Cannot exceed quota for GroupsPerAccount: 1"),
    "iam-roles": ("iam", lambda iam, i: iam.create_role(
        RoleName=f"r{i}", AssumeRolePolicyDocument=TRUST), "LimitExceeded",
        "Cannot exceed quota for RolesPerAccount: 1"),
    "iam-policies": ("iam", lambda iam, i: iam.create_policy(
        PolicyName=f"p{i}", PolicyDocument=POLICY), "LimitExceeded",
        "Cannot exceed quota for PolicyPerAccount: 1"),
    "iam-instance-profiles": ("iam", lambda iam, i: iam.create_instance_profile(
        InstanceProfileName=f"i{i}"), "LimitExceeded",
        "Cannot exceed quota for InstanceProfilesPerAccount: 1"),
    "vpc-endpoints": ("ec2", lambda ec2, i: ec2.create_vpc_endpoint(
        VpcId=f"vpc-{ec2.account}000{str(i)[0].replace('m', 'f')}",
        ServiceName="com.amazonaws.us-east-1.sqs", VpcEndpointType="Interface",
        PrivateDnsEnabled=False), "VpcEndpointLimitExceeded", None),
}


def client(server, service, account):
    made = server.client(service, account=account)
    made.account = account[-4:]
    return made


@pytest.mark.parametrize("quota", MAKERS)
def test_account_that_used_its_quota_takes_nothing_from_another(quotas, quota):
    service, make, code, text = MAKERS[quota]
    for account in (FIRST, SECOND):
        own = client(quotas, service, account)
        for i in range(QUOTAS[quota]):
            make(own, i)
        with pytest.raises(ClientError) as caught:
            make(own, "more")
        assert caught.value.response["Error"]["Code"] == code
        assert text in (None, caught.value.response["Error"]["Message"])


def test_quota_of_a_vpc(quotas):
    ec2 = client(quotas, "ec2", "100000000003")
    make = {"VpcId": "vpc-00000001", "VpcEndpointType": "Interface", "PrivateDnsEnabled": False}
    ec2.create_vpc_endpoint(ServiceName="com.amazonaws.us-east-1.sqs", **make)
    with pytest.raises(ClientError, match="VpcEndpointLimitExceeded"):
        ec2.create_vpc_endpoint(ServiceName="com.amazonaws.us-east-1.kms", **make)


def test_quotas_of_a_key(quotas):
    kms = client(quotas, "kms", "100000000004")
    root = "arn:aws:iam::100000000004:root"
    for key in [kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]:
        kms.create_alias(AliasName=f"alias/{key[-8:]}", TargetKeyId=key)
        kms.create_grant(KeyId=key, GranteePrincipal=root, Operations=["Decrypt"])
        with pytest.raises(ClientError, match="LimitExceededException"):
            kms.create_alias(AliasName=f"alias/{key[-8:]}-2", TargetKeyId=key)
        with pytest.raises(ClientError, match="LimitExceededException"):
            kms.create_grant(KeyId=key, GranteePrincipal=root, Operations=["Encrypt"])


def test_account_summary_shows_quotas(quotas):
    summary = client(quotas, "iam", FIRST).get_account_summary()["SummaryMap"]
    assert (summary["UsersQuota"], summary["GroupsQuota"], summary["RolesQuota"],
            summary["PoliciesQuota"]) == (2, 1, 1, 1)


def test_what_was_deleted_no_longer_counts(quotas):
    sqs = client(quotas, "sqs", "100000000005")
    urls = [sqs.create_queue(QueueName=f"q{i}")["QueueUrl"] for i in range(2)]
    sqs.create_queue(QueueName="q1")  # exists
    sqs.delete_queue(QueueUrl=urls[0])
    sqs.create_queue(QueueName="q3")


@pytest.mark.parametrize("value, text", [
    ("queues=1", '--quotas: there is no quota "queues"; doc/operations.md lists them'),
    ("sqs-queues", "--quotas: sqs-queues must be a number from 1 to 1000000, as in "
                   "sqs-queues=250000"),
    ("iam-users=0", "--quotas: iam-users must be a number from 1 to 1000000, as in iam-users=5000"),
])
def test_quota_that_is_none_stops_the_start(tmp_path, value, text):
    server = Server(tmp_path / "data", "--quotas", value)
    ended = subprocess.run(server.command(), capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0 and text in ended.stderr
