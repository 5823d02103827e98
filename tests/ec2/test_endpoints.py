# SPDX-License-Identifier: MIT
"""Private endpoints: what comes through them, who is let in, and that they go and come back."""
import json
import re
import socket
import subprocess
import threading

import botocore.exceptions
import pytest
import requests

from ternd import eventually
from vpce import VPC, code_of, through


def address_of(endpoint):
    host, port = endpoint["DnsEntries"][0]["DnsName"].rsplit(":", 1)
    return host, int(port)


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_an_endpoint_as_aws_shows_it(mode, make, vpc):
    endpoint = make(SubnetIds=["subnet-12345678", "subnet-87654321"],
                    SecurityGroupIds=["sg-12345678"], PrivateDnsEnabled=True,
                    TagSpecifications=[{"ResourceType": "vpc-endpoint",
                                        "Tags": [{"Key": "team", "Value": "shop"}]}])
    assert re.fullmatch("vpce-[0-9a-f]{17}", endpoint["VpcEndpointId"])
    assert endpoint["CreationTimestamp"].tzinfo
    assert len(set(endpoint["NetworkInterfaceIds"])) == 2
    assert all(re.fullmatch("eni-[0-9a-f]{17}", name) for name in endpoint["NetworkInterfaceIds"])
    assert json.loads(endpoint["PolicyDocument"])["Statement"][0]["Effect"] == "Allow"
    shown = {name: value for name, value in endpoint.items()
             if name not in ("VpcEndpointId", "CreationTimestamp", "NetworkInterfaceIds",
                             "PolicyDocument", "DnsEntries")}
    assert shown == {
        "VpcEndpointType": "Interface", "VpcId": vpc, "State": "available",
        "ServiceName": "com.amazonaws.us-east-1.sqs", "RouteTableIds": [],
        "SubnetIds": ["subnet-12345678", "subnet-87654321"],
        "Groups": [{"GroupId": "sg-12345678", "GroupName": "sg-12345678"}],
        "IpAddressType": "ipv4", "DnsOptions": {"DnsRecordIpType": "ipv4"},
        "PrivateDnsEnabled": True, "RequesterManaged": False, "OwnerId": "000000000000",
        "Tags": [{"Key": "team", "Value": "shop"}], "ServiceRegion": "us-east-1"}
    found = mode.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    assert found["VpcEndpoints"] == [endpoint]
    address = endpoint["DnsEntries"][0]["DnsName"]
    assert f"endpoint={endpoint['VpcEndpointId']} url=http://{address}" in mode.log()


def test_messages_go_through_it(mode, make, name):
    sqs = through(mode, make())
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    outside = mode.client("sqs")
    message = outside.receive_message(QueueUrl=outside.get_queue_url(QueueName=name)["QueueUrl"])
    assert message["Messages"][0]["Body"] == "hello"


def test_only_its_service_is_served(mode, make):
    endpoint = make()
    assert code_of(through(mode, endpoint, "ec2").describe_vpcs)[0] == "InvalidAction"
    assert code_of(through(mode, endpoint, "sts").get_caller_identity)[0] == "InvalidAction"
    assert code_of(through(mode, endpoint, "kms").list_keys)[0] == "InvalidAction"
    url = "http://%s:%d" % address_of(endpoint)
    for path in ("/_tern/health", "/_tern/queues", "/_tern/metrics"):
        assert requests.get(url + path, timeout=60).status_code in (400, 403, 404)
    assert through(mode, make(ServiceName="com.amazonaws.us-east-1.sts"),
                   "sts").get_caller_identity()["Account"]


def test_a_service_that_is_not_served_yet(mode, make):
    ecs = through(mode, make(ServiceName="com.amazonaws.us-east-1.ecs"), "ecs")
    assert code_of(ecs.list_clusters)[0] == "InvalidAction"


def deny_unless_through(endpoint, arn, action="sqs:SendMessage"):
    return policy({"Effect": "Deny", "Principal": "*", "Action": action, "Resource": arn,
                   "Condition": {"StringNotEquals": {
                       "aws:SourceVpce": endpoint["VpcEndpointId"]}}})


def test_a_queue_policy_refuses_what_does_not_come_through(signed, name, vpc):
    ec2, sqs = signed.client("ec2"), signed.client("sqs")
    endpoint, other = [ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.us-east-1.sqs", VpcEndpointType="Interface",
        PrivateDnsEnabled=False)["VpcEndpoint"] for _ in range(2)]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={
        "Policy": deny_unless_through(endpoint, arn["QueueArn"])})
    through(signed, endpoint).send_message(QueueUrl=url, MessageBody="inside")
    for client in (sqs, through(signed, other)):
        code, text, status = code_of(client.send_message, QueueUrl=url, MessageBody="outside")
        assert (code, status) == ("AccessDenied", 403)
        assert text.endswith("with an explicit deny in a resource-based policy")
    ids = [endpoint["VpcEndpointId"], other["VpcEndpointId"]]
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=ids)["Unsuccessful"] == []


def test_the_callers_address_is_another_key_through_an_endpoint(signed, name, vpc):
    """aws:SourceIp is not there and aws:VpcSourceIp is, so address rules tell the ways apart."""
    ec2, sqs = signed.client("ec2"), signed.client("sqs")
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.us-east-1.sqs",
        VpcEndpointType="Interface")["VpcEndpoint"]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    inside = through(signed, endpoint)
    for key, refused, served in (("aws:SourceIp", sqs, inside), ("aws:VpcSourceIp", inside, sqs)):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(
            {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage",
             "Resource": arn["QueueArn"], "Condition": {"IpAddress": {key: "127.0.0.0/8"}}})})
        served.send_message(QueueUrl=url, MessageBody="hello")
        assert code_of(refused.send_message, QueueUrl=url, MessageBody="no")[0] == "AccessDenied"
    assert ec2.delete_vpc_endpoints(
        VpcEndpointIds=[endpoint["VpcEndpointId"]])["Unsuccessful"] == []


def test_another_accounts_queue_open_to_an_endpoint_only(server, vpc, name):
    """Open mode: what belongs to other accounts is subject to their policies all the same."""
    ec2 = server.client("ec2")
    sqs = server.client("sqs", account="111122223333")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:111122223333:{name}"
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.us-east-1.sqs",
        VpcEndpointType="Interface")["VpcEndpoint"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(
        {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn,
         "Condition": {"StringEquals": {"aws:SourceVpc": endpoint["VpcId"]}}})})
    assert code_of(server.client("sqs").send_message, QueueUrl=url,
                   MessageBody="outside")[0] == "AccessDenied"
    through(server, endpoint).send_message(QueueUrl=url, MessageBody="inside")
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])


def test_the_endpoints_own_policy(mode, make, name):
    sqs = mode.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    endpoint = make(PolicyDocument=policy(
        {"Effect": "Allow", "Principal": "*", "Action": "sqs:Send*", "Resource": "*"}))
    inside = through(mode, endpoint)
    inside.send_message(QueueUrl=url, MessageBody="hello")
    code, text, status = code_of(inside.receive_message, QueueUrl=url)
    assert (code, status) == ("AccessDenied", 403)
    assert "because no VPC endpoint policy allows the sqs:receivemessage action" in text
    assert sqs.receive_message(QueueUrl=url)["Messages"]

    ec2 = mode.client("ec2")
    changed = {"VpcEndpointId": endpoint["VpcEndpointId"]}
    assert ec2.modify_vpc_endpoint(**changed, PolicyDocument=policy(
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"},
    ))["Return"]
    code, text, _ = code_of(inside.send_message, QueueUrl=url, MessageBody="no")
    assert code == "AccessDenied"
    assert text.endswith("with an explicit deny in a VPC endpoint policy")
    inside.receive_message(QueueUrl=url)
    assert ec2.modify_vpc_endpoint(**changed, ResetPolicy=True)["Return"]
    inside.send_message(QueueUrl=url, MessageBody="again")


def test_what_a_service_does_for_the_caller_does_not_come_through(mode, make, name):
    """SQS asks KMS by itself: the policy of its endpoint need not know of KMS."""
    key = mode.client("kms").create_key()["KeyMetadata"]["KeyId"]
    url = mode.client("sqs").create_queue(
        QueueName=name, Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    sqs = through(mode, make(PolicyDocument=policy(
        {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"})))
    sqs.send_message(QueueUrl=url, MessageBody="sealed")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "sealed"


def test_nobody_connects_once_it_is_deleted(mode, make):
    endpoint = make()
    sqs = through(mode, endpoint)
    sqs.list_queues()
    with socket.create_connection(address_of(endpoint), timeout=60) as idle:
        ec2 = mode.client("ec2")
        name = endpoint["VpcEndpointId"]
        assert ec2.delete_vpc_endpoints(VpcEndpointIds=[name, "vpce-0", "x"])["Unsuccessful"] == [
            {"ResourceId": "vpce-0", "Error": {
                "Code": "InvalidVpcEndpointId.NotFound",
                "Message": "The Vpc Endpoint Id 'vpce-0' does not exist"}},
            {"ResourceId": "x", "Error": {
                "Code": "InvalidVpcEndpointId.Malformed",
                "Message": "Invalid Id: 'x' (expecting 'vpce-...')"}}]
        assert idle.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address_of(endpoint), timeout=60)
    with pytest.raises(botocore.exceptions.EndpointConnectionError):
        sqs.list_queues()
    assert code_of(ec2.describe_vpc_endpoints, VpcEndpointIds=[name])[0] == \
        "InvalidVpcEndpointId.NotFound"


def test_a_long_poll_ends_with_its_endpoint(mode, make, name):
    sqs = mode.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    endpoint, answers = make(), []
    inside = through(mode, endpoint)
    waiting = threading.Thread(target=lambda: answers.append(
        inside.receive_message(QueueUrl=url, WaitTimeSeconds=20)))
    before = mode.metrics()["tern_waiting_receives"]
    waiting.start()
    eventually(lambda: mode.metrics()["tern_waiting_receives"] > before)
    mode.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    waiting.join(15)
    assert not waiting.is_alive() and "Messages" not in answers[0]


@pytest.mark.parametrize("flags", [[], ["--threads", "3"]])
def test_endpoints_outlive_the_server(private, flags):
    server = private(*flags)
    ec2 = server.client("ec2")
    kept = ec2.create_vpc_endpoint(
        VpcId=VPC, ServiceName="com.amazonaws.us-east-1.sqs", VpcEndpointType="Interface",
        SubnetIds=["subnet-12345678"], PolicyDocument=policy(
            {"Effect": "Allow", "Principal": "*", "Action": "sqs:ListQueues", "Resource": "*"}),
        TagSpecifications=[{"ResourceType": "vpc-endpoint",
                            "Tags": [{"Key": "a", "Value": "b"}]}])["VpcEndpoint"]
    gone = ec2.create_vpc_endpoint(
        VpcId=VPC, ServiceName="com.amazonaws.us-east-1.kms",
        VpcEndpointType="Interface")["VpcEndpoint"]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[gone["VpcEndpointId"]])
    server.restart()
    assert server.client("ec2").describe_vpc_endpoints()["VpcEndpoints"] == [kept]
    sqs = through(server, kept)
    sqs.list_queues()
    assert code_of(sqs.create_queue, QueueName="no")[0] == "AccessDenied"
    server.kill()
    server.start()
    through(server, kept).list_queues()


def test_a_port_that_is_taken_meanwhile(private):
    server = private()
    made = server.client("ec2").create_vpc_endpoint(
        VpcId=VPC, ServiceName="com.amazonaws.us-east-1.sqs",
        VpcEndpointType="Interface")["VpcEndpoint"]
    server.stop()
    with socket.create_server(address_of(made)):
        server.start()
        moved = server.client("ec2").describe_vpc_endpoints()["VpcEndpoints"][0]
        assert moved["VpcEndpointId"] == made["VpcEndpointId"]
        assert address_of(moved) != address_of(made)
        through(server, moved).list_queues()
    server.restart()
    assert server.client("ec2").describe_vpc_endpoints()["VpcEndpoints"] == [moved]


def test_unix_sockets(private, tmp_path):
    server = private("--endpoint-listen", f"unix:{tmp_path}")
    ec2 = server.client("ec2")
    endpoint = ec2.create_vpc_endpoint(
        VpcId=VPC, ServiceName="com.amazonaws.us-east-1.sqs",
        VpcEndpointType="Interface")["VpcEndpoint"]
    path = tmp_path / f"{endpoint['VpcEndpointId']}.sock"
    assert endpoint["DnsEntries"][0]["DnsName"] == f"unix:{path}"

    def ask():
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(10)
            peer.connect(str(path))
            peer.sendall(b"POST / HTTP/1.1\r\nHost: [::1]\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n"
                         b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")
            return peer.makefile("rb").read()
    assert ask().startswith(b"HTTP/1.1 200 OK\r\n")
    server.restart()
    assert ask().startswith(b"HTTP/1.1 200 OK\r\n")
    server.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    assert not path.exists()


def test_a_range_of_ports(private):
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
        server = private("--endpoint-listen", f"127.0.0.1:{port}-{port}")
        arguments = {"VpcId": VPC, "ServiceName": "com.amazonaws.us-east-1.sqs",
                     "VpcEndpointType": "Interface", "PrivateDnsEnabled": False}
        create = server.client("ec2").create_vpc_endpoint
        assert code_of(create, **arguments) == (
            "InsufficientFreeAddressesInSubnet", "No address of --endpoint-listen is free.", 400)
    assert create(**arguments)["VpcEndpoint"]["DnsEntries"][0]["DnsName"] == f"127.0.0.1:{port}"
    assert code_of(create, **arguments)[0] == "InsufficientFreeAddressesInSubnet"


def test_tls(private, tmp_path):
    files = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-out", files[0], "-keyout",
                    files[1]], check=True, capture_output=True)
    server = private("--endpoint-listen", "tls:127.0.0.1", "--tls-cert", files[0], "--tls-key",
                     files[1])
    endpoint = server.client("ec2").create_vpc_endpoint(
        VpcId=VPC, ServiceName="com.amazonaws.us-east-1.sqs",
        VpcEndpointType="Interface")["VpcEndpoint"]
    sqs = through(server, endpoint, scheme="https", verify=str(files[0]))
    assert sqs.create_queue(QueueName="q")["QueueUrl"].startswith("https://127.0.0.1:")


@pytest.mark.parametrize("address, text", [
    ("0.0.0.0", "can be reached from other machines, and anybody there could do anything"),
    ("[::]", "can be reached from other machines"),
    ("127.0.0.1:5-4", "must be ADDR, ADDR:FIRST-LAST or unix:DIR"),
    ("127.0.0.1:70000", "must be ADDR, ADDR:FIRST-LAST or unix:DIR"),
    ("unix:", "must be ADDR, ADDR:FIRST-LAST or unix:DIR"),
    ("unix:/nowhere", "cannot make files in /nowhere"),
    ("192.0.2.1", "cannot listen on 192.0.2.1"),
    ("tls:127.0.0.1", "TLS needs a certificate"),
])
def test_addresses_that_are_refused(private, address, text):
    with pytest.raises(AssertionError, match="ended with status 2") as caught:
        private("--endpoint-listen", address)
    assert text in str(caught.value)
