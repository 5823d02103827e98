/* SPDX-License-Identifier: MIT */
/*
 * obligation: treats obligations as src/deliver does.
 *
 * An obligation is received, and then retried, deleted after its success, deleted by the fan-out
 * that delivers it to a local queue, replaced by another one, or moved to a dead-letter queue with
 * another payload. A crash may follow at once. Fan-outs of orders.c put obligations into their
 * queues beside other messages.
 */
#include "queue/sim/canary.h"
#include "queue/sim/sim_private.h"

/* A handle of an obligation that waits for its end; now and then an old one. SIZE_MAX: none. */
static size_t some_obligation(struct sim *sim)
{
	size_t count = sim->handle_count < HANDLES ? sim->handle_count : HANDLES;
	size_t start = count ? sim_below(sim, count) : 0;
	bool is_any = sim_below(sim, 8) == 0;

	for (size_t i = 0; i < count; i++) {
		size_t place = (start + i) % count;
		const struct queue_handle *handle = &sim->handles[place];
		const struct model_message *m = &sim->model.messages[sim->handle_messages[place]];
		if (queue_number_is_of(handle->queue, QUEUE_KIND_OBLIGATIONS) &&
		    (is_any || (m->state == MODEL_SENT && m->handle.receive == handle->receive)))
			return place;
	}
	return SIZE_MAX;
}

static void crash_soon(struct sim *sim)
{
	if (sim->full_until_ms || sim_below(sim, 4))
		return;
	disk_memory_set_faults(sim->disk, (struct disk_faults){
						  .crash_after = 1 + sim_below(sim, 4),
						  .syncs_lie = canary == CANARY_LOST_SYNC,
					  });
	sim->has_faults = true;
}

void obligation_act(struct sim *sim)
{
	static const size_t dead_letters[] = {1, 5};
	size_t internal = sim_below(sim, 2) ? OBLIGATIONS : OBLIGATIONS_FIFO;
	size_t place = some_obligation(sim);
	uint64_t choice = sim_below(sim, 10);

	if (place == SIZE_MAX || choice < 2) {
		order_receive(sim, internal);
		return;
	}
	if (choice == 2)
		order_set_visibility(sim, place);
	else if (choice == 3)
		order_delete(sim, place);
	else if (choice < 7)
		order_answer_by(sim, place, 1u << sim_below(sim, ORDINARY_SLOTS));
	else if (choice < 9)
		order_answer_by(sim, place, 1u << dead_letters[sim_below(sim, 2)]);
	else
		order_answer_by(sim, place, 1u << internal);
	crash_soon(sim);
}
