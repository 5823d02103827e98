# SPDX-License-Identifier: MIT
"""What scale tests measure, and where they say it: pytest -rP shows it, or -s."""
import os
import resource
import sys
import time


def resident_bytes(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def cpu_seconds(server):
    """Of the server's process so far, which does not depend on what else runs on the machine."""
    with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as status:
        fields = status.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def raise_descriptor_limit():
    """As many files as this process may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def tell(text):
    print(text)
    sys.stdout.flush()


class Stopwatch:
    def __enter__(self):
        self.begin = time.monotonic()
        return self

    def __exit__(self, *unused):
        self.seconds = time.monotonic() - self.begin
