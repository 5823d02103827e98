// SPDX-License-Identifier: MIT
package tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.Credentials;

class StsTest {
  private static final URI ENDPOINT = URI.create(System.getenv("TERN_ENDPOINT"));

  @Test
  void aSessionTokenWorksWithAnotherClient() {
    Credentials keys;
    String account;

    try (StsClient sts = StsClient.builder().endpointOverride(ENDPOINT)
        .region(Region.US_EAST_1).build()) {
      account = sts.getCallerIdentity().account();
      assertEquals("arn:aws:iam::" + account + ":root", sts.getCallerIdentity().arn());
      keys = sts.getSessionToken().credentials();
    }
    assertTrue(keys.accessKeyId().startsWith("ASIA"));
    AwsSessionCredentials session = AwsSessionCredentials.create(
      keys.accessKeyId(), keys.secretAccessKey(), keys.sessionToken());
    try (SqsClient sqs = SqsClient.builder().endpointOverride(ENDPOINT)
        .region(Region.US_EAST_1)
        .credentialsProvider(StaticCredentialsProvider.create(session)).build()) {
      String name = Tern.newName("");
      assertTrue(sqs.createQueue(in -> in.queueName(name)).queueUrl()
        .endsWith("/" + account + "/" + name));
    }
  }
}
