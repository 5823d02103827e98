/* SPDX-License-Identifier: MIT */
/*
 * archive: fan-outs through a gate, and pages of its archive.
 *
 * An acknowledged message is on every page that covers its seq and its time, until its retention is
 * over; a refused one and a duplicate never are. The gate recognizes duplicates for all targets, in
 * its window only, and its numbers ascend.
 */
#include "queue/sim/sim_private.h"

#include <string.h>

#include "queue/sim/canary.h"

#define ARCHIVE (queue_number(QUEUE_KIND_TOPICS, 1))

enum { RETENTION_MS = 400000 };

bool archive_is_target(const struct queue_target *target)
{
	return target->queue == ARCHIVE;
}

/* ---- orders ---- */

void archive_define(struct sim *sim)
{
	struct order *order = order_new(sim, QUEUE_DEFINE, 0);

	order->command.queue = ARCHIVE;
	order->command.define.settings = (struct queue_settings){.retention_ms = RETENTION_MS};
	order->command.define.counters = &sim->archive_counters;
	queue_submit(sim->engine, &order->command);
}

/* Its messages are the shared bytes of the fan-outs. */
void archive_join(struct sim *sim, struct order *order, size_t first, size_t shared_size)
{
	struct fanout *fanout = order->fanout;
	size_t index = order->command.fanout.count++;
	struct model_archived *archived = &sim->model.archived[first];
	uint64_t last = sim->model.gate_number;

	order->gate_key = sim_below(sim, KEYS);
	fanout->gate = (struct queue_gate){.queue = ARCHIVE, .group = 1 + sim_below(sim, 2)};
	fanout->gate.dedup[0] = (uint8_t)order->gate_key;
	if (sim_below(sim, 2))
		fanout->gate.number = last + sim_below(sim, 5);
	order->command.fanout.gate = &fanout->gate;
	fanout->gate_number = fanout->gate.number;
	*archived = (struct model_archived){
		.is_there = true, .size = shared_size, .sent_ms = sim->now_ms};
	fanout->targets[index] = (struct queue_target){.queue = ARCHIVE};
	fanout->messages[index] = SIZE_MAX;
	order->command.fanout.shared = model_shared(&sim->model, first, fanout->shared_payload);
}

void archive_browse(struct sim *sim)
{
	struct order *order = order_new(sim, QUEUE_BROWSE, 0);

	order->command.queue = ARCHIVE;
	order->command.browse.from_seq =
		sim_below(sim, 2) ? sim_below(sim, sim->model.gate_number + 1) : 0;
	if (sim_below(sim, 2)) {
		order->from_ms = sim->now_ms - (int64_t)sim_below(sim, RETENTION_MS);
		order->wall_offset_ms = sim->wall_offset_ms;
		order->command.browse.from_ms = order->from_ms + sim->wall_offset_ms;
	}
	order->command.browse.max = (uint32_t)(1 + sim_below(sim, 100));
	order->command.browse.deliveries = order->deliveries;
	queue_submit(sim->engine, &order->command);
}

/* ---- answers ---- */

static void take_gate(struct sim *sim, const struct order *order)
{
	struct model *model = &sim->model;
	const struct fanout *fanout = order->fanout;
	struct model_key *known = &model->gate_keys[order->gate_key];
	int64_t latest_ms = model->latest_ms > sim->now_ms ? model->latest_ms : sim->now_ms;
	size_t id;

	memcpy(&id, fanout->gate.id, sizeof id);
	if (fanout->gate.is_duplicate) {
		if (known->is_known && known->message != id)
			sim_violate(sim, "the gate takes a message for another one");
		if (known->is_known && order->now_ms >= known->answered_ms + LIMIT_DEDUPLICATION_MS)
			sim_violate(sim, "the gate takes for a duplicate after five minutes");
		return;
	}
	if (known->is_known && latest_ms < known->asked_ms + LIMIT_DEDUPLICATION_MS)
		sim_violate(sim, "a duplicate passed the gate");
	if (fanout->gate.number <= model->gate_number)
		sim_violate(sim, "the numbers of a gate do not ascend");
	if (fanout->gate_number && fanout->gate.number != fanout->gate_number)
		sim_violate(sim, "the gate gave another number");
	model->gate_number = fanout->gate.number;
	*known = (struct model_key){.is_known = true,
				    .message = id,
				    .asked_ms = order->now_ms,
				    .answered_ms = sim->now_ms};
}

void archive_answered(struct sim *sim, const struct order *order, size_t first)
{
	struct model_archived *archived = &sim->model.archived[first];
	enum queue_result result = order->command.result;

	if (result == QUEUE_OUT_OF_ORDER &&
	    order->fanout->gate.number <= order->fanout->gate_number)
		sim_violate(sim, "the gate refuses a number without need");
	bool has_passed = result == QUEUE_OK && !order->fanout->gate.is_duplicate;
	if (result == QUEUE_OK)
		take_gate(sim, order);
	sim->totals->gate_duplicates += result == QUEUE_OK && !has_passed;
	archived->state = has_passed ? MODEL_SENT : MODEL_REFUSED;
	archived->seq = has_passed ? order->fanout->gate.number : 0;
	archived->since = sim->orders;
}

void archive_lost(struct sim *sim, const struct order *order)
{
	sim->model.gate_keys[order->gate_key].is_known = false;
}

/* The message at `index` of the page; it is shown. */
static void take_entry(struct sim *sim, const struct order *order, size_t index)
{
	const struct queue_delivery *delivery = &order->deliveries[index];
	struct model *model = &sim->model;
	struct queue_message read;
	struct buf buffer = {0};
	char room[PAYLOAD_MAX];

	if (queue_read_message(sim->engine, delivery->location, &buffer, &read)) {
		if (!disk_memory_has_crashed(sim->disk))
			sim_violate(sim, "an archived message cannot be read");
		buf_done(&buffer);
		return;
	}
	size_t first = model_first(model, read.payload);
	if (first == SIZE_MAX || !model->archived[first].is_there)
		sim_violate(sim, "archived, and nobody sent it");
	struct model_archived *archived = &model->archived[first];
	if (!str_equal(model_shared(model, first, room), read.payload))
		sim_violate(sim, "an archived payload changed");
	if (archived->state == MODEL_REFUSED)
		sim_violate(sim, "archived though its fan-out was refused or a duplicate");
	if (archived->seq && archived->seq != delivery->handle.seq)
		sim_violate(sim, "an archived message has another seq");
	if (order->latest_ms >= archived->sent_ms + TURN_MS + RETENTION_MS)
		sim_violate(sim, "shown after its retention");
	if (order->from_ms && order->wall_offset_ms == sim->wall_offset_ms && !model->was_full &&
	    archived->sent_ms + TURN_MS < order->from_ms - 2 * CLOCK_SLACK_MS)
		sim_violate(sim, "shown though it is older than the page");
	if (archived->state == MODEL_MAYBE) {
		archived->state = MODEL_SENT;
		archived->seq = delivery->handle.seq;
		archived->since = sim->orders;
		model_fanout_happened(model, first);
	}
	sim_mix(sim, first);
	buf_done(&buffer);
}

static bool page_has(const struct order *order, uint64_t seq)
{
	for (size_t i = 0; i < order->command.browse.count; i++)
		if (order->deliveries[i].handle.seq == seq)
			return true;
	return false;
}

static void check_gaps(struct sim *sim, const struct order *order)
{
	const struct queue_command *command = &order->command;
	uint64_t last = command->browse.has_more ? command->browse.last_seq : UINT64_MAX;
	bool is_by_time = order->from_ms != 0;

	/* The engine cannot load what it does not have in memory. */
	if (disk_memory_has_crashed(sim->disk))
		return;
	if (is_by_time && (order->wall_offset_ms != sim->wall_offset_ms || sim->model.was_full))
		return;
	for (size_t i = 0; i < sim->model.message_count; i++) {
		const struct model_archived *archived = &sim->model.archived[i];
		bool is_due = archived->is_there && archived->state == MODEL_SENT &&
			      archived->seq > command->browse.from_seq && archived->seq <= last &&
			      archived->since < order->serial &&
			      archived->sent_ms >= order->from_ms &&
			      sim->model.latest_ms < archived->sent_ms + RETENTION_MS;
		if (is_due && !page_has(order, archived->seq))
			sim_violate(sim, "an archived message is missing on its page");
	}
}

void archive_page(struct sim *sim, const struct order *order)
{
	uint64_t seq = order->command.browse.from_seq;

	for (size_t i = 0; i < order->command.browse.count; i++) {
		if (order->deliveries[i].handle.seq <= seq)
			sim_violate(sim, "a page of the archive is not in order");
		seq = order->deliveries[i].handle.seq;
		take_entry(sim, order, i);
	}
	check_gaps(sim, order);
	for (size_t i = 0; i < order->command.browse.count; i++)
		queue_delivery_done(sim->engine, &order->deliveries[i]);
	sim->totals->archived_shown += order->command.browse.count;
}
