# SPDX-License-Identifier: MIT
"""Instance profiles, which Terraform's stacks with EC2 or ECS instances create."""
import json
import re

import pytest
from iam_accounts import TRUST, allow, fault_of, trust


def missing(name="none"):
    return ("NoSuchEntity", f"Instance Profile {name} cannot be found.", 404)


@pytest.fixture
def role(iam):
    return iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(),
                           Tags=[{"Key": "a", "Value": "b"}])["Role"]


def test_a_profile_is_created_and_shown(account, iam):
    made = iam.create_instance_profile(InstanceProfileName="p", Path="/x/")["InstanceProfile"]
    assert re.fullmatch(r"AIPA[A-Z2-7]{17}", made["InstanceProfileId"])
    assert made["Arn"] == account.arn("instance-profile/x/p") and made["Path"] == "/x/"
    assert made["Roles"] == [] and "Tags" not in made
    assert iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"] == {
        **made, "Tags": []}
    for name in ("p", "P"):
        assert fault_of(iam.create_instance_profile, InstanceProfileName=name) == (
            "EntityAlreadyExists", f"Instance Profile {name} already exists.", 409)
    assert iam.get_account_summary()["SummaryMap"]["InstanceProfiles"] == 1
    iam.delete_instance_profile(InstanceProfileName="p")
    assert fault_of(iam.get_instance_profile, InstanceProfileName="p") == missing("p")


def test_a_profile_holds_one_role(iam, role):
    iam.create_instance_profile(InstanceProfileName="p")
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="r")
    shown = iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"]["Roles"]
    assert shown == [{"Path": "/", "RoleName": "r", "RoleId": role["RoleId"], "Arn": role["Arn"],
                      "CreateDate": role["CreateDate"], "AssumeRolePolicyDocument": TRUST}]
    iam.create_role(RoleName="s", AssumeRolePolicyDocument=trust())
    for name in "rs":
        assert fault_of(iam.add_role_to_instance_profile, InstanceProfileName="p",
                        RoleName=name) == (
            "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", 409)
    assert fault_of(iam.delete_instance_profile, InstanceProfileName="p") == (
        "DeleteConflict",
        "Cannot delete entity, must remove roles from instance profile first.", 409)
    assert fault_of(iam.delete_role, RoleName="r") == (
        "DeleteConflict",
        "Cannot delete entity, must remove roles from instance profile first.", 409)
    assert fault_of(iam.remove_role_from_instance_profile, InstanceProfileName="p",
                    RoleName="s") == (
        "NoSuchEntity", "Role s in Instance Profile p cannot be found.", 404)
    iam.remove_role_from_instance_profile(InstanceProfileName="p", RoleName="r")
    assert iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"]["Roles"] == []
    iam.delete_role(RoleName="r")


def test_profiles_are_listed(iam, role):
    for name, path in [("a", "/x/"), ("b", "/x/y/"), ("c", "/")]:
        iam.create_instance_profile(InstanceProfileName=name, Path=path,
                                    Tags=[{"Key": "k", "Value": "v"}])

    def names(call=iam.list_instance_profiles, **arguments):
        return [profile["InstanceProfileName"]
                for profile in call(**arguments)["InstanceProfiles"]]
    assert names() == ["a", "b", "c"] and names(PathPrefix="/x/") == ["a", "b"]
    assert "Tags" not in iam.list_instance_profiles()["InstanceProfiles"][0]
    pages = iam.get_paginator("list_instance_profiles").paginate(
        PaginationConfig={"PageSize": 1})
    assert [len(page["InstanceProfiles"]) for page in pages] == [1, 1, 1]
    for name in "ca":
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="r")
    of_role = iam.list_instance_profiles_for_role
    assert names(of_role, RoleName="r") == ["a", "c"]
    assert names(of_role, RoleName="r", MaxItems=1) == ["a"]
    detail = iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"][0]
    assert [profile["InstanceProfileName"] for profile in detail["InstanceProfileList"]] == [
        "a", "c"]
    assert detail["InstanceProfileList"][0]["Roles"][0]["RoleName"] == "r"


def test_tags_of_a_profile(iam):
    iam.create_instance_profile(InstanceProfileName="p", Tags=[{"Key": "a", "Value": "1"}])
    iam.tag_instance_profile(InstanceProfileName="p", Tags=[{"Key": "b", "Value": "2"}])
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    assert iam.list_instance_profile_tags(InstanceProfileName="p")["Tags"] == tags
    assert iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"]["Tags"] == tags
    iam.untag_instance_profile(InstanceProfileName="p", TagKeys=["a"])
    assert iam.list_instance_profile_tags(InstanceProfileName="p")["Tags"] == tags[1:]
    more = [{"Key": f"k{i}", "Value": ""} for i in range(50)]
    assert fault_of(iam.tag_instance_profile, InstanceProfileName="p", Tags=more)[0] == \
        "LimitExceeded"


def test_what_does_not_exist(iam, role):
    iam.create_instance_profile(InstanceProfileName="p")
    for call, arguments in [
            (iam.get_instance_profile, {}), (iam.delete_instance_profile, {}),
            (iam.add_role_to_instance_profile, {"RoleName": "r"}),
            (iam.remove_role_from_instance_profile, {"RoleName": "r"}),
            (iam.tag_instance_profile, {"Tags": [{"Key": "a", "Value": "b"}]}),
            (iam.untag_instance_profile, {"TagKeys": ["a"]}),
            (iam.list_instance_profile_tags, {})]:
        assert fault_of(call, InstanceProfileName="none", **arguments) == missing(), call
    for call in (iam.add_role_to_instance_profile, iam.remove_role_from_instance_profile):
        assert fault_of(call, InstanceProfileName="p", RoleName="none") == (
            "NoSuchEntity", "The role with name none cannot be found.", 404)
    for name in ("a b", "n" * 129, ""):
        assert fault_of(iam.create_instance_profile, InstanceProfileName=name)[0] == \
            "ValidationError"


def test_who_may_add_a_role_must_be_allowed_to_pass_it(account, iam, role):
    iam.create_instance_profile(InstanceProfileName="p")
    key = account.user("alice", "iam:AddRoleToInstanceProfile",
                       resource=account.arn("instance-profile/p"))
    add = account.client(key=key).add_role_to_instance_profile
    code, text, _ = fault_of(add, InstanceProfileName="p", RoleName="r")
    assert code == "AccessDenied" and "iam:PassRole" in text and role["Arn"] in text
    for service, passes in [("lambda.amazonaws.com", False), ("ec2.amazonaws.com", True)]:
        iam.put_user_policy(UserName="alice", PolicyName="pass", PolicyDocument=allow(
            "iam:PassRole", resource=role["Arn"],
            Condition={"StringEquals": {"iam:PassedToService": service}}))
        if passes:
            add(InstanceProfileName="p", RoleName="r")
        else:
            assert fault_of(add, InstanceProfileName="p", RoleName="r")[0] == "AccessDenied"


def test_tags_of_a_profile_are_not_those_of_the_role_to_pass(account, iam):
    """Who may tag profiles could else pass any role that a condition keeps from it."""
    tagged = [{"Key": "passable", "Value": "yes"}]
    for name, tags in [("open", tagged), ("kept", [])]:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(), Tags=tags)
    iam.create_instance_profile(InstanceProfileName="p", Tags=tagged)
    iam.create_instance_profile(InstanceProfileName="plain")
    add = account.client(key=account.user("alice", "iam:AddRoleTo*")).add_role_to_instance_profile
    for prefix in ("iam", "aws"):
        iam.put_user_policy(UserName="alice", PolicyName="pass", PolicyDocument=allow(
            "iam:PassRole",
            Condition={"StringEquals": {f"{prefix}:ResourceTag/passable": "yes"}}))
        for profile in ("p", "plain"):
            assert fault_of(add, InstanceProfileName=profile, RoleName="kept")[0] == "AccessDenied"
            add(InstanceProfileName=profile, RoleName="open")
            iam.remove_role_from_instance_profile(InstanceProfileName=profile, RoleName="open")


def test_a_role_of_a_service_is_not_put_into_a_profile(iam):
    """It is deleted by its service, and would leave a profile that nobody can empty."""
    name = iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")["Role"]["RoleName"]
    iam.create_instance_profile(InstanceProfileName="p")
    assert fault_of(iam.add_role_to_instance_profile, InstanceProfileName="p",
                    RoleName=name)[::2] == ("UnmodifiableEntity", 400)
    iam.delete_instance_profile(InstanceProfileName="p")


def test_profiles_outlive_a_restart(private):
    server = private()
    iam = server.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.create_instance_profile(InstanceProfileName="p", Tags=[{"Key": "a", "Value": "b"}])
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="r")
    before = iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"]
    server.stop()
    server.start()
    iam = server.client("iam")
    assert iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"] == before
