/* SPDX-License-Identifier: MIT */
/*
 * log_target: log groups of CloudWatch Logs as targets. A log event is the event at its `time`, or
 * what the target's template makes of it: {"timestamp":<time>,"message":<message>}.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html#targets-specifics-cwl
 * Pure, any thread.
 */
#ifndef TERN_SERVICES_EVENTS_LOG_TARGET_H
#define TERN_SERVICES_EVENTS_LOG_TARGET_H

#include "core/target.h"
#include "services/events/registry.h"

/* Whether the settings are possible for a log group: no other input than such a template. */
bool events_log_target_check(const struct events_target *target);
/*
 * Turns the body of a payload, the event or what its template made of it, into message and
 * timestamp. A text that is not an object with two strings is the message, at the event's time.
 */
void events_log_target_fill(struct arena *arena, struct str event, bool has_template,
			    struct target_payload *payload);

#endif
