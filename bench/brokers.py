# SPDX-License-Identifier: MIT
"""CPU and speed of brokers that are not SQS, each driven by its own Python client."""
import contextlib
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


@contextlib.contextmanager
def client(peer, count, *queues):
    """Runs orientation.py against the broker. Gives a function that waits for the end of its next
    part and lets it go on, and returns what the part printed and the server's CPU seconds then."""
    if not PYTHON.exists():
        raise peers.Missing("the Python clients are not installed")
    process = subprocess.Popen(
        [str(PYTHON), str(ROOT / "bench" / "orientation.py"), peer.name, str(peer.port),
         str(count), str(drive.BODY_SIZE), *map(str, queues)],
        preexec_fn=machine.pinned(machine.GENERATOR), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    watchdog = threading.Timer(LIMIT_S, process.kill)
    watchdog.start()

    def next_part():
        line = process.stdout.readline()
        if not line:
            error = process.stderr.read().strip().splitlines()
            raise peers.Missing(f"{peer.name}: {error[-1] if error else 'its client ended'}")
        used = peers.usage(peer.pids())
        process.stdin.write("\n")
        process.stdin.flush()
        return json.loads(line), *used

    try:
        yield next_part
        process.wait()
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()


def measure_broker(peer):
    """Of COUNT messages sent and then received: messages/s and CPU us each, resident bytes."""
    row = {"server": peer.name, "durability": peer.durability}
    before = peers.usage(peer.pids())[0]
    with client(peer, COUNT) as next_part:
        for half in ("send", "receive"):
            part, after, row["rss_max"] = next_part()
            row[half + "_per_s"] = COUNT / part["seconds"]
            row[half + "_cpu_us"] = (after - before) / COUNT * 1e6
            before = after
    return row


def measure_fanout(peer, queues, count):
    """Server's CPU us to publish a message to that number of queues."""
    with client(peer, count, queues) as next_part:
        _, before, _ = next_part()  # the queues are made
        _, after, _ = next_part()
    return (after - before) / count * 1e6


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
