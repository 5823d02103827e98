# SPDX-License-Identifier: MIT
"""Minutes of load while a backlog grows: does an operation cost what it cost in the beginning?

One generator sends, receives and deletes as fast as answers come, in windows of some seconds; a
second one meanwhile sends messages at a fixed rate that nobody receives. They lie between the
deleted ones, so segments stay pinned by a few messages, compaction relocates them, and checkpoints
are written. Before that, the same windows run without the second generator. nginx is measured
between the windows, so that a slower hour of the machine can be told from a slower server.
"""
import statistics
import time

import drive
import peers
import results

WINDOW_S, NGINX_S, NGINX_EACH = 10, 1, 6
BEFORE_WINDOWS, WARM_UP_S = 6, 20
BACKLOG_RATE = 2000  # messages/s
COUNTERS = ("tern_log_checkpoints_total", "tern_log_compacted_segments_total",
            "tern_log_recycled_segments_total", "tern_log_bytes_total")
GAUGES = ("tern_log_segments", "tern_log_disk_bytes", "tern_log_live_bytes",
          "process_resident_memory_bytes", "tern_messages_in_memory")


def row_of(run, rate, begin_s, before, after):
    """A window: CPU of a request of either generator, times of the first one, what the log did."""
    requests = run["requests"] + rate * run["elapsed_s"]
    row = {"at_s": round(begin_s, 1), "cpu_us": run["server"]["cpu_s"] / requests * 1e6,
           "cycles_per_s": run["messages_per_s"], "errors": run["errors"],
           "p50_us": run["operations"]["send"]["p50_us"],
           "p99_us": run["operations"]["send"]["p99_us"],
           "p999_us": run["operations"]["send"]["p999_us"]}
    row |= {name: after[name] - before[name] for name in COUNTERS}
    return row | {name: after[name] for name in GAUGES}


def window(tern, rate, begin, seconds):
    before = drive.counters(tern)
    run = drive.drive(tern, ("cycle", "--queue", "work", "--keep-queue"), seconds, warmup=0)
    after = drive.counters(tern)
    return row_of(run, rate, time.monotonic() - begin, before, after) if run else None


def measure(directory, minutes, window_s=WINDOW_S):
    """Rows before and during, and nginx's CPU a request between them."""
    found = {"before": [], "during": [], "nginx_us": [], "backlog_rate": BACKLOG_RATE}
    with drive.running([peers.Nginx, peers.Tern], directory) as (started, missing):
        if missing:
            raise peers.Missing("; ".join(missing.values()))
        nginx, tern = started
        drive.drive(tern, ("cycle",), min(WARM_UP_S, 2 * window_s))
        begin = time.monotonic()
        for _ in range(BEFORE_WINDOWS):
            found["before"].append(window(tern, 0, begin, window_s))
        seconds = minutes * 60
        backlog = drive.begin(
            tern, ("send", "--queue", "backlog", "--keep-queue", "--rate", str(BACKLOG_RATE)),
            seconds + 3600, warmup=0)
        try:
            begin = time.monotonic()
            while time.monotonic() - begin < seconds and backlog.poll() is None:
                if len(found["during"]) % NGINX_EACH == 0:
                    raw = drive.drive(nginx, ("raw",), NGINX_S)
                    found["nginx_us"].append(raw["server"]["cpu_us_per_message"])
                found["during"].append(window(tern, BACKLOG_RATE, begin, window_s))
        finally:
            backlog.terminate()
            backlog.communicate()
        found["backlog"] = drive.counters(tern)["tern_log_records_total"]
    for part in ("before", "during"):
        found[part] = [row for row in found[part] if row]
    return found


def steady_figures(found):
    """Windows are the samples. The cost during is taken from the second half, when it has settled.
    """
    before = [row["cpu_us"] for row in found["before"]]
    late = found["during"][len(found["during"]) // 2:]
    middle = statistics.median(before)
    return {
        "steady, before: CPU": results.figure("us", before),
        "steady, during: CPU": results.figure("us", (row["cpu_us"] for row in late)),
        "steady: x before": results.figure("x", (row["cpu_us"] / middle for row in late)),
        "steady, before: p99": results.figure("us", (row["p99_us"] for row in found["before"])),
        "steady, during: p99": results.figure("us", (row["p99_us"] for row in late)),
        "steady, nginx: CPU": results.figure("us", found["nginx_us"]),
    }
