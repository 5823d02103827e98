/* SPDX-License-Identifier: MIT */
/*
 * put: events of clients, other buses, replays and schedules, from a bus to the targets of rules.
 *
 * All that an event owes is one command of the queue engine (core/target.h): messages to queues,
 * and obligations (deliver.h) for all other targets and for queues that could not take theirs.
 *
 * Home thread, as for internal_new: a net thread, or the control thread (NULL). `done` runs there
 * once, perhaps before the function returns; the event's texts live until then.
 */
#ifndef TERN_SERVICES_EVENTS_PUT_H
#define TERN_SERVICES_EVENTS_PUT_H

#include "services/events/envelope.h"
#include "services/events/state.h"

struct net_thread;

/* is_stored: all that the event owes is durable, or it owes nothing. */
typedef void (*events_done_fn)(void *context, bool is_stored);

struct events_put {
	struct str account, region,
		bus; /* where it goes; nothing is owed if there is no such bus */
	const struct events_event *event; /* NULL: `json` is a whole event */
	struct str json;		  /* valid */
	struct str trace;		  /* AWSTraceHeader; data NULL: none */
	struct str request_id;		  /* for the log of the bus; data NULL: none */
	int64_t now_ms;			  /* ingestion time */
	/* It came from another bus: buses are no targets now, since AWS chains no more than two. */
	bool is_forwarded;
	const struct str *rule_arns; /* the only rules that count; NULL: all */
	size_t rule_count;
};

void events_put_event(struct core *core, struct net_thread *home, const struct events_put *put,
		      events_done_fn done, void *context);
/* The event goes to the targets of this rule, whatever its pattern is. */
void events_put_to_rule(struct core *core, struct net_thread *home,
			const struct events_bus_rule *rule, const struct events_event *event,
			events_done_fn done, void *context);

#endif
