# SPDX-License-Identifier: MIT
"""Workers of task queues: started for one test, fed by their own client, stopped in order."""
import signal
import subprocess

from outside import HERE, outside_environment, run_outside
from ternd import eventually

STOP_S = 60
WORK_S = 60


class Worker:
    """`command` runs beside this file; `module` has the tasks, which write lines to a file."""

    def __init__(self, server, directory, python, module, command, **changes):
        self.server, self.python, self.module = server, python, module
        self.results = directory / "results"
        self.log = directory / "worker"
        self.changes = changes | {"TERN_RESULTS": str(self.results)}
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], cwd=HERE, stdout=log, stderr=log,
                env=outside_environment(server, **self.changes))

    def lines(self):
        return self.results.read_text().splitlines() if self.results.exists() else []

    def call(self, statement):
        run_outside(self.server, self.python, "-c", f"from {self.module} import *; {statement}",
                    **self.changes)

    def wait_for(self, lines):
        eventually(lambda: self.process.poll() is not None or len(self.lines()) >= len(lines),
                   WORK_S, f"the worker's work; its log is in {self.log}")
        assert sorted(self.lines()) == sorted(lines), self.log.read_text()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the worker did not end:\n{self.log.read_text()}") from None
        assert status == 0, self.log.read_text()


def depths(server, queue):
    """Messages visible, in flight and delayed."""
    sqs = server.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return [int(found["ApproximateNumberOfMessages" + kind])
            for kind in ("", "NotVisible", "Delayed")]
