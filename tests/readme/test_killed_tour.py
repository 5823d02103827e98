# SPDX-License-Identifier: MIT
"""The tour's topic, with a server that is killed while an HTTP subscriber refuses messages."""
import os
import re
import subprocess
import sys

from ternd import ROOT, Server, eventually

TOUR = ROOT / "examples" / "tour"
FILTERS = {
    "releases": ({"FilterPolicy": '{"X-GitHub-Event": ["release"]}'}, 13),
    "opened": ({"FilterPolicy": '{"action": ["opened"]}', "FilterPolicyScope": "MessageBody"}, 8),
    "bots": ({"FilterPolicy": '{"sender": {"type": ["Bot"]}}', "FilterPolicyScope": "MessageBody"},
             3)}
RETRIES = ('{"healthyRetryPolicy": {"minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": 50}}')
ALLOW = ('{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": '
         '"sqs:SendMessage", "Principal": {"Service": "sns.amazonaws.com"}}]}')


def program(server, name, *arguments, **options):
    keys = {"AWS_ENDPOINT_URL": server.url, "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return subprocess.Popen([sys.executable, TOUR / name, *arguments], env=os.environ | keys,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def subscribe(server, topic, port):
    sqs, sns = server.client("sqs"), server.client("sns")
    for name, (attributes, _) in FILTERS.items():
        url = sqs.create_queue(QueueName=name, Attributes={"Policy": ALLOW})["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        sns.subscribe(TopicArn=topic, Protocol="sqs", Attributes=attributes,
                      Endpoint=arn["Attributes"]["QueueArn"])
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"http://127.0.0.1:{port}/",
                  Attributes={"DeliveryPolicy": RETRIES})
    eventually(lambda: sns.get_topic_attributes(TopicArn=topic)["Attributes"][
        "SubscriptionsPending"] == "0", what="the endpoint confirms")


def counts(server):
    sqs = server.client("sqs")
    return {name: int(sqs.get_queue_attributes(
        QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"],
        AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"]) for name in FILTERS}


def attempts(server):
    found = re.search(r"^tern_delivery_requests_total (\d+)$", server.metrics_text(), re.M)
    return int(found[1]) if found else 0


def test_all_subscribers_get_everything_although_the_server_is_killed(tmp_path, free_port):
    with Server(tmp_path / "server") as server:
        topic = server.client("sns").create_topic(Name="github")["TopicArn"]
        subscriber = program(server, "subscriber.py", str(free_port), "329")
        subscribe(server, topic, free_port)
        publisher = program(server, "publish.py", "github")
        assert publisher.communicate(timeout=60)[0] == \
            "published 329 events to github in 33 requests\n"
        eventually(lambda: attempts(server) > 350, what="the subscriber refuses")
        server.kill()
        server.start()
        output, errors = subscriber.communicate(timeout=90)
        assert output.startswith("received 329 messages with valid signatures, refused 658"), \
            output + errors
        assert counts(server) == {name: count for name, (_, count) in FILTERS.items()}
