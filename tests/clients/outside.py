# SPDX-License-Identifier: MIT
"""Programs of other languages against a server: what they say, or the test fails with it."""
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
CLIENTS = ROOT / ".venv-clients" / "bin"


def outside_environment(server, **changes):
    """The caller's environment without its AWS settings, with the server's address."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return environment | {
        "TERN_ENDPOINT": server.url,
        "AWS_ACCESS_KEY_ID": server.key,
        "AWS_SECRET_ACCESS_KEY": server.secret,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    } | changes


def run_outside(server, *command, directory=".", status=0, wants=None, timeout=600, **changes):
    """Runs it in a folder beside this file; gives its output, or what it says about a failure."""
    done = subprocess.run(
        [str(part) for part in command], cwd=HERE / directory, capture_output=True, text=True,
        env=outside_environment(server, **changes), timeout=timeout)
    assert done.returncode == status, f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return getattr(done, wants or ("stderr" if status else "stdout"))
