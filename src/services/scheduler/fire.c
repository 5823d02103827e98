/* SPDX-License-Identifier: MIT */
/*
 * fire: the obligations of one turn of core/due.h are submitted without waiting; before the turn
 * commits, `finish` waits for all and sets the next occurrences of those that are durable.
 */
#include "services/scheduler/fire.h"

#include <string.h>

#include "base/bytes.h"
#include "base/vec.h"
#include "core/engines.h"
#include "core/message.h"
#include "core/obligation_record.h"
#include "services/scheduler/change.h"
#include "services/scheduler/plan.h"
#include "services/scheduler/store.h"

struct scheduler_firing {
	const struct scheduler_schedule *schedule;
	struct arena arena; /* of the command */
	struct queue_command command;
	struct core_wait *wait;
};

enum err scheduler_occurrence_decode(struct str bytes, struct scheduler_occurrence *out_occurrence)
{
	struct byte_reader reader = byte_reader_of(bytes);
	struct scheduler_occurrence occurrence = {0};

	occurrence.key = byte_reader_str(&reader);
	occurrence.created_ms = (int64_t)byte_reader_u64(&reader);
	occurrence.scheduled_ms = (int64_t)byte_reader_u64(&reader);
	struct str id = byte_reader_take(&reader, sizeof(occurrence.execution_id));
	if (!byte_reader_is_done(&reader) || id.size != sizeof(occurrence.execution_id))
		return ERR_DAMAGED;
	memcpy(occurrence.execution_id, id.data, id.size);
	*out_occurrence = occurrence;
	return ERR_OK;
}

static struct str encode(struct arena *arena, const struct scheduler_schedule *schedule)
{
	struct buf bytes = {0};
	uint8_t id[16];

	uuid_new(id);
	bytes_append_str(&bytes, scheduler_schedule_key(arena, schedule));
	bytes_append_u64(&bytes, (uint64_t)schedule->created_ms);
	bytes_append_u64(&bytes, (uint64_t)schedule->next_ms);
	buf_append(&bytes, str_of(id, sizeof(id)));
	struct str copy = arena_copy(arena, buf_str(&bytes));
	buf_done(&bytes);
	return copy;
}
/* ERR_DAMAGED: the settings cannot be read. */
static enum err read_shown(struct arena *arena, const struct scheduler_schedule *schedule,
			   struct scheduler_get_schedule_out *out_shown)
{
	struct str problem;

	*out_shown = (struct scheduler_get_schedule_out){0};
	return message_decode(arena, schedule->shown,
			      scheduler_service.operations[SCHEDULER_GET_SCHEDULE].out, out_shown,
			      &problem)
		       ? ERR_DAMAGED
		       : ERR_OK;
}

static enum err fire(struct core *core, const struct scheduler_schedule *schedule)
{
	struct scheduler_firing *firing = heap_alloc(sizeof(*firing));
	struct arena *arena = &firing->arena;
	struct scheduler_get_schedule_out shown;

	arena_init(arena);
	enum err err = read_shown(arena, schedule, &shown);
	if (err) {
		arena_done(arena);
		heap_free(firing);
		return err;
	}
	const struct obligation obligation = {
		.kind = OBLIGATION_SCHEDULER_TARGET,
		.account = schedule->account,
		.source = shown.arn,
		.endpoint = shown.target->arn,
		.bytes = encode(arena, schedule),
	};
	struct obligation_record record = obligation_record_of(&obligation, clock_now_ms());
	struct queue_target *target = arena_new(arena, struct queue_target);
	*target = obligation_record_target(
		core, arena, engines_place_of_account(core, schedule->account), &record, 0);
	firing->command = (struct queue_command){
		.type = QUEUE_FANOUT,
		.queue = target->queue,
		.now_ms = clock_now_ms(),
		.fanout = {.targets = target, .count = 1},
	};
	uuid_new(firing->command.fanout.id);
	scheduler_schedule_hold(schedule);
	firing->schedule = schedule;
	firing->wait = core_submit(core, &firing->command);
	vec_push(&scheduler_of(core)->firings, firing);
	return ERR_OK;
}

/* The occurrence is durable: the schedule goes on to its next one, or ends. */
static enum err advance(struct core *core, const struct scheduler_schedule *schedule)
{
	struct scheduler_schedule draft = scheduler_schedule_draft(schedule);
	struct scheduler_get_schedule_out shown;
	struct scheduler_plan plan;
	struct arena arena;
	bool is_zone;

	arena_init(&arena);
	enum err err = read_shown(&arena, schedule, &shown);
	if (!err) {
		int64_t now_ms = clock_now_ms();

		/* A zone that the machine no longer has ends the schedule. */
		draft.next_ms = draft.fire_ms = 0;
		if (scheduler_plan_read(scheduler_of(core), &shown, &plan, &is_zone) == ERR_OK)
			scheduler_plan_next(&plan, &draft,
					    schedule->next_ms > now_ms - plan.window_ms
						    ? schedule->next_ms
						    : now_ms - plan.window_ms);
		if (draft.next_ms == 0 && draft.deletes_itself)
			draft.ended_ms = now_ms;
		err = scheduler_change(core, &draft);
	}
	arena_done(&arena);
	return err;
}

/* After the functions of a turn: waits for its obligations. */
static enum err finish(struct core *core)
{
	struct scheduler *scheduler = scheduler_of(core);
	enum err result = ERR_OK;

	for (size_t i = 0; i < scheduler->firings.count; i++) {
		struct scheduler_firing *firing = scheduler->firings.items[i];
		const struct scheduler_schedule *schedule = firing->schedule;
		enum err err;

		core_wait_for(core, firing->wait);
		if (firing->command.result == QUEUE_OK &&
		    firing->command.fanout.targets[0].result == QUEUE_OK) {
			atomic_fetch_add_explicit(&scheduler->invocations, 1, memory_order_relaxed);
			err = advance(core, schedule);
		} else {
			log_event(LOG_WARN, "a schedule could not be fired; it is tried again",
				  log_str("schedule", schedule->name),
				  log_i64("result", (int64_t)firing->command.result));
			err = scheduler_delay(core, schedule, clock_now_ms() + LIMIT_DUE_RETRY_MS);
		}
		if (!result)
			result = err;
		scheduler_schedule_release(schedule);
		arena_done(&firing->arena);
		heap_free(firing);
	}
	scheduler->firings.count = 0;
	return result;
}

static enum err run_group(struct core *core, struct str key)
{
	struct scheduler_registry *registry = scheduler_of(core)->registry;

	(void)str_cut(&key, '/'); /* "g" */
	struct str account = str_cut(&key, '/'), region = str_cut(&key, '/');
	const struct scheduler_group *group =
		scheduler_registry_find_group(registry, account, region, key);
	enum err err = ERR_OK;

	if (group && group->is_deleting)
		err = scheduler_group_delete(core, group);
	scheduler_group_release(group);
	return err;
}

/* An entry may be of an earlier snapshot of the schedule. */
static enum err run(struct core *core, struct str key)
{
	struct scheduler_registry *registry = scheduler_of(core)->registry;
	struct scheduler_schedule names;
	enum err err = ERR_OK;

	if (!scheduler_key_parse(key, &names))
		return run_group(core, key);
	const struct scheduler_schedule *schedule = scheduler_registry_find(
		registry, names.account, names.region, names.group, names.name);
	if (!schedule)
		return ERR_OK;
	if (scheduler_due_of(schedule).wall_ms <= clock_now_ms()) {
		if (schedule->next_ms > 0)
			err = fire(core, schedule);
		else
			err = scheduler_delete(core, &schedule, 1);
	}
	scheduler_schedule_release(schedule);
	return err;
}

void scheduler_fire_register(struct core *core)
{
	due_register(core, DUE_SCHEDULER, run);
	due_register_finish(core, DUE_SCHEDULER, finish);
}
