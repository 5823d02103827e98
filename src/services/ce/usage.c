/* SPDX-License-Identifier: MIT */
/*
 * usage: GetCostAndUsage, and the same with resources. The ledger's entries come in order of time;
 * those of a period are summed by group.
 */
#include <stdlib.h>

#include "base/vec.h"
#include "core/authorize.h"
#include "services/ce/query.h"

enum { KEYS_MAX = 2 };

struct sum {
	struct str keys[KEYS_MAX];
	int64_t pico;
	int64_t units, micro; /* apart: millionths of a month's bytes may need more than 64 bits */
};

struct report {
	struct call *call;
	struct ce_range range;
	const struct ce_expression *filter;
	const struct str *metrics;
	size_t metric_count;
	const struct ce_group_definition *groups;
	size_t group_count;
	struct ce_result_by_time *results;
	size_t result_count;

	uint32_t period, period_end;
	struct map by_keys; /* the sums of this period */
	struct {
		struct sum **items;
		size_t count, capacity;
	} sums;
};

/* ---- one period ---- */

static bool has_keys(const void *value, const void *key)
{
	const struct sum *a = value, *b = key;

	return str_equal(a->keys[0], b->keys[0]) && str_equal(a->keys[1], b->keys[1]);
}

static struct sum *sum_of(struct report *report, const struct sum *wanted)
{
	uint64_t hash = str_hash(wanted->keys[0]) + 31 * str_hash(wanted->keys[1]);
	struct sum *sum = map_find(&report->by_keys, hash, has_keys, wanted);

	if (sum)
		return sum;
	sum = arena_new(report->call->arena, struct sum);
	*sum = *wanted;
	map_insert(&report->by_keys, hash, sum);
	vec_push(&report->sums, sum);
	return sum;
}

static struct str unit_of(struct str metric)
{
	return str_equal(metric, STR("UsageQuantity")) ||
			       str_equal(metric, STR("NormalizedUsageAmount"))
		       ? STR("N/A")
		       : STR("USD");
}

static struct ce_metric_value_entry *show_metrics(const struct report *report,
						  const struct sum *sum)
{
	struct arena *arena = report->call->arena;
	struct ce_metric_value_entry *entries =
		arena_array(arena, struct ce_metric_value_entry, report->metric_count);

	for (size_t i = 0; i < report->metric_count; i++) {
		struct str metric = report->metrics[i];
		entries[i].key = metric;
		entries[i].value.unit = unit_of(metric);
		if (str_equal(metric, STR("UsageQuantity")))
			entries[i].value.amount = ce_quantity(arena, sum->units, sum->micro);
		else if (str_equal(metric, STR("NormalizedUsageAmount")))
			entries[i].value.amount = STR("0");
		else
			entries[i].value.amount = ce_amount(arena, sum->pico);
	}
	return entries;
}

static int by_keys(const void *left, const void *right)
{
	const struct sum *a = *(struct sum *const *)left, *b = *(struct sum *const *)right;
	int order = str_compare(a->keys[0], b->keys[0]);

	return order != 0 ? order : str_compare(a->keys[1], b->keys[1]);
}

static void show_groups(struct report *report, struct ce_result_by_time *result)
{
	struct arena *arena = report->call->arena;

	if (report->sums.count > 0)
		qsort(report->sums.items, report->sums.count, sizeof(report->sums.items[0]),
		      by_keys);
	result->groups = arena_array(arena, struct ce_group, report->sums.count);
	for (size_t i = 0; i < report->sums.count; i++) {
		const struct sum *sum = report->sums.items[i];
		struct ce_group *group = &result->groups[result->groups_count++];
		group->keys = arena_array(arena, struct str, report->group_count);
		for (size_t j = 0; j < report->group_count; j++)
			group->keys[group->keys_count++] = sum->keys[j];
		group->metrics = show_metrics(report, sum);
		group->metrics_count = report->metric_count;
	}
}

static void end_period(struct report *report)
{
	struct ce_result_by_time *result = &report->results[report->result_count++];
	static const struct sum none;
	uint32_t now = (uint32_t)(report->call->now_ms / LEDGER_HOUR_MS);

	result->time_period =
		ce_period(report->call->arena, &report->range, report->period, report->period_end);
	result->has_estimated = true;
	/* The month is not over. */
	result->estimated = report->period_end > ledger_month(now);
	if (report->group_count > 0) {
		show_groups(report, result);
	} else {
		result->total = show_metrics(report, report->sums.count > 0 ? report->sums.items[0]
									    : &none);
		result->total_count = report->metric_count;
	}
	map_done(&report->by_keys);
	vec_done(&report->sums);
	report->period = report->period_end;
	report->period_end = ce_period_end(&report->range, report->period);
}

static void add_entry(void *context, const struct ledger_entry *entry)
{
	struct report *report = context;
	struct arena *arena = report->call->arena;
	struct sum wanted = {0};

	while (entry->hour >= report->period_end)
		end_period(report);
	if (!ce_filter_matches(arena, report->filter, entry->series))
		return;
	for (size_t i = 0; i < report->group_count; i++) {
		const struct ce_group_definition *group = &report->groups[i];
		if (str_equal(group->type, STR("TAG")))
			wanted.keys[i] = arena_format(arena, "%.*s$", STR_ARG(group->key));
		else
			wanted.keys[i] = ce_dimension(arena, group->key, entry->series);
	}
	struct sum *sum = sum_of(report, &wanted);
	sum->pico += entry->pico;
	sum->units += entry->micro / PRICE_MICRO;
	sum->micro += entry->micro % PRICE_MICRO;
}

/* ---- the request ---- */

static enum err check_metrics(struct call *call, const struct str *metrics, size_t count)
{
	static const struct str known[] = {
		STR_INIT("AmortizedCost"),	   STR_INIT("BlendedCost"),
		STR_INIT("NetAmortizedCost"),	   STR_INIT("NetUnblendedCost"),
		STR_INIT("UnblendedCost"),	   STR_INIT("UsageQuantity"),
		STR_INIT("NormalizedUsageAmount"),
	};
	bool is_known = count > 0;

	if (count == 0)
		return fail(call, &CE_VALIDATION, "Metrics should have at least one value.");
	for (size_t i = 0; is_known && i < count; i++) {
		is_known = false;
		for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++)
			is_known = is_known || str_equal(metrics[i], known[j]);
		if (!is_known)
			return fail(call, &CE_VALIDATION, "Metric %.*s is not supported.",
				    STR_ARG(metrics[i]));
	}
	return ERR_OK;
}

static enum err check_groups(struct call *call, const struct ce_group_definition *groups,
			     size_t count)
{
	if (count > KEYS_MAX)
		return fail(call, &CE_VALIDATION, "Only %d values are allowed in GroupBy.",
			    KEYS_MAX);
	for (size_t i = 0; i < count; i++) {
		bool is_dimension = str_equal(groups[i].type, STR("DIMENSION"));
		if (groups[i].key.size == 0)
			return fail(call, &CE_VALIDATION, "GroupBy has no Key.");
		if (!is_dimension && !str_equal(groups[i].type, STR("TAG")))
			return fail(call, &CE_VALIDATION, "Type %.*s in GroupBy is not supported.",
				    STR_ARG(groups[i].type));
		if (is_dimension && !ce_dimension_is_known(groups[i].key))
			return fail(call, &CE_VALIDATION,
				    "Dimension %.*s in GroupBy is not supported.",
				    STR_ARG(groups[i].key));
	}
	return ERR_OK;
}

static size_t count_periods(const struct ce_range *range)
{
	size_t count = 0;

	for (uint32_t hour = range->from; hour < range->to; hour = ce_period_end(range, hour))
		count++;
	return count;
}

static enum err make_report(struct report *report)
{
	struct call *call = report->call;
	struct ce *ce = ce_of(call->core);

	enum err err = ce_check_filter(call, report->filter);
	if (!err)
		err = check_metrics(call, report->metrics, report->metric_count);
	if (!err)
		err = check_groups(call, report->groups, report->group_count);
	if (err)
		return err;
	report->results =
		arena_array(call->arena, struct ce_result_by_time, count_periods(&report->range));
	report->period = report->range.from;
	report->period_end = ce_period_end(&report->range, report->period);
	pthread_mutex_lock(&ce->mutex);
	ledger_each(ce->ledger, call->account, report->range.from, report->range.to, add_entry,
		    report);
	pthread_mutex_unlock(&ce->mutex);
	while (report->period < report->range.to)
		end_period(report);
	return ERR_OK;
}

/* Both operations, whose report has all members but the range. */
static enum err answer(struct report *report, struct str action, struct str token,
		       const struct ce_date_interval *period, struct str granularity)
{
	enum err err = call_authorize_any(report->call, action);
	if (!err)
		err = ce_refuse_token(report->call, token);
	if (!err)
		err = ce_range_of_call(report->call, period, granularity, true, &report->range);
	return err ? err : make_report(report);
}

enum err ce_get_cost_and_usage(struct call *call, const struct ce_get_cost_and_usage_in *in,
			       struct ce_get_cost_and_usage_out *out)
{
	struct report report = {
		.call = call,
		.filter = in->filter,
		.metrics = in->metrics,
		.metric_count = in->metrics_count,
		.groups = in->group_by,
		.group_count = in->group_by_count,
	};

	enum err err = answer(&report, STR("ce:GetCostAndUsage"), in->next_page_token,
			      in->time_period, in->granularity);
	out->results_by_time = report.results;
	out->results_by_time_count = report.result_count;
	out->group_definitions = in->group_by;
	out->group_definitions_count = in->group_by_count;
	return err;
}

enum err
ce_get_cost_and_usage_with_resources(struct call *call,
				     const struct ce_get_cost_and_usage_with_resources_in *in,
				     struct ce_get_cost_and_usage_with_resources_out *out)
{
	static const struct str cost = STR_INIT("UnblendedCost");
	struct report report = {
		.call = call,
		.filter = in->filter,
		.metrics = in->metrics_count > 0 ? in->metrics : &cost,
		.metric_count = in->metrics_count > 0 ? in->metrics_count : 1,
		.groups = in->group_by,
		.group_count = in->group_by_count,
	};

	enum err err = answer(&report, STR("ce:GetCostAndUsageWithResources"), in->next_page_token,
			      in->time_period, in->granularity);
	out->results_by_time = report.results;
	out->results_by_time_count = report.result_count;
	out->group_definitions = in->group_by;
	out->group_definitions_count = in->group_by_count;
	return err;
}
