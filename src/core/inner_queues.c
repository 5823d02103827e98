/* SPDX-License-Identifier: MIT */
/* inner_queues: collects first, since a visitor of the engine's queues must not change them. */
#include "core/inner_queues.h"

#include "core/runner.h"
#include "core/seal/seal.h"

static_assert(QUEUE_INTERNAL_FIRST == SEAL_SUBJECT_INTERNAL, "subjects of seals are numbers");

struct found {
	uint64_t *items;
	size_t count, capacity;
	uint64_t messages;
};

struct visit {
	enum queue_kind kind;
	uint64_t next_serial;
	struct found deleted, unknown;
};

static void look_at(void *context, const struct queue_summary *queue)
{
	struct visit *visit = context;

	if (queue->is_defined || !queue_number_is_of(queue->number, visit->kind))
		return;
	struct found *found = queue_number_serial(queue->number) < visit->next_serial
				      ? &visit->deleted
				      : &visit->unknown;
	vec_push(found, queue->number);
	found->messages += queue->messages;
}

static enum err drop(struct core *core, const struct found *found)
{
	for (size_t i = 0; i < found->count; i++) {
		struct queue_command command = {
			.type = QUEUE_DROP, .queue = found->items[i], .now_ms = clock_now_ms()};
		core_submit_and_wait(core, &command);
		if (command.result == QUEUE_DISK_FULL)
			return ERR_FULL;
		if (command.result != QUEUE_OK && command.result != QUEUE_NOT_FOUND)
			return ERR_IO;
	}
	return ERR_OK;
}

static void log_found(const char *text, enum queue_kind kind, const struct found *found)
{
	log_event(LOG_WARN, text, log_i64("kind", kind), log_i64("queues", (int64_t)found->count),
		  log_i64("messages", (int64_t)found->messages));
}

enum err inner_queues_resolve(struct core *core, enum queue_kind kind, uint64_t next_serial)
{
	struct visit visit = {.kind = kind, .next_serial = next_serial};

	for (uint32_t i = 0; i < core->engine_count; i++)
		engine_each_queue(core->engines[i], look_at, &visit);
	enum err err = drop(core, &visit.deleted);
	if (!err && visit.deleted.count > 0)
		log_found("deletions that a crash interrupted were completed", kind,
			  &visit.deleted);
	if (!err && visit.unknown.count > 0 && core->drops_unknown_queues) {
		err = drop(core, &visit.unknown);
		if (!err)
			log_found("messages of unknown internal queues were dropped", kind,
				  &visit.unknown);
	} else if (!err && visit.unknown.count > 0) {
		log_found("the log has internal queues that the catalog does not know: nobody can "
			  "read them; --drop-unknown-queues deletes them",
			  kind, &visit.unknown);
	}
	vec_done(&visit.deleted);
	vec_done(&visit.unknown);
	return err;
}
