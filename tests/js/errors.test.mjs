// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as sdk from "@aws-sdk/client-sqs";
import { closeClients, makeClient, makeQueue, newName } from "./tern.mjs";

const client = makeClient();
const legacy = "AWS.SimpleQueueService.";
const queues = {};
before(async () => {
  queues.standard = await makeQueue(client);
  queues.fifo = await makeQueue(client, { FifoQueue: "true" });
});
after(closeClients);

const entries = (count, change = {}) =>
  Array.from({ length: count }, (_, i) => ({ Id: `e${i}`, MessageBody: "x", ...change }));

// [what, command, input with the queue's URL, class of the exception, its code, HTTP status]
const faults = [
  ["a queue that is not there", "SendMessage",
    () => ({ QueueUrl: newName(), MessageBody: "x" }),
    "QueueDoesNotExist", `${legacy}NonExistentQueue`, 400],
  ["the URL of a queue that is not there", "GetQueueUrl", () => ({ QueueName: newName() }),
    "QueueDoesNotExist", `${legacy}NonExistentQueue`, 400],
  ["an unknown attribute to read", "GetQueueAttributes",
    () => ({ QueueUrl: queues.standard, AttributeNames: ["Colour"] }),
    "InvalidAttributeName", "InvalidAttributeName", 400],
  ["an attribute out of range", "SetQueueAttributes",
    () => ({ QueueUrl: queues.standard, Attributes: { DelaySeconds: "901" } }),
    "InvalidAttributeValue", "InvalidAttributeValue", 400],
  ["a character that XML has not", "SendMessage",
    () => ({ QueueUrl: queues.standard, MessageBody: "\u0001" }),
    "InvalidMessageContents", "InvalidMessageContents", 400],
  ["a handle that is none", "DeleteMessage",
    () => ({ QueueUrl: queues.standard, ReceiptHandle: "garbage" }),
    "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 404],
  ["a batch of none", "SendMessageBatch",
    () => ({ QueueUrl: queues.standard, Entries: [] }),
    "EmptyBatchRequest", `${legacy}EmptyBatchRequest`, 400],
  ["a batch of eleven", "SendMessageBatch",
    () => ({ QueueUrl: queues.standard, Entries: entries(11) }),
    "TooManyEntriesInBatchRequest", `${legacy}TooManyEntriesInBatchRequest`, 400],
  ["the same id twice", "SendMessageBatch",
    () => ({ QueueUrl: queues.standard, Entries: entries(2, { Id: "same" }) }),
    "BatchEntryIdsNotDistinct", `${legacy}BatchEntryIdsNotDistinct`, 400],
  ["an id with a space", "SendMessageBatch",
    () => ({ QueueUrl: queues.standard, Entries: entries(1, { Id: "a b" }) }),
    "InvalidBatchEntryId", `${legacy}InvalidBatchEntryId`, 400],
  ["a batch of more than a mebibyte", "SendMessageBatch",
    () => ({ QueueUrl: queues.standard, Entries: entries(3, { MessageBody: "x".repeat(400000) }) }),
    "BatchRequestTooLong", `${legacy}BatchRequestTooLong`, 400],
  ["a move from a queue that is not there", "StartMessageMoveTask",
    () => ({ SourceArn: `arn:aws:sqs:us-east-1:000000000000:${newName()}` }),
    "ResourceNotFoundException", "ResourceNotFoundException", 404],
  ["more than ten messages asked for", "ReceiveMessage",
    () => ({ QueueUrl: queues.standard, MaxNumberOfMessages: 11 }),
    null, "InvalidParameterValue", 400],
  ["no group on a FIFO queue", "SendMessage",
    () => ({ QueueUrl: queues.fifo, MessageBody: "x", MessageDeduplicationId: "d" }),
    null, "MissingParameter", 400],
];

for (const [what, operation, input, shape, code, status] of faults)
  test(`${operation}: ${what}`, async () => {
    const error = await client.send(new sdk[`${operation}Command`](input())).then(
      () => assert.fail("the call went through"), (thrown) => thrown);
    assert.ok(error instanceof sdk.SQSServiceException, String(error));
    if (shape) {
      assert.ok(error instanceof sdk[shape], `${error.name} is no ${shape}`);
      assert.equal(error.name, shape);
    }
    assert.equal(error.Code ?? error.name, code);
    assert.equal(error.$fault, "client");
    assert.equal(error.$metadata.httpStatusCode, status);
    assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
    assert.ok(error.message.length > 5, error.message);
  });

test("CreateQueue: the same name with another setting", async () => {
  const QueueName = newName();
  const create = (DelaySeconds) =>
    client.send(new sdk.CreateQueueCommand({ QueueName, Attributes: { DelaySeconds } }));
  const { QueueUrl } = await create("1");
  assert.equal((await create("1")).QueueUrl, QueueUrl);
  await assert.rejects(create("2"), (error) =>
    error instanceof sdk.QueueNameExists && error.Code === "QueueAlreadyExists" &&
    error.message.endsWith("different value for attribute DelaySeconds"));
});
