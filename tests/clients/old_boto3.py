# SPDX-License-Identifier: MIT
"""A distribution's boto3 against the server of TERN_ENDPOINT; test_old_boto3.py runs it.

It runs with the distribution's own Python, which has neither pytest nor newer packages. boto3
before 1.34.90 speaks Query; botocore compares MD5OfBody and MD5OfMessageBody itself.
"""
import datetime
import itertools
import json
import os
import threading
import unittest

import boto3
import botocore.config
import botocore.exceptions

numbers = itertools.count(1)


def new_name(suffix=""):
    return f"old-{os.getpid()}-{next(numbers)}{suffix}"


class OldBoto3(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        config = botocore.config.Config(
            retries={"total_max_attempts": 1}, read_timeout=40, proxies={})
        cls.sqs = boto3.client("sqs", endpoint_url=os.environ["TERN_ENDPOINT"], config=config)

    def queue(self, **attributes):
        suffix = ".fifo" if "FifoQueue" in attributes else ""
        made = self.sqs.create_queue(QueueName=new_name(suffix), Attributes=attributes)
        return made["QueueUrl"]

    def attributes(self, url, *names):
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names or ["All"])
        return found["Attributes"]

    def receive(self, url, **options):
        options = {"MaxNumberOfMessages": 10} | options
        return self.sqs.receive_message(QueueUrl=url, **options).get("Messages", [])

    def fails(self, code, status, call, **arguments):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**arguments)
        answer = caught.exception.response
        self.assertEqual(answer["Error"]["Code"], code)
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], status)
        self.assertEqual(len(answer["ResponseMetadata"]["RequestId"]), 36)
        return caught.exception

    def test_the_dialect_is_query(self):
        requests = []
        events = self.sqs.meta.events
        events.register("before-call.sqs.CreateQueue", lambda params, **_: requests.append(params))
        self.queue()
        self.assertEqual(requests[0]["body"]["Action"], "CreateQueue")

    def test_queues_and_tags(self):
        prefix = new_name("-list-")
        made = [self.sqs.create_queue(QueueName=prefix + suffix, tags={"team": suffix})["QueueUrl"]
                for suffix in "abc"]
        found = self.sqs.get_queue_url(QueueName=prefix + "b")["QueueUrl"]
        self.assertEqual(found, made[1])
        pages = self.sqs.get_paginator("list_queues").paginate(
            QueueNamePrefix=prefix, PaginationConfig={"PageSize": 2})
        listed = [url for page in pages for url in page.get("QueueUrls", [])]
        self.assertEqual(sorted(listed), made)
        self.sqs.tag_queue(QueueUrl=made[0], Tags={"stage": "test"})
        self.sqs.untag_queue(QueueUrl=made[0], TagKeys=["team"])
        self.assertEqual(self.sqs.list_queue_tags(QueueUrl=made[0])["Tags"], {"stage": "test"})
        self.sqs.set_queue_attributes(QueueUrl=made[0], Attributes={"VisibilityTimeout": "77"})
        self.assertEqual(self.attributes(made[0], "VisibilityTimeout"), {"VisibilityTimeout": "77"})
        self.sqs.delete_queue(QueueUrl=made[0])
        self.fails("AWS.SimpleQueueService.NonExistentQueue", 400, self.sqs.get_queue_url,
                   QueueName=prefix + "a")

    def test_a_message_comes_back_as_it_was_sent(self):
        url = self.queue()
        body = "grüße 🐦 <&> ]]> \t\r\n"
        wanted = {"bytes": {"DataType": "Binary.raw", "BinaryValue": b"\x00\x01\xfe\xff"},
                  "text": {"DataType": "String", "StringValue": "a & b"}}
        root = "Root=1-5759e988-bd862e3f"
        trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": root}}
        sent = self.sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=wanted,
                                     MessageSystemAttributes=trace)
        [message] = self.receive(url, AttributeNames=["All"], MessageAttributeNames=["All"])
        self.assertEqual(message["Body"], body)
        self.assertEqual(message["MessageId"], sent["MessageId"])
        self.assertEqual(message["MessageAttributes"], wanted)
        self.assertEqual(message["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"])
        self.assertEqual(message["Attributes"]["AWSTraceHeader"], root)
        self.sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
        [again] = self.receive(url)
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
        counts = self.attributes(url)
        self.assertEqual(counts["ApproximateNumberOfMessagesNotVisible"], "0")
        self.assertEqual(self.receive(url), [])

    def test_batches(self):
        url = self.queue()
        entries = [{"Id": str(i), "MessageBody": f"body {i}"} for i in range(10)]
        entries[9]["MessageBody"] = "\x01"
        sent = self.sqs.send_message_batch(QueueUrl=url, Entries=entries)
        self.assertEqual(len(sent["Successful"]), 9)
        self.assertEqual([entry["Code"] for entry in sent["Failed"]], ["InvalidMessageContents"])
        messages = self.receive(url)
        self.assertEqual(len(messages), 9)
        visible = self.sqs.change_message_visibility_batch(QueueUrl=url, Entries=[
            {"Id": message["MessageId"], "ReceiptHandle": message["ReceiptHandle"],
             "VisibilityTimeout": 0} for message in messages])
        self.assertEqual(len(visible["Successful"]), 9)
        deleted = self.sqs.delete_message_batch(QueueUrl=url, Entries=[
            {"Id": message["MessageId"], "ReceiptHandle": message["ReceiptHandle"]}
            for message in self.receive(url)])
        self.assertEqual(len(deleted["Successful"]), 9)

    def test_fifo(self):
        url = self.queue(FifoQueue="true")
        for number in "1223":
            sent = self.sqs.send_message(QueueUrl=url, MessageBody="m" + number, MessageGroupId="g",
                                         MessageDeduplicationId=number)
            self.assertEqual(len(sent["SequenceNumber"]), 20)
        bodies = [message["Body"] for message in self.receive(url)]
        self.assertEqual(bodies, ["m1", "m2", "m3"])
        self.assertEqual(self.receive(url), [])

    def test_a_long_poll_is_woken_by_a_send(self):
        url = self.queue()
        polled = []
        poll = threading.Thread(target=lambda: polled.extend(self.receive(url, WaitTimeSeconds=20)))
        poll.start()
        self.attributes(url)
        self.sqs.send_message(QueueUrl=url, MessageBody="wake")
        poll.join()
        self.assertEqual([message["Body"] for message in polled], ["wake"])

    def test_dead_letters_after_three_receives(self):
        dead_letters = self.queue()
        arn = self.attributes(dead_letters)["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})
        url = self.queue(RedrivePolicy=policy)
        self.assertEqual(json.loads(self.attributes(url)["RedrivePolicy"]),
                         json.loads(policy) | {"maxReceiveCount": 3})
        self.sqs.send_message(QueueUrl=url, MessageBody="poison")
        for count in "123":
            [message] = self.receive(url, VisibilityTimeout=0, AttributeNames=["All"])
            self.assertEqual(message["Attributes"]["ApproximateReceiveCount"], count)
        self.assertEqual(self.receive(url), [])
        [dead] = self.receive(dead_letters, AttributeNames=["All"])
        self.assertEqual(dead["Attributes"]["DeadLetterQueueSourceArn"],
                         self.attributes(url)["QueueArn"])
        sources = self.sqs.list_dead_letter_source_queues(QueueUrl=dead_letters)
        self.assertEqual(sources["queueUrls"], [url])

    def test_errors_have_their_classes_and_codes(self):
        url = self.queue()
        error = self.fails("AWS.SimpleQueueService.NonExistentQueue", 400, self.sqs.send_message,
                           QueueUrl=url + "-missing", MessageBody="x")
        self.assertIsInstance(error, self.sqs.exceptions.QueueDoesNotExist)
        error = self.fails("ReceiptHandleIsInvalid", 404, self.sqs.delete_message, QueueUrl=url,
                           ReceiptHandle="garbage")
        self.assertIsInstance(error, self.sqs.exceptions.ReceiptHandleIsInvalid)
        self.fails("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", 400,
                   self.sqs.send_message_batch, QueueUrl=url,
                   Entries=[{"Id": str(i), "MessageBody": "x"} for i in range(11)])
        self.fails("InvalidAttributeName", 400, self.sqs.set_queue_attributes, QueueUrl=url,
                   Attributes={"Colour": "red"})
        self.fails("InvalidParameterValue", 400, self.sqs.receive_message, QueueUrl=url,
                   MaxNumberOfMessages=11)
        error = self.fails("QueueAlreadyExists", 400, self.sqs.create_queue,
                           QueueName=url.rsplit("/", 1)[1], Attributes={"DelaySeconds": "7"})
        self.assertIsInstance(error, self.sqs.exceptions.QueueNameExists)

    def test_permissions(self):
        url = self.queue()
        self.sqs.add_permission(QueueUrl=url, Label="share", AWSAccountIds=["000000000000"],
                                Actions=["SendMessage", "ReceiveMessage"])
        [statement] = json.loads(self.attributes(url)["Policy"])["Statement"]
        self.assertEqual(statement["Action"], ["SQS:SendMessage", "SQS:ReceiveMessage"])
        self.sqs.remove_permission(QueueUrl=url, Label="share")
        self.assertNotIn("Policy", self.attributes(url))

    def test_a_purge(self):
        url = self.queue()
        self.sqs.send_message(QueueUrl=url, MessageBody="gone")
        self.sqs.purge_queue(QueueUrl=url)
        self.assertEqual(self.receive(url), [])

    def test_metrics(self):
        cloudwatch = boto3.client("cloudwatch", endpoint_url=os.environ["TERN_ENDPOINT"])
        namespace = new_name()
        now = datetime.datetime.now(datetime.timezone.utc)
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[
            {"MetricName": "Depth", "Value": value, "Unit": "Count", "Timestamp": now,
             "Dimensions": [{"Name": "Queue", "Value": "a"}]} for value in (2, 5)])
        asked = {"StartTime": now - datetime.timedelta(minutes=5),
                 "EndTime": now + datetime.timedelta(minutes=5)}
        metric = {"Namespace": namespace, "MetricName": "Depth",
                  "Dimensions": [{"Name": "Queue", "Value": "a"}]}
        point, = cloudwatch.get_metric_statistics(
            Period=60, Statistics=["Sum", "Maximum"], **metric, **asked)["Datapoints"]
        self.assertEqual((point["Sum"], point["Maximum"], point["Unit"]), (7, 5, "Count"))
        result, = cloudwatch.get_metric_data(MetricDataQueries=[{"Id": "a", "MetricStat": {
            "Metric": metric, "Period": 60, "Stat": "Average"}}], **asked)["MetricDataResults"]
        self.assertEqual(result["Values"], [3.5])
        self.assertEqual(cloudwatch.list_metrics(Namespace=namespace)["Metrics"], [metric])
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            cloudwatch.put_metric_data(Namespace="AWS/x", MetricData=[
                {"MetricName": "a", "Value": 1}])
        self.assertEqual(caught.exception.response["Error"]["Code"], "InvalidParameterValue")


if __name__ == "__main__":
    unittest.main()
