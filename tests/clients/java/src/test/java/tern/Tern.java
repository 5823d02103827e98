// SPDX-License-Identifier: MIT
package tern;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/** Clients of the ternd that TERN_ENDPOINT names, and queues of one's own. */
final class Tern {
  private static final AtomicInteger number = new AtomicInteger();

  private Tern() {
  }

  /** Any service's builder, set up for the ternd. */
  static <B extends AwsClientBuilder<B, ?>> B with(B builder) {
    return builder.endpointOverride(URI.create(System.getenv("TERN_ENDPOINT")))
      .region(Region.US_EAST_1)
      .overrideConfiguration(settings -> settings
        .apiCallTimeout(Duration.ofSeconds(60))
        .retryStrategy(DefaultRetryStrategy.doNotRetry()));
  }

  static SqsClient newClient() {
    return with(SqsClient.builder()).build();
  }

  static SqsAsyncClient newAsyncClient() {
    return with(SqsAsyncClient.builder()).build();
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

  /** Waits for so many messages and deletes them. */
  static List<Message> receiveAll(SqsClient sqs, String url, int count) {
    List<Message> messages = new ArrayList<>();
    while (messages.size() < count) {
      List<Message> found = sqs.receiveMessage(in -> in.queueUrl(url).maxNumberOfMessages(10)
        .waitTimeSeconds(20).messageAttributeNames("All")).messages();
      if (found.isEmpty())
        throw new AssertionError(messages.size() + " messages arrived, not " + count);
      for (Message message : found)
        sqs.deleteMessage(in -> in.queueUrl(url).receiptHandle(message.receiptHandle()));
      messages.addAll(found);
    }
    return messages;
  }

  /** Lets a service send to the queue for one of its resources (a topic, a rule); its ARN. */
  static String allowService(SqsClient sqs, String url, String service, String source) {
    String arn = attributeOf(sqs, url, QueueAttributeName.QUEUE_ARN);
    String policy = """
      {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Service": "%s"}, "Action": "sqs:SendMessage", "Resource": "%s",
        "Condition": {"ArnEquals": {"aws:SourceArn": "%s"}}}]}
      """.formatted(service, arn, source);
    sqs.setQueueAttributes(in -> in.queueUrl(url)
      .attributes(Map.of(QueueAttributeName.POLICY, policy)));
    return arn;
  }

  static List<String> bodies(List<Message> messages) {
    return messages.stream().map(Message::body).toList();
  }
}
