/* SPDX-License-Identifier: MIT */
/*
 * execution: the events of a batch go through the enrichment, if there is one, and then to the
 * target. Of a standard source all are on their way at once; of a FIFO source one after the other.
 */
#include "services/pipes/execution.h"

#include <string.h>

static void begin_items(struct execution *execution);

static struct str group_of(const struct consumer_message *message)
{
	for (size_t i = 0; i < message->source.system_count; i++)
		if (str_equal(message->source.system[i].key, STR("MessageGroupId")))
			return message->source.system[i].value;
	return (struct str){0};
}

/* An earlier message of the same FIFO group has failed: this one must wait for it. */
static bool is_behind_failed(const struct execution *execution, size_t message)
{
	const struct consumer_message *messages = execution->batch->messages;

	if (!execution->run->is_fifo)
		return false;
	for (size_t i = 0; i < message; i++)
		if (execution->has_failed[i] &&
		    str_equal(group_of(&messages[i]), group_of(&messages[message])))
			return true;
	return false;
}

/* ---- the end ---- */

static void decide(struct execution *execution, size_t message)
{
	struct consumer_message *mine = &execution->batch->messages[message];
	bool is_deleted = false;

	mine->outcome = execution->has_failed[message] ? CONSUMER_KEEP : CONSUMER_DELETE;
	for (size_t i = 0; i < execution->count; i++)
		if (execution->items[i].message == message)
			is_deleted = is_deleted || execution->items[i].is_deleted;
	if (is_deleted)
		mine->outcome = CONSUMER_ENDED;
}

static void log_failure(const struct execution *execution, size_t failed)
{
	const struct pipe_run *run = execution->run;

	log_event(LOG_WARN, "a pipe could not deliver messages", log_str("pipe", run->shown.arn),
		  log_i64("messages", (int64_t)failed), log_str("target", run->shown.target),
		  log_str("code", execution->failure.code),
		  log_str("error", execution->failure.text));
}

static void finish(struct execution *execution)
{
	struct pipes *pipes = pipes_of(execution->run->core);
	size_t failed = 0;

	for (size_t i = 0; i < execution->batch->count; i++) {
		decide(execution, i);
		failed += execution->has_failed[i];
	}
	execution->run->running--;
	atomic_fetch_add_explicit(&pipes->executions, 1, memory_order_relaxed);
	if (failed > 0) {
		log_failure(execution, failed);
		atomic_fetch_add_explicit(&pipes->failures, 1, memory_order_relaxed);
	}
	consumer_batch_done(execution->batch);
}

/* ---- items ---- */

void pipe_item_fail(struct pipe_item *item, struct str code, struct str text)
{
	item->result = (struct target_result){.outcome = TARGET_FAILED, .code = code, .text = text};
	pipe_item_done(item);
}

void pipe_item_done(struct pipe_item *item)
{
	struct execution *execution = item->execution;

	check(!item->is_done);
	if (item->result.outcome == TARGET_DELIVERED && item->more_count > 0) {
		item->event = *item->more++;
		item->more_count--;
		pipe_item_send(item);
		return;
	}
	item->is_done = true;
	item->has_failed = item->result.outcome != TARGET_DELIVERED && !item->is_deleted;
	if (item->has_failed) {
		execution->has_failed[item->message] = true;
		execution->failure = item->result;
	}
	check(execution->unfinished > 0);
	if (--execution->unfinished == 0)
		begin_items(execution);
}

/* The next items: all, or of a FIFO source one. */
static void begin_items(struct execution *execution)
{
	execution->unfinished++; /* items may be done at once */
	while (execution->next < execution->count &&
	       (!execution->run->is_fifo || execution->unfinished == 1)) {
		struct pipe_item *item = &execution->items[execution->next++];
		if (is_behind_failed(execution, item->message)) {
			execution->has_failed[item->message] = true;
			continue;
		}
		execution->unfinished++;
		if (execution->run->shown.enrichment.size > 0)
			pipe_item_enrich(item);
		else
			pipe_item_send(item);
	}
	if (--execution->unfinished == 0)
		finish(execution);
}

/* ---- beginning ---- */

static struct pipe_names names_of(const struct pipe_run *run)
{
	return (struct pipe_names){
		.pipe_arn = run->shown.arn,
		.pipe_name = run->shown.name,
		.source_arn = run->shown.source,
		.enrichment_arn = run->shown.enrichment,
		.target_arn = run->shown.target,
		.now_ms = clock_now_ms(),
	};
}

void execution_begin(struct pipe_run *run, struct consumer_batch *batch)
{
	struct execution *execution = arena_new(batch->arena, struct execution);
	size_t count = batch->count;

	*execution = (struct execution){
		.run = run,
		.batch = batch,
		.items = arena_array(batch->arena, struct pipe_item, count),
		.count = count,
		.has_failed = arena_array(batch->arena, bool, count),
		.begin_ms = clock_base_ms(),
	};
	uuid_new(execution->id);
	run->running++;
	for (size_t i = 0; i < count; i++)
		execution->items[i] = (struct pipe_item){
			.execution = execution,
			.message = i,
			.event = *(const struct pipe_event *)batch->messages[i].user,
			.event_count = 1,
			.names = names_of(run),
		};
	begin_items(execution);
}
