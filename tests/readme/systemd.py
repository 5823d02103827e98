# SPDX-License-Identifier: MIT
"""What systemd does with ternd.service, as far as a test needs it: systemd.py ROOT start|stop.

ROOT stands for the root of the file system. Reads the unit, its drop-ins and its environment file,
hands out credentials, and runs the service as another user if it may.
"""
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time

BUILD = pathlib.Path(os.environ["TERN_BUILD_DIRECTORY"])
USER = "nobody"


def settings(root):
    """(name, value) of the service's section, drop-ins behind the unit."""
    folder = root / "etc/systemd/system"
    for path in [folder / "ternd.service", *sorted(folder.glob("ternd.service.d/*.conf"))]:
        section = re.search(r"^\[Service\]\n(.*?)(?=^\[|\Z)", path.read_text(), re.M | re.S)[1]
        yield from re.findall(r"^(\w+)=(.*)$", section, re.M)


def environment(root, rows):
    found = {"PATH": os.environ["PATH"]}
    for name, value in rows:
        if name == "Environment":
            found |= dict(part.split("=", 1) for part in value.split())
        if name == "EnvironmentFile":
            text = (root / value.lstrip("-/")).read_text()
            found |= dict(line.split("=", 1) for line in text.splitlines())
    return found


def own(path, user):
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)


def start(root):
    rows = list(settings(root))
    user = pwd.getpwnam(USER) if os.geteuid() == 0 else None
    state, credentials = root / "var/lib/tern", root / "run/credentials"
    for path in (state, credentials):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        own(path, user)
    for name, value in rows:
        if name == "LoadCredential":
            name, source = value.split(":")
            path = credentials / name
            path.unlink(missing_ok=True)
            shutil.copyfile(source, path)
            path.chmod(0o400)
            own(path, user)
    values = {name: value.replace("%d", str(credentials))
              for name, value in environment(root, rows).items()}
    values |= {"STATE_DIRECTORY": str(state), "CREDENTIALS_DIRECTORY": str(credentials)}
    command = dict(rows)["ExecStart"].replace("${STATE_DIRECTORY}", str(state)).split()
    binary = shutil.copy(BUILD / "ternd", root / "ternd")
    options = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    with open(root / "journal", "ab") as journal:
        service = subprocess.Popen(
            [binary, *command[1:], "--segment-mib", "16"], stdin=subprocess.DEVNULL,
            stdout=journal, stderr=journal, env=values, cwd="/", **options)
    (root / "pid").write_text(str(service.pid))
    return service


def count(root):
    journal = root / "journal"
    return journal.read_text().count('"serving"') if journal.exists() else 0


def await_serving(root, service, before):
    deadline = time.monotonic() + 30
    while count(root) == before:
        if service.poll() is not None or time.monotonic() > deadline:
            sys.exit((root / "journal").read_text())
        time.sleep(0.01)


def stop(root):
    pid = int((root / "pid").read_text())
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 30
    while pathlib.Path(f"/proc/{pid}/exe").is_symlink() and time.monotonic() < deadline:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        if state == "Z":
            return
        time.sleep(0.01)


def main():
    root = pathlib.Path(sys.argv[1])
    if sys.argv[2] == "stop":
        stop(root)
        return
    before = count(root)
    await_serving(root, start(root), before)


if __name__ == "__main__":
    main()
