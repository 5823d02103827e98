# SPDX-License-Identifier: MIT
"""Fixtures of the EC2 tests: servers in both modes, endpoints."""
import itertools

import pytest

vpcs = itertools.count(1)


@pytest.fixture(params=["open", "required"])
def mode(request):
    """A shared server that wants no signatures, then one that does."""
    return request.getfixturevalue("server" if request.param == "open" else "signed")


@pytest.fixture
def vpc():
    """A VPC that no other test uses."""
    return f"vpc-{next(vpcs):08x}"


@pytest.fixture
def make(mode, vpc):
    """make(**changes) creates an endpoint for SQS; what is left at the end is removed."""
    ec2 = mode.client("ec2")

    def create(**changes):
        arguments = {"VpcId": vpc, "ServiceName": "com.amazonaws.us-east-1.sqs",
                     "VpcEndpointType": "Interface"} | changes
        return ec2.create_vpc_endpoint(**arguments)["VpcEndpoint"]

    yield create
    left = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    ids = [endpoint["VpcEndpointId"] for endpoint in left["VpcEndpoints"]]
    if ids:
        assert ec2.delete_vpc_endpoints(VpcEndpointIds=ids)["Unsuccessful"] == []
