# SPDX-License-Identifier: MIT
"""tern account, tern whoami, and where credentials come from and go to."""
import json
import os
import pathlib
import stat
import subprocess
import sys

import certifi
import pytest

from cli.conftest import Tern
from ternd import BUILD


@pytest.fixture
def required(private):
    server = private("--auth", "required", "--durability", "os")
    server.read_credential()
    return server


@pytest.fixture
def root(required, tmp_path):
    """tern as the server's root user."""
    made = Tern(tmp_path, required.url)
    made.environment |= {"AWS_ACCESS_KEY_ID": required.key,
                         "AWS_SECRET_ACCESS_KEY": required.secret}
    return made


@pytest.fixture
def keyless(required, tmp_path):
    """tern that has only what the files of its home say."""
    (tmp_path / ".aws").mkdir()
    return Tern(tmp_path, required.url)


def identity(tern, *arguments, **variables):
    return tern.json("whoami", *arguments, **variables)[0]["Arn"]


def test_whoami(tern, root):
    assert tern.json("whoami") == [{"Account": "000000000000", "UserId": "000000000000",
                                    "Arn": "arn:aws:iam::000000000000:root"}]
    assert "arn:aws:iam::111122223333:root" in tern(
        "whoami", AWS_ACCESS_KEY_ID="111122223333", AWS_SECRET_ACCESS_KEY="x").stdout
    assert identity(root) == "arn:aws:iam::000000000000:root"
    stranger = root("whoami", code=1, AWS_ACCESS_KEY_ID="AKIA" + "A" * 16)
    assert "InvalidClientTokenId" in stranger.stderr


def test_account_is_made_and_its_credentials_work(root, required):
    made, = root.json("account", "create", "orders team", "--account", "111122223333")
    assert made["Arn"] == "arn:aws:iam::111122223333:root"
    keys = {"AWS_ACCESS_KEY_ID": made["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}
    assert identity(root, **keys) == made["Arn"]
    rows = {row["Account"]: row for row in root.json("account", "ls")}
    assert set(rows) == {"000000000000", "111122223333"}
    assert rows["111122223333"]["Name"] == "orders team"
    assert rows["111122223333"]["RootKeys"] == 1
    # Its root user administers its account, not the server.
    assert "HTTP 403" in root("account", "ls", code=1, **keys).stderr
    assert "already" in root("account", "create", "--account", "111122223333", code=1).stderr
    other, = root.json("account", "key", "111122223333")
    assert other["AccessKeyId"] != made["AccessKeyId"]
    assert "two active keys" in root("account", "key", "111122223333", code=1).stderr
    assert "12 digits" in root("account", "key", "../x", code=2).stderr
    assert made["SecretAccessKey"] not in required.log()


def test_credentials_are_printed_to_be_pasted(root):
    result = root("account", "create")
    names = [line.split("=")[0] for line in result.stdout.splitlines()]
    assert names == ["export AWS_ACCESS_KEY_ID", "export AWS_SECRET_ACCESS_KEY"]
    assert "shown this once" in result.stderr


def test_credentials_go_into_a_profile(root, keyless, tmp_path):
    path = tmp_path / ".aws/credentials"
    path.write_text("# mine\n[default]\naws_access_key_id = A\naws_secret_access_key = B\n\n"
                    "[orders]\nregion = eu-west-1\naws_access_key_id=old\n"
                    "aws_secret_access_key=old\naws_session_token=old\n[last]\nx = y\n")
    path.chmod(0o644)
    result = root("account", "create", "--account", "111122223333", "--write-profile", "orders")
    text = path.read_text()
    key = result.stdout.split(" ")[0]
    assert key.startswith("AKIA") and f"aws_access_key_id = {key}\n" in text
    secret = text.split("[orders]\n")[1].splitlines()[1].split(" = ")[1]
    assert secret not in result.stdout + result.stderr
    assert text == ("# mine\n[default]\naws_access_key_id = A\naws_secret_access_key = B\n\n"
                    f"[orders]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
                    "region = eu-west-1\n[last]\nx = y\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert identity(keyless, "--profile", "orders") == "arn:aws:iam::111122223333:root"
    path.unlink()
    root("account", "create", "--account", "222233334444", "--write-profile", "fresh")
    assert identity(keyless, "--profile", "fresh") == "arn:aws:iam::222233334444:root"
    root("account", "create", "--write-profile", "more")
    assert path.read_text().count("[") == 2


def test_a_profile_reaches_the_server_by_itself(root, required, tmp_path):
    (tmp_path / ".aws").mkdir(exist_ok=True)
    config = tmp_path / ".aws/config"
    config.write_text("[profile orders]\nregion=old\noutput = json\n")
    bundle = tmp_path / "ca.pem"
    bundle.write_text(pathlib.Path(certifi.where()).read_text())
    root("account", "create", "--account", "444422223333", "--write-profile", "orders",
         "--region", "eu-west-3", AWS_CA_BUNDLE=os.path.relpath(bundle))
    assert config.read_text() == (
        f"[profile orders]\nregion = eu-west-3\nendpoint_url = {required.url}\n"
        f"ca_bundle = {bundle}\noutput = json\n")
    variables = {"HOME": str(tmp_path), "AWS_PROFILE": "orders"}
    told = subprocess.run([BUILD / "tern", "whoami", "--output", "json"], env=variables, text=True,
                          capture_output=True, timeout=60, check=True, cwd="/")
    assert json.loads(told.stdout)["Arn"] == "arn:aws:iam::444422223333:root"
    script = ("import boto3; meta = boto3.client('sqs').meta; "
              "print(meta.endpoint_url, meta.region_name)")
    told = subprocess.run([sys.executable, "-c", script], env=variables, text=True,
                          capture_output=True, timeout=60, check=True, cwd="/")
    assert told.stdout.split() == [required.url, "eu-west-3"]


def test_a_link_to_the_profiles_stays_a_link(root, keyless, tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("[other]\nx = y\n")
    path = tmp_path / ".aws/credentials"
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(kept)
    root("account", "create", "--account", "555522223333", "--write-profile", "linked")
    assert path.is_symlink() and kept.read_text().startswith("[other]\nx = y\n")
    assert identity(keyless, "--profile", "linked") == "arn:aws:iam::555522223333:root"


def test_a_secret_is_not_lost_with_its_file(root, tmp_path):
    (tmp_path / ".aws").write_text("in the way")
    result = root("account", "create", "--write-profile", "orders", code=1)
    assert "export AWS_SECRET_ACCESS_KEY=" in result.stdout and "cannot be" in result.stderr


def test_session_tokens(root, keyless, required, tmp_path):
    lent = required.client("sts").get_session_token()["Credentials"]
    variables = {"AWS_ACCESS_KEY_ID": lent["AccessKeyId"],
                 "AWS_SECRET_ACCESS_KEY": lent["SecretAccessKey"],
                 "AWS_SESSION_TOKEN": lent["SessionToken"]}
    assert identity(keyless, **variables) == "arn:aws:iam::000000000000:root"
    keyless("whoami", code=1, **variables | {"AWS_SESSION_TOKEN": ""})
    (tmp_path / ".aws/credentials").write_text(
        f"[lent]\naws_access_key_id = {lent['AccessKeyId']}\n"
        f"aws_secret_access_key = {lent['SecretAccessKey']}\n"
        f"aws_session_token = {lent['SessionToken']}\n")
    assert identity(keyless, "--profile", "lent") == "arn:aws:iam::000000000000:root"


def test_credential_process(keyless, required, tmp_path):
    told = {"Version": 1, "AccessKeyId": required.key, "SecretAccessKey": required.secret}
    (tmp_path / "told").write_text(json.dumps(told))
    (tmp_path / ".aws/config").write_text(
        f"[profile told]\ncredential_process = cat {tmp_path}/told\n"
        "[profile silent]\ncredential_process = false\n")
    assert identity(keyless, "--profile", "told") == "arn:aws:iam::000000000000:root"
    assert "credential_process" in keyless("whoami", "--profile", "silent", code=1).stderr
