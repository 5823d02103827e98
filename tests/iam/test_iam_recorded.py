# SPDX-License-Identifier: MIT
"""Answers and faults that AWS was recorded to give, word for word."""
import json

import pytest
from iam_accounts import TRUST, allow, fault_of, trust

MANAGED = "arn:aws:iam::aws:policy/"


def test_a_role_shows_its_duration_only_where_aws_does(iam):
    made = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust())["Role"]
    assert "MaxSessionDuration" not in made
    changed = iam.update_role_description(RoleName="r", Description="new")["Role"]
    assert "MaxSessionDuration" not in changed and changed["Description"] == "new"
    assert iam.get_role(RoleName="r")["Role"]["MaxSessionDuration"] == 3600
    assert iam.list_roles()["Roles"][0]["MaxSessionDuration"] == 3600


def test_what_is_no_arn_cannot_be_parsed(iam):
    iam.create_user(UserName="u")
    for call, arguments in [(iam.attach_user_policy, {"UserName": "u"}), (iam.get_policy, {}),
                            (iam.delete_policy, {}), (iam.list_policy_versions, {}),
                            (iam.detach_user_policy, {"UserName": "u"})]:
        for text in ("longpolicynamebutnoarn", "arn:aws:iam:policy/missing/parts"):
            assert fault_of(call, **arguments, PolicyArn=text) == (
                "ValidationError", "Invalid ARN:  Could not be parsed!", 400), call


def test_versions_of_a_policy_that_does_not_exist(account, iam):
    arn = account.arn("policy/none")
    text = f"Policy {arn} version v1 does not exist or is not attachable."
    for call in (iam.get_policy_version, iam.set_default_policy_version,
                 iam.delete_policy_version):
        assert fault_of(call, PolicyArn=arn, VersionId="v1") == ("NoSuchEntity", text, 404)
    assert fault_of(iam.set_default_policy_version, PolicyArn=arn, VersionId="1") == (
        "ValidationError", "1 validation error detected: Value at 'versionId' failed to satisfy "
        r"constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*"
        r"(\.[A-Za-z0-9-]*)?", 400)


def test_members_of_a_policy(iam):
    made = iam.create_policy(PolicyName="p", Description="does it", PolicyDocument=allow("sqs:*"))
    assert set(made["Policy"]) == {
        "PolicyName", "PolicyId", "Arn", "Path", "DefaultVersionId", "AttachmentCount",
        "PermissionsBoundaryUsageCount", "IsAttachable", "CreateDate", "UpdateDate"}
    found = iam.get_policy(PolicyArn=made["Policy"]["Arn"])["Policy"]
    assert found == {**made["Policy"], "Description": "does it", "Tags": []}
    assert set(iam.list_policies(Scope="Local")["Policies"][0]) == set(made["Policy"])


def test_an_alias_that_is_held_already(account, iam):
    alias = f"tern-{account.number}"
    iam.create_account_alias(AccountAlias=alias)
    assert fault_of(iam.create_account_alias, AccountAlias=alias) == (
        "EntityAlreadyExists", f"The account alias {alias} already exists.", 409)
    iam.create_account_alias(AccountAlias=alias + "-new")
    assert iam.list_account_aliases()["AccountAliases"] == [alias + "-new"]


def test_a_boundary_that_does_not_exist(account, iam):
    arn = account.arn("policy/none")
    fault = ("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.", 404)
    assert fault_of(iam.create_user, UserName="u", PermissionsBoundary=arn) == fault
    assert fault_of(iam.create_role, RoleName="r", AssumeRolePolicyDocument=trust(),
                    PermissionsBoundary=arn) == fault
    iam.create_user(UserName="u")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust())
    assert fault_of(iam.put_user_permissions_boundary, UserName="u",
                    PermissionsBoundary=arn) == fault
    assert fault_of(iam.put_role_permissions_boundary, RoleName="r",
                    PermissionsBoundary=arn) == fault
    assert fault_of(iam.attach_user_policy, UserName="u", PolicyArn=arn)[1] == \
        f"Policy {arn} does not exist or is not attachable."


def test_a_policy_with_two_mistakes_names_the_action_first(iam):
    vendor = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
    for statement, text in [({"Action": "invalid"}, vendor),
                            ({"Action": "sqs:*"}, "Policy statement must contain resources.")]:
        document = json.dumps({"Version": "2012-10-17",
                               "Statement": {"Effect": "Allow", **statement}})
        assert fault_of(iam.create_policy, PolicyName="p", PolicyDocument=document) == (
            "MalformedPolicyDocument", text, 400)


# ---- trust policies ----


@pytest.mark.parametrize("action", [
    "sts:InvalidAction", "sts:GetCallerIdentity", "sts:GetSessionToken", "sqs:SendMessage", "*",
    "sts:Get*", ["sts:AssumeRole", "sts:GetFederationToken"]])
def test_a_trust_policy_that_allows_something_else(iam, action):
    document = json.dumps({**TRUST, "Statement": [{**TRUST["Statement"][0], "Action": action}]})
    fault = ("MalformedPolicyDocument",
             "AssumeRole policy may only specify STS AssumeRole actions.", 400)
    if action == "*":
        fault = fault[0], fault_of(iam.create_role, RoleName="r",
                                   AssumeRolePolicyDocument=document)[1], 400
    assert fault_of(iam.create_role, RoleName="r", AssumeRolePolicyDocument=document) == fault
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust())
    assert fault_of(iam.update_assume_role_policy, RoleName="r", PolicyDocument=document) == fault


@pytest.mark.parametrize("action", [
    "sts:AssumeRole", "STS:assumerole", "sts:*", "sts:AssumeRole*", "sts:TagSession",
    ["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML", "sts:SetSourceIdentity",
     "sts:SetContext"]])
def test_a_trust_policy_of_assume_role_actions(iam, action):
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(
        {**TRUST, "Statement": [{**TRUST["Statement"][0], "Action": action}]}))


# ---- roles of services ----


@pytest.mark.parametrize("service, name, policy", [
    ("ecs.amazonaws.com", "ECS", "AmazonECSServiceRolePolicy"),
    ("ecs.application-autoscaling.amazonaws.com", "ApplicationAutoScaling_ECSService",
     "AWSApplicationAutoscalingECSServicePolicy"),
    ("autoscaling.amazonaws.com", "AutoScaling", "AutoScalingServiceRolePolicy"),
    ("elasticloadbalancing.amazonaws.com", "ElasticLoadBalancing",
     "AWSElasticLoadBalancingServiceRolePolicy"),
    ("mq.amazonaws.com", "AmazonMQ", "AmazonMQServiceRolePolicy"),
    ("rds.amazonaws.com", "RDS", "AmazonRDSServiceRolePolicy"),
    ("mrk.kms.amazonaws.com", "KeyManagementServiceMultiRegionKeys",
     "AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy")])
def test_a_role_of_a_service_carries_its_policy(account, iam, service, name, policy):
    made = iam.create_service_linked_role(AWSServiceName=service)["Role"]
    role = "AWSServiceRoleFor" + name
    assert made["Arn"] == account.arn(f"role/aws-service-role/{service}/{role}")
    arn = f"{MANAGED}aws-service-role/{policy}"
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == [
        {"PolicyName": policy, "PolicyArn": arn}]
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert fault_of(iam.create_service_linked_role, AWSServiceName=service) == (
        "InvalidInput", f"Service role name {role} has been taken in this account, please try a "
        "different suffix.", 400)


def test_services_that_take_no_suffix(iam):
    for service in ("ecs", "mq", "rds", "ecs.application-autoscaling"):
        service += ".amazonaws.com"
        assert fault_of(iam.create_service_linked_role, AWSServiceName=service,
                        CustomSuffix="x") == (
            "InvalidInput", f"Custom suffix is not allowed for {service}", 400)
    for service in ("autoscaling", "connect", "lexv2"):
        made = iam.create_service_linked_role(AWSServiceName=service + ".amazonaws.com",
                                              CustomSuffix="x")["Role"]
        assert made["RoleName"].endswith("_x")
    for service in ("ecs", "x.amazonaws.com", "ecs.amazonaws.org"):
        assert fault_of(iam.create_service_linked_role, AWSServiceName=service)[0] == \
            "InvalidInput"


# ---- the simulator ----


@pytest.mark.parametrize("kind", ["user", "role"])
def test_where_a_simulated_statement_stands(iam, kind):
    document = json.dumps({"Version": "2012-10-17", "Statement": {
        "Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}})
    policy = iam.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    if kind == "user":
        arn = iam.create_user(UserName="x")["User"]["Arn"]
        iam.attach_user_policy(UserName="x", PolicyArn=policy)
    else:
        arn = iam.create_role(RoleName="x", AssumeRolePolicyDocument=trust())["Role"]["Arn"]
        iam.attach_role_policy(RoleName="x", PolicyArn=policy)
    answer = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["s3:PutObject"],
                                           ResourceArns=["arn:aws:s3:::bucket"])
    assert answer["EvaluationResults"][0]["MatchedStatements"] == [{
        "SourcePolicyId": "p", "SourcePolicyType": "IAM Policy",
        "StartPosition": {"Line": 1, "Column": 41}, "EndPosition": {"Line": 1, "Column": 113}}]


# ---- access keys ----


def test_the_use_of_a_key_that_does_not_exist(account, iam):
    key = "AKIAIOSFODNN7EXAMPLE"
    assert fault_of(iam.get_access_key_last_used, AccessKeyId=key) == (
        "AccessDenied", f"User: {account.arn('root')} is not authorized to perform "
        f"iam:GetAccessKeyLastUsed on resource: access key {key}", 403)


def test_the_use_of_a_key_shows_in_open_mode_too(server):
    iam = server.client("iam")
    iam.create_user(UserName="key-user")
    key = iam.create_access_key(UserName="key-user")["AccessKey"]
    user = server.client("sqs", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    user.list_queues()
    used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert used["UserName"] == "key-user"
    assert used["AccessKeyLastUsed"]["ServiceName"] == "sqs"
    assert used["AccessKeyLastUsed"]["Region"] == "us-east-1"
