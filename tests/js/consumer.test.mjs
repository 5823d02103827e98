// SPDX-License-Identifier: MIT
// sqs-consumer, the usual way of consuming in Node: long polls, deletes and failures of its own.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import { SendMessageBatchCommand } from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";
import {
  attributesOf, closeClients, makeClient, makeQueue, makeQueueWithDeadLetters,
} from "./tern.mjs";

const client = makeClient();
after(closeClients);

async function send(QueueUrl, bodies) {
  const Entries = bodies.map((MessageBody, i) => ({ Id: `e${i}`, MessageBody }));
  await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
}

async function consume(options, isDone) {
  const consumer = Consumer.create(options);
  const errors = [];
  consumer.on("error", (error) => errors.push(error));
  const done = new Promise((resolve) => {
    for (const event of ["response_processed", "empty"])
      consumer.on(event, async () => (await isDone()) && resolve());
  });
  consumer.start();
  await done;
  const stopped = once(consumer, "stopped");
  consumer.stop({ abort: true });
  await stopped;
  assert.deepEqual(errors, []);
}

test("each message is handled once and deleted", async () => {
  const queueUrl = await makeQueue(client);
  const bodies = ["a", "b", "c", "d", "e", "f", "g"];
  await send(queueUrl, bodies);
  const seen = [];
  await consume({
    queueUrl, sqs: client, batchSize: 3, waitTimeSeconds: 20,
    handleMessage: async (message) => {
      seen.push(message.Body);
      return message;
    },
  }, () => seen.length >= bodies.length);
  assert.deepEqual(seen.sort(), bodies);
  const counts = await attributesOf(client, queueUrl);
  assert.equal(counts.ApproximateNumberOfMessages, "0");
  assert.equal(counts.ApproximateNumberOfMessagesNotVisible, "0");
});

test("with the consumer's own client the queue URL alone says where the server is", async () => {
  const queueUrl = await makeQueue(client);
  await send(queueUrl, ["a"]);
  const seen = [];
  await consume({
    queueUrl, region: "us-east-1", handleMessageBatch: async (messages) => {
      seen.push(...messages.map(({ Body }) => Body));
      return messages;
    },
  }, () => seen.length > 0);
  assert.deepEqual(seen, ["a"]);
});

test("what its handler refuses three times is a dead letter", async () => {
  const { queue, deadLetters } = await makeQueueWithDeadLetters(client, 3);
  await send(queue, ["good", "poison"]);
  const handled = [];
  await consume({
    queueUrl: queue, sqs: client, batchSize: 10, waitTimeSeconds: 1,
    terminateVisibilityTimeout: true,
    handleMessage: async (message) => {
      handled.push(message.Body);
      if (message.Body === "poison")
        throw new Error("refused on purpose");
      return message;
    },
  }, async () => (await attributesOf(client, deadLetters)).ApproximateNumberOfMessages === "1");
  assert.deepEqual(handled.sort(), ["good", "poison", "poison", "poison"]);
});
