# SPDX-License-Identifier: MIT
"""AssumeRoleWithWebIdentity: tokens of issuers whose keys the operator has given."""
import json
import signal
import time

import botocore
import botocore.config
import botocore.session
import pytest
from oidc import Issuer

from ternd import eventually

HOST = "token.actions.example.com"
AUDIENCE = "sts.amazonaws.com"


@pytest.fixture(scope="module")
def issuers():
    return {algorithm: Issuer(f"https://{host}", algorithm) for algorithm, host in
            [("RS256", HOST), ("ES256", "oidc.example.com/id/ABC")]}


class World:
    def __init__(self, server, issuers, directory):
        self.server, self.issuers, self.directory = server, issuers, directory
        self.issuer = issuers["RS256"]
        self.key, self.secret = server.read_credential()
        self.iam = self.client("iam")
        self.account = self.client("sts").get_caller_identity()["Account"]
        self.count = 0
        for issuer in issuers.values():
            self.iam.create_open_id_connect_provider(
                Url=issuer.url, ClientIDList=[AUDIENCE, "other"], ThumbprintList=["a" * 40])

    def client(self, service, **credentials):
        return self.server.client(service, account=credentials.get("AccessKeyId", self.key),
                                  secret=credentials.get("SecretAccessKey", self.secret),
                                  token=credentials.get("SessionToken"))

    def provider(self, issuer=None):
        host = (issuer or self.issuer).url.removeprefix("https://")
        return f"arn:aws:iam::{self.account}:oidc-provider/{host}"

    def role(self, conditions=None, issuer=None, actions="sts:AssumeRoleWithWebIdentity",
             **more):
        self.count += 1
        statement = {"Effect": "Allow", "Principal": {"Federated": self.provider(issuer)},
                     "Action": actions}
        if conditions:
            statement["Condition"] = conditions
        return self.iam.create_role(
            RoleName=f"web{self.count}", AssumeRolePolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [statement]}), **more)["Role"]["Arn"]

    def assume(self, role, token, **more):
        unsigned = botocore.session.get_session().create_client(
            "sts", region_name="us-east-1", endpoint_url=self.server.url,
            config=botocore.config.Config(signature_version=botocore.UNSIGNED,
                                          parameter_validation=False,
                                          retries={"total_max_attempts": 1}))
        return unsigned.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="session", WebIdentityToken=token, **more)

    def fault(self, role, token, **more):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            self.assume(role, token, **more)
        error = caught.value.response
        return (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"],
                error["Error"]["Message"])


@pytest.fixture(scope="module")
def world(tmp_path_factory, issuers):
    from ternd import Server
    directory = tmp_path_factory.mktemp("keys")
    for name, issuer in issuers.items():
        issuer.write(directory / f"{name}.json")
    with Server(tmp_path_factory.mktemp("web"), "--durability", "os", "--auth", "required",
                "--oidc-keys", directory) as server:
        yield World(server, issuers, directory)
    server.forget()


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_token_gives_a_session(world, algorithm):
    issuer = world.issuers[algorithm]
    role = world.role(issuer=issuer)
    answer = world.assume(role, issuer.token())
    name = role.split("/")[-1]
    assert answer["AssumedRoleUser"]["Arn"] == \
        f"arn:aws:sts::{world.account}:assumed-role/{name}/session"
    assert answer["SubjectFromWebIdentityToken"] == "repo:tern/app"
    assert answer["Audience"] == AUDIENCE and answer["Provider"] == issuer.url
    session = world.client("sts", **answer["Credentials"])
    assert session.get_caller_identity()["Arn"] == answer["AssumedRoleUser"]["Arn"]


def test_a_session_has_the_roles_permissions_and_its_provider(world):
    role = world.role()
    world.iam.put_role_policy(
        RoleName=role.split("/")[-1], PolicyName="p", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*",
                "Condition": {"StringEquals": {"aws:FederatedProvider": world.provider()}}}]}))
    answer = world.assume(role, world.issuer.token())
    world.client("sqs", **answer["Credentials"]).list_queues()
    denied = world.assume(role, world.issuer.token(), Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Deny", "Action": "*", "Resource": "*"}]}))["Credentials"]
    with pytest.raises(botocore.exceptions.ClientError):
        world.client("sqs", **denied).list_queues()


@pytest.mark.parametrize("conditions, claims, is_allowed", [
    ({"StringEquals": {f"{HOST}:sub": "repo:tern/app"}}, {}, True),
    ({"StringEquals": {f"{HOST}:sub": "repo:tern/app"}}, {"sub": "repo:tern/App"}, False),
    ({"StringLike": {f"{HOST}:sub": "repo:tern/*"}}, {}, True),
    ({"StringLike": {f"{HOST}:sub": "repo:tern/*"}}, {"sub": "repo:evil/tern/"}, False),
    ({"StringEquals": {f"{HOST}:aud": AUDIENCE}}, {}, True),
    ({"StringEquals": {f"{HOST}:aud": AUDIENCE}}, {"aud": "other"}, False),
    ({"StringEquals": {f"{HOST}:aud": "other"}}, {"aud": ["no", "other"]}, True),
    ({"StringEquals": {f"{HOST}:aud": "other"}}, {"azp": "other"}, True),
    ({"StringEquals": {"other.example.com:sub": "repo:tern/app"}}, {}, False),
    ({"ForAnyValue:StringLike": {f"{HOST}:amr": "auth*"}}, {"amr": ["x", "authenticated"]}, True),
    ({"ForAnyValue:StringLike": {f"{HOST}:amr": "auth*"}}, {"amr": ["x"]}, False),
    ({"StringEquals": {"sts:RoleSessionName": "session"}}, {}, True),
    ({"StringEquals": {"sts:RoleSessionName": "other"}}, {}, False),
])
def test_conditions_on_claims(world, conditions, claims, is_allowed):
    role = world.role(conditions)
    if is_allowed:
        world.assume(role, world.issuer.token(**claims))
    else:
        assert world.fault(role, world.issuer.token(**claims)) == (
            "AccessDenied", 403, "Not authorized to perform sts:AssumeRoleWithWebIdentity")


def test_roles_that_trust_somebody_else(world):
    denied = ("AccessDenied", 403, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    for role in [world.role(issuer=world.issuers["ES256"]), world.role(actions="sts:AssumeRole"),
                 f"arn:aws:iam::{world.account}:role/none"]:
        assert world.fault(role, world.issuer.token()) == denied
    trusts_root = world.iam.create_role(
        RoleName="trusts-root", AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"AWS": world.account},
                "Action": "sts:AssumeRoleWithWebIdentity"}]}))["Role"]["Arn"]
    assert world.fault(trusts_root, world.issuer.token()) == denied
    # A signature does not help: it is the token that says who calls.
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        world.client("sts").assume_role_with_web_identity(
            RoleArn=trusts_root, RoleSessionName="session",
            WebIdentityToken=world.issuer.token())
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


def changed(token, part):
    """The token with one character of a part changed for another one."""
    parts = token.split(".")
    place = len(parts[part]) // 2
    text = parts[part]
    parts[part] = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1:]
    return ".".join(parts)


def test_tokens_that_are_refused(world):
    role = world.role()
    token = world.issuer.token
    now = int(time.time())
    stranger = Issuer(world.issuer.url)
    for wrong, code, text in [
            (changed(token(), 2), "InvalidIdentityToken", "signature"),
            (changed(token(sub="x" * 90), 1), "InvalidIdentityToken", ""),
            (stranger.token(), "InvalidIdentityToken", "signature"),
            (token(header={"kid": "k2"}), "InvalidIdentityToken", "verification key"),
            (token(header={"alg": "none"}), "InvalidIdentityToken", "not a valid JWT"),
            (token(header={"alg": "HS256"}), "InvalidIdentityToken", "not a valid JWT"),
            (token(header={"alg": "ES256"}), "InvalidIdentityToken", "verification key"),
            (token(header={"crit": ["exp"]}), "InvalidIdentityToken", "not a valid JWT"),
            ("abcd", "InvalidIdentityToken", "not a valid JWT"),
            (token(iss="https://evil.example"), "InvalidIdentityToken",
             "No OpenIDConnect provider found in your account for https://evil.example"),
            (token(iss=HOST), "InvalidIdentityToken", "No OpenIDConnect provider"),
            (token(aud="stranger"), "InvalidIdentityToken", "Incorrect token audience"),
            (token(azp="stranger"), "InvalidIdentityToken", "Incorrect token audience"),
            (token(exp=now - 1), "ExpiredTokenException", "Token expired: current date/time"),
            (token(nbf=now + 600), "InvalidIdentityToken", "not valid yet"),
            (token(iat=now + 600), "InvalidIdentityToken", "not valid yet"),
            *[(token(without=[name]), "InvalidIdentityToken", f"Missing a required claim: {name}")
              for name in ("iss", "sub", "aud", "exp", "iat")]]:
        found = world.fault(role, wrong)
        assert found[:2] == (code, 400) and text in found[2], found


def test_what_is_asked_for_is_checked(world):
    role, token = world.role(), world.issuer.token()
    assert world.fault(role, "x" * 20001)[0] == "ValidationError"
    assert "x" * 100 not in world.fault(role, "x" * 20001)[2]
    assert world.fault(role, token, DurationSeconds=899)[0] == "ValidationError"
    assert world.fault(role, token, DurationSeconds=3601)[2] == \
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    assert world.fault("no-arn" * 5, token)[2] == "no-arn" * 5 + " is invalid"
    assert world.fault(role, token, ProviderId="www.amazon.com")[0] == "InvalidIdentityToken"
    long = world.role(MaxSessionDuration=43200)
    world.assume(long, token, DurationSeconds=43200)


def test_a_source_identity_of_the_token_must_be_allowed(world):
    claim = {"https://aws.amazon.com/source_identity": "alice"}
    assert world.fault(world.role(), world.issuer.token(**claim))[0] == "AccessDenied"
    role = world.role(actions=["sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity"])
    answer = world.assume(role, world.issuer.token(**claim))
    assert answer["SourceIdentity"] == "alice"


def test_a_provider_that_is_deleted_vouches_for_nobody(world):
    issuer = Issuer("https://short.example")
    issuer.write(world.directory / "short.json")
    world.server.process.send_signal(signal.SIGHUP)
    arn = world.iam.create_open_id_connect_provider(
        Url=issuer.url, ClientIDList=[AUDIENCE])["OpenIDConnectProviderArn"]
    role = world.role(issuer=issuer)
    eventually(lambda: "Credentials" in try_assume(world, role, issuer))
    world.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert "No OpenIDConnect provider" in world.fault(role, issuer.token())[2]


def try_assume(world, role, issuer):
    try:
        return world.assume(role, issuer.token())
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Message"]


def test_keys_are_read_again_on_a_signal(world):
    issuer = Issuer("https://rotating.example")
    path = world.directory / "rotating.json"
    issuer.write(path)
    world.server.process.send_signal(signal.SIGHUP)
    world.iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=[AUDIENCE])
    role = world.role(issuer=issuer)
    eventually(lambda: "Credentials" in try_assume(world, role, issuer))
    rotated = Issuer(issuer.url, key_id="k2")
    assert "verification key" in try_assume(world, role, rotated)
    rotated.write(path)
    world.server.process.send_signal(signal.SIGHUP)
    eventually(lambda: "Credentials" in try_assume(world, role, rotated))
    assert "verification key" in try_assume(world, role, issuer)
    # A file that is no good leaves the old keys in use.
    path.write_text("{")
    world.server.process.send_signal(signal.SIGHUP)
    eventually(lambda: "the old keys of OpenID Connect issuers stay in use" in world.server.log())
    world.assume(role, rotated.token())
    rotated.write(path)


@pytest.mark.parametrize("text, problem", [
    ("{", "it is not JSON"), ("{}", 'it has no "issuer" that begins with https://'),
    ('{"issuer": "https://x", "keys": []}', 'none of its "keys" is for RS256')])
def test_a_key_file_that_is_no_good_stops_the_start(private, tmp_path, text, problem):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "bad.json").write_text(text)
    with pytest.raises(Exception) as caught:
        private("--oidc-keys", tmp_path / "keys")
    assert problem in str(caught.value) and "bad.json" in str(caught.value)


def test_open_mode_checks_tokens_and_conditions_all_the_same(private, issuers, tmp_path):
    (tmp_path / "keys").mkdir()
    issuer = issuers["RS256"]
    issuer.write(tmp_path / "keys" / "k.json")
    server = private("--oidc-keys", tmp_path / "keys")
    server.read_credential = lambda: ("000000000000", "secret")
    world = World(server, {"RS256": issuer}, tmp_path)
    role = world.role({"StringEquals": {f"{HOST}:sub": "repo:tern/app"}})
    world.assume(role, issuer.token())
    assert world.fault(role, issuer.token(sub="other"))[0] == "AccessDenied"
    assert world.fault(role, changed(issuer.token(), 2))[0] == "InvalidIdentityToken"


@pytest.mark.parametrize("region, partition", [
    ("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_each_partition_has_its_own_names(world, region, partition):
    """No signature names the region: the role's ARN does."""
    issuer = Issuer(f"https://{partition}.example:8443/realms/x", "ES256")
    issuer.write(world.directory / f"{partition}.json")
    world.server.process.send_signal(signal.SIGHUP)
    iam = world.server.client("iam", region=region, account=world.key, secret=world.secret)
    provider = iam.create_open_id_connect_provider(
        Url=issuer.url, ClientIDList=[AUDIENCE])["OpenIDConnectProviderArn"]
    assert provider.startswith(f"arn:{partition}:iam::")
    role = iam.create_role(RoleName=f"web-{partition}", AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity"}]}))["Role"]["Arn"]
    eventually(lambda: "Credentials" in try_assume(world, role, issuer))
    answer = world.assume(role, issuer.token())
    assert answer["AssumedRoleUser"]["Arn"].startswith(f"arn:{partition}:sts::")
    other = role.replace(f"arn:{partition}:", "arn:aws-other:")
    assert world.fault(other, issuer.token())[0] == "AccessDenied"
