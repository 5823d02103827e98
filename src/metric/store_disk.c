/* SPDX-License-Identifier: MIT */
/*
 * disk: the directory of a store.
 *
 *   manifest      the files that count, the first journal, the size of the series' file
 *   series-N      records with the keys of series, and when each got its newest point
 *   journal-N     records of a minute each: new series and rows, since the last files were made
 *   STEP-SPAN-N.points
 *
 * Everything new is written and synced before the manifest names it, and nothing is removed before
 * a manifest without it is durable; so the start removes whatever the manifest does not name.
 */
#include "metric/store_private.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD_VERSION = 1, MANIFEST_VERSION = 1, MANIFEST_MAX = 16 << 20 };
#define MANIFEST_MAGIC "tern metrics\n"

/* ---- records ---- */

static void append_key(struct buf *out, const struct metric_series *series)
{
	const struct metric_key *key = series->key;

	bytes_append_varint(out, series->number);
	bytes_append_str(out, key->account);
	bytes_append_str(out, key->region);
	bytes_append_str(out, key->name_space);
	bytes_append_str(out, key->name);
	bytes_append_str(out, key->unit);
	bytes_append_varint(out, key->dimension_count);
	for (size_t i = 0; i < key->dimension_count; i++) {
		bytes_append_str(out, key->dimensions[i].name);
		bytes_append_str(out, key->dimensions[i].value);
	}
}

static bool read_key(struct byte_reader *reader, struct arena *arena, uint32_t *out_number,
		     struct metric_key *out_key)
{
	uint64_t number = byte_reader_varint(reader);
	struct metric_key key;

	key.account = byte_reader_str(reader);
	key.region = byte_reader_str(reader);
	key.name_space = byte_reader_str(reader);
	key.name = byte_reader_str(reader);
	key.unit = byte_reader_str(reader);
	uint64_t count = byte_reader_varint(reader);
	if (reader->is_short || count > LIMIT_REQUEST_ITEMS || number == 0 ||
	    number > METRIC_NUMBER_MAX)
		return false;
	struct metric_dimension *dimensions = arena_array(arena, struct metric_dimension, count);
	for (size_t i = 0; i < count; i++) {
		dimensions[i].name = byte_reader_str(reader);
		dimensions[i].value = byte_reader_str(reader);
	}
	key.dimensions = dimensions;
	key.dimension_count = count;
	*out_number = (uint32_t)number;
	*out_key = key;
	return !reader->is_short;
}

void metric_record_append(struct buf *out, const struct metric_record *record)
{
	uint32_t number = 0;

	bytes_append_u8(out, RECORD_VERSION);
	bytes_append_varint(out, record->series_count);
	for (size_t i = 0; i < record->series_count; i++)
		append_key(out, record->series[i]);
	bytes_append_varint(out, record->removed_count);
	for (size_t i = 0; i < record->removed_count; i++)
		bytes_append_varint(out, record->removed[i]);
	bytes_append_varint(out, record->seen_count);
	for (size_t i = 0; i < record->seen_count; i++) {
		bytes_append_varint(out, record->seen[i].series - number);
		bytes_append_varint(out, metric_zigzag(record->seen[i].last_s));
		number = record->seen[i].series;
	}
	buf_append(out, record->rows);
}

static enum err load_keys(struct metric_store *store, struct byte_reader *reader, bool is_saved)
{
	uint64_t count = byte_reader_varint(reader);
	enum err err = ERR_OK;
	struct arena arena;

	arena_init(&arena);
	for (uint64_t i = 0; i < count && !err; i++) {
		struct metric_key key;
		uint32_t number;
		if (read_key(reader, &arena, &number, &key))
			metric_series_load(store, number, &key, is_saved);
		else
			err = ERR_DAMAGED;
	}
	arena_done(&arena);
	return err;
}

static enum err load_removed(struct metric_store *store, struct byte_reader *reader, bool is_saved)
{
	uint64_t count = byte_reader_varint(reader);

	for (uint64_t i = 0; i < count && !reader->is_short; i++) {
		uint64_t number = byte_reader_varint(reader);
		metric_series_drop(store, (uint32_t)number);
		if (!is_saved)
			vec_push(&store->removed, (uint32_t)number);
	}
	return reader->is_short ? ERR_DAMAGED : ERR_OK;
}

static enum err load_seen(struct metric_store *store, struct byte_reader *reader)
{
	uint64_t count = byte_reader_varint(reader), number = 0;

	for (uint64_t i = 0; i < count && !reader->is_short; i++) {
		number += byte_reader_varint(reader);
		int64_t last_s = metric_unzigzag(byte_reader_varint(reader));
		struct metric_series *series = metric_series_find(store, (uint32_t)number);
		if (series)
			atomic_store_explicit(&series->last_s, last_s, memory_order_relaxed);
	}
	return reader->is_short ? ERR_DAMAGED : ERR_OK;
}

static enum err load_points(struct metric_store *store, struct metric_series *series,
			    struct str rows, uint32_t step_s)
{
	struct byte_reader reader = byte_reader_of(rows);
	struct metric_row_state state = {0};
	struct metric_point point;
	struct arena arena;

	(void)store;
	arena_init(&arena);
	while (metric_row_next(&reader, &state, step_s, &arena, &point)) {
		const struct metric_pending_point pending = {.step_s = step_s, .point = point};
		if (series) {
			metric_series_append(series, &pending);
			if (point.time_s > series->last_s)
				series->last_s = point.time_s;
		}
		arena_reset(&arena);
	}
	arena_done(&arena);
	return reader.is_short ? ERR_DAMAGED : ERR_OK;
}

static enum err load_rows(struct metric_store *store, struct byte_reader *reader)
{
	enum err err = ERR_OK;

	while (reader->rest.size > 0 && !err) {
		uint64_t number = byte_reader_varint(reader);
		struct str minutes = byte_reader_take(reader, byte_reader_varint(reader));
		struct str seconds = byte_reader_take(reader, byte_reader_varint(reader));
		if (reader->is_short)
			return ERR_DAMAGED;
		struct metric_series *series = metric_series_find(store, (uint32_t)number);
		err = load_points(store, series, minutes, 60);
		if (!err)
			err = load_points(store, series, seconds, 1);
	}
	return err;
}

struct loading {
	struct metric_store *store;
	bool is_saved; /* of the series' file */
};

static enum err load_record(void *context, struct str plain)
{
	struct loading *loading = context;
	struct byte_reader reader = byte_reader_of(plain);

	if (byte_reader_u8(&reader) != RECORD_VERSION)
		return ERR_VERSION;
	enum err err = load_keys(loading->store, &reader, loading->is_saved);
	if (!err)
		err = load_removed(loading->store, &reader, loading->is_saved);
	if (!err)
		err = load_seen(loading->store, &reader);
	return err ? err : load_rows(loading->store, &reader);
}

/* ---- the manifest ---- */

enum err metric_manifest_write(const struct metric_store *store,
			       const struct metric_manifest *manifest)
{
	struct buf out = {0};

	if (!store->options.directory)
		return ERR_OK;
	buf_append(&out, STR(MANIFEST_MAGIC));
	bytes_append_u32(&out, 0); /* the CRC */
	size_t start = out.size;
	bytes_append_varint(&out, MANIFEST_VERSION);
	bytes_append_varint(&out, manifest->next_sequence);
	bytes_append_varint(&out, manifest->first_journal);
	bytes_append_varint(&out, manifest->series_number);
	bytes_append_varint(&out, manifest->series_size);
	bytes_append_varint(&out, metric_zigzag(manifest->files->rolled_s));
	bytes_append_varint(&out, manifest->files->count);
	for (size_t i = 0; i < manifest->files->count; i++) {
		const struct metric_file_name *name = metric_file_name(manifest->files->items[i]);
		bytes_append_varint(&out, name->step_s);
		bytes_append_varint(&out, metric_zigzag(name->span_s));
		bytes_append_varint(&out, name->sequence);
	}
	put_u32(out.data + start - 4, crc32c(0, str_slice(buf_str(&out), start, SIZE_MAX)));
	enum err err = metric_replace_file(store->options.directory, "manifest", buf_str(&out));
	buf_done(&out);
	return err;
}

static enum err read_files(struct metric_store *store, struct byte_reader *reader, int64_t rolled_s)
{
	uint64_t count = byte_reader_varint(reader);
	enum err err = ERR_OK;

	if (reader->is_short || count > reader->rest.size)
		return ERR_DAMAGED;
	struct metric_files *files = metric_files_new(count, rolled_s);
	for (uint64_t i = 0; i < count && !err; i++) {
		struct metric_file_name name;
		name.step_s = (uint32_t)byte_reader_varint(reader);
		name.span_s = metric_unzigzag(byte_reader_varint(reader));
		name.sequence = byte_reader_varint(reader);
		if (reader->is_short)
			err = ERR_DAMAGED;
		else
			err = metric_file_open(store->options.directory, &store->options.seal, name,
					       &files->items[files->count]);
		if (!err)
			files->count++;
	}
	metric_files_release(store->files);
	store->files = files;
	return err;
}

static enum err read_manifest(struct metric_store *store)
{
	char path[METRIC_PATH_SIZE];
	struct buf bytes = {0};

	if (snprintf(path, sizeof(path), "%s/manifest", store->options.directory) >=
	    (int)sizeof(path))
		return ERR_TOOLARGE;
	enum err err = metric_read_file(path, MANIFEST_MAX, &bytes);
	if (err == ERR_NOTFOUND)
		return ERR_OK; /* a new store */
	struct byte_reader reader = byte_reader_of(buf_str(&bytes));
	struct str magic = byte_reader_take(&reader, sizeof(MANIFEST_MAGIC) - 1);
	uint32_t sum = byte_reader_u32(&reader);
	if (!err && (!str_equal(magic, STR(MANIFEST_MAGIC)) || sum != crc32c(0, reader.rest)))
		err = ERR_DAMAGED;
	if (!err && byte_reader_varint(&reader) != MANIFEST_VERSION)
		err = ERR_VERSION;
	if (!err) {
		store->manifest.next_sequence = byte_reader_varint(&reader);
		store->manifest.first_journal = byte_reader_varint(&reader);
		store->manifest.series_number = byte_reader_varint(&reader);
		store->manifest.series_size = byte_reader_varint(&reader);
		int64_t rolled_s = metric_unzigzag(byte_reader_varint(&reader));
		err = read_files(store, &reader, rolled_s);
	}
	buf_done(&bytes);
	return err;
}

/* ---- the start ---- */

static bool is_live(const struct metric_store *store, const char *name)
{
	char text[METRIC_FILE_NAME_SIZE];

	for (size_t i = 0; i < store->files->count; i++) {
		metric_file_format(metric_file_name(store->files->items[i]), text);
		if (strcmp(text, name) == 0)
			return true;
	}
	return strcmp(name, "manifest") == 0;
}

static bool number_of(const char *name, const char *prefix, uint64_t *out_number)
{
	struct str text = str_from(name), start = str_from(prefix);

	return str_starts(text, start) &&
	       str_to_u64(str_slice(text, start.size, SIZE_MAX), out_number);
}

/* Removes leftovers; *out_last is the number of the last journal, 0: none. */
static enum err clean(struct metric_store *store, uint64_t *out_last)
{
	DIR *directory = opendir(store->options.directory);
	const struct dirent *entry;

	*out_last = 0;
	if (!directory)
		return ERR_IO;
	while ((entry = readdir(directory)) != NULL) {
		char path[METRIC_PATH_SIZE];
		uint64_t number;
		if (entry->d_name[0] == '.' || is_live(store, entry->d_name))
			continue;
		if (number_of(entry->d_name, "series-", &number) &&
		    number == store->manifest.series_number)
			continue;
		if (number_of(entry->d_name, "journal-", &number) &&
		    number >= store->manifest.first_journal) {
			*out_last = number > *out_last ? number : *out_last;
			continue;
		}
		if (snprintf(path, sizeof(path), "%s/%s", store->options.directory, entry->d_name) <
		    (int)sizeof(path))
			(void)unlink(path); /* it is removed at the next start */
	}
	(void)closedir(directory);
	return ERR_OK;
}

static enum err replay(struct metric_store *store, const char *prefix, uint64_t number,
		       uint64_t size, bool is_saved)
{
	struct loading loading = {store, is_saved};
	char path[METRIC_PATH_SIZE];
	uint64_t end = 0;

	enum err err = metric_path(store->options.directory, prefix, number, path);
	if (!err)
		err = metric_journal_read(path, &store->options.seal, size, load_record, &loading,
					  &end);
	if (!err && is_saved && end != size)
		err = ERR_DAMAGED;
	return err;
}

enum err metric_disk_open(struct metric_store *store)
{
	uint64_t last = 0;

	if (mkdir(store->options.directory, 0700) != 0 && errno != EEXIST)
		return ERR_IO;
	enum err err = read_manifest(store);
	if (!err)
		err = clean(store, &last);
	if (!err && store->manifest.series_size > 0)
		err = replay(store, "series", store->manifest.series_number,
			     store->manifest.series_size, true);
	for (uint64_t number = store->manifest.first_journal; number <= last && !err; number++)
		err = replay(store, "journal", number, UINT64_MAX, false);
	/* A journal with a torn end is not continued. */
	store->journal_number =
		last + 1 > store->manifest.first_journal ? last + 1 : store->manifest.first_journal;
	return err;
}

enum err metric_disk_append(struct metric_store *store, struct str record)
{
	char path[METRIC_PATH_SIZE];

	if (!store->options.directory)
		return ERR_OK;
	if (store->journal.descriptor < 0) {
		enum err err = metric_path(store->options.directory, "journal",
					   store->journal_number, path);
		if (!err)
			err = metric_journal_open(path, store->journal.size, &store->journal);
		if (err)
			return err;
	}
	return metric_journal_append(&store->journal, &store->options.seal, record);
}

void metric_disk_rotate(struct metric_store *store)
{
	metric_journal_close(&store->journal);
	store->journal.size = 0;
	store->journal_number++;
}

enum err metric_disk_save_series(struct metric_store *store, struct metric_manifest *manifest,
				 const struct metric_record *record)
{
	struct metric_journal journal = METRIC_JOURNAL_CLOSED;
	char path[METRIC_PATH_SIZE];
	struct buf bytes = {0};

	if (!store->options.directory)
		return ERR_OK;
	enum err err =
		metric_path(store->options.directory, "series", manifest->series_number, path);
	if (!err)
		err = metric_journal_open(path, manifest->series_size, &journal);
	if (err)
		return err;
	metric_record_append(&bytes, record);
	err = metric_journal_append(&journal, &store->options.seal, buf_str(&bytes));
	if (!err)
		manifest->series_size = journal.size;
	metric_journal_close(&journal);
	buf_done(&bytes);
	return err;
}

void metric_disk_remove_journals(const struct metric_store *store, uint64_t from, uint64_t until)
{
	char path[METRIC_PATH_SIZE];

	for (uint64_t number = from; store->options.directory && number < until; number++)
		if (metric_path(store->options.directory, "journal", number, path) == ERR_OK)
			(void)unlink(path); /* else the next start does it */
}
