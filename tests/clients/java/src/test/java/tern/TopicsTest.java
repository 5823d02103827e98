// SPDX-License-Identifier: MIT
package tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.sns.SnsClient;
import software.amazon.awssdk.services.sns.model.InvalidParameterException;
import software.amazon.awssdk.services.sns.model.MessageAttributeValue;
import software.amazon.awssdk.services.sns.model.NotFoundException;
import software.amazon.awssdk.services.sns.model.PublishBatchRequestEntry;
import software.amazon.awssdk.services.sns.model.PublishBatchResponse;
import software.amazon.awssdk.services.sns.model.PublishResponse;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

class TopicsTest {
  private static final Map<String, String> RAW = Map.of("RawMessageDelivery", "true");
  private final SqsClient sqs = Tern.newClient();
  private final SnsClient sns = Tern.with(SnsClient.builder()).build();

  @AfterEach
  void close() {
    sns.close();
    sqs.close();
  }

  private String newTopic(Map<String, String> attributes) {
    String name = Tern.newName(attributes.containsKey("FifoTopic") ? ".fifo" : "");
    return sns.createTopic(in -> in.name(name).attributes(attributes)).topicArn();
  }

  /** The URL of a new queue that is subscribed to the topic. */
  private String subscribeQueue(String topic, Map<String, String> attributes,
      Map<QueueAttributeName, String> queueAttributes) {
    String url = Tern.newQueue(sqs, queueAttributes);
    String arn = Tern.allowService(sqs, url, "sns.amazonaws.com", topic);
    sns.subscribe(in -> in.topicArn(topic).protocol("sqs").endpoint(arn).attributes(attributes));
    return url;
  }

  private static MessageAttributeValue attribute(String type, String value) {
    return MessageAttributeValue.builder().dataType(type).stringValue(value).build();
  }

  private static PublishBatchRequestEntry entry(String size) {
    return PublishBatchRequestEntry.builder().id("id" + size).message(size)
      .messageAttributes(Map.of("size", attribute("Number", size),
        "bytes", MessageAttributeValue.builder().dataType("Binary")
          .binaryValue(SdkBytes.fromByteArray(new byte[] {0, -1})).build()))
      .build();
  }

  @Test
  void aPublishedMessageArrivesInItsEnvelope() {
    String topic = newTopic(Map.of("DisplayName", "Orders"));
    String url = subscribeQueue(topic, Map.of(), Map.of());
    String id = sns.publish(in -> in.topicArn(topic).message("grüße 🐦").subject("greeting")
      .messageAttributes(Map.of("color", attribute("String", "red")))).messageId();
    String body = Tern.receiveAll(sqs, url, 1).get(0).body();
    for (String part : List.of("\"Type\":\"Notification\"", "\"MessageId\":\"" + id + "\"",
        "\"TopicArn\":\"" + topic + "\"", "\"Subject\":\"greeting\"", "\"Message\":\"grüße 🐦\"",
        "\"color\":{\"Type\":\"String\",\"Value\":\"red\"}"))
      assertTrue(body.replaceAll("\\s*([:,{}])\\s+", "$1").contains(part), body);
    Map<String, String> stored = sns.getTopicAttributes(in -> in.topicArn(topic)).attributes();
    assertEquals("Orders", stored.get("DisplayName"));
    assertEquals("1", stored.get("SubscriptionsConfirmed"));
    assertEquals(1, sns.listSubscriptionsByTopicPaginator(in -> in.topicArn(topic))
      .subscriptions().stream().count());
  }

  @Test
  void aBatchReachesTheSubscriptionsWhoseFilterMatches() {
    String topic = newTopic(Map.of());
    String all = subscribeQueue(topic, RAW, Map.of());
    String few = subscribeQueue(topic, Map.of("RawMessageDelivery", "true",
      "FilterPolicy", "{\"size\":[{\"numeric\":[\">\",1]}]}"), Map.of());
    PublishBatchResponse answer = sns.publishBatch(in -> in.topicArn(topic)
      .publishBatchRequestEntries(entry("1"), entry("2"), entry("3"),
        PublishBatchRequestEntry.builder().id("empty").message("").build()));
    assertEquals(3, answer.successful().size());
    assertEquals(List.of("empty"), answer.failed().stream().map(failed -> failed.id()).toList());
    assertTrue(answer.failed().get(0).senderFault());
    assertEquals(List.of("1", "2", "3"),
      Tern.bodies(Tern.receiveAll(sqs, all, 3)).stream().sorted().toList());
    List<Message> matched = Tern.receiveAll(sqs, few, 2);
    assertEquals(List.of("2", "3"), Tern.bodies(matched).stream().sorted().toList());
    assertEquals(SdkBytes.fromByteArray(new byte[] {0, -1}),
      matched.get(0).messageAttributes().get("bytes").binaryValue());
    assertEquals(List.of(), Tern.receive(sqs, few));
  }

  @Test
  void aFifoTopicDropsDuplicates() {
    String topic = newTopic(Map.of("FifoTopic", "true", "ContentBasedDeduplication", "true"));
    String url = subscribeQueue(topic, RAW, Map.of(QueueAttributeName.FIFO_QUEUE, "true"));
    List<PublishResponse> sent = Stream.of("b", "a", "a", "c")
      .map(body -> sns.publish(in -> in.topicArn(topic).message(body).messageGroupId("g")))
      .toList();
    assertTrue(sent.stream().allMatch(one -> one.sequenceNumber().matches("\\d{20}")));
    assertEquals(sent.get(1).messageId(), sent.get(2).messageId());
    assertEquals(List.of("b", "a", "c"), Tern.bodies(Tern.receiveAll(sqs, url, 3)));
  }

  @Test
  void faultsAreTyped() {
    String topic = newTopic(Map.of());
    sns.deleteTopic(in -> in.topicArn(topic));
    assertThrows(NotFoundException.class,
      () -> sns.publish(in -> in.topicArn(topic).message("late")));
    assertThrows(InvalidParameterException.class,
      () -> sns.createTopic(in -> in.name("not a name")));
  }
}
