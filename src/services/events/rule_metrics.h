/* SPDX-License-Identifier: MIT */
/*
 * rule_metrics: CloudWatch's metrics of rules, in the namespace AWS/Events with the dimension
 * RuleName, and EventBusName for rules of custom buses. Any thread.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
 */
#ifndef TERN_SERVICES_EVENTS_RULE_METRICS_H
#define TERN_SERVICES_EVENTS_RULE_METRICS_H

#include "services/events/registry.h"

struct core;

/* Adds `count` samples of the value. */
void events_measure_rule(struct core *core, const struct events_bus_rule *rule,
			 enum events_rule_metric metric, double value, size_t count);

/* Outcomes of attempts, for some targets of a rule. */
struct events_tally {
	const struct events_bus_rule *rule; /* NULL: nothing is counted */
	size_t delivered, retried, failed;
	int64_t ingestion_ms, now_ms;
};
void events_measure_tally(struct core *core, const struct events_tally *tally);

#endif
