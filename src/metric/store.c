/* SPDX-License-Identifier: MIT */
/*
 * store: one lock for the series, their pending points and their rows. A commit turns pending
 * points into rows; a read copies the rows of its series and decodes them without the lock.
 */
#include "metric/store_private.h"

#include <stdlib.h>

enum {
	HIGH_RESOLUTION_S = 10800,
	MINUTES_S = 1296000,
	FIVE_MINUTES_S = 5443200,
	HOURS_S = 39312000
};

/* ---- series ---- */

static void hold(const void *value)
{
	struct metric_series *series = (void *)(uintptr_t)value;

	atomic_fetch_add_explicit(&series->references, 1, memory_order_relaxed);
}

static void rows_done(struct metric_open *open)
{
	buf_done(&open->minutes.bytes);
	if (open->seconds)
		buf_done(&open->seconds->bytes);
	heap_free(open->seconds);
	*open = (struct metric_open){0};
}

static void release(const void *value)
{
	struct metric_series *series = (void *)(uintptr_t)value;

	if (atomic_fetch_sub_explicit(&series->references, 1, memory_order_acq_rel) != 1)
		return;
	metric_pending_done(&series->pending);
	rows_done(&series->open);
	heap_free((void *)(uintptr_t)series->key);
	heap_free(series);
}

static int compare_series(const void *key, const void *value)
{
	const struct metric_series *a = key, *b = value;

	return metric_key_compare(a->key, b->key);
}

static int compare_key(const void *key, const void *value)
{
	return metric_key_compare(key, ((const struct metric_series *)value)->key);
}

static const struct snapshot_kind series_kind = {
	.hold = hold,
	.release = release,
	.order_count = 1,
	.orders = {{.compare = compare_series}},
};

static bool has_key(const void *value, const void *key)
{
	const struct metric_key *a = ((const struct metric_series *)value)->key, *b = key;

	return str_equal(a->unit, b->unit.size > 0 ? b->unit : STR("None")) &&
	       metric_key_is_metric(a, b);
}

static struct metric_series *series_new(struct metric_store *store, const struct metric_key *key,
					uint64_t hash)
{
	struct metric_series *series = heap_alloc(sizeof(*series));

	series->key = metric_key_new(key);
	series->hash = hash;
	atomic_init(&series->references, 2); /* of `all` and of the table */
	vec_push(&store->all, series);
	series->number = (uint32_t)store->all.count;
	map_insert(&store->by_key, hash, series);
	snapshot_table_begin(store->table);
	snapshot_table_put(store->table, series);
	snapshot_table_commit(store->table);
	store->series_count++;
	return series;
}

/* NULL: there is no room. */
static struct metric_series *find_or_make(struct metric_store *store, const struct metric_key *key,
					  uint64_t hash)
{
	struct metric_series *series = map_find(&store->by_key, hash, has_key, key);

	if (!series && store->series_count < LIMIT_METRIC_SERIES)
		series = series_new(store, key, hash);
	if (!series)
		store->dropped_series++;
	return series;
}

uint32_t metric_store_series(struct metric_store *store, const struct metric_key *key)
{
	uint64_t hash = metric_key_hash(key);
	uint32_t number = 0;

	(void)pthread_mutex_lock(&store->mutex);
	struct metric_series *series = find_or_make(store, key, hash);
	if (series)
		number = series->number;
	(void)pthread_mutex_unlock(&store->mutex);
	return number;
}

static struct metric_series *find(struct metric_store *store, uint32_t number)
{
	return number > 0 && number <= store->all.count ? store->all.items[number - 1] : NULL;
}

/* A caller may still have the number of a removed series: then it is made anew. */
static struct metric_series *find_to_add(struct metric_store *store, uint32_t number)
{
	struct metric_series *series = find(store, number);

	return series && series->is_removed ? find_or_make(store, series->key, series->hash)
					    : series;
}

void metric_store_each(struct metric_store *store, const struct metric_key *from,
		       metric_store_each_fn visit, void *context)
{
	const struct snapshot *snapshot = snapshot_take(store->table);
	const struct metric_series *series;
	struct snapshot_cursor cursor;

	if (from)
		snapshot_seek(snapshot, 0,
			      (struct snapshot_key){.compare = compare_key, .key = from}, &cursor);
	else
		snapshot_begin(snapshot, 0, &cursor);
	while ((series = snapshot_next(&cursor)) != NULL)
		if (!visit(context, series->number, series->key,
			   atomic_load_explicit(&series->last_s, memory_order_relaxed)))
			break;
	snapshot_release(snapshot);
}

/* ---- adding ---- */

bool metric_store_add(struct metric_store *store, uint32_t series, uint32_t step_s,
		      const struct metric_point *point)
{
	struct metric_point aligned = *point;

	check(step_s == 1 || step_s == 60);
	if (point->count <= 0)
		return true;
	(void)pthread_mutex_lock(&store->mutex);
	struct metric_series *to = find_to_add(store, series);
	if (to) {
		if (to->pending.count == 0)
			vec_push(&store->dirty, to);
		if (step_s == 1)
			metric_pending_add(&to->pending, 1, &aligned);
		aligned.time_s -= aligned.time_s % 60;
		metric_pending_add(&to->pending, 60, &aligned);
		if (atomic_load_explicit(&to->last_s, memory_order_relaxed) < aligned.time_s)
			atomic_store_explicit(&to->last_s, aligned.time_s, memory_order_relaxed);
	}
	(void)pthread_mutex_unlock(&store->mutex);
	return to != NULL;
}

/* ---- committing ---- */

struct taken {
	struct metric_series *series;
	struct metric_pending pending;
};

static void append_rows(struct metric_series *series, const struct metric_pending_point *pending)
{
	struct metric_rows *rows = &series->open.minutes;

	if (pending->step_s == 1) {
		if (!series->open.seconds)
			series->open.seconds = heap_alloc(sizeof(*series->open.seconds));
		rows = series->open.seconds;
	}
	metric_row_append(&rows->bytes, &rows->state, pending->step_s, &pending->point);
}

static struct taken *take_pending(struct metric_store *store, size_t *out_count)
{
	struct taken *taken = heap_alloc((store->dirty.count + 1) * sizeof(*taken));
	size_t count = 0;

	for (size_t i = 0; i < store->dirty.count; i++) {
		struct metric_series *series = store->dirty.items[i];
		for (size_t j = 0; j < series->pending.count; j++)
			append_rows(series, &series->pending.items[j]);
		taken[count++] = (struct taken){series, series->pending};
		series->pending = (struct metric_pending){0};
		hold(series);
	}
	store->dirty.count = 0;
	*out_count = count;
	return taken;
}

enum err metric_store_commit(struct metric_store *store, int64_t now_s, metric_store_visit_fn visit,
			     void *context)
{
	size_t count;

	(void)now_s;
	(void)pthread_mutex_lock(&store->mutex);
	struct taken *taken = take_pending(store, &count);
	(void)pthread_mutex_unlock(&store->mutex);
	for (size_t i = 0; i < count; i++) {
		const struct metric_pending *pending = &taken[i].pending;
		for (size_t j = 0; visit && j < pending->count; j++)
			if (pending->items[j].step_s == 60)
				visit(context, taken[i].series->hash, taken[i].series->key,
				      &pending->items[j].point);
		metric_pending_done(&taken[i].pending);
		release(taken[i].series);
	}
	heap_free(taken);
	return ERR_OK;
}

/* ---- reading ---- */

static int64_t oldest_for(uint32_t period_s, int64_t now_s)
{
	if (period_s < 60)
		return now_s - HIGH_RESOLUTION_S;
	if (period_s % 3600 == 0)
		return now_s - HOURS_S;
	return now_s - (period_s % 300 == 0 ? FIVE_MINUTES_S : MINUTES_S);
}

/* Copies under the lock what is decoded without it. */
static struct str copy_rows(struct arena *arena, const struct metric_rows *rows)
{
	return rows ? arena_copy(arena, buf_str(&rows->bytes)) : (struct str){0};
}

static void gather_pending(struct metric_gather *gather, const struct metric_series *series,
			   uint32_t step_s)
{
	for (size_t i = 0; i < series->pending.count; i++) {
		const struct metric_pending_point *pending = &series->pending.items[i];
		struct metric_point point = pending->point;
		if (pending->step_s != step_s)
			continue;
		if (point.bins) { /* they may change once the lock is released */
			struct metric_bin *bins =
				arena_array(gather->arena, struct metric_bin, point.bin_count);
			memcpy(bins, point.bins, point.bin_count * sizeof(*bins));
			point.bins = bins;
		}
		metric_gather_add(gather, &point);
	}
}

enum err metric_store_read(struct metric_store *store, struct arena *arena, uint32_t series,
			   int64_t now_s, int64_t start_s, int64_t end_s, uint32_t period_s,
			   struct metric_point **out_points, size_t *out_count)
{
	int64_t oldest_s = oldest_for(period_s, now_s);
	uint32_t step_s = period_s < 60 ? 1 : 60;
	struct metric_gather gather = {.arena = arena,
				       .start_s = start_s > oldest_s ? start_s : oldest_s,
				       .end_s = end_s,
				       .period_s = period_s};

	check(period_s > 0);
	(void)pthread_mutex_lock(&store->mutex);
	struct metric_series *found = find(store, series);
	if (!found || found->is_removed) {
		(void)pthread_mutex_unlock(&store->mutex);
		return ERR_NOTFOUND;
	}
	struct str rows =
		copy_rows(arena, step_s == 1 ? found->open.seconds : &found->open.minutes);
	gather_pending(&gather, found, step_s);
	(void)pthread_mutex_unlock(&store->mutex);
	enum err err = metric_gather_rows(&gather, rows, step_s);
	metric_gather_end(&gather);
	if (err)
		return err;
	*out_points = gather.items;
	*out_count = gather.count;
	return ERR_OK;
}

/* ---- beginning and end ---- */

enum err metric_store_open(const struct metric_store_options *options, int64_t now_s,
			   struct metric_store **out_store)
{
	struct metric_store *store = heap_alloc(sizeof(*store));

	(void)now_s;
	store->options = *options;
	check(pthread_mutex_init(&store->mutex, NULL) == 0);
	store->table = snapshot_table_new(&series_kind);
	*out_store = store;
	return ERR_OK;
}

void metric_store_remove(struct metric_store *store, uint32_t series)
{
	(void)pthread_mutex_lock(&store->mutex);
	struct metric_series *old = find(store, series);
	if (old && !old->is_removed) {
		old->is_removed = true;
		rows_done(&old->open);
		metric_pending_done(&old->pending);
		map_remove(&store->by_key, old->hash, old);
		snapshot_table_begin(store->table);
		(void)snapshot_table_remove(
			store->table,
			(struct snapshot_key){.compare = compare_key, .key = old->key});
		snapshot_table_commit(store->table);
		for (size_t i = 0; i < store->dirty.count; i++)
			if (store->dirty.items[i] == old)
				store->dirty.items[i--] = store->dirty.items[--store->dirty.count];
		store->series_count--;
	}
	(void)pthread_mutex_unlock(&store->mutex);
}

void metric_store_free(struct metric_store **store)
{
	struct metric_store *old = *store;

	if (!old)
		return;
	snapshot_table_free(&old->table);
	for (size_t i = 0; i < old->all.count; i++)
		if (old->all.items[i])
			release(old->all.items[i]);
	vec_done(&old->all);
	vec_done(&old->dirty);
	map_done(&old->by_key);
	(void)pthread_mutex_destroy(&old->mutex);
	heap_free(old);
	*store = NULL;
}

struct metric_store_stats metric_store_stats_read(struct metric_store *store)
{
	struct metric_store_stats stats = {0};

	(void)pthread_mutex_lock(&store->mutex);
	stats.series = store->series_count;
	stats.dropped_series = store->dropped_series;
	for (size_t i = 0; i < store->all.count; i++)
		if (store->all.items[i])
			stats.memory_bytes += store->all.items[i]->open.minutes.bytes.capacity;
	(void)pthread_mutex_unlock(&store->mutex);
	return stats;
}
