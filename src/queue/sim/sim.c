/* SPDX-License-Identifier: MIT */
/*
 * sim: drives engine and journal by seed, on a disk that crashes, fails and fills up, and records
 * commands and answers in the model.
 */
#include "queue/sim/sim_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue/sim/canary.h"
#include "queue/sim/measure.h"

/* Kinds of work that each have the measure of a turn, and the excess of one unit: a command of
 * three messages, a receive of ten; loading a window for each of them. */
enum { TURN_KINDS = 4, UNIT_BYTES = 20 << 10, UNIT_ITEMS = 450, TURN_BYTES = 8 << 10 };
enum { TURN_ITEMS = 20 };
enum { STEPS = 400, ROUNDS = 2500 };

void order_free(struct order *order)
{
	list_remove(&order->link);
	heap_free(order->fanout);
	heap_free(order);
}

void sim_judge(struct sim *sim)
{
	unsigned long long seed = sim->model.seed;

	if (!sim->model.violation)
		return;
	printf("seed %llu step %zu message %zu: %s\nreproduce: sim --seeds %llu-%llu%s%s\n", seed,
	       sim->step, sim->model.violation_message, sim->model.violation, seed, seed,
	       canary ? " --canary " : "", canary ? canary_names[canary] : "");
	exit(1);
}

void sim_violate(struct sim *sim, const char *what)
{
	sim->model.violation = what;
	sim_judge(sim);
}

void sim_mix(struct sim *sim, uint64_t value)
{
	sim->answers = (sim->answers ^ value) * 0x100000001b3 + 1;
}

int64_t sim_wall_ms(const struct sim *sim)
{
	return sim->now_ms + sim->wall_offset_ms;
}

uint64_t sim_below(struct sim *sim, uint64_t limit)
{
	return prng_below(&sim->prng, limit);
}

/* ---- time and crashes ---- */

/* A commit may have continued since it began. */
static void end_work(struct sim *sim, size_t lane)
{
	struct journal_work *work = sim->work[lane];

	if (!sim->is_started[lane])
		journal_work_run(work);
	while (sim->is_started[lane])
		sim->is_started[lane] = !journal_work_has_ended(work);
	engine_work_end(sim->engine, work);
	sim->work[lane] = NULL;
}

static void begin_work(struct sim *sim, size_t lane)
{
	sim->work[lane] = engine_work_begin(sim->engine, (enum journal_lane)lane);
	sim->is_started[lane] = sim->work[lane] && journal_work_start(sim->work[lane]);
}

static void step_engine(struct sim *sim)
{
	engine_step(sim->engine, canary == CANARY_WALL_CLOCK ? sim_wall_ms(sim) : sim->now_ms,
		    sim_wall_ms(sim));
}

/* Commands that wait for a commit are executed at the time of their submission, as the model
 * assumes. */
static void catch_up(struct sim *sim)
{
	while (journal_is_ahead(sim->engine->journal)) {
		if (!sim->work[JOURNAL_COMMIT])
			begin_work(sim, JOURNAL_COMMIT);
		if (!sim->work[JOURNAL_COMMIT])
			sim_violate(sim, "records wait without a commit");
		end_work(sim, JOURNAL_COMMIT);
		step_engine(sim);
	}
}

void sim_turn(struct sim *sim, bool is_hasty)
{
	if (sim->model.latest_ms < sim->now_ms)
		sim->model.latest_ms = sim->now_ms;
	for (size_t lane = 0; lane < 2; lane++) {
		if (!sim->work[lane])
			begin_work(sim, lane);
		if (sim->work[lane] && (is_hasty || !sim_below(sim, 3)))
			end_work(sim, lane);
	}
	size_t encoded = sim->engine->checkpoint.state.size;
	turn_work = (struct turn_work){0};
	step_engine(sim);
	if (sim->engine->checkpoint.state.size > encoded)
		turn_work.bytes += sim->engine->checkpoint.state.size - encoded;
	if (turn_work.bytes > TURN_KINDS * (sim->options.turn_bytes + UNIT_BYTES))
		sim_violate(sim, "a turn moved too many bytes");
	if (turn_work.items > TURN_KINDS * (sim->options.turn_items + UNIT_ITEMS))
		sim_violate(sim, "a turn placed too many messages");
	catch_up(sim);
}

bool sim_is_broken(const struct sim *sim)
{
	return disk_memory_has_crashed(sim->disk) || engine_journal_stats(sim->engine).has_failed;
}

static void crash_disk(struct sim *sim)
{
	disk_memory_crash(sim->disk, prng_next(&sim->prng));
	disk_memory_set_faults(sim->disk,
			       (struct disk_faults){.syncs_lie = canary == CANARY_LOST_SYNC});
	sim->full_until_ms = 0;
}

/* Opening may meet a fault too; then the disk crashes and the simulator opens again. */
static void open_engine(struct sim *sim, struct journal_report *report)
{
	enum err err = engine_open(sim->disk, &sim->options, &sim->engine, report);

	if ((err == ERR_IO || err == ERR_CLOSED) && sim->has_faults) {
		sim->totals->failed_openings++;
		crash_disk(sim);
		err = engine_open(sim->disk, &sim->options, &sim->engine, report);
	}
	if (err)
		sim_violate(sim, "the engine does not open");
	if (report->damage_count)
		sim_violate(sim, "recovery reports damage");
}

/* A new process knows wall time and the engine's records. */
static void resume_time(struct sim *sim)
{
	int64_t wall = sim_wall_ms(sim);

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
		order_define(sim, slot);
	archive_define(sim);
	for (size_t i = 0; i < 20; i++)
		sim_turn(sim, true);
}

static void lose_order(struct sim *sim, struct order *order)
{
	if (order->command.type == QUEUE_RECEIVE) {
		model_receive_lost(&sim->model, order->slot);
	} else if (order->command.type == QUEUE_SEND) {
		model_send_lost(&sim->model, order->key);
	} else if (order->command.type == QUEUE_FANOUT) {
		fanout_lost(sim, order);
	} else if (order->command.type == QUEUE_DELETE) {
		model_delete_answered(&sim->model, order->messages[0], QUEUE_FAILED, false);
	} else if (order->command.type == QUEUE_VISIBILITY ||
		   order->command.type == QUEUE_GIVE_BACK) {
		model_visibility_asked(&sim->model, order->messages[0], order->visible_ms);
	} else if (order->command.type == QUEUE_PURGE || order->command.type == QUEUE_DROP) {
		model_purge_answered(&sim->model, order->slot, 0, QUEUE_FAILED);
	}
	order_free(order);
}

static void end_works(struct sim *sim)
{
	for (size_t lane = 0; lane < 2; lane++)
		if (sim->work[lane])
			end_work(sim, lane);
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
	sim->has_faults = sim->step < STEPS && sim_below(sim, 6) == 0;
	if (sim->has_faults)
		disk_memory_set_faults(sim->disk, (struct disk_faults){
							  .crash_after = 1 + sim_below(sim, 8),
							  .syncs_lie = canary == CANARY_LOST_SYNC,
						  });
	start(sim);
	audit_run(sim);
}

/* Everything is answered before the end, and nothing is replayed after it. */
static void stop_cleanly(struct sim *sim)
{
	engine_stop(sim->engine);
	for (size_t i = 0; i < 2000 && !engine_is_idle(sim->engine); i++)
		sim_turn(sim, true);
	if (sim_is_broken(sim)) {
		restart(sim);
		return;
	}
	if (!engine_is_idle(sim->engine) || !list_is_empty(&sim->outstanding))
		sim_violate(sim, "the engine does not stop");
	note_totals(sim);
	end_works(sim);
	engine_free(&sim->engine);
	start(sim);
	audit_run(sim);
}

static void disturb(struct sim *sim)
{
	struct disk_faults faults = {.syncs_lie = canary == CANARY_LOST_SYNC};
	uint64_t after = 1 + sim_below(sim, 12);

	switch (sim_below(sim, 5)) {
	case 0:
		faults.fail_sync_after = after;
		break;
	case 1:
		faults.fail_write_after = after;
		break;
	case 2:
		faults.capacity = (256 << 10) + sim_below(sim, 512 << 10);
		sim->full_until_ms = sim->now_ms + 1 + (int64_t)sim_below(sim, 100000);
		sim->model.was_full = true;
		break;
	default:
		faults.crash_after = after;
	}
	disk_memory_set_faults(sim->disk, faults);
	sim->has_faults = true;
}

/* Sets the clock, by a little or by hours. */
static void set_clock(struct sim *sim)
{
	int64_t most_ms = sim_below(sim, 2) ? 40000 : 6 * 3600000;
	int64_t delta_ms = (int64_t)sim_below(sim, (uint64_t)most_ms);

	sim->wall_offset_ms += sim_below(sim, 2) ? delta_ms : -delta_ms;
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

static void act(struct sim *sim)
{
	uint64_t choice = sim_below(sim, 250);

	if (choice < 90)
		order_send(sim);
	else if (choice < 135)
		order_receive(sim, sim_below(sim, SLOTS));
	else if (choice < 165 && sim->handle_count)
		order_delete(sim, order_some_handle(sim));
	else if (choice < 175 && sim->handle_count)
		order_set_visibility(sim, order_some_handle(sim));
	else if (choice < 182)
		sim->now_ms += (int64_t)sim_below(sim, 60000);
	else if (choice < 186)
		queue_submit(sim->engine, &order_new(sim, QUEUE_CHECKPOINT, 0)->command);
	else if (choice < 188)
		order_browse(sim);
	else if (choice < 189)
		archive_browse(sim);
	else if (choice < 192)
		order_redrive(sim);
	else if (choice == 192)
		order_purge_or_drop(sim);
	else if (choice == 193 && sim_below(sim, 2))
		stop_cleanly(sim);
	else if (choice == 194)
		set_clock(sim);
	else if (choice == 195)
		order_change_delay(sim);
	else if (choice == 196 && sim->handle_count)
		order_give_back(sim, order_some_handle(sim));
	else if (choice > 219)
		obligation_act(sim);
	else if (choice > 199)
		order_fan_out(sim);
	else if (choice > 197)
		disturb(sim);
}

static void drain(struct sim *sim)
{
	for (size_t round = 0; round < ROUNDS; round++) {
		if (round % 100 == 0)
			sim->now_ms += 60000;
		size_t before = sim->handle_count;
		order_receive(sim, round % SLOTS);
		if (round % 50 == 0)
			archive_browse(sim);
		for (size_t i = 0; i < 3; i++)
			sim_turn(sim, true);
		for (; before < sim->handle_count; before++)
			order_delete(sim, before % HANDLES);
		for (size_t i = 0; i < 3; i++)
			sim_turn(sim, true);
	}
	model_finish(&sim->model, sim->now_ms);
	sim_judge(sim);
}

static void run_steps(struct sim *sim)
{
	for (sim->step = 0; sim->step < STEPS; sim->step++) {
		act(sim);
		sim->now_ms += (int64_t)sim_below(sim, TURN_MS);
		make_room(sim);
		sim_turn(sim, false);
		bool has_failed = engine_journal_stats(sim->engine).has_failed;
		sim->totals->failures += has_failed;
		if (has_failed || disk_memory_has_crashed(sim->disk))
			restart(sim);
	}
}

uint64_t sim_run(uint64_t seed, struct totals *totals)
{
	struct sim *sim = heap_alloc(sizeof(*sim));

	model_init(&sim->model, seed);
	sim->totals = totals;
	sim->wall_offset_ms = 100000000; /* a new engine begins at wall time */
	prng_init(&sim->prng, seed);
	list_init(&sim->outstanding);
	sim->size_max = sim_below(sim, 2) ? 300 : PAYLOAD_MAX - 100;
	sim->options = (struct engine_options){
		.journal = {.segment_size = 64 << 10,
			    .spare_segments = 2,
			    .pads_batches = sim_below(sim, 2),
			    .recent_size = sim_below(sim, 2) ? 32 << 10 : 0},
		.hot_messages_max = sim_below(sim, 2) ? 16 : 1000,
		.window = 1u << sim_below(sim, 6),
		.turn_items = TURN_ITEMS,
		.turn_bytes = TURN_BYTES,
	};
	sim->disk = disk_memory_new();
	if (sim_below(sim, 2))
		disk_memory_start_commits(sim->disk);
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
