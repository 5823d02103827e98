// SPDX-License-Identifier: MIT
package tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.awspring.cloud.sqs.listener.SqsMessageListenerContainer;
import io.awspring.cloud.sqs.operations.SqsTemplate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.messaging.Message;
import org.springframework.messaging.support.MessageBuilder;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/** Spring Cloud AWS: a template that sends, a container that polls, listens and acknowledges. */
class SpringTest {
  private final SqsAsyncClient async = Tern.newAsyncClient();

  @AfterEach
  void close() {
    async.close();
  }

  /** The queue is not there at first: it is made once QueueDoesNotExist comes as its class. */
  @Test
  void aContainerHandlesWhatATemplateSends() throws Exception {
    String name = Tern.newName("-spring");
    Set<String> wanted = IntStream.range(0, 25).mapToObj(i -> "body " + i)
      .collect(Collectors.toSet());
    Set<String> handled = ConcurrentHashMap.newKeySet();
    CountDownLatch left = new CountDownLatch(wanted.size());
    SqsMessageListenerContainer<String> container = SqsMessageListenerContainer.<String>builder()
      .sqsAsyncClient(async)
      .configure(options -> options.pollTimeout(Duration.ofSeconds(1)))
      .queueNames(name)
      .messageListener(message -> {
        handled.add(message.getPayload());
        left.countDown();
      })
      .build();
    container.start();
    List<Message<String>> messages = wanted.stream()
      .map(body -> MessageBuilder.withPayload(body).build()).toList();
    SqsTemplate template = SqsTemplate.newTemplate(async);
    for (int i = 0; i < messages.size(); i += 10) {
      template.sendMany(name, messages.subList(i, Math.min(i + 10, messages.size())));
    }
    assertTrue(left.await(60, TimeUnit.SECONDS), "handled: " + handled);
    assertEquals(wanted, handled);
    try (SqsClient sqs = Tern.newClient()) {
      String url = sqs.getQueueUrl(in -> in.queueName(name)).queueUrl();
      // Acknowledgements are gathered into batches and follow within a second.
      assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
        while (!isEmpty(sqs, url)) {
          Thread.onSpinWait();
        }
      });
    }
    container.stop();
  }

  private static boolean isEmpty(SqsClient sqs, String url) {
    Map<QueueAttributeName, String> attributes = sqs.getQueueAttributes(
      in -> in.queueUrl(url).attributeNames(QueueAttributeName.ALL)).attributes();
    return attributes.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES).equals("0")
      && attributes.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE).equals("0");
  }
}
