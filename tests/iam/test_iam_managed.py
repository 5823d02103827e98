# SPDX-License-Identifier: MIT
"""AWS's managed policies: those that are built in, and those that come from files."""
import json

import pytest
from iam_accounts import allow, fault_of

AWS = "arn:aws:iam::aws:policy"
NAMES = """
/AdministratorAccess /PowerUserAccess /ReadOnlyAccess /SecurityAudit /job-function/ViewOnlyAccess
/AmazonSQSFullAccess /AmazonSQSReadOnlyAccess /AmazonSNSFullAccess /AmazonSNSReadOnlyAccess
/service-role/AmazonSNSRole /AmazonEventBridgeFullAccess /AmazonEventBridgeReadOnlyAccess
/AmazonEventBridgeSchedulerFullAccess /AmazonEventBridgeSchedulerReadOnlyAccess
/AmazonEventBridgePipesFullAccess /AmazonEventBridgePipesReadOnlyAccess
/AmazonEventBridgePipesOperatorAccess /CloudWatchFullAccess /CloudWatchFullAccessV2
/CloudWatchReadOnlyAccess /CloudWatchEventsFullAccess /CloudWatchLogsFullAccess
/CloudWatchLogsReadOnlyAccess /CloudWatchAgentServerPolicy /AWSLambda_FullAccess
/AWSLambda_ReadOnlyAccess /service-role/AWSLambdaRole /service-role/AWSLambdaBasicExecutionRole
/service-role/AWSLambdaSQSQueueExecutionRole /service-role/AWSLambdaVPCAccessExecutionRole
/AmazonECS_FullAccess /service-role/AmazonECSTaskExecutionRolePolicy
/service-role/AmazonEC2ContainerServiceforEC2Role
/service-role/AmazonEC2ContainerServiceAutoscaleRole /AmazonS3FullAccess
/AmazonS3ReadOnlyAccess /AutoScalingFullAccess /AmazonMQFullAccess /AmazonMQReadOnlyAccess
/AWSKeyManagementServicePowerUser /IAMFullAccess /IAMReadOnlyAccess /IAMUserChangePassword
/AmazonEC2FullAccess /AmazonEC2ReadOnlyAccess /AmazonVPCFullAccess /AmazonVPCReadOnlyAccess
/AmazonSSMManagedInstanceCore
/aws-service-role/AWSApplicationAutoscalingECSServicePolicy
/aws-service-role/AWSApplicationAutoscalingLambdaConcurrencyPolicy
/aws-service-role/AutoScalingServiceRolePolicy /aws-service-role/AmazonMQServiceRolePolicy
""".split()


def document_of(iam, arn):
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])
    return version["PolicyVersion"]["Document"]


def test_policies_of_the_services_are_built_in(iam):
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS")
    found = {policy["Arn"] for page in pages for policy in page["Policies"]}
    assert {AWS + name for name in NAMES} <= found
    for arn in found:
        statements = document_of(iam, arn)["Statement"]
        for one in statements if isinstance(statements, list) else [statements]:
            # Whoever may pass any role to any service is an administrator.
            passes = "iam:PassRole" in one.get("Action", [])
            assert not passes or "Condition" in one, arn


def test_a_built_in_policy_is_attached_and_counts(account, iam):
    key = account.user("alice")
    arn = f"{AWS}/AmazonSQSReadOnlyAccess"
    iam.attach_user_policy(UserName="alice", PolicyArn=arn)
    account.client("sqs", key).list_queues()
    assert fault_of(account.client("sqs", key).create_queue, QueueName="q")[0] == \
        "AccessDenied"


def test_policies_come_from_files(private, tmp_path):
    (tmp_path / "policies" / "service-role").mkdir(parents=True)
    (tmp_path / "policies" / "AmazonSQSFullAccess.json").write_text(allow("sqs:ListQueues"))
    (tmp_path / "policies" / "service-role" / "Mine.json").write_text(allow("sqs:GetQueueUrl"))
    (tmp_path / "policies" / "README").write_text("not a policy")
    server = private("--managed-policies", tmp_path / "policies")
    iam = server.client("iam")
    assert document_of(iam, f"{AWS}/AmazonSQSFullAccess") == json.loads(allow("sqs:ListQueues"))
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sqs.amazonaws.com"},
            "Action": "sts:AssumeRole"}]}))
    iam.attach_role_policy(RoleName="r", PolicyArn=f"{AWS}/service-role/Mine")
    assert document_of(iam, f"{AWS}/service-role/Mine") == json.loads(allow("sqs:GetQueueUrl"))
    assert fault_of(iam.get_policy, PolicyArn=f"{AWS}/README")[0] == "NoSuchEntity"


@pytest.mark.parametrize("name, text, problem", [
    ("Bad.json", "{", "Syntax errors in policy."), ("Bad.json", "{}", "Syntax errors in policy."),
    ("Bad.json", json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs", "Resource": "*"}]}), "must be prefaced by a vendor"),
    ("a b.json", "{}", "no policy's")])
def test_a_file_that_is_no_policy_stops_the_start(private, tmp_path, name, text, problem):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / name).write_text(text)
    with pytest.raises(Exception) as caught:
        private("--managed-policies", tmp_path / "policies")
    assert problem in str(caught.value) and name in str(caught.value)


def test_a_directory_that_does_not_exist_stops_the_start(private, tmp_path):
    with pytest.raises(Exception) as caught:
        private("--managed-policies", tmp_path / "none")
    assert "--managed-policies" in str(caught.value)
    assert "No such file or directory" in str(caught.value)
