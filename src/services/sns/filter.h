/* SPDX-License-Identifier: MIT */
/*
 * filter: the filter policies of a topic's subscriptions, in a matcher for each scope, so that a
 * publish compares its message with all of them in one pass (match/matcher.h).
 *
 * Threads: any. Rules are added and removed behind a lock that publishes share; a change waits for
 * the publishes that match now, for microseconds.
 */
#ifndef TERN_SERVICES_SNS_FILTER_H
#define TERN_SERVICES_SNS_FILTER_H

#include "match/filter_policy.h"
#include "services/sns/message.h"

struct sns_filters;
struct sns_filter_rule;

struct sns_filters *sns_filters_new(void);
/* All rules were removed. Accepts NULL, leaves NULL. */
void sns_filters_free(struct sns_filters **filters);

/* A policy that is not empty. The subscription outlives its rule. */
struct sns_filter_rule *sns_filters_add(struct sns_filters *filters,
					const struct filter_policy *policy,
					const struct subscription *subscription);
void sns_filters_remove(struct sns_filters *filters, struct sns_filter_rule *rule); /* frees it */
/* While no rule is added or removed. */
size_t sns_filters_count(const struct sns_filters *filters);

struct sns_filter_result {
	const struct subscription **subscriptions; /* whose policies match, in no order */
	size_t count;
	/* Why others do not match, as CloudWatch counts it. */
	bool has_invalid_attributes; /* no policy on attributes matches */
	bool has_invalid_body;	     /* likewise on bodies; of one of the bodies at least */
};
/*
 * The subscriptions whose policies the message fulfils; each protocol's body counts for its own
 * subscriptions. The array is the arena's; rules and their subscriptions stay until
 * sns_filters_end.
 */
void sns_filters_begin(struct sns_filters *filters, struct arena *arena,
		       const struct sns_message *message, struct sns_filter_result *out_result);
void sns_filters_end(struct sns_filters *filters);
/* Counts a message that the subscription's policy refused, by the reason. */
void sns_filters_count_refused(struct sns_counters *counters,
			       const struct subscription *subscription,
			       const struct sns_message *message,
			       const struct sns_filter_result *result);

#endif
