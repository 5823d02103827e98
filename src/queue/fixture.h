/* SPDX-License-Identifier: MIT */
/*
 * fixture: an engine on the memory disk whose time the tests set.
 *
 * Each call submits one command and turns the engine until it is answered, so a test reads as a
 * client's sequence of commands. Message ids count from 1; a message's payload is its text.
 */
#ifndef TERN_QUEUE_FIXTURE_H
#define TERN_QUEUE_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "base/fixture.h"
#include "journal/disk_memory.h"
#include "queue/queue.h"

enum { WORLD_QUEUES = 8, WORLD_VISIBILITY_MS = 30000, WORLD_DAY_MS = 24 * 3600 * 1000 };

struct world {
	struct disk *disk;
	struct engine *engine;
	struct engine_options options;
	struct journal_report report;
	struct queue_settings settings[WORLD_QUEUES]; /* as last defined, by queue */
	struct queue_counters counters[WORLD_QUEUES];
	int64_t now_ms;
	int64_t wall_offset_ms; /* wall time less now_ms; now_ms is the time base */
	uint64_t next_id;
	struct queue_delivery deliveries[100];
	size_t delivery_count;
	char text[2000]; /* of the last message read */
	bool holds_work; /* turns do no work: no record becomes durable */
	bool holds_housekeeping;
};

struct world_wait { /* a command that is not answered at once */
	struct queue_command command;
	bool is_answered;
	struct queue_delivery deliveries[LIMIT_RECEIVE_MESSAGES];
};

static inline void world_answered(struct queue_command *command)
{
	*(bool *)command->context = true;
}

static inline void world_work(struct world *w, enum journal_lane lane)
{
	struct journal_work *work = engine_work_begin(w->engine, lane);

	if (!work)
		return;
	journal_work_run(work);
	engine_work_end(w->engine, work);
}

static inline void world_turn(struct world *w)
{
	engine_step(w->engine, w->now_ms, w->now_ms + w->wall_offset_ms);
	if (w->holds_work)
		return;
	world_work(w, JOURNAL_COMMIT);
	if (!w->holds_housekeeping)
		world_work(w, JOURNAL_HOUSEKEEPING);
	engine_step(w->engine, w->now_ms, w->now_ms + w->wall_offset_ms);
}

static inline void world_turns(struct world *w, int count)
{
	for (int i = 0; i < count; i++)
		world_turn(w);
}

static inline void world_submit(struct world *w, struct queue_command *command, bool *is_answered)
{
	command->now_ms = w->now_ms + w->wall_offset_ms;
	command->done = world_answered;
	command->context = is_answered;
	queue_submit(w->engine, command);
}

/* Bounded: a command that is never answered is a failed test. */
static inline enum queue_result world_run(struct world *w, struct queue_command *command)
{
	bool is_answered = false;

	world_submit(w, command, &is_answered);
	for (int i = 0; i < 2000 && !is_answered; i++)
		world_turn(w);
	assert_true(is_answered);
	return command->result;
}

static inline void world_define(struct world *w, uint64_t queue, struct queue_settings settings)
{
	struct queue_command command = {.type = QUEUE_DEFINE, .queue = queue};

	if (!settings.retention_ms)
		settings.retention_ms = 4 * (int64_t)WORLD_DAY_MS;
	if (!settings.visibility_ms)
		settings.visibility_ms = WORLD_VISIBILITY_MS;
	w->settings[queue] = settings;
	command.define.settings = settings;
	command.define.counters = &w->counters[queue];
	assert_int_equal(world_run(w, &command), QUEUE_OK);
}

/* Opens the engine as a new process does, which knows the wall time and the records. */
static inline void world_open(struct world *w)
{
	int64_t wall_ms = w->now_ms + w->wall_offset_ms;

	assert_int_equal(engine_open(w->disk, &w->options, &w->engine, &w->report), ERR_OK);
	w->now_ms = clock_resumed_ms(engine_clock(w->engine), wall_ms);
	w->wall_offset_ms = wall_ms - w->now_ms;
	memset(w->counters, 0, sizeof w->counters);
	for (uint64_t queue = 0; queue < WORLD_QUEUES; queue++)
		if (w->settings[queue].retention_ms)
			world_define(w, queue, w->settings[queue]);
}

/* Queues 1 and 2 are standard, 3 and 4 FIFO. */
static inline void world_init(struct world *w)
{
	*w = (struct world){.disk = disk_memory_new(),
			    .options = {.journal = {.segment_size = 64 << 10, .spare_segments = 3},
					.hot_messages_max = 262144,
					.window = 512},
			    .now_ms = 1000000};
	world_open(w);
	for (uint64_t queue = 1; queue <= 4; queue++)
		world_define(w, queue, (struct queue_settings){.is_fifo = queue > 2});
}

static inline void world_done(struct world *w)
{
	engine_free(&w->engine);
	w->disk->ops->free(w->disk);
}

/* As after SIGKILL: written bytes stay, and the engine is not stopped. */
static inline void world_restart(struct world *w)
{
	engine_free(&w->engine);
	world_open(w);
}

static inline void world_checkpoint(struct world *w)
{
	struct queue_command command = {.type = QUEUE_CHECKPOINT};

	assert_int_equal(world_run(w, &command), QUEUE_OK);
}

static inline struct queue_send world_send_as(struct world *w, uint64_t queue, const char *text,
					      struct queue_send send)
{
	struct queue_command command = {.type = QUEUE_SEND, .queue = queue};
	uint64_t id = ++w->next_id;

	memcpy(send.id, &id, sizeof id);
	send.payload = str_from(text);
	command.send.messages = &send;
	command.send.count = 1;
	enum queue_result result = world_run(w, &command);
	if (result)
		send.result = result;
	return send;
}

static inline struct queue_send world_send(struct world *w, uint64_t queue, const char *text)
{
	struct queue_send send = world_send_as(w, queue, text, (struct queue_send){.group = 0});

	assert_int_equal(send.result, QUEUE_OK);
	return send;
}

static inline struct queue_send world_send_group(struct world *w, uint64_t queue, uint64_t group,
						 const char *text)
{
	struct queue_send send = world_send_as(w, queue, text, (struct queue_send){.group = group});

	assert_int_equal(send.result, QUEUE_OK);
	return send;
}

static inline struct queue_send world_send_dedup(struct world *w, uint64_t queue, const char *key,
						 const char *text)
{
	struct queue_send send = {.group = 1, .has_dedup = true};

	(void)snprintf((char *)send.dedup, sizeof send.dedup, "%s", key);
	return world_send_as(w, queue, text, send);
}

static inline void world_pins_done(struct world *w)
{
	for (size_t i = 0; i < w->delivery_count; i++)
		queue_delivery_done(w->engine, &w->deliveries[i]);
}

static inline enum queue_result world_receive_as(struct world *w, uint64_t queue,
						 struct queue_command command)
{
	command.type = QUEUE_RECEIVE;
	command.queue = queue;
	command.receive.deliveries = w->deliveries;
	enum queue_result result = world_run(w, &command);
	w->delivery_count = command.receive.count;
	world_pins_done(w);
	return result;
}

static inline size_t world_receive(struct world *w, uint64_t queue, uint32_t max)
{
	struct queue_command command = {.receive = {.max = max}};

	assert_int_equal(world_receive_as(w, queue, command), QUEUE_OK);
	return w->delivery_count;
}

static inline enum queue_result world_change(struct world *w, enum queue_command_type type,
					     struct queue_handle handle, int64_t visibility_ms)
{
	struct queue_change change = {.handle = handle, .visibility_ms = visibility_ms};
	struct queue_command command = {.type = type, .queue = handle.queue};

	command.change.changes = &change;
	command.change.count = 1;
	enum queue_result result = world_run(w, &command);
	return result ? result : change.result;
}

static inline enum queue_result world_delete(struct world *w, struct queue_handle handle)
{
	return world_change(w, QUEUE_DELETE, handle, 0);
}

static inline enum queue_result world_visibility(struct world *w, struct queue_handle handle,
						 int64_t visibility_ms)
{
	return world_change(w, QUEUE_VISIBILITY, handle, visibility_ms);
}

static inline enum queue_result world_simple(struct world *w, enum queue_command_type type,
					     uint64_t queue)
{
	struct queue_command command = {.type = type, .queue = queue};

	return world_run(w, &command);
}

static inline size_t world_browse(struct world *w, uint64_t queue, uint64_t from_seq, uint32_t max)
{
	struct queue_command command = {.type = QUEUE_BROWSE, .queue = queue};

	command.browse.from_seq = from_seq;
	command.browse.max = max;
	command.browse.deliveries = w->deliveries;
	assert_int_equal(world_run(w, &command), QUEUE_OK);
	w->delivery_count = command.browse.count;
	world_pins_done(w);
	return w->delivery_count;
}

/* The message of the last receive or browse at `index`. */
static inline struct queue_message world_read(struct world *w, size_t index)
{
	struct buf buffer = {0};
	struct queue_message message;

	assert_true(index < w->delivery_count);
	assert_int_equal(
		queue_read_message(w->engine, w->deliveries[index].location, &buffer, &message),
		ERR_OK);
	assert_true(message.payload.size < sizeof w->text);
	memcpy(w->text, message.payload.data, message.payload.size);
	w->text[message.payload.size] = '\0';
	message.payload = message.origin = (struct str){0};
	buf_done(&buffer);
	return message;
}

static inline const char *world_text(struct world *w, size_t index)
{
	(void)world_read(w, index);
	return w->text;
}

/* Receives one message, which must be this one. */
static inline struct queue_handle world_expect(struct world *w, uint64_t queue, const char *text)
{
	assert_int_equal(world_receive(w, queue, 1), 1);
	assert_string_equal(world_text(w, 0), text);
	return w->deliveries[0].handle;
}

static inline void world_pass(struct world *w, int64_t ms)
{
	w->now_ms += ms;
	world_turn(w);
}

/* Sends `count` messages "<prefix>0", "<prefix>1", ... in batches of ten. */
static inline void world_send_many(struct world *w, uint64_t queue, uint64_t group,
				   const char *prefix, size_t count)
{
	char texts[LIMIT_BATCH_ENTRIES][64];
	struct queue_send sends[LIMIT_BATCH_ENTRIES];

	for (size_t at = 0; at < count; at += LIMIT_BATCH_ENTRIES) {
		size_t size = count - at < LIMIT_BATCH_ENTRIES ? count - at : LIMIT_BATCH_ENTRIES;
		struct queue_command command = {.type = QUEUE_SEND, .queue = queue};
		for (size_t i = 0; i < size; i++) {
			uint64_t id = ++w->next_id;
			(void)snprintf(texts[i], sizeof texts[i], "%s%zu", prefix, at + i);
			sends[i] =
				(struct queue_send){.group = group, .payload = str_from(texts[i])};
			memcpy(sends[i].id, &id, sizeof id);
		}
		command.send.messages = sends;
		command.send.count = size;
		assert_int_equal(world_run(w, &command), QUEUE_OK);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(sends[i].result, QUEUE_OK);
	}
}

/* Receives and deletes all messages; returns their number. */
static inline size_t world_drain(struct world *w, uint64_t queue)
{
	size_t total = 0;

	while (world_receive(w, queue, LIMIT_RECEIVE_MESSAGES) > 0) {
		struct queue_change changes[LIMIT_RECEIVE_MESSAGES] = {0};
		struct queue_command command = {.type = QUEUE_DELETE, .queue = queue};
		for (size_t i = 0; i < w->delivery_count; i++)
			changes[i].handle = w->deliveries[i].handle;
		command.change.changes = changes;
		command.change.count = w->delivery_count;
		assert_int_equal(world_run(w, &command), QUEUE_OK);
		total += w->delivery_count;
	}
	return total;
}

#endif
