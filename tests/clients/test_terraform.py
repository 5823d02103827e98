# SPDX-License-Identifier: MIT
"""Terraform makes, finds unchanged, changes and removes identities.

Neither Terraform nor its AWS provider comes from a package registry, so this runs only where
$TERN_TERRAFORM_MIRROR is a directory of providers (terraform providers mirror) and terraform is
installed.
"""
import os
import pathlib
import shutil
import subprocess

import pytest

MIRROR = os.environ.get("TERN_TERRAFORM_MIRROR", "")
HERE = pathlib.Path(__file__).parent / "terraform"
NO_CHANGES, CHANGES = 0, 2  # of plan -detailed-exitcode


@pytest.mark.timeout(600)
@pytest.mark.skipif(not MIRROR or not shutil.which("terraform"),
                    reason="needs terraform and TERN_TERRAFORM_MIRROR")
def test_terraform_manages_identities(private, tmp_path):
    server = private("--auth", "required", "--durability", "os")
    server.read_credential()
    work = tmp_path / "terraform"
    shutil.copytree(HERE, work)
    (work / "rc").write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{MIRROR}"\n  }}\n}}\n')
    environment = os.environ | {
        "TF_CLI_CONFIG_FILE": str(work / "rc"), "CHECKPOINT_DISABLE": "1",
        "TF_VAR_url": server.url, "TF_VAR_key": server.key, "TF_VAR_secret": server.secret}

    def terraform(*arguments, status=0, path="/team/"):
        run = subprocess.run(["terraform", *arguments, "-no-color"], cwd=work, timeout=300,
                             env=environment | {"TF_VAR_path": path}, capture_output=True,
                             text=True, check=False)
        assert run.returncode == status, run.stdout + run.stderr

    terraform("init")
    terraform("plan", "-detailed-exitcode", status=CHANGES)
    terraform("apply", "-auto-approve")
    terraform("plan", "-detailed-exitcode", status=NO_CHANGES)
    terraform("apply", "-auto-approve", path="/other/")
    iam = server.client("iam")
    assert iam.get_user(UserName="tf-user")["User"]["Path"] == "/other/"
    terraform("plan", "-detailed-exitcode", status=NO_CHANGES, path="/other/")
    terraform("destroy", "-auto-approve", path="/other/")
    left = iam.get_account_authorization_details(
        Filter=["User", "Group", "Role", "LocalManagedPolicy"])
    assert [left[name] for name in (
        "UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")] == [[], [], [], []]
