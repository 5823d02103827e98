/* SPDX-License-Identifier: MIT */
/* rule_metrics: a table has the names; the snapshot of the rule remembers its series. */
#include "services/events/rule_metrics.h"

#include "core/metric.h"

static const struct {
	struct str name, unit;
} metrics[EVENTS_RULE_METRICS] = {
	[EVENTS_METRIC_MATCHED] = {STR_INIT("MatchedEvents"), STR_INIT("Count")},
	[EVENTS_METRIC_TRIGGERED] = {STR_INIT("TriggeredRules"), STR_INIT("Count")},
	[EVENTS_METRIC_INVOCATIONS] = {STR_INIT("Invocations"), STR_INIT("Count")},
	[EVENTS_METRIC_ATTEMPTS] = {STR_INIT("InvocationAttempts"), STR_INIT("Count")},
	[EVENTS_METRIC_SUCCESSES] = {STR_INIT("SuccessfulInvocationAttempts"), STR_INIT("Count")},
	[EVENTS_METRIC_RETRIES] = {STR_INIT("RetryInvocationAttempts"), STR_INIT("Count")},
	[EVENTS_METRIC_FAILED] = {STR_INIT("FailedInvocations"), STR_INIT("Count")},
	[EVENTS_METRIC_THROTTLED] = {STR_INIT("ThrottledRules"), STR_INIT("Count")},
	[EVENTS_METRIC_LOOPS] = {STR_INIT("DeadLetterInvocations"), STR_INIT("Count")},
	[EVENTS_METRIC_SENT_TO_DLQ] = {STR_INIT("InvocationsSentToDlq"), STR_INIT("Count")},
	[EVENTS_METRIC_FAILED_TO_DLQ] = {STR_INIT("InvocationsFailedToBeSentToDlq"),
					 STR_INIT("Count")},
	[EVENTS_METRIC_START_LATENCY] = {STR_INIT("IngestionToInvocationStartLatency"),
					 STR_INIT("Milliseconds")},
	[EVENTS_METRIC_SUCCESS_LATENCY] = {STR_INIT("IngestionToInvocationSuccessLatency"),
					   STR_INIT("Milliseconds")},
	[EVENTS_METRIC_COMPLETE_LATENCY] = {STR_INIT("IngestionToInvocationCompleteLatency"),
					    STR_INIT("Milliseconds")},
};

void events_measure_rule(struct core *core, const struct events_bus_rule *rule,
			 enum events_rule_metric metric, double value, size_t count)
{
	const struct metric_dimension dimensions[] = {{STR("RuleName"), rule->name},
						      {STR("EventBusName"), rule->bus}};
	struct metric_slot *slots = (struct metric_slot *)(uintptr_t)rule->slots;
	const struct metric_key key = {
		.account = rule->account,
		.region = rule->region,
		.name_space = STR("AWS/Events"),
		.name = metrics[metric].name,
		.dimensions = dimensions,
		.dimension_count = str_equal(rule->bus, STR("default")) ? 1 : 2,
		.unit = metrics[metric].unit,
	};

	if (count > 0)
		metric_add_many(core, &slots[metric], &key, value, (double)count);
}

void events_measure_tally(struct core *core, const struct events_tally *tally)
{
	size_t attempts = tally->delivered + tally->retried + tally->failed;
	double latency_ms = (double)(tally->now_ms - tally->ingestion_ms);
	const struct events_bus_rule *rule = tally->rule;

	if (!rule || attempts == 0)
		return;
	events_measure_rule(core, rule, EVENTS_METRIC_ATTEMPTS, 1, attempts);
	events_measure_rule(core, rule, EVENTS_METRIC_SUCCESSES, 1, tally->delivered);
	events_measure_rule(core, rule, EVENTS_METRIC_INVOCATIONS, 1,
			    tally->delivered + tally->failed);
	events_measure_rule(core, rule, EVENTS_METRIC_FAILED, 1, tally->failed);
	events_measure_rule(core, rule, EVENTS_METRIC_RETRIES, 1, tally->retried);
	events_measure_rule(core, rule, EVENTS_METRIC_SUCCESS_LATENCY, latency_ms,
			    tally->delivered);
	events_measure_rule(core, rule, EVENTS_METRIC_COMPLETE_LATENCY, latency_ms,
			    tally->delivered + tally->failed);
}
