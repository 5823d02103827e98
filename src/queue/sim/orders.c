/* SPDX-License-Identifier: MIT */
/* orders: submits random commands, and records them in the model. */
#include "queue/sim/sim_private.h"

#include <string.h>

struct order *order_new(struct sim *sim, enum queue_command_type type, size_t slot)
{
	struct order *order = heap_alloc(sizeof(*order));

	order->sim = sim;
	order->slot = slot;
	order->command.type = type;
	order->command.queue = sim->model.slots[slot].number;
	order->command.now_ms = sim_wall_ms(sim);
	order->now_ms = sim->now_ms;
	order->command.done = order_answered;
	order->serial = ++sim->orders;
	order->latest_ms = sim->model.latest_ms;
	order->message_count = sim->model.message_count;
	list_push_back(&sim->outstanding, &order->link);
	return order;
}

size_t order_some_handle(struct sim *sim)
{
	return sim_below(sim, sim->handle_count < HANDLES ? sim->handle_count : HANDLES);
}

void order_define(struct sim *sim, size_t slot)
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

void order_change_delay(struct sim *sim)
{
	size_t slot = 4 + sim_below(sim, 3);

	sim->model.slots[slot].delay_ms = sim_below(sim, 2) ? (int64_t)sim_below(sim, 20000) : 0;
	order_define(sim, slot);
}

void order_send(struct sim *sim)
{
	size_t slot = sim_below(sim, SLOTS);
	const struct model_slot *model = &sim->model.slots[slot];

	if (sim->model.message_count + BATCH > MESSAGES)
		return;
	struct order *order = order_new(sim, QUEUE_SEND, slot);
	order->key = model->has_dedup && sim_below(sim, 3) ? sim_below(sim, KEYS) : KEYS;
	order->count = order->key < KEYS ? 1 : 1 + sim_below(sim, BATCH);
	for (size_t i = 0; i < order->count; i++) {
		struct queue_send *send = &order->sends[i];
		int64_t delay_ms =
			model->is_fifo || sim_below(sim, 8) ? 0 : (int64_t)sim_below(sim, 20000);
		send->group = model->is_fifo	  ? 1 + sim_below(sim, 3)
			      : model->has_groups ? sim_below(sim, 3)
						  : 0;
		size_t size = sizeof(size_t) + sim_below(sim, sim->size_max);
		size_t message =
			model_send(&sim->model, slot, send->group, size, sim->now_ms, delay_ms);
		sim->model.messages[message].sent_wall_ms = sim_wall_ms(sim);
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

static bool is_certain(struct sim *sim, size_t message, struct queue_handle handle);

/* The handle's message is deleted with the fan-out. */
static void add_delete(struct sim *sim, struct order *order, size_t place)
{
	struct fanout *fanout = order->fanout;

	fanout->deletes = true;
	fanout->handle = sim->handles[place];
	order->messages[0] = sim->handle_messages[place];
	order->command.queue = fanout->handle.queue;
	order->command.fanout.deletes = &fanout->handle;
	order->command.fanout.delete_count = 1;
	order->was_certain = is_certain(sim, order->messages[0], fanout->handle);
	model_delete_asked(&sim->model, order->messages[0]);
}

static void add_target(struct sim *sim, struct order *order, size_t slot, size_t shared_size)
{
	struct model_slot *model = &sim->model.slots[slot];
	size_t index = order->command.fanout.count++;
	struct queue_target *target = &order->fanout->targets[index];
	/* Slots whose messages never move to another queue. */
	bool may_share_all = slot == 2 || slot == 3 || slot == 6;
	size_t own_size =
		may_share_all && sim_below(sim, 2) ? 0 : sizeof(size_t) + sim_below(sim, 300);

	target->queue = model->number;
	target->is_whole = own_size > 0 && (slot >= ORDINARY_SLOTS || sim_below(sim, 5) == 0);
	target->group = model->is_fifo	    ? 1 + sim_below(sim, 3)
			: model->has_groups ? sim_below(sim, 3)
					    : 0;
	target->has_delay = !model->is_fifo && sim_below(sim, 8) == 0;
	target->delay_ms = target->has_delay ? (int64_t)sim_below(sim, 20000) : 0;
	target->has_dedup = model->has_dedup && sim_below(sim, 3);
	target->dedup[0] = (uint8_t)order->key;
	size_t message = model_send(&sim->model, slot, target->group,
				    own_size + (target->is_whole ? 0 : shared_size), sim->now_ms,
				    target->delay_ms);
	struct model_message *m = &sim->model.messages[message];
	m->is_whole = target->is_whole;
	m->may_be_refused = target->has_dedup;
	m->sent_wall_ms = sim_wall_ms(sim);
	order->fanout->messages[index] = message;
}

/* `place`: SIZE_MAX: it deletes nothing. */
static void fan_out(struct sim *sim, uint32_t slots, size_t place, bool may_join)
{
	size_t shared_size = sizeof(size_t) + sim_below(sim, sim->size_max / 2);
	size_t first = sim->model.message_count;

	if (first + SLOTS > MESSAGES)
		return;
	struct order *order = order_new(sim, QUEUE_FANOUT, 0);
	struct fanout *fanout = order->fanout = heap_alloc(sizeof(*fanout));
	order->key = sim_below(sim, KEYS);
	for (size_t slot = 0; slot < SLOTS; slot++)
		if (slots & 1u << slot)
			add_target(sim, order, slot, shared_size);
	bool deletes = place != SIZE_MAX;
	if (deletes)
		add_delete(sim, order, place);
	size_t count = order->command.fanout.count;
	model_fan_out(&sim->model, first, count, shared_size,
		      deletes ? order->messages[0] : SIZE_MAX);
	for (size_t i = 0; i < count; i++) {
		struct str payload =
			model_payload(&sim->model, fanout->messages[i], fanout->payloads[i]);
		bool is_whole = fanout->targets[i].is_whole;
		fanout->targets[i].own =
			str_slice(payload, is_whole ? 0 : shared_size, payload.size);
		if (!is_whole)
			order->command.fanout.shared = str_slice(payload, 0, shared_size);
	}
	if (may_join && count > 0 && sim_below(sim, 2))
		archive_join(sim, order, first, shared_size);
	count = order->command.fanout.count;
	if (sim_below(sim, 4) == 0) {
		fanout->targets[count].queue = 1000000;
		fanout->messages[count] = SIZE_MAX;
		order->command.fanout.count++;
	}
	memcpy(order->command.fanout.id, &first, sizeof first);
	order->command.fanout.targets = fanout->targets;
	queue_submit(sim->engine, &order->command);
}

void order_fan_out(struct sim *sim)
{
	uint32_t slots = (uint32_t)sim_below(sim, 1u << SLOTS);
	bool deletes = sim->handle_count && sim_below(sim, 3) == 0;

	fan_out(sim, slots, deletes ? order_some_handle(sim) : SIZE_MAX, true);
}

void order_answer_by(struct sim *sim, size_t place, uint32_t slots)
{
	fan_out(sim, slots, place, false);
}

void order_receive(struct sim *sim, size_t slot)
{
	struct order *order = order_new(sim, QUEUE_RECEIVE, slot);

	order->command.receive.max = (uint32_t)(1 + sim_below(sim, LIMIT_RECEIVE_MESSAGES));
	order->command.receive.deliveries = order->deliveries;
	if (sim_below(sim, 4) == 0)
		order->command.receive.wait_ms = (int64_t)sim_below(sim, 2000);
	if (sim->model.slots[slot].is_fifo && sim_below(sim, 3) == 0) {
		order->attempt = (uint8_t)(1 + sim_below(sim, ATTEMPTS));
		order->command.receive.has_attempt = true;
		order->command.receive.attempt[0] = order->attempt;
	} else if (sim_below(sim, 4) == 0) {
		order->visibility_ms = 1000 + (int64_t)sim_below(sim, 60000);
		order->command.receive.has_visibility = true;
		order->command.receive.visibility_ms = order->visibility_ms;
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

/* Receives of that slot that are not answered: they may have happened. */
static uint32_t receives_out(const struct sim *sim, size_t slot)
{
	uint32_t count = 0;

	for (const struct list *link = sim->outstanding.next; link != &sim->outstanding;
	     link = link->next) {
		const struct order *order = container_of(link, struct order, link);
		count += order->command.type == QUEUE_RECEIVE && order->slot == slot;
	}
	return count;
}

/* True if the handle must be good when a command with it is executed. */
static bool is_certain(struct sim *sim, size_t message, struct queue_handle handle)
{
	const struct model_message *m = &sim->model.messages[message];
	bool is_there = false;

	for (size_t slot = 0; slot < SLOTS; slot++) {
		const struct model_slot *s = &sim->model.slots[slot];
		/* A receive over the limit moves it to the dead-letter queue. */
		bool may_move = s->max_receive_count &&
				m->home_receives + receives_out(sim, slot) >= s->max_receive_count;
		is_there |= m->slots == 1u << slot && !m->is_loose && m->seq == handle.seq &&
			    s->number == handle.queue && !may_move;
	}
	/* A little time passes until it is executed. */
	return is_there && model_is_certain(&sim->model, message, sim->now_ms + 1000);
}

void order_delete(struct sim *sim, size_t place)
{
	struct order *order = change(sim, QUEUE_DELETE, place);

	order->was_certain = is_certain(sim, order->messages[0], order->change.handle);
	model_delete_asked(&sim->model, order->messages[0]);
	queue_submit(sim->engine, &order->command);
}

void order_set_visibility(struct sim *sim, size_t place)
{
	struct order *order = change(sim, QUEUE_VISIBILITY, place);
	int64_t visibility_ms = sim_below(sim, 3) ? (int64_t)sim_below(sim, 60000) : 0;

	order->change.visibility_ms = visibility_ms;
	order->visible_ms = visibility_ms ? sim->now_ms + visibility_ms : 0;
	model_visibility_asked(&sim->model, order->messages[0], order->visible_ms);
	queue_submit(sim->engine, &order->command);
}

void order_give_back(struct sim *sim, size_t place)
{
	struct order *order = change(sim, QUEUE_GIVE_BACK, place);

	model_give_back_asked(&sim->model, order->messages[0]);
	queue_submit(sim->engine, &order->command);
}

void order_purge_or_drop(struct sim *sim)
{
	static const size_t droppable[] = {2, 3, 6};
	bool drops = sim_below(sim, 3) == 0;
	size_t slot = drops ? droppable[sim_below(sim, 3)] : sim_below(sim, ORDINARY_SLOTS);
	struct order *order = order_new(sim, drops ? QUEUE_DROP : QUEUE_PURGE, slot);

	model_purge_asked(&sim->model, slot);
	queue_submit(sim->engine, &order->command);
	if (!drops)
		return;
	sim->model.slots[slot].number += SLOTS;
	order_define(sim, slot);
}

void order_redrive(struct sim *sim)
{
	size_t to = sim_below(sim, 2) ? 0 : 4;
	size_t from = sim->model.slots[to].dead_letters;
	struct order *order = order_new(sim, QUEUE_REDRIVE, from);

	model_redrive_asked(&sim->model, from, to, order->serial);
	order->command.redrive.to = sim->model.slots[to].number;
	order->command.redrive.max = (uint32_t)(1 + sim_below(sim, 200));
	order->command.redrive.random = prng_next(&sim->prng);
	queue_submit(sim->engine, &order->command);
}

void order_browse(struct sim *sim)
{
	struct order *order = order_new(sim, QUEUE_BROWSE, sim_below(sim, SLOTS));

	order->command.browse.from_seq = sim_below(sim, 50);
	order->command.browse.max = (uint32_t)(1 + sim_below(sim, 100));
	order->command.browse.deliveries = order->deliveries;
	queue_submit(sim->engine, &order->command);
}
