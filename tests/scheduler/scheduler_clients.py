# SPDX-License-Identifier: MIT
"""What the tests of EventBridge Scheduler make beside schedules and roles: queues."""
OFF = {"Mode": "OFF"}


def make_queue(server, name, **attributes):
    """The URL and ARN of a queue."""
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
