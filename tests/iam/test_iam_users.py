# SPDX-License-Identifier: MIT
"""Users, their access keys and tags."""
import datetime
import re

import pytest
from iam_accounts import allow, fault_of

from ternd import eventually


def test_a_user_is_made_and_shown(account, iam):
    made = iam.create_user(UserName="alice", Path="/team/red/", Tags=[
        {"Key": "unit", "Value": "one"}, {"Key": "Team", "Value": "red"}])["User"]
    assert re.fullmatch(r"AIDA[A-Z2-7]{17}", made["UserId"])
    assert made["Arn"] == account.arn("user/team/red/alice")
    assert made["Path"] == "/team/red/" and made["UserName"] == "alice"
    age = datetime.datetime.now(datetime.timezone.utc) - made["CreateDate"]
    assert abs(age) < datetime.timedelta(minutes=5)
    assert made["Tags"] == [{"Key": "Team", "Value": "red"}, {"Key": "unit", "Value": "one"}]
    assert iam.get_user(UserName="alice")["User"] == made


def test_get_user_without_a_name_is_whoever_calls(account, iam):
    root = iam.get_user()["User"]
    assert root["Arn"] == account.arn("root") and root["UserId"] == account.number
    key = account.user("alice", "iam:GetUser")
    user = account.client(key=key).get_user()["User"]
    assert user["Arn"] == account.arn("user/alice") and user["UserName"] == "alice"


@pytest.mark.parametrize("name", ["a b", "a/b", "ä", "a:b"])
def test_a_user_name_has_few_characters(iam, name):
    code, text, status = fault_of(iam.create_user, UserName=name)
    assert (code, status) == ("ValidationError", 400)
    assert text == "The specified value for userName is invalid. It must contain only " \
        "alphanumeric characters and/or the following: +=,.@_-"


def test_a_user_name_has_64_characters_at_most(iam):
    iam.create_user(UserName="u" * 64)
    code, text, _ = fault_of(iam.create_user, UserName="u" * 65)
    assert code == "ValidationError" and text == \
        "1 validation error detected: Value at 'userName' failed to satisfy " \
        "constraint: Member must have length less than or equal to 64"
    code, text, _ = fault_of(iam.get_user, UserName="u" * 129)
    assert code == "ValidationError" and "less than or equal to 128" in text
    code, text, _ = fault_of(iam.create_user, UserName="")
    assert code == "ValidationError" and "greater than or equal to 1" in text


def test_what_is_required_is_asked_for(iam):
    code, text, _ = fault_of(iam.create_user)
    assert code == "ValidationError" and text == \
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: " \
        "Member must not be null"
    code, text, _ = fault_of(iam.put_user_policy)
    assert code == "ValidationError" and text.startswith("3 validation errors detected: ")


@pytest.mark.parametrize("path", ["a/", "/a", "//", "/ä/", "/a b/"])
def test_a_path_begins_and_ends_with_a_slash(iam, path):
    code, text, _ = fault_of(iam.create_user, UserName="alice", Path=path)
    assert code == "ValidationError" and "must begin and end with /" in text


def test_tags_have_letters_of_all_scripts(iam):
    tags = [{"Key": "caf\u00e9\u3000\u0663", "Value": "\u65e5\u672c 1\u00a0\u2167"}]
    iam.create_user(UserName="letters", Tags=tags)
    assert iam.list_user_tags(UserName="letters")["Tags"] == tags
    for tag in ({"Key": "a*b", "Value": ""}, {"Key": "a", "Value": "b\n"},
                {"Key": "a", "Value": "1 \u20ac"}, {"Key": "a\U0001f600", "Value": ""},
                {"Key": "a", "Value": "e\u0301"}):
        code, text, _ = fault_of(iam.tag_user, UserName="letters", Tags=[tag])
        assert code == "ValidationError" and r"[\p{L}\p{Z}\p{N}_.:/=+\-@]" in text


def test_names_differ_in_more_than_case(iam):
    iam.create_user(UserName="alice")
    for name in ("alice", "Alice"):
        assert fault_of(iam.create_user, UserName=name) == (
            "EntityAlreadyExists", f"User with name {name} already exists.", 409)


def test_users_that_are_not_there(iam):
    for call, arguments in [
            (iam.get_user, {}), (iam.update_user, {"NewUserName": "b"}), (iam.delete_user, {}),
            (iam.create_access_key, {}), (iam.list_access_keys, {}), (iam.list_user_tags, {}),
            (iam.tag_user, {"Tags": [{"Key": "a", "Value": "b"}]}),
            (iam.untag_user, {"TagKeys": ["a"]}), (iam.list_groups_for_user, {}),
            (iam.list_user_policies, {}), (iam.list_attached_user_policies, {}),
            (iam.get_user_policy, {"PolicyName": "p"}),
            (iam.delete_user_policy, {"PolicyName": "p"}),
            (iam.put_user_policy, {"PolicyName": "p", "PolicyDocument": allow("sqs:*")}),
            (iam.delete_user_permissions_boundary, {}),
            (iam.attach_user_policy, {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
            (iam.update_access_key, {"AccessKeyId": "A" * 20, "Status": "Active"}),
            (iam.delete_access_key, {"AccessKeyId": "A" * 20})]:
        assert fault_of(call, UserName="nobody", **arguments) == (
            "NoSuchEntity", "The user with name nobody cannot be found.", 404), call


def test_a_renamed_user_keeps_all_but_its_name(account, iam):
    key = account.user("alice", "iam:GetUser", "sqs:ListQueues")
    before = iam.get_user(UserName="alice")["User"]
    iam.create_user(UserName="bob")
    assert fault_of(iam.update_user, UserName="alice", NewUserName="BOB")[0] == \
        "EntityAlreadyExists"
    iam.update_user(UserName="alice", NewUserName="Alice", NewPath="/x/")
    after = account.client(key=key).get_user()["User"]
    assert after["UserId"] == before["UserId"] and after["UserName"] == "Alice"
    assert after["Arn"] == account.arn("user/x/Alice")
    account.client("sqs", key).list_queues()
    iam.update_user(UserName="Alice", NewUserName="carol")
    assert fault_of(iam.get_user, UserName="alice")[0] == "NoSuchEntity"


def test_a_user_that_has_something_is_not_deleted(iam):
    iam.create_user(UserName="alice")
    iam.create_group(GroupName="g")
    key = iam.create_access_key(UserName="alice")["AccessKey"]["AccessKeyId"]
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.attach_user_policy(UserName="alice", PolicyArn=arn)
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=allow("sqs:*"))
    iam.add_user_to_group(UserName="alice", GroupName="g")
    for rest, undo in [
            ("detach all policies", lambda: iam.detach_user_policy(UserName="alice",
                                                                   PolicyArn=arn)),
            ("delete policies", lambda: iam.delete_user_policy(UserName="alice",
                                                               PolicyName="p")),
            ("delete access keys", lambda: iam.delete_access_key(UserName="alice",
                                                                 AccessKeyId=key)),
            ("remove users from group", lambda: iam.remove_user_from_group(UserName="alice",
                                                                           GroupName="g"))]:
        assert fault_of(iam.delete_user, UserName="alice") == (
            "DeleteConflict", f"Cannot delete entity, must {rest} first.", 409)
        undo()
    iam.delete_user(UserName="alice")
    assert fault_of(iam.get_user, UserName="alice")[0] == "NoSuchEntity"


def test_users_are_listed_page_by_page_in_order(iam):
    names = ["b", "A", "d", "C", "e"]
    for name in names:
        iam.create_user(UserName=name, Path="/in/" if name != "e" else "/out/")
    first = iam.list_users(PathPrefix="/in/", MaxItems=2)
    assert [user["UserName"] for user in first["Users"]] == ["A", "b"]
    assert first["IsTruncated"] and first["Marker"]
    iam.delete_user(UserName="b")
    second = iam.list_users(PathPrefix="/in/", Marker=first["Marker"])
    assert [user["UserName"] for user in second["Users"]] == ["C", "d"]
    assert not second["IsTruncated"] and "Marker" not in second
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 1})
    assert [user["UserName"] for page in pages for user in page["Users"]] == ["A", "C", "d", "e"]
    assert iam.list_users(PathPrefix="/none/")["Users"] == []


@pytest.mark.parametrize("arguments", [
    {"MaxItems": 0}, {"MaxItems": 1001}, {"Marker": "!"}, {"Marker": "eA=="}, {"Marker": ""},
    {"PathPrefix": "in/"}])
def test_pages_that_are_none(iam, arguments):
    assert fault_of(iam.list_users, **arguments)[0] == "ValidationError"


def test_tags_of_users(iam):
    iam.create_user(UserName="alice")
    assert iam.list_user_tags(UserName="alice")["Tags"] == []
    iam.tag_user(UserName="alice", Tags=[{"Key": k, "Value": k} for k in "cab"])
    iam.tag_user(UserName="alice", Tags=[{"Key": "B", "Value": ""}])
    found = iam.list_user_tags(UserName="alice", MaxItems=2)
    assert found["Tags"] == [{"Key": "B", "Value": ""}, {"Key": "a", "Value": "a"}]
    assert found["IsTruncated"]
    rest = iam.list_user_tags(UserName="alice", Marker=found["Marker"])
    assert rest["Tags"] == [{"Key": "c", "Value": "c"}] and not rest["IsTruncated"]
    iam.untag_user(UserName="alice", TagKeys=["a", "B", "none"])
    assert iam.get_user(UserName="alice")["User"]["Tags"] == [{"Key": "c", "Value": "c"}]


def test_tags_that_are_none(iam):
    iam.create_user(UserName="alice")
    for tags, code in [
            ([{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}], "InvalidInput"),
            ([{"Key": "", "Value": "1"}], "ValidationError"),
            ([{"Key": "k" * 129, "Value": "1"}], "ValidationError"),
            ([{"Key": "k", "Value": "v" * 257}], "ValidationError"),
            ([{"Key": "a*", "Value": "1"}], "ValidationError"),
            ([{"Key": f"k{i}", "Value": "1"} for i in range(51)], "ValidationError")]:
        assert fault_of(iam.tag_user, UserName="alice", Tags=tags)[0] == code, tags
    iam.tag_user(UserName="alice", Tags=[{"Key": f"k{i}", "Value": "v"} for i in range(50)])
    assert fault_of(iam.tag_user, UserName="alice", Tags=[{"Key": "one", "Value": "more"}])[0] == \
        "LimitExceeded"


# ---- access keys ----


def test_a_key_signs_and_its_secret_is_shown_once(account, iam):
    key = account.user("alice", "sqs:ListQueues")
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", key["AccessKeyId"])
    assert len(key["SecretAccessKey"]) == 40 and key["Status"] == "Active"
    account.client("sqs", key).list_queues()
    found = iam.list_access_keys(UserName="alice")["AccessKeyMetadata"]
    assert found == [{"UserName": "alice", "AccessKeyId": key["AccessKeyId"],
                      "Status": "Active", "CreateDate": key["CreateDate"]}]


def test_a_key_that_is_off_or_gone_is_refused_at_once(account, iam):
    key = account.user("alice", "sqs:ListQueues")
    sqs = account.client("sqs", key)
    sqs.list_queues()
    iam.update_access_key(UserName="alice", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert fault_of(sqs.list_queues)[0] == "InvalidClientTokenId"
    iam.update_access_key(UserName="alice", AccessKeyId=key["AccessKeyId"], Status="Active")
    sqs.list_queues()
    iam.delete_access_key(UserName="alice", AccessKeyId=key["AccessKeyId"])
    assert fault_of(sqs.list_queues)[0] == "InvalidClientTokenId"


def test_a_user_has_two_keys(iam):
    iam.create_user(UserName="alice")
    keys = [iam.create_access_key(UserName="alice")["AccessKey"]["AccessKeyId"]
            for _ in range(2)]
    assert fault_of(iam.create_access_key, UserName="alice") == (
        "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409)
    found = iam.list_access_keys(UserName="alice", MaxItems=1)
    assert found["IsTruncated"] and found["AccessKeyMetadata"][0]["AccessKeyId"] == keys[0]
    rest = iam.list_access_keys(UserName="alice", Marker=found["Marker"])
    assert [key["AccessKeyId"] for key in rest["AccessKeyMetadata"]] == keys[1:]


def test_keys_of_whoever_calls(account, iam):
    key = account.user("alice", "iam:*AccessKey*", resource=account.arn("user/alice"))
    own = account.client(key=key)
    second = own.create_access_key()["AccessKey"]
    assert second["UserName"] == "alice"
    own.update_access_key(AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert [found["Status"] for found in iam.list_access_keys(UserName="alice")[
        "AccessKeyMetadata"]] == ["Inactive", "Active"]
    account.client(key=second).delete_access_key(AccessKeyId=key["AccessKeyId"])
    roots = iam.list_access_keys()["AccessKeyMetadata"]
    assert [found["AccessKeyId"] for found in roots] == [account.key]


def test_a_root_user_changes_its_keys(account, iam):
    second = iam.create_access_key()["AccessKey"]
    again = account.client(key=second)
    again.delete_access_key(AccessKeyId=account.key)
    assert fault_of(iam.list_users)[0] == "InvalidClientTokenId"
    assert again.get_user()["User"]["Arn"] == account.arn("root")


def test_keys_that_are_not_the_users(account, iam):
    key = account.user("alice")["AccessKeyId"]
    iam.create_user(UserName="bob")
    text = f"The Access Key with id {key} cannot be found."
    assert fault_of(iam.delete_access_key, UserName="bob", AccessKeyId=key) == (
        "NoSuchEntity", text, 404)
    assert fault_of(iam.update_access_key, UserName="bob", AccessKeyId=key,
                    Status="Inactive")[1] == text
    code, text, _ = fault_of(iam.update_access_key, UserName="alice", AccessKeyId=key,
                             Status="Off")
    assert code == "ValidationError" and text.endswith("must satisfy enum value set")


def test_when_and_for_what_a_key_was_used(account, iam):
    key = account.user("alice", "sqs:ListQueues")
    answer = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert answer["UserName"] == "alice"
    assert answer["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    account.client("sqs", key).list_queues()

    def last():
        return iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    eventually(lambda: last()["ServiceName"] == "sqs")
    assert last()["Region"] == "us-east-1" and "LastUsedDate" in last()
    assert fault_of(iam.get_access_key_last_used, AccessKeyId="A" * 20)[0] == "AccessDenied"


def test_what_users_never_have(iam):
    iam.create_user(UserName="alice")
    assert iam.list_mfa_devices(UserName="alice")["MFADevices"] == []
    assert iam.list_ssh_public_keys(UserName="alice")["SSHPublicKeys"] == []
    assert iam.list_signing_certificates(UserName="alice")["Certificates"] == []
    assert iam.list_service_specific_credentials(UserName="alice")[
        "ServiceSpecificCredentials"] == []
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []
    for call in (iam.get_login_profile, iam.delete_login_profile):
        assert fault_of(call, UserName="alice") == (
            "NoSuchEntity", "Login Profile for User alice cannot be found.", 404)
    assert fault_of(iam.get_account_password_policy)[::2] == ("NoSuchEntity", 404)
    assert fault_of(iam.list_mfa_devices, UserName="nobody")[0] == "NoSuchEntity"
