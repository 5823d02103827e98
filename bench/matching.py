# SPDX-License-Identifier: MIT
"""What it costs to match events against many rules: Tern's matcher beside AWS's event-ruler and
quamina, on recorded GitHub events.

Rules are like those of the rivals' own benchmarks: two paths, one of them selective. No rule
matches, as most do not on a busy bus. The programs take turns in each round; the rivals' rules are
those that compare texts exactly, which cost them least.
"""
import json
import os
import pathlib
import subprocess

import figures
import machine
import peers
import results

ROOT = pathlib.Path(__file__).resolve().parent.parent
MATCHERS = ROOT / "bench" / "matchers"
EVENTS = (ROOT / "examples" / "tour" / "node_modules" / "@octokit" / "webhooks-examples" /
          "api.github.com" / "index.json")
ACTIONS = ("opened", "created", "closed", "edited", "deleted")
COUNTS = (1000, 10000, 100000)
KINDS = {
    "exact": lambda number: {"repository": {"full_name": [f"owner-{number}/name"]}},
    "prefix": lambda number: {"repository": {"full_name": [{"prefix": f"owner-{number}/"}]}},
    "suffix": lambda number: {"repository": {"full_name": [{"suffix": f"/name-{number}"}]}},
    "wildcard": lambda number: {"repository": {"full_name": [{"wildcard": f"*-{number}/*e"}]}},
    "numeric": lambda number: {"repository": {"id": [{
        "numeric": [">", number * 1000, "<", number * 1000 + 500]}]}},
    "anything-but": lambda number: {"repository": {
        "full_name": [{"anything-but": f"owner-{number}"}], "name": [f"name-{number}"]}},
}


def write_rules(directory, kind, count):
    path = directory / f"{kind}-{count}"
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            rule = {"action": [ACTIONS[number % len(ACTIONS)]]} | KINDS[kind](number)
            file.write(json.dumps(rule, separators=(",", ":")) + "\n")
    return str(path)


def write_events(directory):
    if not EVENTS.exists():
        raise peers.Missing("the events: npm --prefix examples/tour install")
    path = directory / "events"
    path.write_text("".join(
        json.dumps(example, separators=(",", ":"), ensure_ascii=False) + "\n"
        for event in json.loads(EVENTS.read_text(encoding="utf-8"))
        for example in event["examples"]), encoding="utf-8")
    return str(path)


def tern():
    return [str(ROOT / "build" / "bench" / "bench_match")]


def ruler():
    """Maven's output and the copied libraries; built once."""
    output = peers.PEERS / "ruler"
    if not (output / "classes" / "Ruler.class").exists():
        build(["mvn", "-q", "-B", "-f", str(MATCHERS / "ruler" / "pom.xml"), f"-Doutput={output}",
               "compile", "dependency:copy-dependencies", f"-DoutputDirectory={output}/libraries"])
    return [peers.program("java"), "-Xmx2g", "-cp", f"{output}/classes:{output}/libraries/*",
            "Ruler"]


def quamina():
    output = peers.PEERS / "quamina"
    if not output.exists():
        build(["go", "build", "-o", str(output), "."], MATCHERS / "quamina")
    return [str(output)]


def build(command, directory=ROOT):
    peers.program(command[0])
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise peers.Missing(f"{command[0]}: {(done.stdout + done.stderr).strip()[-200:]}")


PROGRAMS = {"Tern": tern, "event-ruler": ruler, "quamina": quamina}


def run(command, events, rules):
    """One result a file of rules."""
    done = subprocess.run([*command, events, *rules], capture_output=True, text=True, check=True,
                          env=os.environ | {"GOMAXPROCS": "1"},
                          preexec_fn=machine.pinned(machine.SERVER))
    return [json.loads(line) for line in done.stdout.splitlines()]


def measure(directory, rounds):
    """Rows of a program and a file of rules, and a reason for each program that is missing."""
    directory.mkdir(parents=True, exist_ok=True)
    rows, missing, commands = {}, {}, {}
    events = write_events(directory)
    exact = [write_rules(directory, "exact", count) for count in COUNTS]
    others = [write_rules(directory, kind, COUNTS[0]) for kind in KINDS if kind != "exact"]
    for name, command in PROGRAMS.items():
        try:
            commands[name] = command()
        except peers.Missing as reason:
            missing[name] = str(reason)
    for _ in range(rounds):
        for name, command in commands.items():
            for found in run(command, events, exact + others * (name == "Tern")):
                row = rows.setdefault((name, found["rules"]), {
                    "program": name, "rules": found["rules"], "runs": []})
                row["runs"].append(found)
    return list(rows.values()), missing


def samples(rows, program, rules, key):
    row = next((row for row in rows if (row["program"], row["rules"]) == (program, rules)), None)
    return [one[key] for one in row["runs"] if key in one] if row else []


def matching_figures(rows):
    found = {}
    for row in rows:
        for name, key, unit, scale in (("match", "text_ns", "us", 1e3),
                                       ("add", "add_ns", "us", 1e3),
                                       ("bytes", "bytes", "bytes", 1)):
            found[f"{row['program']}, {row['rules']}: {name}"] = results.figure(
                unit, (one / scale for one in samples(rows, row["program"], row["rules"], key)))
    for count in COUNTS:
        rules = f"exact-{count}"
        ours = samples(rows, "Tern", rules, "text_ns")
        rivals = [them for them in (samples(rows, name, rules, "text_ns") for name in PROGRAMS
                                    if name != "Tern") if len(them) == len(ours)]
        if rivals:
            best = [min(them) for them in zip(*rivals)]
            found[f"matching, {count} rules / best rival"] = results.figure(
                "x", figures.paired(ours, best))
    found["matching, wildcards / exact"] = results.figure("x", figures.paired(
        samples(rows, "Tern", "wildcard-1000", "text_ns"),
        samples(rows, "Tern", "exact-1000", "text_ns")))
    return found
