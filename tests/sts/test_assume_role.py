# SPDX-License-Identifier: MIT
"""AssumeRole: who may, for how long, and what a session may do then."""
import boto3
import botocore.config
import pytest

from sts_clients import allow, assume, client_of, document, fault_of, trust

ASSUME = allow("sts:AssumeRole")
EVERYTHING = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]


def denied(arn, action, role):
    return ("AccessDenied", 403,
            f"User: {arn} is not authorized to perform: {action} on resource: {role}")


def queue_arn(account, name):
    return f"arn:aws:sqs:us-east-1:{account.number}:{name}"


def test_a_role_of_the_own_account(own, signed, name):
    user = own.user(ASSUME)
    role = own.role(trust(own.root), allow("sqs:*", queue_arn(own, name)))
    answer = user.assume(role)
    role_name = role.rsplit("/", 1)[1]
    assert answer["AssumedRoleUser"]["Arn"] == \
        f"arn:aws:sts::{own.number}:assumed-role/{role_name}/session"
    role_id = own.iam.get_role(RoleName=role_name)["Role"]["RoleId"]
    assert answer["AssumedRoleUser"]["AssumedRoleId"] == f"{role_id}:session"
    assert "PackedPolicySize" not in answer
    who = client_of(signed, "sts", answer["Credentials"]).get_caller_identity()
    assert (who["Arn"], who["UserId"]) == (answer["AssumedRoleUser"]["Arn"],
                                           answer["AssumedRoleUser"]["AssumedRoleId"])
    sqs = client_of(signed, "sqs", answer["Credentials"])
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    message = own.sqs.receive_message(QueueUrl=url, AttributeNames=["SenderId"])["Messages"][0]
    assert message["Attributes"]["SenderId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    assert fault_of(sqs.create_queue, QueueName=name + "x")[0] == "AccessDenied"


def test_the_own_permission_is_needed_if_the_account_is_trusted(own):
    user, role = own.user(), own.role(trust(own.root))
    assert fault_of(user.assume, role=role) == denied(user.arn, "sts:AssumeRole", role)


def test_a_user_that_is_trusted_by_name_needs_no_permission(own):
    user = own.user()
    user.assume(own.role(trust({"AWS": user.arn})))


def test_who_is_not_trusted_may_not(own):
    user, trusted = own.user(ASSUME), own.user()
    role = own.role(trust({"AWS": trusted.arn}))
    assert fault_of(user.assume, role=role) == denied(user.arn, "sts:AssumeRole", role)


def test_a_role_that_does_not_exist_looks_like_one_that_trusts_nobody(own, other):
    user = own.user(ASSUME)
    for account in (own, other):
        role = f"arn:aws:iam::{account.number}:role/none"
        assert fault_of(user.assume, role=role) == denied(user.arn, "sts:AssumeRole", role)
    assert fault_of(user.assume, role="arn:aws:iam::000000000000:user/x") == (
        "ValidationError", 400, "Request ARN is invalid")


def test_a_role_of_another_account_needs_both_sides(own, other, signed, name):
    may, may_not = own.user(ASSUME), own.user()
    trusting = other.role(trust(own.root), allow("sqs:*"))
    for user, role in ((may_not, trusting), (may, other.role(trust(other.root)))):
        assert fault_of(user.assume, role=role) == denied(user.arn, "sts:AssumeRole", role)
    by_name = other.role(trust({"AWS": may_not.arn}))
    assert fault_of(may_not.assume, role=by_name) == denied(may_not.arn, "sts:AssumeRole", by_name)
    sqs = client_of(signed, "sqs", may.assume(trusting)["Credentials"])
    assert f"/{other.number}/" in sqs.create_queue(QueueName=name)["QueueUrl"]


def test_an_external_id_keeps_deputies_apart(own, other):
    user = own.user(ASSUME)
    role = other.role(trust(own.root, Condition={"StringEquals": {"sts:ExternalId": "secret-7"}}))
    user.assume(role, ExternalId="secret-7")
    for options in ({}, {"ExternalId": "secret-8"}):
        assert fault_of(user.assume, role=role, **options) == denied(
            user.arn, "sts:AssumeRole", role)


def test_a_session_name_can_be_demanded(own):
    user = own.user(ASSUME)
    role = own.role(trust(own.root, Condition={
        "StringLike": {"sts:RoleSessionName": "${aws:username}"}}))
    user.assume(role, RoleSessionName=user.name)
    assert fault_of(user.assume, role=role)[0] == "AccessDenied"


def test_a_session_policy_narrows(own, signed, name):
    user, role = own.user(ASSUME), own.role(trust(own.root), allow("sqs:*"))
    policy = document(allow(["sqs:ListQueues", "iam:ListUsers"]))
    answer = user.assume(role, Policy=policy)
    assert 0 < answer["PackedPolicySize"] < 10
    sqs = client_of(signed, "sqs", answer["Credentials"])
    sqs.list_queues()
    assert "no session policy allows" in fault_of(sqs.create_queue, QueueName=name)[2]
    iam = client_of(signed, "iam", answer["Credentials"])
    assert "no identity-based policy allows" in fault_of(iam.list_users)[2]


def test_managed_session_policies_narrow_too(own, signed, name):
    user, role = own.user(ASSUME), own.role(trust(own.root), allow("sqs:*"))
    policy = own.iam.create_policy(
        PolicyName=name, PolicyDocument=document(allow("sqs:CreateQueue")))["Policy"]["Arn"]
    sqs = client_of(signed, "sqs", user.assume(role, PolicyArns=[{"arn": policy}])["Credentials"])
    sqs.create_queue(QueueName=name)
    assert fault_of(sqs.list_queues)[0] == "AccessDenied"
    own.iam.delete_policy(PolicyArn=policy)
    assert fault_of(sqs.create_queue, QueueName=name)[0] == "AccessDenied"


def test_tags_are_known_to_policies(own, signed, name):
    user = own.user(allow(["sts:AssumeRole", "sts:TagSession"]))
    role = own.role(trust(own.root, ["sts:AssumeRole", "sts:TagSession"]),
                    allow("sqs:*", queue_arn(own, "${aws:PrincipalTag/team}-*")))
    tags = [{"Key": "team", "Value": name}]
    sqs = client_of(signed, "sqs", user.assume(role, Tags=tags)["Credentials"])
    sqs.create_queue(QueueName=f"{name}-mine")
    assert fault_of(sqs.create_queue, QueueName="else-mine")[0] == "AccessDenied"


def test_tags_need_a_permission_of_their_own(own):
    tags = [{"Key": "team", "Value": "blue"}]
    strict = own.role(trust(own.root))
    user = own.user(allow(EVERYTHING))
    assert fault_of(user.assume, role=strict, Tags=tags) == denied(
        user.arn, "sts:TagSession", strict)
    only_blue = own.role(trust(own.root, EVERYTHING, Condition={
        "StringEquals": {"aws:RequestTag/team": "blue"}}))
    user.assume(only_blue, Tags=tags)
    assert fault_of(user.assume, role=only_blue, Tags=[{"Key": "team", "Value": "red"}])[0] == \
        "AccessDenied"


@pytest.mark.parametrize("key", ["aws:ResourceTag/stage", "iam:ResourceTag/stage"])
def test_tags_of_the_role_are_known_to_policies(own, key):
    user = own.user(allow("sts:AssumeRole", Condition={"StringEquals": {key: "test"}}))
    user.assume(own.role(trust(own.root), Tags=[{"Key": "stage", "Value": "test"}]))
    role = own.role(trust(own.root), Tags=[{"Key": "stage", "Value": "live"}])
    assert fault_of(user.assume, role=role) == denied(user.arn, "sts:AssumeRole", role)


def test_transitive_tags_go_on(own, signed):
    user = own.user(allow(EVERYTHING))
    first = own.role(trust(own.root, EVERYTHING), allow(EVERYTHING))
    second = own.role(trust(own.root, EVERYTHING, Condition={
        "StringEquals": {"aws:RequestTag/team": "blue"}}))
    third = own.role(trust(own.root, EVERYTHING, Condition={
        "StringEquals": {"aws:RequestTag/step": "one"}}))
    answer = user.assume(first, Tags=[{"Key": "step", "Value": "one"},
                                      {"Key": "team", "Value": "blue"}],
                         TransitiveTagKeys=["team"])
    sts = client_of(signed, "sts", answer["Credentials"])
    assume(sts, second)
    assert fault_of(assume, sts=sts, role=third)[0] == "AccessDenied"
    assert "conflicts with a transitive tag key" in fault_of(
        assume, sts=sts, role=second, Tags=[{"Key": "Team", "Value": "red"}])[2]
    assert fault_of(user.assume, role=first, Tags=[{"Key": "a", "Value": "b"}],
                    TransitiveTagKeys=["c"])[0] == "InvalidParameterValue"


def test_a_source_identity_stays(own, signed):
    user = own.user(allow(EVERYTHING))
    first = own.role(trust(own.root, EVERYTHING), allow(EVERYTHING))
    second = own.role(trust(own.root, EVERYTHING, Condition={
        "StringEquals": {"aws:SourceIdentity": "alice"}}))
    assert fault_of(user.assume, role=own.role(trust(own.root)), SourceIdentity="alice")[2].find(
        "sts:SetSourceIdentity") > 0
    answer = user.assume(first, SourceIdentity="alice")
    assert answer["SourceIdentity"] == "alice"
    sts = client_of(signed, "sts", answer["Credentials"])
    assert assume(sts, second)["SourceIdentity"] == "alice"
    assert fault_of(assume, sts=sts, role=second, SourceIdentity="bob")[0] == "AccessDenied"


def test_how_long_a_session_lasts(own, signed):
    user = own.user(allow(EVERYTHING))
    short = own.role(trust(own.root), ASSUME)
    long = own.role(trust(own.root), MaxSessionDuration=43200)
    user.assume(short, DurationSeconds=3600)
    assert fault_of(user.assume, role=short, DurationSeconds=3601) == (
        "ValidationError", 400,
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    user.assume(long, DurationSeconds=43200)
    sts = client_of(signed, "sts", user.assume(short)["Credentials"])
    assume(sts, long, DurationSeconds=3600)
    assert fault_of(assume, sts=sts, role=long, DurationSeconds=3601) == (
        "ValidationError", 400, "The requested DurationSeconds exceeds the 1 hour session limit "
                                "for roles assumed by role chaining.")


def test_a_session_ends_with_its_role(own, signed):
    user, role = own.user(ASSUME), own.role(trust(own.root), allow("sqs:*"))
    answer = user.assume(role)["Credentials"]
    sqs, sts = client_of(signed, "sqs", answer), client_of(signed, "sts", answer)
    sqs.list_queues()
    name = role.rsplit("/", 1)[1]
    own.iam.delete_role_policy(RoleName=name, PolicyName="p")
    assert fault_of(sqs.list_queues)[0] == "AccessDenied"
    sts.get_caller_identity()
    own.iam.delete_role(RoleName=name)
    assert fault_of(sts.get_caller_identity) == (
        "InvalidClientTokenId", 403, "The security token included in the request is invalid.")
    own.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(own.root))
    assert fault_of(sts.get_caller_identity)[0] == "InvalidClientTokenId"


def test_earlier_sessions_of_a_role_can_be_denied(own, signed):
    user, role = own.user(ASSUME), own.role(trust(own.root), allow("sqs:*"))
    sqs = client_of(signed, "sqs", user.assume(role)["Credentials"])
    sqs.list_queues()
    for moment, is_denied in (("2020-01-01T00:00:00Z", False), ("2100-01-01T00:00:00Z", True)):
        own.iam.put_role_policy(
            RoleName=role.rsplit("/", 1)[1], PolicyName="AWSRevokeOlderSessions",
            PolicyDocument=document(allow("*", Condition={
                "DateLessThan": {"aws:TokenIssueTime": moment}}) | {"Effect": "Deny"}))
        if is_denied:
            assert "explicit deny" in fault_of(sqs.list_queues)[2]
        else:
            sqs.list_queues()


def test_a_session_token_ends_with_its_user(own, signed):
    user = own.user()
    answer = user.client("sts").get_session_token()["Credentials"]
    sts = client_of(signed, "sts", answer)
    assert sts.get_caller_identity()["Arn"] == user.arn
    own.iam.delete_access_key(UserName=user.name, AccessKeyId=user.key["AccessKeyId"])
    sts.get_caller_identity()
    own.iam.delete_user(UserName=user.name)
    assert fault_of(sts.get_caller_identity)[0] == "InvalidClientTokenId"


def test_a_role_may_be_assumed_by_a_session(own, signed):
    user = own.user(ASSUME)
    first = own.role(trust(own.root), ASSUME)
    second = own.role(trust({"AWS": first}), allow("sqs:ListQueues"))
    assert fault_of(user.assume, role=second)[0] == "AccessDenied"
    sts = client_of(signed, "sts", user.assume(first)["Credentials"])
    client_of(signed, "sqs", assume(sts, second)["Credentials"]).list_queues()


def test_a_root_user_may_not_assume(own, root):
    role = own.role(trust(own.root))
    assert fault_of(root("sts").assume_role, RoleArn=role, RoleSessionName="xx") == (
        "AccessDenied", 403, "Roles may not be assumed by root accounts.")


def test_nobody_assumes_without_signing(own, signed):
    answer = signed.http.post(signed.url, data={
        "Action": "AssumeRole", "Version": "2011-06-15", "RoleSessionName": "xx",
        "RoleArn": own.role(trust("*"))})
    assert answer.status_code == 403 and "<SecretAccessKey>" not in answer.text


def test_what_breaks_constraints_is_named(own):
    sts = own.user(ASSUME).client("sts", validates=False)
    assert fault_of(sts.assume_role) == (
        "ValidationError", 400,
        "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: "
        "Member must not be null; Value null at 'roleSessionName' failed to satisfy constraint: "
        "Member must not be null")
    role = own.role(trust(own.root))
    for options, text in [
        ({"RoleSessionName": "x"}, "greater than or equal to 2"),
        ({"RoleSessionName": "x" * 65}, "less than or equal to 64"),
        ({"RoleSessionName": "a b"}, "[\\w+=,.@-]*"),
        ({"DurationSeconds": 899}, "greater than or equal to 900"),
        ({"DurationSeconds": 43201}, "less than or equal to 43200"),
        ({"ExternalId": "x"}, "greater than or equal to 2"),
        ({"Policy": " " * 2049}, "less than or equal to 2048"),
        ({"PolicyArns": [{"arn": role}] * 11}, "less than or equal to 10"),
        ({"Tags": [{"Key": str(i), "Value": ""} for i in range(51)]}, "less than or equal to 50"),
        ({"Tags": [{"Key": "k" * 129, "Value": ""}]}, "less than or equal to 128"),
        ({"Tags": [{"Key": "k", "Value": "v" * 257}]}, "less than or equal to 256"),
        ({"Tags": [{"Key": "k!", "Value": ""}]}, "regular expression pattern"),
    ]:
        code, status, message = fault_of(assume, sts=sts, role=role, **options)
        assert (code, status) == ("ValidationError", 400), options
        assert message.startswith("1 validation error detected") and message.endswith(text) or \
            "pattern" in text and text in message, message


def test_a_policy_that_cannot_be_read(own):
    user, role = own.user(ASSUME), own.role(trust(own.root))
    assert fault_of(user.assume, role=role, Policy='{"Statement":1}')[:2] == (
        "MalformedPolicyDocument", 400)


def test_boto3_assumes_a_role_that_a_profile_names(own, signed, tmp_path, monkeypatch):
    user = own.user(ASSUME)
    role = own.role(trust(own.root), allow("sqs:ListQueues"))
    (tmp_path / "config").write_text(
        f"[profile worker]\nrole_arn = {role}\nsource_profile = user\nregion = us-east-1\n"
        f"endpoint_url = {signed.url}\nrole_session_name = from-a-profile\n"
        f"[profile user]\nregion = us-east-1\nendpoint_url = {signed.url}\n")
    (tmp_path / "credentials").write_text(
        f"[user]\naws_access_key_id = {user.key['AccessKeyId']}\n"
        f"aws_secret_access_key = {user.key['SecretAccessKey']}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    session = boto3.Session(profile_name="worker")
    config = botocore.config.Config(proxies={})
    assert session.client("sts", config=config).get_caller_identity()["Arn"].endswith(
        "/from-a-profile")
    session.client("sqs", config=config).list_queues()


@pytest.mark.parametrize("service", ["sqs", "sts"])
def test_open_mode_has_sessions_too(private, service):
    server = private()
    iam = client_of(server, "iam", ("111122223333", "any"))
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust("*"))["Role"]["Arn"]
    sts = client_of(server, "sts", ("111122223333", "any"))
    answer = assume(sts, role)["Credentials"]
    if service == "sts":
        assert client_of(server, "sts", answer).get_caller_identity()["Arn"] == \
            "arn:aws:sts::111122223333:assumed-role/worker/session"
    else:
        url = client_of(server, "sqs", answer).create_queue(QueueName="q")["QueueUrl"]
        assert "/111122223333/" in url


def test_tags_that_are_refused(own, signed):
    user = own.user(allow(EVERYTHING))
    role = own.role(trust(own.root, EVERYTHING), allow(EVERYTHING))
    tags = [{"Key": "team", "Value": "blue"}]
    assert fault_of(user.assume, role=role, Tags=tags + [{"Key": "TEAM", "Value": "red"}]) == (
        "InvalidParameterValue", 400,
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    assert fault_of(user.assume, role=role, Tags=tags, TransitiveTagKeys=["other"]) == (
        "InvalidParameterValue", 400,
        "The specified transitive tag key must be included in the requested tags.")
    session = client_of(signed, "sts", user.assume(
        role, Tags=tags, TransitiveTagKeys=["team"])["Credentials"])
    assert fault_of(session.assume_role, RoleArn=role, RoleSessionName="next", Tags=tags) == (
        "InvalidParameterValue", 400,
        "One of the specified transitive tag keys can't be set because it conflicts with a "
        "transitive tag key from the calling session.")


@pytest.mark.parametrize("arn", ["nothing-valid-in-here", "arn::b:::something/test-role",
                                 "arn:a::::something/test-role", "arn:a:::something/test-role",
                                 "arn:a:a::aaaaaaaaaa:"])
def test_what_is_no_arn_is_named(own, arn):
    assert fault_of(own.user().assume, role=arn) == ("ValidationError", 400, f"{arn} is invalid")
