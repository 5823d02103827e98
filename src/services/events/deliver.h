/* SPDX-License-Identifier: MIT */
/*
 * deliver: deliveries of events to targets of rules, and the obligations that stand for them.
 *
 * An obligation names its rule and target; settings are read at each attempt, so a target that is
 * removed ends its deliveries. Its shared bytes are the event, sealed if the bus had a key then.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
 * Any thread, except where said.
 */
#ifndef TERN_SERVICES_EVENTS_DELIVER_H
#define TERN_SERVICES_EVENTS_DELIVER_H

#include "core/obligation.h"
#include "services/events/encrypt.h"
#include "services/events/state.h"

enum events_target_kind {
	EVENTS_TARGET_QUEUE,
	EVENTS_TARGET_TOPIC,
	EVENTS_TARGET_BUS,
	EVENTS_TARGET_API,   /* API destination */
	EVENTS_TARGET_LOGS,  /* log group */
	EVENTS_TARGET_LATER, /* a service that Tern does not have yet */
};
enum events_target_kind events_target_kind(struct str arn);

/* The text that the target gets. */
struct str events_target_body(struct arena *arena, const struct events_bus_rule *rule,
			      const struct events_target_settings *target, struct str event,
			      int64_t ingestion_ms);
/* The same as a payload, with group and deduplication id. */
struct target_payload events_target_payload(struct arena *arena, const struct events_bus_rule *rule,
					    const struct events_target_settings *target,
					    struct str event, struct str event_id,
					    int64_t ingestion_ms);
/* The role of the target, or the service for the rule. */
struct internal_caller events_target_caller(const struct events_bus_rule *rule,
					    const struct events_target_settings *target);

/* The attempts before an obligation was stored. */
struct events_attempt {
	int64_t ingestion_ms;
	int64_t attempts;      /* that were made before it was stored */
	bool is_refused;       /* only the dead letter is owed */
	struct str code, text; /* of the result then */
};
/* The obligation; its texts are in the arena, the rule's and the event's. `event` is sealed if its
 * bus has a key. */
struct obligation events_target_owed(struct arena *arena, const struct events_bus_rule *rule,
				     const struct events_target_settings *target,
				     const struct events_attempt *attempt, struct str event);

/* An obligation's rule and target as they are now. */
struct events_debt {
	struct events_opening *opening;		     /* encrypt.h */
	const struct events_bus_rule *rule;	     /* held; NULL: there is none any more */
	const struct events_target_settings *target; /* the rule's */
	struct str bus_arn;
	struct events_attempt attempt;
	struct str exhausted; /* the part of RetryPolicy that ended the attempts; data NULL: none */
};
/* False: rule or target are gone, or the bytes are damaged. Release debt->rule. */
must_check bool events_debt_read(struct core *core, struct arena *arena, struct str bytes,
				 struct events_debt *out_debt);
/* OBLIGATION_FAIL: an attempt is not allowed: the dead letter alone is owed, or the policy of the
 * target ended them; OBLIGATION_READY. Of prepare. */
enum obligation_step events_debt_step(struct obligation_attempt *attempt);
/* events_open_bytes of the attempt's event, whose debt is read. */
enum obligation_step events_open_event(struct obligation_attempt *attempt, events_opened_fn next);
/* As struct obligation_kind. On the thread of deliver. */
int64_t events_retry_ms(struct obligation_attempt *attempt);
bool events_dead_letter(struct obligation_attempt *attempt, struct obligation_target *out);
void events_attempt_ended(struct obligation_attempt *attempt, enum obligation_end end);
void events_attempt_release(struct obligation_attempt *attempt);

extern const struct obligation_kind events_target_obligation;

#endif
