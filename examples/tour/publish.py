# SPDX-License-Identifier: MIT
"""Publishes the 329 GitHub events to a topic of SNS, ten at a time.

    python3 publish.py TOPIC [EVENTS.json]

Each message has the event's name as the attribute X-GitHub-Event.
"""
import pathlib
import sys

import boto3

from send import EXAMPLES, batches, events


def main(topic, path=pathlib.Path(__file__).parent / EXAMPLES):
    sns = boto3.client("sns")
    arn = sns.create_topic(Name=topic)["TopicArn"]
    sent = requests = 0
    for batch in batches(events(path)):
        entries = [{"Id": str(index), "Message": body, "MessageAttributes": {
            "X-GitHub-Event": {"DataType": "String", "StringValue": name}}}
            for index, (name, body) in enumerate(batch)]
        answer = sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)
        if answer["Failed"]:
            sys.exit(f"refused: {answer['Failed']}")
        sent += len(answer["Successful"])
        requests += 1
    print(f"published {sent} events to {topic} in {requests} requests")


if __name__ == "__main__":
    main(*sys.argv[1:])
