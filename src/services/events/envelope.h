/* SPDX-License-Identifier: MIT */
/*
 * envelope: an event as rules and targets see it: the detail of the sender with what EventBridge
 * adds, as compact JSON. Pure, any thread.
 * https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
 */
#ifndef TERN_SERVICES_EVENTS_ENVELOPE_H
#define TERN_SERVICES_EVENTS_ENVELOPE_H

#include "base/base.h"

/* Texts are borrowed. */
struct events_event {
	struct str id; /* a UUID */
	struct str source, detail_type;
	struct str account, region; /* of the sender */
	int64_t time_ms;
	const struct str *resources;
	size_t resource_count;
	struct str detail;	/* a JSON object */
	struct str replay_name; /* data NULL: the event is no replay */
};

/* The JSON of the event; in the arena. */
struct str events_envelope(struct arena *arena, const struct events_event *event);
/* The members that every event has, as TestEventPattern requires; false: one is missing. */
bool events_envelope_is_complete(struct str json);

#endif
