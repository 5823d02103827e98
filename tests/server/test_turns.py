# SPDX-License-Identifier: MIT
"""The control thread's turns: one account's calls do not keep another's work waiting."""
import json
import socket
import threading

from ternd import eventually

FLOODER, OTHER = "111111111111", "222222222222"
CONNECTIONS, AHEAD = 8, 50


class Flood(threading.Thread):
    """A connection that always has requests waiting at the server, until it is ended."""

    def __init__(self, server, request):
        super().__init__(daemon=True)
        self.wire = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        self.request, self.answered, self.is_over = request, 0, False

    def run(self):
        self.wire.sendall(self.request * AHEAD)
        file = self.wire.makefile("rb")
        while not self.is_over:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += file.readline()
            assert head.startswith(b"HTTP/1.1 200 "), head
            file.read(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            self.answered += 1
            self.wire.sendall(self.request)
        self.wire.close()


def test_a_flood_of_one_account_does_not_stop_anothers_move_task(private):
    server = private()
    url = server.client(account=FLOODER).create_queue(QueueName="q")["QueueUrl"]
    body = json.dumps({"QueueUrl": url, "Attributes": {"DelaySeconds": "1"}}).encode()
    request = (f"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.SetQueueAttributes"
               f"\r\nAuthorization: AWS4-HMAC-SHA256 Credential={FLOODER}/20260101/us-east-1/sqs/"
               f"aws4_request, SignedHeaders=host, Signature=0\r\nContent-Length: {len(body)}"
               "\r\n\r\n").encode() + body

    sqs = server.client(account=OTHER)
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    arn = arn["Attributes"]["QueueArn"]
    sqs.create_queue(QueueName="source", Attributes={
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})})
    target = sqs.create_queue(QueueName="target")["QueueUrl"]
    for number in range(30):
        sqs.send_message(QueueUrl=dead, MessageBody=str(number))

    floods = [Flood(server, request) for _ in range(CONNECTIONS)]
    for flood in floods:
        flood.start()
    eventually(lambda: all(flood.answered > 0 for flood in floods), 60, "the flood runs")
    sqs.start_message_move_task(SourceArn=arn, DestinationArn=arn.replace("dead", "target"))

    def is_moved():
        assert all(flood.is_alive() for flood in floods)
        tasks = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
        return tasks[0]["Status"] == "COMPLETED"

    eventually(is_moved, 60, "the messages are moved during the flood")
    for flood in floods:
        flood.is_over = True
    for flood in floods:
        flood.join(60)
    attributes = sqs.get_queue_attributes(QueueUrl=target, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "30"
