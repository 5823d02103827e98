# SPDX-License-Identifier: MIT
"""What security costs: the same SendMessage of 1 KB against servers of which each does one thing
more than another, in turns, as CPU a request."""
import json
import os
import pathlib
import subprocess

import peers
from drive import drive

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"


class Open(peers.Tern):
    """Any credentials, a queue that is not encrypted: what the others are compared with."""
    name = "open, not encrypted"
    makes = ()  # by identity.py
    flags = ("--sse", "none")

    def prepare(self):
        if not self.makes:
            return
        if not PYTHON.exists():
            raise peers.Missing("the Python clients are not installed")
        root = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"} | self.credentials
        done = subprocess.run(
            [str(PYTHON), str(ROOT / "bench" / "identity.py"), self.url, *self.makes],
            capture_output=True, text=True, check=False, env=os.environ | root)
        if done.returncode:
            raise peers.Missing(f"{self.name}: {done.stderr.strip().splitlines()[-1]}")
        made = json.loads(done.stdout)
        if "sse" in made:
            self.flags = ("--sse", made["sse"])
        if "credentials" in made:
            self.credentials = made["credentials"]
            self.flags += ("--queue", made["queue"], "--keep-queue")


class Encrypted(Open):
    name = "SSE-SQS"
    flags = ()


class EncryptedByKey(Open):
    name = "SSE-KMS"
    makes = ("key",)


class Signed(Open):
    name = "signatures"
    more = ("--auth", "required")
    verifies = True


class Authorized(Signed):
    name = "signatures and policies"
    makes = ("user",)


class Audited(Open):
    name = "audit log of all calls"
    more = ("--audit", "all")


class Tls(Open):
    name = "TLS 1.3"

    def command(self):
        files = self.directory.parent / "tls"  # of all that speak TLS
        if not files.exists():
            subprocess.run([str(self.binary.parent / "tern"), "cert", "create", "--dir", str(files),
                            "127.0.0.1"], capture_output=True, check=True)
        os.environ["SSL_CERT_FILE"] = str(files / "ca.pem")
        os.environ["AWS_CA_BUNDLE"] = str(files / "ca.pem")
        command = super().command()
        command[command.index("--listen") + 1] = f"tls:127.0.0.1:{self.port}"
        return [*command, "--tls-cert", str(files / "server.pem"), "--tls-key",
                str(files / "server.key")]

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"


class Everything(Tls, Authorized):
    name = "all of it"
    makes = ("user", "key")


# Each with the one that lacks what it adds.
RUNGS = {Open: None, Encrypted: Open, EncryptedByKey: Encrypted, Signed: Open,
         Authorized: Signed, Audited: Open, Tls: Open, Everything: Open}


def measure(directory, rounds, seconds):
    """Rows of {what, beside, CPU us a request of each round, CPU us more of each}; what is
    missing."""
    started, missing = {}, {}
    runs = {}
    try:
        for kind in RUNGS:
            try:
                peer = kind(directory)
                started[kind] = peer.start()
                peer.prepare()
            except peers.Missing as reason:
                missing[kind.name] = str(reason)
                if kind in started:
                    started.pop(kind).stop()
        for _ in range(rounds):
            for kind, peer in started.items():
                result = drive(peer, ("send",), seconds)
                if result and not result["errors"]:
                    runs.setdefault(kind, []).append(result["server"]["cpu_us_per_message"])
    finally:
        for peer in started.values():
            peer.stop()
    rows = []
    for kind, other in RUNGS.items():
        if kind in runs:
            # Runs of one round are compared, so that what the machine does otherwise cancels out.
            more = [a - b for a, b in zip(runs[kind], runs.get(other, ()))]
            rows.append({"what": kind.name, "cpu_us": runs[kind],
                         "beside": other.name if other else "", "more_us": more})
    return rows, missing
