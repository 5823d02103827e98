/* SPDX-License-Identifier: MIT */
/*
 * audit: reads all queues after a start, when no command is outstanding, and decides what the model
 * did not know.
 *
 * A message that is not there never comes back. If a fan-out without an answer deletes a message,
 * one of its own messages is the witness: it would be there if the fan-out had happened. So the
 * deleted message must be there if the witness is not. An audit that the disk interrupts decides
 * nothing.
 */
#include "queue/sim/sim_private.h"

/* ---- the model ---- */

void model_audit_begin(struct model *model)
{
	for (size_t i = 0; i < model->message_count; i++)
		model->messages[i].seen = model->messages[i].seen_slots = 0;
}

void model_audit_saw(struct model *model, size_t message, size_t slot)
{
	model->messages[message].seen++;
	model->messages[message].seen_slots |= 1u << slot;
}

/* Slots 2, 3 and 6 may be dropped, so that a fan-out skips them. */
static bool is_witness(const struct model *model, size_t message, int64_t now_ms)
{
	const struct model_message *m = &model->messages[message];
	bool may_be_skipped = m->sent_slot == 2 || m->sent_slot == 3 || m->sent_slot == 6;

	return m->state == MODEL_MAYBE && !m->may_be_refused && !m->maybe_gone && !may_be_skipped &&
	       !model_is_expired(model, message, now_ms);
}

static bool has_witness(const struct model *model, size_t first, int64_t now_ms)
{
	for (size_t i = first; i < first + model->messages[first].fanout_count; i++)
		if (is_witness(model, i, now_ms))
			return true;
	return false;
}

/* A message that was seen was sent, and the rest of its fan-out happened, too. */
static void accept_seen(struct model *model)
{
	for (size_t i = 0; i < model->message_count; i++) {
		struct model_message *m = &model->messages[i];
		if (!m->seen || m->state != MODEL_MAYBE)
			continue;
		if (m->fanout_count)
			model_fanout_happened(model, m->fanout);
		m->state = MODEL_SENT;
	}
}

/* A fan-out whose witness was not seen did not happen. Without a witness, the deleted message may
 * be gone. Returns how many are decided. */
static size_t decide_fanouts(struct model *model, int64_t now_ms)
{
	size_t decided = 0;

	for (size_t i = 0; i < model->message_count; i++)
		model->messages[i].maybe_answered = false;
	for (size_t i = 0; i < model->message_count; i++) {
		struct model_message *m = &model->messages[i];
		if (!m->is_unanswered)
			continue;
		struct model_message *deleted = &model->messages[m->fanout_delete];
		bool is_decided = deleted->state == MODEL_GONE || has_witness(model, i, now_ms);
		m->is_unanswered = false;
		deleted->maybe_gone |= !is_decided;
		decided += is_decided;
	}
	return decided;
}

static void check_message(struct model *model, size_t message, int64_t now_ms)
{
	struct model_message *m = &model->messages[message];
	bool is_obligation = m->sent_slot >= ORDINARY_SLOTS;

	if (m->seen > 1)
		model_violate(model, "a message is there twice", message);
	if (m->seen && m->state == MODEL_REFUSED)
		model_violate(model, "there, though its send did not happen", message);
	if (m->seen && m->state == MODEL_GONE)
		model_violate(model, "there, and also deleted or answered", message);
	if (m->seen && (m->seen_slots & ~m->slots))
		model_violate(model, "there in another queue", message);
	if (!m->seen && model_is_certain(model, message, now_ms))
		model_violate(model, is_obligation ? "an obligation is lost" : "a message is lost",
			      message);
	if (m->seen)
		m->maybe_gone = false;
	else if (m->state == MODEL_MAYBE)
		m->state = MODEL_REFUSED;
	else if (m->state == MODEL_SENT && !model_is_expired(model, message, now_ms))
		m->state = MODEL_GONE;
}

static bool has_happened(const struct model *model, size_t first)
{
	for (size_t i = first; i < first + model->messages[first].fanout_count; i++)
		if (model->messages[i].state == MODEL_SENT)
			return true;
	return false;
}

/* A message is answered by one fan-out at most. */
static void check_answers(struct model *model)
{
	uint8_t answers[MESSAGES] = {0};

	for (size_t i = 0; i < model->message_count; i++) {
		const struct model_message *m = &model->messages[i];
		if (!m->fanout_count || m->fanout != i || m->fanout_delete == SIZE_MAX ||
		    !has_happened(model, i))
			continue;
		if (answers[m->fanout_delete]++)
			model_violate(model, "an obligation was answered twice", m->fanout_delete);
	}
}

size_t model_audit_end(struct model *model, int64_t now_ms)
{
	accept_seen(model);
	size_t decided = decide_fanouts(model, now_ms);
	for (size_t i = 0; i < model->message_count; i++)
		check_message(model, i, now_ms);
	check_answers(model);
	return decided;
}

/* ---- reading ---- */

void audit_page(struct sim *sim, const struct order *order)
{
	const struct queue_command *command = &order->command;

	sim->page.is_answered = true;
	sim->page.has_failed |= command->result != QUEUE_OK;
	if (command->result)
		return;
	sim->page.has_more = command->browse.has_more;
	sim->page.last_seq = command->browse.last_seq;
	for (size_t i = 0; i < command->browse.count; i++) {
		struct queue_message read;
		struct buf buffer = {0};
		if (queue_read_message(sim->engine, order->deliveries[i].location, &buffer,
				       &read)) {
			sim->page.has_failed = true;
		} else {
			size_t message = model_find(&sim->model, order->slot, read.payload);
			if (message == SIZE_MAX)
				sim_violate(sim, "there, and nobody sent it");
			model_audit_saw(&sim->model, message, order->slot);
		}
		buf_done(&buffer);
		queue_delivery_done(sim->engine, &order->deliveries[i]);
	}
}

static bool read_slot(struct sim *sim, size_t slot)
{
	sim->page.last_seq = 0;
	do {
		struct order *order = order_new(sim, QUEUE_BROWSE, slot);
		order->is_audit = true;
		order->command.browse.from_seq = sim->page.last_seq;
		order->command.browse.max = 100;
		order->command.browse.deliveries = order->deliveries;
		sim->page.is_answered = sim->page.has_failed = sim->page.has_more = false;
		queue_submit(sim->engine, &order->command);
		for (size_t i = 0; i < 500 && !sim->page.is_answered; i++)
			sim_turn(sim, true);
		if (sim_is_broken(sim))
			return false;
		if (!sim->page.is_answered)
			sim_violate(sim, "a page has no answer");
		if (sim->page.has_failed)
			sim_violate(sim, "a queue cannot be read");
	} while (sim->page.has_more);
	return true;
}

void audit_run(struct sim *sim)
{
	model_audit_begin(&sim->model);
	for (size_t slot = 0; slot < SLOTS; slot++)
		if (!read_slot(sim, slot))
			return;
	sim->totals->fanouts_decided += model_audit_end(&sim->model, sim->now_ms);
	sim->totals->audits++;
	sim_judge(sim);
}
