// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  ChangeMessageVisibilityBatchCommand, ChangeMessageVisibilityCommand, DeleteMessageBatchCommand,
  DeleteMessageCommand, PurgeQueueCommand, ReceiveMessageCommand, SendMessageBatchCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import {
  attributesOf, closeClients, makeClient, makeQueue, makeQueueWithDeadLetters, md5,
  md5OfAttributes, waitForPolls,
} from "./tern.mjs";

const client = makeClient();
after(closeClients);

const receive = (QueueUrl, options = {}) =>
  client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...options }));

const trace = "Root=1-5759e988-bd862e3fe1be46a994272793";
const attributes = {
  text: { DataType: "String", StringValue: "grüße 🐦" },
  number: { DataType: "Number.int", StringValue: "42" },
  bytes: { DataType: "Binary", BinaryValue: new Uint8Array([0, 1, 254, 255]) },
};

test("a message comes back as it was sent, with its digests and attributes", async () => {
  const QueueUrl = await makeQueue(client);
  const MessageBody = "{\"grüße\": \"🐦 <&>\"}\t\r\n";
  const sent = await client.send(new SendMessageCommand({
    QueueUrl, MessageBody, MessageAttributes: attributes,
    MessageSystemAttributes: {
      AWSTraceHeader: { DataType: "String", StringValue: trace },
    },
  }));
  assert.equal(sent.MD5OfMessageBody, md5(MessageBody));
  assert.equal(sent.MD5OfMessageAttributes, md5OfAttributes(attributes));
  assert.equal(sent.SequenceNumber, undefined);

  const { Messages } = await receive(QueueUrl, {
    MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"],
  });
  assert.equal(Messages.length, 1);
  const [message] = Messages;
  assert.equal(message.Body, MessageBody);
  assert.equal(message.MessageId, sent.MessageId);
  assert.equal(message.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
  assert.deepEqual(message.MessageAttributes, attributes);
  assert.equal(message.Attributes.ApproximateReceiveCount, "1");
  assert.equal(message.Attributes.AWSTraceHeader, trace);
  assert.match(message.Attributes.SentTimestamp, /^\d{13}$/);

  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
  const { ApproximateNumberOfMessagesNotVisible } = await attributesOf(client, QueueUrl);
  assert.equal(ApproximateNumberOfMessagesNotVisible, "0");
});

test("only the attributes asked for come back, and the digest covers those", async () => {
  const QueueUrl = await makeQueue(client);
  await client.send(new SendMessageCommand({
    QueueUrl, MessageBody: "x", MessageAttributes: attributes,
  }));
  const { Messages: [message] } = await receive(QueueUrl, {
    MessageAttributeNames: ["te.*", "bytes", "none"],
  });
  const { text, bytes } = attributes;
  assert.deepEqual(message.MessageAttributes, { text, bytes });
  assert.equal(message.MD5OfMessageAttributes, md5OfAttributes({ text, bytes }));
  assert.equal(message.Attributes, undefined);
});

test("an empty queue answers without Messages", async () => {
  assert.equal((await receive(await makeQueue(client))).Messages, undefined);
});

test("a body of one mebibyte passes", async () => {
  const QueueUrl = await makeQueue(client);
  const MessageBody = "0123456789abcdef".repeat(65536);
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  const { Messages } = await receive(QueueUrl);
  assert.equal(Messages[0].Body, MessageBody);
});

test("a batch tells which entries failed and delivers the others", async () => {
  const QueueUrl = await makeQueue(client);
  const { Successful, Failed } = await client.send(new SendMessageBatchCommand({
    QueueUrl, Entries: [
      { Id: "good", MessageBody: "one", MessageAttributes: attributes },
      { Id: "bad", MessageBody: "\u0000" },
      { Id: "late", MessageBody: "three", DelaySeconds: 900 },
    ],
  }));
  assert.deepEqual(Successful.map((entry) => entry.Id), ["good", "late"]);
  assert.equal(Successful[0].MD5OfMessageBody, md5("one"));
  assert.equal(Successful[0].MD5OfMessageAttributes, md5OfAttributes(attributes));
  assert.deepEqual(Failed.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault]),
    [["bad", "InvalidMessageContents", true]]);
  const { Messages } = await receive(QueueUrl);
  assert.deepEqual(Messages.map((message) => message.Body), ["one"]);
  const counts = await attributesOf(client, QueueUrl);
  assert.equal(counts.ApproximateNumberOfMessagesDelayed, "1");
});

test("ten messages are received, made visible and deleted by batches", async () => {
  const QueueUrl = await makeQueue(client);
  const bodies = Array.from({ length: 10 }, (_, i) => `body ${i}`);
  await client.send(new SendMessageBatchCommand({
    QueueUrl, Entries: bodies.map((MessageBody, i) => ({ Id: `e${i}`, MessageBody })),
  }));
  const first = await receive(QueueUrl);
  assert.deepEqual(first.Messages.map((message) => message.Body).sort(), bodies);
  assert.equal((await receive(QueueUrl)).Messages, undefined);

  const visible = await client.send(new ChangeMessageVisibilityBatchCommand({
    QueueUrl, Entries: first.Messages.map(({ MessageId, ReceiptHandle }) =>
      ({ Id: MessageId, ReceiptHandle, VisibilityTimeout: 0 })),
  }));
  assert.equal(visible.Successful.length, 10);
  const second = await receive(QueueUrl, {
    MessageSystemAttributeNames: ["ApproximateReceiveCount"],
  });
  assert.equal(second.Messages.length, 10);
  assert.ok(second.Messages.every((m) => m.Attributes.ApproximateReceiveCount === "2"));

  const deleted = await client.send(new DeleteMessageBatchCommand({
    QueueUrl, Entries: [
      ...second.Messages.slice(1).map(({ MessageId, ReceiptHandle }) =>
        ({ Id: MessageId, ReceiptHandle })),
      { Id: "none", ReceiptHandle: "garbage" },
    ],
  }));
  assert.equal(deleted.Successful.length, 9);
  assert.deepEqual(deleted.Failed.map(({ Id, Code }) => [Id, Code]),
    [["none", "ReceiptHandleIsInvalid"]]);
  assert.equal((await attributesOf(client, QueueUrl)).ApproximateNumberOfMessagesNotVisible, "1");
});

test("a message becomes visible at once when its visibility timeout is set to zero", async () => {
  const QueueUrl = await makeQueue(client);
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "again" }));
  const { Messages: [{ ReceiptHandle }] } = await receive(QueueUrl, { VisibilityTimeout: 600 });
  assert.equal((await receive(QueueUrl)).Messages, undefined);
  await client.send(new ChangeMessageVisibilityCommand({
    QueueUrl, ReceiptHandle, VisibilityTimeout: 0,
  }));
  assert.equal((await receive(QueueUrl)).Messages[0].Body, "again");
});

test("a long poll is answered by the message that arrives during it", async () => {
  const QueueUrl = await makeQueue(client);
  const poll = receive(QueueUrl, { WaitTimeSeconds: 20 });
  await waitForPolls(1);
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "wake" }));
  assert.equal((await poll).Messages[0].Body, "wake");
});

test("a long poll that finds nothing ends without Messages", async () => {
  const QueueUrl = await makeQueue(client);
  assert.equal((await receive(QueueUrl, { WaitTimeSeconds: 1 })).Messages, undefined);
});

test("a long poll that its client gave up takes no message away", async () => {
  const QueueUrl = await makeQueue(client);
  const abort = new AbortController();
  const poll = client.send(
    new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), { abortSignal: abort.signal });
  await waitForPolls(1);
  abort.abort();
  await assert.rejects(poll, { name: "AbortError" });
  await waitForPolls(0);
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "kept" }));
  const { Messages } = await receive(QueueUrl, {
    MessageSystemAttributeNames: ["ApproximateReceiveCount"],
  });
  assert.equal(Messages[0].Body, "kept");
  assert.equal(Messages[0].Attributes.ApproximateReceiveCount, "1");
});

test("a message that was received three times is in the dead-letter queue", async () => {
  const { queue, deadLetters } = await makeQueueWithDeadLetters(client, 3);
  const sent = await client.send(
    new SendMessageCommand({ QueueUrl: queue, MessageBody: "poison" }));
  for (let count = 1; count <= 3; count++) {
    const { Messages } = await receive(queue, {
      VisibilityTimeout: 0, MessageSystemAttributeNames: ["ApproximateReceiveCount"],
    });
    assert.equal(Messages[0].Attributes.ApproximateReceiveCount, String(count));
  }
  assert.equal((await receive(queue)).Messages, undefined);
  const { Messages } = await receive(deadLetters, { MessageSystemAttributeNames: ["All"] });
  assert.equal(Messages[0].Body, "poison");
  assert.equal(Messages[0].MessageId, sent.MessageId);
  const { QueueArn } = await attributesOf(client, queue);
  assert.equal(Messages[0].Attributes.DeadLetterQueueSourceArn, QueueArn);
  assert.equal(Messages[0].Attributes.ApproximateReceiveCount, "4");
});

test("a purge empties the queue", async () => {
  const QueueUrl = await makeQueue(client);
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "gone" }));
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "gone", DelaySeconds: 900 }));
  await client.send(new PurgeQueueCommand({ QueueUrl }));
  assert.equal((await receive(QueueUrl)).Messages, undefined);
  const counts = await attributesOf(client, QueueUrl);
  assert.equal(counts.ApproximateNumberOfMessages, "0");
  assert.equal(counts.ApproximateNumberOfMessagesDelayed, "0");
});
