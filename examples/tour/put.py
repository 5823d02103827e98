# SPDX-License-Identifier: MIT
"""Puts the 329 GitHub events on an event bus, ten at a time.

    python3 put.py BUS [EVENTS.json]

The detail-type is the event's name, the detail what GitHub would post.
"""
import pathlib
import sys

import boto3

from send import EXAMPLES, batches, events


def main(bus, path=pathlib.Path(__file__).parent / EXAMPLES):
    client = boto3.client("events")
    put = requests = 0
    for batch in batches(events(path)):
        answer = client.put_events(Entries=[
            {"EventBusName": bus, "Source": "github", "DetailType": name, "Detail": body}
            for name, body in batch])
        if answer["FailedEntryCount"]:
            sys.exit(f"refused: {answer['Entries']}")
        put += len(answer["Entries"])
        requests += 1
    print(f"put {put} events on {bus} in {requests} requests")


if __name__ == "__main__":
    main(*sys.argv[1:])
