// SPDX-License-Identifier: MIT
// Consumes a queue of GitHub events until it is empty, ten at a time.
//
//     node consume.mjs QUEUE [--refuse EVENT,EVENT...] [--log FILE]
//
// Events named after --refuse fail on purpose: they are visible again at once, and the queue's
// redrive policy decides how often. --log writes a line for each receive: what was done, how often
// the message had been received, the SHA-256 of its body. The server and the credentials come from
// AWS's environment variables.
import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import { parseArgs } from "node:util";
import {
  ChangeMessageVisibilityBatchCommand, DeleteMessageBatchCommand, GetQueueAttributesCommand,
  GetQueueUrlCommand, ReceiveMessageCommand, SQSClient,
} from "@aws-sdk/client-sqs";

const RECEIVERS = 4;
const { values: options, positionals: [queue] } = parseArgs({
  allowPositionals: true,
  options: { refuse: { type: "string", default: "" }, log: { type: "string" } },
});
const refused = new Set(options.refuse.split(",").filter(Boolean));
const sqs = new SQSClient({});
const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: queue }));
const counts = { handled: 0, refused: 0 };

const isRefused = (message) => refused.has(message.MessageAttributes["X-GitHub-Event"].StringValue);

function note(action, messages) {
  counts[action] += messages.length;
  if (!options.log)
    return;
  for (const { Attributes, Body } of messages) {
    const digest = createHash("sha256").update(Body).digest("hex");
    appendFileSync(options.log, `${action} ${Attributes.ApproximateReceiveCount} ${digest}\n`);
  }
}

async function sendAll(Command, messages, more = {}) {
  if (messages.length === 0)
    return;
  const Entries = messages.map(({ ReceiptHandle }, index) =>
    ({ Id: String(index), ReceiptHandle, ...more }));
  const { Failed } = await sqs.send(new Command({ QueueUrl, Entries }));
  if (Failed?.length)
    throw new Error(JSON.stringify(Failed));
}

async function handle(messages) {
  const bad = messages.filter(isRefused);
  const good = messages.filter((message) => !isRefused(message));
  await sendAll(DeleteMessageBatchCommand, good);
  note("handled", good);
  note("refused", bad);
  await sendAll(ChangeMessageVisibilityBatchCommand, bad, { VisibilityTimeout: 0 });
}

async function isEmpty() {
  const AttributeNames = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
  return AttributeNames.every((name) => Attributes[name] === "0");
}

async function consume() {
  for (;;) {
    const { Messages } = await sqs.send(new ReceiveMessageCommand({
      QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1,
      MessageAttributeNames: ["X-GitHub-Event"],
      MessageSystemAttributeNames: ["ApproximateReceiveCount"],
    }));
    if (Messages)
      await handle(Messages);
    else if (await isEmpty())
      return;
  }
}

await Promise.all(Array.from({ length: RECEIVERS }, consume));
sqs.destroy();
console.log(`handled ${counts.handled} events, refused ${counts.refused} receives`);
