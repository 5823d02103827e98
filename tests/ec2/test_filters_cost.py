# SPDX-License-Identifier: MIT
"""Filters times values times endpoints times tags are the caller's: bounds as AWS has them."""
import botocore.exceptions
import pytest


def fault(call, **members):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**members)
    return caught.value.response["Error"]["Code"]


DESCRIBE = ["describe_vpc_endpoints", "describe_vpc_endpoint_services", "describe_tags",
            "describe_network_interfaces", "describe_vpcs", "describe_subnets",
            "describe_security_groups"]


@pytest.mark.parametrize("name", DESCRIBE)
def test_filters_and_values_are_bounded(server, name):
    describe = getattr(server.client("ec2"), name)
    key = {"describe_vpc_endpoint_services": "owner", "describe_tags": "key"}.get(name, "vpc-id")
    values = [f"v{number}" for number in range(200)]
    assert describe(Filters=[{"Name": key, "Values": values}])
    assert fault(describe, Filters=[{"Name": key, "Values": values + ["one more"]}]) \
        == "FilterLimitExceeded"
    assert describe(Filters=[{"Name": key, "Values": ["v"]}] * 50)
    assert fault(describe, Filters=[{"Name": key, "Values": ["v"]}] * 51) == "FilterLimitExceeded"
    assert describe(Filters=[{"Name": key, "Values": ["v" * 255]}])
    assert fault(describe, Filters=[{"Name": key, "Values": ["v" * 256]}]) \
        == "InvalidParameterValue"


def test_comparisons_are_bounded(private):
    server = private("--durability", "memory", "--endpoint-listen", "127.0.0.1")
    ec2 = server.client("ec2")
    tags = [{"Key": f"{number:03}" + "a" * 120, "Value": "a" * 250} for number in range(50)]
    for number in range(4):
        ec2.create_vpc_endpoint(
            VpcId=f"vpc-0000000{number}", ServiceName="com.amazonaws.us-east-1.sqs",
            VpcEndpointType="Interface", TagSpecifications=[
                {"ResourceType": "vpc-endpoint", "Tags": tags}])
    mild = [{"Name": "tag-key", "Values": ["*a", "000*"]}]
    assert len(ec2.describe_vpc_endpoints(Filters=mild)["VpcEndpoints"]) == 4
    wild = [{"Name": "tag-key", "Values": [f"*{'a' * 60}{number}" for number in range(200)]}]
    assert fault(ec2.describe_vpc_endpoints, Filters=wild) == "FilterLimitExceeded"


def test_ids_are_bounded(server):
    ec2 = server.client("ec2")
    assert fault(ec2.create_tags, Resources=[f"vpce-{number:017x}" for number in range(1001)],
                 Tags=[{"Key": "k", "Value": "v"}]) == "InvalidParameterValue"
    assert fault(ec2.create_tags, Resources=["vpce-00000000000000000"],
                 Tags=[{"Key": f"k{number}", "Value": "v"} for number in range(51)]) \
        == "InvalidVpcEndpointId.NotFound"
