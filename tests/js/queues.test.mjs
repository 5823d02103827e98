// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  AddPermissionCommand, CancelMessageMoveTaskCommand, CreateQueueCommand, DeleteQueueCommand,
  GetQueueUrlCommand, ListDeadLetterSourceQueuesCommand, ListMessageMoveTasksCommand,
  ListQueueTagsCommand, QueueDoesNotExist, ReceiveMessageCommand, RemovePermissionCommand,
  SendMessageBatchCommand, SendMessageCommand, SetQueueAttributesCommand,
  StartMessageMoveTaskCommand, TagQueueCommand, UntagQueueCommand, paginateListQueues,
} from "@aws-sdk/client-sqs";
import {
  attributesOf, closeClients, isSigned, makeClient, makeQueue, makeQueueWithDeadLetters, newName,
} from "./tern.mjs";

const client = makeClient();
after(closeClients);

test("a queue is created, found, listed page by page, changed and deleted", async () => {
  const prefix = newName("-list-");
  const urls = [];
  for (const suffix of ["a", "b", "c"]) {
    const QueueName = prefix + suffix;
    urls.push((await client.send(new CreateQueueCommand({ QueueName }))).QueueUrl);
  }
  const found = await client.send(new GetQueueUrlCommand({ QueueName: `${prefix}b` }));
  assert.equal(found.QueueUrl, urls[1]);
  assert.equal(new URL(found.QueueUrl).pathname, `/000000000000/${prefix}b`);

  const listed = [];
  let pages = 0;
  const all = paginateListQueues({ client, pageSize: 2 }, { QueueNamePrefix: prefix });
  for await (const page of all) {
    listed.push(...page.QueueUrls ?? []);
    pages++;
  }
  assert.deepEqual(listed.sort(), urls);
  assert.ok(pages >= 2);

  await client.send(new SetQueueAttributesCommand({
    QueueUrl: urls[0], Attributes: { VisibilityTimeout: "77", DelaySeconds: "5" },
  }));
  const changed = await attributesOf(client, urls[0], ["VisibilityTimeout", "DelaySeconds"]);
  assert.deepEqual(changed, { VisibilityTimeout: "77", DelaySeconds: "5" });

  await client.send(new DeleteQueueCommand({ QueueUrl: urls[2] }));
  await assert.rejects(attributesOf(client, urls[2]), QueueDoesNotExist);
});

test("tags are set at creation, added, replaced and taken away", async () => {
  const QueueName = newName();
  const { QueueUrl } = await client.send(new CreateQueueCommand({
    QueueName, tags: { team: "a", empty: "" },
  }));
  await client.send(new TagQueueCommand({ QueueUrl, Tags: { team: "b", "käse": "ja" } }));
  await client.send(new UntagQueueCommand({ QueueUrl, TagKeys: ["empty", "unknown"] }));
  const { Tags } = await client.send(new ListQueueTagsCommand({ QueueUrl }));
  assert.deepEqual(Tags, { team: "b", "käse": "ja" });
});

test("permissions become statements of the policy", async () => {
  const QueueUrl = await makeQueue(client);
  await client.send(new AddPermissionCommand({
    QueueUrl, Label: "share", AWSAccountIds: ["000000000000"], Actions: ["SendMessage"],
  }));
  const { Policy, QueueArn } = await attributesOf(client, QueueUrl);
  const [statement] = JSON.parse(Policy).Statement;
  assert.equal(statement.Sid, "share");
  assert.equal(statement.Action, "SQS:SendMessage");
  assert.equal(statement.Resource, QueueArn);
  await client.send(new RemovePermissionCommand({ QueueUrl, Label: "share" }));
  assert.equal((await attributesOf(client, QueueUrl)).Policy, undefined);
});

// Bodies into the dead-letter queue: one receive with a limit of one, then one that moves them.
async function fillDeadLetters(bodies) {
  const queues = await makeQueueWithDeadLetters(client, 1);
  await client.send(new SendMessageBatchCommand({
    QueueUrl: queues.queue,
    Entries: bodies.map((MessageBody, i) => ({ Id: `e${i}`, MessageBody })),
  }));
  for (let i = 0; i < 2; i++)
    await client.send(new ReceiveMessageCommand({
      QueueUrl: queues.queue, MaxNumberOfMessages: 10, VisibilityTimeout: 0,
    }));
  const counts = await attributesOf(client, queues.deadLetters);
  assert.equal(counts.ApproximateNumberOfMessages, String(bodies.length));
  return queues;
}

async function taskThatEnded(SourceArn) {
  for (;;) {
    const { Results } = await client.send(new ListMessageMoveTasksCommand({ SourceArn }));
    if (Results[0].Status !== "RUNNING" && Results[0].Status !== "CANCELLING")
      return Results[0];
  }
}

test("a move task takes dead letters back to their source", async () => {
  const bodies = ["a", "b", "c"];
  const { queue, deadLetters, deadLetterTargetArn } = await fillDeadLetters(bodies);
  const { queueUrls } = await client.send(
    new ListDeadLetterSourceQueuesCommand({ QueueUrl: deadLetters }));
  assert.deepEqual(queueUrls, [queue]);

  const { TaskHandle } = await client.send(
    new StartMessageMoveTaskCommand({ SourceArn: deadLetterTargetArn }));
  assert.ok(TaskHandle);
  const task = await taskThatEnded(deadLetterTargetArn);
  assert.equal(task.Status, "COMPLETED");
  assert.equal(task.ApproximateNumberOfMessagesMoved, 3);
  assert.equal(task.SourceArn, deadLetterTargetArn);
  assert.ok(task.StartedTimestamp > 1.7e12);

  const { Messages } = await client.send(
    new ReceiveMessageCommand({ QueueUrl: queue, MaxNumberOfMessages: 10 }));
  assert.deepEqual(Messages.map((message) => message.Body).sort(), bodies);
});

test("a slow move task can be cancelled", async () => {
  const { deadLetters, deadLetterTargetArn } = await fillDeadLetters(["a", "b", "c", "d", "e"]);
  const { TaskHandle } = await client.send(new StartMessageMoveTaskCommand({
    SourceArn: deadLetterTargetArn, MaxNumberOfMessagesPerSecond: 1,
  }));
  const cancelled = await client.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
  assert.equal(typeof cancelled.ApproximateNumberOfMessagesMoved, "number");
  const task = await taskThatEnded(deadLetterTargetArn);
  assert.equal(task.Status, "CANCELLED");
  const { ApproximateNumberOfMessages } = await attributesOf(client, deadLetters);
  assert.equal(Number(ApproximateNumberOfMessages) + task.ApproximateNumberOfMessagesMoved, 5);
  assert.ok(task.ApproximateNumberOfMessagesMoved < 5);
});

// Where signatures are checked, the key of another account would have to be known.
const apart = { skip: isSigned };

test("accounts and regions do not see each other's queues", apart, async () => {
  const QueueName = newName();
  await client.send(new CreateQueueCommand({ QueueName }));
  const account = makeClient({
    credentials: { accessKeyId: "111122223333", secretAccessKey: "secret" },
  });
  const region = makeClient({ region: "eu-west-1" });
  for (const other of [account, region])
    await assert.rejects(other.send(new GetQueueUrlCommand({ QueueName })), QueueDoesNotExist);
  const { QueueUrl } = await account.send(new CreateQueueCommand({ QueueName }));
  assert.equal(new URL(QueueUrl).pathname, `/111122223333/${QueueName}`);
  await account.send(new SendMessageCommand({ QueueUrl, MessageBody: "x" }));
  assert.equal((await attributesOf(account, QueueUrl)).ApproximateNumberOfMessages, "1");
});
