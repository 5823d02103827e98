/* SPDX-License-Identifier: MIT */
/*
 * sim: drives engine and journal on a disk that crashes, by seed, and compares with a model.
 *
 * The model knows of each message only what was answered. A command without an answer may or may
 * not have happened, so it loosens what is expected and never tightens it.
 * Held: an acknowledged send is delivered until it is deleted; an acknowledged delete holds; an
 * acknowledged lease hides a message; a FIFO group keeps its order; payloads are intact.
 */
#include "journal/disk_memory.h"
#include "queue/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUES = 4, MESSAGES = 400, HANDLES = 64, STEPS = 300, ROUNDS = 2000 };
enum { VISIBILITY_MS = 30000 };

enum state { STATE_NONE, STATE_MAYBE, STATE_SENT, STATE_DELETE_ASKED, STATE_DELETED };

struct totals {
	uint64_t sent, received, deleted, restarts, failures;
};

struct model_message {
	enum state state;
	uint64_t queue, group, seq;
	int64_t lease_until_ms;
};

struct sim {
	struct prng prng;
	uint64_t seed;
	struct disk *disk;
	struct engine *engine;
	struct queue_counters counters[QUEUES];
	struct model_message messages[MESSAGES];
	size_t message_count, step;
	struct queue_handle handles[HANDLES];
	size_t handle_messages[HANDLES], handle_count;
	struct list outstanding;
	struct journal_work *work[2];
	int64_t now_ms;
	bool is_canary;
	uint64_t answers; /* hash of all of them, in order */
	struct totals *totals;
	char payload[600];
};

struct order {
	struct queue_command command;
	struct list link;
	struct sim *sim;
	size_t message;
	struct queue_send send;
	struct queue_change change;
	struct queue_delivery deliveries[LIMIT_RECEIVE_MESSAGES];
	char payload[600];
};

static void violate(struct sim *sim, const char *what, size_t message)
{
	printf("seed %llu step %zu message %zu: %s\nreproduce: sim --seeds %llu-%llu%s\n",
	       (unsigned long long)sim->seed, sim->step, message, what,
	       (unsigned long long)sim->seed, (unsigned long long)sim->seed,
	       sim->is_canary ? " --canary lost-sync" : "");
	exit(1);
}

static void mix(struct sim *sim, uint64_t value)
{
	sim->answers = (sim->answers ^ value) * 0x100000001b3 + 1;
}

static bool is_fifo(uint64_t queue)
{
	return queue > QUEUES / 2;
}

static struct str payload_of(uint64_t seed, size_t message, char *room)
{
	struct prng prng;

	prng_init(&prng, seed * MESSAGES + message);
	size_t size = 8 + prng_below(&prng, 592);
	for (size_t i = 0; i < size; i++)
		room[i] = (char)prng_next(&prng);
	return (struct str){room, size};
}

static void check_order(struct sim *sim, const struct order *order, size_t index, size_t message)
{
	const struct model_message *later = &sim->messages[message];

	for (size_t i = 0; i < sim->message_count; i++) {
		const struct model_message *earlier = &sim->messages[i];
		bool is_before = earlier->state == STATE_SENT && earlier->queue == later->queue &&
				 earlier->group == later->group &&
				 earlier->seq < order->deliveries[index].handle.seq;
		for (size_t k = 0; k < index; k++)
			is_before &= order->deliveries[k].handle.seq != earlier->seq;
		if (is_before)
			violate(sim, "delivered before an earlier message of its group", message);
	}
}

static void check_delivery(struct sim *sim, struct order *order, size_t index)
{
	struct queue_delivery *delivery = &order->deliveries[index];
	struct queue_message read;
	struct buf buffer = {0};
	size_t message;

	if (queue_read_message(sim->engine, delivery->location, &buffer, &read)) {
		if (!disk_memory_has_crashed(sim->disk))
			violate(sim, "a delivered message cannot be read", 0);
		buf_done(&buffer);
		return; /* the lease is durable, but nobody can say of which message */
	}
	memcpy(&message, read.id, sizeof(message));
	if (message >= sim->message_count)
		violate(sim, "a message that nobody sent", message);
	struct model_message *model = &sim->messages[message];
	struct str payload = payload_of(sim->seed, message, sim->payload);
	if (payload.size != read.payload.size ||
	    memcmp(payload.data, read.payload.data, payload.size))
		violate(sim, "a payload changed", message);
	if (model->queue != order->command.queue)
		violate(sim, "delivered from another queue", message);
	if (model->state == STATE_DELETED)
		violate(sim, "delivered after its delete was acknowledged", message);
	if (delivery->handle.received_ms < model->lease_until_ms)
		violate(sim, "delivered while it was hidden", message);
	if (is_fifo(model->queue))
		check_order(sim, order, index, message);
	mix(sim, message * 1000 + delivery->receive_count);
	sim->totals->received++;
	model->seq = delivery->handle.seq;
	if (model->state == STATE_MAYBE)
		model->state = STATE_SENT;
	model->lease_until_ms = delivery->handle.received_ms + VISIBILITY_MS;
	size_t place = sim->handle_count++ % HANDLES;
	sim->handles[place] = delivery->handle;
	sim->handle_messages[place] = message;
	buf_done(&buffer);
}

static void answered(struct queue_command *command)
{
	struct order *order = container_of(command, struct order, command);
	struct sim *sim = order->sim;
	struct model_message *model = &sim->messages[order->message];

	mix(sim, (uint64_t)command->type * 100 + (uint64_t)command->result);
	if (command->type == QUEUE_RECEIVE && command->result == QUEUE_OK) {
		for (size_t i = 0; i < command->receive.count; i++)
			check_delivery(sim, order, i);
		for (size_t i = 0; i < command->receive.count; i++)
			queue_delivery_done(sim->engine, &order->deliveries[i]);
	} else if (command->type == QUEUE_SEND && command->result == QUEUE_OK &&
		   order->send.result == QUEUE_OK) {
		model->seq = order->send.seq;
		sim->totals->sent++;
		if (model->state == STATE_MAYBE)
			model->state = STATE_SENT;
	} else if (command->type == QUEUE_DELETE && command->result == QUEUE_OK &&
		   order->change.result == QUEUE_OK) {
		model->state = STATE_DELETED;
		sim->totals->deleted++;
	}
	list_remove(&order->link);
	heap_free(order);
}

static struct order *order_new(struct sim *sim, enum queue_command_type type, uint64_t queue)
{
	struct order *order = heap_alloc(sizeof(*order));

	order->sim = sim;
	order->command.type = type;
	order->command.queue = queue;
	order->command.now_ms = sim->now_ms;
	order->command.done = answered;
	list_push_back(&sim->outstanding, &order->link);
	return order;
}

static void send(struct sim *sim)
{
	if (sim->message_count == MESSAGES)
		return;
	struct order *order = order_new(sim, QUEUE_SEND, 1 + prng_below(&sim->prng, QUEUES));
	order->message = sim->message_count++;
	struct model_message *model = &sim->messages[order->message];
	model->state = STATE_MAYBE;
	model->queue = order->command.queue;
	model->group = is_fifo(model->queue) ? 1 + prng_below(&sim->prng, 3) : 0;
	memcpy(order->send.id, &order->message, sizeof(order->message));
	order->send.payload = payload_of(sim->seed, order->message, order->payload);
	order->send.group = model->group;
	order->command.send.messages = &order->send;
	order->command.send.count = 1;
	queue_submit(sim->engine, &order->command);
}

static void receive(struct sim *sim, uint64_t queue)
{
	struct order *order = order_new(sim, QUEUE_RECEIVE, queue);

	order->command.receive.max = (uint32_t)(1 + prng_below(&sim->prng, LIMIT_RECEIVE_MESSAGES));
	order->command.receive.deliveries = order->deliveries;
	queue_submit(sim->engine, &order->command);
}

static void delete (struct sim *sim, size_t place)
{
	struct order *order = order_new(sim, QUEUE_DELETE, sim->handles[place].queue);

	order->message = sim->handle_messages[place];
	if (sim->messages[order->message].state != STATE_DELETED)
		sim->messages[order->message].state = STATE_DELETE_ASKED;
	order->change.handle = sim->handles[place];
	order->command.change.changes = &order->change;
	order->command.change.count = 1;
	queue_submit(sim->engine, &order->command);
}

static void turn(struct sim *sim, bool is_hasty)
{
	for (size_t lane = 0; lane < 2; lane++) {
		if (!sim->work[lane])
			sim->work[lane] = engine_work_begin(sim->engine, (enum journal_lane)lane);
		if (!sim->work[lane] || (!is_hasty && prng_below(&sim->prng, 3)))
			continue;
		journal_work_run(sim->work[lane]);
		engine_work_end(sim->engine, sim->work[lane]);
		sim->work[lane] = NULL;
	}
	engine_step(sim->engine, sim->now_ms);
}

static void start(struct sim *sim)
{
	struct engine_options options = {.journal = {.segment_size = 64 << 10, .spare_segments = 2},
					 .hot_messages_max = 16,
					 .window = 8};
	struct journal_report report = {0};

	if (engine_open(sim->disk, &options, &sim->engine, &report))
		violate(sim, "the engine does not open", 0);
	for (uint64_t queue = 1; queue <= QUEUES; queue++) {
		struct order *order = order_new(sim, QUEUE_DEFINE, queue);
		order->command.define.settings = (struct queue_settings){
			.is_fifo = is_fifo(queue),
			.visibility_ms = VISIBILITY_MS,
			.retention_ms = (int64_t)14 * 24 * 3600 * 1000,
		};
		order->command.define.counters = &sim->counters[queue - 1];
		queue_submit(sim->engine, &order->command);
	}
	for (size_t i = 0; i < 20; i++)
		turn(sim, true);
}

static void restart(struct sim *sim)
{
	sim->totals->restarts++;
	for (size_t lane = 0; lane < 2; lane++) {
		if (!sim->work[lane])
			continue;
		journal_work_run(sim->work[lane]);
		engine_work_end(sim->engine, sim->work[lane]);
		sim->work[lane] = NULL;
	}
	engine_free(&sim->engine);
	while (!list_is_empty(&sim->outstanding)) {
		struct order *order = container_of(sim->outstanding.next, struct order, link);
		list_remove(&order->link);
		heap_free(order);
	}
	disk_memory_crash(sim->disk, prng_next(&sim->prng));
	disk_memory_set_faults(sim->disk, (struct disk_faults){.syncs_lie = sim->is_canary});
	memset(sim->counters, 0, sizeof(sim->counters));
	start(sim);
}

static void drain(struct sim *sim)
{
	for (size_t round = 0; round < ROUNDS; round++) {
		if (round % 100 == 0)
			sim->now_ms += 2 * VISIBILITY_MS;
		size_t before = sim->handle_count;
		receive(sim, 1 + round % QUEUES);
		for (size_t i = 0; i < 4; i++)
			turn(sim, true);
		for (; before < sim->handle_count; before++)
			delete (sim, before % HANDLES);
		for (size_t i = 0; i < 4; i++)
			turn(sim, true);
	}
	for (size_t i = 0; i < sim->message_count; i++)
		if (sim->messages[i].state == STATE_SENT)
			violate(sim, "acknowledged and never delivered again", i);
}

static void disturb(struct sim *sim)
{
	struct disk_faults faults = {.syncs_lie = sim->is_canary};
	uint64_t after = 1 + prng_below(&sim->prng, 12);

	switch (prng_below(&sim->prng, 4)) {
	case 0:
		faults.fail_sync_after = after;
		break;
	case 1:
		faults.fail_write_after = after;
		break;
	default:
		faults.crash_after = after;
	}
	disk_memory_set_faults(sim->disk, faults);
}

static uint64_t run_seed(uint64_t seed, bool is_canary, struct totals *totals)
{
	struct sim *sim = heap_alloc(sizeof(*sim));

	sim->seed = seed;
	sim->totals = totals;
	sim->is_canary = is_canary;
	sim->now_ms = 1000000;
	prng_init(&sim->prng, seed);
	list_init(&sim->outstanding);
	sim->disk = disk_memory_new();
	disk_memory_set_faults(sim->disk, (struct disk_faults){.syncs_lie = is_canary});
	start(sim);
	for (sim->step = 0; sim->step < STEPS; sim->step++) {
		uint64_t choice = prng_below(&sim->prng, 100);
		if (choice < 45)
			send(sim);
		else if (choice < 70)
			receive(sim, 1 + prng_below(&sim->prng, QUEUES));
		else if (choice < 90 && sim->handle_count)
			delete (sim, prng_below(&sim->prng, sim->handle_count < HANDLES
								    ? sim->handle_count
								    : HANDLES));
		else if (choice < 92)
			sim->now_ms += (int64_t)prng_below(&sim->prng, 2 * VISIBILITY_MS);
		else if (choice < 94)
			queue_submit(sim->engine, &order_new(sim, QUEUE_CHECKPOINT, 0)->command);
		else if (choice == 94)
			disturb(sim);
		turn(sim, false);
		bool has_failed = engine_journal_stats(sim->engine).has_failed;
		totals->failures += has_failed;
		if (has_failed || disk_memory_has_crashed(sim->disk))
			restart(sim);
	}
	restart(sim);
	drain(sim);
	engine_free(&sim->engine);
	sim->disk->ops->free(sim->disk);
	uint64_t answers = sim->answers;
	heap_free(sim);
	return answers;
}

int main(int argc, char **argv)
{
	unsigned long long from = 1, to = 150;
	bool is_canary = false;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--seeds") &&
		    sscanf(argv[i + 1], "%llu-%llu", &from, &to) == 2)
			continue;
		is_canary = !strcmp(argv[i], "--canary") && !strcmp(argv[i + 1], "lost-sync");
		if (!is_canary) {
			fprintf(stderr, "usage: sim [--seeds FROM-TO] [--canary lost-sync]\n");
			return 2;
		}
	}
	base_init();
	struct totals totals = {0};
	for (unsigned long long seed = from; seed <= to; seed++) {
		uint64_t answers = run_seed(seed, is_canary, &totals);
		if (seed % 10 == 0 && run_seed(seed, is_canary, &totals) != answers) {
			printf("seed %llu: two runs, different answers\n", seed);
			return 1;
		}
	}
	printf("%llu sent, %llu received, %llu deleted, %llu restarts, %llu failed journals\n",
	       (unsigned long long)totals.sent, (unsigned long long)totals.received,
	       (unsigned long long)totals.deleted, (unsigned long long)totals.restarts,
	       (unsigned long long)totals.failures);
	printf("%llu passed, 0 failed\n", to - from + 1);
	return 0;
}
