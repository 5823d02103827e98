// SPDX-License-Identifier: MIT
// Rules by the SDK's EventBridge client, a schedule by that of Scheduler; queues are the targets.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  CreateEventBusCommand, DescribeRuleCommand, EventBridgeClient, ListTargetsByRuleCommand,
  PutEventsCommand, PutRuleCommand, PutTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import {
  CreateScheduleCommand, DeleteScheduleCommand, GetScheduleCommand, SchedulerClient,
} from "@aws-sdk/client-scheduler";
import {
  allowService, attributesOf, closeClients, endpoint, makeClient, makeQueue, newName, receiveBodies,
} from "./tern.mjs";

const sqs = makeClient();
const options = { region: "us-east-1", endpoint, maxAttempts: 1 };
const events = new EventBridgeClient(options);
const scheduler = new SchedulerClient(options);

after(() => {
  events.destroy();
  scheduler.destroy();
  closeClients();
});

// A rule with a new queue as its target; `input` is more of the target's settings.
async function makeRule(EventBusName, pattern, input = {}) {
  const Name = newName();
  const { RuleArn } = await events.send(new PutRuleCommand({
    Name, EventBusName, EventPattern: JSON.stringify(pattern),
  }));
  const QueueUrl = await makeQueue(sqs);
  await allowService(sqs, QueueUrl, "events.amazonaws.com", RuleArn);
  const Arn = (await attributesOf(sqs, QueueUrl)).QueueArn;
  const answer = await events.send(new PutTargetsCommand({
    Rule: Name, EventBusName, Targets: [{ Id: "queue", Arn, ...input }],
  }));
  assert.equal(answer.FailedEntryCount, 0);
  return { Name, QueueUrl, Arn };
}

test("a rule sends the events that match its pattern to a queue", async () => {
  const Source = newName();
  const rule = await makeRule(undefined, {
    source: [Source], detail: { total: [{ numeric: [">", 9] }] },
  });
  const found = await events.send(new DescribeRuleCommand({ Name: rule.Name }));
  assert.equal(found.State, "ENABLED");
  const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: rule.Name }));
  assert.deepEqual(Targets, [{ Id: "queue", Arn: rule.Arn }]);
  const entry = (total) => ({
    Source, DetailType: "order placed", Detail: JSON.stringify({ total }),
    Resources: ["arn:aws:s3:::orders"], Time: new Date("2026-01-02T03:04:05Z"),
  });
  const answer = await events.send(new PutEventsCommand({
    Entries: [entry(9), entry(10), { Source, DetailType: "order placed", Detail: "no JSON" }],
  }));
  assert.equal(answer.FailedEntryCount, 1);
  assert.deepEqual(answer.Entries.map(({ ErrorCode }) => ErrorCode),
    [undefined, undefined, "MalformedDetail"]);
  const [body] = await receiveBodies(sqs, rule.QueueUrl);
  const event = JSON.parse(body);
  assert.equal(event.id, answer.Entries[1].EventId);
  assert.equal(event.source, Source);
  assert.equal(event["detail-type"], "order placed");
  assert.equal(event.time, "2026-01-02T03:04:05Z");
  assert.deepEqual(event.detail, { total: 10 });
  assert.deepEqual(event.resources, ["arn:aws:s3:::orders"]);
  assert.deepEqual(await receiveBodies(sqs, rule.QueueUrl, 0), []);
});

test("a rule of a bus transforms its events", async () => {
  const Name = newName();
  await events.send(new CreateEventBusCommand({ Name }));
  const { QueueUrl } = await makeRule(Name, { source: ["shop"] }, {
    InputTransformer: {
      InputPathsMap: { total: "$.detail.total" }, InputTemplate: '"the total is <total>"',
    },
  });
  await events.send(new PutEventsCommand({
    Entries: [{ EventBusName: Name, Source: "shop", DetailType: "d", Detail: '{"total":3}' }],
  }));
  assert.deepEqual(await receiveBodies(sqs, QueueUrl), ['"the total is 3"']);
});

test("faults have the names of the SDK's classes", async () => {
  await assert.rejects(events.send(new DescribeRuleCommand({ Name: newName() })),
    { name: "ResourceNotFoundException" });
  await assert.rejects(events.send(new PutRuleCommand({ Name: newName(), EventPattern: "{" })),
    { name: "InvalidEventPatternException" });
  await assert.rejects(scheduler.send(new GetScheduleCommand({ Name: newName() })),
    { name: "ResourceNotFoundException" });
});

test("a schedule fires once, at its time", async () => {
  const Name = newName();
  const QueueUrl = await makeQueue(sqs);
  const soon = new Date(Date.now() + 2_000).toISOString().slice(0, 19);
  const { ScheduleArn } = await scheduler.send(new CreateScheduleCommand({
    Name, ScheduleExpression: `at(${soon})`, FlexibleTimeWindow: { Mode: "OFF" },
    Target: {
      Arn: (await attributesOf(sqs, QueueUrl)).QueueArn, RoleArn: process.env.TERN_ROLE,
      Input: "wake up",
    },
  }));
  const found = await scheduler.send(new GetScheduleCommand({ Name }));
  assert.equal(found.Arn, ScheduleArn);
  assert.ok(found.CreationDate instanceof Date);
  assert.deepEqual(await receiveBodies(sqs, QueueUrl), ["wake up"]);
  assert.ok(Date.now() >= Date.parse(`${soon}Z`));
  await scheduler.send(new DeleteScheduleCommand({ Name }));
});
