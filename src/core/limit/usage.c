/* SPDX-License-Identifier: MIT */
/*
 * usage: a recorder's table is checked out while its thread counts: the thread exchanges the
 * pointer for NULL, which costs one locked instruction, and stores it back. The merging thread
 * exchanges a pointer that is not NULL for that of the recorder's spare table. So it is the only
 * reader of that table, and no thread that answers requests ever waits; the merging thread waits
 * for one request's count at most.
 */
#include "core/limit/usage.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { OUTCOMES = METER_THROTTLED + 1, RESOURCE_MAX = 256, CACHE_LINE = 64 };

struct series {
	struct usage_key key;
	struct usage_values values;
};

struct table {
	struct map map; /* of struct series */
	struct arena arena;
	size_t count_max;
	uint32_t operations;
	struct usage_values *folded; /* by operation and outcome: series without room */
};

struct usage_recorder {
	_Atomic(struct table *) current;	      /* NULL: the thread counts */
	struct table *spare;			      /* the merging thread's; empty */
	char unused[CACHE_LINE - 2 * sizeof(void *)]; /* threads share no line */
};

struct usage_minute {
	_Atomic uint32_t references;
	uint64_t sequence;
	int64_t start_ms;
	struct table *table;
};

struct usage {
	uint32_t threads, operations;
	struct usage_recorder *recorders;
	pthread_mutex_t mutex; /* for the rest */
	struct usage_minute *minutes[LIMIT_USAGE_MINUTES];
	uint64_t sequence; /* of the last merge that had something */
	struct usage_stats stats;
};

/* ---- tables ---- */

static struct table *table_new(uint32_t operations, size_t count_max)
{
	struct table *table = heap_alloc(sizeof(*table));

	table->operations = operations;
	table->count_max = count_max;
	table->folded = heap_alloc((size_t)operations * OUTCOMES * sizeof(*table->folded));
	arena_init(&table->arena);
	return table;
}

static void table_free(struct table *table)
{
	map_done(&table->map);
	arena_done(&table->arena);
	heap_free(table->folded);
	heap_free(table);
}

static void table_empty(struct table *table)
{
	map_done(&table->map);
	arena_reset(&table->arena);
	memset(table->folded, 0, (size_t)table->operations * OUTCOMES * sizeof(*table->folded));
}

/* Most resources name their account and region, so these are not hashed beside one. */
static uint64_t hash_of(const struct usage_key *key)
{
	uint64_t hash = key->resource.size > 0 ? str_hash(key->resource)
					       : str_hash(key->account) ^ str_hash(key->region) * 3;

	return hash ^
	       ((uint64_t)key->operation * OUTCOMES + key->outcome + 1) * 0x9e3779b97f4a7c15u;
}

static bool has_key(const void *value, const void *key)
{
	const struct usage_key *a = &((const struct series *)value)->key, *b = key;

	return a->operation == b->operation && a->outcome == b->outcome &&
	       str_equal(a->resource, b->resource) && str_equal(a->account, b->account) &&
	       str_equal(a->region, b->region);
}

static struct usage_values *folded(struct table *table, const struct usage_key *key)
{
	return &table->folded[(size_t)key->operation * OUTCOMES + key->outcome];
}

/* The key's values; the folded ones if the key is new and the table is full. */
static struct usage_values *values_of(struct table *table, const struct usage_key *key)
{
	uint64_t hash = hash_of(key);
	struct series *series = map_find(&table->map, hash, has_key, key);

	if (series)
		return &series->values;
	if (table->map.count >= table->count_max)
		return folded(table, key);
	series = arena_new(&table->arena, struct series);
	series->key = (struct usage_key){
		arena_copy(&table->arena, key->account), arena_copy(&table->arena, key->region),
		arena_copy(&table->arena, key->resource), key->operation, key->outcome};
	map_insert(&table->map, hash, series);
	return &series->values;
}

static void add(struct usage_values *to, const struct usage_values *from)
{
	to->requests += from->requests;
	to->chunks += from->chunks;
	to->bytes += from->bytes;
}

/* The requests that were added; also those of them that had no room at first or now. */
static void table_add(struct table *to, const struct table *from, struct usage_stats *stats)
{
	size_t cursor = 0;
	struct series *series;

	while ((series = map_next(&from->map, &cursor)) != NULL) {
		struct usage_values *values = values_of(to, &series->key);
		stats->requests += series->values.requests;
		if (values == folded(to, &series->key))
			stats->folded += series->values.requests;
		add(values, &series->values);
	}
	for (size_t i = 0; i < (size_t)from->operations * OUTCOMES; i++) {
		stats->requests += from->folded[i].requests;
		stats->folded += from->folded[i].requests;
		add(&to->folded[i], &from->folded[i]);
	}
}

/* ---- recording ---- */

struct usage *usage_new(uint32_t threads, uint32_t operations)
{
	struct usage *usage = heap_alloc(sizeof(*usage));

	check(threads > 0);
	check(operations > 0);
	check(pthread_mutex_init(&usage->mutex, NULL) == 0);
	usage->threads = threads;
	usage->operations = operations;
	usage->recorders = heap_alloc(threads * sizeof(*usage->recorders));
	for (uint32_t i = 0; i < threads; i++) {
		usage->recorders[i].current = table_new(operations, LIMIT_USAGE_SERIES);
		usage->recorders[i].spare = table_new(operations, LIMIT_USAGE_SERIES);
	}
	return usage;
}

struct usage_recorder *usage_recorder(struct usage *usage, uint32_t thread)
{
	check(thread < usage->threads);
	return &usage->recorders[thread];
}

struct usage_values usage_values_of(uint64_t bytes)
{
	uint64_t chunks = (bytes + USAGE_CHUNK_SIZE - 1) / USAGE_CHUNK_SIZE;

	return (struct usage_values){1, chunks > 0 ? chunks : 1, bytes};
}

void usage_record_many(struct usage_recorder *recorder, const struct usage_key *key,
		       const struct usage_values *values)
{
	struct table *table =
		atomic_exchange_explicit(&recorder->current, NULL, memory_order_acquire);

	check(table); /* one thread a recorder */
	check(key->operation < table->operations);
	if (key->resource.size <= RESOURCE_MAX) {
		add(values_of(table, key), values);
	} else {
		struct usage_key other = *key;
		other.resource = STR("");
		add(values_of(table, &other), values);
	}
	atomic_store_explicit(&recorder->current, table, memory_order_release);
}

void usage_record(struct usage_recorder *recorder, const struct usage_key *key, uint64_t bytes)
{
	struct usage_values one = usage_values_of(bytes);

	usage_record_many(recorder, key, &one);
}

/* ---- merging ---- */

static struct table *take_table(struct usage_recorder *recorder)
{
	for (;;) { /* the thread's count takes less than a microsecond */
		struct table *table =
			atomic_load_explicit(&recorder->current, memory_order_relaxed);
		if (table && atomic_compare_exchange_weak_explicit(
				     &recorder->current, &table, recorder->spare,
				     memory_order_acq_rel, memory_order_relaxed))
			return table;
		sched_yield();
	}
}

static void put_minute(struct usage *usage, struct usage_minute *minute,
		       const struct usage_stats *stats)
{
	(void)pthread_mutex_lock(&usage->mutex);
	usage->stats.series = minute ? minute->table->map.count : 0;
	usage->stats.requests += stats->requests;
	usage->stats.folded += stats->folded;
	struct usage_minute *old = NULL;
	if (minute) {
		minute->sequence = ++usage->sequence;
		old = usage->minutes[minute->sequence % LIMIT_USAGE_MINUTES];
		usage->minutes[minute->sequence % LIMIT_USAGE_MINUTES] = minute;
	}
	(void)pthread_mutex_unlock(&usage->mutex);
	usage_minute_release(old);
}

void usage_merge(struct usage *usage, int64_t now_ms)
{
	struct table *merged = table_new(usage->operations, LIMIT_USAGE_MERGED);
	struct usage_minute *minute = NULL;
	struct usage_stats stats = {0};

	for (uint32_t i = 0; i < usage->threads; i++) {
		struct usage_recorder *recorder = &usage->recorders[i];
		struct table *table = take_table(recorder);
		table_add(merged, table, &stats);
		table_empty(table);
		recorder->spare = table;
	}
	if (stats.requests > 0) {
		minute = heap_alloc(sizeof(*minute));
		*minute = (struct usage_minute){
			.references = 1, .start_ms = (now_ms - 1) / 60000 * 60000, .table = merged};
	} else {
		table_free(merged);
	}
	put_minute(usage, minute, &stats);
}

/* ---- reading ---- */

const struct usage_minute *usage_minute_after(struct usage *usage, uint64_t sequence)
{
	struct usage_minute *found = NULL;

	(void)pthread_mutex_lock(&usage->mutex);
	uint64_t oldest = usage->sequence > LIMIT_USAGE_MINUTES
				  ? usage->sequence - LIMIT_USAGE_MINUTES + 1
				  : 1;
	uint64_t next = sequence + 1 > oldest ? sequence + 1 : oldest;
	if (next <= usage->sequence) {
		found = usage->minutes[next % LIMIT_USAGE_MINUTES];
		check(found->sequence == next);
		atomic_fetch_add_explicit(&found->references, 1, memory_order_relaxed);
	}
	(void)pthread_mutex_unlock(&usage->mutex);
	return found;
}

void usage_minute_release(const struct usage_minute *minute)
{
	struct usage_minute *held = (struct usage_minute *)(uintptr_t)minute;

	if (!held || atomic_fetch_sub_explicit(&held->references, 1, memory_order_acq_rel) != 1)
		return;
	table_free(held->table);
	heap_free(held);
}

uint64_t usage_minute_sequence(const struct usage_minute *minute)
{
	return minute->sequence;
}

int64_t usage_minute_start_ms(const struct usage_minute *minute)
{
	return minute->start_ms;
}

void usage_minute_each(const struct usage_minute *minute, usage_visit_fn visit, void *context)
{
	const struct table *table = minute->table;
	struct series *series;
	size_t cursor = 0;

	while ((series = map_next(&table->map, &cursor)) != NULL)
		visit(context, &series->key, &series->values);
	for (uint32_t i = 0; i < table->operations * OUTCOMES; i++) {
		struct usage_key key = {.account = STR(""),
					.region = STR(""),
					.resource = STR(""),
					.operation = i / OUTCOMES,
					.outcome = (enum meter_outcome)(i % OUTCOMES)};
		if (table->folded[i].requests > 0)
			visit(context, &key, &table->folded[i]);
	}
}

struct usage_stats usage_stats_read(struct usage *usage)
{
	(void)pthread_mutex_lock(&usage->mutex);
	struct usage_stats stats = usage->stats;
	(void)pthread_mutex_unlock(&usage->mutex);
	return stats;
}

void usage_free(struct usage **usage)
{
	struct usage *old = *usage;

	if (!old)
		return;
	for (uint32_t i = 0; i < old->threads; i++) {
		table_free(old->recorders[i].current);
		table_free(old->recorders[i].spare);
	}
	for (size_t i = 0; i < LIMIT_USAGE_MINUTES; i++)
		usage_minute_release(old->minutes[i]);
	heap_free(old->recorders);
	(void)pthread_mutex_destroy(&old->mutex);
	heap_free(old);
	*usage = NULL;
}
