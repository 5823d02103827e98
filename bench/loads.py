# SPDX-License-Identifier: MIT
"""The loads of the main table, the latencies at fixed rates and the costs by thread.

The servers of a round take turns; a row is {"load", "server", "runs": one report of tern bench a
round}. Rounds in which a run failed are left out as a whole, so that samples stay paired.
"""
import contextlib
import dataclasses
import pathlib
import shutil
import statistics
import tempfile

import disk
import drive
import peers

MAX_FRACTIONS = (25, 50, 75)  # per cent of the maximum rate
COMMITS = 100  # a round
WARM_UP_S = 3  # segments are recycled from then on


@dataclasses.dataclass
class Load:
    name: str
    server: str
    flags: tuple
    is_fresh: bool = False  # a new server with a new data directory each round
    is_busy: bool = False  # others use the disk


LOADS = [
    Load("return 200", "nginx", ("raw",)),
    Load("return 200, 256 connections", "nginx", ("raw", "--connections", "256")),
    Load("send", "Tern", ("send",)),
    Load("send, 256 connections", "Tern", ("send", "--connections", "256")),
    Load("send, fresh segments", "Tern", ("send",), is_fresh=True),
    Load("send, busy disk", "Tern", ("send",), is_busy=True),
    Load("send, signed", "Tern, signatures verified", ("send",)),
    Load("send, batch of 10", "Tern", ("send", "--batch", "10")),
    Load("send, batch of 10, signed", "Tern, signatures verified", ("send", "--batch", "10")),
    Load("cycle", "Tern", ("cycle",)),
    Load("cycle, batch of 10", "Tern", ("cycle", "--batch", "10")),
]
QUICK = [load for load in LOADS if load.name in (
    "return 200", "send", "send, batch of 10", "cycle", "cycle, batch of 10")]
KINDS = [peers.Nginx, peers.Tern, peers.TernSigned]


def run_fresh(load, directory, seconds):
    """Nothing of the log was ever written; the server is gone afterwards."""
    with tempfile.TemporaryDirectory(dir=directory, prefix="fresh-") as fresh:
        peer = peers.Tern(fresh).start()
        try:
            return drive.drive(peer, load.flags, seconds)
        finally:
            peer.stop()


def run_load(load, running, directory, seconds):
    if load.is_fresh:
        return run_fresh(load, directory, seconds)
    with disk.busy(directory) if load.is_busy else contextlib.nullcontext():
        return drive.drive(running[load.server], load.flags, seconds)


def warm_up(running, seconds):
    for peer in running.values():
        if isinstance(peer, peers.Tern):
            drive.drive(peer, ("cycle",), seconds)


def measure_loads(loads, running, directory, rounds, seconds):
    """Rows, and what a commit of the disk took in each round."""
    table, commits = [], []
    for number in range(rounds):
        commits.append(disk.measure(directory, COMMITS))
        runs = [run_load(load, running, directory, seconds) for load in loads]
        if all(runs):
            table.append(runs)
        print(f"bench: round {number + 1} of {rounds} done", flush=True)
    rows = [{"load": load.name, "server": load.server, "runs": [runs[i] for runs in table]}
            for i, load in enumerate(loads) if table]
    return rows, commits


def maximum_rate(rows):
    for row in rows:
        if row["load"] == "send":
            return statistics.median(run["messages_per_s"] for run in row["runs"])
    return 0


def measure_rates(peer, maximum, directory, rounds, seconds):
    """Rows like those of loads, and commits; times count from the intended moment of a send."""
    rows = [{"load": f"send at {percent} %", "server": peer.name, "rate": maximum * percent / 100,
             "runs": []} for percent in MAX_FRACTIONS]
    commits = []
    for _ in range(rounds):
        commits.append(disk.measure(directory, COMMITS))
        for row in rows:
            run = drive.drive(peer, ("send", "--rate", f"{row['rate']:.0f}"), seconds)
            if run:
                row["runs"].append(run)
    return rows, commits


def measure_threads(directory, rounds, seconds):
    """What a message costs each thread where the engine has one of its own."""
    rows = []
    with drive.running([peers.TernThreads], directory) as (started, missing):
        for peer in started:
            warm_up({peer.name: peer}, min(WARM_UP_S, seconds))
            for name, flags in (("send", ("send",)), ("cycle", ("cycle",))):
                runs = [drive.drive(peer, flags, seconds) for _ in range(rounds)]
                rows.append({"load": name, "server": peer.name, "runs": [r for r in runs if r]})
    return rows, missing


def remove(directory, name):
    """Makes room on the disk before the next part."""
    shutil.rmtree(pathlib.Path(directory) / name, ignore_errors=True)
