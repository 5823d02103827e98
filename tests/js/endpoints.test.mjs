// SPDX-License-Identifier: MIT
// The SDK sends to the endpoint given in code, but to the host of QueueUrl when the endpoint came
// from AWS_ENDPOINT_URL: both must reach the server, and queue URLs must name the host that the
// client used.
import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import {
  CreateQueueCommand, DeleteMessageCommand, GetQueueUrlCommand, ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import {
  closeClients, endpoint, makeClient, makeQueue, newName, startProxy, stopProxy,
} from "./tern.mjs";

after(closeClients);
afterEach(() => {
  delete process.env.AWS_ENDPOINT_URL;
  delete process.env.AWS_ENDPOINT_URL_SQS;
});

async function passOne(client, QueueUrl) {
  const sent = await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "x" }));
  const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl }));
  assert.equal(Messages[0].MessageId, sent.MessageId);
  const { ReceiptHandle } = Messages[0];
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
}

test("an endpoint in code is where requests go, whatever host QueueUrl names", async () => {
  const client = makeClient();
  const QueueUrl = await makeQueue(client);
  await passOne(client, QueueUrl);
  const { pathname } = new URL(QueueUrl);
  await passOne(client, `http://elsewhere.invalid:1${pathname}`);
  await passOne(client, `https://sqs.us-east-1.amazonaws.com${pathname}`);
});

for (const variable of ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"])
  test(`with ${variable} requests go to the host of QueueUrl`, async () => {
    const proxy = await startProxy();
    process.env[variable] = endpoint;
    const client = makeClient({ endpoint: undefined });
    const QueueUrl = await makeQueue(client);
    assert.equal(new URL(QueueUrl).origin, endpoint);
    await passOne(client, QueueUrl);
    assert.equal(proxy.requests.length, 0);
    await passOne(client, QueueUrl.replace(endpoint, proxy.origin));
    assert.deepEqual(proxy.requests,
      ["AmazonSQS.SendMessage", "AmazonSQS.ReceiveMessage", "AmazonSQS.DeleteMessage"]);
    stopProxy(proxy);
  });

test("useQueueUrlAsEndpoint: false keeps to the endpoint", async () => {
  process.env.AWS_ENDPOINT_URL = endpoint;
  const client = makeClient({ endpoint: undefined, useQueueUrlAsEndpoint: false });
  const { pathname } = new URL(await makeQueue(client));
  await passOne(client, `http://elsewhere.invalid:1${pathname}`);
});

test("a queue URL names the host and port that the request came for", async () => {
  const { port } = new URL(endpoint);
  const QueueName = newName();
  const named = makeClient({ endpoint: `http://localhost:${port}` });
  const { QueueUrl } = await named.send(new CreateQueueCommand({ QueueName }));
  assert.equal(QueueUrl, `http://localhost:${port}/000000000000/${QueueName}`);

  const proxy = await startProxy();
  const through = makeClient({ endpoint: proxy.origin });
  const found = await through.send(new GetQueueUrlCommand({ QueueName }));
  assert.equal(found.QueueUrl, `${proxy.origin}/000000000000/${QueueName}`);
  await passOne(through, found.QueueUrl);
  stopProxy(proxy);
});

test("behind a proxy that ends TLS a queue URL is https", async () => {
  const proxy = await startProxy({ "x-forwarded-proto": "https" });
  const client = makeClient({ endpoint: proxy.origin });
  const QueueUrl = await makeQueue(client);
  assert.equal(new URL(QueueUrl).protocol, "https:");
  assert.equal(new URL(QueueUrl).host, new URL(proxy.origin).host);
  await passOne(client, QueueUrl);
  stopProxy(proxy);
});

test("a queue is found by its bare name in QueueUrl", async () => {
  const client = makeClient();
  const { pathname } = new URL(await makeQueue(client));
  await passOne(client, pathname.split("/").at(-1));
});
