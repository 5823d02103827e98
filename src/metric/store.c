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

void metric_open_done(struct metric_open *open)
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
	metric_open_done(&series->open);
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
	.is_shared = true,
	.order_count = 1,
	.orders = {{.compare = compare_series}},
};

static bool has_key(const void *value, const void *key)
{
	const struct metric_key *a = ((const struct metric_series *)value)->key, *b = key;

	return str_equal(a->unit, b->unit.size > 0 ? b->unit : STR("None")) &&
	       metric_key_is_metric(a, b);
}

static struct metric_series *series_new(struct metric_store *store, uint32_t number,
					const struct metric_key *key)
{
	struct metric_series *series = heap_alloc(sizeof(*series));

	series->key = metric_key_new(key);
	series->hash = metric_key_hash(key);
	series->number = number;
	atomic_init(&series->references, 2); /* of `all` and of the table */
	while (store->all.count < number)
		vec_push(&store->all, NULL);
	store->all.items[number - 1] = series;
	map_insert(&store->by_key, series->hash, series);
	snapshot_table_begin(store->table);
	snapshot_table_put(store->table, series);
	snapshot_table_commit(store->table);
	store->series_count++;
	return series;
}

void metric_series_load(struct metric_store *store, uint32_t number, const struct metric_key *key,
			bool is_saved)
{
	uint64_t hash = metric_key_hash(key);

	/* A record may come twice: the series' file may be newer than the manifest. */
	if (map_find(&store->by_key, hash, has_key, key) ||
	    (number <= store->all.count && store->all.items[number - 1]))
		return;
	series_new(store, number, key)->is_saved = is_saved;
}

/* NULL: there is no room. */
static struct metric_series *find_or_make(struct metric_store *store, const struct metric_key *key,
					  uint64_t hash)
{
	struct metric_series *series = map_find(&store->by_key, hash, has_key, key);

	if (!series && store->series_count < LIMIT_METRIC_SERIES &&
	    store->all.count < METRIC_NUMBER_MAX) {
		series = series_new(store, (uint32_t)store->all.count + 1, key);
		vec_push(&store->fresh, series);
	}
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

struct metric_series *metric_series_find(struct metric_store *store, uint32_t number)
{
	struct metric_series *series = find(store, number);

	return series && !series->is_removed ? series : NULL;
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

void metric_series_append(struct metric_series *series, const struct metric_pending_point *pending)
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
		size_t before = series->open.minutes.bytes.capacity;
		for (size_t j = 0; j < series->pending.count; j++)
			metric_series_append(series, &series->pending.items[j]);
		store->open_size += series->open.minutes.bytes.capacity - before;
		taken[count++] = (struct taken){series, series->pending};
		series->pending = (struct metric_pending){0};
		hold(series);
	}
	store->dirty.count = 0;
	*out_count = count;
	return taken;
}

static void append_rows(struct buf *out, const struct metric_pending *pending, uint32_t step_s)
{
	struct metric_row_state state = {0};
	struct buf rows = {0};

	for (size_t i = 0; i < pending->count; i++)
		if (pending->items[i].step_s == step_s)
			metric_row_append(&rows, &state, step_s, &pending->items[i].point);
	bytes_append_varint(out, rows.size);
	buf_append(out, buf_str(&rows));
	buf_done(&rows);
}

/* The contents of a commit's record in the journal. */
struct change {
	struct taken *taken;
	size_t count;
	struct metric_series_list fresh;
	struct metric_numbers dropped;
};

static enum err write_change(struct metric_store *store, const struct change *change)
{
	struct buf bytes = {0}, rows = {0};

	if (!store->options.directory ||
	    (change->count == 0 && change->fresh.count == 0 && change->dropped.count == 0))
		return ERR_OK;
	for (size_t i = 0; i < change->count; i++) {
		bytes_append_varint(&rows, change->taken[i].series->number);
		append_rows(&rows, &change->taken[i].pending, 60);
		append_rows(&rows, &change->taken[i].pending, 1);
	}
	const struct metric_record record = {.series = change->fresh.items,
					     .series_count = change->fresh.count,
					     .removed = change->dropped.items,
					     .removed_count = change->dropped.count,
					     .rows = buf_str(&rows)};
	metric_record_append(&bytes, &record);
	enum err err = metric_disk_append(store, buf_str(&bytes));
	buf_done(&bytes);
	buf_done(&rows);
	return err;
}

/* Keys that are not in the journal yet go into the next record. */
static void keep_change(struct metric_store *store, const struct change *change)
{
	(void)pthread_mutex_lock(&store->mutex);
	for (size_t i = 0; i < change->fresh.count; i++)
		vec_push(&store->fresh, change->fresh.items[i]);
	for (size_t i = 0; i < change->dropped.count; i++)
		vec_push(&store->dropped, change->dropped.items[i]);
	(void)pthread_mutex_unlock(&store->mutex);
}

enum err metric_store_commit(struct metric_store *store, metric_store_visit_fn visit, void *context)
{
	struct change change = {0};

	(void)pthread_mutex_lock(&store->disk);
	(void)pthread_mutex_lock(&store->mutex);
	change.taken = take_pending(store, &change.count);
	change.fresh = store->fresh;
	change.dropped = store->dropped;
	store->fresh = (struct metric_series_list){0};
	store->dropped = (struct metric_numbers){0};
	(void)pthread_mutex_unlock(&store->mutex);
	enum err err = write_change(store, &change);
	if (err)
		keep_change(store, &change);
	(void)pthread_mutex_unlock(&store->disk);
	for (size_t i = 0; i < change.count; i++) {
		const struct taken *taken = &change.taken[i];
		for (size_t j = 0; visit && j < taken->pending.count; j++)
			if (taken->pending.items[j].step_s == 60)
				visit(context, taken->series->hash, taken->series->key,
				      &taken->pending.items[j].point);
		metric_pending_done(&change.taken[i].pending);
		release(taken->series);
	}
	heap_free(change.taken);
	vec_done(&change.fresh);
	vec_done(&change.dropped);
	return err;
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

static const struct metric_open *find_frozen(const struct metric_store *store, uint32_t series)
{
	size_t low = 0, high = store->frozen ? store->frozen->count : 0;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (store->frozen->items[middle].series == series)
			return &store->frozen->items[middle].open;
		if (store->frozen->items[middle].series < series)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* All that a read takes along from under the lock. */
struct held {
	struct str rows[2];
	struct metric_files *files;
};

static enum err hold_parts(struct metric_store *store, struct metric_gather *gather,
			   uint32_t series, uint32_t step_s, struct held *out_held)
{
	(void)pthread_mutex_lock(&store->mutex);
	const struct metric_series *found = metric_series_find(store, series);
	if (found) {
		const struct metric_open *parts[] = {find_frozen(store, series), &found->open};
		for (size_t i = 0; i < 2; i++)
			out_held->rows[i] =
				copy_rows(gather->arena, !parts[i]     ? NULL
							 : step_s == 1 ? parts[i]->seconds
								       : &parts[i]->minutes);
		gather_pending(gather, found, step_s);
		atomic_fetch_add_explicit(&store->files->references, 1, memory_order_relaxed);
		out_held->files = store->files;
	}
	(void)pthread_mutex_unlock(&store->mutex);
	return found ? ERR_OK : ERR_NOTFOUND;
}

/* The points of a file that count: those of longer steps where there are any. */
static enum err gather_file(struct metric_gather *gather, struct metric_file *file, uint32_t series,
			    int64_t rolled_s)
{
	const struct metric_file_name *name = metric_file_name(file);
	uint32_t period_s = gather->period_s;
	uint32_t coarse_s = period_s < 60	   ? 1
			    : period_s % 3600 == 0 ? 3600
			    : period_s % 300 == 0  ? 300
						   : 60;
	int64_t from_s = coarse_s > 60 && name->step_s == 60 ? rolled_s : INT64_MIN;
	int64_t until_s = coarse_s > 60 && name->step_s != 60 ? rolled_s : INT64_MAX;
	struct metric_point *points;
	size_t count;

	if ((name->step_s != coarse_s && !(coarse_s > 60 && name->step_s == 60)) ||
	    name->span_s >= gather->end_s ||
	    name->span_s + metric_span_of(name->step_s) <= gather->start_s ||
	    name->span_s + metric_span_of(name->step_s) <= from_s)
		return ERR_OK;
	enum err err = metric_file_read(file, gather->arena, series, &points, &count);
	for (size_t i = 0; !err && i < count; i++)
		if (points[i].time_s >= from_s && points[i].time_s < until_s)
			metric_gather_add(gather, &points[i]);
	return err;
}

enum err metric_store_read(struct metric_store *store, struct arena *arena, uint32_t series,
			   int64_t now_s, int64_t start_s, int64_t end_s, uint32_t period_s,
			   bool skips_samples, struct metric_point **out_points, size_t *out_count)
{
	int64_t oldest_s = oldest_for(period_s, now_s);
	uint32_t step_s = period_s < 60 ? 1 : 60;
	struct metric_gather gather = {.arena = arena,
				       .start_s = start_s > oldest_s ? start_s : oldest_s,
				       .end_s = end_s,
				       .period_s = period_s};
	struct held held = {0};

	check(period_s > 0);
	enum err err = hold_parts(store, &gather, series, step_s, &held);
	int64_t rolled_s = held.files ? held.files->rolled_s : 0, day_s = oldest_for(60, now_s);
	day_s += 86400 - day_s % 86400; /* the first whole day of minutes */
	if (!skips_samples && rolled_s > day_s)
		rolled_s = day_s;
	for (size_t i = 0; held.files && i < held.files->count && !err; i++)
		err = gather_file(&gather, held.files->items[i], series, rolled_s);
	for (size_t i = 0; i < 2 && !err; i++)
		err = metric_gather_rows(&gather, held.rows[i], step_s);
	metric_files_release(held.files);
	metric_gather_end(&gather);
	if (err)
		return err;
	*out_points = gather.items;
	*out_count = gather.count;
	return ERR_OK;
}

/* ---- removing ---- */

void metric_series_drop(struct metric_store *store, uint32_t number)
{
	struct metric_series *old = metric_series_find(store, number);

	if (!old)
		return;
	old->is_removed = true;
	metric_open_done(&old->open);
	metric_pending_done(&old->pending);
	map_remove(&store->by_key, old->hash, old);
	snapshot_table_begin(store->table);
	(void)snapshot_table_remove(store->table,
				    (struct snapshot_key){.compare = compare_key, .key = old->key});
	snapshot_table_commit(store->table);
	for (size_t i = 0; i < store->dirty.count; i++)
		if (store->dirty.items[i] == old)
			store->dirty.items[i--] = store->dirty.items[--store->dirty.count];
	store->series_count--;
}

void metric_store_remove(struct metric_store *store, uint32_t series)
{
	(void)pthread_mutex_lock(&store->mutex);
	if (metric_series_find(store, series)) {
		metric_series_drop(store, series);
		vec_push(&store->dropped, series);
		vec_push(&store->removed, series);
	}
	(void)pthread_mutex_unlock(&store->mutex);
}

/* ---- beginning and end ---- */

struct metric_files *metric_files_new(size_t room, int64_t rolled_s)
{
	struct metric_files *files =
		heap_alloc(sizeof(*files) + room * sizeof(struct metric_file *));

	atomic_init(&files->references, 1);
	files->rolled_s = rolled_s;
	return files;
}

void metric_files_release(struct metric_files *files)
{
	if (!files || atomic_fetch_sub_explicit(&files->references, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < files->count; i++)
		metric_file_release(files->items[i]);
	heap_free(files);
}

enum err metric_store_open(const struct metric_store_options *options, int64_t now_s,
			   struct metric_store **out_store)
{
	struct metric_store *store = heap_alloc(sizeof(*store));

	store->options = *options;
	if (options->directory) /* with its NUL */
		store->options.directory =
			heap_copy(str_of(options->directory, strlen(options->directory) + 1)).data;
	check(pthread_mutex_init(&store->mutex, NULL) == 0);
	check(pthread_mutex_init(&store->disk, NULL) == 0);
	store->table = snapshot_table_new(&series_kind);
	store->files = metric_files_new(0, now_s - now_s % 86400);
	store->frozen_s = now_s;
	store->journal = METRIC_JOURNAL_CLOSED;
	store->journal_number = store->manifest.first_journal = 1;
	enum err err = options->directory ? metric_disk_open(store) : ERR_OK;
	if (err)
		metric_store_free(&store);
	else
		*out_store = store;
	return err;
}

void metric_store_free(struct metric_store **store)
{
	struct metric_store *old = *store;

	if (!old)
		return;
	metric_journal_close(&old->journal);
	heap_free((void *)(uintptr_t)old->options.directory);
	metric_files_release(old->files);
	metric_frozen_free(&old->frozen);
	snapshot_table_free(&old->table);
	for (size_t i = 0; i < old->all.count; i++)
		if (old->all.items[i])
			release(old->all.items[i]);
	vec_done(&old->all);
	vec_done(&old->dirty);
	vec_done(&old->fresh);
	vec_done(&old->dropped);
	vec_done(&old->removed);
	map_done(&old->by_key);
	(void)pthread_mutex_destroy(&old->disk);
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
	stats.memory_bytes = store->open_size;
	stats.file_count = store->files->count;
	for (size_t i = 0; i < store->files->count; i++)
		stats.file_bytes += metric_file_size(store->files->items[i]);
	(void)pthread_mutex_unlock(&store->mutex);
	return stats;
}
