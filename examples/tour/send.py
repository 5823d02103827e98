# SPDX-License-Identifier: MIT
"""Sends the 329 GitHub events of @octokit/webhooks-examples to a queue, ten at a time.

    python3 send.py QUEUE [EVENTS.json]

The server and the credentials come from AWS's environment variables, as for every program that
uses boto3.
"""
import itertools
import json
import pathlib
import sys

import boto3

EXAMPLES = "node_modules/@octokit/webhooks-examples/api.github.com/index.json"


def events(path):
    """(name, body) of each event, the body as GitHub would post it."""
    for kind in json.loads(pathlib.Path(path).read_text()):
        for payload in kind["examples"]:
            yield kind["name"], json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def batches(items, size=10):
    items = iter(items)
    while batch := list(itertools.islice(items, size)):
        yield batch


def main(queue, path=pathlib.Path(__file__).parent / EXAMPLES):
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    sent = requests = 0
    for batch in batches(events(path)):
        entries = [{"Id": str(index), "MessageBody": body, "MessageAttributes": {
            "X-GitHub-Event": {"DataType": "String", "StringValue": name}}}
            for index, (name, body) in enumerate(batch)]
        answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        if answer.get("Failed"):
            sys.exit(f"refused: {answer['Failed']}")
        sent += len(answer["Successful"])
        requests += 1
    print(f"sent {sent} events to {queue} in {requests} requests")


if __name__ == "__main__":
    main(*sys.argv[1:])
