// SPDX-License-Identifier: MIT
// Topics by the SDK's SNS client, with queues that subscribe to them.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  CreateTopicCommand, DeleteTopicCommand, GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand, PublishBatchCommand, PublishCommand, SNSClient,
  SubscribeCommand, UnsubscribeCommand,
} from "@aws-sdk/client-sns";
import {
  allowService, attributesOf, closeClients, endpoint, makeClient, makeQueue, newName, receiveBodies,
} from "./tern.mjs";

const sqs = makeClient();
const sns = new SNSClient({ region: "us-east-1", endpoint, maxAttempts: 1 });

after(() => {
  sns.destroy();
  closeClients();
});

async function makeTopic(Attributes = {}) {
  const Name = newName(Attributes.FifoTopic ? ".fifo" : "");
  return (await sns.send(new CreateTopicCommand({ Name, Attributes }))).TopicArn;
}

// The URL of a new queue that is subscribed to the topic, and the ARN of its subscription.
async function subscribeQueue(TopicArn, Attributes = {}, queueAttributes = {}) {
  const QueueUrl = await makeQueue(sqs, queueAttributes);
  await allowService(sqs, QueueUrl, "sns.amazonaws.com", TopicArn);
  const { SubscriptionArn } = await sns.send(new SubscribeCommand({
    TopicArn, Protocol: "sqs", Endpoint: (await attributesOf(sqs, QueueUrl)).QueueArn, Attributes,
  }));
  return { QueueUrl, SubscriptionArn };
}

test("a published message arrives in its envelope", async () => {
  const TopicArn = await makeTopic({ DisplayName: "Orders" });
  const { QueueUrl, SubscriptionArn } = await subscribeQueue(TopicArn);
  const { MessageId } = await sns.send(new PublishCommand({
    TopicArn, Message: "grüße 🐦 <&>", Subject: "greeting",
    MessageAttributes: { color: { DataType: "String", StringValue: "red" } },
  }));
  const [body] = await receiveBodies(sqs, QueueUrl);
  const envelope = JSON.parse(body);
  assert.equal(envelope.Type, "Notification");
  assert.equal(envelope.MessageId, MessageId);
  assert.equal(envelope.TopicArn, TopicArn);
  assert.equal(envelope.Subject, "greeting");
  assert.equal(envelope.Message, "grüße 🐦 <&>");
  assert.deepEqual(envelope.MessageAttributes, { color: { Type: "String", Value: "red" } });
  const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
  assert.equal(Attributes.DisplayName, "Orders");
  assert.equal(Attributes.SubscriptionsConfirmed, "1");
  const { Subscriptions } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
  assert.deepEqual(Subscriptions.map((found) => found.SubscriptionArn), [SubscriptionArn]);
});

test("a batch reaches the subscriptions whose filter matches, with its attributes", async () => {
  const TopicArn = await makeTopic();
  const raw = { RawMessageDelivery: "true" };
  const all = await subscribeQueue(TopicArn, raw);
  const few = await subscribeQueue(TopicArn, {
    ...raw, FilterPolicy: JSON.stringify({ color: ["red"], size: [{ numeric: [">", 1] }] }),
  });
  const entry = (Id, color, size, Message = Id) => ({
    Id, Message, MessageAttributes: {
      color: { DataType: "String", StringValue: color },
      size: { DataType: "Number", StringValue: size },
      bytes: { DataType: "Binary", BinaryValue: Buffer.from([0, 255]) },
    },
  });
  const answer = await sns.send(new PublishBatchCommand({
    TopicArn, PublishBatchRequestEntries: [
      entry("1", "red", "1"), entry("2", "red", "2"), entry("3", "blue", "3"),
      entry("4", "red", "4", ""),
    ],
  }));
  assert.deepEqual(answer.Successful.map(({ Id }) => Id), ["1", "2", "3"]);
  assert.deepEqual(answer.Failed.map(({ Id, SenderFault }) => [Id, SenderFault]), [["4", true]]);
  assert.deepEqual((await receiveBodies(sqs, all.QueueUrl, 3)).sort(), ["1", "2", "3"]);
  const seen = [];
  assert.deepEqual(await receiveBodies(sqs, few.QueueUrl, 1, seen), ["2"]);
  const { color, size, bytes } = seen[0].MessageAttributes;
  assert.deepEqual([color.StringValue, size.StringValue], ["red", "2"]);
  assert.deepEqual([...bytes.BinaryValue], [0, 255]);
  await sns.send(new UnsubscribeCommand({ SubscriptionArn: few.SubscriptionArn }));
  await sns.send(new PublishBatchCommand({
    TopicArn, PublishBatchRequestEntries: [entry("5", "red", "5")],
  }));
  assert.deepEqual(await receiveBodies(sqs, all.QueueUrl), ["5"]);
  assert.deepEqual(await receiveBodies(sqs, few.QueueUrl, 0), []);
});

test("a FIFO topic keeps the order of a group and drops duplicates", async () => {
  const TopicArn = await makeTopic({ FifoTopic: "true", ContentBasedDeduplication: "true" });
  const { QueueUrl } = await subscribeQueue(TopicArn, { RawMessageDelivery: "true" },
    { FifoQueue: "true" });
  const publish = (Message) => sns.send(new PublishCommand({
    TopicArn, Message, MessageGroupId: "g",
  }));
  const sent = [await publish("1"), await publish("2"), await publish("2"), await publish("3")];
  assert.ok(sent.every(({ SequenceNumber }) => /^\d{20}$/.test(SequenceNumber)));
  assert.equal(sent[2].MessageId, sent[1].MessageId);
  const seen = [];
  assert.deepEqual(await receiveBodies(sqs, QueueUrl, 3, seen), ["1", "2", "3"]);
  assert.equal(seen[0].Attributes.MessageGroupId, "g");
});

test("faults have the names of the SDK's classes", async () => {
  const TopicArn = await makeTopic();
  await sns.send(new DeleteTopicCommand({ TopicArn }));
  await assert.rejects(sns.send(new PublishCommand({ TopicArn, Message: "late" })),
    { name: "NotFoundException" });
  await assert.rejects(sns.send(new CreateTopicCommand({ Name: "not a name" })),
    { name: "InvalidParameterException" });
});
