// SPDX-License-Identifier: MIT
// What the tests of the JavaScript SDK share: clients, queues of one's own, digests, a proxy.
// The server is that of TERN_ENDPOINT, the credentials those of AWS's variables; test_js.py starts
// servers: one that takes any credentials, and one (TERN_SIGNED) that checks signatures.
import { createHash } from "node:crypto";
import http from "node:http";
import {
  CreateQueueCommand, DeleteMessageCommand, GetQueueAttributesCommand, ReceiveMessageCommand,
  SetQueueAttributesCommand, SQSClient,
} from "@aws-sdk/client-sqs";

export const endpoint = process.env.TERN_ENDPOINT;
export const isSigned = process.env.TERN_SIGNED === "true";
const clients = [];
let number = 0;

export function makeClient(options = {}) {
  const client = new SQSClient({
    region: "us-east-1", endpoint, maxAttempts: 1, ...options,
  });
  clients.push(client);
  return client;
}

// Sockets that are kept alive would keep the process of the tests alive too.
export function closeClients() {
  for (const client of clients)
    client.destroy();
}

export function newName(suffix = "") {
  return `js-${process.pid}-${++number}${suffix}`;
}

export async function makeQueue(client, Attributes = {}) {
  const QueueName = newName(Attributes.FifoQueue ? ".fifo" : "");
  return (await client.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl;
}

export async function attributesOf(client, QueueUrl, AttributeNames = ["All"]) {
  const answer = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
  return answer.Attributes;
}

export async function makeQueueWithDeadLetters(client, maxReceiveCount = 3) {
  const deadLetters = await makeQueue(client);
  const deadLetterTargetArn = (await attributesOf(client, deadLetters)).QueueArn;
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount });
  const queue = await makeQueue(client, { RedrivePolicy });
  return { queue, deadLetters, deadLetterTargetArn };
}

// Lets a service send to the queue for one of its resources: a topic or a rule.
export async function allowService(client, QueueUrl, Service, SourceArn) {
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{
      Effect: "Allow", Principal: { Service }, Action: "sqs:SendMessage",
      Resource: (await attributesOf(client, QueueUrl)).QueueArn,
      Condition: { ArnEquals: { "aws:SourceArn": SourceArn } },
    }],
  });
  await client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
}

// Waits for so many messages, deletes them and gives their bodies; `seen` gets the messages.
export async function receiveBodies(client, QueueUrl, count = 1, seen = []) {
  do {
    const { Messages = [] } = await client.send(new ReceiveMessageCommand({
      QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: seen.length < count ? 20 : 0,
      MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"],
    }));
    if (Messages.length === 0)
      break;
    for (const message of Messages) {
      const { ReceiptHandle } = message;
      await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      seen.push(message);
    }
  } while (seen.length < count);
  return seen.map((message) => message.Body);
}

export const md5 = (text) => createHash("md5").update(text).digest("hex");

// The SDK checks bodies only; this is the documented digest of message attributes.
export function md5OfAttributes(attributes) {
  const hash = createHash("md5");
  const add = (bytes) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of Object.keys(attributes).sort()) {
    const { DataType, StringValue, BinaryValue } = attributes[name];
    add(Buffer.from(name));
    add(Buffer.from(DataType));
    hash.update(Buffer.from([DataType.startsWith("Binary") ? 2 : 1]));
    add(Buffer.from(BinaryValue ?? StringValue));
  }
  return hash.digest("hex");
}

// Asks the server until as many long polls wait.
export async function waitForPolls(count) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const text = await (await fetch(`${endpoint}/_tern/metrics`)).text();
    const waiting = Number(/^tern_waiting_receives (\d+)$/m.exec(text)[1]);
    if (waiting === count)
      return;
    if (Date.now() > deadline)
      throw new Error(`${waiting} long polls wait, not ${count}`);
  }
}

// Passes requests on to the server, Host included, and counts them.
export async function startProxy(headers = {}) {
  const { hostname, port } = new URL(endpoint);
  const proxy = http.createServer((request, response) => {
    proxy.requests.push(request.headers["x-amz-target"]);
    const onward = http.request({
      hostname, port, method: request.method, path: request.url,
      headers: { ...request.headers, ...headers },
    }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  proxy.requests = [];
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  proxy.origin = `http://127.0.0.1:${proxy.address().port}`;
  return proxy;
}

export function stopProxy(proxy) {
  proxy.close();
  proxy.closeAllConnections();
}
