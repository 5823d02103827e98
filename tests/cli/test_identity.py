# SPDX-License-Identifier: MIT
"""tern user, key and role: who may do what in an account, through IAM's API."""
import json

import pytest

from cli.conftest import Tern
from ternd import Server, eventually

ACCOUNT = "000000000000"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that wants signatures, for all tests of this file."""
    with Server(tmp_path_factory.mktemp("identity"), "--auth", "required", "--durability",
                "os") as made:
        made.read_credential()
        yield made


@pytest.fixture
def root(server, tmp_path):
    (tmp_path / ".aws").mkdir()
    made = Tern(tmp_path, server.url)
    made.environment |= {"AWS_ACCESS_KEY_ID": server.key,
                         "AWS_SECRET_ACCESS_KEY": server.secret}
    return made


@pytest.fixture
def keyless(server, root, tmp_path):
    return Tern(tmp_path, server.url)


def variables(secret):
    names = {"AccessKeyId": "AWS_ACCESS_KEY_ID", "SecretAccessKey": "AWS_SECRET_ACCESS_KEY",
             "SessionToken": "AWS_SESSION_TOKEN"}
    return {variable: secret[name] for name, variable in names.items() if name in secret}


def make_user(root, name, *policy):
    """Makes a user who may do what the words of a policy say, and gives the user's variables."""
    _, secret = root.json("user", "create", name, "--key")
    if policy:
        root("user", "policy", "put", name, "all", *policy)
    return variables(secret)


def test_user_may_do_what_a_policy_says(root, name):
    root("queue", "create", name)
    keys = make_user(root, name)
    assert root.json("whoami", **keys)[0]["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{name}"
    denied = root("send", name, "hello", code=1, **keys).stderr
    assert "not authorized to perform: sqs:" in denied
    root("user", "policy", "put", name, "send", "--allow", "sqs:SendMessage,sqs:GetQueueUrl",
         "--on", f"arn:aws:sqs:*:*:{name}")
    root("send", name, "hello", **keys)
    root("receive", name, code=1, **keys)
    root("user", "policy", "rm", name, "send")
    root("send", name, "hello", code=1, **keys)


def test_users_are_listed_and_deleted(root, name):
    made, = root.json("user", "create", name, "--path", f"/{name}/", "--tag", "team=shop")
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{name}/{name}"
    row, = root.json("user", "ls", f"/{name}/")
    assert (row["UserName"], row["Arn"]) == (name, made["Arn"])
    assert row["UserId"].startswith("AIDA")
    root("key", "create", name)
    root("user", "policy", "put", name, "one", "--allow", "sqs:*")
    assert "DeleteConflict" in root("user", "rm", name, code=1).stderr
    root("user", "rm", name, "--force")
    assert root.json("user", "ls", f"/{name}/") == []
    root("user", "create", name)
    assert "EntityAlreadyExists" in root("user", "create", name, code=1).stderr


def test_policies_of_files(root, name, tmp_path):
    root("user", "create", name)
    document = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    (tmp_path / "policy.json").write_text(json.dumps(document))
    root("user", "policy", "put", name, "file", tmp_path / "policy.json")
    root("user", "policy", "put", name, "stdin", "-", text=json.dumps(document))
    assert [row["PolicyName"] for row in root.json("user", "policy", "ls", name)] == [
        "file", "stdin"]
    assert json.loads(root("user", "policy", "show", name, "file").stdout) == document
    put = ["user", "policy", "put", name, "bad"]
    assert "line 1, column 2" in root(*put, "-", text="{", code=2).stderr
    assert "MalformedPolicyDocument" in root(
        *put, "-", text=json.dumps(document | {"Version": "2008-10-17", "Statement": [
            document["Statement"][0] | {"Resource": "no ARN"}]}), code=1).stderr
    assert "--allow" in root(*put, code=2).stderr
    assert "cannot be read" in root(*put, "/nowhere", code=2).stderr


def test_managed_policies_are_attached(root, server, name):
    document = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}]})
    arn = server.client("iam").create_policy(
        PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
    keys = make_user(root, name)
    root("user", "policy", "attach", name, arn)
    root("queue", "ls", **keys)
    assert root.json("user", "policy", "ls", name) == [
        {"PolicyName": name, "Kind": "attached", "PolicyArn": arn}]
    assert json.loads(root("user", "policy", "show", name, arn).stdout) == json.loads(document)
    root("user", "policy", "rm", name, arn)
    root("queue", "ls", code=1, **keys)


def test_keys_are_rotated(root, keyless, name):
    old = make_user(root, name)
    keyless("whoami", **old)
    fresh, = root.json("key", "rotate", name)
    assert set(fresh) == {"AccessKeyId", "SecretAccessKey"}
    rows = {row["AccessKeyId"]: row["Status"] for row in root.json("key", "ls", name)}
    # Nobody could be asked, so both work.
    assert rows == {old["AWS_ACCESS_KEY_ID"]: "Active", fresh["AccessKeyId"]: "Active"}
    assert "two are the most" in root("key", "rotate", name, code=1).stderr
    root("key", "disable", old["AWS_ACCESS_KEY_ID"])
    keyless("whoami", code=1, **old)
    root("key", "enable", old["AWS_ACCESS_KEY_ID"])
    keyless("whoami", **old)
    root("key", "rm", old["AWS_ACCESS_KEY_ID"])
    keyless("whoami", code=1, **old)
    keyless("whoami", **variables(fresh))
    result = root("key", "rotate", name, "--yes", "--write-profile", name)
    assert fresh["AccessKeyId"] + " is disabled" in result.stderr
    keyless("whoami", code=1, **variables(fresh))
    assert keyless.json("whoami", "--profile", name)[0]["Arn"].endswith(f"user/{name}")


def test_a_user_rotates_the_own_key(root, keyless, name):
    make_user(root, name, "--allow", "iam:*AccessKey*")
    root("key", "rm", root.json("key", "ls", name)[0]["AccessKeyId"])
    root("key", "create", name, "--write-profile", "me")
    before = keyless.json("key", "ls", "--profile", "me")
    keyless("key", "rotate", "--yes", "--profile", "me", "--write-profile", "me")
    after = {row["AccessKeyId"]: row["Status"] for row in keyless.json("key", "ls", "--profile",
                                                                       "me")}
    assert after.pop(before[0]["AccessKeyId"]) == "Inactive"
    assert list(after.values()) == ["Active"]


def test_role_of_another_account(root, keyless, name, tmp_path):
    root("queue", "create", name)
    other, = root.json("account", "create", name)
    other_id, other_keys = other["Arn"].split(":")[4], variables(other)
    role, = root.json("role", "create", name, "--trust", other_id, "--external-id", "secret-word",
                      "--description", "for the others")
    root("role", "policy", "put", name, "read", "--allow", "sqs:*", "--on",
         f"arn:aws:sqs:*:*:{name}")
    row, = [row for row in root.json("role", "ls") if row["RoleName"] == name]
    assert row["Description"] == "for the others" and row["Arn"] == role["Arn"]

    theirs = Tern(tmp_path, keyless.environment["AWS_ENDPOINT_URL"])
    theirs.environment |= other_keys
    worker = make_user(theirs, name, "--allow", "sts:AssumeRole")
    assert "not authorized" in keyless("role", "assume", role["Arn"], code=1, **worker).stderr
    lent, = keyless.json("role", "assume", role["Arn"], "--external-id", "secret-word",
                         "--session", "night", **worker)
    assert lent["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/night"
    keyless("send", name, "hello", **variables(lent))
    keyless("queue", "create", name + "-more", code=1, **variables(lent))

    (tmp_path / ".aws/credentials").write_text(
        f"[worker]\naws_access_key_id = {worker['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {worker['AWS_SECRET_ACCESS_KEY']}\n")
    (tmp_path / ".aws/config").write_text(
        f"[profile night]\nrole_arn = {role['Arn']}\nsource_profile = worker\n"
        "external_id = secret-word\nrole_session_name = shift\n"
        f"[profile lost]\nrole_arn = {role['Arn']}\nsource_profile = worker\n"
        f"[profile env]\nrole_arn = {role['Arn']}\ncredential_source = Environment\n"
        "external_id = secret-word\n")
    assert keyless.json("whoami", "--profile", "night")[0]["Arn"].endswith(f"{name}/shift")
    assert keyless("receive", name, "--body", "--profile", "night").stdout == "hello\n"
    assert "cannot be assumed" in keyless("whoami", "--profile", "lost", code=1).stderr
    assert f"assumed-role/{name}/tern-" in keyless.json("whoami", "--profile", "env",
                                                        **worker)[0]["Arn"]
    root("role", "rm", name, "--force")
    assert "NoSuchEntity" in root("role", "assume", name, code=1).stderr


def test_roles_want_a_trust_policy(root, name, tmp_path):
    assert "--trust" in root("role", "create", name, code=2).stderr
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}]}
    (tmp_path / "trust.json").write_text(json.dumps(trust))
    arn = root("role", "create", name, "--trust-policy", tmp_path / "trust.json").stdout.strip()
    assert arn == f"arn:aws:iam::{ACCOUNT}:role/{name}"
    root("role", "create", name + "-sns", "--trust", "sns.amazonaws.com", "--trust", ACCOUNT)


def test_secrets_are_not_in_the_audit_log(root, server, name):
    keys = make_user(root, name)
    root("role", "create", name, "--trust", ACCOUNT)
    root("user", "policy", "put", name, "all", "--allow", "sts:*")
    lent, = root.json("role", "assume", f"arn:aws:iam::{ACCOUNT}:role/{name}", **keys)
    root("whoami", **variables(lent))
    path = server.data / "audit/audit.jsonl"

    def seen():
        text = path.read_text()
        return text if '"GetCallerIdentity"' in text.splitlines()[-1] else None

    text = eventually(seen, what="the last record is written")
    assert keys["AWS_ACCESS_KEY_ID"] in text
    for secret in (server.secret, keys["AWS_SECRET_ACCESS_KEY"], lent["SecretAccessKey"],
                   lent["SessionToken"]):
        assert secret not in text
    records = [json.loads(line) for line in text.splitlines()]
    made = [record for record in records if record["eventName"] == "CreateAccessKey" and
            record["requestParameters"] == {"userName": name}][0]
    assert made["responseElements"]["accessKey"]["secretAccessKey"] == \
        "HIDDEN_DUE_TO_SECURITY_REASONS"
    assumed, asked = records[-2:]
    assert assumed["userIdentity"]["type"] == "IAMUser"
    assert assumed["userIdentity"]["userName"] == name
    assert assumed["resources"][0]["type"] == "AWS::IAM::Role"
    who = asked["userIdentity"]
    assert (who["type"], who["arn"], who["accessKeyId"]) == (
        "AssumedRole", f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/tern", lent["AccessKeyId"])
    assert who["sessionContext"]["sessionIssuer"] == {
        "type": "Role", "principalId": who["principalId"].split(":")[0],
        "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "accountId": ACCOUNT, "userName": name}
    assert who["sessionContext"]["attributes"]["creationDate"].endswith("Z")


def test_policies_are_tried(root, name):
    root("queue", "create", name)
    root("user", "create", name)
    root("user", "policy", "put", name, "send", "--allow", "sqs:SendMessage", "--on",
         f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")
    for arguments, decision in [
            ([name, "sqs:SendMessage", name], "allowed"),
            ([f"user/{name}", "sqs:SendMessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"],
             "allowed"),
            ([name, "sqs:DeleteQueue", name], "implicitDeny"),
            ([f"arn:aws:iam::{ACCOUNT}:user/{name}", "kms:Decrypt"], "implicitDeny")]:
        row, = root.json("policy", "check", *arguments, code=0 if decision == "allowed" else 1)
        assert (row["EvalDecision"], row["EvalActionName"]) == (decision, arguments[1]), arguments
    assert "NoSuchEntity" in root("policy", "check", "nobody", "sqs:SendMessage", code=1).stderr


def test_the_policy_of_the_queue_is_asked_too(root, name):
    root("queue", "create", name)
    root("user", "create", name)
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage",
                 "Resource": "*",
                 "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
    root("user", "policy", "put", name, "all", "--allow", "sqs:*")
    assert root.json("policy", "check", name, "sqs:SendMessage", name)[0]["EvalDecision"] == \
        "allowed"
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    root("queue", "set", name, "--attribute", f"Policy={policy}")
    check = ["policy", "check", name, "sqs:SendMessage", name, "--context"]
    assert root.json(*check, "aws:SourceIp=192.0.2.1", code=1)[0]["EvalDecision"] == "explicitDeny"
    assert root.json(*check, "aws:SourceIp=10.0.0.7")[0]["EvalDecision"] == "allowed"


def test_endpoints(root, keyless, name, server):
    made, = root.json("endpoint", "create", "sqs", "--vpc", "vpc-12345678", "--tag", "team=shop")
    assert made["ServiceName"] == "com.amazonaws.us-east-1.sqs"
    identity = made["VpcEndpointId"]
    rows = {row["VpcEndpointId"]: row for row in root.json("endpoint", "ls")}
    assert rows[identity]["VpcId"] == "vpc-12345678"
    address = rows[identity]["DnsName"]
    root("queue", "create", name, "--endpoint-url", f"http://{address}")
    root("endpoint", "rm", identity)
    root("queue", "ls", "--endpoint-url", f"http://{address}", code=3)
    assert "--vpc" in root("endpoint", "create", "sqs", code=2).stderr
    assert "vpce-" in root("endpoint", "rm", identity, code=1).stderr
    through = [record for record in map(json.loads, (
        server.data / "audit/audit.jsonl").read_text().splitlines()) if "vpcEndpointId" in record]
    assert [(record["vpcEndpointId"], record["eventName"]) for record in through] == [
        (identity, "CreateQueue")]


def test_policies_are_checked_before_they_are_sent(root, tmp_path):
    """Of users, roles, endpoints and of what `tern policy check` is given."""
    path = tmp_path / "policy.json"
    path.write_text('{"Statement": [{"Effect": "Allow", "Acton": "sqs:*", "Resource": "*"}]}')
    for command in (("user", "policy", "put", "nobody", "p", path),
                    ("role", "create", "worker", "--trust-policy", path),
                    ("policy", "check", "nobody", "sqs:SendMessage", "q", "--resource-policy",
                     path)):
        said = root(*command, code=2).stderr
        assert "Statement[0] has an unknown element 'Acton'; did you mean 'Action'?" in said
