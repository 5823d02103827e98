# SPDX-License-Identifier: MIT
"""Tables of what bench/run measured, and their place in doc/performance.md."""
import datetime
import os
import pathlib
import platform
import subprocess

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
BATCH = "send, batch of 10"


def table(head, rows):
    """Markdown; columns of numbers stand right."""
    marks = ["---:" if all(str(cell)[:1].isdigit() for cell in column) else "---"
             for column in zip(*rows)] or ["---"] * len(head)
    lines = [head, marks, *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def find(rows, server, load):
    for row in rows:
        if row["server"] == server and row["load"] == load:
            return row
    return None


def ratio(row, rows):
    """Against nginx's CPU for one request that carries one message."""
    baseline = find(rows, "nginx", "send")
    return f"{row['cpu_us'] / baseline['cpu_us']:.2f}" if baseline else "-"


def load_table(rows):
    order = list(dict.fromkeys(row["load"] for row in rows))
    lines = [[row["load"], row["server"], f"{row['messages_per_s']:,.0f}",
              f"{row['cpu_us']:.1f}", ratio(row, rows), f"{row['p50_us'] / 1e3:.1f}",
              f"{row['p99_us'] / 1e3:.1f}", f"{row['rss_max'] / 1e6:.0f}", row["errors"],
              row["durability"]]
             for row in sorted(rows, key=lambda row: order.index(row["load"]))]
    return table(["load", "server", "messages/s", "CPU us a message", "x nginx", "send p50 ms",
                  "send p99 ms", "resident MB", "errors", "durability"], lines)


def broker_table(rows):
    return table(["broker", "sent/s", "CPU us a send", "received/s", "CPU us a receive",
                  "resident MB", "durability"],
                 [[row["server"], f"{row['send_per_s']:,.0f}", f"{row['send_cpu_us']:.0f}",
                   f"{row['receive_per_s']:,.0f}", f"{row['receive_cpu_us']:.0f}",
                   f"{row['rss_max'] / 1e6:.0f}", row["durability"]] for row in rows])


def verdict(value, limit, is_least=False):
    return "met" if (value >= limit if is_least else value <= limit) else "not met"


def throughput_budget(rows, server, least):
    lines = []
    for load in ("send", BATCH, "cycle", "cycle, batch of 10"):
        ours, theirs = find(rows, "Tern", load), find(rows, server, load)
        if not ours or not theirs:
            continue
        times = ours["messages_per_s"] / theirs["messages_per_s"]
        lines.append([f"messages/s against {server}, {load}", f"at least {least} x",
                      f"{times:.1f} x", verdict(times, least, is_least=True), "make bench"])
    return lines


def budget_rows(results):
    rows = results["rows"]
    nginx, send, batch = (find(rows, "nginx", "send"), find(rows, "Tern", "send"),
                          find(rows, "Tern", BATCH))
    send_ratio, batch_ratio = send["cpu_us"] / nginx["cpu_us"], batch["cpu_us"] / nginx["cpu_us"]
    signed = find(rows, "Tern, signatures verified", "send")
    wake = results["wake"]
    lines = [
        ["CPU of a durable SendMessage of 1 KB, signatures not verified", "1.6 x nginx",
         f"{send_ratio:.2f} x", verdict(send_ratio, 1.6), "make bench"],
        *([["the same, signatures verified", "2 x nginx",
            f"{signed['cpu_us'] / nginx['cpu_us']:.2f} x",
            verdict(signed["cpu_us"] / nginx["cpu_us"], 2), "make bench"]] if signed else []),
        ["CPU of a message in a batch of 10 x 1 KB", "0.5 x nginx's request",
         f"{batch_ratio:.2f} x", verdict(batch_ratio, 0.5), "make bench"],
        *throughput_budget(rows, "ElasticMQ", 10),
        *throughput_budget(rows, "GoAWS", 5),
        ["empty start, until requests are served", "50 ms", f"{results['start_ms']:.1f} ms",
         verdict(results["start_ms"], 50), "make bench"],
        ["resident memory, idle", "20 MB", f"{results['idle_rss'] / 1e6:.1f} MB",
         verdict(results["idle_rss"], 20e6), "make bench"],
        ["stripped ternd", "3 MB", f"{results['binary_size'] / 1e6:.2f} MB",
         verdict(results["binary_size"], 3e6), "strip -o copy build/ternd"],
    ]
    names = {"fsync": "send to long poll at p99, the sync included",
             "memory": "send to long poll at p99, without a sync"}
    for mode, times in wake.items():
        p99 = times["delivery_p99_us"] / 1e3
        lines.append([f"{names[mode]} (p50 {times['delivery_p50_us'] / 1e3:.2f} ms)", "2 ms",
                      f"{p99:.2f} ms", verdict(p99, 2), "make bench"])
    return lines


def disk_of(directory):
    done = subprocess.run(["df", "--output=source,fstype", directory], capture_output=True,
                          text=True, check=False)
    return " ".join(done.stdout.splitlines()[-1].split()) if done.stdout else "unknown"


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def noise(rows):
    runs = [value for row in rows if row["server"] == "nginx" and row["load"] == "send"
            for value in row["cpu_us_runs"]]
    return f"{min(runs):.1f} to {max(runs):.1f}" if runs else "-"


def security_table(rows):
    return table(["what", "CPU us a request", "beside", "CPU us more"],
                 [[row["what"], f"{row['cpu_us']:.1f}", row["beside"],
                   "" if row["more_us"] is None else f"{row['more_us']:+.1f}"] for row in rows])


def measured_text(results):
    rows = results["rows"]
    parts = [
        f"Measured on {datetime.date.today().isoformat()}: {os.cpu_count()} cores of "
        f"{processor()}, Linux {platform.release()}, disk {results['disk']}; load average "
        f"{results['load_before']:.1f} before and {results['load_after']:.1f} after. Medians of "
        f"{results['rounds']} runs of {results['seconds']:g} s each, servers in turns; nginx's CPU "
        f"a request was {noise(rows)} us over the runs, which is the noise to keep in mind.",
        "### Budgets", table(["what", "budget", "measured", "", "command"], budget_rows(results)),
        "### SQS servers and nginx", load_table(rows),
        "A cycle's message counts when it is deleted: 0 means that none came that far in time.",
        "### What security costs", security_table(results["security"]),
        "SendMessage of 1 KB, fsync, 64 connections; medians of the differences within a round.",
        "### Brokers, for orientation", broker_table(results["brokers"]),
    ]
    if results["missing"]:
        parts.append("Not measured: " + "; ".join(
            f"{name} ({reason})" for name, reason in results["missing"].items()) + ".")
    return "\n\n".join(parts)


def document_write(path, text):
    """Puts the text between the marks; what stands around them stays."""
    document = path.read_text(encoding="utf-8")
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"bench: {path} lacks the marks {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
