/* SPDX-License-Identifier: MIT */
/*
 * recorder: a thread's table is checked out while the thread counts, as in core/limit/usage.c: the
 * thread exchanges its pointer for NULL and stores it back; the taking thread exchanges a pointer
 * that is not NULL for that of a spare table. So the taking thread waits for one sample at most.
 */
#include "metric/recorder.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SLOTS_MIN = 64, BINS_MIN = 16 };

struct count_bins {
	size_t capacity, count;
	struct metric_bin items[]; /* by place; count 0: free */
};

struct entry {
	uint32_t series; /* 0: free */
	struct metric_point point;
	struct count_bins *bins; /* NULL: all samples are equal */
};

struct table {
	struct entry *entries;
	size_t capacity, count;
};

struct thread_table {
	_Atomic(struct table *) current; /* NULL: the thread counts */
	struct table *spare;
	struct thread_table *next;
	pthread_t thread;
};

struct metric_recorder {
	uint64_t generation; /* of this recorder; no other has it */
	pthread_mutex_t mutex;
	struct thread_table *tables;
};

static _Atomic uint64_t generations;
/* The table that this thread used last, and its recorder. */
static _Thread_local struct thread_table *mine;
static _Thread_local uint64_t mine_generation;

static size_t spread(uint32_t number)
{
	return (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* ---- bins ---- */

static struct metric_bin *bin_of(struct count_bins *bins, int32_t place)
{
	size_t mask = bins->capacity - 1;
	size_t at = spread((uint32_t)place) & mask;

	while (bins->items[at].count > 0 && bins->items[at].place != place)
		at = (at + 1) & mask;
	return &bins->items[at];
}

static struct count_bins *bins_new(size_t capacity)
{
	struct count_bins *bins = heap_alloc(sizeof(*bins) + capacity * sizeof(struct metric_bin));

	bins->capacity = capacity;
	return bins;
}

static void bins_add(struct count_bins **bins, int32_t place, double count)
{
	if (!*bins)
		*bins = bins_new(BINS_MIN);
	if ((*bins)->count * 2 >= (*bins)->capacity) {
		struct count_bins *old = *bins;
		*bins = bins_new(old->capacity * 2);
		for (size_t i = 0; i < old->capacity; i++)
			if (old->items[i].count > 0)
				bins_add(bins, old->items[i].place, old->items[i].count);
		heap_free(old);
	}
	struct metric_bin *bin = bin_of(*bins, place);
	if (bin->count == 0)
		(*bins)->count++;
	bin->place = place;
	bin->count += count;
}

/* Wide enough bins stay few, whatever the samples are. */
static int32_t place_of(const struct count_bins *bins, double value)
{
	int32_t place = metric_bin_place(value);

	return bins && bins->count >= LIMIT_METRIC_BINS ? metric_bin_widen(place, 2) : place;
}

/* ---- tables ---- */

static struct table *table_new(void)
{
	struct table *table = heap_alloc(sizeof(*table));

	table->capacity = SLOTS_MIN;
	table->entries = heap_alloc(table->capacity * sizeof(*table->entries));
	return table;
}

static void table_empty(struct table *table)
{
	for (size_t i = 0; i < table->capacity; i++)
		heap_free(table->entries[i].bins);
	memset(table->entries, 0, table->capacity * sizeof(*table->entries));
	table->count = 0;
}

static void table_free(struct table *table)
{
	table_empty(table);
	heap_free(table->entries);
	heap_free(table);
}

static struct entry *slot_of(const struct table *table, uint32_t series)
{
	size_t mask = table->capacity - 1;
	size_t at = spread(series) & mask;

	while (table->entries[at].series != 0 && table->entries[at].series != series)
		at = (at + 1) & mask;
	return &table->entries[at];
}

static void table_grow(struct table *table)
{
	struct table old = *table;

	table->capacity *= 2;
	table->entries = heap_alloc(table->capacity * sizeof(*table->entries));
	for (size_t i = 0; i < old.capacity; i++)
		if (old.entries[i].series != 0)
			*slot_of(table, old.entries[i].series) = old.entries[i];
	heap_free(old.entries);
}

static void entry_add(struct entry *entry, double value, double count)
{
	struct metric_point *point = &entry->point;

	if (point->count == 0) {
		*point = metric_point_of(0, value, count);
		return;
	}
	if (value != point->min || value != point->max) {
		if (!entry->bins)
			bins_add(&entry->bins, metric_bin_place(point->min), point->count);
		bins_add(&entry->bins, place_of(entry->bins, value), count);
	}
	point->count += count;
	point->sum += value * count;
	point->min = value < point->min ? value : point->min;
	point->max = value > point->max ? value : point->max;
}

static void table_add(struct table *table, uint32_t series, double value, double count)
{
	struct entry *entry = slot_of(table, series);

	if (entry->series == 0) {
		if (table->count * 2 >= table->capacity) {
			table_grow(table);
			entry = slot_of(table, series);
		}
		table->count++;
		entry->series = series;
	}
	entry_add(entry, value, count);
}

/* ---- threads ---- */

struct metric_recorder *metric_recorder_new(void)
{
	struct metric_recorder *recorder = heap_alloc(sizeof(*recorder));

	recorder->generation = atomic_fetch_add(&generations, 1) + 1;
	check(pthread_mutex_init(&recorder->mutex, NULL) == 0);
	return recorder;
}

void metric_recorder_free(struct metric_recorder **recorder)
{
	struct metric_recorder *old = *recorder;

	if (!old)
		return;
	while (old->tables) {
		struct thread_table *table = old->tables;
		old->tables = table->next;
		table_free(atomic_load(&table->current));
		table_free(table->spare);
		heap_free(table);
	}
	(void)pthread_mutex_destroy(&old->mutex);
	heap_free(old);
	*recorder = NULL;
}

/* The table of this thread. A thread that has ended leaves its table to one that gets its id. */
static struct thread_table *table_of_thread(struct metric_recorder *recorder)
{
	if (mine_generation == recorder->generation)
		return mine;
	(void)pthread_mutex_lock(&recorder->mutex);
	struct thread_table *table = recorder->tables;
	while (table && !pthread_equal(table->thread, pthread_self()))
		table = table->next;
	if (!table) {
		table = heap_alloc(sizeof(*table));
		table->thread = pthread_self();
		atomic_init(&table->current, table_new());
		table->spare = table_new();
		table->next = recorder->tables;
		recorder->tables = table;
	}
	(void)pthread_mutex_unlock(&recorder->mutex);
	mine = table;
	mine_generation = recorder->generation;
	return table;
}

void metric_recorder_add(struct metric_recorder *recorder, uint32_t series, double value,
			 double count)
{
	struct thread_table *thread = table_of_thread(recorder);
	struct table *table =
		atomic_exchange_explicit(&thread->current, NULL, memory_order_acquire);

	check(series != 0);
	check(table);
	table_add(table, series, value, count);
	atomic_store_explicit(&thread->current, table, memory_order_release);
}

/* ---- taking ---- */

static struct table *take_table(struct thread_table *thread)
{
	for (;;) { /* the thread's sample takes less than a microsecond */
		struct table *table = atomic_load_explicit(&thread->current, memory_order_relaxed);
		if (table && atomic_compare_exchange_weak_explicit(
				     &thread->current, &table, thread->spare, memory_order_acq_rel,
				     memory_order_relaxed))
			return table;
		sched_yield();
	}
}

static int by_place(const void *left, const void *right)
{
	const struct metric_bin *a = left, *b = right;

	return (a->place > b->place) - (a->place < b->place);
}

static void visit_entry(struct entry *entry, metric_recorder_fn visit, void *context)
{
	struct count_bins *bins = entry->bins;

	if (bins) {
		size_t count = 0;
		for (size_t i = 0; i < bins->capacity; i++)
			if (bins->items[i].count > 0)
				bins->items[count++] = bins->items[i];
		qsort(bins->items, count, sizeof(bins->items[0]), by_place);
		entry->point.bins = bins->items;
		entry->point.bin_count = count;
	}
	visit(context, entry->series, &entry->point);
}

void metric_recorder_take(struct metric_recorder *recorder, metric_recorder_fn visit, void *context)
{
	(void)pthread_mutex_lock(&recorder->mutex);
	struct thread_table *thread = recorder->tables;
	(void)pthread_mutex_unlock(&recorder->mutex);
	for (; thread; thread = thread->next) {
		struct table *table = take_table(thread);
		for (size_t i = 0; table->count > 0 && i < table->capacity; i++)
			if (table->entries[i].series != 0)
				visit_entry(&table->entries[i], visit, context);
		table_empty(table);
		thread->spare = table;
	}
}
