# SPDX-License-Identifier: MIT
"""Clients that go through a private endpoint, and faults of boto3 as tuples."""
import boto3
import botocore.config
import botocore.exceptions
import pytest

from ternd import DEFAULT_REGION

VPC, OTHER_VPC = "vpc-12345678", "vpc-0123456789abcdef0"


def code_of(call, **arguments):
    """Code, message and status of the fault that a call must end with."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], \
        answer["ResponseMetadata"]["HTTPStatusCode"]


def through(server, endpoint, service="sqs", account=None, region=DEFAULT_REGION, scheme="http",
            secret=None, **options):
    """A client whose requests go through an endpoint."""
    config = botocore.config.Config(
        connect_timeout=60, read_timeout=40, retries={"total_max_attempts": 1}, proxies={},
        ignore_configured_endpoint_urls=True)
    return boto3.client(
        service, endpoint_url=f"{scheme}://{endpoint['DnsEntries'][0]['DnsName']}",
        region_name=region, aws_access_key_id=account or server.key,
        aws_secret_access_key=secret or server.secret, config=config, **options)
