/* SPDX-License-Identifier: MIT */
/* alarm_describe: DescribeAlarms, DescribeAlarmsForMetric. */
#include "alarm/cycle.h"
#include "base/vec.h"
#include "core/page.h"
#include "services/cloudwatch/alarm_call.h"
#include "services/cloudwatch/composite.h"

enum { PAGE_DEFAULT = 50 };

struct listing {
	struct call *call;
	const struct cloudwatch_describe_alarms_in *in;
	struct str after; /* the last alarm of the page before; data NULL: none */
	size_t most, count;
	struct str last; /* of this page */
	bool has_more;
	bool is_brief; /* children and parents: names and states only */
	enum err err;
	struct {
		struct cloudwatch_metric_alarm *items;
		size_t count, capacity;
	} metrics;
	struct {
		struct cloudwatch_composite_alarm *items;
		size_t count, capacity;
	} composites;
};

static void release(void *alarm)
{
	cloudwatch_alarm_release(alarm);
}

static bool is_type(const struct cloudwatch_describe_alarms_in *in, bool is_composite)
{
	struct str type = is_composite ? STR("CompositeAlarm") : STR("MetricAlarm");

	/* AWS: without types, metric alarms only. */
	if (in->alarm_types_count == 0)
		return !is_composite || in->children_of_alarm_name.data ||
		       in->parents_of_alarm_name.data;
	for (size_t i = 0; i < in->alarm_types_count; i++) {
		if (str_equal(in->alarm_types[i], type))
			return true;
	}
	return false;
}

static bool has_action(const struct str *arns, size_t count, struct str prefix)
{
	for (size_t i = 0; i < count; i++) {
		if (str_starts(arns[i], prefix))
			return true;
	}
	return false;
}

static bool acts_on(const struct cloudwatch_metric_alarm *alarm, struct str prefix)
{
	return has_action(alarm->ok_actions, alarm->ok_actions_count, prefix) ||
	       has_action(alarm->alarm_actions, alarm->alarm_actions_count, prefix) ||
	       has_action(alarm->insufficient_data_actions, alarm->insufficient_data_actions_count,
			  prefix);
}

static bool composite_acts_on(const struct cloudwatch_composite_alarm *alarm, struct str prefix)
{
	return has_action(alarm->ok_actions, alarm->ok_actions_count, prefix) ||
	       has_action(alarm->alarm_actions, alarm->alarm_actions_count, prefix) ||
	       has_action(alarm->insufficient_data_actions, alarm->insufficient_data_actions_count,
			  prefix);
}

/* AWS shows names, ARNs and states of children and parents only. */
static void add_metric(struct listing *listing, struct cloudwatch_metric_alarm *shown)
{
	if (listing->is_brief)
		*shown = (struct cloudwatch_metric_alarm){
			.alarm_name = shown->alarm_name,
			.alarm_arn = shown->alarm_arn,
			.state_value = shown->state_value,
			.state_updated_timestamp = shown->state_updated_timestamp,
			.has_state_updated_timestamp = true,
		};
	vec_push(&listing->metrics, *shown);
}

static void add_composite(struct listing *listing, struct cloudwatch_composite_alarm *shown)
{
	if (listing->is_brief)
		*shown = (struct cloudwatch_composite_alarm){
			.alarm_name = shown->alarm_name,
			.alarm_arn = shown->alarm_arn,
			.state_value = shown->state_value,
			.state_updated_timestamp = shown->state_updated_timestamp,
			.has_state_updated_timestamp = true,
		};
	vec_push(&listing->composites, *shown);
}

static bool list(void *context, const struct cloudwatch_alarm *alarm)
{
	struct listing *listing = context;
	const struct cloudwatch_describe_alarms_in *in = listing->in;
	struct arena *arena = listing->call->arena;
	struct cloudwatch_metric_alarm metric;
	struct cloudwatch_composite_alarm composite;

	if (listing->after.data && str_compare(alarm->name, listing->after) <= 0)
		return true;
	if (in->alarm_name_prefix.data && !str_starts(alarm->name, in->alarm_name_prefix))
		return str_compare(alarm->name, in->alarm_name_prefix) < 0;
	if (!is_type(in, alarm->is_composite) ||
	    (in->state_value.data && !str_equal(in->state_value, alarm_state_name(alarm->state))))
		return true;
	cloudwatch_alarm_hold(alarm); /* its texts are shown */
	call_on_end(listing->call, release, alarm);
	if (alarm->is_composite)
		listing->err = cloudwatch_alarm_composite(arena, alarm, &composite);
	else
		listing->err = cloudwatch_alarm_metric(arena, alarm, &metric);
	if (listing->err)
		return false;
	if (in->action_prefix.data &&
	    !(alarm->is_composite ? composite_acts_on(&composite, in->action_prefix)
				  : acts_on(&metric, in->action_prefix)))
		return true;
	if (listing->count == listing->most) {
		listing->has_more = true;
		return false;
	}
	listing->count++;
	listing->last = alarm->name;
	if (alarm->is_composite)
		add_composite(listing, &composite);
	else
		add_metric(listing, &metric);
	return true;
}

static void list_named(struct listing *listing)
{
	const struct cloudwatch_describe_alarms_in *in = listing->in;

	for (size_t i = 0; i < in->alarm_names_count && !listing->err; i++) {
		const struct cloudwatch_alarm *alarm =
			cloudwatch_alarm_of_call(listing->call, in->alarm_names[i]);

		for (size_t k = 0; alarm && k < i; k++) {
			if (str_equal(in->alarm_names[k], in->alarm_names[i]))
				alarm = NULL;
		}
		if (alarm)
			(void)list(listing, alarm); /* names have no pages */
	}
}

struct relatives {
	struct listing *listing;
	struct str child; /* parents of it */
};

static bool list_parent(void *context, const struct cloudwatch_alarm *alarm)
{
	struct relatives *relatives = context;

	if (!cloudwatch_composite_has_child(alarm, relatives->child))
		return true;
	return list(relatives->listing, alarm);
}

static enum err list_relatives(struct listing *listing)
{
	const struct cloudwatch_describe_alarms_in *in = listing->in;
	struct call *call = listing->call;
	struct relatives relatives = {.listing = listing, .child = in->parents_of_alarm_name};
	struct str name = in->children_of_alarm_name.data ? in->children_of_alarm_name
							  : in->parents_of_alarm_name;
	const struct cloudwatch_alarm *alarm = cloudwatch_alarm_of_call(call, name);
	struct alarm_rule *rule;

	listing->is_brief = true;
	if (!alarm)
		return fail(call, &CLOUDWATCH_RESOURCE_NOT_FOUND, "Alarm %.*s does not exist.",
			    STR_ARG(name));
	if (in->parents_of_alarm_name.data) {
		cloudwatch_alarm_each(cloudwatch_alarms_of(call->core), call->account, call->region,
				      STR(""), list_parent, &relatives);
		return ERR_OK;
	}
	rule = cloudwatch_composite_rule(call->arena, alarm);
	for (size_t i = 0; rule && i < alarm_rule_child_count(rule); i++) {
		const struct cloudwatch_alarm *child =
			cloudwatch_alarm_of_call(call, alarm_child_name(alarm_rule_child(rule, i)));

		if (child)
			(void)list(listing, child); /* at most LIMIT_ALARM_CHILDREN */
	}
	alarm_rule_free(&rule);
	return ERR_OK;
}

/* The lists move into the call's arena. */
static void show(struct listing *listing, struct cloudwatch_describe_alarms_out *out)
{
	struct arena *arena = listing->call->arena;

	out->metric_alarms_count = listing->metrics.count;
	out->metric_alarms =
		arena_array(arena, struct cloudwatch_metric_alarm, listing->metrics.count);
	if (listing->metrics.count > 0)
		memcpy(out->metric_alarms, listing->metrics.items,
		       listing->metrics.count * sizeof(*out->metric_alarms));
	out->composite_alarms_count = listing->composites.count;
	out->composite_alarms =
		arena_array(arena, struct cloudwatch_composite_alarm, listing->composites.count);
	if (listing->composites.count > 0)
		memcpy(out->composite_alarms, listing->composites.items,
		       listing->composites.count * sizeof(*out->composite_alarms));
	if (listing->has_more)
		out->next_token = page_token_make(listing->call, listing->last);
}

static enum err check_input(struct call *call, const struct cloudwatch_describe_alarms_in *in)
{
	if (in->alarm_names_count > 0 && in->alarm_name_prefix.data)
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "AlarmNamePrefix and AlarmNames are mutually exclusive.");
	if (in->children_of_alarm_name.data && in->parents_of_alarm_name.data)
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "ChildrenOfAlarmName and ParentsOfAlarmName are mutually exclusive.");
	return ERR_OK;
}

enum err cloudwatch_describe_alarms(struct call *call,
				    const struct cloudwatch_describe_alarms_in *in,
				    struct cloudwatch_describe_alarms_out *out)
{
	struct listing listing = {
		.call = call,
		.in = in,
		.most = in->has_max_records ? (size_t)in->max_records : PAGE_DEFAULT,
	};

	enum err err =
		cloudwatch_alarm_authorize(call, STR("cloudwatch:DescribeAlarms"), STR("*"), NULL);
	if (!err)
		err = check_input(call, in);
	if (!err && in->next_token.size > 0 &&
	    page_token_open(call, in->next_token, 0, &listing.after) != ERR_OK)
		err = fail(call, &CLOUDWATCH_INVALID_NEXT_TOKEN, "Invalid NextToken");
	if (err)
		return err;
	if (in->children_of_alarm_name.data || in->parents_of_alarm_name.data)
		err = list_relatives(&listing);
	else if (in->alarm_names_count > 0) {
		listing.most = in->alarm_names_count;
		list_named(&listing);
	} else
		cloudwatch_alarm_each(cloudwatch_alarms_of(call->core), call->account, call->region,
				      listing.after.data	   ? listing.after
				      : in->alarm_name_prefix.data ? in->alarm_name_prefix
								   : STR(""),
				      list, &listing);
	if (!err)
		err = listing.err;
	if (!err)
		show(&listing, out);
	vec_done(&listing.metrics);
	vec_done(&listing.composites);
	return err;
}

/* ---- DescribeAlarmsForMetric ---- */

struct matching {
	struct call *call;
	const struct cloudwatch_describe_alarms_for_metric_in *in;
	enum err err;
	struct {
		struct cloudwatch_metric_alarm *items;
		size_t count, capacity;
	} found;
};

static bool has_dimensions(const struct cloudwatch_dimension *a, size_t a_count,
			   const struct cloudwatch_dimension *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++) {
		bool is_found = false;

		for (size_t k = 0; k < b_count && !is_found; k++)
			is_found = str_equal(a[i].name, b[k].name) &&
				   str_equal(a[i].value, b[k].value);
		if (!is_found)
			return false;
	}
	return true;
}

static bool is_metric(const struct cloudwatch_describe_alarms_for_metric_in *in, struct str name,
		      struct str name_space, const struct cloudwatch_dimension *dimensions,
		      size_t count)
{
	return str_equal(in->metric_name, name) && str_equal(in->namespace, name_space) &&
	       has_dimensions(in->dimensions, in->dimensions_count, dimensions, count);
}

static bool matches(const struct cloudwatch_describe_alarms_for_metric_in *in,
		    const struct cloudwatch_metric_alarm *alarm)
{
	for (size_t i = 0; i < alarm->metrics_count; i++) {
		const struct cloudwatch_metric_stat *stat = alarm->metrics[i].metric_stat;

		if (stat && is_metric(in, stat->metric->metric_name, stat->metric->namespace,
				      stat->metric->dimensions, stat->metric->dimensions_count))
			return true;
	}
	return is_metric(in, alarm->metric_name, alarm->namespace, alarm->dimensions,
			 alarm->dimensions_count) &&
	       (!in->statistic.data || str_equal(in->statistic, alarm->statistic)) &&
	       (!in->extended_statistic.data ||
		str_equal(in->extended_statistic, alarm->extended_statistic)) &&
	       (!in->has_period || in->period == alarm->period) &&
	       (!in->unit.data || str_equal(in->unit, alarm->unit));
}

static bool match(void *context, const struct cloudwatch_alarm *alarm)
{
	struct matching *matching = context;
	struct cloudwatch_metric_alarm shown;

	if (alarm->is_composite)
		return true;
	cloudwatch_alarm_hold(alarm);
	call_on_end(matching->call, release, alarm);
	matching->err = cloudwatch_alarm_metric(matching->call->arena, alarm, &shown);
	if (!matching->err && matches(matching->in, &shown))
		vec_push(&matching->found, shown);
	return !matching->err;
}

enum err
cloudwatch_describe_alarms_for_metric(struct call *call,
				      const struct cloudwatch_describe_alarms_for_metric_in *in,
				      struct cloudwatch_describe_alarms_for_metric_out *out)
{
	struct matching matching = {.call = call, .in = in};

	enum err err = cloudwatch_alarm_authorize(call, STR("cloudwatch:DescribeAlarmsForMetric"),
						  STR("*"), NULL);
	if (err)
		return err;
	cloudwatch_alarm_each(cloudwatch_alarms_of(call->core), call->account, call->region,
			      STR(""), match, &matching);
	out->metric_alarms_count = matching.found.count;
	out->metric_alarms =
		arena_array(call->arena, struct cloudwatch_metric_alarm, matching.found.count);
	if (matching.found.count > 0)
		memcpy(out->metric_alarms, matching.found.items,
		       matching.found.count * sizeof(*out->metric_alarms));
	vec_done(&matching.found);
	return matching.err;
}
