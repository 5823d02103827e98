/* SPDX-License-Identifier: MIT */
/*
 * alarm_evaluate: all transitions of a minute are one batch: their actions are stored together, and
 * one commit of the catalog has their states and history.
 */
#include "services/cloudwatch/alarm_evaluate.h"

#include "services/cloudwatch/alarm_history.h"
#include "services/cloudwatch/composite.h"

enum { REASON_MAX = 1023, DATA_MAX = 4000, TRANSITIONS_MAX = 1000 /* of one batch */ };

void cloudwatch_alarm_explain(struct arena *arena, const struct cloudwatch_metric_alarm *shown,
			      const struct alarm_criteria *criteria, uint32_t period_s,
			      const struct alarm_evaluation *evaluation, int64_t now_ms,
			      struct str *out_reason, struct str *out_data)
{
	struct alarm_point *points =
		arena_array(arena, struct alarm_point, criteria->evaluation_periods);
	struct alarm_evidence evidence = {
		.criteria = criteria,
		.outcome = evaluation->outcome,
		.points = points,
		.point_count = alarm_ring_evaluated(evaluation->ring, criteria, points),
		.now_ms = now_ms,
		.period_s = period_s,
		.statistic = shown->statistic.data ? shown->statistic : shown->extended_statistic,
		.unit = shown->unit,
	};
	struct buf reason = {0}, data = {0};

	alarm_reason_append(&reason, &evidence);
	alarm_reason_data_append(&data, &evidence);
	/* AWS shows fewer points of long alarms; how many is not documented. */
	while (data.size > DATA_MAX && evidence.point_count > 1) {
		evidence.point_count = evidence.point_count * 3 / 4;
		buf_reset(&data);
		alarm_reason_data_append(&data, &evidence);
	}
	*out_reason = arena_copy(arena, str_slice(buf_str(&reason), 0, REASON_MAX));
	*out_data = arena_copy(arena, buf_str(&data));
	buf_done(&reason);
	buf_done(&data);
}

static void change_state(struct core *core, struct alarm_batch *batch, struct alarm_watch *watch,
			 const struct alarm_evaluation *evaluation)
{
	struct cloudwatch_alarm draft = cloudwatch_alarm_draft(watch->alarm);
	struct cloudwatch_transition transition = {
		.before = watch->alarm, .now = &draft, .metric = &watch->shown};

	cloudwatch_alarm_explain(&batch->actions.arena, &watch->shown, &watch->criteria,
				 watch->period_s, evaluation, batch->now_ms, &draft.reason,
				 &draft.reason_data);
	draft.state = draft.acted = evaluation->outcome.state;
	draft.updated_ms = draft.transitioned_ms = batch->now_ms;
	alarm_batch_put(core, batch, &transition, true);
}

static void commit(struct core *core, struct alarm_batch *batch)
{
	bool has_changes = batch->count > 0;

	if (alarm_batch_commit(core, batch) != ERR_OK)
		log_event(LOG_WARN,
			  "states of alarms could not be stored; they are evaluated "
			  "again in the next minute",
			  log_str("reason", STR("storage")));
	else if (has_changes)
		cloudwatch_composites_soon(core);
}

void cloudwatch_alarms_closed(struct core *core, int64_t start_ms)
{
	struct cloudwatch_alarms *alarms = cloudwatch_alarms_of(core);
	int64_t end_s = start_ms / 1000 + 60;
	uint64_t evaluated = 0;
	struct alarm_batch batch;

	alarm_watches_follow(core);
	alarm_batch_init(&batch);
	for (struct list *at = alarms->watches.next; at != &alarms->watches; at = at->next) {
		struct alarm_watch *watch = container_of(at, struct alarm_watch, link);
		struct alarm_evaluation evaluation;

		if (!alarm_watch_evaluate(core, watch, end_s, &evaluation))
			continue;
		evaluated++;
		if (evaluation.outcome.state != watch->alarm->state)
			change_state(core, &batch, watch, &evaluation);
		alarm_ring_done(&evaluation.own);
		if (batch.count == TRANSITIONS_MAX) {
			commit(core, &batch);
			alarm_batch_init(&batch);
		}
	}
	commit(core, &batch);
	alarm_watches_follow(core);
	atomic_fetch_add_explicit(&alarms->evaluations, evaluated, memory_order_relaxed);
	cloudwatch_history_sweep(core, start_ms);
}
