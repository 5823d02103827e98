# SPDX-License-Identifier: MIT
"""The machine that is measured: its description for a report, and which of its cores do what.

The generator never shares a core with the server: its work would be counted as the server's delay,
and on a full core as the server's limit.
"""
import os
import pathlib
import platform
import subprocess

SERVER_CORES_MAX = 2  # a network thread with the engine, and the commit thread


def split_cores(cores):
    """Cores of the server, of the generator, and of all else, as three sorted lists.

    The lists are empty with a single core: then nothing is pinned. All else shares the generator's
    core where there is no third.
    """
    cores = sorted(cores)
    if len(cores) < 2:
        return [], [], []
    generator, rest = cores[:1], cores[1:]
    server = rest[:SERVER_CORES_MAX] if len(rest) > SERVER_CORES_MAX else rest[:1]
    return server, generator, rest[len(server):] or generator


SERVER, GENERATOR, ELSE = split_cores(os.sched_getaffinity(0))


def pinned(cores):
    """For subprocess.Popen(preexec_fn=...): the child and all that it starts stay on the cores."""
    return (lambda: os.sched_setaffinity(0, cores)) if cores else None


def cores_text():
    if not SERVER:
        return "server and generator share the only core"
    names = [",".join(map(str, cores)) for cores in (SERVER, GENERATOR)]
    return f"server on core {names[0]}, generator on core {names[1]}"


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def file_system(directory):
    done = subprocess.run(["df", "--output=fstype", directory], capture_output=True, text=True,
                          check=False)
    return done.stdout.splitlines()[-1].strip() if done.stdout else "unknown"


def describe(directory):
    """Without the machine's name and without paths, so that it may be published."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": processor(), "cores": os.cpu_count(), "memory_gib": round(memory / 2**30, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "file_system": file_system(directory), "server_cores": SERVER,
        "generator_cores": GENERATOR,
    }
