/* SPDX-License-Identifier: MIT */
/*
 * engine: runs turns.
 *
 * A turn handles due timers, executes new commands, serves waiting receives, and answers commands
 * that have become durable. No work happens between turns, so a turn has one time.
 */

#include "queue/answer.h"
#include "queue/apply.h"
#include "queue/backlog.h"
#include "queue/browse.h"
#include "queue/checkpoint.h"
#include "queue/command.h"
#include "queue/compact.h"
#include "queue/copies.h"
#include "queue/due.h"
#include "queue/extent_index.h"
#include "queue/fanout.h"
#include "queue/log.h"
#include "queue/purge.h"
#include "queue/read.h"
#include "queue/receive.h"
#include "queue/state.h"
#include "queue/turn.h"
#include "queue/wait.h"

enum { TURN_ITEMS = 4096, TURN_BYTES = 4 << 20, SPACE_RETRY_MS = 1000 };

static bool is_idle_of_commands(const struct engine *engine)
{
	return list_is_empty(&engine->pending) && list_is_empty(&engine->checkpoint_asked) &&
	       list_is_empty(&engine->checkpoint_taken) && list_is_empty(&engine->browses);
}

static enum err replay(void *context, const struct journal_record *record)
{
	return apply_record(context, record);
}

/* Replay loads only messages that records name from extents. */
static void refill_all(struct engine *engine)
{
	struct engine_queue *queue;
	size_t cursor = 0;

	while ((queue = map_next(&engine->queues, &cursor))) {
		struct list *link = queue->deep_groups.next;
		while (link != &queue->deep_groups) {
			struct group *group = container_of(link, struct group, deep_link);
			link = link->next;
			backlog_refill(engine, group);
		}
	}
}

enum err engine_open(struct disk *disk, const struct engine_options *options,
		     struct engine **out_engine, struct journal_report *out_report)
{
	struct engine *engine = heap_alloc(sizeof(*engine));

	check(options->window > 0); /* backlog_refill would never end */
	engine->options = *options;
	if (!options->turn_items)
		engine->options.turn_items = TURN_ITEMS;
	if (!options->turn_bytes)
		engine->options.turn_bytes = TURN_BYTES;
	mailbox_init(&engine->mailbox, options->wake, options->wake_context);
	list_init(&engine->all_queues);
	list_init(&engine->retired);
	list_init(&engine->pending);
	list_init(&engine->dirty);
	list_init(&engine->unindexed);
	list_init(&engine->checkpoint_asked);
	list_init(&engine->checkpoint_taken);
	list_init(&engine->browses);
	enum err err = journal_open(disk, &options->journal, checkpoint_decode, replay, engine,
				    &engine->journal, out_report);
	if (err) {
		engine_free(&engine);
		return err;
	}
	refill_all(engine);
	*out_engine = engine;
	return ERR_OK;
}

void engine_free(struct engine **engine_place)
{
	struct engine *engine = *engine_place;
	struct engine_queue *queue;

	*engine_place = NULL;
	if (!engine)
		return;
	while (!list_is_empty(&engine->all_queues)) {
		queue = container_of(engine->all_queues.next, struct engine_queue, link);
		list_init(&queue->waiting);
		purge_dropped(engine, queue);
	}
	while (!list_is_empty(&engine->retired)) {
		queue = container_of(engine->retired.next, struct engine_queue, link);
		purge_at_once(engine, queue);
		list_remove(&queue->link);
		queue_free(queue);
	}
	for (size_t i = 0; i < engine->slab_count; i++)
		heap_free(engine->slabs[i]);
	heap_free(engine->slabs);
	map_done(&engine->queues);
	map_done(&engine->messages);
	map_done(&engine->segments);
	timer_heap_done(&engine->timers);
	buf_done(&engine->scratch);
	copies_free(engine);
	buf_done(&engine->checkpoint.state);
	journal_free(&engine->journal);
	heap_free(engine);
}

void queue_submit(struct engine *engine, struct queue_command *command)
{
	mailbox_push(&engine->mailbox, &command->mail);
}

static void take_mail(struct engine *engine)
{
	turn_begin(engine);
	while (!turn_is_over(engine) && !journal_is_ahead(engine->journal)) {
		struct mailbox_message *mail = engine->mail;
		if (!mail)
			mail = mailbox_take(&engine->mailbox);
		if (!mail)
			return;
		engine->mail = mail;
		struct queue_command *command = container_of(mail, struct queue_command, mail);
		size_t cost = fanout_cost(command);
		/* A command larger than the rest of a turn gets its own turn. */
		if (engine->turn_items > 0 &&
		    engine->turn_items + cost > engine->options.turn_items)
			return;
		engine->mail = mail->next;
		turn_spend(engine, 1, 0);
		command_execute(engine, command);
	}
}

static void serve_dirty(struct engine *engine)
{
	turn_begin(engine);
	while (!list_is_empty(&engine->dirty) && !turn_is_over(engine)) {
		struct engine_queue *queue =
			container_of(engine->dirty.next, struct engine_queue, dirty_link);
		list_remove(&queue->dirty_link);
		turn_spend(engine, 1, 0);
		(void)receive_serve_waiting(engine, queue); /* marks it again for the rest */
	}
}

static void answer_durable(struct engine *engine)
{
	bool has_failed = journal_has_failed(engine->journal);
	uint64_t durable = journal_durable_lsn(engine->journal);

	while (!list_is_empty(&engine->pending)) {
		struct queue_command *command =
			container_of(engine->pending.next, struct queue_command, link);
		if (command->after_lsn > durable && !has_failed)
			return;
		list_remove(&command->link);
		answer_now(command, command->after_lsn > durable ? QUEUE_FAILED : command->result);
	}
}

static void answer_all(struct list *commands, enum queue_result result)
{
	while (!list_is_empty(commands)) {
		struct queue_command *command =
			container_of(commands->next, struct queue_command, link);
		list_remove(&command->link);
		answer_now(command, result);
	}
}

static void move_all(struct list *from, struct list *to)
{
	while (!list_is_empty(from)) {
		struct list *link = from->next;
		list_remove(link);
		list_push_back(to, link);
	}
}

static void care_for_checkpoints(struct engine *engine)
{
	if (journal_has_failed(engine->journal)) {
		answer_all(&engine->checkpoint_asked, QUEUE_FAILED);
		answer_all(&engine->checkpoint_taken, QUEUE_FAILED);
		return;
	}
	if (engine->checkpoint.is_under_way && checkpoint_step(engine))
		journal_checkpoint_end(engine->journal, &engine->checkpoint.state);
	if (journal_checkpoint_is_under_way(engine->journal) || engine->leaving)
		return;
	answer_all(&engine->checkpoint_taken, QUEUE_OK);
	bool is_last = engine->is_stopping && !engine->has_final_checkpoint &&
		       list_is_empty(&engine->pending);
	if (!is_last && list_is_empty(&engine->checkpoint_asked) &&
	    !journal_wants_checkpoint(engine->journal))
		return;
	move_all(&engine->checkpoint_asked, &engine->checkpoint_taken);
	if (journal_checkpoint_begin(engine->journal) == ERR_OK)
		checkpoint_begin(engine);
	engine->has_final_checkpoint |= is_last;
}

static void set_time(struct engine *engine, int64_t now_ms, int64_t wall_ms)
{
	if (now_ms > engine->now_ms)
		engine->now_ms = now_ms;
	engine->wall_ms = wall_ms;
}

/* Records a change of the machine's clock: at the next start only wall time shows how long the
 * server was down. */
static void record_clock(struct engine *engine)
{
	int64_t offset_ms = engine->wall_ms - engine->now_ms;
	int64_t moved_ms = offset_ms - engine->wall_offset_ms;
	uint8_t bytes[16];
	struct str part = str_of(bytes, sizeof(bytes));

	if ((moved_ms <= CLOCK_SLACK_MS && moved_ms >= -CLOCK_SLACK_MS) ||
	    !journal_has_room(engine->journal, JOURNAL_ROOM_CHANGE, sizeof(bytes)))
		return;
	engine->wall_offset_ms = offset_ms;
	put_u64(bytes, (uint64_t)engine->now_ms);
	put_u64(bytes + 8, (uint64_t)offset_ms);
	log_append(engine, RECORD_CLOCK, 0, &part, 1, NULL);
}

struct clock_mark engine_clock(const struct engine *engine)
{
	return (struct clock_mark){engine->now_ms, engine->now_ms + engine->wall_offset_ms};
}

static void look_for_space(struct engine *engine)
{
	if (!journal_is_full(engine->journal) || engine->now_ms < engine->space_ms)
		return;
	journal_retry_space(engine->journal);
	engine->space_ms = engine->now_ms + SPACE_RETRY_MS;
}

/* No record can become durable after a failure, so the engine changes nothing. */
static void step_failed(struct engine *engine)
{
	wait_end_all(engine, QUEUE_FAILED);
	browse_end_all(engine, QUEUE_FAILED);
	take_mail(engine);
	answer_durable(engine);
	care_for_checkpoints(engine);
}

void engine_step(struct engine *engine, int64_t now_ms, int64_t wall_ms)
{
	set_time(engine, now_ms, wall_ms);
	if (journal_has_failed(engine->journal)) {
		step_failed(engine);
		return;
	}
	record_clock(engine);
	due_run(engine);
	take_mail(engine);
	serve_dirty(engine);
	purge_step(engine);
	browse_step(engine);
	if (!engine->is_stopping)
		compact_step(engine);
	extent_index_step(engine);
	answer_durable(engine);
	care_for_checkpoints(engine);
	look_for_space(engine);
	/* Stopping does not wait for records that a full disk refuses. */
	if (!engine->is_stopping || !journal_is_full(engine->journal))
		return;
	answer_all(&engine->checkpoint_asked, QUEUE_DISK_FULL);
	answer_all(&engine->checkpoint_taken, QUEUE_DISK_FULL);
	if (journal_is_stalled(engine->journal))
		answer_all(&engine->pending, QUEUE_STOPPING);
}

int64_t engine_due_ms(const struct engine *engine)
{
	const struct timer *timer = timer_first(&engine->timers);
	int64_t due_ms = timer ? timer->at_ms : INT64_MAX;

	/* The end of the commit is a reason for a turn, too. */
	if (engine->mail && !journal_is_ahead(engine->journal))
		return engine->now_ms;
	if (journal_has_failed(engine->journal))
		return INT64_MAX;
	if (!list_is_empty(&engine->dirty) || !list_is_empty(&engine->retired) ||
	    !list_is_empty(&engine->browses) || engine->has_indexes_left ||
	    engine->checkpoint.is_under_way)
		return engine->now_ms;
	if (journal_is_full(engine->journal) && engine->space_ms < due_ms)
		return engine->space_ms;
	return due_ms;
}

struct journal_work *engine_work_begin(struct engine *engine, enum journal_lane lane)
{
	return journal_work_begin(engine->journal, lane);
}

int engine_commit_descriptor(const struct engine *engine)
{
	return journal_commit_descriptor(engine->journal);
}

void engine_work_end(struct engine *engine, struct journal_work *work)
{
	journal_work_end(engine->journal, work);
}

void engine_stop(struct engine *engine)
{
	engine->is_stopping = true;
	wait_end_all(engine, QUEUE_OK);
}

bool engine_is_idle(const struct engine *engine)
{
	if (!is_idle_of_commands(engine) || engine->mailbox.top || engine->mail ||
	    journal_has_work_out(engine->journal))
		return false;
	if (journal_has_failed(engine->journal))
		return true;
	/* A full disk may have no room for the last checkpoint or the last batch: neither was
	 * acknowledged. */
	if (engine->is_stopping && journal_is_full(engine->journal))
		return journal_is_stalled(engine->journal) ||
		       journal_durable_lsn(engine->journal) == journal_tail_lsn(engine->journal);
	return journal_durable_lsn(engine->journal) == journal_tail_lsn(engine->journal) &&
	       !journal_checkpoint_is_under_way(engine->journal) &&
	       (!engine->is_stopping || engine->has_final_checkpoint);
}

static enum err read_any(struct engine *engine, struct journal_location location, bool is_cached,
			 struct buf *buffer, struct queue_message *out_message)
{
	struct record_head head;
	struct str payload;

	enum err err = read_message(engine->journal, location, is_cached, buffer, &head, &payload);
	if (err)
		return err;
	*out_message = (struct queue_message){
		.sent_ms = head.sent_ms,
		.seq = head.seq,
		.group = head.group,
		.origin = head.origin,
		.payload = payload,
	};
	for (size_t i = 0; i < sizeof(head.id); i++)
		out_message->id[i] = head.id[i];
	return ERR_OK;
}

enum err queue_read_message(struct engine *engine, struct journal_location location,
			    struct buf *buffer, struct queue_message *out_message)
{
	return read_any(engine, location, false, buffer, out_message);
}

enum err queue_read_cached_message(struct engine *engine, struct journal_location location,
				   struct buf *buffer, struct queue_message *out_message)
{
	return read_any(engine, location, true, buffer, out_message);
}

void queue_delivery_done(struct engine *engine, const struct queue_delivery *delivery)
{
	journal_unpin(engine->journal, delivery->location.segment);
}

uint32_t engine_epoch(const struct engine *engine)
{
	return journal_epoch(engine->journal);
}

void engine_each_queue(const struct engine *engine, engine_visit_fn visit, void *context)
{
	const struct engine_queue *queue;
	size_t cursor = 0;

	while ((queue = map_next(&engine->queues, &cursor))) {
		struct queue_summary summary = {
			.number = queue->number,
			.is_defined = queue->is_defined,
			.messages =
				queue->visible + queue->in_flight + queue->delayed + queue->cold,
		};
		visit(context, &summary);
	}
}

struct journal_stats engine_journal_stats(const struct engine *engine)
{
	return journal_stats_read(engine->journal);
}

struct engine_stats engine_stats_read(const struct engine *engine)
{
	return (struct engine_stats){
		.queues = atomic_load_explicit(&engine->queue_count, memory_order_relaxed),
		.messages_in_memory =
			atomic_load_explicit(&engine->message_count, memory_order_relaxed),
		.extents = atomic_load_explicit(&engine->extent_count, memory_order_relaxed),
		.waiting_receives =
			atomic_load_explicit(&engine->waiting_count, memory_order_relaxed),
	};
}
