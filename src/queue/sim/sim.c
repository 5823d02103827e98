/* SPDX-License-Identifier: MIT */
/*
 * sim: drives engine and journal by seed, on a disk that crashes, fails and fills up, and tells the
 * model what it asked for and what was answered.
 *
 * Every tenth seed runs twice: both runs must answer the same.
 */
#include "journal/disk_memory.h"
#include "queue/sim/canary.h"
#include "queue/sim/measure.h"
#include "queue/sim/model.h"
#include "queue/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Kinds of work that each have the measure of a turn, and what one unit may take beyond it: a
 * command of three messages, a receive of ten; loading a window for each of them. */
enum { TURN_KINDS = 4, UNIT_BYTES = 20 << 10, UNIT_ITEMS = 450, TURN_BYTES = 8 << 10 };
enum { TURN_ITEMS = 20 };
enum { HANDLES = 64, STEPS = 400, ROUNDS = 2500, ATTEMPTS = 5, BATCH = 3 };

struct totals {
	uint64_t sent, received, deleted, moved, refused, restarts, failures, failed_openings,
		compacted, extents, clock_jumps;
};

struct sim {
	struct model model;
	struct prng prng;
	size_t step;
	struct disk *disk;
	struct engine *engine;
	struct engine_options options;
	struct queue_counters counters[SLOTS];
	struct queue_handle handles[HANDLES];
	size_t handle_messages[HANDLES], handle_count;
	struct list outstanding;
	struct journal_work *work[2];
	int64_t now_ms;		/* the time base, as the engine is to have it */
	int64_t wall_offset_ms; /* wall time less that; somebody sets the clock */
	int64_t full_until_ms;
	bool has_faults;   /* an opening may fail */
	uint64_t size_max; /* of payloads */
	uint64_t answers;  /* hash of all of them, in order */
	uint64_t orders;
	struct totals *totals;
};

struct order {
	struct queue_command command;
	struct list link;
	struct sim *sim;
	size_t slot, count, key, message_count;
	size_t messages[BATCH];
	bool was_certain, is_drop;
	uint8_t attempt;
	uint64_t serial;
	int64_t now_ms, latest_ms, visible_ms;
	struct queue_send sends[BATCH];
	struct queue_change change;
	struct queue_delivery deliveries[100];
	char payloads[BATCH][PAYLOAD_MAX];
};

static void judge(struct sim *sim)
{
	unsigned long long seed = sim->model.seed;

	if (!sim->model.violation)
		return;
	printf("seed %llu step %zu message %zu: %s\nreproduce: sim --seeds %llu-%llu%s%s\n", seed,
	       sim->step, sim->model.violation_message, sim->model.violation, seed, seed,
	       canary ? " --canary " : "", canary ? canary_names[canary] : "");
	exit(1);
}

static void violate(struct sim *sim, const char *what)
{
	sim->model.violation = what;
	judge(sim);
}

static void mix(struct sim *sim, uint64_t value)
{
	sim->answers = (sim->answers ^ value) * 0x100000001b3 + 1;
}

static int64_t wall_ms(const struct sim *sim)
{
	return sim->now_ms + sim->wall_offset_ms;
}

static uint64_t below(struct sim *sim, uint64_t limit)
{
	return prng_below(&sim->prng, limit);
}

/* ---- answers ---- */

static void take_delivery(struct sim *sim, const struct order *order, size_t index,
			  size_t batch[LIMIT_RECEIVE_MESSAGES])
{
	const struct queue_delivery *delivery = &order->deliveries[index];
	struct model_delivery d = {.slot = order->slot,
				   .delivery = delivery,
				   .serial = order->serial,
				   .asked_ms = order->now_ms,
				   .now_ms = sim->now_ms,
				   .latest_ms = order->latest_ms,
				   .attempt = order->attempt,
				   .batch_before = batch,
				   .batch_before_count = index};
	struct queue_message read;
	struct buf buffer = {0};

	batch[index] = SIZE_MAX;
	if (queue_read_message(sim->engine, delivery->location, &buffer, &read)) {
		if (!disk_memory_has_crashed(sim->disk))
			violate(sim, "a delivered message cannot be read");
		/* The lease is durable, but nobody can say of which message. */
		model_receive_lost(&sim->model, order->slot);
		buf_done(&buffer);
		return;
	}
	memcpy(&d.message, read.payload.data, sizeof d.message);
	if (read.payload.size < sizeof d.message || d.message >= sim->model.message_count)
		violate(sim, "a message that nobody sent");
	d.payload = read.payload;
	d.sent_wall_ms = read.sent_ms;
	batch[index] = d.message;
	model_delivered(&sim->model, &d);
	mix(sim, d.message * 1000 + delivery->receive_count);
	sim->totals->received++;
	size_t place = sim->handle_count++ % HANDLES;
	sim->handles[place] = delivery->handle;
	sim->handle_messages[place] = d.message;
	buf_done(&buffer);
}

static void take_receive(struct sim *sim, const struct order *order)
{
	size_t batch[LIMIT_RECEIVE_MESSAGES];

	if (order->command.result == QUEUE_FAILED) {
		model_receive_lost(&sim->model, order->slot);
		return;
	}
	for (size_t i = 0; i < order->command.receive.count; i++)
		take_delivery(sim, order, i, batch);
	for (size_t i = 0; i < order->command.receive.count; i++)
		queue_delivery_done(sim->engine, &order->deliveries[i]);
}

static void take_browse(struct sim *sim, const struct order *order)
{
	uint64_t seq = order->command.browse.from_seq;

	for (size_t i = 0; i < order->command.browse.count; i++) {
		const struct queue_delivery *delivery = &order->deliveries[i];
		struct queue_message read;
		struct buf buffer = {0};
		size_t message;
		if (delivery->handle.seq <= seq)
			violate(sim, "a page is not in order");
		seq = delivery->handle.seq;
		if (!queue_read_message(sim->engine, delivery->location, &buffer, &read)) {
			memcpy(&message, read.payload.data, sizeof message);
			if (sim->model.messages[message].state == MODEL_GONE)
				violate(sim, "shown after its delete was acknowledged");
			mix(sim, message);
		}
		buf_done(&buffer);
		queue_delivery_done(sim->engine, delivery);
	}
}

static void take_send(struct sim *sim, const struct order *order)
{
	for (size_t i = 0; i < order->count; i++) {
		struct queue_send send = order->sends[i];
		size_t first;
		memcpy(&first, send.id, sizeof first);
		if (order->command.result)
			send.result = order->command.result;
		/* A failed journal may have kept it all the same. */
		if (send.result == QUEUE_FAILED) {
			model_send_lost(&sim->model, order->key);
			continue;
		}
		model_send_answered(&sim->model, order->messages[i], &send,
				    &(struct model_key){.number = order->key,
							.message = first,
							.asked_ms = order->now_ms,
							.answered_ms = sim->now_ms});
		sim->totals->sent += send.result == QUEUE_OK;
		sim->totals->refused += send.result != QUEUE_OK;
	}
}

static void take_change(struct sim *sim, const struct order *order)
{
	struct queue_change change = order->change;

	if (order->command.result)
		change.result = order->command.result;
	if (order->command.result == QUEUE_NOT_FOUND)
		change.result = QUEUE_MESSAGE_GONE; /* its queue was dropped */
	mix(sim, change.result);
	if (order->command.type == QUEUE_DELETE) {
		model_delete_answered(&sim->model, order->messages[0], change.result,
				      order->was_certain);
		sim->totals->deleted += change.result == QUEUE_OK;
	} else if (order->command.type == QUEUE_GIVE_BACK) {
		if (change.result == QUEUE_OK || change.result == QUEUE_FAILED)
			model_visibility_asked(&sim->model, order->messages[0], 0);
	} else {
		model_visibility_answered(&sim->model, order->messages[0], &change,
					  order->visible_ms);
	}
}

static void answered(struct queue_command *command)
{
	struct order *order = container_of(command, struct order, command);
	struct sim *sim = order->sim;

	turn_work.is_answering = true;
	mix(sim, (uint64_t)command->type * 100 + (uint64_t)command->result);
	if (command->type == QUEUE_RECEIVE)
		take_receive(sim, order);
	else if (command->type == QUEUE_SEND)
		take_send(sim, order);
	else if (command->type == QUEUE_DELETE || command->type == QUEUE_VISIBILITY ||
		 command->type == QUEUE_GIVE_BACK)
		take_change(sim, order);
	else if (command->type == QUEUE_BROWSE && command->result == QUEUE_OK)
		take_browse(sim, order);
	else if (command->type == QUEUE_PURGE || command->type == QUEUE_DROP)
		model_purge_answered(&sim->model, order->slot, order->message_count,
				     command->result);
	else if (command->type == QUEUE_REDRIVE)
		sim->totals->moved += command->redrive.moved;
	list_remove(&order->link);
	heap_free(order);
	turn_work.is_answering = false;
	judge(sim);
}

/* ---- asking ---- */

static struct order *order_new(struct sim *sim, enum queue_command_type type, size_t slot)
{
	struct order *order = heap_alloc(sizeof(*order));

	order->sim = sim;
	order->slot = slot;
	order->command.type = type;
	order->command.queue = sim->model.slots[slot].number;
	order->command.now_ms = wall_ms(sim);
	order->now_ms = sim->now_ms;
	order->command.done = answered;
	order->serial = ++sim->orders;
	order->latest_ms = sim->model.latest_ms;
	order->message_count = sim->model.message_count;
	list_push_back(&sim->outstanding, &order->link);
	return order;
}

static void define(struct sim *sim, size_t slot)
{
	struct model_slot *model = &sim->model.slots[slot];
	struct order *order = order_new(sim, QUEUE_DEFINE, slot);

	model->delay_serial = order->serial;

	order->command.define.settings = (struct queue_settings){
		.is_fifo = model->is_fifo,
		.delay_ms = model->delay_ms,
		.visibility_ms = model->visibility_ms,
		.retention_ms = model->retention_ms,
		.max_receive_count = model->max_receive_count,
		.dead_letter =
			model->max_receive_count ? sim->model.slots[model->dead_letters].number : 0,
	};
	order->command.define.counters = &sim->counters[slot];
	queue_submit(sim->engine, &order->command);
}

static void change_delay(struct sim *sim)
{
	size_t slot = 4 + below(sim, 3);

	sim->model.slots[slot].delay_ms = below(sim, 2) ? (int64_t)below(sim, 20000) : 0;
	define(sim, slot);
}

static void send(struct sim *sim)
{
	size_t slot = below(sim, SLOTS);
	const struct model_slot *model = &sim->model.slots[slot];

	if (sim->model.message_count + BATCH > MESSAGES)
		return;
	struct order *order = order_new(sim, QUEUE_SEND, slot);
	order->key = model->has_dedup && below(sim, 3) ? below(sim, KEYS) : KEYS;
	order->count = order->key < KEYS ? 1 : 1 + below(sim, BATCH);
	for (size_t i = 0; i < order->count; i++) {
		struct queue_send *send = &order->sends[i];
		int64_t delay_ms = model->is_fifo || below(sim, 8) ? 0 : (int64_t)below(sim, 20000);
		send->group = model->is_fifo	  ? 1 + below(sim, 3)
			      : model->has_groups ? below(sim, 3)
						  : 0;
		size_t size = sizeof(size_t) + below(sim, sim->size_max);
		size_t message =
			model_send(&sim->model, slot, send->group, size, sim->now_ms, delay_ms);
		sim->model.messages[message].sent_wall_ms = wall_ms(sim);
		order->messages[i] = message;
		memcpy(send->id, &message, sizeof message);
		send->payload = model_payload(&sim->model, message, order->payloads[i]);
		send->has_delay = delay_ms > 0;
		send->delay_ms = delay_ms;
		send->has_dedup = order->key < KEYS;
		send->dedup[0] = (uint8_t)order->key;
	}
	order->command.send.messages = order->sends;
	order->command.send.count = order->count;
	queue_submit(sim->engine, &order->command);
}

static void receive(struct sim *sim, size_t slot)
{
	struct order *order = order_new(sim, QUEUE_RECEIVE, slot);

	order->command.receive.max = (uint32_t)(1 + below(sim, LIMIT_RECEIVE_MESSAGES));
	order->command.receive.deliveries = order->deliveries;
	if (below(sim, 4) == 0)
		order->command.receive.wait_ms = (int64_t)below(sim, 2000);
	if (sim->model.slots[slot].is_fifo && below(sim, 3) == 0) {
		order->attempt = (uint8_t)(1 + below(sim, ATTEMPTS));
		order->command.receive.has_attempt = true;
		order->command.receive.attempt[0] = order->attempt;
	}
	queue_submit(sim->engine, &order->command);
}

static struct order *change(struct sim *sim, enum queue_command_type type, size_t place)
{
	struct order *order = order_new(sim, type, 0);
	size_t message = sim->handle_messages[place];

	order->messages[0] = message;
	order->command.queue = sim->handles[place].queue;
	order->change.handle = sim->handles[place];
	order->command.change.changes = &order->change;
	order->command.change.count = 1;
	return order;
}

static void delete (struct sim *sim, size_t place)
{
	struct order *order = change(sim, QUEUE_DELETE, place);
	const struct model_message *m = &sim->model.messages[order->messages[0]];

	for (size_t slot = 0; slot < SLOTS; slot++)
		order->was_certain |= m->slots == 1u << slot && !m->is_loose &&
				      m->seq == order->change.handle.seq &&
				      sim->model.slots[slot].number == order->command.queue;
	/* Time goes on a little until it is executed. */
	order->was_certain &= model_is_certain(&sim->model, order->messages[0], sim->now_ms + 1000);
	model_delete_asked(&sim->model, order->messages[0]);
	queue_submit(sim->engine, &order->command);
}

static void set_visibility(struct sim *sim, size_t place)
{
	struct order *order = change(sim, QUEUE_VISIBILITY, place);
	int64_t visibility_ms = below(sim, 3) ? (int64_t)below(sim, 60000) : 0;

	order->change.visibility_ms = visibility_ms;
	order->visible_ms = visibility_ms ? sim->now_ms + visibility_ms : 0;
	model_visibility_asked(&sim->model, order->messages[0], order->visible_ms);
	queue_submit(sim->engine, &order->command);
}

static void give_back(struct sim *sim, size_t place)
{
	struct order *order = change(sim, QUEUE_GIVE_BACK, place);

	model_give_back_asked(&sim->model, order->messages[0]);
	queue_submit(sim->engine, &order->command);
}

static void purge_or_drop(struct sim *sim)
{
	static const size_t droppable[] = {2, 3, 6};
	bool drops = below(sim, 3) == 0;
	size_t slot = drops ? droppable[below(sim, 3)] : below(sim, SLOTS);
	struct order *order = order_new(sim, drops ? QUEUE_DROP : QUEUE_PURGE, slot);

	model_purge_asked(&sim->model, slot);
	queue_submit(sim->engine, &order->command);
	if (!drops)
		return;
	sim->model.slots[slot].number += SLOTS;
	define(sim, slot);
}

static void redrive(struct sim *sim)
{
	size_t to = below(sim, 2) ? 0 : 4;
	size_t from = sim->model.slots[to].dead_letters;
	struct order *order = order_new(sim, QUEUE_REDRIVE, from);

	model_redrive_asked(&sim->model, from, to, order->serial);
	order->command.redrive.to = sim->model.slots[to].number;
	order->command.redrive.max = (uint32_t)(1 + below(sim, 200));
	order->command.redrive.random = prng_next(&sim->prng);
	queue_submit(sim->engine, &order->command);
}

static void browse(struct sim *sim)
{
	struct order *order = order_new(sim, QUEUE_BROWSE, below(sim, SLOTS));

	order->command.browse.from_seq = below(sim, 50);
	order->command.browse.max = (uint32_t)(1 + below(sim, 100));
	order->command.browse.deliveries = order->deliveries;
	queue_submit(sim->engine, &order->command);
}

/* ---- time and crashes ---- */

static void turn(struct sim *sim, bool is_hasty)
{
	if (sim->model.latest_ms < sim->now_ms)
		sim->model.latest_ms = sim->now_ms;
	for (size_t lane = 0; lane < 2; lane++) {
		if (!sim->work[lane])
			sim->work[lane] = engine_work_begin(sim->engine, (enum journal_lane)lane);
		if (!sim->work[lane] || (!is_hasty && below(sim, 3)))
			continue;
		journal_work_run(sim->work[lane]);
		engine_work_end(sim->engine, sim->work[lane]);
		sim->work[lane] = NULL;
	}
	size_t encoded = sim->engine->checkpoint.state.size;
	turn_work = (struct turn_work){0};
	engine_step(sim->engine, canary == CANARY_WALL_CLOCK ? wall_ms(sim) : sim->now_ms,
		    wall_ms(sim));
	if (sim->engine->checkpoint.state.size > encoded)
		turn_work.bytes += sim->engine->checkpoint.state.size - encoded;
	if (turn_work.bytes > TURN_KINDS * (sim->options.turn_bytes + UNIT_BYTES))
		violate(sim, "a turn moved too many bytes");
	if (turn_work.items > TURN_KINDS * (sim->options.turn_items + UNIT_ITEMS))
		violate(sim, "a turn placed too many messages");
}

static void crash_disk(struct sim *sim)
{
	disk_memory_crash(sim->disk, prng_next(&sim->prng));
	disk_memory_set_faults(sim->disk,
			       (struct disk_faults){.syncs_lie = canary == CANARY_LOST_SYNC});
	sim->full_until_ms = 0;
}

/* Opening may meet a fault too; then the disk crashes and it is tried once more. */
static void open_engine(struct sim *sim, struct journal_report *report)
{
	enum err err = engine_open(sim->disk, &sim->options, &sim->engine, report);

	if ((err == ERR_IO || err == ERR_CLOSED) && sim->has_faults) {
		sim->totals->failed_openings++;
		crash_disk(sim);
		err = engine_open(sim->disk, &sim->options, &sim->engine, report);
	}
	if (err)
		violate(sim, "the engine does not open");
	if (report->damage_count)
		violate(sim, "recovery reports damage");
}

/* A process that starts knows wall time and what the engine has recorded. */
static void resume_time(struct sim *sim)
{
	int64_t wall = wall_ms(sim);

	sim->now_ms = clock_resumed_ms(engine_clock(sim->engine), wall);
	sim->wall_offset_ms = wall - sim->now_ms;
}

static void start(struct sim *sim)
{
	struct journal_report report = {0};

	open_engine(sim, &report);
	resume_time(sim);
	memset(sim->counters, 0, sizeof(sim->counters));
	for (size_t slot = 0; slot < SLOTS; slot++)
		define(sim, slot);
	for (size_t i = 0; i < 20; i++)
		turn(sim, true);
}

static void lose_order(struct sim *sim, struct order *order)
{
	if (order->command.type == QUEUE_RECEIVE) {
		model_receive_lost(&sim->model, order->slot);
	} else if (order->command.type == QUEUE_SEND) {
		model_send_lost(&sim->model, order->key);
	} else if (order->command.type == QUEUE_DELETE) {
		model_delete_answered(&sim->model, order->messages[0], QUEUE_FAILED, false);
	} else if (order->command.type == QUEUE_VISIBILITY ||
		   order->command.type == QUEUE_GIVE_BACK) {
		model_visibility_asked(&sim->model, order->messages[0], order->visible_ms);
	} else if (order->command.type == QUEUE_PURGE || order->command.type == QUEUE_DROP) {
		model_purge_answered(&sim->model, order->slot, 0, QUEUE_FAILED);
	}
	list_remove(&order->link);
	heap_free(order);
}

static void end_works(struct sim *sim)
{
	for (size_t lane = 0; lane < 2; lane++) {
		if (!sim->work[lane])
			continue;
		journal_work_run(sim->work[lane]);
		engine_work_end(sim->engine, sim->work[lane]);
		sim->work[lane] = NULL;
	}
}

static void note_totals(struct sim *sim)
{
	sim->totals->restarts++;
	sim->totals->compacted += engine_journal_stats(sim->engine).compacted_segments;
	sim->totals->extents += engine_stats_read(sim->engine).extents;
}

static void restart(struct sim *sim)
{
	note_totals(sim);
	end_works(sim);
	engine_free(&sim->engine);
	while (!list_is_empty(&sim->outstanding))
		lose_order(sim, container_of(sim->outstanding.next, struct order, link));
	crash_disk(sim);
	sim->has_faults = sim->step < STEPS && below(sim, 6) == 0;
	if (sim->has_faults)
		disk_memory_set_faults(sim->disk, (struct disk_faults){
							  .crash_after = 1 + below(sim, 8),
							  .syncs_lie = canary == CANARY_LOST_SYNC,
						  });
	start(sim);
}

/* Everything is answered before the end, and nothing is replayed after it. */
static void stop_cleanly(struct sim *sim)
{
	engine_stop(sim->engine);
	for (size_t i = 0; i < 2000 && !engine_is_idle(sim->engine); i++)
		turn(sim, true);
	if (disk_memory_has_crashed(sim->disk) || engine_journal_stats(sim->engine).has_failed) {
		restart(sim);
		return;
	}
	if (!engine_is_idle(sim->engine) || !list_is_empty(&sim->outstanding))
		violate(sim, "the engine does not stop");
	note_totals(sim);
	end_works(sim);
	engine_free(&sim->engine);
	start(sim);
}

static void disturb(struct sim *sim)
{
	struct disk_faults faults = {.syncs_lie = canary == CANARY_LOST_SYNC};
	uint64_t after = 1 + below(sim, 12);

	switch (below(sim, 5)) {
	case 0:
		faults.fail_sync_after = after;
		break;
	case 1:
		faults.fail_write_after = after;
		break;
	case 2:
		faults.capacity = (256 << 10) + below(sim, 512 << 10);
		sim->full_until_ms = sim->now_ms + 1 + (int64_t)below(sim, 100000);
		sim->model.was_full = true;
		break;
	default:
		faults.crash_after = after;
	}
	disk_memory_set_faults(sim->disk, faults);
	sim->has_faults = true;
}

/* Somebody sets the clock, a little or by hours. */
static void set_clock(struct sim *sim)
{
	int64_t most_ms = below(sim, 2) ? 40000 : 6 * 3600000;
	int64_t delta_ms = (int64_t)below(sim, (uint64_t)most_ms);

	sim->wall_offset_ms += below(sim, 2) ? delta_ms : -delta_ms;
	sim->totals->clock_jumps++;
}

static void make_room(struct sim *sim)
{
	if (!sim->full_until_ms || sim->now_ms < sim->full_until_ms)
		return;
	sim->full_until_ms = 0;
	disk_memory_set_faults(sim->disk,
			       (struct disk_faults){.syncs_lie = canary == CANARY_LOST_SYNC});
}

/* ---- a run ---- */

static size_t some_handle(struct sim *sim)
{
	return below(sim, sim->handle_count < HANDLES ? sim->handle_count : HANDLES);
}

static void act(struct sim *sim)
{
	uint64_t choice = below(sim, 200);

	if (choice < 90)
		send(sim);
	else if (choice < 135)
		receive(sim, below(sim, SLOTS));
	else if (choice < 165 && sim->handle_count)
		delete (sim, some_handle(sim));
	else if (choice < 175 && sim->handle_count)
		set_visibility(sim, some_handle(sim));
	else if (choice < 182)
		sim->now_ms += (int64_t)below(sim, 60000);
	else if (choice < 186)
		queue_submit(sim->engine, &order_new(sim, QUEUE_CHECKPOINT, 0)->command);
	else if (choice < 189)
		browse(sim);
	else if (choice < 192)
		redrive(sim);
	else if (choice == 192)
		purge_or_drop(sim);
	else if (choice == 193 && below(sim, 2))
		stop_cleanly(sim);
	else if (choice == 194)
		set_clock(sim);
	else if (choice == 195)
		change_delay(sim);
	else if (choice == 196 && sim->handle_count)
		give_back(sim, some_handle(sim));
	else if (choice > 197)
		disturb(sim);
}

static void drain(struct sim *sim)
{
	for (size_t round = 0; round < ROUNDS; round++) {
		if (round % 100 == 0)
			sim->now_ms += 60000;
		size_t before = sim->handle_count;
		receive(sim, round % SLOTS);
		for (size_t i = 0; i < 3; i++)
			turn(sim, true);
		for (; before < sim->handle_count; before++)
			delete (sim, before % HANDLES);
		for (size_t i = 0; i < 3; i++)
			turn(sim, true);
	}
	model_finish(&sim->model, sim->now_ms);
	judge(sim);
}

static void run_steps(struct sim *sim)
{
	for (sim->step = 0; sim->step < STEPS; sim->step++) {
		act(sim);
		sim->now_ms += (int64_t)below(sim, TURN_MS);
		make_room(sim);
		turn(sim, false);
		bool has_failed = engine_journal_stats(sim->engine).has_failed;
		sim->totals->failures += has_failed;
		if (has_failed || disk_memory_has_crashed(sim->disk))
			restart(sim);
	}
}

static uint64_t run_seed(uint64_t seed, struct totals *totals)
{
	struct sim *sim = heap_alloc(sizeof(*sim));

	model_init(&sim->model, seed);
	sim->totals = totals;
	sim->wall_offset_ms = 100000000; /* a new engine begins at wall time */
	prng_init(&sim->prng, seed);
	list_init(&sim->outstanding);
	sim->size_max = below(sim, 2) ? 300 : PAYLOAD_MAX - 100;
	sim->options = (struct engine_options){
		.journal = {.segment_size = 64 << 10, .spare_segments = 2},
		.hot_messages_max = below(sim, 2) ? 16 : 1000,
		.window = 1u << below(sim, 6),
		.turn_items = TURN_ITEMS,
		.turn_bytes = TURN_BYTES,
	};
	sim->disk = disk_memory_new();
	disk_memory_set_faults(sim->disk,
			       (struct disk_faults){.syncs_lie = canary == CANARY_LOST_SYNC});
	start(sim);
	run_steps(sim);
	restart(sim);
	drain(sim);
	note_totals(sim);
	end_works(sim);
	engine_free(&sim->engine);
	while (!list_is_empty(&sim->outstanding))
		lose_order(sim, container_of(sim->outstanding.next, struct order, link));
	sim->disk->ops->free(sim->disk);
	uint64_t answers = sim->answers;
	heap_free(sim);
	return answers;
}

static bool parse(int argc, char **argv, unsigned long long *from, unsigned long long *to)
{
	for (int i = 1; i < argc; i += 2) {
		bool is_known = i + 1 < argc && !strcmp(argv[i], "--seeds") &&
				sscanf(argv[i + 1], "%llu-%llu", from, to) == 2;
		for (int k = 1; k < CANARIES && i + 1 < argc && !strcmp(argv[i], "--canary"); k++) {
			if (strcmp(argv[i + 1], canary_names[k]) != 0)
				continue;
			canary = (enum canary)k;
			is_known = true;
		}
		if (!is_known)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	unsigned long long from = 1, to = 150;
	struct totals totals = {0};

	if (!parse(argc, argv, &from, &to)) {
		fprintf(stderr, "usage: sim [--seeds FROM-TO] [--canary NAME]\ncanaries:");
		for (int i = 1; i < CANARIES; i++)
			fprintf(stderr, " %s", canary_names[i]);
		fprintf(stderr, "\n");
		return 2;
	}
	base_init();
	for (unsigned long long seed = from; seed <= to; seed++) {
		uint64_t answers = run_seed(seed, &totals);
		if (seed % 10 == 0 && run_seed(seed, &totals) != answers) {
			printf("seed %llu: two runs, different answers\n", seed);
			return 1;
		}
		if ((seed - from + 1) % 1000 == 0)
			printf("%llu seeds passed\n", seed - from + 1);
		fflush(stdout);
	}
#define SHOW(name) printf("%llu " #name ", ", (unsigned long long)totals.name)
	SHOW(sent);
	SHOW(received);
	SHOW(deleted);
	SHOW(moved);
	SHOW(refused);
	SHOW(restarts);
	SHOW(failures);
	SHOW(failed_openings);
	SHOW(compacted);
	SHOW(extents);
	SHOW(clock_jumps);
#undef SHOW
	printf("\n%llu passed, 0 failed\n", to - from + 1);
	return 0;
}
