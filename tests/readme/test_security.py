# SPDX-License-Identifier: MIT
"""doc/security.md, as a new user would follow it: its blocks in one shell, in order.

/etc and /var/lib are folders of the test, the machine is localhost, and systemctl and journalctl
are what systemd.py does.
"""
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

import boto3
import pytest
from botocore.exceptions import ClientError

from ternd import BUILD, ROOT

PAGE = (ROOT / "doc" / "security.md").read_text()
MARK = "---- end of block ----"
SYSTEMD = pathlib.Path(__file__).parent / "systemd.py"
PRELUDE = """
make() {{ :; }}
systemctl() {{
	case "$1" in
	daemon-reload) ;;
	stop) {python} {systemd} {root} stop ;;
	*) {python} {systemd} {root} start
	   PORT=$(sed -n 's/.*"tls:[^"]*","port":\\([0-9]*\\).*/\\1/p' {root}/journal | tail -n 1)
	   export AWS_ENDPOINT_URL=https://localhost:$PORT ;;
	esac
}}
journalctl() {{ cat {root}/journal; }}
"""


def blocks():
    return re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S)


def adapt(text, root):
    text = re.sub(r"/(etc/|var/lib/)(?=\w)", lambda found: f"{root}/{found[1]}", text)
    text = text.replace("https://queues.example.com:4566", "https://localhost:$PORT")
    text = text.replace("queues.example.com", "localhost").replace("0.0.0.0:4566", "127.0.0.1:0")
    text = text.replace("packaging/", f"{ROOT}/packaging/")
    return re.sub(r"\bsend\.py\b", f"{root}/send.py", text)


@pytest.fixture(scope="module")
def followed():
    """The folder that stands for the machine, and what each block printed."""
    root = pathlib.Path(tempfile.mkdtemp(prefix="tern-security-"))
    root.chmod(0o755)
    for folder in ("etc/default", "etc/systemd/system", "home"):
        (root / folder).mkdir(parents=True)
    script = PRELUDE.format(python=sys.executable, systemd=SYSTEMD, root=root)
    script += f"\necho '{MARK}'\n".join(adapt(text, root) for text in blocks())
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith(("AWS_", "TERN_"))}
    environment = clean | {
        "PATH": f"{BUILD}:{pathlib.Path(sys.executable).parent}:{clean['PATH']}",
        "HOME": str(root / "home"), "TERN_BUILD_DIRECTORY": str(BUILD)}
    try:
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=root, text=True,
                              capture_output=True, env=environment, timeout=100, check=False)
        journal = (root / "journal").read_text() if (root / "journal").exists() else ""
        assert done.returncode == 0, done.stdout + done.stderr + journal
        yield root, done.stdout.split(MARK + "\n"), done.stderr
    finally:
        if (root / "pid").exists():
            os.kill(int((root / "pid").read_text()), signal.SIGTERM)
        shutil.rmtree(root, ignore_errors=True)


def output(followed, word):
    return next(told for text, told in zip(blocks(), followed[1], strict=True) if word in text)


def port(root):
    return re.findall(r'"tls:[^"]*","port":(\d+)', (root / "journal").read_text())[-1]


def client(root, **keys):
    authority = root / "etc/tern/tls/ca.pem"
    return boto3.client("sqs", endpoint_url=f"https://localhost:{port(root)}",
                        region_name="eu-central-1", verify=str(authority), **keys)


def test_every_block_runs(followed):
    assert len(followed[1]) == len(blocks()) >= 9


def test_the_administrator_is_root_of_the_account(followed):
    assert "arn:aws:iam::111122223333:root" in output(followed, "tern whoami")


def test_the_credentials_of_the_journal_work_no_more(followed):
    root = followed[0]
    keys = dict(re.findall(r"export (AWS_\w+)=(\S+)", (root / "journal").read_text()))
    with pytest.raises(ClientError) as caught:
        client(root, aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
               aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"]).list_queues()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_the_user_sends_and_does_not_receive(followed):
    told = output(followed, "receive orders ||")
    assert told.count("exit status 1") == 2
    assert "not authorized to perform: sqs:receivemessage" in followed[2]
    assert "not authorized to perform: sqs:deletequeue" in followed[2]


def test_all_three_orders_are_there(followed):
    section = (followed[0] / "home/.aws/credentials").read_text().split("[admin]")[1]
    section = section.split("[")[0]
    keys = dict(re.findall(r"^(\w+) *= *(\S+)$", section, re.M))
    sqs = client(followed[0], aws_access_key_id=keys["aws_access_key_id"],
                 aws_secret_access_key=keys["aws_secret_access_key"])
    messages = sqs.receive_message(QueueUrl="orders", MaxNumberOfMessages=10)["Messages"]
    assert sorted(message["Body"] for message in messages) == ["order 1", "order 2", "order 3"]


def test_there_is_an_endpoint(followed):
    told = output(followed, "tern endpoint ls")
    assert re.search(r"^vpce-\w+ .* available +127\.0\.0\.1:\d+$", told, re.M)


def test_the_audit_log_tells_of_the_denial(followed):
    told = output(followed, "tern audit")
    assert "shop" in told and "DeleteQueue" in told and "AccessDenied" in told


def test_the_queue_is_there_after_the_backup(followed):
    assert "orders" in output(followed, "tern-backup.tar")
    assert stat.S_IMODE((followed[0] / "tern-backup.tar").stat().st_mode) == 0o600


def test_nothing_in_the_data_is_for_others(followed):
    data = followed[0] / "var/lib/tern"
    paths = [data, *data.rglob("*")]
    assert len(paths) > 5
    assert not [path for path in paths if path.stat().st_mode & 0o077]
    assert not list(data.rglob("root.key"))
    if os.geteuid() == 0:
        assert {path.owner() for path in paths} == {"nobody"}
