# SPDX-License-Identifier: MIT
"""Groups, roles and service-linked roles."""
import json
import re

import pytest
from iam_accounts import TRUST, allow, fault_of, trust

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def test_a_group_is_made_and_shown(account, iam):
    made = iam.create_group(GroupName="readers", Path="/x/")["Group"]
    assert re.fullmatch(r"AGPA[A-Z2-7]{17}", made["GroupId"])
    assert made["Arn"] == account.arn("group/x/readers")
    assert fault_of(iam.create_group, GroupName="READERS") == (
        "EntityAlreadyExists", "Group with name READERS already exists.", 409)
    answer = iam.get_group(GroupName="readers")
    assert answer["Group"] == made and answer["Users"] == [] and not answer["IsTruncated"]
    assert iam.list_groups(PathPrefix="/x/")["Groups"] == [made]
    assert iam.list_groups(PathPrefix="/y/")["Groups"] == []


def test_members_of_groups(iam):
    iam.create_group(GroupName="g")
    for name in "cab":
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName="g", UserName=name)
        iam.add_user_to_group(GroupName="g", UserName=name)
    iam.create_user(UserName="other")
    first = iam.get_group(GroupName="g", MaxItems=2)
    assert [user["UserName"] for user in first["Users"]] == ["a", "b"] and first["IsTruncated"]
    rest = iam.get_group(GroupName="g", Marker=first["Marker"])
    assert [user["UserName"] for user in rest["Users"]] == ["c"]
    iam.update_group(GroupName="g", NewGroupName="h")
    groups = iam.list_groups_for_user(UserName="a")["Groups"]
    assert [group["GroupName"] for group in groups] == ["h"]
    iam.remove_user_from_group(GroupName="h", UserName="a")
    assert iam.list_groups_for_user(UserName="a")["Groups"] == []
    assert fault_of(iam.add_user_to_group, GroupName="h", UserName="nobody")[1] == \
        "The user with name nobody cannot be found."
    assert fault_of(iam.add_user_to_group, GroupName="g", UserName="a")[1] == \
        "The group with name g cannot be found."


def test_a_user_is_in_ten_groups_at_most(iam):
    iam.create_user(UserName="a")
    for number in range(11):
        iam.create_group(GroupName=f"g{number}")
        if number < 10:
            iam.add_user_to_group(GroupName=f"g{number}", UserName="a")
    assert fault_of(iam.add_user_to_group, GroupName="g10", UserName="a") == (
        "LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10", 409)
    assert len(iam.list_groups_for_user(UserName="a")["Groups"]) == 10


def test_a_group_that_has_something_is_not_deleted(iam):
    iam.create_group(GroupName="g")
    iam.create_user(UserName="a")
    iam.add_user_to_group(GroupName="g", UserName="a")
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=allow("sqs:*"))
    iam.attach_group_policy(GroupName="g", PolicyArn=READ_ONLY)
    for rest, undo in [
            ("detach all policies", lambda: iam.detach_group_policy(GroupName="g",
                                                                    PolicyArn=READ_ONLY)),
            ("delete policies", lambda: iam.delete_group_policy(GroupName="g",
                                                                PolicyName="p")),
            ("remove users from group", lambda: iam.remove_user_from_group(GroupName="g",
                                                                           UserName="a"))]:
        assert fault_of(iam.delete_group, GroupName="g") == (
            "DeleteConflict", f"Cannot delete entity, must {rest} first.", 409)
        undo()
    iam.delete_group(GroupName="g")
    assert fault_of(iam.get_group, GroupName="g") == (
        "NoSuchEntity", "The group with name g cannot be found.", 404)


# ---- roles ----


def test_a_role_is_made_and_shown(account, iam):
    made = iam.create_role(RoleName="deploy", Path="/ci/", AssumeRolePolicyDocument=trust(),
                           Description="does it", MaxSessionDuration=7200,
                           Tags=[{"Key": "a", "Value": "b"}])["Role"]
    assert re.fullmatch(r"AROA[A-Z2-7]{17}", made["RoleId"])
    assert made["Arn"] == account.arn("role/ci/deploy")
    assert made["AssumeRolePolicyDocument"] == TRUST
    assert made["MaxSessionDuration"] == 7200 and made["Description"] == "does it"
    found = iam.get_role(RoleName="deploy")["Role"]
    assert found.pop("RoleLastUsed") == {} and found == made
    listed = iam.list_roles(PathPrefix="/ci/")["Roles"]
    assert [role["RoleName"] for role in listed] == ["deploy"] and "Tags" not in listed[0]
    assert fault_of(iam.create_role, RoleName="DEPLOY", AssumeRolePolicyDocument=trust()) == (
        "EntityAlreadyExists", "Role with name DEPLOY already exists.", 409)


def test_a_role_is_changed(iam):
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust())
    assert iam.get_role(RoleName="r")["Role"]["MaxSessionDuration"] == 3600
    iam.update_role(RoleName="r", Description="new", MaxSessionDuration=43200)
    found = iam.get_role(RoleName="r")["Role"]
    assert found["MaxSessionDuration"] == 43200 and found["Description"] == "new"
    assert iam.update_role_description(RoleName="r", Description="")["Role"].get(
        "Description", "") == ""
    other = trust({"AWS": "*"})
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=other)
    assert iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"] == json.loads(other)
    iam.tag_role(RoleName="r", Tags=[{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}])
    iam.untag_role(RoleName="r", TagKeys=["a"])
    assert iam.list_role_tags(RoleName="r")["Tags"] == [{"Key": "c", "Value": "d"}]
    for duration in (3599, 43201):
        assert fault_of(iam.update_role, RoleName="r", MaxSessionDuration=duration)[0] == \
            "ValidationError"


def test_trust_policies_that_are_none(account, iam):
    for document in ["{", "{}", allow("sqs:*"), trust({"AWS": account.arn("user/nobody")}),
                     trust({"AWS": ["*", "999999999999"]}),
                     trust({"AWS": account.arn("role/none")})]:
        assert fault_of(iam.create_role, RoleName="r", AssumeRolePolicyDocument=document)[
            ::2] == ("MalformedPolicyDocument", 400), document
    assert fault_of(iam.create_role, RoleName="r", AssumeRolePolicyDocument=trust(
        {"AWS": account.arn("user/nobody")}))[1] == \
        f'Invalid principal in policy: "AWS":"{account.arn("user/nobody")}"'
    assert iam.list_roles()["Roles"] == []
    iam.create_user(UserName="somebody")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(
        {"AWS": [account.arn("user/somebody"), account.number]}))
    big = json.dumps({**TRUST, "Id": "x" * 2048})
    assert fault_of(iam.update_assume_role_policy, RoleName="r", PolicyDocument=big)[:2] == (
        "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")


def test_a_trust_policy_means_whom_it_was_set_for(account, iam):
    def trusted():
        document = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
        return document["Statement"][0]["Principal"]["AWS"]

    alice = iam.create_user(UserName="alice")["User"]
    iam.create_user(UserName="bob")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(
        {"AWS": [alice["Arn"], account.arn("user/bob")]}))
    iam.update_user(UserName="alice", NewPath="/x/")
    assert trusted() == [account.arn("user/x/alice"), account.arn("user/bob")]
    iam.delete_user(UserName="alice")
    assert trusted() == [alice["UserId"], account.arn("user/bob")]
    key = account.user("alice", "sts:AssumeRole")
    sts = account.client("sts", key)
    assert fault_of(sts.assume_role, RoleArn=account.arn("role/r"),
                    RoleSessionName="session")[0] == "AccessDenied"
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=trust(
        {"AWS": account.arn("user/alice")}))
    sts.assume_role(RoleArn=account.arn("role/r"), RoleSessionName="session")


def test_a_role_that_has_something_is_not_deleted(iam):
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust())
    iam.attach_role_policy(RoleName="r", PolicyArn=READ_ONLY)
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=allow("sqs:*"))
    assert fault_of(iam.delete_role, RoleName="r")[1] == \
        "Cannot delete entity, must detach all policies first."
    iam.detach_role_policy(RoleName="r", PolicyArn=READ_ONLY)
    assert fault_of(iam.delete_role, RoleName="r")[1] == \
        "Cannot delete entity, must delete policies first."
    iam.delete_role_policy(RoleName="r", PolicyName="p")
    assert iam.list_instance_profiles_for_role(RoleName="r")["InstanceProfiles"] == []
    iam.delete_role(RoleName="r")
    for call in (iam.get_role, iam.delete_role, iam.list_role_policies, iam.list_role_tags,
                 iam.list_attached_role_policies, iam.list_instance_profiles_for_role):
        assert fault_of(call, RoleName="r") == (
            "NoSuchEntity", "The role with name r cannot be found.", 404)


def test_a_service_linked_role_is_its_services(account, iam):
    made = iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")["Role"]
    assert made["Arn"] == account.arn(
        "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")
    assert fault_of(iam.create_service_linked_role, AWSServiceName="ecs.amazonaws.com") == (
        "InvalidInput", "Service role name AWSServiceRoleForECS has been taken in this account, "
        "please try a different suffix.", 400)
    name = made["RoleName"]
    for call, arguments in [
            (iam.delete_role, {}), (iam.attach_role_policy, {"PolicyArn": READ_ONLY}),
            (iam.update_role, {"Description": "x"}),
            (iam.put_role_policy, {"PolicyName": "p", "PolicyDocument": allow("sqs:*")}),
            (iam.update_assume_role_policy, {"PolicyDocument": trust()})]:
        assert fault_of(call, RoleName=name, **arguments)[::2] == ("UnmodifiableEntity", 400)
    task = iam.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    status = iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"]
    assert status == "SUCCEEDED"
    assert fault_of(iam.get_role, RoleName=name)[0] == "NoSuchEntity"
    assert fault_of(iam.create_service_linked_role, AWSServiceName="x.amazonaws.com")[0] == \
        "InvalidInput"
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust())
    assert fault_of(iam.delete_service_linked_role, RoleName="r")[0] == "InvalidInput"


@pytest.mark.parametrize("size", [1, 3])
def test_roles_are_listed_page_by_page(iam, size):
    for name in "dbac":
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": size})
    assert [role["RoleName"] for page in pages for role in page["Roles"]] == list("abcd")
