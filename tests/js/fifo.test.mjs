// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  DeleteMessageCommand, ReceiveMessageCommand, SendMessageBatchCommand, SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { attributesOf, closeClients, makeClient, makeQueue } from "./tern.mjs";

const client = makeClient();
after(closeClients);

const fifo = { FifoQueue: "true", ContentBasedDeduplication: "true" };
const receive = (QueueUrl, options = {}) => client.send(new ReceiveMessageCommand({
  QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ["All"], ...options,
}));

test("a group is handed out in order and locked while a message of it is in flight", async () => {
  const QueueUrl = await makeQueue(client, fifo);
  for (const body of ["a1", "a2", "b1"])
    await client.send(new SendMessageCommand({
      QueueUrl, MessageBody: body, MessageGroupId: body[0],
    }));
  const first = await receive(QueueUrl, { MaxNumberOfMessages: 1 });
  assert.deepEqual(first.Messages.map((message) => message.Body), ["a1"]);
  const second = await receive(QueueUrl);
  assert.deepEqual(second.Messages.map((message) => message.Body), ["b1"]);
  const { ReceiptHandle } = first.Messages[0];
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  const third = await receive(QueueUrl);
  assert.deepEqual(third.Messages.map((message) => message.Body), ["a2"]);
  assert.equal(third.Messages[0].Attributes.MessageGroupId, "a");
});

test("sequence numbers grow and have twenty digits", async () => {
  const QueueUrl = await makeQueue(client, fifo);
  const { Successful } = await client.send(new SendMessageBatchCommand({
    QueueUrl, Entries: ["1", "2", "3"].map((Id) => ({ Id, MessageBody: Id, MessageGroupId: "g" })),
  }));
  const numbers = Successful.map((entry) => entry.SequenceNumber);
  assert.ok(numbers.every((number) => /^\d{20}$/.test(number)));
  assert.deepEqual([...new Set(numbers)].sort(), numbers);
  const { Messages } = await receive(QueueUrl);
  assert.deepEqual(Messages.map((message) => message.Attributes.SequenceNumber), numbers);
});

test("a duplicate is acknowledged with the first one's id and delivered once", async () => {
  const QueueUrl = await makeQueue(client, { FifoQueue: "true" });
  const send = (MessageBody, MessageDeduplicationId) => client.send(new SendMessageCommand({
    QueueUrl, MessageBody, MessageGroupId: "g", MessageDeduplicationId,
  }));
  const first = await send("one", "d");
  const again = await send("other body", "d");
  assert.equal(again.MessageId, first.MessageId);
  assert.equal(again.SequenceNumber, first.SequenceNumber);
  await send("two", "e");
  const { Messages } = await receive(QueueUrl);
  assert.deepEqual(Messages.map((message) => message.Body), ["one", "two"]);
  assert.equal(Messages[0].Attributes.MessageDeduplicationId, "d");
});

test("a receive attempt id gives the same messages and handles again", async () => {
  const QueueUrl = await makeQueue(client, fifo);
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "x", MessageGroupId: "g" }));
  const first = await receive(QueueUrl, { ReceiveRequestAttemptId: "attempt" });
  const again = await receive(QueueUrl, { ReceiveRequestAttemptId: "attempt" });
  assert.equal(again.Messages[0].ReceiptHandle, first.Messages[0].ReceiptHandle);
  assert.equal((await receive(QueueUrl)).Messages, undefined);
});

test("high throughput is a pair of settings that come back", async () => {
  const high = {
    ...fifo, DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId",
  };
  const QueueUrl = await makeQueue(client, high);
  for (const MessageGroupId of ["a", "b"])
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "same", MessageGroupId }));
  assert.equal((await receive(QueueUrl)).Messages.length, 2);
  const stored = await attributesOf(client, QueueUrl);
  for (const [name, value] of Object.entries(high))
    assert.equal(stored[name], value);
});
