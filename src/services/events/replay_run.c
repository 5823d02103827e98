/* SPDX-License-Identifier: MIT */
/*
 * replay_run: a runner is a state machine: browse a page (the engine answers by a task), open what
 * is sealed under a KMS key, put the events (all at once; the last one that is stored goes on),
 * save the place. Events that could not be stored are put again, without the others of their page.
 * The record is read again at each of these times, so a cancellation ends it there.
 */
#include <string.h>

#include "base/vec.h"
#include "core/message.h"
#include "format/json.h"
#include "format/json_text.h"
#include "services/events/archive.h"
#include "services/events/archive_message.h"
#include "services/events/encrypt.h"
#include "services/events/put.h"
#include "services/events/replay.h"
#include "services/events/state.h"

enum { PAGE = 100 };

struct event_slot {
	struct events_replay_runner *runner;
	struct str envelope; /* from take: sealed; plain later */
	bool is_stored;
	struct events_event event;
	struct events_put put;
};

struct events_replay_runner {
	struct core *core;
	struct core_task task;		 /* the next step */
	struct arena names_arena, arena; /* of the names; of a page */
	struct events_item names;
	struct events_replay_record record; /* as it was at the page's beginning; page's arena */
	struct queue_command browse;
	struct queue_delivery deliveries[PAGE];
	struct event_slot *slots;
	struct events_keys keys;
	size_t slot_count, outstanding;
	bool has_failed; /* an event of the page was not stored */
	int64_t last_ms; /* of the page's last event */
	bool is_last;	 /* page */
};

static void forget(struct events_replay_runner *runner)
{
	struct events *events = events_of(runner->core);

	for (size_t i = 0; i < events->replays.count; i++)
		if (events->replays.items[i] == runner)
			events->replays.items[i] = events->replays.items[--events->replays.count];
	arena_done(&runner->names_arena);
	arena_done(&runner->arena);
	heap_free(runner);
}

static void end(struct events_replay_runner *runner, struct str state, struct str reason)
{
	struct events_replay_record *record = &runner->record;

	record->state = state;
	record->reason = reason;
	record->ended_ms = clock_now_ms();
	if (events_replay_write(runner->core, record) != ERR_OK)
		log_event(LOG_ERROR, "the end of a replay could not be stored",
			  log_str("replay", record->name));
	forget(runner);
}

/* ---- events ---- */

static struct str text_of(struct arena *arena, struct str envelope, struct str name)
{
	struct str value = json_text_member(envelope, name);

	return str_starts(value, STR("\"")) ? json_text_decode(arena, value) : (struct str){0};
}

/*
 * The event of an envelope, whose nesting may be one level deeper than json_parse accepts; false:
 * it is none.
 */
static bool parse_event(struct arena *arena, struct str envelope, struct events_event *event)
{
	yyjson_val *resources = NULL, *resource;
	struct str list = json_text_member(envelope, STR("resources"));
	size_t i, most;

	if (list.data && json_parse(arena, list, &resources) != ERR_OK)
		return false;
	struct str *texts = arena_array(arena, struct str, yyjson_arr_size(resources));
	yyjson_arr_foreach(resources, i, most, resource)
		texts[i] = json_text(resource);
	*event = (struct events_event){
		.id = text_of(arena, envelope, STR("id")),
		.source = text_of(arena, envelope, STR("source")),
		.detail_type = text_of(arena, envelope, STR("detail-type")),
		.account = text_of(arena, envelope, STR("account")),
		.region = text_of(arena, envelope, STR("region")),
		.resources = texts,
		.resource_count = yyjson_arr_size(resources),
		.detail = json_text_member(envelope, STR("detail")),
	};
	return clock_parse_iso(text_of(arena, envelope, STR("time")), &event->time_ms) &&
	       event->detail.data;
}

/* Adds the event of a delivery to the page, if its time is one of the replay's. */
static enum err take(struct events_replay_runner *runner, const struct queue_delivery *delivery)
{
	struct core *core = runner->core;
	struct queue_message message;
	struct buf bytes = {0};

	enum err err = queue_read_message(engine_of(core, delivery->handle.queue),
					  delivery->location, &bytes, &message);
	if (err) {
		buf_done(&bytes);
		return err;
	}
	int64_t sent_ms = message.sent_ms;
	struct str payload = arena_copy(&runner->arena, message.payload);
	buf_done(&bytes);
	if (sent_ms < runner->record.start_ms)
		return ERR_OK;
	if (sent_ms >= runner->record.end_ms) {
		runner->is_last = true;
		return ERR_OK;
	}
	struct event_slot *slot = &runner->slots[runner->slot_count];
	if (!envelope_is_one(payload) && events_archive_message(core, payload, &payload) != ERR_OK)
		return ERR_DAMAGED;
	slot->envelope = payload;
	slot->runner = runner;
	runner->slot_count++;
	runner->last_ms = sent_ms;
	return ERR_OK;
}

/* All envelopes are plain. */
static enum err parse_page(struct events_replay_runner *runner)
{
	for (size_t i = 0; i < runner->slot_count; i++) {
		struct event_slot *slot = &runner->slots[i];

		if (!parse_event(&runner->arena, slot->envelope, &slot->event))
			return ERR_DAMAGED;
		slot->event.replay_name = runner->record.name;
	}
	return ERR_OK;
}

/* ---- steps ---- */

static void begin_page(struct core *core, struct core_task *task);
static void put_again(struct core *core, struct core_task *task);

static void go_on(struct events_replay_runner *runner,
		  void (*run)(struct core *core, struct core_task *task), int64_t after_ms)
{
	runner->task.run = run;
	if (after_ms > 0)
		core_post_control_at(runner->core, &runner->task, clock_base_ms() + after_ms);
	else
		core_post_control(runner->core, &runner->task);
}

static void next_page(struct events_replay_runner *runner, int64_t after_ms)
{
	go_on(runner, begin_page, after_ms);
}

/* All events of the page are stored, or those that are not are put again. */
static void end_page(struct events_replay_runner *runner)
{
	struct events_replay_record *record = &runner->record;

	if (runner->has_failed) {
		go_on(runner, put_again, LIMIT_REPLAY_RETRY_MS);
		return;
	}
	if (runner->slot_count > 0)
		record->last_replayed_ms = runner->last_ms;
	record->last_seq = (int64_t)runner->browse.browse.last_seq;
	if (runner->is_last || !runner->browse.browse.has_more) {
		end(runner, STR("COMPLETED"), STR(""));
		return;
	}
	/* A cancellation that came meanwhile stays. */
	const struct events_item *item =
		events_items_find(events_of(runner->core)->items, EVENTS_REPLAY, record->account,
				  record->region, record->name);
	struct events_replay_record now = {0};
	if (item && events_replay_decode(&runner->arena, item, &now) == ERR_OK)
		record->state = now.state;
	events_item_release(item);
	record->reason = (struct str){0};
	if (events_replay_write(runner->core, record) != ERR_OK)
		log_event(LOG_WARN, "the progress of a replay could not be stored",
			  log_str("replay", record->name));
	next_page(runner, 0);
}

static void stored(void *context, bool is_stored)
{
	struct event_slot *slot = context;
	struct events_replay_runner *runner = slot->runner;

	slot->is_stored = is_stored;
	runner->has_failed |= !is_stored;
	if (--runner->outstanding == 0)
		end_page(runner);
}

static void put_page(struct events_replay_runner *runner)
{
	struct events_replay_record *record = &runner->record;
	size_t count = runner->slot_count;

	runner->has_failed = false;
	runner->outstanding = 1; /* ours: `stored` may run at once */
	for (size_t i = 0; i < count; i++) {
		struct event_slot *slot = &runner->slots[i];

		if (slot->is_stored)
			continue;
		runner->outstanding++;
		slot->put = (struct events_put){
			.account = record->account,
			.region = record->region,
			.bus = record->bus,
			.event = &slot->event,
			.now_ms = clock_now_ms(),
			.rule_arns = record->filter_arns_count > 0 ? record->filter_arns : NULL,
			.rule_count = record->filter_arns_count,
		};
		events_put_event(runner->core, NULL, &slot->put, stored, slot);
	}
	if (--runner->outstanding == 0)
		end_page(runner);
}

/* False: the replay has ended or was deleted, and so has the runner. */
static bool is_going_on(struct events_replay_runner *runner, struct events_replay_record *record)
{
	const struct events_item *item =
		events_items_find(events_of(runner->core)->items, EVENTS_REPLAY,
				  runner->names.account, runner->names.region, runner->names.name);
	enum err err = item ? events_replay_decode(&runner->arena, item, record) : ERR_NOTFOUND;

	events_item_release(item);
	if (err || !events_replay_is_active(record)) {
		forget(runner);
		return false;
	}
	if (str_equal(record->state, STR("CANCELLING"))) {
		end(runner, STR("CANCELLED"), STR(""));
		return false;
	}
	return true;
}

static void put_again(struct core *core, struct core_task *task)
{
	struct events_replay_runner *runner = container_of(task, struct events_replay_runner, task);
	struct events_replay_record record;

	(void)core;
	if (is_going_on(runner, &record))
		put_page(runner);
}

static void end_damaged(struct events_replay_runner *runner)
{
	end(runner, STR("FAILED"), STR("The archive has an event that cannot be read."));
}

/* ---- sealed events ---- */

/* The reason shows until the next page is stored. */
static void wait_for_key(struct events_replay_runner *runner, struct str reason)
{
	struct events_replay_record record;

	if (!is_going_on(runner, &record))
		return;
	record.state = STR("RUNNING");
	record.reason = reason;
	if (events_replay_write(runner->core, &record) != ERR_OK)
		log_event(LOG_WARN, "the state of a replay could not be stored",
			  log_str("replay", record.name));
	next_page(runner, LIMIT_REPLAY_RETRY_MS);
}

static void on_opened(void *context, bool is_done)
{
	struct events_replay_runner *runner = context;
	const struct events_keys *keys = &runner->keys;

	if (!is_done)
		next_page(runner, LIMIT_REPLAY_RETRY_MS);
	else if (keys->problem == KMS_PROBLEM_DAMAGED)
		end_damaged(runner);
	else if (keys->problem)
		wait_for_key(runner, keys->text);
	else if (parse_page(runner) != ERR_OK)
		end_damaged(runner);
	else
		put_page(runner);
}

/* False: no event of the page is sealed under a KMS key. */
static bool open_page(struct events_replay_runner *runner)
{
	struct events_replay_record *record = &runner->record;
	struct str **sealed = arena_array(&runner->arena, struct str *, runner->slot_count);
	size_t count = 0;

	for (size_t i = 0; i < runner->slot_count; i++)
		if (envelope_is_one(runner->slots[i].envelope))
			sealed[count++] = &runner->slots[i].envelope;
	if (count == 0)
		return false;
	runner->keys = (struct events_keys){
		.account = record->account,
		.region = record->region,
		.bus_arn = record->bus_arn,
		.arena = &runner->arena,
		.purpose = &events_key_of_bus,
		.sealed = sealed,
		.sealed_count = count,
		.done = on_opened,
		.context = runner,
	};
	events_keys_use(runner->core, NULL, &runner->keys);
	return true;
}

/* The engine has answered. */
static void take_page(struct core *core, struct core_task *task)
{
	struct events_replay_runner *runner = container_of(task, struct events_replay_runner, task);
	struct queue_command *command = &runner->browse;
	enum err err = ERR_OK;

	(void)core;
	if (command->result == QUEUE_NOT_FOUND) {
		end(runner, STR("FAILED"), STR("The archive was deleted."));
		return;
	}
	if (command->result != QUEUE_OK) { /* the engine stops, or failed */
		next_page(runner, LIMIT_REPLAY_RETRY_MS);
		return;
	}
	runner->slot_count = 0;
	runner->is_last = false;
	runner->slots = arena_array(&runner->arena, struct event_slot, PAGE);
	for (size_t i = 0; i < command->browse.count; i++) {
		if (!err && !runner->is_last)
			err = take(runner, &runner->deliveries[i]);
		queue_delivery_done(engine_of(runner->core, command->queue),
				    &runner->deliveries[i]);
	}
	if (err) {
		end_damaged(runner);
		return;
	}
	if (open_page(runner))
		return;
	if (parse_page(runner) != ERR_OK)
		end_damaged(runner);
	else
		put_page(runner);
}

static void on_browsed(struct queue_command *command)
{
	struct events_replay_runner *runner = command->context;

	runner->task.run = take_page;
	core_post_control(runner->core, &runner->task);
}

static void browse(struct events_replay_runner *runner, uint64_t queue)
{
	bool is_first = runner->record.last_seq == 0;

	runner->browse = (struct queue_command){
		.type = QUEUE_BROWSE,
		.queue = queue,
		.now_ms = clock_now_ms(),
		.done = on_browsed,
		.context = runner,
		.browse = {.from_seq = (uint64_t)runner->record.last_seq,
			   .from_ms = is_first ? runner->record.start_ms : 0,
			   .max = PAGE,
			   .deliveries = runner->deliveries},
	};
	queue_submit(engine_of(runner->core, queue), &runner->browse);
}

static void begin_page(struct core *core, struct core_task *task)
{
	struct events_replay_runner *runner = container_of(task, struct events_replay_runner, task);
	struct events_archive_record archive;

	arena_reset(&runner->arena);
	if (!is_going_on(runner, &runner->record))
		return;
	runner->record.state = STR("RUNNING");
	enum err err = events_archive_find(core, &runner->arena, runner->record.account,
					   runner->record.region, runner->record.archive, &archive);
	if (err) {
		end(runner, STR("FAILED"), STR("The archive was deleted."));
		return;
	}
	browse(runner, (uint64_t)archive.queue);
}

void events_replay_go_on(struct core *core, const struct events_item *item)
{
	struct events *events = events_of(core);

	for (size_t i = 0; i < events->replays.count; i++) {
		const struct events_item *names = &events->replays.items[i]->names;

		if (str_equal(names->account, item->account) &&
		    str_equal(names->region, item->region) && str_equal(names->name, item->name))
			return;
	}
	struct events_replay_runner *runner = heap_alloc(sizeof(*runner));
	arena_init(&runner->names_arena);
	arena_init(&runner->arena);
	runner->core = core;
	runner->names.account = arena_copy(&runner->names_arena, item->account);
	runner->names.region = arena_copy(&runner->names_arena, item->region);
	runner->names.name = arena_copy(&runner->names_arena, item->name);
	vec_push(&events->replays, runner);
	next_page(runner, 0);
}

static bool open_one(void *context, const struct events_item *item)
{
	struct core *core = context;
	struct events_replay_record record;
	struct arena arena;

	arena_init(&arena);
	if (events_replay_decode(&arena, item, &record) == ERR_OK &&
	    events_replay_is_active(&record))
		events_replay_go_on(core, item);
	arena_done(&arena);
	return true;
}

void events_replays_open(struct core *core)
{
	struct str all = {0};

	events_items_each(events_of(core)->items, EVENTS_REPLAY, all, all, all, open_one, core);
}

void events_replays_close(struct core *core)
{
	struct events *events = events_of(core);

	while (events->replays.count > 0)
		forget(events->replays.items[0]);
	vec_done(&events->replays);
}
