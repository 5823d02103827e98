# SPDX-License-Identifier: MIT
"""CPU and speed of brokers that are not SQS, each driven by its own Python client."""
import json
import pathlib
import subprocess
import threading

import drive
import machine
import peers

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv-bench" / "bin" / "python"
COUNT, LIMIT_S = 5000, 120


def measure_broker(peer):
    """Of COUNT messages sent and then received: messages/s and CPU us each, resident bytes."""
    if not PYTHON.exists():
        raise peers.Missing("the Python clients are not installed")
    process = subprocess.Popen(
        [str(PYTHON), str(ROOT / "bench" / "orientation.py"), peer.name, str(peer.port),
         str(COUNT), str(drive.BODY_SIZE)], preexec_fn=machine.pinned(machine.GENERATOR),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    watchdog = threading.Timer(LIMIT_S, process.kill)
    watchdog.start()
    row = {"server": peer.name, "durability": peer.durability}
    before = peers.usage(peer.pids())[0]
    for half in ("send", "receive"):
        line = process.stdout.readline()
        if not line:
            watchdog.cancel()
            error = process.stderr.read().strip().splitlines()
            raise peers.Missing(f"{peer.name}: {error[-1] if error else 'its client ended'}")
        after, row["rss_max"] = peers.usage(peer.pids())
        row[half + "_per_s"] = COUNT / json.loads(line)["seconds"]
        row[half + "_cpu_us"] = (after - before) / COUNT * 1e6
        before = after
        process.stdin.write("\n")
        process.stdin.flush()
    process.wait()
    watchdog.cancel()
    return row


def measure_fanout(peer, queues, count):
    """Server's CPU us to publish a message to that number of queues."""
    if not PYTHON.exists():
        raise peers.Missing("the Python clients are not installed")
    process = subprocess.Popen(
        [str(PYTHON), str(ROOT / "bench" / "orientation.py"), peer.name, str(peer.port),
         str(count), str(drive.BODY_SIZE), str(queues)],
        preexec_fn=machine.pinned(machine.GENERATOR), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    watchdog = threading.Timer(LIMIT_S, process.kill)
    watchdog.start()
    used = []
    for _ in range(2):
        line = process.stdout.readline()
        used.append(peers.usage(peer.pids())[0])
        if line:
            process.stdin.write("\n")
            process.stdin.flush()
    error = process.stderr.read().strip().splitlines()
    process.wait()
    watchdog.cancel()
    if not line:
        raise peers.Missing(f"{peer.name}: {error[-1] if error else 'its client ended'}")
    return (used[1] - used[0]) / count * 1e6


def measure(directory):
    """Rows, and a reason for each broker that has none."""
    rows, missing = [], {}
    for kind in peers.OTHERS:
        started, reasons = drive.start([kind], directory)
        missing |= reasons
        for peer in started:
            try:
                rows.append(measure_broker(peer))
            except peers.Missing as reason:
                missing[peer.name] = str(reason)
            finally:
                peer.stop()
    return rows, missing
