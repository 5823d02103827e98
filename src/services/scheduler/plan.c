/* SPDX-License-Identifier: MIT */
/* plan: a zone is loaded once; a machine has some hundreds of them. */
#include "services/scheduler/plan.h"

#include "base/bytes.h"
#include "base/vec.h"

struct scheduler_zone {
	struct str name;
	struct zone *zone;
};

const struct zone *scheduler_zone_find(struct scheduler *scheduler, struct str name)
{
	struct zone *zone;

	if (name.size == 0)
		name = STR("UTC");
	for (size_t i = 0; i < scheduler->zones.count; i++)
		if (str_equal(scheduler->zones.items[i].name, name))
			return scheduler->zones.items[i].zone;
	if (zone_load(name, &zone) != ERR_OK)
		return NULL;
	vec_push(&scheduler->zones, (struct scheduler_zone){heap_copy(name), zone});
	return zone;
}

void scheduler_zones_free(struct scheduler *scheduler)
{
	for (size_t i = 0; i < scheduler->zones.count; i++) {
		heap_free((void *)(uintptr_t)scheduler->zones.items[i].name.data);
		zone_free(&scheduler->zones.items[i].zone);
	}
	vec_done(&scheduler->zones);
}

enum err scheduler_plan_read(struct scheduler *scheduler,
			     const struct scheduler_get_schedule_out *shown,
			     struct scheduler_plan *out_plan, bool *out_is_zone)
{
	struct scheduler_plan plan = {.start_ms = INT64_MIN, .end_ms = INT64_MAX};

	*out_is_zone = false;
	if (schedule_parse(shown->schedule_expression, SCHEDULE_SCHEDULER, &plan.expression) !=
	    ERR_OK)
		return ERR_INVALID;
	plan.zone = scheduler_zone_find(scheduler, shown->schedule_expression_timezone);
	if (!plan.zone) {
		*out_is_zone = true;
		return ERR_INVALID;
	}
	/* The dates do not count for schedules that occur once. */
	if (shown->has_start_date && plan.expression.kind != SCHEDULE_AT)
		plan.start_ms = shown->start_date;
	if (shown->has_end_date && plan.expression.kind != SCHEDULE_AT)
		plan.end_ms = shown->end_date;
	if (shown->flexible_time_window)
		plan.window_ms = shown->flexible_time_window->maximum_window_in_minutes * 60000;
	*out_plan = plan;
	return ERR_OK;
}

/* From 0 to below window_ms. */
static int64_t window_place(const struct scheduler_schedule *schedule, int64_t window_ms)
{
	struct buf seed = {0};
	uint8_t digest[32];

	bytes_append_str(&seed, schedule->account);
	bytes_append_str(&seed, schedule->region);
	bytes_append_str(&seed, schedule->group);
	bytes_append_str(&seed, schedule->name);
	bytes_append_u64(&seed, (uint64_t)schedule->next_ms);
	sha256(buf_str(&seed), digest);
	buf_done(&seed);
	return (int64_t)(get_u64(digest) % (uint64_t)window_ms);
}

void scheduler_plan_next(const struct scheduler_plan *plan, struct scheduler_schedule *draft,
			 int64_t after_ms)
{
	int64_t next_ms;

	draft->next_ms = draft->fire_ms = 0;
	if (!draft->is_enabled)
		return;
	if (plan->start_ms != INT64_MIN && after_ms < plan->start_ms - 1)
		after_ms = plan->start_ms - 1;
	if (!schedule_next(&plan->expression, plan->zone, draft->anchor_ms, after_ms, &next_ms) ||
	    next_ms > plan->end_ms)
		return;
	draft->next_ms = draft->fire_ms = next_ms;
	if (plan->window_ms > 0)
		draft->fire_ms += window_place(draft, plan->window_ms);
}

struct due_time scheduler_due_of(const struct scheduler_schedule *schedule)
{
	if (schedule && schedule->next_ms > 0)
		return (struct due_time){.wall_ms = schedule->fire_ms};
	/* Its delivery has a day at most; usually the schedule goes when that ends. */
	if (schedule && schedule->ended_ms > 0)
		return (struct due_time){.wall_ms = schedule->ended_ms + LIMIT_SCHEDULER_ENDED_MS};
	return DUE_NEVER;
}
