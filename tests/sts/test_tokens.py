# SPDX-License-Identifier: MIT
"""Sessions of users themselves and of federated ones, and what is said of tokens that are none."""
import subprocess

import pytest

from sts_clients import client_of, fault_of
from ternd import SigV4

ACCOUNT = "000000000000"
LIST_QUEUES = ('{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
               '"Action":"sqs:ListQueues","Resource":"*"}]}')


def advance(server, seconds):
    answer = server.post("/_tern/clock", {"advance_ms": seconds * 1000},
                         auth=SigV4(server.key, server.secret))
    assert answer.status_code == 200, answer.text


def test_the_root_user_is_told_who_it_is(root):
    answer = root("sts").get_caller_identity()
    assert (answer["UserId"], answer["Account"]) == (ACCOUNT, ACCOUNT)
    assert answer["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"


def test_a_session_token_makes_the_same_caller(signed, root, name):
    answer = root("sts").get_session_token()["Credentials"]
    assert answer["AccessKeyId"].startswith("ASIA")
    assert client_of(signed, "sts", answer).get_caller_identity()["Arn"] == \
        f"arn:aws:iam::{ACCOUNT}:root"
    url = client_of(signed, "sqs", answer).create_queue(QueueName=name)["QueueUrl"]
    assert root("sqs").get_queue_url(QueueName=name)["QueueUrl"] == url


def test_sessions_of_a_root_user_last_an_hour_at_most(root):
    answers = [root("sts").get_session_token(), root("sts").get_session_token(
        DurationSeconds=129600), root("sts").get_session_token(DurationSeconds=900)]
    ends = [answer["Credentials"]["Expiration"] for answer in answers]
    assert abs((ends[0] - ends[1]).total_seconds()) < 60
    assert 2600 < (ends[0] - ends[2]).total_seconds() < 2760


def test_a_session_does_not_begin_another_of_itself(signed, root):
    sts = client_of(signed, "sts", root("sts").get_session_token()["Credentials"])
    assert fault_of(sts.get_session_token) == (
        "AccessDenied", 403, "Cannot call GetSessionToken with session credentials")
    assert fault_of(sts.get_federation_token, Name="bob", Policy=LIST_QUEUES) == (
        "AccessDenied", 403, "Cannot call GetFederationToken with session credentials")


@pytest.mark.parametrize("change", [
    lambda c: {**c, "SessionToken": c["SessionToken"][:-8] + "AAAAAAA="},
    lambda c: {**c, "SessionToken": "AQoDYXdzEPT"},
    lambda c: {k: v for k, v in c.items() if k != "SessionToken"},
    lambda c: {**c, "AccessKeyId": "ASIAQAAAAAAANMPTOBEM"},
], ids=["damaged", "foreign", "missing", "of another key"])
def test_a_token_that_is_not_the_keys_is_invalid(signed, root, change):
    answer = change(root("sts").get_session_token()["Credentials"])
    message = "The security token included in the request is invalid."
    assert fault_of(client_of(signed, "sts", answer).get_caller_identity) == (
        "InvalidClientTokenId", 403, message)
    assert fault_of(client_of(signed, "sqs", answer).list_queues)[2] == message


def test_a_wrong_secret_is_noticed_beside_the_right_token(signed, root):
    answer = root("sts").get_session_token()["Credentials"]
    answer["SecretAccessKey"] = answer["SecretAccessKey"][::-1]
    assert fault_of(client_of(signed, "sts", answer).get_caller_identity)[:2] == (
        "SignatureDoesNotMatch", 403)


def test_a_federated_user_may_do_what_its_policy_says(signed, root, name):
    answer = root("sts").get_federation_token(Name="bob", Policy=LIST_QUEUES)
    assert answer["FederatedUser"] == {
        "FederatedUserId": f"{ACCOUNT}:bob", "Arn": f"arn:aws:sts::{ACCOUNT}:federated-user/bob"}
    assert 0 < answer["PackedPolicySize"] <= 100
    sqs = client_of(signed, "sqs", answer["Credentials"])
    sqs.list_queues()
    code, status, message = fault_of(sqs.create_queue, QueueName=name)
    assert (code, status) == ("AccessDenied", 403)
    assert message.endswith("because no session policy allows the sqs:createqueue action")
    who = client_of(signed, "sts", answer["Credentials"]).get_caller_identity()
    assert who["Arn"].endswith(":federated-user/bob")


def test_a_federated_user_without_a_policy_may_do_nothing(signed, root):
    answer = root("sts").get_federation_token(Name="bob")
    assert answer["PackedPolicySize"] == 0
    sqs = client_of(signed, "sqs", answer["Credentials"])
    assert fault_of(sqs.list_queues)[0] == "AccessDenied"


def test_a_policy_that_cannot_be_read_is_refused(root):
    code, status, _ = fault_of(root("sts").get_federation_token, Name="bob", Policy="{}")
    assert (code, status) == ("MalformedPolicyDocument", 400)
    assert fault_of(root("sts").get_federation_token, Name="bob", PolicyArns=[
        {"arn": "arn:aws:iam::000000000000:policy/none"}])[0] == "ValidationError"


def test_what_breaks_constraints_is_named(root):
    sts = root("sts", validates=False)
    assert fault_of(sts.get_session_token, DurationSeconds=899) == (
        "ValidationError", 400,
        "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy "
        "constraint: Member must have value greater than or equal to 900")
    assert fault_of(sts.get_federation_token, Name="b b", DurationSeconds=129601)[2] == (
        "2 validation errors detected: Value 'b b' at 'name' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [\\w+=,.@-]*; "
        "Value '129601' at 'durationSeconds' failed to satisfy constraint: "
        "Member must have value less than or equal to 129600")
    assert "Member must have length less than or equal to 2048" in fault_of(
        sts.get_federation_token, Name="bob", Policy=" " * 2049)[2]


def test_tags_take_room_in_the_token(root):
    sts = root("sts")
    tags = [{"Key": f"k{i}", "Value": "v" * 200} for i in range(40)]
    assert fault_of(sts.get_federation_token, Name="bob", Tags=tags)[:2] == (
        "PackedPolicyTooLarge", 400)
    sts.get_federation_token(Name="bob", Tags=tags[:20])
    assert fault_of(sts.get_federation_token, Name="bob", Tags=[
        {"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])[2].startswith("Duplicate tag")


def test_an_mfa_device_is_known_to_nobody(root):
    assert fault_of(root("sts").get_session_token, SerialNumber="arn:aws:iam::1:mfa/a",
                    TokenCode="123456")[:2] == ("AccessDenied", 403)


def test_a_key_tells_its_account(signed, root):
    sts = root("sts")
    key = sts.get_session_token()["Credentials"]["AccessKeyId"]
    assert sts.get_access_key_info(AccessKeyId=key)["Account"] == ACCOUNT
    assert sts.get_access_key_info(AccessKeyId=signed.key)["Account"] == ACCOUNT
    assert fault_of(sts.get_access_key_info, AccessKeyId="AKIAAAAAAAAAAAAAAAAA")[0] == \
        "ValidationError"


def test_what_is_not_served_says_so(root):
    sts = root("sts")
    assert fault_of(sts.decode_authorization_message, EncodedMessage="x")[:2] == (
        "InvalidAuthorizationMessageException", 400)
    assert fault_of(sts.assume_role_with_web_identity, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/x",
                    RoleSessionName="xx", WebIdentityToken="token")[:2] == (
        "InvalidIdentityToken", 400)
    assert fault_of(sts.assume_role_with_saml, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/x",
                    PrincipalArn=f"arn:aws:iam::{ACCOUNT}:saml-provider/x",
                    SAMLAssertion="assertion")[:2] == ("InvalidIdentityToken", 400)


def test_who_does_not_sign_is_nobody(signed):
    answer = signed.http.post(signed.url, data={"Action": "GetCallerIdentity",
                                                "Version": "2011-06-15"})
    assert answer.status_code == 403
    assert "<Code>MissingAuthenticationToken</Code>" in answer.text


def test_sessions_survive_a_restart_and_a_new_root_key_and_end_in_time(private):
    server = private("--auth", "required", "--test-clock")
    server.read_credential()
    keys = (server.key, server.secret)
    answer = client_of(server, "sts", keys).get_session_token(DurationSeconds=900)
    server.stop()
    subprocess.run([server.binary, "--data", server.data, "--rotate-root-key"], check=True,
                   capture_output=True, timeout=60)
    server.start()
    sts = client_of(server, "sts", answer["Credentials"])
    sqs = client_of(server, "sqs", answer["Credentials"])
    sts.get_caller_identity()
    advance(server, 800)
    sts.get_caller_identity()
    advance(server, 101)
    assert fault_of(sts.get_caller_identity) == (
        "ExpiredToken", 403, "The security token included in the request is expired")
    assert fault_of(sqs.list_queues)[0] == "ExpiredToken"


def test_open_mode_believes_who_is_named(private):
    server = private("--test-clock")
    sts = client_of(server, "sts", ("111122223333", "any"))
    assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::111122223333:root"
    iam = client_of(server, "iam", ("111122223333", "any"))
    arn = iam.create_user(UserName="alice")["User"]["Arn"]
    key = iam.create_access_key(UserName="alice")["AccessKey"] | {"SecretAccessKey": "any"}
    assert client_of(server, "sts", key).get_caller_identity()["Arn"] == arn
    answer = sts.get_session_token(DurationSeconds=900)["Credentials"]
    sqs = client_of(server, "sqs", answer)
    assert "/111122223333/" in sqs.create_queue(QueueName="q")["QueueUrl"]
    server.advance(901)
    assert fault_of(sqs.list_queues)[0] == "ExpiredToken"
