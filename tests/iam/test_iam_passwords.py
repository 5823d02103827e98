# SPDX-License-Identifier: MIT
"""Login profiles, the account's password policy and the credential report."""
import concurrent.futures
import csv
import io

import pytest
from iam_accounts import fault_of

GOOD, BETTER = "Correct-Horse-1", "Battery-Staple-2"


def policy_fault(text):
    return ("PasswordPolicyViolation", text, 400)


# ---- login profiles ----


def test_a_login_profile_lives_and_dies(iam):
    iam.create_user(UserName="alice")
    missing = ("NoSuchEntity", "Login Profile for User alice cannot be found.", 404)
    for call in (iam.get_login_profile, iam.delete_login_profile, iam.update_login_profile):
        assert fault_of(call, UserName="alice") == missing
    made = iam.create_login_profile(UserName="alice", Password=GOOD)["LoginProfile"]
    assert made["UserName"] == "alice" and made["PasswordResetRequired"] is False
    assert iam.get_login_profile(UserName="alice")["LoginProfile"] == made
    assert fault_of(iam.create_login_profile, UserName="alice", Password=GOOD) == (
        "EntityAlreadyExists", "Login Profile for user alice already exists.", 409)
    iam.update_login_profile(UserName="alice", PasswordResetRequired=True)
    iam.update_login_profile(UserName="alice", Password=BETTER)
    assert iam.get_login_profile(UserName="alice")["LoginProfile"]["PasswordResetRequired"]
    assert fault_of(iam.delete_user, UserName="alice") == (
        "DeleteConflict", "Cannot delete entity, must delete login profile first.", 409)
    iam.delete_login_profile(UserName="alice")
    assert fault_of(iam.get_login_profile, UserName="alice") == missing
    iam.delete_user(UserName="alice")
    assert fault_of(iam.create_login_profile, UserName="alice", Password=GOOD)[1] == \
        "The user with name alice cannot be found."


@pytest.mark.parametrize("password, text", [
    ("Short-1", "Password should have a minimum length of 8"),
    ("alllowercase1", "Password does not conform to the account password policy."),
    ("ALLUPPERCASE!", "Password does not conform to the account password policy.")])
def test_passwords_without_a_policy_of_the_account(iam, password, text):
    iam.create_user(UserName="alice")
    assert fault_of(iam.create_login_profile, UserName="alice", Password=password) == \
        policy_fault(text)
    iam.create_login_profile(UserName="alice", Password="Lowercase1")
    assert fault_of(iam.update_login_profile, UserName="alice", Password=password) == \
        policy_fault(text)


def test_a_password_has_a_length(iam):
    iam.create_user(UserName="alice")
    for password in ("", "Aa1!" * 33):
        code, text, _ = fault_of(iam.create_login_profile, UserName="alice", Password=password)
        assert code == "ValidationError" and "at 'password'" in text and "Aa1!" not in text
    assert fault_of(iam.create_login_profile, UserName="alice")[0] == "ValidationError"
    iam.create_login_profile(UserName="alice", Password="Aa1!" * 32)


def test_a_user_may_be_changed_while_its_password_is_hashed(iam):
    """As Terraform does, which creates what belongs to a user at the same time."""
    iam.create_user(UserName="alice")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(iam.create_login_profile, UserName="alice", Password=GOOD)]
        calls += [pool.submit(iam.tag_user, UserName="alice", Tags=[
            {"Key": f"k{i}", "Value": "v"}]) for i in range(40)]
        for call in calls:
            call.result()
    assert iam.get_login_profile(UserName="alice")["LoginProfile"]["UserName"] == "alice"
    assert len(iam.list_user_tags(UserName="alice")["Tags"]) == 40


# ---- changing one's own ----


def test_a_user_changes_its_password(account, iam):
    key = account.user("alice", "iam:ChangePassword", resource=account.arn("user/alice"))
    change = account.client(key=key).change_password
    assert fault_of(change, OldPassword=GOOD, NewPassword=BETTER) == (
        "NoSuchEntity", "Login Profile for User alice cannot be found.", 404)
    iam.create_login_profile(UserName="alice", Password=GOOD, PasswordResetRequired=True)
    assert fault_of(change, OldPassword=BETTER, NewPassword=BETTER) == (
        "AccessDenied", "The old password was incorrect.", 403)
    assert fault_of(change, OldPassword=GOOD, NewPassword="weak") == policy_fault(
        "Password should have a minimum length of 8")
    change(OldPassword=GOOD, NewPassword=BETTER)
    profile = iam.get_login_profile(UserName="alice")["LoginProfile"]
    assert profile["PasswordResetRequired"] is False
    assert fault_of(change, OldPassword=GOOD, NewPassword=BETTER)[0] == "AccessDenied"
    change(OldPassword=BETTER, NewPassword=GOOD)
    assert fault_of(iam.change_password, OldPassword=GOOD, NewPassword=BETTER) == (
        "InvalidUserType", "Only IAM Users can change their own password", 400)


def test_the_account_may_let_its_users_change_passwords(account, iam):
    key = account.user("alice")
    change = account.client(key=key).change_password
    iam.create_login_profile(UserName="alice", Password=GOOD)
    assert "iam:ChangePassword" in fault_of(change, OldPassword=GOOD, NewPassword=BETTER)[1]
    iam.update_account_password_policy(AllowUsersToChangePassword=True)
    change(OldPassword=GOOD, NewPassword=BETTER)


def test_earlier_passwords_are_not_used_again(account, iam):
    key = account.user("alice", "iam:ChangePassword")
    change = account.client(key=key).change_password
    iam.create_login_profile(UserName="alice", Password=GOOD)
    iam.update_account_password_policy(PasswordReusePrevention=2)
    assert fault_of(change, OldPassword=GOOD, NewPassword=GOOD)[0] == "PasswordPolicyViolation"
    change(OldPassword=GOOD, NewPassword=BETTER)
    assert fault_of(change, OldPassword=BETTER, NewPassword=GOOD)[0] == "PasswordPolicyViolation"
    change(OldPassword=BETTER, NewPassword="Third-Password-3")
    change(OldPassword="Third-Password-3", NewPassword=GOOD)


# ---- the account's policy ----


def test_a_password_policy_is_set_and_deleted(account, iam):
    none = ("NoSuchEntity", f"The Password Policy with domain name {account.number} cannot be "
            "found.", 404)
    assert fault_of(iam.get_account_password_policy) == none
    assert fault_of(iam.delete_account_password_policy) == (
        "NoSuchEntity", "The account policy with name PasswordPolicy cannot be found.", 404)
    iam.update_account_password_policy()
    assert iam.get_account_password_policy()["PasswordPolicy"] == {
        "MinimumPasswordLength": 6, "RequireSymbols": False, "RequireNumbers": False,
        "RequireUppercaseCharacters": False, "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": False, "ExpirePasswords": False}
    custom = {"MinimumPasswordLength": 10, "RequireSymbols": True, "RequireNumbers": True,
              "RequireUppercaseCharacters": True, "RequireLowercaseCharacters": True,
              "AllowUsersToChangePassword": True, "MaxPasswordAge": 60,
              "PasswordReusePrevention": 3, "HardExpiry": True}
    iam.update_account_password_policy(**custom)
    assert iam.get_account_password_policy()["PasswordPolicy"] == {
        **custom, "ExpirePasswords": True}
    iam.delete_account_password_policy()
    assert fault_of(iam.get_account_password_policy) == none


def test_a_password_policy_has_limits(iam):
    assert fault_of(iam.update_account_password_policy, MinimumPasswordLength=129,
                    PasswordReusePrevention=25, MaxPasswordAge=1096) == (
        "ValidationError", "3 validation errors detected: Value at 'minimumPasswordLength' failed "
        "to satisfy constraint: Member must have value less than or equal to 128; Value at "
        "'maxPasswordAge' failed to satisfy constraint: Member must have value less than or "
        "equal to 1095; Value at 'passwordReusePrevention' failed to satisfy constraint: Member "
        "must have value less than or equal to 24", 400)
    assert fault_of(iam.update_account_password_policy, MinimumPasswordLength=5)[0] == \
        "ValidationError"


@pytest.mark.parametrize("needs, password, what", [
    ("RequireSymbols", "abcdeF1", "symbol"), ("RequireNumbers", "abcdeF!", "number"),
    ("RequireUppercaseCharacters", "abcde1!", "uppercase letter"),
    ("RequireLowercaseCharacters", "ABCDE1!", "lowercase letter")])
def test_passwords_follow_the_policy(iam, needs, password, what):
    iam.create_user(UserName="alice")
    iam.update_account_password_policy(**{needs: True})
    assert fault_of(iam.create_login_profile, UserName="alice", Password=password) == \
        policy_fault(f"Password should have at least one {what}")
    assert fault_of(iam.create_login_profile, UserName="alice", Password="aB1!x") == \
        policy_fault("Password should have a minimum length of 6")
    iam.create_login_profile(UserName="alice", Password="abcD1!")


# ---- the credential report ----


def test_a_credential_report(account, iam):
    assert fault_of(iam.get_credential_report)[::2] == ("ReportNotPresent", 410)
    key = account.user("alice", "sqs:ListQueues")
    account.client("sqs", key).list_queues()
    second = iam.create_access_key(UserName="alice")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="alice", AccessKeyId=second, Status="Inactive")
    iam.create_login_profile(UserName="alice", Password=GOOD)
    iam.create_user(UserName="bob")
    iam.update_account_password_policy(MaxPasswordAge=90)
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv" and "GeneratedTime" in report
    rows = list(csv.DictReader(io.StringIO(report["Content"].decode())))
    assert [row["user"] for row in rows] == ["<root_account>", "alice", "bob"]
    root, alice, bob = rows
    assert root["arn"] == account.arn("root") and root["access_key_1_active"] == "true"
    assert alice["password_enabled"] == "true" and alice["mfa_active"] == "false"
    assert alice["password_last_changed"].endswith("Z")
    assert alice["password_next_rotation"] > alice["password_last_changed"]
    assert (alice["access_key_1_active"], alice["access_key_2_active"]) == ("true", "false")
    assert alice["access_key_1_last_used_service"] == "sqs"
    assert alice["access_key_2_last_used_date"] == "N/A"
    assert bob["password_enabled"] == "false" and bob["password_last_changed"] == "N/A"
    assert len(rows[0]) == 22


def test_a_report_ends(private):
    server = private("--test-clock")
    iam = server.client("iam")
    iam.generate_credential_report()
    iam.get_credential_report()
    server.advance(4 * 3600 + 1)
    assert fault_of(iam.get_credential_report)[::2] == ("ReportExpired", 410)
    assert iam.generate_credential_report()["State"] == "STARTED"
    iam.get_credential_report()
