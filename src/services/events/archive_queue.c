/* SPDX-License-Identifier: MIT */
/*
 * archive_queue: counters stay until the service stops, since the engine writes them until the drop
 * of their queue is done.
 */
#include "services/events/archive_queue.h"

#include <pthread.h>

#include "base/bytes.h"
#include "base/vec.h"
#include "core/engines.h"
#include "core/group.h"
#include "core/inner_queues.h"
#include "services/events/state.h"

enum { DAY_MS = 86400000 };
static const struct str serial_key = STR_INIT("events.next_archive");

struct row {
	uint64_t number;
	struct queue_counters *counters;
};

struct events_archive_queues {
	pthread_mutex_t mutex; /* of the rows; held for a search only */
	struct {
		struct row *items;
		size_t count, capacity;
	} rows;
};

struct events_archive_queues *events_archive_queues_new(void)
{
	struct events_archive_queues *queues = heap_alloc(sizeof(*queues));

	pthread_mutex_init(&queues->mutex, NULL);
	return queues;
}

void events_archive_queues_free(struct events_archive_queues **queues)
{
	if (!*queues)
		return;
	for (size_t i = 0; i < (*queues)->rows.count; i++)
		heap_free((*queues)->rows.items[i].counters);
	vec_done(&(*queues)->rows);
	pthread_mutex_destroy(&(*queues)->mutex);
	heap_free(*queues);
	*queues = NULL;
}

/* NULL: none. */
static struct queue_counters *find_counters(struct events_archive_queues *queues, uint64_t number)
{
	struct queue_counters *found = NULL;

	pthread_mutex_lock(&queues->mutex);
	for (size_t i = 0; i < queues->rows.count; i++)
		if (queues->rows.items[i].number == number)
			found = queues->rows.items[i].counters;
	pthread_mutex_unlock(&queues->mutex);
	return found;
}

static struct queue_counters *get_counters(struct events_archive_queues *queues, uint64_t number)
{
	struct queue_counters *counters = find_counters(queues, number);

	if (counters)
		return counters;
	counters = heap_alloc(sizeof(*counters));
	pthread_mutex_lock(&queues->mutex);
	vec_push(&queues->rows, (struct row){number, counters});
	pthread_mutex_unlock(&queues->mutex);
	return counters;
}

struct events_archive_counts events_archive_queue_counts(const struct core *core, uint64_t number)
{
	struct queue_counters *counters = find_counters(events_of(core)->archive_queues, number);

	if (!counters)
		return (struct events_archive_counts){0};
	return (struct events_archive_counts){
		.events = atomic_load_explicit(&counters->visible, memory_order_relaxed),
		.size = atomic_load_explicit(&counters->kept_bytes, memory_order_relaxed),
	};
}

/* ---- numbers ---- */

static enum err read_serial(struct core *core, uint64_t *out_serial)
{
	struct str value;

	*out_serial = 0;
	enum err err = catalog_begin(core->catalog, false);
	if (err)
		return err;
	err = catalog_get(core->catalog, CATALOG_META, serial_key, &value);
	if (!err && value.size == sizeof(uint64_t))
		*out_serial = get_u64(value.data);
	catalog_abort(core->catalog);
	return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err events_archive_queue_allocate(struct core *core, struct str account, uint64_t *out_number)
{
	uint64_t first = queue_number(QUEUE_KIND_BUS_ARCHIVES, 0);
	uint32_t place = engines_place_of_account(core, account);
	struct catalog_changes changes = {0};
	uint64_t serial;
	char value[sizeof(uint64_t)];

	enum err err = read_serial(core, &serial);
	if (err)
		return err;
	serial = engines_number(core, place, first + serial) - first;
	if (serial > UINT32_MAX)
		return ERR_FULL;
	put_u64(value, serial + 1);
	catalog_changes_put(&changes, CATALOG_META, serial_key, str_of(value, sizeof(value)));
	err = catalog_write(core->catalog, &changes);
	if (!err)
		*out_number = queue_number(QUEUE_KIND_BUS_ARCHIVES, (uint32_t)serial);
	return err;
}

enum err events_archive_queues_resolve(struct core *core)
{
	uint64_t serial;

	enum err err = read_serial(core, &serial);
	return err ? err : inner_queues_resolve(core, QUEUE_KIND_BUS_ARCHIVES, serial);
}

/* ---- the engine ---- */

static enum err submit(struct core *core, struct queue_command *command)
{
	command->now_ms = clock_now_ms();
	core_submit_and_wait(core, command);
	if (command->result == QUEUE_DISK_FULL)
		return ERR_FULL;
	return command->result == QUEUE_OK || command->result == QUEUE_NOT_FOUND ? ERR_OK
										 : ERR_CLOSED;
}

enum err events_archive_queue_define(struct core *core, uint64_t number, int64_t days)
{
	struct queue_command command = {
		.type = QUEUE_DEFINE,
		.queue = number,
		.define = {.settings = {.retention_ms =
						days > 0 && days < QUEUE_RETENTION_UNLIMITED /
										DAY_MS
							? days * DAY_MS
							: QUEUE_RETENTION_UNLIMITED},
			   .counters = get_counters(events_of(core)->archive_queues, number)},
	};

	return submit(core, &command);
}

struct later {
	struct core_commit commit;
	uint64_t number;
	int64_t days;
	bool is_drop, is_durable;
};

static void committed(struct core *core, struct core_commit *commit, enum err result)
{
	struct later *later = container_of(commit, struct later, commit);

	(void)core;
	later->is_durable = result == ERR_OK;
}

static enum err finish(struct core *core, struct core_commit *commit)
{
	struct later *later = container_of(commit, struct later, commit);
	struct queue_command drop = {.type = QUEUE_DROP, .queue = later->number};
	enum err err = ERR_OK;

	/* A drop that fails is made up for at the next start. */
	if (later->is_durable && later->is_drop)
		(void)submit(core, &drop);
	else if (later->is_durable)
		err = events_archive_queue_define(core, later->number, later->days);
	heap_free(later);
	return err;
}

enum err events_archive_queue_later(struct core *core, uint64_t number, int64_t days, bool is_drop)
{
	struct later *later = heap_alloc(sizeof(*later));

	later->commit.run = committed;
	later->commit.finish = finish;
	later->number = number;
	later->days = days;
	later->is_drop = is_drop;
	return core_on_commit(core, &later->commit);
}
