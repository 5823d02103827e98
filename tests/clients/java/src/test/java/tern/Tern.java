// SPDX-License-Identifier: MIT
package tern;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.SqsBaseClientBuilder;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/** Clients of the ternd that TERN_ENDPOINT names, and queues of one's own. */
final class Tern {
  private static final AtomicInteger number = new AtomicInteger();

  private Tern() {
  }

  private static <B extends SqsBaseClientBuilder<B, ?>> B settle(B builder) {
    return builder.endpointOverride(URI.create(System.getenv("TERN_ENDPOINT")))
      .region(Region.US_EAST_1)
      .overrideConfiguration(settings -> settings
        .apiCallTimeout(Duration.ofSeconds(60))
        .retryStrategy(DefaultRetryStrategy.doNotRetry()));
  }

  static SqsClient newClient() {
    return settle(SqsClient.builder()).build();
  }

  static SqsAsyncClient newAsyncClient() {
    return settle(SqsAsyncClient.builder()).build();
  }

  static String newName(String suffix) {
    return "java-" + ProcessHandle.current().pid() + "-" + number.incrementAndGet() + suffix;
  }

  static String newQueue(SqsClient sqs, Map<QueueAttributeName, String> attributes) {
    boolean isFifo = attributes.containsKey(QueueAttributeName.FIFO_QUEUE);
    String name = newName(isFifo ? ".fifo" : "");
    return sqs.createQueue(in -> in.queueName(name).attributes(attributes)).queueUrl();
  }

  static String attributeOf(SqsClient sqs, String url, QueueAttributeName name) {
    return sqs.getQueueAttributes(in -> in.queueUrl(url).attributeNames(name))
      .attributes().get(name);
  }

  static List<Message> receive(SqsClient sqs, String url) {
    return sqs.receiveMessage(in -> in.queueUrl(url).maxNumberOfMessages(10)).messages();
  }

  static List<String> bodies(List<Message> messages) {
    return messages.stream().map(Message::body).toList();
  }
}
