// SPDX-License-Identifier: MIT
package tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazon.sqs.javamessaging.ProviderConfiguration;
import com.amazon.sqs.javamessaging.SQSConnection;
import com.amazon.sqs.javamessaging.SQSConnectionFactory;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.MessageProducer;
import jakarta.jms.Session;
import jakarta.jms.TextMessage;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/** JMS over SQS: consumers that prefetch, acknowledgements, typed properties. */
class JmsTest {
  private static final long WAIT_MS = 30_000;
  private final SqsClient sqs = Tern.newClient();
  private SQSConnection connection;

  @BeforeEach
  void connect() throws Exception {
    connection = new SQSConnectionFactory(new ProviderConfiguration(), sqs).createConnection();
    connection.start();
  }

  @AfterEach
  void disconnect() throws Exception {
    connection.close();
  }

  private static String nameOf(String url) {
    return url.substring(url.lastIndexOf('/') + 1);
  }

  /** A consumer ends with its long poll, which ends when its queue is gone. */
  private void close(MessageConsumer consumer, String url) throws Exception {
    sqs.deleteQueue(in -> in.queueUrl(url));
    consumer.close();
  }

  @Test
  void textAndPropertiesArriveAndAreAcknowledged() throws Exception {
    String url = Tern.newQueue(sqs, Map.of());
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    MessageConsumer consumer = session.createConsumer(session.createQueue(nameOf(url)));
    try (MessageProducer producer = session.createProducer(session.createQueue(nameOf(url)))) {
      for (int i = 0; i < 20; i++) {
        TextMessage message = session.createTextMessage("body " + i);
        message.setIntProperty("number", i);
        message.setBooleanProperty("isEven", i % 2 == 0);
        producer.send(message);
      }
    }
    for (int i = 0; i < 20; i++) {
      TextMessage message = (TextMessage) consumer.receive(WAIT_MS);
      assertNotNull(message);
      assertEquals("body " + message.getIntProperty("number"), message.getText());
      assertEquals(1, message.getIntProperty("JMSXDeliveryCount"));
    }
    assertEquals("0", Tern.attributeOf(sqs, url,
      QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES));
    assertEquals("0", Tern.attributeOf(sqs, url,
      QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE));
    close(consumer, url);
  }

  @Test
  void whatIsNotAcknowledgedComesAgain() throws Exception {
    String url = Tern.newQueue(sqs, Map.of(QueueAttributeName.FIFO_QUEUE, "true",
      QueueAttributeName.CONTENT_BASED_DEDUPLICATION, "true"));
    Session session = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE);
    MessageProducer producer = session.createProducer(session.createQueue(nameOf(url)));
    TextMessage sent = session.createTextMessage("again");
    sent.setStringProperty("JMSXGroupID", "group");
    producer.send(sent);
    MessageConsumer consumer = session.createConsumer(session.createQueue(nameOf(url)));
    assertNotNull(consumer.receive(WAIT_MS));
    session.recover();
    Message again = consumer.receive(WAIT_MS);
    assertTrue(again.getJMSRedelivered());
    assertEquals("group", again.getStringProperty("JMSXGroupID"));
    again.acknowledge();
    assertEquals("0", Tern.attributeOf(sqs, url,
      QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE));
    close(consumer, url);
  }
}
