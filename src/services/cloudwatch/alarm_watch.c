/* SPDX-License-Identifier: MIT */
/*
 * alarm_watch: watches follow the registry by its version, so a minute without changes of settings
 * looks at the watches only.
 *
 * Invariant of a pushed watch that is not stale: its rings have the periods that end at each minute
 * up to last_s + 60.
 */
#include "services/cloudwatch/alarm_watch.h"

#include <math.h>

#include "services/cloudwatch/alarm_state.h"
#include "services/cloudwatch/alarm_store.h"

enum {
	STEPS_MAX = 15,	  /* minutes of a period whose points are pushed */
	SLOTS_MAX = 1000, /* of all rings of a watch */
	LONG_S = 3600,	  /* periods from here on are evaluated each five minutes */
};

/* ---- settings ---- */

bool alarm_criteria_of(const struct cloudwatch_metric_alarm *shown,
		       struct alarm_criteria *out_criteria)
{
	struct alarm_criteria criteria = {
		.threshold = shown->threshold,
		.evaluation_periods = (uint32_t)shown->evaluation_periods,
		.datapoints_to_alarm =
			(uint32_t)(shown->has_datapoints_to_alarm ? shown->datapoints_to_alarm
								  : shown->evaluation_periods),
		.has_datapoints_to_alarm = shown->has_datapoints_to_alarm,
		.ignores_low_samples =
			str_equal(shown->evaluate_low_sample_count_percentile, STR("ignore")),
	};

	if (!alarm_comparison_parse(shown->comparison_operator, &criteria.comparison) ||
	    (shown->treat_missing_data.data &&
	     !alarm_missing_parse(shown->treat_missing_data, &criteria.missing)) ||
	    shown->evaluation_periods < 1 || shown->evaluation_periods > LIMIT_ALARM_PERIODS ||
	    criteria.datapoints_to_alarm < 1 ||
	    criteria.datapoints_to_alarm > criteria.evaluation_periods)
		return false;
	*out_criteria = criteria;
	return true;
}

static void closed(struct core *core, struct metric_watch *metric, const struct metric_point *point,
		   struct str unit)
{
	struct alarm_watch *watch = container_of(metric, struct alarm_watch, metric);

	(void)core;
	(void)unit;
	if (watch->open.count == 0 && point->time_s > watch->last_s)
		watch->open = *point;
	else if (point->time_s == watch->open.time_s)
		watch->is_stale = true; /* several units, which the store chooses from */
	else
		watch->is_stale = true; /* late samples of an earlier minute */
	watch->open.bins = NULL;	/* borrowed, and of no use here */
	watch->open.bin_count = 0;
}

static bool is_simple(const struct metric_statistic *statistic)
{
	return statistic->kind <= METRIC_MAXIMUM;
}

static void open_rings(struct core *core, struct alarm_watch *watch)
{
	const struct cloudwatch_metric_alarm *shown = &watch->shown;
	struct metric_dimension *dimensions =
		arena_array(&watch->arena, struct metric_dimension, shown->dimensions_count);

	watch->steps = watch->period_s / 60;
	watch->minutes = arena_array(&watch->arena, struct metric_point, watch->steps);
	watch->rings = arena_array(&watch->arena, struct alarm_ring, watch->steps);
	for (size_t i = 0; i < shown->dimensions_count; i++)
		dimensions[i] = (struct metric_dimension){shown->dimensions[i].name,
							  shown->dimensions[i].value};
	watch->metric = (struct metric_watch){
		.key = {.account = watch->alarm->account,
			.region = watch->alarm->region,
			.name_space = shown->namespace,
			.name = shown->metric_name,
			.dimensions = dimensions,
			.dimension_count = shown->dimensions_count,
			.unit = shown->unit},
		.closed = closed,
	};
	watch->metric.key.account = arena_copy(&watch->arena, watch->alarm->account);
	watch->metric.key.region = arena_copy(&watch->arena, watch->alarm->region);
	watch->is_pushed = watch->is_stale = true;
	metric_watch(core, &watch->metric);
}

static void compile_metric(struct core *core, struct alarm_watch *watch)
{
	struct cloudwatch_metric_alarm *shown = &watch->shown;

	if (cloudwatch_alarm_metric(&watch->arena, watch->alarm, shown) != ERR_OK ||
	    !alarm_criteria_of(shown, &watch->criteria)) {
		watch->is_broken = true;
		return;
	}
	watch->period_s = alarm_period_of(shown);
	if (shown->metrics_count > 0)
		return;
	struct str name = shown->statistic.data ? shown->statistic : shown->extended_statistic;
	watch->is_broken = !metric_statistic_parse(name, &watch->statistic);
	if (!watch->is_broken && is_simple(&watch->statistic) && watch->period_s % 60 == 0 &&
	    watch->period_s <= 60 * STEPS_MAX &&
	    (size_t)watch->period_s / 60 * alarm_range(&watch->criteria) <= SLOTS_MAX)
		open_rings(core, watch);
}

static void compile_composite(struct alarm_watch *watch)
{
	struct str problem;
	size_t at;

	if (cloudwatch_alarm_composite(&watch->arena, watch->alarm, &watch->composite) != ERR_OK ||
	    alarm_rule_new(watch->composite.alarm_rule, &watch->rule, &problem, &at) != ERR_OK)
		watch->is_broken = true;
}

static void compile(struct core *core, struct alarm_watch *watch)
{
	arena_init(&watch->arena);
	watch->configured_ms = watch->alarm->configured_ms;
	if (watch->alarm->is_composite)
		compile_composite(watch);
	else
		compile_metric(core, watch);
	if (watch->is_broken)
		log_event(LOG_WARN, "the settings of an alarm cannot be read",
			  log_str("alarm", watch->alarm->name));
}

static void decompile(struct core *core, struct alarm_watch *watch)
{
	if (watch->is_pushed) {
		metric_unwatch(core, &watch->metric);
		for (uint32_t i = 0; i < watch->steps; i++)
			alarm_ring_done(&watch->rings[i]);
	}
	alarm_rule_free(&watch->rule);
	arena_done(&watch->arena);
	*watch = (struct alarm_watch){
		.link = watch->link, .alarm = watch->alarm, .generation = watch->generation};
}

/* ---- following the registry ---- */

static uint64_t hash_of(struct str account, struct str region, struct str name)
{
	return str_hash(name) ^ (str_hash(account) * 31) ^ (str_hash(region) * 17);
}

static bool has_name(const void *value, const void *key)
{
	const struct alarm_watch *watch = value;
	const struct cloudwatch_alarm *names = key;

	return str_equal(watch->alarm->name, names->name) &&
	       str_equal(watch->alarm->account, names->account) &&
	       str_equal(watch->alarm->region, names->region);
}

struct alarm_watch *alarm_watch_find(struct core *core, struct str account, struct str region,
				     struct str name)
{
	struct cloudwatch_alarm names = {.account = account, .region = region, .name = name};

	return map_find(&cloudwatch_alarms_of(core)->by_name, hash_of(account, region, name),
			has_name, &names);
}

static bool follow(void *context, const struct cloudwatch_alarm *alarm)
{
	struct core *core = context;
	struct cloudwatch_alarms *alarms = cloudwatch_alarms_of(core);
	struct alarm_watch *watch =
		alarm_watch_find(core, alarm->account, alarm->region, alarm->name);
	bool is_new = watch == NULL;

	if (is_new) {
		watch = heap_alloc(sizeof(*watch));
		list_push_back(&alarms->watches, &watch->link);
	}
	watch->generation = alarms->generation;
	if (watch->alarm == alarm)
		return true;
	cloudwatch_alarm_hold(alarm);
	const struct cloudwatch_alarm *before = watch->alarm;
	watch->alarm = alarm;
	if (is_new) {
		map_insert(&alarms->by_name, hash_of(alarm->account, alarm->region, alarm->name),
			   watch);
		compile(core, watch);
	} else if (watch->configured_ms != alarm->configured_ms) {
		decompile(core, watch);
		compile(core, watch);
	}
	cloudwatch_alarm_release(before);
	return true;
}

static void free_watch(struct core *core, struct alarm_watch *watch)
{
	const struct cloudwatch_alarm *alarm = watch->alarm;

	list_remove(&watch->link);
	map_remove(&cloudwatch_alarms_of(core)->by_name,
		   hash_of(alarm->account, alarm->region, alarm->name), watch);
	decompile(core, watch);
	cloudwatch_alarm_release(alarm);
	heap_free(watch);
}

static void free_others(struct core *core, uint64_t generation)
{
	struct cloudwatch_alarms *alarms = cloudwatch_alarms_of(core);
	struct list *next;

	for (struct list *at = alarms->watches.next; at != &alarms->watches; at = next) {
		struct alarm_watch *watch = container_of(at, struct alarm_watch, link);

		next = at->next;
		if (watch->generation != generation)
			free_watch(core, watch);
	}
}

void alarm_watches_follow(struct core *core)
{
	struct cloudwatch_alarms *alarms = cloudwatch_alarms_of(core);

	if (alarms->watched == alarms->version)
		return;
	alarms->watched = alarms->version;
	alarms->generation++;
	cloudwatch_alarm_each(alarms, STR(""), STR(""), STR(""), follow, core);
	free_others(core, alarms->generation);
}

void alarm_watches_free(struct core *core)
{
	struct cloudwatch_alarms *alarms = cloudwatch_alarms_of(core);

	free_others(core, ++alarms->generation);
	map_done(&alarms->by_name);
}

/* ---- pushed points ---- */

static void push(struct alarm_watch *watch, const struct metric_point *point, int64_t minute_s)
{
	uint32_t step = (uint32_t)(minute_s / 60 % watch->steps);
	struct metric_point sum = {0};
	struct alarm_point out = {.time_ms = (minute_s + 60 - watch->period_s) * 1000,
				  .value = NAN};
	double value;

	watch->minutes[step] = *point;
	for (uint32_t i = 0; i < watch->steps; i++) {
		const struct metric_point *minute = &watch->minutes[i];

		if (metric_point_is_empty(minute))
			continue;
		sum.min = sum.count == 0 || minute->min < sum.min ? minute->min : sum.min;
		sum.max = sum.count == 0 || minute->max > sum.max ? minute->max : sum.max;
		sum.count += minute->count;
		sum.sum += minute->sum;
	}
	if (!metric_point_is_empty(&sum) && metric_statistic_of(&watch->statistic, &sum, &value) &&
	    isfinite(value))
		out.value = value;
	out.sample_count = sum.count;
	alarm_ring_push(&watch->rings[step], &watch->criteria, out);
	watch->last_s = minute_s;
}

/* Fills the rings from the store, up to the minute that ends at end_s. */
static enum err refill(struct core *core, struct alarm_watch *watch, int64_t end_s)
{
	uint32_t count = (alarm_range(&watch->criteria) + 1) * watch->steps;
	struct metric_range range = {
		.start_s = end_s - (int64_t)count * 60, .end_s = end_s, .period_s = 60};
	struct metric_points points = {0};
	struct arena arena;
	size_t next = 0;

	arena_init(&arena);
	enum err err = metric_read(core, &arena, &watch->metric.key, range, &points);
	if (!err) {
		memset(watch->minutes, 0, watch->steps * sizeof(*watch->minutes));
		for (uint32_t i = 0; i < watch->steps; i++)
			alarm_ring_init(&watch->rings[i], &watch->criteria);
	}
	for (int64_t minute_s = range.start_s; !err && minute_s < end_s; minute_s += 60) {
		struct metric_point none = {.time_s = minute_s};
		bool has_point = next < points.count && points.items[next].time_s == minute_s;
		struct metric_point point = has_point ? points.items[next++] : none;

		point.bins = NULL;
		point.bin_count = 0;
		push(watch, &point, minute_s);
	}
	arena_done(&arena);
	watch->is_stale = err != ERR_OK;
	return err;
}

static bool evaluate_pushed(struct core *core, struct alarm_watch *watch, int64_t end_s,
			    struct alarm_evaluation *out)
{
	int64_t minute_s = end_s - 60;
	bool is_next = watch->last_s + 60 == minute_s &&
		       (watch->open.count == 0 || watch->open.time_s == minute_s);

	if (!watch->is_stale && is_next)
		push(watch, &watch->open, minute_s);
	else if (refill(core, watch, end_s) != ERR_OK)
		return false;
	watch->open = (struct metric_point){0};
	out->ring = &watch->rings[minute_s / 60 % watch->steps];
	return true;
}

/* ---- points of the store ---- */

static bool evaluate_read(struct core *core, struct alarm_watch *watch, int64_t end_s,
			  struct alarm_evaluation *out)
{
	uint32_t count = alarm_range(&watch->criteria);
	struct str problem = STR("");
	struct arena arena;

	if (watch->period_s >= LONG_S && end_s % 300 != 0)
		return false;
	arena_init(&arena);
	struct alarm_point *points = arena_array(&arena, struct alarm_point, count);
	enum err err = alarm_read_points(core, &arena, watch->alarm->account, watch->alarm->region,
					 &watch->shown, end_s, count, points, &problem);
	if (!err) {
		alarm_ring_init(&out->own, &watch->criteria);
		for (uint32_t i = 0; i < count; i++)
			alarm_ring_push(&out->own, &watch->criteria, points[i]);
		out->ring = &out->own;
	} else
		log_event(LOG_WARN, "an alarm cannot be evaluated",
			  log_str("alarm", watch->alarm->name), log_str("problem", problem));
	arena_done(&arena);
	return err == ERR_OK;
}

bool alarm_watch_evaluate(struct core *core, struct alarm_watch *watch, int64_t end_s,
			  struct alarm_evaluation *out)
{
	*out = (struct alarm_evaluation){0};
	if (watch->is_broken || watch->alarm->is_composite || end_s % watch->period_s % 10 != 0)
		return false;
	bool is_read = watch->is_pushed ? evaluate_pushed(core, watch, end_s, out)
					: evaluate_read(core, watch, end_s, out);
	if (is_read)
		out->outcome =
			alarm_ring_evaluate(out->ring, &watch->criteria, watch->alarm->state);
	return is_read;
}
