// SPDX-License-Identifier: MIT
// Temporary credentials by the SDK's STS client, and what other clients do with them.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { CreateQueueCommand, ListQueuesCommand } from "@aws-sdk/client-sqs";
import {
  GetCallerIdentityCommand, GetFederationTokenCommand, GetSessionTokenCommand, STSClient,
} from "@aws-sdk/client-sts";
import { closeClients, endpoint, isSigned, makeClient, newName } from "./tern.mjs";

const account = "000000000000";
const sts = new STSClient({ region: "us-east-1", endpoint, maxAttempts: 1 });

after(() => {
  sts.destroy();
  closeClients();
});

const keysOf = ({ Credentials }) => ({
  accessKeyId: Credentials.AccessKeyId,
  secretAccessKey: Credentials.SecretAccessKey,
  sessionToken: Credentials.SessionToken,
  expiration: Credentials.Expiration,
});

test("the caller is told who it is", async () => {
  const who = await sts.send(new GetCallerIdentityCommand({}));
  assert.equal(who.Account, account);
  assert.equal(who.Arn, `arn:aws:iam::${account}:root`);
});

test("a session token works with another client", async () => {
  const credentials = keysOf(await sts.send(new GetSessionTokenCommand({ DurationSeconds: 900 })));
  assert.match(credentials.accessKeyId, /^ASIA/);
  assert.ok(credentials.expiration instanceof Date);
  const sqs = makeClient({ credentials });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: newName() }));
  assert.match(QueueUrl, new RegExp(`/${account}/`));
});

test("a federated user may do what its policy says", { skip: !isSigned }, async () => {
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "sqs:ListQueues", Resource: "*" }],
  });
  const answer = await sts.send(new GetFederationTokenCommand({ Name: "bob", Policy }));
  const credentials = keysOf(answer);
  const sqs = makeClient({ credentials });
  await sqs.send(new ListQueuesCommand({}));
  await assert.rejects(sqs.send(new CreateQueueCommand({ QueueName: newName() })),
    { name: "AccessDenied" });
});

test("a changed token is refused", { skip: !isSigned }, async () => {
  const credentials = keysOf(await sts.send(new GetSessionTokenCommand({})));
  const sessionToken = `A${credentials.sessionToken.slice(1)}`;
  const stranger = new STSClient({
    region: "us-east-1", endpoint, maxAttempts: 1, credentials: { ...credentials, sessionToken },
  });
  await assert.rejects(stranger.send(new GetCallerIdentityCommand({})),
    { name: "InvalidClientTokenId" });
  stranger.destroy();
});
