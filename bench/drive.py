# SPDX-License-Identifier: MIT
"""Runs `tern bench` against a server, on the generator's cores, and gives what it reports."""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import urllib.request

import machine
import peers

ROOT = pathlib.Path(__file__).resolve().parent.parent
TERN = ROOT / "build" / "tern"
BODY_SIZE, CONNECTIONS, WARMUP_S = 1024, 64, 0.3
BUSY_MOST = 0.9  # a generator that is busier has limited the run


def command(peer, flags, seconds, warmup=WARMUP_S):
    """Options in `flags` come first; the sizes that all runs share are filled in behind."""
    line = [str(TERN), "bench", *flags, *peer.flags, "--endpoint-url", peer.url, "--size",
            str(BODY_SIZE), "--duration", str(seconds), "--warmup", str(warmup), "--output",
            "json", "--server-pid", ",".join(map(str, peer.pids()))]
    if "--producers" not in flags and "--connections" not in flags:
        line += ["--connections", str(CONNECTIONS)]
    # Signing anew is the generator's work alone where nobody verifies.
    if not peer.verifies and "--sign-once" not in line:
        line.append("--sign-once")
    return line


def begin(peer, flags, seconds, warmup=WARMUP_S):
    return subprocess.Popen(command(peer, flags, seconds, warmup), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=os.environ | peer.credentials,
                            preexec_fn=machine.pinned(machine.GENERATOR))


def end(process, peer):
    """What it reports; None if nothing came of it."""
    output, errors = process.communicate()
    if not output:
        print(f"bench: {peer.name}: {errors.strip()}", file=sys.stderr)
        return None
    result = json.loads(output)
    if result["errors"]:
        print(f"bench: {peer.name}: {result['errors']} errors, first: {result['first_error']}",
              file=sys.stderr)
    return result


def drive(peer, flags, seconds, warmup=WARMUP_S):
    return end(begin(peer, flags, seconds, warmup), peer)


def start(kinds, directory):
    """Those that start, and a reason for each that does not."""
    started, missing = [], {}
    for kind in kinds:
        try:
            peer = kind(directory)
            started.append(peer.start())
            print(f"bench: {peer.name} listens on {peer.url}", flush=True)
        except peers.Missing as reason:
            missing[kind.name] = str(reason)
            print(f"bench: {reason}", flush=True)
    return started, missing


@contextlib.contextmanager
def running(kinds, directory):
    """Like start; they are stopped afterwards."""
    started, missing = start(kinds, directory)
    try:
        yield started, missing
    finally:
        for peer in started:
            peer.stop()


def metrics(peer):
    """The text of a ternd's metrics."""
    with urllib.request.urlopen(f"{peer.url}/_tern/metrics", timeout=10) as answer:
        return answer.read().decode()


def counters(peer):
    """The numbers without labels of a ternd's metrics, by name."""
    fields = [line.split() for line in metrics(peer).splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in fields if "{" not in name}
