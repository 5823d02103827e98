// SPDX-License-Identifier: MIT
package tern;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.batchmanager.SqsAsyncBatchManager;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.EmptyBatchRequestException;
import software.amazon.awssdk.services.sqs.model.InvalidAttributeNameException;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;
import software.amazon.awssdk.services.sqs.model.ReceiptHandleIsInvalidException;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageResponse;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SqsException;

/** The SDK compares MD5OfMessageBody and MD5OfBody itself and fails the call if they are wrong. */
class SqsTest {
  private static SqsClient sqs;

  @BeforeAll
  static void open() {
    sqs = Tern.newClient();
  }

  @AfterAll
  static void close() {
    sqs.close();
  }

  @Test
  void queuesAreFoundListedTaggedAndDeleted() {
    String prefix = Tern.newName("-list-");
    List<String> made = List.of("a", "b", "c").stream()
      .map(suffix -> sqs.createQueue(in -> in.queueName(prefix + suffix)
        .tags(Map.of("team", suffix))).queueUrl())
      .toList();
    assertEquals(made.get(1), sqs.getQueueUrl(in -> in.queueName(prefix + "b")).queueUrl());
    List<String> listed = sqs.listQueuesPaginator(
      in -> in.queueNamePrefix(prefix).maxResults(2)).queueUrls().stream().sorted().toList();
    assertEquals(made, listed);

    String url = made.get(0);
    sqs.tagQueue(in -> in.queueUrl(url).tags(Map.of("stage", "test")));
    sqs.untagQueue(in -> in.queueUrl(url).tagKeys("team"));
    assertEquals(Map.of("stage", "test"), sqs.listQueueTags(in -> in.queueUrl(url)).tags());

    sqs.setQueueAttributes(in -> in.queueUrl(url)
      .attributes(Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "77")));
    assertEquals("77", Tern.attributeOf(sqs, url, QueueAttributeName.VISIBILITY_TIMEOUT));
    sqs.deleteQueue(in -> in.queueUrl(url));
    assertThrows(QueueDoesNotExistException.class,
      () -> sqs.getQueueUrl(in -> in.queueName(prefix + "a")));
  }

  @Test
  void aMessageComesBackAsItWasSent() {
    String url = Tern.newQueue(sqs, Map.of());
    String body = "grüße 🐦 <&> \t\r\n";
    byte[] raw = {0, 1, -2, -1};
    var sent = sqs.sendMessage(in -> in.queueUrl(url).messageBody(body).messageAttributes(Map.of(
      "bytes", MessageAttributeValue.builder().dataType("Binary.raw")
        .binaryValue(SdkBytes.fromByteArray(raw)).build(),
      "number", MessageAttributeValue.builder().dataType("Number").stringValue("42").build())));
    List<Message> messages = sqs.receiveMessage(in -> in.queueUrl(url).messageAttributeNames("All")
      .messageSystemAttributeNames(MessageSystemAttributeName.ALL)).messages();
    assertEquals(List.of(body), Tern.bodies(messages));
    Message message = messages.get(0);
    assertEquals(sent.messageId(), message.messageId());
    assertEquals(sent.md5OfMessageAttributes(), message.md5OfMessageAttributes());
    assertArrayEquals(raw, message.messageAttributes().get("bytes").binaryValue().asByteArray());
    assertEquals("42", message.messageAttributes().get("number").stringValue());
    assertEquals("1",
      message.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT));
    sqs.deleteMessage(in -> in.queueUrl(url).receiptHandle(message.receiptHandle()));
    assertEquals("0", Tern.attributeOf(sqs, url,
      QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE));
  }

  @Test
  void batchesOfTenWithAFailure() {
    String url = Tern.newQueue(sqs, Map.of());
    var sent = sqs.sendMessageBatch(in -> in.queueUrl(url).entries(
      IntStream.range(0, 10).mapToObj(i -> SendMessageBatchRequestEntry.builder().id("e" + i)
        .messageBody(i == 9 ? "\u0001" : "body " + i).build()).toList()));
    assertEquals(9, sent.successful().size());
    assertEquals("InvalidMessageContents", sent.failed().get(0).code());

    List<Message> messages = Tern.receive(sqs, url);
    assertEquals(9, messages.size());
    sqs.changeMessageVisibilityBatch(in -> in.queueUrl(url).entries(messages.stream()
      .map(message -> ChangeMessageVisibilityBatchRequestEntry.builder().id(message.messageId())
        .receiptHandle(message.receiptHandle()).visibilityTimeout(0).build()).toList()));
    List<Message> again = Tern.receive(sqs, url);
    var deleted = sqs.deleteMessageBatch(in -> in.queueUrl(url).entries(again.stream()
      .map(message -> DeleteMessageBatchRequestEntry.builder().id(message.messageId())
        .receiptHandle(message.receiptHandle()).build()).toList()));
    assertEquals(9, deleted.successful().size());
  }

  @Test
  void fifoKeepsTheOrderAndDropsDuplicates() {
    String url = Tern.newQueue(sqs, Map.of(QueueAttributeName.FIFO_QUEUE, "true"));
    String last = "";
    for (String id : List.of("1", "2", "2", "3")) {
      String sequenceNumber = sqs.sendMessage(in -> in.queueUrl(url).messageBody("m" + id)
        .messageGroupId("g").messageDeduplicationId(id)).sequenceNumber();
      assertTrue(sequenceNumber.compareTo(last) >= 0);
      last = sequenceNumber;
    }
    assertEquals(List.of("m1", "m2", "m3"), Tern.bodies(Tern.receive(sqs, url)));
    assertEquals(List.of(), Tern.receive(sqs, url));
  }

  @Test
  void aLongPollIsWokenByASend() {
    String url = Tern.newQueue(sqs, Map.of());
    try (SqsAsyncClient async = Tern.newAsyncClient()) {
      CompletableFuture<ReceiveMessageResponse> poll =
        async.receiveMessage(in -> in.queueUrl(url).waitTimeSeconds(20));
      Tern.attributeOf(sqs, url, QueueAttributeName.QUEUE_ARN);
      sqs.sendMessage(in -> in.queueUrl(url).messageBody("wake"));
      assertEquals(List.of("wake"), Tern.bodies(poll.join().messages()));
    }
  }

  @Test
  void theBatchManagerSendsAndReceivesWhatItGathered() {
    String url = Tern.newQueue(sqs, Map.of());
    try (SqsAsyncClient async = Tern.newAsyncClient();
      SqsAsyncBatchManager manager = async.batchManager()) {
      List<CompletableFuture<String>> sends = IntStream.range(0, 25)
        .mapToObj(i -> manager.sendMessage(in -> in.queueUrl(url).messageBody("body " + i))
          .thenApply(answer -> answer.messageId()))
        .toList();
      assertEquals(25, sends.stream().map(CompletableFuture::join).distinct().count());
      assertEquals("25", Tern.attributeOf(sqs, url,
        QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES));
    }
  }

  @Test
  void deadLettersMoveBackAfterThreeReceives() {
    String deadLetters = Tern.newQueue(sqs, Map.of());
    String arn = Tern.attributeOf(sqs, deadLetters, QueueAttributeName.QUEUE_ARN);
    String queue = Tern.newQueue(sqs, Map.of(QueueAttributeName.REDRIVE_POLICY,
      "{\"deadLetterTargetArn\":\"" + arn + "\",\"maxReceiveCount\":\"3\"}"));
    sqs.sendMessage(in -> in.queueUrl(queue).messageBody("poison"));
    for (int i = 0; i < 3; i++) {
      assertEquals(1, sqs.receiveMessage(in -> in.queueUrl(queue).visibilityTimeout(0))
        .messages().size());
    }
    assertEquals(List.of(), Tern.receive(sqs, queue));
    assertEquals("1", Tern.attributeOf(sqs, deadLetters,
      QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES));
    assertEquals(List.of(queue),
      sqs.listDeadLetterSourceQueues(in -> in.queueUrl(deadLetters)).queueUrls());

    sqs.startMessageMoveTask(in -> in.sourceArn(arn));
    var task = sqs.listMessageMoveTasks(in -> in.sourceArn(arn)).results().get(0);
    while (task.status().equals("RUNNING")) {
      task = sqs.listMessageMoveTasks(in -> in.sourceArn(arn)).results().get(0);
    }
    assertEquals("COMPLETED", task.status());
    assertEquals(1L, task.approximateNumberOfMessagesMoved());
    assertEquals(List.of("poison"), Tern.bodies(Tern.receive(sqs, queue)));
  }

  @Test
  void errorsAreTypedAndCarryTheLegacyCode() {
    String url = Tern.newQueue(sqs, Map.of());
    var missing = assertThrows(QueueDoesNotExistException.class,
      () -> sqs.sendMessage(in -> in.queueUrl(url + "-missing").messageBody("x")));
    assertEquals("AWS.SimpleQueueService.NonExistentQueue",
      missing.awsErrorDetails().errorCode());
    assertEquals(400, missing.statusCode());
    assertEquals(36, missing.requestId().length());
    assertThrows(ReceiptHandleIsInvalidException.class,
      () -> sqs.deleteMessage(in -> in.queueUrl(url).receiptHandle("garbage")));
    assertThrows(EmptyBatchRequestException.class,
      () -> sqs.sendMessageBatch(in -> in.queueUrl(url).entries(List.of())));
    assertThrows(InvalidAttributeNameException.class,
      () -> sqs.setQueueAttributes(in -> in.queueUrl(url)
        .attributesWithStrings(Map.of("Colour", "red"))));
    var other = assertThrows(SqsException.class,
      () -> sqs.receiveMessage(in -> in.queueUrl(url).maxNumberOfMessages(11)));
    assertEquals("InvalidParameterValue", other.awsErrorDetails().errorCode());
  }
}
