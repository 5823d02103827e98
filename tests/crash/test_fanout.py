# SPDX-License-Identifier: MIT
"""A server that is killed while messages fan out from topics to ten queues each.

Of each message all ten queues have a copy or none has; an acknowledged one is in all of them; the
copies of a FIFO topic are in order in every queue.
"""
import http.client
import random
import time
import urllib.parse
import xml.etree.ElementTree as xml

import pytest

import load
from load import Client, Lost, Worker
from ternd import Server

QUEUES = 10
POLICY = ('{"Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, '
          '"Action": "sqs:SendMessage", "Resource": "*"}]}')
NAMESPACE = "{http://sns.amazonaws.com/doc/2010-03-31/}"


def call(client, action, **members):
    """An operation of SNS on the connection of an SQS client."""
    form = urllib.parse.urlencode({"Action": action, "Version": "2010-03-31"} | members)
    try:
        client.connection.request("POST", "/", form, {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": load.AUTHORIZATION.replace("/sqs/", "/sns/")})
        answer = client.connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Lost from error
    assert answer.status == 200, (action, answer.status, body)
    return xml.fromstring(body)


def publish(client, topic, name, is_fifo, seed):
    """Publishes one by one; gives what was answered, and what was not."""
    random.seed(seed)
    acked = []
    while True:
        body_name = f"{name}-{len(acked)}"
        ids = {"MessageGroupId": "g", "MessageDeduplicationId": body_name} if is_fifo else {}
        try:
            call(client, "Publish", TopicArn=topic, **ids,
                 Message=load.make_body(body_name, random.choice((10, 200, 20000))))
        except Lost:
            return {"acked": acked, "unknown": [body_name]}
        acked.append(body_name)


def drain(client, url):
    """Receives and deletes until nothing comes; gives names in their order."""
    found, empty = [], 0
    while empty < 2:
        batch = load.receive(client, url)
        empty = 0 if batch else empty + 1
        found += [name for name, _, _ in batch]
        if batch:
            client.call("DeleteMessageBatch", QueueUrl=url, Entries=[
                {"Id": str(i), "ReceiptHandle": handle}
                for i, (_, _, handle) in enumerate(batch)])
    return found


class Topic:
    """A topic with ten queues that get its messages raw."""

    def __init__(self, client, name, is_fifo):
        suffix = ".fifo" if is_fifo else ""
        self.is_fifo = is_fifo
        fifo = {"Attributes.entry.1.key": "FifoTopic", "Attributes.entry.1.value": "true"}
        answer = call(client, "CreateTopic", Name=name + suffix, **(fifo if is_fifo else {}))
        self.arn = answer.find(f".//{NAMESPACE}TopicArn").text
        attributes = {"Policy": POLICY} | ({"FifoQueue": "true"} if is_fifo else {})
        self.urls = []
        for number in range(QUEUES):
            queue = f"{name}-{number}{suffix}"
            self.urls.append(client.call("CreateQueue", QueueName=queue,
                                         Attributes=attributes)["QueueUrl"])
            arn = self.arn.replace(":sns:", ":sqs:").rsplit(":", 1)[0] + ":" + queue
            call(client, "Subscribe", TopicArn=self.arn, Protocol="sqs", Endpoint=arn, **{
                "Attributes.entry.1.key": "RawMessageDelivery",
                "Attributes.entry.1.value": "true"})

    def check(self, client, sent):
        """After a restart: all copies or none; gives how many messages there were."""
        copies = [drain(client, url) for url in self.urls]
        for found in copies:
            assert len(set(found)) == len(found), "a copy came twice"
            assert sorted(found) == sorted(copies[0]), "a message is partial"
            assert set(sent["acked"]) <= set(found), "acknowledged and lost"
            assert set(found) <= {*sent["acked"], *sent["unknown"]}
            if self.is_fifo:
                assert found == sorted(found, key=lambda name: int(name.rsplit("-", 1)[1]))
        return len(copies[0])


def run(directory, rounds):
    random.seed()
    messages = 0
    with Server(directory, "--segment-mib", 2) as server:
        client = Client(server.port)
        topics = [Topic(client, "standard", False), Topic(client, "ordered", True)]
        for number in range(rounds):
            workers = [Worker(server.port, publish, topic.arn, f"r{number}", topic.is_fifo,
                              random.randrange(1 << 30)) for topic in topics]
            time.sleep(random.uniform(0.05, 0.4))
            server.kill()
            sent = [worker.result() for worker in workers]
            server.start()
            client = Client(server.port)
            messages += sum(topic.check(client, part) for topic, part in zip(topics, sent))
    # A load that does nothing would prove nothing.
    assert messages > 5 * rounds
    print(f"{rounds} kills, {messages} messages to {QUEUES} queues each")


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.rounds(50)
def test_fanout_is_complete_or_absent(tmp_path, rounds):
    run(tmp_path, rounds)
