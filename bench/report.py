# SPDX-License-Identifier: MIT
"""Tables of results, and their place in doc/performance.md."""
import statistics

import budgets
import figures
import machine

CORE_COUNTS = (1, 2, 4, 8, 16, 32)
NAME = {"us": "us", "x": "x", "commits": "x", "messages/s": "messages/s"}


def table(head, rows):
    """Markdown; columns of numbers stand right."""
    marks = ["---:" if all(str(cell)[:1].isdigit() for cell in column) else "---"
             for column in zip(*rows)] or ["---"] * len(head)
    lines = [head, marks, *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def median(row, *path):
    def value(run):
        for key in path:
            run = run[key]
        return run

    return statistics.median(value(run) for run in row["runs"])


def middle(found, name):
    figure = found.get(name)
    return statistics.median(figure["samples"]) if figure and figure["samples"] else None


def show(value, digits=1):
    return "-" if value is None else f"{round(value, digits) + 0.0:,.{digits}f}"  # no -0.0


def budget_table(rows, found, command):
    lines = []
    for name, limit, title in rows:
        figure = found.get(name)
        if not figure or not figure["samples"]:
            lines.append([title, limit, "not measured", "", command])
            continue
        value, unit = statistics.median(figure["samples"]), NAME.get(figure["unit"], figure["unit"])
        least = "at least " if figure["better"] == "higher" else ""
        lines.append([title, f"{least}{limit:.3g} {unit}",
                      f"{value:.{0 if value >= 100 else 2}f} {unit} "
                      f"(± {figures.spread(figure['samples']) * 100:.0f} %)",
                      "met" if figures.is_met(figure, limit) else "not met", command])
    return table(["what", "budget", "measured", "", "command"], lines)


def load_table(rows, found):
    lines = []
    for row in rows:
        name = row["load"]
        lines.append([
            name, row["server"], show(median(row, "messages_per_s"), 0),
            show(middle(found, f"{name}: CPU")), show(middle(found, f"{name}: x nginx"), 2),
            show(median(row, "operations", "send", "p50_us") / 1e3, 2),
            show(median(row, "operations", "send", "p99_us") / 1e3, 2),
            show(max(run["server"]["rss_max_bytes"] for run in row["runs"]) / 1e6, 0),
            show(median(row, "client", "cpu_us_per_message")),
            f"{median(row, 'client', 'busy') * 100:.0f} %",
            sum(run["errors"] for run in row["runs"])])
    return table(["load", "server", "messages/s", "CPU us a message", "x nginx", "send p50 ms",
                  "send p99 ms", "resident MB", "generator us", "generator busy", "errors"], lines)


def rate_table(rows, found):
    lines = []
    for row in rows:
        name = row["load"]
        lines.append([name, show(row["rate"], 0), f"{middle(found, f'{name}: kept') * 100:.1f} %",
                      *(show(middle(found, f"{name}: {part}") / 1e3, 2)
                        for part in ("p50", "p99", "p999")),
                      show(middle(found, f"{name}: p99 / commit"), 2),
                      show(median(row, "server", "cpu_us_per_message"))])
    return table(["load", "messages/s", "kept", "p50 ms", "p99 ms", "p99.9 ms", "p99 in commits",
                  "CPU us"], lines)


def thread_costs(rows, load):
    """Median microseconds a message by thread, without threads that had nothing to do."""
    row = next((row for row in rows if row["load"] == load and row["runs"]), None)
    names = {name for run in row["runs"] for name in run["server"]["threads"]} if row else ()
    costs = {name: statistics.median(run["server"]["threads"].get(name, 0) for run in row["runs"])
             for name in sorted(names)}
    return {name: cost for name, cost in costs.items() if cost >= 0.01}


def thread_table(rows):
    lines = []
    for load in ("send", "cycle"):
        costs = thread_costs(rows, load)
        if not costs:
            continue
        shares = ", ".join(f"{name} {cost:.2f}" for name, cost in
                           sorted(costs.items(), key=lambda item: -item[1]))
        estimates = [figures.saturation(costs, cores) for cores in CORE_COUNTS]
        lines.append([load, shares, *(f"{speed:,.0f}" + ("" if limit == "cores" else f" ({limit})")
                                      for speed, limit in estimates)])
    return table(["load", "CPU us a message", *(f"at {cores}" for cores in CORE_COUNTS)], lines)


def security_table(rows):
    return table(["what", "CPU us a request", "beside", "CPU us more"],
                 [[row["what"], show(statistics.median(row["cpu_us"])), row["beside"],
                   f"{statistics.median(row['more_us']):+.1f}" if row["more_us"] else ""]
                  for row in rows])


def commit_text(found):
    p50, p99 = middle(found, "commit: p50"), middle(found, "commit: p99")
    return (f"A commit of the disk by itself (16 KB written and synced, beside each round) took "
            f"{p50:,.0f} us in the median and {p99:,.0f} us at p99.")


def head(results):
    place, settings = results["machine"], results["settings"]
    return (f"Measured on {results['date']}, build {results['build']}: {place['cores']} cores of "
            f"{place['processor']}, {place['memory_gib']} GiB, {place['kernel']}, "
            f"{place['file_system']}; {machine.cores_text()}; load average "
            f"{results['load_before']:.1f} before and {results['load_after']:.1f} after. "
            f"{settings['text']}")


def missing_text(results):
    missing = results.get("missing")
    return "Not measured: " + "; ".join(
        f"{name} ({reason})" for name, reason in missing.items()) + "." if missing else ""


def main_text(results):
    found = results["figures"]
    parts = [
        head(results),
        "### Budgets", budget_table(budgets.MAIN, found, "make bench"),
        "### Loads", load_table(results["loads"], found),
        "### Latency at fixed rates", rate_table(results["rates"], found), commit_text(found),
        "### Threads, and an estimate of messages/s for more cores",
        thread_table(results["threads"]),
        "### What security costs", security_table(results["security"]),
        missing_text(results),
    ]
    return "\n\n".join(part for part in parts if part)


def steady_text(results):
    rows = results["steady"]["before"] + results["steady"]["during"]
    count = len(results["steady"]["before"])
    lines = [["before" if i < count else f"{row['at_s']:.0f} s", show(row["cpu_us"]),
              show(row["cycles_per_s"], 0), show(row["p50_us"] / 1e3, 2),
              show(row["p99_us"] / 1e3, 2), show(row["p999_us"] / 1e3, 2),
              show(row["tern_log_disk_bytes"] / 1e6, 0), show(row["tern_log_live_bytes"] / 1e6, 0),
              show(row["tern_log_recycled_segments_total"], 0),
              show(row["tern_log_compacted_segments_total"], 0),
              show(row["tern_log_checkpoints_total"], 0),
              show(row["process_resident_memory_bytes"] / 1e6, 0)] for i, row in enumerate(rows)]
    step = max(1, len(rows) // 20)
    return "\n\n".join([
        head(results), budget_table(budgets.STEADY, results["figures"], "make bench-steady"),
        table(["window", "CPU us a request", "cycles/s", "send p50 ms", "p99 ms", "p99.9 ms",
               "log MB", "live MB", "recycled", "compacted", "checkpoints", "resident MB"],
              lines[::step])])


def rival_table(results):
    found = {}
    for row in results["rivals"]:
        if any(row["cpu_us"]):  # otherwise it answered nothing in time
            found.setdefault(row["server"], {})[row["queues"]] = statistics.median(row["cpu_us"])
    rows = []
    for server, costs in ({"Tern": {
            count: middle(results["figures"], f"publish to {count} queues, raw: CPU")
            for count in (1, 10, 100)}} | found).items():
        counts = sorted(costs)
        rows.append([server, *(show(costs.get(count)) for count in (1, 10, 100)), show(
            (costs[counts[-1]] - costs[counts[0]]) / (counts[-1] - counts[0]), 2)
            if len(counts) > 1 else "-"])
    return table(["server", "CPU us to 1 queue", "to 10", "to 100", "a further queue"], rows)


def fanout_text(results):
    found = results["figures"]
    rows = [[row["load"], show(middle(found, f"{row['load']}: CPU")),
             show(middle(found, f"{row['load']}: speed"), 0),
             show(middle(found, f"{row['load']}: log"), 0)] for row in results["loads"][1:]]
    return "\n\n".join([
        head(results), budget_table(budgets.FANOUT, found, "make bench-fanout"),
        table(["load", "CPU us a request", "requests/s", "bytes of the log"], rows),
        "### Beside others, raw", rival_table(results), missing_text(results)])


def deliveries_text(results):
    found = results["figures"]
    rows = [[row["what"], show(statistics.median(row["us"]))] for row in results["deliveries"]]
    return "\n\n".join([
        head(results), budget_table(budgets.DELIVERIES, found, "make bench-deliveries"),
        table(["delivery of 1 KB", "CPU us"], rows),
        f"From the publish to the arrival at one of 100 endpoints: p99 "
        f"{show(middle(found, 'delivery, p99'))} ms; while ten of them hang "
        f"{show(middle(found, 'delivery, p99 while others hang'))} ms at the others."])


def matching_text(results):
    found = results["figures"]
    rows = []
    for row in results["matching"]:
        name = f"{row['program']}, {row['rules']}"
        problem = next((one["problem"] for one in row["runs"] if "problem" in one), "")
        rows.append([row["rules"], row["program"],
                     show(middle(found, f"{name}: match"), 2),
                     show(middle(found, f"{name}: add"), 2),
                     show(middle(found, f"{name}: bytes"), 0), problem])
    return "\n\n".join(part for part in [
        head(results), budget_table(budgets.MATCHING, found, "make bench-match"),
        table(["rules", "matcher", "CPU us an event", "us to add a rule", "bytes a rule", ""],
              sorted(rows)),
        missing_text(results)] if part)


def broker_table(rows):
    return table(["broker", "sent/s", "CPU us a send", "received/s", "CPU us a receive",
                  "resident MB", "durability"],
                 [[row["server"], f"{row['send_per_s']:,.0f}", f"{row['send_cpu_us']:.0f}",
                   f"{row['receive_per_s']:,.0f}", f"{row['receive_cpu_us']:.0f}",
                   f"{row['rss_max'] / 1e6:.0f}", row["durability"]] for row in rows])


def peer_table(rows):
    return table(["load", "server", "messages/s", "CPU us a message", "send p50 ms", "send p99 ms",
                  "resident MB", "errors", "durability"], [
        [row["load"], row["server"], show(median(row, "messages_per_s"), 0),
         show(median(row, "server", "cpu_us_per_message")),
         show(median(row, "operations", "send", "p50_us") / 1e3, 2),
         show(median(row, "operations", "send", "p99_us") / 1e3, 2),
         show(max(run["server"]["rss_max_bytes"] for run in row["runs"]) / 1e6, 0),
         sum(run["errors"] for run in row["runs"]), row["durability"]] for row in rows])


def peers_text(results):
    parts = [
        head(results),
        budget_table(budgets.PEERS, results["figures"], "make bench-peers"),
        "### SQS servers", peer_table(results["loads"]),
        "A cycle's message counts when it is deleted: 0 means that none came that far in time.",
        "### Brokers, for orientation", broker_table(results["brokers"]),
        missing_text(results),
    ]
    return "\n\n".join(part for part in parts if part)


def document_write(path, name, text):
    """Puts the text between the marks of that name; what stands around them stays."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    document = path.read_text(encoding="utf-8")
    before, found_begin, rest = document.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise SystemExit(f"bench: {path.name} lacks the marks {begin} and {end}")
    path.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")
