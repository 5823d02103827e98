/* SPDX-License-Identifier: MIT */
#include "logstore/logstore.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fixture.h"
#include "base/sleep.h"
#include "logstore/read.h"

enum { GROUP = 7, STREAM = 11 };

static struct seal *seal;
static struct logstore *store;
static char parent[32], directory[64];
static bool forgets; /* write-ahead logs are deleted once they are flushed */
static _Atomic int flushes;
static uint64_t next_sequence;

static void on_flushed(void *context, uint64_t wal, const struct logstore_touched *touched,
		       size_t count)
{
	(void)context;
	(void)touched;
	(void)count;
	flushes++;
	if (forgets && store)
		logstore_flushed(store, wal);
}

static void open_store(size_t wal_size)
{
	const struct logstore_options options = {
		.directory = str_from(directory),
		.syncs = true,
		.seal = seal,
		.wal_size = wal_size,
		.segment_size = 20000,
		.segment_age_ms = INT64_MAX,
		.on_flushed = on_flushed,
	};

	assert_int_equal(logstore_open(&options, &store), ERR_OK);
	assert_int_equal(logstore_add(store, GROUP), ERR_OK);
	assert_int_equal(logstore_recover(store), ERR_OK);
	logstore_start(store);
}

static int setup(void **unused)
{
	static const uint8_t master[SEAL_KEY_SIZE] = {1, 2, 3};

	(void)unused;
	snprintf(parent, sizeof(parent), "/tmp/logstore-XXXXXX");
	assert_non_null(mkdtemp(parent));
	snprintf(directory, sizeof(directory), "%s/logs", parent);
	seal = seal_new(master);
	forgets = true;
	flushes = 0;
	next_sequence = 1;
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *place)
{
	(void)status;
	(void)flag;
	(void)place;
	return remove(path);
}

static int teardown(void **unused)
{
	(void)unused;
	logstore_close(&store);
	seal_free(&seal);
	return nftw(parent, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- writing ---- */

struct wait {
	struct logstore_append append;
	pthread_mutex_t mutex;
	pthread_cond_t ended;
	bool is_done;
};

static void on_done(struct logstore_append *append)
{
	struct wait *wait = container_of(append, struct wait, append);

	pthread_mutex_lock(&wait->mutex);
	wait->is_done = true;
	pthread_cond_signal(&wait->ended);
	pthread_mutex_unlock(&wait->mutex);
}

static struct str envelope(void *context, struct arena *in, struct str plain)
{
	(void)context;
	return arena_join(in, (const struct str[]){STR("E"), plain}, 2);
}

static enum err write_records(uint64_t group, struct log_record *records, size_t count,
			      bool is_envelope)
{
	struct wait wait = {.mutex = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
	struct buf frame = {0};

	logstore_pack(store, &arena, group, records, count, is_envelope ? envelope : NULL, NULL,
		      &frame, &wait.append);
	wait.append.syncs = true;
	wait.append.done = on_done;
	logstore_write(store, &wait.append);
	pthread_mutex_lock(&wait.mutex);
	while (!wait.is_done)
		pthread_cond_wait(&wait.ended, &wait.mutex);
	pthread_mutex_unlock(&wait.mutex);
	buf_done(&frame);
	return wait.append.result;
}

static struct log_record record_of(uint64_t stream, int64_t time_ms, const char *text)
{
	return (struct log_record){
		.key = {time_ms, next_sequence++},
		.stream = stream,
		.ingested_ms = time_ms + 5,
		.text = str_from(text),
	};
}

static void write_one(uint64_t stream, int64_t time_ms, const char *text)
{
	struct log_record record = record_of(stream, time_ms, text);

	assert_int_equal(write_records(GROUP, &record, 1, false), ERR_OK);
}

/* ---- reading ---- */

static enum err open_envelope(void *context, char *sealed, size_t size, struct str *out_plain)
{
	(void)context;
	if (size < 1 || sealed[0] != 'E')
		return ERR_DAMAGED;
	*out_plain = str_of(sealed + 1, size - 1);
	return ERR_OK;
}

static struct logstore_query all(void)
{
	return (struct logstore_query){
		.group = GROUP,
		.to_ms = INT64_MAX,
		.count_max = 1000,
		.size_max = 1 << 20,
		.scan_max = UINT64_MAX,
		.open = open_envelope,
	};
}

static struct logstore_page read_page(struct logstore_query query)
{
	struct logstore_page page;

	assert_int_equal(logstore_read(store, &arena, &query, &page), ERR_OK);
	return page;
}

static void assert_texts(const struct logstore_page *page, const char *expected)
{
	struct buf texts = {0};

	for (size_t i = 0; i < page->count; i++)
		buf_format(&texts, "%s%.*s", i > 0 ? " " : "", STR_ARG(page->records[i].text));
	assert_str(buf_str(&texts), expected);
	buf_done(&texts);
}

static bool never(const void *unused)
{
	(void)unused;
	return false;
}

static void pause_ms(void)
{
	sleep_unless(1, never, NULL);
}

static void wait_for_flushes(int count)
{
	while (flushes < count)
		pause_ms();
}

static void test_events_are_read_in_order_of_time(void **unused)
{
	(void)unused;
	open_store(1 << 20);
	write_one(STREAM, 3000, "c");
	write_one(STREAM + 1, 1000, "a");
	write_one(STREAM, 2000, "b");
	struct logstore_page page = read_page(all());
	assert_texts(&page, "a b c");
	assert_int_equal(page.records[0].stream, STREAM + 1);
	assert_int_equal(page.records[0].ingested_ms, 1005);
	assert_false(page.has_more);
	assert_int_equal(logstore_size(store, GROUP).text, 3 * (1 + FRAME_TEXT_OVERHEAD));

	static const uint64_t streams[] = {STREAM};
	struct logstore_query query = all();
	query.streams = streams;
	query.stream_count = 1;
	page = read_page(query);
	assert_texts(&page, "b c");
	query = all();
	query.from_ms = 2000;
	query.to_ms = 3000;
	page = read_page(query);
	assert_texts(&page, "b");
}

static void test_pages_follow_in_both_directions(void **unused)
{
	struct logstore_query query = all();

	(void)unused;
	open_store(1 << 20);
	for (int i = 0; i < 5; i++)
		write_one(STREAM, 1000, (const char *[]){"a", "b", "c", "d", "e"}[i]);
	query.count_max = 2;
	struct logstore_page page = read_page(query);
	assert_texts(&page, "a b");
	assert_true(page.has_more);
	query.has_after = true;
	query.after = page.records[1].key;
	page = read_page(query);
	assert_texts(&page, "c d");
	query.after = page.records[1].key;
	page = read_page(query);
	assert_texts(&page, "e");
	assert_false(page.has_more);
	query.is_backward = true;
	query.after = page.records[0].key;
	page = read_page(query);
	assert_texts(&page, "c d");
	query.size_max = 1;
	page = read_page(query);
	assert_texts(&page, "d");
}

static void test_events_survive_a_restart(void **unused)
{
	(void)unused;
	open_store(1 << 20);
	write_one(STREAM, 2000, "b");
	struct log_record sealed = record_of(STREAM, 1000, "a");
	assert_int_equal(write_records(GROUP, &sealed, 1, true), ERR_OK);
	for (int i = 0; i < 3; i++) {
		logstore_close(&store);
		open_store(1 << 20);
		struct logstore_page page = read_page(all());
		assert_texts(&page, "a b");
	}
	assert_int_equal(flushes, 1);
	write_one(STREAM, 3000, "c");
	struct logstore_page page = read_page(all());
	assert_texts(&page, "a b c");
}

static void list_files(const char *path, const char *prefix, struct buf *out)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;

	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL)
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			buf_format(out, "%s/%s", path, entry->d_name);
	buf_append_char(out, '\0');
	closedir(folder);
}

static void test_a_torn_end_is_cut(void **unused)
{
	struct buf path = {0};
	struct stat status;

	(void)unused;
	open_store(1 << 20);
	write_one(STREAM, 1000, "a");
	write_one(STREAM, 2000, "b");
	logstore_close(&store);
	list_files(directory, "wal-", &path);
	assert_int_equal(stat(path.data, &status), 0);
	assert_int_equal(truncate(path.data, status.st_size - 3), 0);
	open_store(1 << 20);
	struct logstore_page page = read_page(all());
	assert_texts(&page, "a");
	buf_done(&path);
}

static void test_a_log_that_is_flushed_again_adds_nothing(void **unused)
{
	(void)unused;
	forgets = false; /* as if the process was killed before */
	open_store(1 << 20);
	write_one(STREAM, 1000, "a");
	for (int i = 0; i < 3; i++) {
		logstore_close(&store);
		open_store(1 << 20);
		struct logstore_page page = read_page(all());
		assert_texts(&page, "a");
	}
	assert_int_equal(flushes, 3);
}

static void test_bytes_behind_the_last_mark_are_cut(void **unused)
{
	char folder[128];
	struct buf path = {0}, frame = {0};
	struct logstore_append append;

	(void)unused;
	open_store(1 << 20);
	write_one(STREAM, 1000, "a");
	logstore_close(&store);
	open_store(1 << 20);
	struct log_record record = record_of(STREAM, 2000, "unfinished");
	logstore_pack(store, &arena, GROUP, &record, 1, NULL, NULL, &frame, &append);
	logstore_close(&store);
	snprintf(folder, sizeof(folder), "%s/%010d", directory, GROUP);
	list_files(folder, "open-", &path);
	int file = open(path.data, O_WRONLY | O_APPEND);
	assert_int_equal(write(file, frame.data, frame.size), frame.size);
	close(file);
	open_store(1 << 20);
	struct logstore_page page = read_page(all());
	assert_texts(&page, "a");
	buf_done(&path);
	buf_done(&frame);
}

static void test_a_damaged_frame_leaves_the_others_readable(void **unused)
{
	char folder[128], byte;
	struct buf path = {0};

	(void)unused;
	open_store(50);
	write_one(STREAM, 1000, "a");
	wait_for_flushes(1);
	write_one(STREAM, 2000, "b");
	wait_for_flushes(2);
	logstore_close(&store);
	snprintf(folder, sizeof(folder), "%s/%010d", directory, GROUP);
	list_files(folder, "open-", &path);
	int file = open(path.data, O_RDWR);
	assert_int_equal(pread(file, &byte, 1, 60), 1);
	byte = (char)~byte;
	assert_int_equal(pwrite(file, &byte, 1, 60), 1);
	close(file);
	open_store(50);
	struct logstore_page page = read_page(all());
	assert_texts(&page, "b");
	buf_done(&path);
}

static void test_expired_segments_are_deleted(void **unused)
{
	struct prng prng;
	char text[3000];

	(void)unused;
	prng_init(&prng, 1);
	text[sizeof(text) - 1] = '\0';
	open_store(30000);
	for (int i = 0; i < 200; i++) {
		for (size_t j = 0; j + 1 < sizeof(text); j++)
			text[j] = (char)('a' + prng_below(&prng, 26));
		write_one(STREAM, 1000 + i, text);
	}
	wait_for_flushes(15);
	uint64_t before = logstore_size(store, GROUP).text;
	logstore_expire(store, GROUP, 1100);
	while (logstore_size(store, GROUP).text > before * 3 / 5)
		pause_ms();
	struct logstore_query query = all();
	query.from_ms = 1100;
	assert_int_equal(read_page(query).count, 100);
	logstore_expire(store, GROUP, 5000);
	wait_for_flushes(flushes);
	logstore_expire(store, GROUP, 5000);
}

static void test_a_dropped_group_has_no_files(void **unused)
{
	char folder[128];
	struct log_record record = record_of(STREAM, 1000, "a");
	struct logstore_page page;
	struct logstore_query query = all();

	(void)unused;
	open_store(50);
	write_one(STREAM, 1000, "a");
	wait_for_flushes(1);
	snprintf(folder, sizeof(folder), "%s/%010d", directory, GROUP);
	assert_int_equal(access(folder, F_OK), 0);
	logstore_drop(store, GROUP);
	while (access(folder, F_OK) == 0)
		pause_ms();
	assert_int_equal(write_records(GROUP, &record, 1, false), ERR_NOTFOUND);
	assert_int_equal(logstore_read(store, &arena, &query, &page), ERR_NOTFOUND);
	assert_int_equal(logstore_greatest(store), 0);
}

static void test_without_a_directory_files_are_in_memory(void **unused)
{
	(void)unused;
	directory[0] = '\0';
	open_store(50);
	for (int i = 0; i < 3; i++)
		write_one(STREAM, 1000 + i, (const char *[]){"a", "b", "c"}[i]);
	wait_for_flushes(3);
	struct logstore_page page = read_page(all());
	assert_texts(&page, "a b c");
	logstore_drop(store, GROUP);
}

/* ---- against a sorted list ---- */

struct expected {
	struct log_record *items;
	size_t count;
};

static int by_key(const void *left, const void *right)
{
	const struct log_record *a = left, *b = right;

	return log_key_compare(a->key, b->key);
}

static bool has_even_text(void *context, const struct log_record *record)
{
	(void)context;
	return record->text.size % 2 == 0;
}

static void check_walk(struct expected *expected, bool is_backward, bool filters)
{
	struct logstore_query query = all();
	size_t at = is_backward ? expected->count : 0, found = 0, wanted = 0;

	query.is_backward = is_backward;
	query.count_max = 17;
	query.size_max = 1500;
	query.matches = filters ? has_even_text : NULL;
	query.scan_max = filters ? 1000 : UINT64_MAX;
	for (size_t i = 0; i < expected->count; i++)
		wanted += !filters || expected->items[i].text.size % 2 == 0;
	for (;;) {
		struct logstore_page page = read_page(query);
		for (size_t i = 0; i < page.count; i++) {
			size_t index = is_backward ? page.count - 1 - i : i;
			const struct log_record *record = &page.records[index];
			do
				at += is_backward ? SIZE_MAX : 1;
			while (filters &&
			       expected->items[is_backward ? at : at - 1].text.size % 2 != 0);
			const struct log_record *other =
				&expected->items[is_backward ? at : at - 1];
			assert_int_equal(record->key.sequence, other->key.sequence);
			assert_int_equal(record->stream, other->stream);
			assert_true(str_equal(record->text, other->text));
			found++;
		}
		if (!page.is_partial && !page.has_more)
			break;
		query.has_after = true;
		query.after = page.is_partial ? page.resume
					      : page.records[is_backward ? 0 : page.count - 1].key;
	}
	assert_int_equal(found, wanted);
}

static void test_walks_agree_with_a_sorted_list(void **unused)
{
	enum { COUNT = 1500 };
	struct log_record *records = calloc(COUNT, sizeof(*records));
	struct expected expected = {records, COUNT};
	struct prng prng;

	(void)unused;
	prng_init(&prng, 20261130);
	open_store(4000);
	for (size_t i = 0; i < COUNT;) {
		size_t count = 1 + prng_below(&prng, 9);
		uint64_t stream = STREAM + prng_below(&prng, 4);
		int64_t time_ms = 1000 + (int64_t)prng_below(&prng, 500);
		if (count > COUNT - i)
			count = COUNT - i;
		for (size_t j = 0; j < count; j++) {
			time_ms += (int64_t)prng_below(&prng, 3);
			size_t size = prng_below(&prng, 90);
			char *text = arena_bytes(&arena, size + 1);
			memset(text, (int)('a' + j), size);
			text[size] = '\0';
			records[i + j] = record_of(stream, time_ms, text);
		}
		assert_int_equal(
			write_records(GROUP, &records[i], count, prng_below(&prng, 4) == 0),
			ERR_OK);
		i += count;
	}
	qsort(records, COUNT, sizeof(*records), by_key);
	for (int i = 0; i < 2; i++) {
		check_walk(&expected, false, false);
		check_walk(&expected, true, false);
		check_walk(&expected, false, true);
		check_walk(&expected, true, true);
		logstore_close(&store);
		open_store(4000);
	}
	free(records);
}
