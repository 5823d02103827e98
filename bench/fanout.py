# SPDX-License-Identifier: MIT
"""What publishing costs: to 1, 10 and 100 queues, to an HTTP endpoint, and events against rules.

Each load has a new server. The generator sends one prepared request again and again
(`tern bench raw --request`); the endpoint of HTTP deliveries is nginx. Rows are as in loads.py.
"""
import contextlib
import json
import os
import re
import subprocess
import urllib.parse

import brokers
import deliveries
import drive
import peers
import results

QUEUES = (1, 10, 100)
RULES = (10, 100, 300)  # a bus has 300 at most, as on AWS
BROKER_COUNT = 2000
TOPIC = "arn:aws:sns:us-east-1:000000000000:bench"
QUERY = ("--query", "--service", "sns")
EVENTS = ("--service", "events", "--target", "AWSEvents.PutEvents", "--content-type",
          "application/x-amz-json-1.1")


def tern(peer, *arguments):
    subprocess.run([drive.TERN, *arguments, "--endpoint-url", peer.url], check=True,
                   stdout=subprocess.DEVNULL, env=os.environ | {"AWS_REGION": "us-east-1"})


def write(peer, name, text):
    path = peer.directory / name
    path.write_text(text)
    return ("raw", "--request", str(path))


def publish_request(peer, topic=TOPIC):
    return write(peer, topic.rpartition(":")[2], urllib.parse.urlencode(
        {"Action": "Publish", "Version": "2010-03-31", "TopicArn": topic,
         "Message": "x" * drive.BODY_SIZE})) + QUERY


def make_queue(peer, name):
    tern(peer, "queue", "create", name, "--attribute", "SqsManagedSseEnabled=false")


def topic_of_queues(peer, count, *options):
    tern(peer, "topic", "create", "bench")
    for number in range(count):
        make_queue(peer, f"bench{number}")
        tern(peer, "sub", "add", "bench", f"bench{number}", "--grant", *options)
    return publish_request(peer)


def bus_of_rules(peer, count):
    """One rule in ten matches the type, none the detail, but the last, which has a queue."""
    for number in range(count - 1):
        tern(peer, "rule", "put", f"rule{number}", "--pattern", json.dumps(
            {"detail-type": [f"type{number % 10}"], "detail": {"owner": [f"owner{number}"]}}))
    make_queue(peer, "bench")
    tern(peer, "rule", "put", "last", "--pattern", '{"source": ["bench"]}', "--target", "bench",
         "--grant")
    entry = {"Source": "bench", "DetailType": "type1", "Detail": json.dumps(
        {"owner": "nobody", "text": "x" * drive.BODY_SIZE})}
    return write(peer, "events", json.dumps({"Entries": [entry]})) + EVENTS


def kinds():
    """(name of the load, function that prepares a server and gives the generator's flags)."""
    for count in QUEUES:
        yield (f"publish to {count} queues, raw",
               lambda peer, count=count: topic_of_queues(peer, count, "--raw"))
        yield (f"publish to {count} queues, in SNS's JSON",
               lambda peer, count=count: topic_of_queues(peer, count))
    for count in RULES:
        yield (f"put an event, {count} rules",
               lambda peer, count=count: bus_of_rules(peer, count))


def written(peer):
    return drive.counters(peer)["tern_log_bytes_total"]


def measure(directory, rounds, seconds):
    rows = [{"load": "return 200", "server": "nginx", "runs": []}]
    with contextlib.ExitStack() as stack:
        nginx = stack.enter_context(drive.running([peers.Nginx], directory))[0][0]
        prepared = []
        for number, (name, prepare) in enumerate(kinds()):
            peer = peers.Tern(directory / str(number)).start()
            stack.callback(peer.stop)
            prepared.append((peer, prepare(peer)))
            rows.append({"load": name, "server": "Tern", "runs": [], "bytes": []})
        for _ in range(rounds):
            rows[0]["runs"].append(drive.drive(nginx, ("raw",), seconds))
            for row, (peer, flags) in zip(rows[1:], prepared, strict=True):
                before = written(peer)
                run = drive.drive(peer, flags, seconds)
                if run and run["messages"]:
                    row["runs"].append(run)
                    row["bytes"].append((written(peer) - before) / run["messages"])
    return rows


def topic_of_rival(peer, count):
    """Queues of a server that is not Tern, which subscribe raw to a topic of their own."""
    connection = deliveries.connect(peer)
    name = f"bench{count}"
    topic = re.search("<TopicArn>(.*?)</TopicArn>",
                      deliveries.ask(connection, Action="CreateTopic", Name=name))[1]
    for number in range(count):
        queue = f"{name}-{number}"
        deliveries.ask(connection, "sqs", Action="CreateQueue", QueueName=queue)
        deliveries.ask(connection, Action="Subscribe", TopicArn=topic, Protocol="sqs",
                       Endpoint=topic.replace(":sns:", ":sqs:").rpartition(":")[0] + f":{queue}",
                       **deliveries.RAW)
    return publish_request(peer, topic)


def measure_rivals(directory, rounds, seconds):
    """{"server", "queues", "cpu_us"} of each, and a reason for each that is missing."""
    rows = []
    with drive.running([peers.GoAWS, peers.Moto], directory) as (started, missing):
        for peer in started:
            for count in QUEUES:
                try:
                    flags = topic_of_rival(peer, count)
                except peers.Missing as reason:
                    missing[peer.name] = str(reason)
                    break
                runs = [drive.drive(peer, flags, seconds) for _ in range(rounds)]
                rows.append({"server": peer.name, "queues": count, "cpu_us": [
                    run["server"]["cpu_us_per_message"] for run in runs if run]})
    with drive.running([peers.RabbitMQ, peers.Nats], directory) as (started, more):
        missing |= more
        for peer in started:
            try:
                rows += [{"server": peer.name, "queues": count, "cpu_us": [
                    brokers.measure_fanout(peer, count, BROKER_COUNT)]} for count in QUEUES]
            except peers.Missing as reason:
                missing[peer.name] = str(reason)
    return rows, missing


def fanout_figures(rows):
    found = {}
    cpu = {row["load"]: results.cpu_us(row) for row in rows}
    logs = {row["load"]: row["bytes"] for row in rows[1:]}
    for row in rows[1:]:
        name = row["load"]
        found[f"{name}: CPU"] = results.figure("us", cpu[name])
        found[f"{name}: log"] = results.figure("bytes", row["bytes"])
        found[f"{name}: speed"] = results.figure(
            "messages/s", (run["messages_per_s"] for run in row["runs"]), "higher")
    for form in ("raw", "in SNS's JSON"):
        one, many = (f"publish to {count} queues, {form}" for count in (QUEUES[0], QUEUES[-1]))
        found[f"publish, {form}: 100 queues / 1"] = results.figure(
            "x", (b / a for a, b in zip(cpu[one], cpu[many])))
        found[f"publish, {form}: a further queue"] = results.figure(
            "us", ((b - a) / (QUEUES[-1] - 1) for a, b in zip(cpu[one], cpu[many])))
        found[f"publish, {form}: log of a further queue"] = results.figure(
            "bytes", ((b - a) / (QUEUES[-1] - 1) for a, b in zip(logs[one], logs[many])))
    return found
