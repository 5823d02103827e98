# SPDX-License-Identifier: MIT
"""The operations on endpoints and networks: each fault, pages, filters, tags, permissions."""
import json
import re

import boto3
import pytest
import requests

from ternd import DEFAULT_REGION
from vpce import OTHER_VPC, VPC, code_of

SQS = "com.amazonaws.us-east-1.sqs"
NETWORKS = {"vpcs": [
    {"id": VPC, "cidr": "10.0.0.0/16", "tags": {"Name": "main"},
     "subnets": [{"id": "subnet-12345678", "zone": "us-east-1a", "cidr": "10.0.1.0/24"},
                 {"id": "subnet-0000000a", "zone": "us-east-1a"},
                 {"id": "subnet-87654321", "zone": "us-east-1b"}],
     "security-groups": [{"id": "sg-12345678", "name": "default", "description": "all"},
                         {"id": "sg-0000000a", "name": "web"}]},
    {"id": OTHER_VPC, "subnets": [{"id": "subnet-0000000b"}],
     "security-groups": [{"id": "sg-0000000b"}]}]}


@pytest.fixture
def declared(private, tmp_path):
    path = tmp_path / "networks.json"
    path.write_text(json.dumps(NETWORKS))
    return private("--config", path)


def arguments(**changes):
    return {"VpcId": VPC, "ServiceName": SQS, "VpcEndpointType": "Interface",
            "PrivateDnsEnabled": False} | changes


@pytest.mark.parametrize("changes, code, text", [
    ({"VpcId": ""}, "MissingParameter", "The request must contain the parameter VpcId"),
    ({"VpcId": "vpc-1"}, "InvalidVpcId.Malformed", 'Invalid id: "vpc-1" (expecting "vpc-...")'),
    ({"VpcId": "subnet-12345678"}, "InvalidVpcId.Malformed",
     'Invalid id: "subnet-12345678" (expecting "vpc-...")'),
    ({"ServiceName": "com.amazonaws.us-east-1.nothing"}, "InvalidServiceName",
     "The Vpc Endpoint Service 'com.amazonaws.us-east-1.nothing' does not exist"),
    ({"ServiceName": "com.amazonaws.eu-west-1.sqs"}, "InvalidServiceName",
     "The Vpc Endpoint Service 'com.amazonaws.eu-west-1.sqs' does not exist"),
    ({"ServiceName": ""}, "MissingParameter", "The request must contain the parameter ServiceName"),
    ({"VpcEndpointType": "Gateway"}, "InvalidParameter",
     "Endpoint type (Gateway) does not match available service types ([Interface])."),
    ({"VpcEndpointType": ""}, "InvalidParameter",
     "Endpoint type (Gateway) does not match available service types ([Interface])."),
    ({"VpcEndpointType": "Door"}, "InvalidParameterValue",
     "Value (Door) for parameter VpcEndpointType is invalid."),
    ({"RouteTableIds": ["rtb-1"]}, "InvalidParameter",
     "Route table IDs are only supported for Gateway type VPC Endpoint."),
    ({"SubnetIds": ["subnet-x"]}, "InvalidSubnetId.Malformed",
     'Invalid id: "subnet-x" (expecting "subnet-...")'),
    ({"SubnetIds": ["subnet-12345678"] * 2}, "InvalidParameter",
     "The subnet subnet-12345678 is given twice"),
    ({"SecurityGroupIds": ["sg"]}, "InvalidSecurityGroupId.Malformed",
     'Invalid id: "sg" (expecting "sg-...")'),
    ({"IpAddressType": "ipv5"}, "InvalidParameterValue",
     "Value (ipv5) for parameter IpAddressType is invalid."),
    ({"DnsOptions": {"DnsRecordIpType": "x"}}, "InvalidParameterValue",
     "Value (x) for parameter DnsRecordIpType is invalid."),
    ({"ServiceRegion": "eu-west-1"}, "InvalidParameter",
     "Services of other regions are not served here."),
    ({"ServiceNetworkArn": "arn:x"}, "InvalidParameter",
     "Endpoints of service networks and resource configurations are not served here."),
    ({"TagSpecifications": [{"ResourceType": "vpc", "Tags": []}]}, "InvalidParameterValue",
     "'vpc' is not a valid taggable resource type for this operation."),
    ({"TagSpecifications": [{"ResourceType": "vpc-endpoint",
                             "Tags": [{"Key": "aws:x", "Value": ""}]}]}, "InvalidParameterValue",
     "Tag keys starting with 'aws:' are reserved for internal use"),
    ({"PolicyDocument": "{"}, "InvalidPolicyDocument", None),
    ({"PolicyDocument": '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'},
     "InvalidPolicyDocument", None),
    ({"PolicyDocument": "x" * 20481}, "InvalidPolicyDocument",
     "The policy is longer than 20480 characters"),
    ({"DryRun": True}, "DryRunOperation",
     "Request would have succeeded, but DryRun flag is set."),
])
def test_what_is_refused(server, changes, code, text):
    ec2 = server.client("ec2", validates=False)
    found = code_of(ec2.create_vpc_endpoint, **arguments(**changes))
    assert found[0] == code and found[2] == (412 if code == "DryRunOperation" else 400)
    assert text is None or found[1] == text
    assert ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [VPC]}])[
        "VpcEndpoints"] == []


def test_faults_have_ec2s_envelope(server):
    answer = server.http.post(server.url, timeout=60, data={
        "Action": "CreateVpcEndpoint", "Version": "2016-11-15"})
    assert answer.status_code == 400 and answer.headers["Content-Type"] == "text/xml"
    assert re.fullmatch(
        r'<\?xml version="1.0" encoding="UTF-8"\?>\n<Response><Errors><Error>'
        r"<Code>MissingParameter</Code><Message>The request must contain the parameter VpcId"
        r"</Message></Error></Errors><RequestID>[0-9a-f-]{36}</RequestID></Response>", answer.text)
    answer = server.http.get(server.url, timeout=60, params={
        "Action": "Nothing", "Version": "2016-11-15"}, headers={"Accept": "application/json"})
    assert "<Code>InvalidAction</Code><Message>The action Nothing is not valid for this web " \
        "service.</Message>" in answer.text
    answer = server.http.get(server.url, timeout=60, params={
        "Action": "DescribeVpcs", "Version": "2016-11-15", "MaxResults": "many"})
    assert "<Code>InvalidParameterValue</Code>" in answer.text


def test_strangers_are_refused_in_ec2s_words(signed):
    stranger = signed.client("ec2", account="AKIAIOSFODNN7EXAMPLE")
    assert code_of(stranger.describe_vpcs) == (
        "AuthFailure", "The security token included in the request is invalid.", 401)
    assert code_of(signed.client("ec2", secret="wrong").describe_vpcs)[0::2] == (
        "SignatureDoesNotMatch", 403)


def test_users_need_permission(signed):
    iam = signed.client("iam")
    iam.create_user(UserName="networker")
    key = iam.create_access_key(UserName="networker")["AccessKey"]
    ec2 = signed.client("ec2", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    code, text, status = code_of(ec2.create_vpc_endpoint, **arguments())
    assert (code, status) == ("UnauthorizedOperation", 403)
    assert text == (
        "You are not authorized to perform this operation. User: arn:aws:iam::000000000000:user/"
        "networker is not authorized to perform: ec2:CreateVpcEndpoint on resource: arn:aws:ec2:"
        "us-east-1:000000000000:vpc-endpoint/* because no identity-based policy allows the "
        "ec2:CreateVpcEndpoint action")
    for operation, members in (
            ("describe_vpc_endpoints", {}), ("describe_vpc_endpoint_services", {}),
            ("describe_vpcs", {}), ("describe_subnets", {}), ("describe_security_groups", {}),
            ("describe_tags", {}), ("describe_prefix_lists", {}),
            ("delete_vpc_endpoints", {"VpcEndpointIds": ["vpce-1"]}),
            ("modify_vpc_endpoint", {"VpcEndpointId": "vpce-1"}),
            ("create_tags", {"Resources": ["vpce-1"], "Tags": [{"Key": "a", "Value": "b"}]}),
            ("delete_tags", {"Resources": ["vpce-1"]})):
        assert code_of(getattr(ec2, operation), **members)[0] == "UnauthorizedOperation", operation
        assert code_of(getattr(ec2, operation), **members, DryRun=True)[0] == \
            "UnauthorizedOperation", operation
    iam.put_user_policy(UserName="networker", PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Resource": "*",
            "Action": ["ec2:CreateVpcEndpoint", "ec2:CreateTags", "ec2:DeleteVpcEndpoints"],
            "Condition": {"StringEqualsIfExists": {"aws:RequestTag/team": "net"},
                          "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}}}))
    tagged = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "team", "Value": "net"}]}]
    other = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "team", "Value": "x"}]}]
    assert code_of(ec2.create_vpc_endpoint, **arguments(
        TagSpecifications=other))[0] == "UnauthorizedOperation"
    # All specifications count, and of two values the one that is kept.
    more = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "owner", "Value": "x"}]}]
    twice = [{"ResourceType": "vpc-endpoint", "Tags": tagged[0]["Tags"] + other[0]["Tags"]}]
    for specifications in (more + tagged, tagged + other, twice):
        assert code_of(ec2.create_vpc_endpoint, **arguments(
            TagSpecifications=specifications))[0] == "UnauthorizedOperation"
    made = ec2.create_vpc_endpoint(**arguments(TagSpecifications=tagged))["VpcEndpoint"]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])


def test_accounts_and_regions_are_apart(server, vpc):
    ec2 = server.client("ec2", account="111122223333")
    made = ec2.create_vpc_endpoint(**arguments(VpcId=vpc))["VpcEndpoint"]["VpcEndpointId"]
    for other in (server.client("ec2"),
                  server.client("ec2", account="111122223333", region="eu-west-1")):
        assert code_of(other.describe_vpc_endpoints, VpcEndpointIds=[made])[0] == \
            "InvalidVpcEndpointId.NotFound"
        assert other.delete_vpc_endpoints(VpcEndpointIds=[made])["Unsuccessful"]
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[made])["Unsuccessful"] == []


def test_the_same_token_gives_the_same_endpoint(make):
    first = make(ClientToken="t", PrivateDnsEnabled=False)
    assert make(ClientToken="t", PrivateDnsEnabled=False) == first
    assert code_of(make, ClientToken="t", PrivateDnsEnabled=True)[0] == \
        "IdempotentParameterMismatch"
    assert make(ClientToken="u", PrivateDnsEnabled=False) != first


def test_private_dns_is_for_one(mode, make, vpc):
    made, other = make(), make(PrivateDnsEnabled=False)
    text = ("private-dns-enabled cannot be set because there is already a conflicting DNS domain "
            f"for sqs.us-east-1.amazonaws.com in the VPC {vpc}")
    assert code_of(make) == ("InvalidParameter", text, 400)
    make(ServiceName="com.amazonaws.us-east-1.kms")
    modify = mode.client("ec2").modify_vpc_endpoint
    other = {"VpcEndpointId": other["VpcEndpointId"]}
    assert code_of(modify, **other, PrivateDnsEnabled=True) == ("InvalidParameter", text, 400)
    modify(VpcEndpointId=made["VpcEndpointId"], PrivateDnsEnabled=False)
    assert modify(**other, PrivateDnsEnabled=True)["Return"]


def test_changes(mode, make):
    ec2, made = mode.client("ec2"), make(SubnetIds=["subnet-00000001", "subnet-00000002"],
                                         SecurityGroupIds=["sg-00000001"])
    name = made["VpcEndpointId"]
    ec2.modify_vpc_endpoint(
        VpcEndpointId=name, AddSubnetIds=["subnet-00000003", "subnet-00000002"],
        RemoveSubnetIds=["subnet-00000001"], AddSecurityGroupIds=["sg-00000002"],
        RemoveSecurityGroupIds=["sg-00000001", "sg-00000009"], IpAddressType="dualstack",
        DnsOptions={"DnsRecordIpType": "dualstack"})
    found = ec2.describe_vpc_endpoints(VpcEndpointIds=[name])["VpcEndpoints"][0]
    assert found["SubnetIds"] == ["subnet-00000002", "subnet-00000003"]
    assert found["NetworkInterfaceIds"][0] == made["NetworkInterfaceIds"][1]
    assert found["NetworkInterfaceIds"][1] not in made["NetworkInterfaceIds"]
    assert [group["GroupId"] for group in found["Groups"]] == ["sg-00000002"]
    assert found["IpAddressType"] == found["DnsOptions"]["DnsRecordIpType"] == "dualstack"
    assert found["DnsEntries"] == made["DnsEntries"]
    modify = ec2.modify_vpc_endpoint
    for changes, code in (({"ResetPolicy": True, "PolicyDocument": "{}"},
                           "InvalidParameterCombination"),
                          ({"PolicyDocument": "{}"}, "InvalidPolicyDocument"),
                          ({"AddRouteTableIds": ["rtb-1"]}, "InvalidParameter"),
                          ({"AddSubnetIds": ["x"]}, "InvalidSubnetId.Malformed"),
                          ({"AddSecurityGroupIds": ["x"]}, "InvalidSecurityGroupId.Malformed"),
                          ({"IpAddressType": "x"}, "InvalidParameterValue"),
                          ({"AddSubnetIds": ["subnet-00000009"], "DryRun": True},
                           "DryRunOperation")):
        assert code_of(modify, VpcEndpointId=name, **changes)[0] == code
    assert code_of(modify, VpcEndpointId="vpce-1")[0] == "InvalidVpcEndpointId.NotFound"
    assert code_of(modify, VpcEndpointId="x")[0] == "InvalidVpcEndpointId.Malformed"
    assert ec2.describe_vpc_endpoints(VpcEndpointIds=[name])["VpcEndpoints"] == [found]


def test_pages_and_filters(mode, make, vpc):
    ec2 = mode.client("ec2")
    tags = [[], [{"Key": "team", "Value": "shop"}], [{"Key": "team", "Value": "bank"}],
            [{"Key": "team*", "Value": ""}]]
    made = [make(PrivateDnsEnabled=False, ServiceName=f"com.amazonaws.us-east-1.{service}",
                 TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": tag}])
            for service, tag in zip(("sqs", "sqs", "kms", "sns"), tags)]
    ids = [endpoint["VpcEndpointId"] for endpoint in made]
    mine = {"Name": "vpc-id", "Values": [vpc]}

    def found(*filters, **options):
        answer = ec2.describe_vpc_endpoints(Filters=[mine, *filters], **options)
        return sorted(ids.index(endpoint["VpcEndpointId"]) for endpoint in answer["VpcEndpoints"])

    for name, values, wanted in (
            ("service-name", [SQS], [0, 1]), ("service-name", ["*.s?s"], [0, 1, 3]),
            ("service-name", ["*.kms", "*.sns"], [2, 3]), ("service-name", ["*"], [0, 1, 2, 3]),
            ("service-name", ["sqs"], []), ("vpc-endpoint-id", ids[:1], [0]),
            ("vpc-endpoint-state", ["available"], [0, 1, 2, 3]),
            ("vpc-endpoint-state", ["deleted"], []),
            ("vpc-endpoint-type", ["Interface"], [0, 1, 2, 3]),
            ("ip-address-type", ["ipv4"], [0, 1, 2, 3]),
            ("service-region", ["us-east-1"], [0, 1, 2, 3]),
            ("tag:team", ["shop", "bank"], [1, 2]), ("tag:team", ["*a*"], [2]),
            ("tag-key", ["team"], [1, 2]), ("tag-key", ["team\\*"], [3]), ("tag:x", ["*"], [])):
        assert found({"Name": name, "Values": values}) == wanted, (name, values)
    assert found({"Name": "tag-key", "Values": ["team"]},
                 {"Name": "service-name", "Values": [SQS]}) == [1]
    assert found(VpcEndpointIds=ids[1:3]) == [1, 2]

    seen, token = [], {}
    while True:
        page = ec2.describe_vpc_endpoints(Filters=[mine], MaxResults=3, **token)
        seen += [endpoint["VpcEndpointId"] for endpoint in page["VpcEndpoints"]]
        if "NextToken" not in page:
            break
        assert len(page["VpcEndpoints"]) == 3
        token = {"NextToken": page["NextToken"]}
    assert seen == sorted(ids)


@pytest.mark.parametrize("members, code", [
    ({"Filters": [{"Name": "color", "Values": ["red"]}]}, "InvalidParameterValue"),
    ({"Filters": [{"Name": "tag", "Values": ["red"]}]}, "InvalidParameterValue"),
    ({"Filters": [{"Name": "vpc-id", "Values": []}]}, "InvalidParameterValue"),
    ({"MaxResults": 0}, "InvalidParameterValue"),
    ({"MaxResults": 1001}, "InvalidParameterValue"),
    ({"NextToken": "xyz"}, "InvalidNextToken"),
    ({"VpcEndpointIds": ["x"]}, "InvalidVpcEndpointId.Malformed"),
    ({"VpcEndpointIds": ["vpce-1"]}, "InvalidVpcEndpointId.NotFound"),
    ({"DryRun": True}, "DryRunOperation"),
])
def test_lists_that_are_refused(server, members, code):
    assert code_of(server.client("ec2", validates=False).describe_vpc_endpoints,
                   **members)[0] == code


def test_tags(mode, make):
    ec2, names = mode.client("ec2"), sorted(make(PrivateDnsEnabled=False)["VpcEndpointId"]
                                            for _ in range(2))

    def tags(*filters):
        found = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": names}, *filters])
        return [(names.index(tag["ResourceId"]), tag["Key"], tag["Value"])
                for tag in found["Tags"] if tag["ResourceType"] == "vpc-endpoint"]

    ec2.create_tags(Resources=names, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    ec2.create_tags(Resources=names[:1], Tags=[{"Key": "a", "Value": "2"}])
    assert tags() == [(0, "a", "2"), (0, "b", ""), (1, "a", "1"), (1, "b", "")]
    assert tags({"Name": "key", "Values": ["a"]}) == [(0, "a", "2"), (1, "a", "1")]
    assert tags({"Name": "value", "Values": ["1"]}) == [(1, "a", "1")]
    assert tags({"Name": "tag:a", "Values": ["2"]}) == [(0, "a", "2")]
    assert tags({"Name": "resource-type", "Values": ["vpc"]}) == []
    page = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": names}], MaxResults=3)
    rest = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": names}],
                             NextToken=page["NextToken"])
    assert len(page["Tags"]) == 3 and len(rest["Tags"]) == 1
    ec2.delete_tags(Resources=names, Tags=[{"Key": "a", "Value": "1"}])
    ec2.delete_tags(Resources=names[:1], Tags=[{"Key": "b"}])
    assert tags() == [(0, "a", "2"), (1, "b", "")]
    ec2.delete_tags(Resources=names)
    assert tags() == []

    many = [{"Key": f"k{number}", "Value": "v"} for number in range(50)]
    ec2.create_tags(Resources=names[:1], Tags=many)
    one = {"Key": "one", "Value": "more"}
    for members, code in (
            ({"Resources": names, "Tags": [one]}, "TagLimitExceeded"),
            ({"Resources": ["vpce-1"], "Tags": [one]}, "InvalidVpcEndpointId.NotFound"),
            ({"Resources": ["vpc-12345678"], "Tags": [one]}, "InvalidID"),
            ({"Resources": names[1:], "Tags": [{"Key": "", "Value": ""}]}, "InvalidParameterValue"),
            ({"Resources": names[1:], "Tags": [{"Key": "k" * 129, "Value": ""}]},
             "InvalidParameterValue"),
            ({"Resources": names[1:], "Tags": [{"Key": "k", "Value": "v" * 257}]},
             "InvalidParameterValue"),
            ({"Resources": names[1:], "Tags": [{"Key": "AWS:k", "Value": ""}]},
             "InvalidParameterValue"),
            ({"Resources": names[1:], "Tags": []}, "MissingParameter"),
            ({"Resources": [], "Tags": [one]}, "MissingParameter"),
            ({"Resources": names[1:], "Tags": [one], "DryRun": True}, "DryRunOperation")):
        assert code_of(ec2.create_tags, **members)[0] == code, members
    assert len(tags()) == 50, "what was refused changed nothing"


def test_endpoints_of_a_vpc_are_limited(private):
    ec2 = private().client("ec2")
    for _ in range(50):
        ec2.create_vpc_endpoint(**arguments())
    assert code_of(ec2.create_vpc_endpoint, **arguments())[0] == "VpcEndpointLimitExceeded"
    ec2.create_vpc_endpoint(**arguments(VpcId=OTHER_VPC))


def test_services(mode):
    ec2 = mode.client("ec2", region="eu-west-1")
    answer = ec2.describe_vpc_endpoint_services()
    names = [f"com.amazonaws.eu-west-1.{name}" for name in
             ("sqs", "sns", "events", "monitoring", "kms", "sts", "lambda", "s3")]
    assert set(names) <= set(answer["ServiceNames"])
    assert sorted(answer["ServiceNames"]) == answer["ServiceNames"]
    [detail] = ec2.describe_vpc_endpoint_services(ServiceNames=names[:1])["ServiceDetails"]
    assert detail == {
        "ServiceName": names[0], "ServiceType": [{"ServiceType": "Interface"}],
        "ServiceRegion": "eu-west-1", "AvailabilityZones": [], "Owner": "amazon",
        "BaseEndpointDnsNames": ["sqs.eu-west-1.amazonaws.com"],
        "PrivateDnsName": "sqs.eu-west-1.amazonaws.com",
        "PrivateDnsNames": [{"PrivateDnsName": "sqs.eu-west-1.amazonaws.com"}],
        "VpcEndpointPolicySupported": True, "AcceptanceRequired": False,
        "ManagesVpcEndpoints": False, "Tags": [], "PrivateDnsNameVerificationState": "verified",
        "SupportedIpAddressTypes": ["ipv4", "ipv6"]}
    few = ec2.describe_vpc_endpoint_services(
        Filters=[{"Name": "service-name", "Values": ["*.s?s"]}])["ServiceNames"]
    assert [name.rsplit(".", 1)[1] for name in few] == ["sns", "sqs", "sts"]
    assert code_of(ec2.describe_vpc_endpoint_services, ServiceNames=["x"])[0] == \
        "InvalidServiceName"


def test_networks_are_what_is_declared(declared):
    ec2 = declared.client("ec2", validates=False)
    vpcs = ec2.describe_vpcs()["Vpcs"]
    assert [vpc["VpcId"] for vpc in vpcs] == [OTHER_VPC, VPC]
    assert vpcs[1] == {
        "OwnerId": "000000000000", "InstanceTenancy": "default", "IsDefault": False,
        "Tags": [{"Key": "Name", "Value": "main"}], "VpcId": VPC, "State": "available",
        "CidrBlock": "10.0.0.0/16"}
    main = {"Name": "tag:Name", "Values": ["main"]}
    assert ec2.describe_vpcs(Filters=[main])["Vpcs"] == vpcs[1:]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [VPC]}])["Subnets"]
    assert [(subnet["SubnetId"], subnet.get("AvailabilityZone")) for subnet in subnets] == [
        ("subnet-0000000a", "us-east-1a"), ("subnet-12345678", "us-east-1a"),
        ("subnet-87654321", "us-east-1b")]
    assert subnets[1]["SubnetArn"] == \
        "arn:aws:ec2:us-east-1:000000000000:subnet/subnet-12345678"
    page = ec2.describe_subnets(MaxResults=1)
    assert len(ec2.describe_subnets(NextToken=page["NextToken"])["Subnets"]) == 3
    groups = ec2.describe_security_groups(GroupNames=["default", "web"])["SecurityGroups"]
    assert [(group["GroupId"], group["GroupName"], group["Description"]) for group in groups] == [
        ("sg-0000000a", "web", "sg-0000000a"), ("sg-12345678", "default", "all")]
    assert len(ec2.describe_security_groups(GroupIds=["sg-0000000b"])["SecurityGroups"]) == 1
    for call, members, fault in (
            (ec2.describe_vpcs, {"VpcIds": ["vpc-00000000"]},
             ("InvalidVpcID.NotFound", "The vpc ID 'vpc-00000000' does not exist", 400)),
            (ec2.describe_subnets, {"SubnetIds": ["subnet-00000000"]},
             ("InvalidSubnetID.NotFound", "The subnet ID 'subnet-00000000' does not exist", 400)),
            (ec2.describe_security_groups, {"GroupIds": ["sg-00000000"]},
             ("InvalidGroup.NotFound", "The security group 'sg-00000000' does not exist", 400))):
        assert code_of(call, **members) == fault


@pytest.mark.parametrize("changes, code, text", [
    ({"VpcId": "vpc-00000000"}, "InvalidVpcId.NotFound",
     "The Vpc Id vpc-00000000 does not exist"),
    ({"SubnetIds": ["subnet-00000000"]}, "InvalidSubnetId.NotFound",
     "The subnet ID subnet-00000000 does not exist"),
    ({"SubnetIds": ["subnet-0000000b"]}, "InvalidParameter",
     f"Subnet subnet-0000000b does not belong to VPC {VPC}"),
    ({"SubnetIds": ["subnet-12345678", "subnet-0000000a"]}, "DuplicateSubnetsInSameZone",
     "Found another VPC endpoint subnet in the availability zone of subnet-0000000a"),
    ({"SecurityGroupIds": ["sg-00000000"]}, "InvalidSecurityGroupId.NotFound",
     "The security group ID sg-00000000 does not exist"),
    ({"SecurityGroupIds": ["sg-0000000b"]}, "InvalidParameter",
     f"Security group sg-0000000b and VPC {VPC} belong to different networks"),
])
def test_networks_that_are_not_declared(declared, changes, code, text):
    ec2 = declared.client("ec2")
    assert code_of(ec2.create_vpc_endpoint, **arguments(**changes)) == (code, text, 400)
    made = ec2.create_vpc_endpoint(**arguments(
        SubnetIds=["subnet-12345678", "subnet-87654321"]))["VpcEndpoint"]
    assert made["Groups"] == [{"GroupId": "sg-12345678", "GroupName": "default"}]


@pytest.mark.parametrize("networks, text", [
    ({"vpcs": {}}, '"vpcs" must be a list'),
    ({"vpcs": [{"id": "vpc-1"}]}, '"vpc-1" must be vpc- and 8 or 17 hex digits'),
    ({"vpcs": [{"id": VPC}, {"id": VPC}]}, f'"{VPC}" is declared twice'),
    ({"vpcs": [{"id": VPC, "account": "1"}]}, f'"{VPC}" has an account or a region that is none'),
    ({"vpcs": [{"id": VPC, "subnets": {}}]}, "that are no list"),
    ({"vpcs": [{"id": VPC, "subnets": [{"id": "x"}]}]}, '"x" must be subnet- and 8 or 17'),
    ({"vpcs": [{"id": VPC, "security-groups": [{}]}]}, '"" must be sg- and 8 or 17 hex digits'),
])
def test_declarations_that_are_refused(private, tmp_path, networks, text):
    path = tmp_path / "networks.json"
    path.write_text(json.dumps(networks))
    with pytest.raises(AssertionError, match="ended with status 2") as caught:
        private("--config", path)
    assert text in str(caught.value)


def test_an_endpoints_life_as_a_provider_sees_it(server):
    """Terraform waits for the state, and after the deletion for the fault."""
    ec2 = boto3.client("ec2", endpoint_url=server.url, region_name=DEFAULT_REGION,
                       aws_access_key_id="test", aws_secret_access_key="test")
    made = ec2.create_vpc_endpoint(**arguments(VpcId="vpc-0000aaaa"))["VpcEndpoint"]
    waiter = {"VpcEndpointIds": [made["VpcEndpointId"]]}
    assert ec2.describe_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": [SQS]}])["PrefixLists"] == []
    assert code_of(ec2.describe_prefix_lists, PrefixListIds=["pl-1"])[0] == \
        "InvalidPrefixListId.NotFound"
    assert ec2.describe_vpc_endpoints(**waiter)["VpcEndpoints"][0]["State"] == "available"
    ec2.delete_vpc_endpoints(**waiter)
    assert code_of(ec2.describe_vpc_endpoints, **waiter)[0] == "InvalidVpcEndpointId.NotFound"
    answer = requests.get(server.url, timeout=60, params={
        "Action": "DescribeVpcEndpoints", "Version": "2016-11-15"})
    assert answer.status_code == 200 and "<vpcEndpointSet" in answer.text


def test_network_interfaces(declared):
    ec2 = declared.client("ec2")
    subnets = ["subnet-12345678", "subnet-87654321"]
    endpoint = ec2.create_vpc_endpoint(**arguments(
        SubnetIds=subnets, SecurityGroupIds=["sg-12345678"]))["VpcEndpoint"]
    ids = endpoint["NetworkInterfaceIds"]
    found = ec2.describe_network_interfaces(NetworkInterfaceIds=ids)["NetworkInterfaces"]
    assert {one["NetworkInterfaceId"]: one["SubnetId"] for one in found} == dict(zip(ids, subnets))
    for one in found:
        assert one["VpcId"] == VPC
        assert one["PrivateIpAddress"] == "127.0.0.1"
        assert one["Description"] == f"VPC Endpoint Interface {endpoint['VpcEndpointId']}"
        assert [group["GroupId"] for group in one["Groups"]] == ["sg-12345678"]
    only = ec2.describe_network_interfaces(
        Filters=[{"Name": "subnet-id", "Values": subnets[1:]}])["NetworkInterfaces"]
    assert [one["NetworkInterfaceId"] for one in only] == ids[1:]
    pages = [page["NetworkInterfaces"] for page in ec2.get_paginator(
        "describe_network_interfaces").paginate(PaginationConfig={"PageSize": 5})]
    assert [one["NetworkInterfaceId"] for page in pages for one in page] == sorted(ids)
    assert code_of(ec2.describe_network_interfaces, NetworkInterfaceIds=["eni-0"])[0] == (
        "InvalidNetworkInterfaceID.NotFound")
    other = declared.client("ec2", account="999999999999")
    assert other.describe_network_interfaces()["NetworkInterfaces"] == []
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
