# SPDX-License-Identifier: MIT
"""doc/cli.md names the commands that there are, and its example works."""
import re
import subprocess

import pytest

from ternd import BUILD, ROOT, Server

DOCUMENT = (ROOT / "doc/cli.md").read_text()


def help_of(path):
    return subprocess.run([BUILD / "tern", *path, "--help"], capture_output=True, text=True,
                          check=True, timeout=60).stdout


def leaves(path=()):
    text = help_of(path)
    if "\nCommands\n" not in text:
        return [" ".join(path)]
    rows = text.split("\nCommands\n")[1].split("\n\n")[0].splitlines()
    names = [row.split()[0] for row in rows if re.match(r"  \S", row)]
    own = [] if " COMMAND [options]" in text else [" ".join(path)]
    return own + [leaf for name in names for leaf in leaves((*path, name))]


def test_commands_are_those_of_help():
    table = DOCUMENT.split("| command | does |\n|---|---|\n")[1].split("\n\n")[0]
    told = [name for row in table.splitlines()
            for name in re.findall(r"`([a-z -]+)`", row.split("|")[1])]
    assert sorted(told) == sorted(leaves())


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path / "server", "--auth", "required", "--durability", "os") as made:
        made.read_credential()
        yield made


def test_example_works(server, tmp_path):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(
        f"[admin]\naws_access_key_id = {server.key}\naws_secret_access_key = {server.secret}\n")
    script = re.search(r"```sh\n(.*?)```", DOCUMENT, re.S)[1]
    result = subprocess.run(
        ["bash", "-eux", "-c", script], capture_output=True, text=True, timeout=60, check=False,
        env={"HOME": str(tmp_path), "PATH": f"{BUILD}:/usr/bin:/bin",
             "AWS_ENDPOINT_URL": server.url})
    assert result.returncode == 0, result.stdout + result.stderr
    assert "allowed" in result.stdout
