/* SPDX-License-Identifier: MIT */
/* alarms: loading, ending and resetting; core/due.h runs the ends of composite alarms' waits. */
#include "services/cloudwatch/alarms.h"

#include "base/vec.h"
#include "core/metric.h"
#include "core/metrics.h"
#include "services/cloudwatch/alarm_change.h"
#include "services/cloudwatch/alarm_evaluate.h"
#include "services/cloudwatch/alarm_state.h"
#include "services/cloudwatch/alarm_store.h"
#include "services/cloudwatch/composite.h"

static enum err load_row(void *context, struct str key, struct str record)
{
	struct core *core = context;
	struct cloudwatch_alarm alarm;
	struct arena arena;

	arena_init(&arena);
	enum err err = cloudwatch_alarm_decode(&arena, record, &alarm);
	if (!err && !str_equal(key, cloudwatch_alarm_key(&arena, &alarm)))
		err = ERR_DAMAGED;
	if (!err)
		cloudwatch_registry_put(cloudwatch_alarms_of(core), cloudwatch_alarm_new(&alarm));
	arena_done(&arena);
	return err;
}

static enum err run_due(struct core *core, struct str key)
{
	(void)key;
	cloudwatch_composites_soon(core);
	return ERR_OK;
}

enum err cloudwatch_alarms_start(struct core *core)
{
	struct cloudwatch_alarms *alarms = heap_alloc(sizeof(*alarms));

	cloudwatch_of(core)->alarms = alarms;
	list_init(&alarms->watches);
	alarms->composites.run = cloudwatch_composites_run;
	alarms->sequence = (uint64_t)clock_now_ms() & 0xffff;
	cloudwatch_registry_new(alarms);
	due_register(core, DUE_CLOUDWATCH_ALARM, run_due);
	metric_on_closed(core, cloudwatch_alarms_closed);
	enum err err = catalog_begin(core->catalog, false);
	if (!err)
		err = catalog_each(core->catalog, CATALOG_CLOUDWATCH_ALARMS, load_row, core);
	catalog_abort(core->catalog);
	return err;
}

void cloudwatch_alarms_stop(struct core *core)
{
	struct cloudwatch *cloudwatch = cloudwatch_of(core);

	if (!cloudwatch->alarms)
		return;
	alarm_watches_free(core);
	cloudwatch_registry_free(cloudwatch->alarms);
	heap_free(cloudwatch->alarms);
	cloudwatch->alarms = NULL;
}

/* ---- reset ---- */

enum { CHOSEN = 500 };
struct chosen {
	struct str account;
	const struct cloudwatch_alarm *alarms[CHOSEN];
	size_t count;
};

static bool choose(void *context, const struct cloudwatch_alarm *alarm)
{
	struct chosen *chosen = context;

	if (chosen->count == CHOSEN)
		return false;
	if (!str_equal(alarm->account, chosen->account))
		return true;
	cloudwatch_alarm_hold(alarm);
	chosen->alarms[chosen->count++] = alarm;
	return true;
}

enum err cloudwatch_alarms_reset(struct core *core, struct str account, uint64_t *count)
{
	struct cloudwatch_alarms *alarms = cloudwatch_alarms_of(core);
	struct chosen *chosen = heap_alloc(sizeof(*chosen));
	enum err err;

	chosen->account = account;
	do {
		struct alarm_batch batch;

		chosen->count = 0;
		cloudwatch_alarm_each(alarms, STR(""), STR(""), STR(""), choose, chosen);
		alarm_batch_init(&batch);
		for (size_t i = 0; i < chosen->count; i++)
			alarm_batch_delete(core, &batch, chosen->alarms[i]);
		err = alarm_batch_commit(core, &batch);
		for (size_t i = 0; i < chosen->count; i++) {
			if (!err)
				cloudwatch_registry_remove(alarms, chosen->alarms[i]);
			cloudwatch_alarm_release(chosen->alarms[i]);
		}
		*count += err ? 0 : chosen->count;
	} while (!err && chosen->count > 0);
	heap_free(chosen);
	return err;
}

void cloudwatch_alarms_figures(const struct core *core, struct buf *out)
{
	struct cloudwatch_alarms *alarms = cloudwatch_alarms_of(core);

	metrics_number(out, "tern_cloudwatch_alarms", "gauge", "Alarms.",
		       snapshot_table_count(alarms->registry, 0));
	metrics_number(out, "tern_cloudwatch_alarm_evaluations_total", "counter",
		       "Evaluations of metric alarms.",
		       atomic_load_explicit(&alarms->evaluations, memory_order_relaxed));
	metrics_number(out, "tern_cloudwatch_alarm_transitions_total", "counter",
		       "Changes of alarms' states.",
		       atomic_load_explicit(&alarms->transitions, memory_order_relaxed));
}
