# SPDX-License-Identifier: MIT
"""Temporary credentials with the AWS CLI: asked for, used, and got by itself for a profile."""
import json
import pathlib

import pytest

from outside import CLIENTS, run_outside

ACCOUNT = "000000000000"
TRUST = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}
ANYTHING = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "*", "Resource": "*"}]}


def cli(server, program):
    def run(*arguments, **changes):
        output = run_outside(server, program, "--endpoint-url", server.url, "--output", "json",
                             *arguments, **changes)
        return json.loads(output) if output else None

    return run


@pytest.fixture
def newest(server):
    return cli(server, CLIENTS / "aws")


@pytest.fixture(params=[CLIENTS / "aws", pathlib.Path("/usr/bin/aws")],
                ids=["newest", "distribution"])
def aws(server, request):
    if not request.param.exists():
        pytest.skip("this distribution has no awscli package")
    return cli(server, request.param)


def test_who_calls(aws):
    assert aws("sts", "get-caller-identity") == {
        "UserId": ACCOUNT, "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"}


def test_a_session_token(aws, name):
    session = aws("sts", "get-session-token")["Credentials"]
    keys = {"AWS_ACCESS_KEY_ID": session["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
            "AWS_SESSION_TOKEN": session["SessionToken"]}
    url = aws("sqs", "create-queue", "--queue-name", name, **keys)["QueueUrl"]
    assert url.endswith(f"/{ACCOUNT}/{name}")


def test_a_profile_that_names_a_role(server, newest, name, tmp_path):
    newest("iam", "create-user", "--user-name", name)
    newest("iam", "put-user-policy", "--user-name", name, "--policy-name", "p",
           "--policy-document", json.dumps(ANYTHING))
    key = newest("iam", "create-access-key", "--user-name", name)["AccessKey"]
    role = newest("iam", "create-role", "--role-name", name, "--assume-role-policy-document",
                  json.dumps(TRUST))["Role"]["Arn"]
    (tmp_path / "credentials").write_text(
        f"[user]\naws_access_key_id={key['AccessKeyId']}\n"
        f"aws_secret_access_key={key['SecretAccessKey']}\n"
        f"[worker]\nrole_arn={role}\nsource_profile=user\nrole_session_name=cli\n")
    # Its own call of AssumeRole goes where the variable says, which older ones do not know.
    who = newest("sts", "get-caller-identity", "--profile", "worker",
                 AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "credentials"), HOME=str(tmp_path),
                 AWS_ENDPOINT_URL=server.url)
    assert who["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/cli"
