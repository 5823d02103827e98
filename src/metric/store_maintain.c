/* SPDX-License-Identifier: MIT */
/*
 * maintain: rows become files; the files of a day become one, and files in steps of five minutes
 * and of an hour; old files are dropped.
 *
 * All of it is one operation: merging sources, which are the frozen rows or files, into a file for
 * each step and span. Each operation ends with a manifest. Late points make further files of their
 * span, which are merged once there are FILES_MAX of them.
 */
#include "metric/store_private.h"

#include <stdlib.h>

#include "metric/block.h"

enum { DAY_S = 86400, FILES_MAX = 8, WRITERS_MAX = 64, WIDE_DIGITS = 4 };

static const struct tier {
	uint32_t step_s;
	int64_t keeps_s;
} tiers[] = {{1, 10800}, {60, 15 * DAY_S}, {300, 63 * DAY_S}, {3600, 455 * (int64_t)DAY_S}};
enum { TIERS = sizeof(tiers) / sizeof(tiers[0]) };

/* ---- writing ---- */

struct output {
	struct metric_store *store;
	struct metric_manifest *manifest;
	struct arena arena; /* of one series */
	struct metric_file_writer *writers[WRITERS_MAX];
	struct metric_file_name names[WRITERS_MAX];
	size_t count;
	enum err err;
};

static int64_t floor_to(int64_t value, int64_t step)
{
	int64_t rest = value % step;

	return value - (rest < 0 ? rest + step : rest);
}

/* NULL: the output has failed. */
static struct metric_file_writer *writer_of(struct output *output, uint32_t step_s, int64_t span_s)
{
	for (size_t i = 0; i < output->count; i++)
		if (output->names[i].step_s == step_s && output->names[i].span_s == span_s)
			return output->writers[i];
	if (output->count == WRITERS_MAX)
		output->err = ERR_TOOLARGE;
	if (output->err)
		return NULL;
	struct metric_file_name *name = &output->names[output->count];
	*name = (struct metric_file_name){step_s, span_s, output->manifest->next_sequence++};
	output->err =
		metric_file_create(output->store->options.directory, &output->store->options.seal,
				   *name, &output->writers[output->count]);
	return output->err ? NULL : output->writers[output->count++];
}

/* Writes points, in order of time, to the files of their spans. */
static void put_points(struct output *output, uint32_t series, uint32_t step_s,
		       const struct metric_point *points, size_t count)
{
	int64_t span = metric_span_of(step_s);

	for (size_t i = 0; i < count && !output->err;) {
		int64_t span_s = floor_to(points[i].time_s, span);
		size_t end = i + 1;
		while (end < count && points[end].time_s < span_s + span)
			end++;
		struct metric_file_writer *writer = writer_of(output, step_s, span_s);
		if (writer)
			metric_file_add(writer, series, points + i, end - i);
		i = end;
	}
}

/* Gauges and counts have one sample a minute: the bins of these would take most of the space. */
static void drop_bins(const struct metric_point *points, size_t count, uint32_t step_s,
		      struct metric_point *rolled, size_t rolled_count)
{
	size_t at = 0;

	for (size_t i = 0; i < rolled_count; i++) {
		bool has_bins = false;
		for (; at < count && points[at].time_s < rolled[i].time_s + step_s; at++)
			has_bins |= points[at].bins != NULL;
		if (!has_bins) {
			rolled[i].bins = NULL;
			rolled[i].bin_count = 0;
		}
	}
}

/* The points in longer steps. */
static void put_rolled(struct output *output, uint32_t series, uint32_t step_s,
		       const struct metric_point *points, size_t count)
{
	struct metric_gather gather = {.arena = &output->arena,
				       .start_s = INT64_MIN,
				       .end_s = INT64_MAX,
				       .period_s = step_s};

	for (size_t i = 0; i < count; i++)
		metric_gather_add(&gather, &points[i]);
	metric_gather_end(&gather);
	drop_bins(points, count, step_s, gather.items, gather.count);
	for (size_t i = 0; i < gather.count; i++)
		metric_point_widen(&output->arena, &gather.items[i], WIDE_DIGITS);
	put_points(output, series, step_s, gather.items, gather.count);
}

/* Ends all files, and adds them to the manifest's list, which has room. */
static enum err finish(struct output *output, struct metric_files *files)
{
	for (size_t i = 0; i < output->count; i++) {
		struct metric_file *file = NULL;
		if (output->err) {
			metric_file_cancel(output->writers[i]);
			continue;
		}
		output->err = metric_file_finish(output->writers[i], &file);
		if (file)
			files->items[files->count++] = file;
	}
	arena_done(&output->arena);
	return output->err;
}

/* ---- the list of files ---- */

/* A copy without the files that `drops` names, with room for more. */
typedef bool (*drops_fn)(const void *context, const struct metric_file_name *name);
static struct metric_files *copy_files(const struct metric_files *files, drops_fn drops,
				       const void *context)
{
	struct metric_files *copy = metric_files_new(files->count + WRITERS_MAX, files->rolled_s);

	for (size_t i = 0; i < files->count; i++) {
		if (drops && drops(context, metric_file_name(files->items[i])))
			continue;
		metric_file_hold(files->items[i]);
		copy->items[copy->count++] = files->items[i];
	}
	return copy;
}

static bool has_file(const struct metric_files *files, const struct metric_file *file)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->items[i] == file)
			return true;
	return false;
}

/* Makes the new list durable and visible. On an error its new files are removed. */
static enum err publish(struct metric_store *store, struct metric_manifest *manifest,
			struct metric_files *files, bool ends_frozen)
{
	struct metric_files *old = store->files;
	struct metric_frozen *frozen = NULL;

	manifest->files = files;
	enum err err = metric_manifest_write(store, manifest);
	const struct metric_files *dropped = err ? files : old, *kept = err ? old : files;
	if (!err) {
		(void)pthread_mutex_lock(&store->mutex);
		store->files = files;
		if (ends_frozen) {
			frozen = store->frozen;
			store->frozen = NULL;
		}
		(void)pthread_mutex_unlock(&store->mutex);
		store->manifest = *manifest;
		metric_frozen_free(&frozen);
	}
	for (size_t i = 0; i < dropped->count; i++)
		if (!has_file(kept, dropped->items[i])) {
			metric_file_hold(dropped->items[i]);
			metric_file_remove(dropped->items[i], store->options.directory);
		}
	metric_files_release(err ? files : old);
	return err;
}

/* ---- rows become files ---- */

void metric_frozen_free(struct metric_frozen **frozen)
{
	struct metric_frozen *old = *frozen;

	if (!old)
		return;
	for (size_t i = 0; i < old->count; i++)
		metric_open_done(&old->items[i].open);
	heap_free(old->items);
	heap_free(old);
	*frozen = NULL;
}

/* Both locks are held. */
static void freeze(struct metric_store *store, int64_t now_s)
{
	struct metric_frozen *frozen = heap_alloc(sizeof(*frozen));

	frozen->items = heap_alloc((store->all.count + 1) * sizeof(*frozen->items));
	for (size_t i = 0; i < store->all.count; i++) {
		struct metric_series *series = store->all.items[i];
		if (!series || (series->open.minutes.bytes.size == 0 && !series->open.seconds))
			continue;
		frozen->items[frozen->count++] =
			(struct metric_frozen_series){series->number, series->open};
		series->open = (struct metric_open){0};
	}
	metric_disk_rotate(store);
	frozen->journal = store->journal_number;
	store->frozen = frozen;
	store->frozen_s = now_s;
	store->open_size = 0;
}

static enum err gather_rows(struct output *output, const struct metric_rows *rows, uint32_t step_s,
			    struct metric_gather *gather)
{
	*gather = (struct metric_gather){.arena = &output->arena,
					 .start_s = INT64_MIN,
					 .end_s = INT64_MAX,
					 .period_s = step_s};
	enum err err = metric_gather_rows(gather, buf_str(&rows->bytes), step_s);
	metric_gather_end(gather);
	return err;
}

static enum err seal_series(struct output *output, const struct metric_frozen_series *frozen)
{
	int64_t rolled_s = output->store->files->rolled_s;
	struct metric_gather gather;

	arena_reset(&output->arena);
	if (frozen->open.seconds) {
		enum err err = gather_rows(output, frozen->open.seconds, 1, &gather);
		if (err)
			return err;
		size_t old = 0; /* points that nobody may read any more */
		while (old < gather.count &&
		       gather.items[old].time_s < output->store->frozen_s - tiers[0].keeps_s)
			old++;
		put_points(output, frozen->series, 1, gather.items + old, gather.count - old);
	}
	enum err err = gather_rows(output, &frozen->open.minutes, 60, &gather);
	if (err)
		return err;
	put_points(output, frozen->series, 60, gather.items, gather.count);
	size_t late = 0;
	while (late < gather.count && gather.items[late].time_s < rolled_s)
		late++;
	if (late > 0) {
		put_rolled(output, frozen->series, 300, gather.items, late);
		put_rolled(output, frozen->series, 3600, gather.items, late);
	}
	return output->err;
}

/* Keys, removals and newest points since the last time. */
static enum err save_series(struct metric_store *store, struct metric_manifest *manifest)
{
	const struct metric_frozen *frozen = store->frozen;
	struct metric_series_list fresh = {0};
	struct metric_numbers removed = {0};
	struct metric_seen *seen = heap_alloc((frozen->count + 1) * sizeof(*seen));
	struct metric_record record = {.seen = seen};

	(void)pthread_mutex_lock(&store->mutex);
	for (size_t i = 0; i < store->all.count; i++) {
		struct metric_series *series = store->all.items[i];
		if (series && !series->is_saved && !series->is_removed)
			vec_push(&fresh, series);
	}
	for (size_t i = 0; i < frozen->count; i++) {
		const struct metric_series *series =
			metric_series_find(store, frozen->items[i].series);
		if (series)
			seen[record.seen_count++] =
				(struct metric_seen){series->number, series->last_s};
	}
	removed = store->removed;
	store->removed = (struct metric_numbers){0};
	(void)pthread_mutex_unlock(&store->mutex);
	record.series = fresh.items;
	record.series_count = fresh.count;
	record.removed = removed.items;
	record.removed_count = removed.count;
	enum err err = metric_disk_save_series(store, manifest, &record);
	for (size_t i = 0; i < fresh.count && !err; i++)
		fresh.items[i]->is_saved = true;
	vec_done(&fresh);
	vec_done(&removed);
	heap_free(seen);
	return err;
}

static enum err seal_frozen(struct metric_store *store)
{
	struct metric_manifest manifest = store->manifest;
	struct output output = {.store = store, .manifest = &manifest};
	uint64_t first = manifest.first_journal;
	enum err err = ERR_OK;

	arena_init(&output.arena);
	for (size_t i = 0; i < store->frozen->count && !err; i++) {
		(void)pthread_mutex_lock(&store->mutex);
		bool is_there = metric_series_find(store, store->frozen->items[i].series) != NULL;
		(void)pthread_mutex_unlock(&store->mutex);
		if (is_there)
			err = seal_series(&output, &store->frozen->items[i]);
	}
	output.err = output.err ? output.err : err;
	struct metric_files *files = copy_files(store->files, NULL, NULL);
	err = finish(&output, files);
	if (!err)
		err = save_series(store, &manifest);
	if (err) {
		metric_files_release(files);
		return err;
	}
	manifest.first_journal = store->frozen->journal;
	err = publish(store, &manifest, files, true);
	if (!err)
		metric_disk_remove_journals(store, first, manifest.first_journal);
	return err;
}

/* ---- merging ---- */

struct merge {
	uint32_t step_s;
	int64_t span_s;
	bool rolls; /* a day: into the longer steps, too */
};

static bool is_merged(const void *context, const struct metric_file_name *name)
{
	const struct merge *merge = context;

	return name->step_s == merge->step_s && name->span_s == merge->span_s;
}

/* The series that comes next in any of the files; 0: none. */
static uint32_t next_series(const struct metric_file_cursor *cursors, size_t count)
{
	uint32_t least = 0;

	for (size_t i = 0; i < count; i++)
		if (cursors[i].series != 0 && (least == 0 || cursors[i].series < least))
			least = cursors[i].series;
	return least;
}

static enum err merge_series(struct output *output, struct metric_file_cursor *cursors,
			     size_t count, const struct merge *merge, uint32_t series)
{
	struct metric_gather gather = {.arena = &output->arena,
				       .start_s = INT64_MIN,
				       .end_s = INT64_MAX,
				       .period_s = merge->step_s};
	enum err err = ERR_OK;

	arena_reset(&output->arena);
	for (size_t i = 0; i < count && !err; i++) {
		struct metric_point *points = NULL;
		size_t point_count = 0;
		if (cursors[i].series != series)
			continue;
		err = metric_block_read(cursors[i].block, merge->step_s, merge->span_s,
					&output->arena, &points, &point_count);
		for (size_t j = 0; j < point_count && !err; j++)
			metric_gather_add(&gather, &points[j]);
		if (!err)
			err = metric_file_next(&cursors[i]);
	}
	metric_gather_end(&gather);
	(void)pthread_mutex_lock(&output->store->mutex);
	bool is_there = metric_series_find(output->store, series) != NULL;
	(void)pthread_mutex_unlock(&output->store->mutex);
	if (err || !is_there)
		return err;
	put_points(output, series, merge->step_s, gather.items, gather.count);
	if (merge->rolls) {
		put_rolled(output, series, 300, gather.items, gather.count);
		put_rolled(output, series, 3600, gather.items, gather.count);
	}
	return output->err;
}

static enum err merge_files(struct metric_store *store, const struct merge *merge, int64_t rolled_s)
{
	const struct metric_files *old = store->files;
	struct metric_manifest manifest = store->manifest;
	struct output output = {.store = store, .manifest = &manifest};
	struct metric_file_cursor *cursors = heap_alloc((old->count + 1) * sizeof(*cursors));
	size_t count = 0;
	uint32_t series;

	arena_init(&output.arena);
	for (size_t i = 0; i < old->count && !output.err; i++)
		if (is_merged(merge, metric_file_name(old->items[i])))
			output.err = metric_file_begin(&cursors[count++], old->items[i]);
	while (!output.err && (series = next_series(cursors, count)) != 0)
		output.err = merge_series(&output, cursors, count, merge, series);
	for (size_t i = 0; i < count; i++)
		metric_file_end(&cursors[i]);
	heap_free(cursors);
	struct metric_files *files = copy_files(old, is_merged, merge);
	files->rolled_s = rolled_s;
	enum err err = finish(&output, files);
	if (err) {
		metric_files_release(files);
		return err;
	}
	return publish(store, &manifest, files, false);
}

/* Days without points; the next manifest has it. */
static void skip_days(struct metric_store *store, int64_t rolled_s)
{
	(void)pthread_mutex_lock(&store->mutex);
	store->files->rolled_s = rolled_s;
	(void)pthread_mutex_unlock(&store->mutex);
}

/* Days whose points are all in files, as far as they came in time. */
static enum err roll_days(struct metric_store *store)
{
	enum err err = ERR_OK;

	while (store->files->rolled_s + DAY_S <= store->frozen_s && !err) {
		int64_t day_s = store->files->rolled_s;
		const struct merge merge = {60, day_s, true};
		bool has_day = false;
		int64_t next_s = INT64_MAX;
		for (size_t i = 0; i < store->files->count; i++) {
			const struct metric_file_name *name =
				metric_file_name(store->files->items[i]);
			has_day |= is_merged(&merge, name);
			if (name->step_s == 60 && name->span_s > day_s && name->span_s < next_s)
				next_s = name->span_s;
		}
		int64_t until_s = floor_to(store->frozen_s, DAY_S);
		if (has_day)
			err = merge_files(store, &merge, day_s + DAY_S);
		else
			skip_days(store, next_s < until_s ? next_s : until_s);
	}
	return err;
}

static enum err merge_crowded(struct metric_store *store)
{
	for (size_t i = 0; i < store->files->count; i++) {
		const struct metric_file_name *name = metric_file_name(store->files->items[i]);
		const struct merge merge = {name->step_s, name->span_s, false};
		size_t count = 0;
		for (size_t j = 0; j < store->files->count; j++)
			count += is_merged(&merge, metric_file_name(store->files->items[j]));
		if (count < FILES_MAX)
			continue;
		enum err err = merge_files(store, &merge, store->files->rolled_s);
		if (err)
			return err;
		i = SIZE_MAX; /* the list is another */
	}
	return ERR_OK;
}

/* ---- retention ---- */

static bool is_old(const void *context, const struct metric_file_name *name)
{
	int64_t now_s = *(const int64_t *)context;

	for (size_t i = 0; i < TIERS; i++)
		if (tiers[i].step_s == name->step_s)
			return name->span_s + metric_span_of(name->step_s) + tiers[i].keeps_s <
			       now_s;
	return true;
}

static enum err drop_old(struct metric_store *store, int64_t now_s)
{
	struct metric_manifest manifest = store->manifest;
	struct metric_files *files = copy_files(store->files, is_old, &now_s);

	if (files->count == store->files->count) {
		metric_files_release(files);
		return ERR_OK;
	}
	return publish(store, &manifest, files, false);
}

bool metric_store_is_due(struct metric_store *store, int64_t now_s)
{
	(void)pthread_mutex_lock(&store->mutex);
	bool is_due = store->frozen || store->open_size > METRIC_OPEN_SIZE ||
		      floor_to(now_s, METRIC_FLUSH_S) > floor_to(store->frozen_s, METRIC_FLUSH_S);
	(void)pthread_mutex_unlock(&store->mutex);
	return is_due;
}

enum err metric_store_maintain(struct metric_store *store, int64_t now_s)
{
	(void)pthread_mutex_lock(&store->disk);
	(void)pthread_mutex_lock(&store->mutex);
	if (!store->frozen) /* else the last time has failed */
		freeze(store, now_s);
	(void)pthread_mutex_unlock(&store->mutex);
	(void)pthread_mutex_unlock(&store->disk);
	enum err err = seal_frozen(store);
	if (!err)
		err = roll_days(store);
	if (!err)
		err = drop_old(store, now_s);
	return err ? err : merge_crowded(store);
}
