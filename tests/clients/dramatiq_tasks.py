# SPDX-License-Identifier: MIT
"""Dramatiq on SQS: actors that write a line to the file TERN_RESULTS, for test_dramatiq.py."""
import os

import dramatiq
import dramatiq.middleware
import dramatiq_sqs

broker = dramatiq_sqs.SQSBroker(
    namespace=os.environ["TERN_PREFIX"], dead_letter=True, tags={"team": "tern"},
    middleware=[dramatiq.middleware.Retries(min_backoff=1, max_backoff=1, max_retries=2)],
    endpoint_url=os.environ["TERN_ENDPOINT"])
dramatiq.set_broker(broker)


def note(line):
    with open(os.environ["TERN_RESULTS"], "a") as results:
        results.write(line + "\n")


@dramatiq.actor
def add(a, b):
    note(f"add {a + b}")


@dramatiq.actor
def fail():
    note("fail")
    raise ValueError("refused on purpose")
