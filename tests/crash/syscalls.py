# SPDX-License-Identifier: MIT
"""Reads what strace -f -y wrote: which system calls began and ended, in which order.

A call that another thread's interrupts is written in two lines, "unfinished" and "resumed"; so
every call has the place where it began and the place where it ended, and the order of two calls is
known whenever it matters: one ended before the other began.
"""
import dataclasses
import re
import subprocess

from ternd import Server, eventually

TRACED = "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fdatasync,fsync,sync_file_range"
START = re.compile(r"^(\d+) +(\w+)\((.*)$", re.S)
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$", re.S)
RESULT = re.compile(r"\) += (-?\d+)")
FILE = re.compile(r"^\d+<([^>]*)>")


@dataclasses.dataclass
class Call:
    name: str
    text: str  # arguments as strace shows them
    begin: int
    end: int = -1
    result: int = -1

    @property
    def file(self):
        found = FILE.match(self.text)
        return found.group(1) if found else ""


def parse(lines):
    """The calls of all threads, by the order in which they began."""
    calls, open_calls = [], {}
    for place, line in enumerate(lines):
        resumed = RESUMED.match(line)
        if resumed:
            call = open_calls.pop((resumed.group(1), resumed.group(2)), None)
            if call is None:
                continue
            call.text += resumed.group(3)
        else:
            started = START.match(line)
            if not started:
                continue
            call = Call(started.group(2), started.group(3), place)
            calls.append(call)
            if call.text.endswith("<unfinished ...>"):
                open_calls[(started.group(1), call.name)] = call
                continue
        result = RESULT.search(call.text)
        call.end = place
        call.result = int(result.group(1)) if result else -1
    return calls


def is_log(call):
    return re.search(r"/log(-\d+)?/segment-", call.file) is not None


def is_socket(call):
    return call.file.startswith(("TCP", "socket", "UNIX"))


def complaint(calls, stored, answered):
    """Why the answer with the text `answered` left too early for the bytes `stored`; None if not.

    It must begin after the end of a sync of the file, which began after the end of the write; or
    after the end of the write, if that syncs what it writes (RWF_DSYNC).
    """
    writes = [call for call in calls
              if is_log(call) and "write" in call.name and stored in call.text]
    if not writes:
        return "the message was never written to the log"
    answers = [call for call in calls if is_socket(call) and answered in call.text]
    if not answers:
        return "the answer was never written to its socket"
    written, answer = writes[0], answers[0]
    syncs = [call for call in calls
             if call.name in ("fdatasync", "fsync") and call.file == written.file
             and call.result == 0 and call.begin > written.end]
    if "RWF_DSYNC" in written.text and written.result > 0:
        syncs.append(written)
    if not syncs:
        return "no sync followed the write"
    if min(call.end for call in syncs) > answer.begin:
        return "the answer left before the sync had ended"
    return None


class Traced(Server):
    """A ternd under strace, which is its child: signals reach the server itself."""

    def command(self):
        self.trace_file = self.directory / "trace"
        return ["strace", "-D", "-f", "-y", "-s", "200000", "-e", f"trace={TRACED}",
                "-o", str(self.trace_file), *super().command()]

    def calls(self):
        """All of them, once the server has been stopped."""
        def ended():
            lines = self.trace_file.read_text(errors="replace").splitlines()
            return lines if any(" +++ exited with 0 +++" in line for line in lines[-3:]) else None
        return parse(eventually(ended, 20, "strace ends"))


def can_trace():
    return subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], check=False,
                          capture_output=True).returncode == 0
