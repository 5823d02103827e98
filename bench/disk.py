# SPDX-License-Identifier: MIT
"""The disk by itself: how long it takes to commit a block, and a writer that keeps it busy.

Run as a program it is that writer: disk.py DIRECTORY writes and syncs until it is terminated.
"""
import contextlib
import mmap
import os
import pathlib
import subprocess
import sys
import time

import figures
import machine

BLOCK, FILE_SIZE = 16384, 8 << 20
BUSY_BLOCK = 1 << 20


def written_file(directory):
    """A file whose blocks have been written once: like a recycled segment."""
    path = pathlib.Path(directory) / "commits"
    if not path.exists():
        with open(path, "wb") as file:
            file.write(b"\1" * FILE_SIZE)
            file.flush()
            os.fsync(file.fileno())
    return path


def commit_times(path, count, flags=0):
    """Seconds of each of `count` writes of a block with fdatasync; None if `flags` are refused."""
    block = mmap.mmap(-1, BLOCK)  # aligned, as O_DIRECT needs it
    block.write(b"\2" * BLOCK)
    try:
        file = os.open(path, os.O_WRONLY | flags)
    except OSError:
        return None
    times = []
    try:
        for number in range(count):
            begin = time.perf_counter()
            os.pwrite(file, block, number * BLOCK % FILE_SIZE)
            os.fdatasync(file)
            times.append(time.perf_counter() - begin)
    except OSError:
        return None  # the file system takes O_DIRECT when it opens and refuses it when it writes
    finally:
        os.close(file)
    return times


def measure(directory, count):
    """Microseconds a commit: median and p99, through the page cache and past it."""
    path = written_file(directory)
    result = {}
    for name, flags in (("cached", 0), ("direct", os.O_DIRECT)):
        times = commit_times(path, count, flags)
        if times:
            result[name] = {"p50_us": figures.quantile(times, 0.5) * 1e6,
                            "p99_us": figures.quantile(times, 0.99) * 1e6}
    return result


@contextlib.contextmanager
def busy(directory):
    """Another process writes and syncs on the same disk meanwhile."""
    process = subprocess.Popen([sys.executable, __file__, str(directory)],
                               preexec_fn=machine.pinned(machine.ELSE))
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def main():
    block = b"\3" * BUSY_BLOCK
    with open(pathlib.Path(sys.argv[1]) / "busy", "wb", buffering=0) as file:
        while True:
            for number in range(64):
                os.pwrite(file.fileno(), block, number * BUSY_BLOCK)
                os.fdatasync(file.fileno())


if __name__ == "__main__":
    main()
