/* SPDX-License-Identifier: MIT */
/*
 * composite: a transition to ALARM waits for the suppressor, if there is one, as AWS documents it.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-suppression.html
 */
#include "services/cloudwatch/composite.h"

#include <time.h>

#include "alarm/cycle.h"
#include "alarm/reason.h"
#include "format/json.h"
#include "services/cloudwatch/alarm_change.h"
#include "services/cloudwatch/alarm_watch.h"

struct alarm_rule *cloudwatch_composite_rule(struct arena *arena,
					     const struct cloudwatch_alarm *alarm)
{
	struct cloudwatch_composite_alarm shown;
	struct alarm_rule *rule = NULL;
	struct str problem;
	size_t at;

	if (!alarm->is_composite || cloudwatch_alarm_composite(arena, alarm, &shown) != ERR_OK ||
	    alarm_rule_new(shown.alarm_rule, &rule, &problem, &at) != ERR_OK)
		return NULL;
	return rule;
}

bool cloudwatch_composite_has_child(const struct cloudwatch_alarm *alarm, struct str name)
{
	struct arena arena;
	bool is_found = false;

	if (!alarm->is_composite)
		return false;
	arena_init(&arena);
	struct alarm_rule *rule = cloudwatch_composite_rule(&arena, alarm);
	for (size_t i = 0; rule && i < alarm_rule_child_count(rule) && !is_found; i++)
		is_found = str_equal(alarm_child_name(alarm_rule_child(rule, i)), name);
	alarm_rule_free(&rule);
	arena_done(&arena);
	return is_found;
}

/* ---- evaluation ---- */

static const struct cloudwatch_alarm *find(struct core *core, const struct cloudwatch_alarm *alarm,
					   struct str child)
{
	const struct alarm_watch *watch =
		alarm_watch_find(core, alarm->account, alarm->region, alarm_child_name(child));

	return watch ? watch->alarm : NULL;
}

struct verdict {
	bool is_alarm;
	const struct cloudwatch_alarm *newest; /* of the children; NULL: there is none */
};

static struct verdict evaluate(struct core *core, const struct alarm_watch *watch)
{
	enum alarm_state states[LIMIT_ALARM_CHILDREN];
	struct verdict verdict = {0};

	for (size_t i = 0; i < alarm_rule_child_count(watch->rule); i++) {
		const struct cloudwatch_alarm *child =
			find(core, watch->alarm, alarm_rule_child(watch->rule, i));

		states[i] = child ? child->state : ALARM_INSUFFICIENT_DATA;
		if (child &&
		    (!verdict.newest || child->transitioned_ms > verdict.newest->transitioned_ms))
			verdict.newest = child;
	}
	verdict.is_alarm = alarm_rule_evaluate(watch->rule, states);
	return verdict;
}

/* "Monday 30 November, 2026 18:30:00 UTC" */
static struct str long_time(struct arena *arena, int64_t time_ms)
{
	static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
					   "Thursday", "Friday", "Saturday"};
	static const char *const months[] = {"January",	  "February", "March",	  "April",
					     "May",	  "June",     "July",	  "August",
					     "September", "October",  "November", "December"};
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm parts;

	gmtime_r(&seconds, &parts);
	return arena_format(arena, "%s %02d %s, %d %02d:%02d:%02d UTC", days[parts.tm_wday],
			    parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900,
			    parts.tm_hour, parts.tm_min, parts.tm_sec);
}

/* [{"arn":...,"state":{"value":...,"timestamp":...}}], with the names of the form. */
static struct str children_json(struct arena *arena, const struct cloudwatch_alarm *child,
				const char *const names[4])
{
	struct json_writer writer;
	struct buf out = {0}, time = {0};

	alarm_time_append(&time, child->transitioned_ms);
	json_begin(&writer, &out);
	json_open_array(&writer);
	json_open_object(&writer);
	json_key(&writer, str_from(names[0]));
	json_str(&writer, cloudwatch_alarm_arn(arena, child));
	json_key(&writer, str_from(names[1]));
	json_open_object(&writer);
	json_key(&writer, str_from(names[2]));
	json_str(&writer, alarm_state_name(child->state));
	json_key(&writer, str_from(names[3]));
	json_str(&writer, buf_str(&time));
	json_close_object(&writer);
	json_close_object(&writer);
	json_close_array(&writer);
	struct str copy = arena_copy(arena, buf_str(&out));
	buf_done(&out);
	buf_done(&time);
	return copy;
}

static void explain(struct arena *arena, struct cloudwatch_alarm *draft,
		    const struct cloudwatch_alarm *child, struct str *out_children)
{
	static const char *const small[] = {"arn", "state", "value", "timestamp"};
	static const char *const large[] = {"Arn", "State", "Value", "Timestamp"};

	if (!child || child->transitioned_ms < draft->configured_ms) {
		draft->reason =
			arena_format(arena, "%.*s was created and its alarm rule evaluates to %.*s",
				     STR_ARG(cloudwatch_alarm_arn(arena, draft)),
				     STR_ARG(alarm_state_name(draft->state)));
		draft->reason_data = STR("{\"triggeringAlarms\":[]}");
		return;
	}
	draft->reason = arena_format(arena, "%.*s transitioned to %.*s at %.*s",
				     STR_ARG(cloudwatch_alarm_arn(arena, child)),
				     STR_ARG(alarm_state_name(child->state)),
				     STR_ARG(long_time(arena, child->transitioned_ms)));
	draft->reason_data = arena_format(arena, "{\"triggeringAlarms\":%.*s}",
					  STR_ARG(children_json(arena, child, small)));
	*out_children = children_json(arena, child, large);
}

/* ---- the suppressor ---- */

/* Whether the actions of the draft's state may run now; sets its suppression. */
static bool may_act(struct core *core, const struct alarm_watch *watch,
		    struct cloudwatch_alarm *draft, int64_t now_ms)
{
	const struct cloudwatch_composite_alarm *shown = &watch->composite;
	const struct cloudwatch_alarm *suppressor =
		shown->actions_suppressor.data ? find(core, draft, shown->actions_suppressor)
					       : NULL;
	bool is_suppressed = suppressor && suppressor->state == ALARM_ALARM;
	int64_t wait_ms = shown->actions_suppressor_wait_period * 1000;
	int64_t extension_ms = shown->actions_suppressor_extension_period * 1000;
	enum cloudwatch_suppression before = draft->suppression;

	if (is_suppressed) {
		if (before != CLOUDWATCH_NOT_SUPPRESSED || draft->state != draft->acted)
			draft->suppression = CLOUDWATCH_SUPPRESSED_BY_ALARM;
		return draft->suppression == CLOUDWATCH_NOT_SUPPRESSED;
	}
	if (before == CLOUDWATCH_SUPPRESSED_BY_ALARM && extension_ms > 0) {
		draft->suppression = CLOUDWATCH_SUPPRESSED_BY_EXTENSION;
		draft->suppressed_until_ms = now_ms + extension_ms;
		return false;
	}
	if (before == CLOUDWATCH_NOT_SUPPRESSED && shown->actions_suppressor.data && wait_ms > 0 &&
	    draft->state == ALARM_ALARM && draft->acted != ALARM_ALARM) {
		draft->suppression = CLOUDWATCH_SUPPRESSED_BY_WAIT;
		draft->suppressed_until_ms = now_ms + wait_ms;
		return false;
	}
	bool waits = before == CLOUDWATCH_SUPPRESSED_BY_WAIT ||
		     before == CLOUDWATCH_SUPPRESSED_BY_EXTENSION;
	if (waits && now_ms < draft->suppressed_until_ms && draft->state == ALARM_ALARM)
		return false;
	draft->suppression = CLOUDWATCH_NOT_SUPPRESSED;
	return true;
}

/* ---- rounds ---- */

static void evaluate_one(struct core *core, struct alarm_batch *batch, struct alarm_watch *watch)
{
	struct cloudwatch_alarm draft = cloudwatch_alarm_draft(watch->alarm);
	struct cloudwatch_transition transition = {
		.before = watch->alarm, .now = &draft, .composite = &watch->composite};
	struct verdict verdict = evaluate(core, watch);

	draft.state = verdict.is_alarm ? ALARM_ALARM : ALARM_OK;
	if (draft.state != watch->alarm->state) {
		draft.updated_ms = draft.transitioned_ms = batch->now_ms;
		explain(&batch->actions.arena, &draft, verdict.newest, &transition.children);
	}
	bool may = may_act(core, watch, &draft, batch->now_ms);
	bool acts = may && draft.acted != draft.state;
	if (may)
		draft.acted = draft.state;
	if (draft.state == watch->alarm->state && draft.suppression == watch->alarm->suppression &&
	    draft.acted == watch->alarm->acted)
		return;
	alarm_batch_put(core, batch, &transition, acts);
}

void cloudwatch_composites_run(struct core *core, struct core_task *task)
{
	struct cloudwatch_alarms *alarms = cloudwatch_alarms_of(core);
	bool has_changes = true;

	(void)task;
	alarms->has_posted_composites = false;
	for (int round = 0; has_changes && round < LIMIT_ALARM_ROUNDS; round++) {
		struct alarm_batch batch;

		alarm_watches_follow(core);
		alarm_batch_init(&batch);
		for (struct list *at = alarms->watches.next; at != &alarms->watches;
		     at = at->next) {
			struct alarm_watch *watch = container_of(at, struct alarm_watch, link);

			if (watch->rule && !watch->is_broken)
				evaluate_one(core, &batch, watch);
		}
		has_changes = batch.count > 0;
		if (alarm_batch_commit(core, &batch) != ERR_OK) {
			log_event(LOG_WARN,
				  "states of composite alarms could not be stored; they "
				  "are evaluated again in the next minute",
				  log_i64("round", round));
			return;
		}
	}
}
