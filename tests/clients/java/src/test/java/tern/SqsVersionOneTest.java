// SPDX-License-Identifier: MIT
package tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.AmazonSQSClientBuilder;
import com.amazonaws.services.sqs.model.AmazonSQSException;
import com.amazonaws.services.sqs.model.CreateQueueRequest;
import com.amazonaws.services.sqs.model.DeleteMessageBatchRequestEntry;
import com.amazonaws.services.sqs.model.Message;
import com.amazonaws.services.sqs.model.MessageAttributeValue;
import com.amazonaws.services.sqs.model.QueueDoesNotExistException;
import com.amazonaws.services.sqs.model.ReceiptHandleIsInvalidException;
import com.amazonaws.services.sqs.model.ReceiveMessageRequest;
import com.amazonaws.services.sqs.model.SendMessageBatchRequestEntry;
import com.amazonaws.services.sqs.model.SendMessageRequest;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The first SDK for Java speaks Query, posts to the URL of the queue and compares the digests of
 * bodies and of message attributes itself.
 */
class SqsVersionOneTest {
  private static AmazonSQS sqs;

  @BeforeAll
  static void open() {
    sqs = AmazonSQSClientBuilder.standard()
      .withEndpointConfiguration(
        new EndpointConfiguration(System.getenv("TERN_ENDPOINT"), "us-east-1"))
      .build();
  }

  @AfterAll
  static void close() {
    sqs.shutdown();
  }

  private static String newQueue(Map<String, String> attributes) {
    String suffix = attributes.containsKey("FifoQueue") ? ".fifo" : "";
    return sqs.createQueue(new CreateQueueRequest(Tern.newName(suffix))
      .withAttributes(attributes)).getQueueUrl();
  }

  private static List<Message> receive(String url) {
    return sqs.receiveMessage(new ReceiveMessageRequest(url).withMaxNumberOfMessages(10)
      .withAttributeNames("All").withMessageAttributeNames("All")).getMessages();
  }

  private static String attributeOf(String url, String name) {
    return sqs.getQueueAttributes(url, List.of(name)).getAttributes().get(name);
  }

  @Test
  void aMessageComesBackAsItWasSent() {
    String url = newQueue(Map.of());
    var sent = sqs.sendMessage(new SendMessageRequest(url, "grüße 🐦 <&> \t\r\n")
      .addMessageAttributesEntry("number",
        new MessageAttributeValue().withDataType("Number").withStringValue("42"))
      .addMessageAttributesEntry("bytes",
        new MessageAttributeValue().withDataType("Binary.raw")
          .withBinaryValue(ByteBuffer.wrap(new byte[] {0, 1, -2, -1}))));
    Message message = receive(url).get(0);
    assertEquals("grüße 🐦 <&> \t\r\n", message.getBody());
    assertEquals(sent.getMessageId(), message.getMessageId());
    assertEquals("42", message.getMessageAttributes().get("number").getStringValue());
    assertEquals("1", message.getAttributes().get("ApproximateReceiveCount"));
    sqs.changeMessageVisibility(url, message.getReceiptHandle(), 0);
    sqs.deleteMessage(url, receive(url).get(0).getReceiptHandle());
    assertEquals("0", attributeOf(url, "ApproximateNumberOfMessagesNotVisible"));
  }

  @Test
  void batchesOfTen() {
    String url = newQueue(Map.of());
    var sent = sqs.sendMessageBatch(url, IntStream.range(0, 10)
      .mapToObj(i -> new SendMessageBatchRequestEntry("e" + i, "body " + i)).toList());
    assertEquals(10, sent.getSuccessful().size());
    var deleted = sqs.deleteMessageBatch(url, receive(url).stream()
      .map(message -> new DeleteMessageBatchRequestEntry(message.getMessageId(),
        message.getReceiptHandle())).toList());
    assertEquals(10, deleted.getSuccessful().size());
  }

  @Test
  void fifoKeepsTheOrder() {
    String url = newQueue(Map.of("FifoQueue", "true", "ContentBasedDeduplication", "true"));
    for (String body : List.of("1", "2", "2", "3")) {
      sqs.sendMessage(new SendMessageRequest(url, body).withMessageGroupId("g"));
    }
    assertEquals(List.of("1", "2", "3"), receive(url).stream().map(Message::getBody).toList());
  }

  @Test
  void deadLettersAfterThreeReceives() {
    String deadLetters = newQueue(Map.of());
    String url = newQueue(Map.of("VisibilityTimeout", "0", "RedrivePolicy",
      "{\"maxReceiveCount\":\"3\", \"deadLetterTargetArn\":\""
        + attributeOf(deadLetters, "QueueArn") + "\"}"));
    sqs.sendMessage(url, "poison");
    for (int i = 0; i < 3; i++) {
      assertEquals(1, receive(url).size());
    }
    assertEquals(List.of(), receive(url));
    assertEquals("poison", receive(deadLetters).get(0).getBody());
  }

  @Test
  void errorsAreTypedAndHaveTheirCodes() {
    String url = newQueue(Map.of());
    var missing = assertThrows(QueueDoesNotExistException.class,
      () -> sqs.sendMessage(url + "-missing", "x"));
    assertEquals("AWS.SimpleQueueService.NonExistentQueue", missing.getErrorCode());
    assertEquals(400, missing.getStatusCode());
    assertThrows(ReceiptHandleIsInvalidException.class, () -> sqs.deleteMessage(url, "garbage"));
    var other = assertThrows(AmazonSQSException.class,
      () -> sqs.receiveMessage(new ReceiveMessageRequest(url).withMaxNumberOfMessages(11)));
    assertEquals("InvalidParameterValue", other.getErrorCode());
  }
}
