# SPDX-License-Identifier: MIT
"""Virtual MFA devices, and what STS and policies make of their codes."""
import json
import time

import pytest
import totp
from iam_accounts import allow, fault_of, trust

WRONG = "MultiFactorAuthentication failed with invalid MFA one time pass code. "


class Device:
    """A device that a user has; its codes are of the test's clock."""

    def __init__(self, iam, user, name="phone"):
        made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
        self.serial, self.seed = made["SerialNumber"], made["Base32StringSeed"].decode()
        now = time.time()
        iam.enable_mfa_device(UserName=user, SerialNumber=self.serial,
                              AuthenticationCode1=totp.code(self.seed, -2, now),
                              AuthenticationCode2=totp.code(self.seed, -1, now))

    def arguments(self, offset=0):
        return {"SerialNumber": self.serial, "TokenCode": totp.code(self.seed, offset)}


def session(account, credentials, service="sqs"):
    return account.server.client(service, account=credentials["AccessKeyId"],
                                 secret=credentials["SecretAccessKey"],
                                 token=credentials["SessionToken"])


def test_a_device_is_created_enabled_and_deleted(account, iam):
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone", Path="/x/",
                                         Tags=[{"Key": "a", "Value": "b"}])["VirtualMFADevice"]
    serial, seed = made["SerialNumber"], made["Base32StringSeed"].decode()
    assert serial == account.arn("mfa/x/phone") and len(seed) == 64
    assert fault_of(iam.create_virtual_mfa_device, VirtualMFADeviceName="phone") == (
        "EntityAlreadyExists", "MFA device already exists.", 409)
    user = iam.create_user(UserName="alice")["User"]
    listed = iam.list_virtual_mfa_devices()["VirtualMFADevices"]
    assert listed == [{"SerialNumber": serial}]
    codes = {"AuthenticationCode1": totp.code(seed, -1), "AuthenticationCode2": totp.code(seed)}
    iam.enable_mfa_device(UserName="alice", SerialNumber=serial, **codes)
    found = iam.list_mfa_devices(UserName="alice")["MFADevices"]
    assert [(each["UserName"], each["SerialNumber"]) for each in found] == [("alice", serial)]
    shown = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert shown == [{"SerialNumber": serial, "EnableDate": found[0]["EnableDate"],
                      "User": user}]
    assert iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"] == []
    device = iam.get_mfa_device(UserName="alice", SerialNumber=serial)
    assert device["UserName"] == "alice" and device["EnableDate"] == found[0]["EnableDate"]
    summary = iam.get_account_summary()["SummaryMap"]
    assert summary["MFADevices"] == 1 and summary["MFADevicesInUse"] == 1
    iam.create_user(UserName="bob")
    assert fault_of(iam.enable_mfa_device, UserName="bob", SerialNumber=serial, **codes) == (
        "EntityAlreadyExists", "MFA Device is already in use.", 409)
    assert fault_of(iam.delete_virtual_mfa_device, SerialNumber=serial) == (
        "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.", 409)
    assert fault_of(iam.delete_user, UserName="alice") == (
        "DeleteConflict", "Cannot delete entity, must delete MFA device first.", 409)
    assert fault_of(iam.deactivate_mfa_device, UserName="bob", SerialNumber=serial)[0] == \
        "NoSuchEntity"
    iam.deactivate_mfa_device(UserName="alice", SerialNumber=serial)
    assert iam.list_mfa_devices(UserName="alice")["MFADevices"] == []
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    iam.delete_user(UserName="alice")


def test_devices_and_users_that_do_not_exist(account, iam):
    serial = account.arn("mfa/none")
    iam.create_user(UserName="alice")
    missing = ("NoSuchEntity", f"MFA Device with serial number {serial} does not exist.", 404)
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "123456"}
    for call, arguments in [
            (iam.enable_mfa_device, {"UserName": "alice", **codes}),
            (iam.resync_mfa_device, {"UserName": "alice", **codes}),
            (iam.deactivate_mfa_device, {"UserName": "alice"}),
            (iam.get_mfa_device, {"UserName": "alice"}), (iam.delete_virtual_mfa_device, {}),
            (iam.tag_mfa_device, {"Tags": [{"Key": "a", "Value": "b"}]}),
            (iam.untag_mfa_device, {"TagKeys": ["a"]}), (iam.list_mfa_device_tags, {})]:
        assert fault_of(call, SerialNumber=serial, **arguments) == missing, call
    for call in (iam.enable_mfa_device, iam.resync_mfa_device):
        assert fault_of(call, UserName="nobody", SerialNumber=serial, **codes)[1] == \
            "The user with name nobody cannot be found."
        for code in ("12345", "1234567", "12345a"):
            assert fault_of(call, UserName="alice", SerialNumber=serial,
                            **{**codes, "AuthenticationCode1": code})[0] == "ValidationError"
            assert code not in fault_of(call, UserName="alice", SerialNumber=serial,
                                        **{**codes, "AuthenticationCode1": code})[1]


def test_tags_of_a_device(iam):
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="d")["VirtualMFADevice"][
        "SerialNumber"]
    iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "a", "Value": "1"},
                                                  {"Key": "b", "Value": "2"}])
    iam.untag_mfa_device(SerialNumber=serial, TagKeys=["a"])
    assert iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_codes_must_be_the_devices_and_in_a_row(iam):
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="d")["VirtualMFADevice"]
    serial, seed = made["SerialNumber"], made["Base32StringSeed"].decode()
    iam.create_user(UserName="alice")
    now = time.time()
    for first, second in [(0, -1), (0, 0), (-1, 1), (-60, -59), (60, 61)]:
        assert fault_of(iam.enable_mfa_device, UserName="alice", SerialNumber=serial,
                        AuthenticationCode1=totp.code(seed, first, now),
                        AuthenticationCode2=totp.code(seed, second, now)) == (
            "InvalidAuthenticationCode", "Authentication code for device is not valid.", 403)
    # A clock that is off by some minutes is taken into account from then on.
    iam.enable_mfa_device(UserName="alice", SerialNumber=serial,
                          AuthenticationCode1=totp.code(seed, 9, now),
                          AuthenticationCode2=totp.code(seed, 10, now))
    iam.resync_mfa_device(UserName="alice", SerialNumber=serial,
                          AuthenticationCode1=totp.code(seed, -1, now),
                          AuthenticationCode2=totp.code(seed, 0, now))


def test_a_session_with_a_code_has_mfa(account, iam):
    key = account.user("alice", "sqs:ListQueues",
                       Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"},
                                  "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}})
    device = Device(iam, "alice")
    sts = account.client("sts", key)
    assert fault_of(account.client("sqs", key).list_queues)[0] == "AccessDenied"
    plain = sts.get_session_token()["Credentials"]
    assert fault_of(session(account, plain).list_queues)[0] == "AccessDenied"
    strong = sts.get_session_token(**device.arguments())["Credentials"]
    session(account, strong).list_queues()
    # A code counts once.
    assert fault_of(sts.get_session_token, **device.arguments()) == ("AccessDenied", WRONG, 403)
    assert fault_of(sts.get_session_token, SerialNumber=device.serial) == (
        "AccessDenied", "MultiFactorAuthentication failed, must provide both MFA serial number "
        "and one time pass code.", 403)
    sts.get_session_token(**device.arguments(1))


def test_a_device_is_its_users_only(account, iam):
    account.user("alice")
    bob = account.user("bob")
    device = Device(iam, "alice")
    text = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your " \
        "MFA serial number is valid and associated with this user."
    assert fault_of(account.client("sts", bob).get_session_token, **device.arguments()) == (
        "AccessDenied", text, 403)
    assert fault_of(account.client("sts").get_session_token, **device.arguments())[1] == text
    assert fault_of(account.client("sts", bob).get_session_token,
                    SerialNumber=account.arn("mfa/none"), TokenCode="123456")[1] == text


def test_a_role_may_want_mfa(account, iam):
    key = account.user("alice", "sts:AssumeRole")
    device = Device(iam, "alice")
    policy = json.loads(trust({"AWS": account.number}))
    policy["Statement"][0]["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(policy))["Role"]
    sts = account.client("sts", key)
    assume = {"RoleArn": role["Arn"], "RoleSessionName": "session"}
    assert fault_of(sts.assume_role, **assume)[0] == "AccessDenied"
    answer = sts.assume_role(**assume, **device.arguments())
    # AWS: credentials of AssumeRole do not say that there was a code.
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=allow(
        "sqs:ListQueues", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}))
    assert fault_of(session(account, answer["Credentials"]).list_queues)[0] == "AccessDenied"
    # A session with a code passes on to the role's trust policy.
    strong = sts.get_session_token(**device.arguments(1))["Credentials"]
    session(account, strong, "sts").assume_role(**assume)


def test_wrong_codes_do_not_go_on_for_ever(account, iam):
    key = account.user("alice")
    device = Device(iam, "alice")
    sts = account.client("sts", key)
    right = device.arguments()
    wrong = f"{(int(right['TokenCode']) + 500000) % 10 ** 6:06d}"
    for _ in range(10):
        assert fault_of(sts.get_session_token, SerialNumber=device.serial,
                        TokenCode=wrong)[1] == WRONG
    assert fault_of(sts.get_session_token, **device.arguments())[1] == WRONG


def test_a_user_has_eight_devices_at_most(iam):
    iam.create_user(UserName="alice")
    for i in range(8):
        Device(iam, "alice", f"d{i}")
    with pytest.raises(iam.exceptions.LimitExceededException):
        Device(iam, "alice", "d8")
