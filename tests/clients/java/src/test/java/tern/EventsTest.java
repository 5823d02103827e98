// SPDX-License-Identifier: MIT
package tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.eventbridge.EventBridgeClient;
import software.amazon.awssdk.services.eventbridge.model.InvalidEventPatternException;
import software.amazon.awssdk.services.eventbridge.model.PutEventsRequestEntry;
import software.amazon.awssdk.services.eventbridge.model.PutEventsResponse;
import software.amazon.awssdk.services.eventbridge.model.ResourceNotFoundException;
import software.amazon.awssdk.services.scheduler.SchedulerClient;
import software.amazon.awssdk.services.scheduler.model.FlexibleTimeWindowMode;
import software.amazon.awssdk.services.scheduler.model.GetScheduleResponse;
import software.amazon.awssdk.services.scheduler.model.ScheduleState;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

class EventsTest {
  private final SqsClient sqs = Tern.newClient();

  @AfterEach
  void close() {
    sqs.close();
  }

  private static PutEventsRequestEntry entry(String bus, String detail) {
    return PutEventsRequestEntry.builder().eventBusName(bus).source("shop")
      .detailType("order placed").detail(detail).time(Instant.parse("2026-01-02T03:04:05Z"))
      .build();
  }

  @Test
  void aRuleSendsTheEventsThatMatchToAQueue() {
    try (EventBridgeClient events = Tern.with(EventBridgeClient.builder()).build()) {
      String bus = Tern.newName("");
      String rule = Tern.newName("");
      events.createEventBus(in -> in.name(bus));
      String ruleArn = events.putRule(in -> in.name(rule).eventBusName(bus).eventPattern(
        "{\"source\":[\"shop\"],\"detail\":{\"total\":[{\"numeric\":[\">\",9]}]}}")).ruleArn();
      String url = Tern.newQueue(sqs, Map.of());
      String arn = Tern.allowService(sqs, url, "events.amazonaws.com", ruleArn);
      assertEquals(0, events.putTargets(in -> in.rule(rule).eventBusName(bus)
        .targets(target -> target.id("queue").arn(arn))).failedEntryCount());
      assertEquals(List.of(arn), events.listTargetsByRule(in -> in.rule(rule).eventBusName(bus))
        .targets().stream().map(target -> target.arn()).toList());
      PutEventsResponse sent = events.putEvents(in -> in.entries(
        entry(bus, "{\"total\":9}"), entry(bus, "{\"total\":10}"), entry(bus, "no JSON")));
      assertEquals(1, sent.failedEntryCount());
      assertEquals("MalformedDetail", sent.entries().get(2).errorCode());
      String body = Tern.receiveAll(sqs, url, 1).get(0).body();
      for (String part : List.of("\"id\":\"" + sent.entries().get(1).eventId() + "\"",
          "\"source\":\"shop\"", "\"time\":\"2026-01-02T03:04:05Z\"", "\"detail\":{\"total\":10}"))
        assertTrue(body.contains(part), body);
      assertEquals(List.of(), Tern.receive(sqs, url));
      assertThrows(ResourceNotFoundException.class,
        () -> events.describeRule(in -> in.name(rule)));
      assertThrows(InvalidEventPatternException.class,
        () -> events.putRule(in -> in.name(rule).eventBusName(bus).eventPattern("{")));
    }
  }

  @Test
  void aScheduleFiresOnce() {
    try (SchedulerClient scheduler = Tern.with(SchedulerClient.builder()).build()) {
      String name = Tern.newName("");
      String url = Tern.newQueue(sqs, Map.of());
      String queue = Tern.attributeOf(sqs, url, QueueAttributeName.QUEUE_ARN);
      LocalDateTime soon = LocalDateTime.now(ZoneOffset.UTC).plusSeconds(3)
        .truncatedTo(ChronoUnit.SECONDS);
      String at = "at(" + soon.toString() + (soon.getSecond() == 0 ? ":00)" : ")");
      String made = scheduler.createSchedule(in -> in.name(name).scheduleExpression(at)
        .flexibleTimeWindow(window -> window.mode(FlexibleTimeWindowMode.OFF))
        .target(target -> target.arn(queue).roleArn(System.getenv("TERN_ROLE")).input("wake up")))
        .scheduleArn();
      GetScheduleResponse found = scheduler.getSchedule(in -> in.name(name));
      assertEquals(made, found.arn());
      assertEquals(ScheduleState.ENABLED, found.state());
      assertEquals(List.of("wake up"), Tern.bodies(Tern.receiveAll(sqs, url, 1)));
      assertFalse(LocalDateTime.now(ZoneOffset.UTC).isBefore(soon));
      scheduler.deleteSchedule(in -> in.name(name));
      assertThrows(
        software.amazon.awssdk.services.scheduler.model.ResourceNotFoundException.class,
        () -> scheduler.getSchedule(in -> in.name(name)));
    }
  }
}
