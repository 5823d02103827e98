/* SPDX-License-Identifier: MIT */
/* gate: commands to the engine follow the sync of the catalog (core/group.h). */
#include "services/sns/gate.h"

#include "core/engines.h"
#include "core/group.h"

static const struct str next_serial_key = STR_INIT("sns.next_topic_serial");
#define DAY_MS 86400000

void sns_gate_allocate(struct core *core, struct catalog_changes *changes, struct topic *draft)
{
	struct sns *sns = sns_of(core);
	uint32_t place = engines_place_of_account(core, draft->account);
	uint64_t least = queue_number(QUEUE_KIND_TOPICS, sns->next_serial);
	struct buf text = {0};

	draft->serial = queue_number_serial(engines_number(core, place, least));
	sns->next_serial = draft->serial + 1;
	buf_append_u64(&text, sns->next_serial);
	catalog_changes_put(changes, CATALOG_META, next_serial_key, buf_str(&text));
	buf_done(&text);
}

static struct queue_command define_command(const struct topic *topic)
{
	return (struct queue_command){
		.type = QUEUE_DEFINE,
		.queue = sns_gate_queue(topic),
		.now_ms = clock_now_ms(),
		.define =
			{
				.settings =
					{
						.is_fifo = true,
						.retention_ms = (topic->archive_days > 0
									 ? topic->archive_days
									 : 1) *
								DAY_MS,
						.dedup_per_group =
							str_equal(topic->throughput_scope,
								  STR("MessageGroup")),
						.label = topic->arn,
					},
				.counters = &topic->life->queue,
			},
	};
}

/* ---- after the sync ---- */

struct gate_commit {
	struct core_commit commit;
	const struct topic *topic; /* held */
	bool is_new, is_drop;
	struct queue_command command;
	struct core_wait *wait; /* NULL: the sync failed */
};

static void submit(struct core *core, struct core_commit *commit, enum err result)
{
	struct gate_commit *mine = container_of(commit, struct gate_commit, commit);

	if (result) {
		if (mine->is_new) /* the engine's reference */
			sns_topic_life_release(mine->topic->life);
		return;
	}
	mine->command = define_command(mine->topic);
	if (mine->is_drop)
		mine->command = (struct queue_command){.type = QUEUE_DROP,
						       .queue = sns_gate_queue(mine->topic),
						       .now_ms = clock_now_ms()};
	mine->wait = core_submit(core, &mine->command);
}

static enum err await(struct core *core, struct core_commit *commit)
{
	struct gate_commit *mine = container_of(commit, struct gate_commit, commit);
	enum err err = ERR_OK;

	if (mine->wait) {
		core_wait_for(core, mine->wait);
		if (mine->command.result != QUEUE_OK)
			err = mine->command.result == QUEUE_DISK_FULL ? ERR_FULL : ERR_CLOSED;
		/* An engine that refuses a drop has failed or stops; the next start drops it. */
		if (mine->is_drop) {
			if (!err)
				sns_topic_life_release(mine->topic->life);
			err = ERR_OK;
		}
	}
	sns_topic_release(mine->topic);
	heap_free(mine);
	return err;
}

static enum err on_commit(struct core *core, const struct topic *topic, bool is_new, bool is_drop)
{
	struct gate_commit *commit = heap_alloc(sizeof(*commit));

	commit->commit.run = submit;
	commit->commit.finish = await;
	commit->topic = sns_topic_hold(topic);
	commit->is_new = is_new;
	commit->is_drop = is_drop;
	return core_on_commit(core, &commit->commit);
}

enum err sns_gate_define(struct core *core, const struct topic *topic, bool is_new)
{
	/* The engine's own reference, returned when it has dropped the queue. */
	if (is_new)
		atomic_fetch_add(&topic->life->references, 1);
	return on_commit(core, topic, is_new, false);
}

enum err sns_gate_drop(struct core *core, const struct topic *topic)
{
	return on_commit(core, topic, false, true);
}

/* ---- numbers ---- */

/* Numbers follow the clock, so that those of another start of the server are lower. */
uint64_t sns_gate_next(struct sns_topic_life *life)
{
	uint64_t least = (uint64_t)clock_now_ms() * 1000;
	uint64_t last = atomic_load(&life->sequence);
	uint64_t next;

	do {
		next = last + 1 > least ? last + 1 : least;
	} while (!atomic_compare_exchange_weak(&life->sequence, &last, next));
	return next;
}

void sns_gate_raise(struct sns_topic_life *life, uint64_t least)
{
	uint64_t last = atomic_load(&life->sequence);

	while (last + 1 < least && !atomic_compare_exchange_weak(&life->sequence, &last, least - 1))
		;
}

/* ---- start and end ---- */

struct loading {
	struct core *core;
	enum err err;
};

static bool define_one(void *context, const struct topic *topic)
{
	struct loading *loading = context;

	if (!topic->is_fifo)
		return true;
	if (topic->serial >= sns_of(loading->core)->next_serial)
		sns_of(loading->core)->next_serial = topic->serial + 1;
	struct queue_command command = define_command(topic);
	atomic_fetch_add(&topic->life->references, 1);
	core_submit_and_wait(loading->core, &command);
	if (command.result != QUEUE_OK)
		loading->err = ERR_CLOSED;
	return !loading->err;
}

static bool release_one(void *context, const struct topic *topic)
{
	(void)context;
	if (topic->is_fifo)
		sns_topic_life_release(topic->life);
	return true;
}

enum err sns_gates_load(struct core *core)
{
	struct loading loading = {.core = core};
	struct sns *sns = sns_of(core);
	struct str all = {0}, next;
	uint64_t serial = 0;

	enum err err = catalog_begin(core->catalog, false);
	if (err)
		return err;
	if (catalog_get(core->catalog, CATALOG_META, next_serial_key, &next) == ERR_OK &&
	    (!str_to_u64(next, &serial) || serial > UINT32_MAX))
		err = ERR_DAMAGED;
	catalog_abort(core->catalog);
	sns->next_serial = (uint32_t)serial;
	if (!err)
		sns_registry_each_topic(sns->registry, all, all, STR(""), define_one, &loading);
	if (!err)
		err = loading.err;
	return err ? err : inner_queues_resolve(core, QUEUE_KIND_TOPICS, sns->next_serial);
}

void sns_gates_release(struct core *core)
{
	struct str all = {0};

	sns_registry_each_topic(sns_of(core)->registry, all, all, STR(""), release_one, NULL);
}
