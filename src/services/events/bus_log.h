/* SPDX-License-Identifier: MIT */
/*
 * bus_log: the log of an event bus (LogConfig): a record for each step of an event, through the log
 * sink, in the log group "/aws/vendedlogs/events/event-bus/<bus>". Any thread; never waits.
 *
 * With IncludeDetail FULL, records contain the event's detail and the input of targets, unless the
 * bus has a KMS key: the log is not sealed under it.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-logs-schema.html
 */
#ifndef TERN_SERVICES_EVENTS_BUS_LOG_H
#define TERN_SERVICES_EVENTS_BUS_LOG_H

#include "services/events/state.h"

/* message_type */
enum events_step {
	EVENTS_STEP_RECEIPT,
	EVENTS_STEP_INGEST_SUCCESS,
	EVENTS_STEP_INGEST_FAILURE,
	EVENTS_STEP_MATCH_START,
	EVENTS_STEP_MATCH,
	EVENTS_STEP_NO_MATCH,
	EVENTS_STEP_START,
	EVENTS_STEP_ATTEMPT_START,
	EVENTS_STEP_ATTEMPT_SUCCESS,
	EVENTS_STEP_ATTEMPT_RETRYABLE,
	EVENTS_STEP_ATTEMPT_PERMANENT,
	EVENTS_STEP_SUCCESS,
	EVENTS_STEP_FAILURE,
	EVENTS_STEP_DLQ,
	EVENTS_STEPS,
};

/* Views, as long as the log is used. */
struct events_bus_log {
	struct core *core;
	const struct events_bus *bus; /* NULL: nothing is logged */
	struct str event;	      /* JSON */
	struct str event_id;
	struct str request_id; /* data NULL: none */
};
/* Whether the bus logs that step. */
bool events_logs_step(const struct events_bus *bus, enum events_step step);

/* Of EVENTS_STEP_RECEIPT to EVENTS_STEP_NO_MATCH but EVENTS_STEP_MATCH; `error` data NULL: none. */
void events_log_event(const struct events_bus_log *log, enum events_step step, struct str error);
void events_log_match(const struct events_bus_log *log, const struct events_bus_rule *rule);

/* The other steps. */
struct events_log_invocation {
	const struct events_bus_rule *rule;
	const struct events_target_settings *target;
	struct str input;     /* that the target gets; data NULL: not known */
	int64_t attempts;     /* that were made, the current one included */
	int64_t ingestion_ms; /* of the event */
	int64_t duration_ms;  /* of the attempt */
	struct str code;      /* of a failure; empty: none */
	struct str text;
	int http_status;	  /* 0: none */
	struct str response_body; /* data NULL: none */
};
void events_log_invocation(const struct events_bus_log *log, enum events_step step,
			   const struct events_log_invocation *invocation);

#endif
