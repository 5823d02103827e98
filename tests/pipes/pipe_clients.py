# SPDX-License-Identifier: MIT
"""What the tests of pipes make: queues, a role, pipes; and what they read."""
import json

from roles import make_role
from ternd import eventually

TRUST = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "pipes.amazonaws.com"},
    "Action": "sts:AssumeRole"}]}


class Pipes:
    """Clients and resources of one test; `name` is in all their names."""

    def __init__(self, server, name, policy=None):
        self.server, self.name = server, name
        self.client, self.sqs = server.client("pipes"), server.client("sqs")
        self.role = make_role(server, f"pipe-{name}"[:64], trust=TRUST, policy=policy)
        self.made = []

    def queue(self, suffix="", **attributes):
        """The URL and ARN of a queue."""
        url = self.sqs.create_queue(QueueName=f"{self.name}-{suffix}"[:75] + (
            ".fifo" if attributes.get("FifoQueue") else ""), Attributes=attributes)["QueueUrl"]
        return url, self.sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def create(self, source, target, name=None, **members):
        """The pipe's name."""
        name = name or self.name[:64]
        self.client.create_pipe(Name=name, Source=source, Target=target, RoleArn=self.role,
                                **members)
        self.made.append(name)
        return name

    def send(self, url, *bodies, **members):
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            self.sqs.send_message(QueueUrl=url, MessageBody=text, **members)

    def receive(self, url, count=1):
        """So many messages, deleted."""
        messages = []

        def probe():
            answer = self.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1,
                MessageAttributeNames=["All"], AttributeNames=["All"])
            for message in answer.get("Messages", []):
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                messages.append(message)
            return len(messages) >= count
        eventually(probe, what=f"{count} messages of {url}")
        assert len(messages) == count
        return messages

    def bodies(self, url, count=1):
        return [message["Body"] for message in self.receive(url, count)]

    def counts(self, url):
        """Visible and in flight."""
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible"])["Attributes"]
        return (int(attributes["ApproximateNumberOfMessages"]),
                int(attributes["ApproximateNumberOfMessagesNotVisible"]))

    def until_empty(self, url):
        eventually(lambda: self.counts(url) == (0, 0), what=f"{url} to be empty")

    def close(self):
        for name in self.made:
            try:
                self.client.delete_pipe(Name=name)
            except self.client.exceptions.NotFoundException:
                pass
