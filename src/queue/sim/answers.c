/* SPDX-License-Identifier: MIT */
/* answers: passes the engine's answers to the model. */
#include "queue/sim/sim_private.h"

#include <string.h>

#include "queue/sim/measure.h"

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
				   .visibility_ms = order->visibility_ms,
				   .batch_before = batch,
				   .batch_before_count = index};
	struct queue_message read;
	struct buf buffer = {0};

	batch[index] = SIZE_MAX;
	bool has_crashed = disk_memory_has_crashed(sim->disk);
	enum err err = queue_read_message(sim->engine, delivery->location, &buffer, &read);
	if (err && !has_crashed)
		sim_violate(sim, "a delivered message cannot be read");
	if (has_crashed) {
		/* The lease is durable, but its messages are unknown: some of them may still be in
		 * memory, and others not. */
		model_receive_lost(&sim->model, order->slot);
		buf_done(&buffer);
		return;
	}
	d.message = model_find(&sim->model, order->slot, read.payload);
	if (d.message == SIZE_MAX)
		sim_violate(sim, "a message that nobody sent");
	d.payload = read.payload;
	d.sent_wall_ms = read.sent_ms;
	batch[index] = d.message;
	model_delivered(&sim->model, &d);
	sim_mix(sim, d.message * 1000 + delivery->receive_count);
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
			sim_violate(sim, "a page is not in order");
		seq = delivery->handle.seq;
		if (!queue_read_message(sim->engine, delivery->location, &buffer, &read)) {
			message = model_find(&sim->model, order->slot, read.payload);
			if (message == SIZE_MAX)
				sim_violate(sim, "shown, and nobody sent it");
			if (sim->model.messages[message].state == MODEL_GONE)
				sim_violate(sim, "shown after its delete was acknowledged");
			sim_mix(sim, message);
		}
		buf_done(&buffer);
		queue_delivery_done(sim->engine, delivery);
	}
}

/* The message that an answer names, perhaps the known one of the order's deduplication id. */
static size_t message_of_id(const struct sim *sim, const struct order *order, const uint8_t id[16])
{
	const struct model_key *known = &sim->model.keys[order->key % KEYS];
	const struct model_message *m = &sim->model.messages[known->message];
	uint8_t fanout[16] = {0}, target[16];
	size_t number;

	memcpy(fanout, &m->fanout, sizeof m->fanout);
	queue_target_id(fanout, order->command.queue, target);
	if (m->fanout_count && !memcmp(target, id, sizeof target))
		return known->message;
	memcpy(&number, id, sizeof number);
	return number;
}

static void take_send(struct sim *sim, const struct order *order)
{
	for (size_t i = 0; i < order->count; i++) {
		struct queue_send send = order->sends[i];
		size_t first = message_of_id(sim, order, send.id);
		if (order->command.result)
			send.result = order->command.result;
		/* A failed journal may have kept it. */
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

static void take_target(struct sim *sim, const struct order *order, size_t index)
{
	const struct queue_target *target = &order->fanout->targets[index];
	size_t message = order->fanout->messages[index];
	struct queue_send send = {
		.result = target->result, .is_duplicate = target->is_duplicate, .seq = target->seq};
	struct model_key key = {.number = target->has_dedup ? order->key : KEYS,
				.message = message,
				.asked_ms = order->now_ms,
				.answered_ms = sim->now_ms};

	if (archive_is_target(target))
		return;
	if (message != SIZE_MAX && order->fanout->gate.is_duplicate && !order->command.result) {
		if (!target->is_duplicate)
			sim_violate(sim, "a target got what its gate refused");
		sim->model.messages[message].state = MODEL_REFUSED;
		return;
	}
	if (message == SIZE_MAX) {
		if (order->command.result == QUEUE_OK && order->fanout->gate.is_duplicate)
			return;
		if (order->command.result == QUEUE_OK && target->result != QUEUE_NOT_FOUND)
			sim_violate(sim, "sent to a queue that is not there");
		return;
	}
	if (order->command.result)
		send.result = order->command.result;
	/* The answer does not name the message that it repeats. */
	if (send.is_duplicate && sim->model.keys[order->key].is_known)
		key.message = sim->model.keys[order->key].message;
	model_send_answered(&sim->model, message, &send, &key);
	sim->totals->sent += send.result == QUEUE_OK;
	sim->totals->refused += send.result != QUEUE_OK;
}

/* A fan-out that deletes does nothing if none of its targets is there. */
static bool has_no_target(const struct order *order)
{
	for (size_t i = 0; i < order->command.fanout.count; i++)
		if (order->fanout->targets[i].result != QUEUE_NOT_FOUND)
			return false;
	return true;
}

void fanout_lost(struct sim *sim, const struct order *order)
{
	const struct fanout *fanout = order->fanout;
	/* If its gate says duplicate, only the delete happens. */
	bool has_message = order->command.fanout.count > 0 && !order->command.fanout.gate;

	model_send_lost(&sim->model, order->key);
	archive_lost(sim, order);
	if (fanout->deletes)
		model_fanout_lost(&sim->model, has_message ? fanout->messages[0] : SIZE_MAX,
				  order->messages[0]);
}

static void take_fanout_delete(struct sim *sim, const struct order *order, enum queue_result result)
{
	if (result == QUEUE_OK && sim->model.messages[order->messages[0]].state == MODEL_GONE)
		sim_violate(sim, "a fan-out answers a message that was gone");
	sim->totals->obligations_answered +=
		result == QUEUE_OK &&
		queue_number_is_of(order->command.queue, QUEUE_KIND_OBLIGATIONS);
	model_delete_answered(&sim->model, order->messages[0], result, order->was_certain);
}

static void take_fanout(struct sim *sim, const struct order *order)
{
	enum queue_result result = order->command.result;

	if (order->fanout->deletes && result == QUEUE_NOT_FOUND && !has_no_target(order))
		result = QUEUE_MESSAGE_GONE; /* the queue of the message was dropped */
	/* A failed journal may have kept it. */
	if (result == QUEUE_FAILED) {
		fanout_lost(sim, order);
		return;
	}
	if (order->fanout->deletes)
		take_fanout_delete(sim, order, result);
	if (order->command.fanout.gate)
		archive_answered(sim, order, order->fanout->messages[0]);
	for (size_t i = 0; i < order->command.fanout.count; i++)
		take_target(sim, order, i);
	sim->totals->fanouts += result == QUEUE_OK;
}

static void take_change(struct sim *sim, const struct order *order)
{
	struct queue_change change = order->change;

	if (order->command.result)
		change.result = order->command.result;
	if (order->command.result == QUEUE_NOT_FOUND)
		change.result = QUEUE_MESSAGE_GONE; /* its queue was dropped */
	sim_mix(sim, change.result);
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

void order_answered(struct queue_command *command)
{
	struct order *order = container_of(command, struct order, command);
	struct sim *sim = order->sim;

	turn_work.is_answering = true;
	sim_mix(sim, (uint64_t)command->type * 100 + (uint64_t)command->result);
	if (command->type == QUEUE_RECEIVE)
		take_receive(sim, order);
	else if (command->type == QUEUE_SEND)
		take_send(sim, order);
	else if (command->type == QUEUE_FANOUT)
		take_fanout(sim, order);
	else if (command->type == QUEUE_DELETE || command->type == QUEUE_VISIBILITY ||
		 command->type == QUEUE_GIVE_BACK)
		take_change(sim, order);
	else if (command->type == QUEUE_BROWSE && order->is_audit)
		audit_page(sim, order);
	else if (command->type == QUEUE_BROWSE && command->result == QUEUE_OK &&
		 queue_number_is_archive(command->queue))
		archive_page(sim, order);
	else if (command->type == QUEUE_BROWSE && command->result == QUEUE_OK)
		take_browse(sim, order);
	else if (command->type == QUEUE_PURGE || command->type == QUEUE_DROP)
		model_purge_answered(&sim->model, order->slot, order->message_count,
				     command->result);
	else if (command->type == QUEUE_REDRIVE)
		sim->totals->moved += command->redrive.moved;
	order_free(order);
	turn_work.is_answering = false;
	sim_judge(sim);
}
