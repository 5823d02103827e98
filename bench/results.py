# SPDX-License-Identifier: MIT
"""From reports of tern bench to figures, and results as JSON in bench/results.

Results are {"format", "kind", "date", "build", "machine", "settings", "figures", ...}; all that
bench/compare needs stands in "figures" (figures.py).
"""
import datetime
import json
import os
import pathlib
import subprocess

import figures
import machine

ROOT = pathlib.Path(__file__).resolve().parent.parent
DIRECTORY = ROOT / "bench" / "results"
FORMAT = 1


def figure(unit, samples, better="lower"):
    return {"unit": unit, "better": better, "samples": list(samples)}


def cpu_us(row):
    return [run["server"]["cpu_us_per_message"] for run in row["runs"]]


def find(rows, load):
    return next((row for row in rows if row["load"] == load), None)


def load_figures(rows):
    """CPU, its ratio to nginx in the same round, speed and times of each load."""
    found = {}
    baseline = find(rows, "return 200")
    for row in rows:
        name = row["load"]
        found[f"{name}: CPU"] = figure("us", cpu_us(row))
        if baseline and row is not baseline:
            found[f"{name}: x nginx"] = figure("x", figures.paired(cpu_us(row), cpu_us(baseline)))
        found[f"{name}: speed"] = figure(
            "messages/s", (run["messages_per_s"] for run in row["runs"]), "higher")
        for part in ("p50", "p99"):
            found[f"{name}: {part}"] = figure(
                "us", (run["operations"]["send"][f"{part}_us"] for run in row["runs"]))
    return found


def commit_us(commits, part="p50_us"):
    """Of each round, past the page cache where the file system allows it."""
    return [one.get("direct", one["cached"])[part] for one in commits]


def rate_figures(rows, commits):
    found = {}
    for row in rows:
        name = row["load"]
        for part in ("p50", "p99", "p999"):
            found[f"{name}: {part}"] = figure(
                "us", (run["operations"]["send"][f"{part}_us"] for run in row["runs"]))
        found[f"{name}: kept"] = figure(
            "of the rate", (run["messages_per_s"] / row["rate"] for run in row["runs"]), "higher")
        found[f"{name}: p99 / commit"] = figure(
            "commits", figures.paired(found[f"{name}: p99"]["samples"], commit_us(commits)))
    found["commit: p50"] = figure("us", commit_us(commits))
    found["commit: p99"] = figure("us", commit_us(commits, "p99_us"))
    return found


def thread_figures(rows):
    """Microseconds a message by thread name; what the engine alone would reach."""
    found = {}
    for row in rows:
        names = sorted({name for run in row["runs"] for name in run["server"]["threads"]})
        for name in names:
            found[f"{row['load']}, thread {name}: CPU"] = figure(
                "us", (run["server"]["threads"].get(name, 0) for run in row["runs"]))
    return found


def security_figures(rows):
    found = {}
    for row in rows:
        found[f"security, {row['what']}: CPU"] = figure("us", row["cpu_us"])
        if row["more_us"]:
            found[f"security, {row['what']}: more"] = figure("us", row["more_us"])
    return found


def build_name():
    """The commit that the working tree stands on; a mark behind it if there are changes."""
    def git(*arguments):
        return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True,
                              check=False).stdout.strip()

    commit = git("rev-parse", "--short=10", "HEAD") or "unknown"
    is_changed = git("status", "--porcelain", "--untracked-files=no")
    return commit + ("-changed" if is_changed else "")


def begin(kind, directory, **settings):
    return {"format": FORMAT, "kind": kind, "date": datetime.date.today().isoformat(),
            "build": build_name(), "machine": machine.describe(directory),
            "load_before": round(os.getloadavg()[0], 2), "settings": settings, "figures": {}}


def path_of(results):
    return DIRECTORY / f"{results['date']}-{results['build']}-{results['kind']}.json"


def shortened(run):
    """Of a report of tern bench: what tables and later questions need, without addresses."""
    kept = {key: run[key] for key in ("elapsed_s", "messages", "messages_per_s", "errors")}
    for action, times in run["operations"].items():
        if times["requests"]:
            kept[action] = {key: times[f"{key}_us"] for key in ("p50", "p99", "p999", "max")}
    server = run["server"]
    return kept | {"client": run["client"], "server": {
        key: server[key] for key in ("cpu_us_per_message", "rss_max_bytes", "threads")}}


def text_of(value, depth=0):
    """JSON with a line for each item of the two outer levels, so that differences can be read."""
    if depth == 2 or not isinstance(value, (dict, list)) or not value:
        return json.dumps(value)
    if isinstance(value, list):
        return "[\n" + ",\n".join(text_of(one, depth + 1) for one in value) + "\n]"
    return "{\n" + ",\n".join(f"{json.dumps(key)}: {text_of(one, depth + 1)}"
                              for key, one in value.items()) + "\n}"


def save(results, path):
    results = dict(results)
    for part in ("loads", "rates", "threads"):
        results[part] = [row | {"runs": [shortened(run) for run in row["runs"]]}
                         for row in results.get(part, [])]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text_of(rounded(results)) + "\n", encoding="utf-8")


def rounded(value):
    """Floats with five digits: more is noise."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return value


def load(path):
    results = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    if results.get("format") != FORMAT:
        raise SystemExit(f"{path} has format {results.get('format')}, not {FORMAT}")
    return results
