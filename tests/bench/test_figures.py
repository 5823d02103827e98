# SPDX-License-Identifier: MIT
"""What bench/ computes, without measuring: quantiles, noise, comparisons, estimates, budgets."""
import json
import pathlib
import random
import subprocess
import sys

import pytest

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))

import budgets  # noqa: E402
import figures  # noqa: E402
import loads  # noqa: E402
import machine  # noqa: E402
import report  # noqa: E402
import results  # noqa: E402


def lower(samples, unit="us"):
    return results.figure(unit, samples)


@pytest.mark.parametrize("fraction, value", [(0, 1), (0.5, 50), (0.501, 51), (0.99, 99), (1, 100)])
def test_a_quantile_is_a_value_that_was_measured(fraction, value):
    values = list(range(1, 101))
    random.Random(1).shuffle(values)
    assert figures.quantile(values, fraction) == value


def test_spread_is_half_the_quartiles_distance_of_the_median():
    assert figures.spread([8, 9, 10, 11, 12]) == pytest.approx(0.1)
    assert figures.spread([10]) == 0
    # One round that was disturbed does not count as noise.
    assert figures.spread([10, 10, 10, 10, 100]) == 0


def test_paired_ratios_cancel_a_slow_round():
    nginx, tern = [10, 10, 30, 10, 10], [13, 13, 39, 13, 13]
    assert figures.paired(tern, nginx) == pytest.approx([1.3] * 5)


@pytest.mark.parametrize("first, second, probability", [
    ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10], 2 / 252),
    ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], 1),
    ([5, 5, 5], [5, 5, 5], 1),
    ([1, 2, 3], [4, 5, 6], 2 / 20),
])
def test_probability_of_ranks_is_exact(first, second, probability):
    assert figures.difference_probability(first, second) == pytest.approx(probability)
    assert figures.difference_probability(second, first) == pytest.approx(probability)


@pytest.mark.parametrize("old, new, better, verdict", [
    ([10, 10.1, 10.2, 9.9, 10], [8, 8.1, 8.2, 7.9, 8], "lower", "better"),
    ([10, 10.1, 10.2, 9.9, 10], [8, 8.1, 8.2, 7.9, 8], "higher", "worse"),
    ([8, 8.1, 8.2, 7.9, 8], [10, 10.1, 10.2, 9.9, 10], "lower", "worse"),
    # A difference that disappears in the noise, one too small to matter, too few rounds.
    ([10, 14, 9, 12, 11], [9, 13, 8, 14, 10], "lower", "same"),
    ([100, 100.1, 100.2, 100.3, 100.4], [101, 101.1, 101.2, 101.3, 101.4], "lower", "same"),
    ([10, 10, 10, 10], [5, 5, 5, 5], "lower", "too few rounds"),
])
def test_verdicts(old, new, better, verdict):
    row = figures.compare(results.figure("us", old, better), results.figure("us", new, better))
    assert row["verdict"] == verdict


def test_equal_builds_are_seldom_called_different():
    chance = random.Random(7)
    different = 0
    for _ in range(300):
        old, new = ([chance.gauss(10, 1) for _ in range(5)] for _ in range(2))
        different += figures.compare(lower(old), lower(new))["verdict"] != "same"
    assert different < 300 * 0.08


def test_saturation_is_limited_by_cores_and_then_by_the_thread_that_does_not_divide():
    costs = {"net": 12, "engine": 2, "commit": 4}
    speed, limit = figures.saturation(costs, 1)
    assert (round(speed), limit) == (55556, "cores")
    assert figures.saturation(costs, 4)[0] == pytest.approx(4 * speed)
    assert figures.saturation(costs, 5) == (250000, "commit")
    assert figures.saturation({"net": 12, "engine": 2}, 64) == (500000, "engine")


@pytest.mark.parametrize("better, limit, met", [
    ("lower", 1.3, True), ("lower", 1.29, False), ("higher", 1.3, True), ("higher", 1.31, False)])
def test_a_budget_is_the_most_or_the_least(better, limit, met):
    assert figures.is_met(results.figure("x", [1.1, 1.3, 9], better), limit) == met


@pytest.mark.parametrize("cores, expected", [
    ({0}, ([], [], [])),
    ({0, 1}, ([1], [0], [0])),
    ({2, 5, 7}, ([5], [2], [7])),
    (set(range(8)), ([1, 2], [0], [3, 4, 5, 6, 7])),
])
def test_the_generator_never_shares_a_core_with_the_server(cores, expected):
    assert machine.split_cores(cores) == expected


def run(cpu_us, speed=1000.0):
    times = {"requests": 1, "p50_us": 100.0, "p99_us": 300.0, "p999_us": 400.0, "max_us": 500.0}
    return {"elapsed_s": 1.0, "messages": 1000, "messages_per_s": speed, "errors": 0,
            "endpoint": "http://127.0.0.1:1", "operations": {"send": times},
            "client": {"cpu_us_per_message": 7.0, "busy": 0.5},
            "server": {"cpu_us_per_message": cpu_us, "rss_max_bytes": 1e7,
                       "threads": {"net": cpu_us}}}


def sample_results():
    rows = [{"load": "return 200", "server": "nginx", "runs": [run(10.0), run(20.0)]},
            {"load": "send", "server": "Tern", "runs": [run(13.0), run(26.0)]}]
    rates = [{"load": "send at 50 %", "server": "Tern", "rate": 2000.0, "runs": [run(15.0)] * 2}]
    commits = [{"cached": {"p50_us": 200.0, "p99_us": 300.0}},
               {"cached": {"p50_us": 9.0, "p99_us": 9.0},
                "direct": {"p50_us": 100.0, "p99_us": 150.0}}]
    return rows, rates, commits


def test_figures_of_loads_and_rates():
    rows, rates, commits = sample_results()
    found = results.load_figures(rows) | results.rate_figures(rates, commits)
    assert found["send: x nginx"]["samples"] == [1.3, 1.3]
    assert found["send: speed"]["better"] == "higher"
    assert "return 200: x nginx" not in found
    assert found["send at 50 %: kept"]["samples"] == [0.5, 0.5]
    # In commits of the disk past the page cache, where there are some.
    assert found["send at 50 %: p99 / commit"]["samples"] == [1.5, 3]


def test_every_budget_of_the_main_run_names_a_figure():
    rows, rates, commits = sample_results()
    names = [f"{load}: x nginx" for load in (
        "send", "send, 256 connections", "send, fresh segments", "send, busy disk",
        "send, signed", "send, batch of 10", "cycle", "cycle, batch of 10")]
    known = set(names) | set(results.rate_figures(rates, commits)) | {
        "wake, fsync: p99", "wake, memory: p99", "start", "idle memory", "binary"}
    assert {name for name, _, _ in budgets.MAIN} <= known
    assert {name.partition(":")[0] for name in names} <= {load.name for load in loads.LOADS}


def test_a_missing_figure_is_said_and_not_taken_as_met():
    table = report.budget_table([("send: x nginx", 1.3, "a send")], {}, "make bench")
    assert "not measured" in table
    table = report.budget_table([("send: x nginx", 1.3, "a send")],
                                {"send: x nginx": lower([1.4, 1.5, 1.6], "x")}, "make bench")
    assert "1.50 x" in table and "not met" in table


def test_saved_results_keep_figures_and_no_address(tmp_path):
    rows, rates, commits = sample_results()
    found = {"format": results.FORMAT, "loads": rows, "rates": rates, "commits": commits,
             "figures": results.load_figures(rows), "machine": {}}
    results.save(found, tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text()
    assert "127.0.0.1" not in text
    assert results.load(tmp_path / "a.json")["figures"] == found["figures"]
    assert max(map(len, text.splitlines())) > 100 > len(text.splitlines())
    (tmp_path / "b.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(SystemExit, match="format 99"):
        results.load(tmp_path / "b.json")


def compare(*arguments):
    return subprocess.run([BENCH / "compare", *arguments], capture_output=True, text=True,
                          check=False)


def test_compare_shows_ratios_and_fails_when_something_is_worse(tmp_path):
    def write(name, send, speed, kernel="6.1"):
        found = {"format": results.FORMAT, "date": "2026-01-01", "build": name,
                 "machine": {"kernel": kernel}, "figures": {
                     "send: CPU": lower(send), "only here " + name: lower([1]),
                     "send: speed": results.figure("messages/s", speed, "higher")}}
        results.save(found, tmp_path / name)
        return tmp_path / name

    old = write("old", [10, 10.1, 10.2, 10.3, 10.4], [100, 101, 102, 103, 104])
    new = write("new", [12, 12.1, 12.2, 12.3, 12.4], [120, 121, 122, 123, 124], "6.2")
    done = compare(old, new)
    assert done.returncode == 1
    assert "| send: CPU | us | 10.2 | 12.2 | 1.196 | 1.0 % | worse |" in done.stdout
    assert "| send: speed | messages/s | 102 | 122 | 1.196 | 1.0 % | better |" in done.stdout
    assert "the machines differ in kernel: 6.1 and 6.2" in done.stdout
    assert "only here" not in done.stdout
    done = compare(old, new, "speed")
    assert done.returncode == 0
    assert "send: CPU" not in done.stdout
    assert compare(old, old).returncode == 0
    assert "no figure in common" in compare(old, new, "nothing").stderr


def test_the_document_keeps_what_stands_around_the_marks(tmp_path):
    document = tmp_path / "page.md"
    document.write_text("a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n")
    report.document_write(document, "x", "new")
    assert document.read_text() == "a\n<!-- x: begin -->\n\nnew\n\n<!-- x: end -->\nb\n"
    with pytest.raises(SystemExit, match="lacks the marks"):
        report.document_write(document, "y", "new")
