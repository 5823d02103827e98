# SPDX-License-Identifier: MIT
"""One message through a server: what breaks here breaks everything."""


def test_message_goes_through(sqs, queue):
    sent = sqs.send_message(QueueUrl=queue, MessageBody="hello")
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "hello")
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def test_message_survives_restart(private):
    server = private()
    queue = server.client().create_queue(QueueName="kept")["QueueUrl"]
    server.client().send_message(QueueUrl=queue, MessageBody="kept")
    server.restart()
    [message] = server.client().receive_message(QueueUrl="kept")["Messages"]
    assert message["Body"] == "kept"
