# SPDX-License-Identifier: MIT
"""A Celery application on SQS; test_celery.py starts its worker and sends it tasks.

Each task writes a line to the file TERN_RESULTS, which is how the test sees what ran.
"""
import os
import urllib.parse

import celery

endpoint = urllib.parse.urlsplit(os.environ["TERN_ENDPOINT"])
credential = ":".join(urllib.parse.quote(os.environ[name], safe="")
                      for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
app = celery.Celery("tern", broker=f"sqs://{credential}@{endpoint.netloc}//")
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "region": "us-east-1",
        "is_secure": False,
        "queue_name_prefix": os.environ["TERN_PREFIX"],
        "visibility_timeout": 60,
        "wait_time_seconds": 20,
        "predefined_queues": {},
    },
    worker_enable_remote_control=False,
    worker_prefetch_multiplier=4,
    task_acks_late=True,
    task_ignore_result=True,
)


def note(line):
    with open(os.environ["TERN_RESULTS"], "a") as results:
        results.write(line + "\n")


@app.task
def add(a, b):
    note(f"add {a + b}")


@app.task(bind=True, max_retries=3)
def flaky(self, body):
    note(f"flaky {self.request.retries}")
    if self.request.retries < 2:
        raise self.retry(countdown=0)
