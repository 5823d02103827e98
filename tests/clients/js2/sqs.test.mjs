// SPDX-License-Identifier: MIT
// The second SDK for JavaScript, which sends to the host of QueueUrl and compares the digests of
// bodies itself. The server is that of TERN_ENDPOINT; test_js2.py starts one.
import assert from "node:assert/strict";
import { test } from "node:test";
import AWS from "aws-sdk";

const sqs = new AWS.SQS({
  endpoint: process.env.TERN_ENDPOINT, region: "us-east-1", maxRetries: 0,
});
const call = (operation, input) => sqs[operation](input).promise();
let number = 0;

async function makeQueue(Attributes = {}) {
  const suffix = Attributes.FifoQueue ? ".fifo" : "";
  const QueueName = `js2-${process.pid}-${++number}${suffix}`;
  return (await call("createQueue", { QueueName, Attributes })).QueueUrl;
}

async function receive(QueueUrl, options = {}) {
  const received = await call("receiveMessage", {
    QueueUrl, MaxNumberOfMessages: 10, AttributeNames: ["All"], MessageAttributeNames: ["All"],
    ...options,
  });
  return received.Messages ?? [];
}

async function attributesOf(QueueUrl) {
  return (await call("getQueueAttributes", { QueueUrl, AttributeNames: ["All"] })).Attributes;
}

test("a message comes back as it was sent", async () => {
  const QueueUrl = await makeQueue();
  const MessageBody = "grüße 🐦 <&> \t\r\n";
  const sent = await call("sendMessage", {
    QueueUrl, MessageBody, MessageAttributes: {
      bytes: { DataType: "Binary", BinaryValue: Buffer.from([0, 1, 254, 255]) },
    },
  });
  const [message] = await receive(QueueUrl);
  assert.equal(message.Body, MessageBody);
  assert.equal(message.MessageId, sent.MessageId);
  assert.equal(message.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
  assert.deepEqual([...message.MessageAttributes.bytes.BinaryValue], [0, 1, 254, 255]);
  const { ReceiptHandle } = message;
  await call("changeMessageVisibility", { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
  const [again] = await receive(QueueUrl, { WaitTimeSeconds: 20 });
  assert.equal(again.Attributes.ApproximateReceiveCount, "2");
  await call("deleteMessage", { QueueUrl, ReceiptHandle: again.ReceiptHandle });
  assert.equal((await attributesOf(QueueUrl)).ApproximateNumberOfMessagesNotVisible, "0");
});

test("batches of ten", async () => {
  const QueueUrl = await makeQueue();
  const Entries = Array.from({ length: 10 }, (_, i) => ({ Id: `e${i}`, MessageBody: `body ${i}` }));
  assert.equal((await call("sendMessageBatch", { QueueUrl, Entries })).Successful.length, 10);
  const handles = (await receive(QueueUrl)).map(({ MessageId, ReceiptHandle }) =>
    ({ Id: MessageId, ReceiptHandle }));
  const deleted = await call("deleteMessageBatch", { QueueUrl, Entries: handles });
  assert.equal(deleted.Successful.length, 10);
});

test("FIFO keeps the order", async () => {
  const QueueUrl = await makeQueue({ FifoQueue: "true", ContentBasedDeduplication: "true" });
  for (const MessageBody of ["1", "2", "2", "3"])
    await call("sendMessage", { QueueUrl, MessageBody, MessageGroupId: "g" });
  assert.deepEqual((await receive(QueueUrl)).map((message) => message.Body), ["1", "2", "3"]);
});

test("dead letters arrive after three receives", async () => {
  const deadLetters = await makeQueue();
  const deadLetterTargetArn = (await attributesOf(deadLetters)).QueueArn;
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 });
  const QueueUrl = await makeQueue({ RedrivePolicy, VisibilityTimeout: "0" });
  await call("sendMessage", { QueueUrl, MessageBody: "poison" });
  for (let i = 0; i < 3; i++)
    assert.equal((await receive(QueueUrl)).length, 1);
  assert.deepEqual(await receive(QueueUrl), []);
  assert.deepEqual((await receive(deadLetters)).map((message) => message.Body), ["poison"]);
});

test("errors have the legacy codes", async () => {
  const QueueUrl = await makeQueue();
  await assert.rejects(call("getQueueUrl", { QueueName: "js2-missing" }), {
    code: "AWS.SimpleQueueService.NonExistentQueue", statusCode: 400,
  });
  await assert.rejects(call("deleteMessage", { QueueUrl, ReceiptHandle: "garbage" }), {
    code: "ReceiptHandleIsInvalid", statusCode: 404,
  });
  await assert.rejects(call("receiveMessage", { QueueUrl, MaxNumberOfMessages: 11 }), {
    code: "InvalidParameterValue", statusCode: 400,
  });
});
