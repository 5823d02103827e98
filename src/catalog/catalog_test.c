/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fixture.h"
#include "catalog/catalog.h"

static char path[64];

static int setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/tern-catalog-XXXXXX");
	return mkdtemp(path) ? 0 : -1;
}

static int teardown(void **state)
{
	char file[96];

	(void)state;
	snprintf(file, sizeof(file), "%s/data.mdb", path);
	unlink(file);
	snprintf(file, sizeof(file), "%s/lock.mdb", path);
	unlink(file);
	return rmdir(path);
}

static void put(struct catalog *catalog, struct str key, struct str value)
{
	assert_int_equal(catalog_begin(catalog, true), ERR_OK);
	assert_int_equal(catalog_put(catalog, CATALOG_META, key, value), ERR_OK);
	assert_int_equal(catalog_commit(catalog), ERR_OK);
}

/* The bytes of a file as one text; free it. */
static struct buf read_whole(void)
{
	struct buf bytes = {0};
	char file[96], part[4096];
	size_t size;

	snprintf(file, sizeof(file), "%s/data.mdb", path);
	FILE *stream = fopen(file, "re");
	assert_non_null(stream);
	while ((size = fread(part, 1, sizeof(part), stream)) > 0)
		buf_append(&bytes, str_of(part, size));
	fclose(stream);
	return bytes;
}

static bool is_in_file(struct str text)
{
	struct buf bytes = read_whole();
	bool is_found = str_find(buf_str(&bytes), text, 0) != SIZE_MAX;

	buf_done(&bytes);
	return is_found;
}

static void test_a_rewritten_catalog_keeps_no_bytes_of_deleted_records(void **state)
{
	(void)state;
	struct catalog *catalog;
	struct str value;
	char key[16];

	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	put(catalog, STR("secret"), STR("a-secret-of-the-past"));
	put(catalog, STR("kept"), STR("what-stays"));
	assert_int_equal(catalog_begin(catalog, true), ERR_OK);
	assert_int_equal(catalog_delete(catalog, CATALOG_META, STR("secret")), ERR_OK);
	assert_int_equal(catalog_commit(catalog), ERR_OK);
	assert_true(is_in_file(STR("a-secret-of-the-past")));
	assert_int_equal(catalog_begin(catalog, true), ERR_OK);
	for (int i = 0; i < 200; i++) {
		int size = snprintf(key, sizeof(key), "key-%d", i);
		assert_int_equal(
			catalog_put(catalog, CATALOG_META, str_of(key, (size_t)size), STR("x")),
			ERR_OK);
	}
	assert_int_equal(catalog_commit(catalog), ERR_OK);
	assert_int_equal(catalog_rewrite(catalog), ERR_OK);
	assert_false(is_in_file(STR("a-secret-of-the-past")));
	assert_true(is_in_file(STR("what-stays")));

	put(catalog, STR("later"), STR("still-written"));
	catalog_free(&catalog);
	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	assert_int_equal(catalog_begin(catalog, false), ERR_OK);
	assert_int_equal(catalog_get(catalog, CATALOG_META, STR("later"), &value), ERR_OK);
	assert_int_equal(catalog_get(catalog, CATALOG_META, STR("key-199"), &value), ERR_OK);
	assert_int_equal(catalog_get(catalog, CATALOG_META, STR("secret"), &value), ERR_NOTFOUND);
	catalog_free(&catalog);
}

static void test_committed_records_survive_reopening(void **state)
{
	(void)state;
	struct catalog *catalog;
	struct str value;

	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	put(catalog, STR("a"), STR("1"));
	assert_int_equal(catalog_begin(catalog, true), ERR_OK);
	assert_int_equal(catalog_put(catalog, CATALOG_META, STR("b"), STR("2")), ERR_OK);
	catalog_abort(catalog);
	catalog_free(&catalog);
	assert_null(catalog);

	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	assert_int_equal(catalog_begin(catalog, false), ERR_OK);
	assert_int_equal(catalog_get(catalog, CATALOG_META, STR("a"), &value), ERR_OK);
	assert_true(str_equal(value, STR("1")));
	assert_int_equal(catalog_get(catalog, CATALOG_META, STR("b"), &value), ERR_NOTFOUND);
	catalog_abort(catalog);
	catalog_free(&catalog);
}

static enum err concatenate(void *context, struct str key, struct str value)
{
	buf_append(context, key);
	buf_append(context, value);
	return ERR_OK;
}

static void test_each_visits_in_key_order(void **state)
{
	(void)state;
	struct catalog *catalog;
	struct buf seen = {0};

	assert_int_equal(catalog_open(path, false, &catalog), ERR_OK);
	assert_int_equal(catalog_begin(catalog, true), ERR_OK);
	assert_int_equal(catalog_put(catalog, CATALOG_SQS_TASKS, STR("b"), STR("2")), ERR_OK);
	assert_int_equal(catalog_put(catalog, CATALOG_SQS_TASKS, STR("a"), STR("1")), ERR_OK);
	assert_int_equal(catalog_each(catalog, CATALOG_SQS_TASKS, concatenate, &seen), ERR_OK);
	assert_true(str_equal(buf_str(&seen), STR("a1b2")));
	assert_int_equal(catalog_delete(catalog, CATALOG_SQS_TASKS, STR("c")), ERR_NOTFOUND);
	assert_int_equal(catalog_commit(catalog), ERR_OK);
	buf_done(&seen);
	catalog_free(&catalog);
}

static void test_a_rewriting_that_is_wanted_is_done_by_the_next_start(void **state)
{
	(void)state;
	struct catalog *catalog;
	struct str value;

	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	put(catalog, STR("secret"), STR("a-secret-of-the-past"));
	assert_int_equal(catalog_begin(catalog, true), ERR_OK);
	assert_int_equal(catalog_delete(catalog, CATALOG_META, STR("secret")), ERR_OK);
	assert_int_equal(catalog_want_rewrite(catalog), ERR_OK);
	assert_int_equal(catalog_commit(catalog), ERR_OK);
	catalog_free(&catalog);
	assert_true(is_in_file(STR("a-secret-of-the-past")));

	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	assert_false(is_in_file(STR("a-secret-of-the-past")));
	/* Once. */
	assert_int_equal(catalog_begin(catalog, false), ERR_OK);
	assert_int_equal(catalog_get(catalog, CATALOG_META, STR("rewrite-wanted"), &value),
			 ERR_NOTFOUND);
	catalog_free(&catalog);
}

static void test_changes_are_made_together_or_not_at_all(void **state)
{
	struct catalog_changes changes = {0};
	struct catalog *catalog;
	struct str value;

	(void)state;
	assert_int_equal(catalog_open(path, false, &catalog), ERR_OK);
	catalog_changes_put(&changes, CATALOG_SQS_TASKS, STR("a"), STR("1"));
	catalog_changes_put(&changes, CATALOG_SQS_QUEUES, STR("b"), STR("2"));
	assert_int_equal(catalog_write(catalog, &changes), ERR_OK);

	catalog_changes_put(&changes, CATALOG_SQS_TASKS, STR("a"), STR("3"));
	catalog_changes_delete(&changes, CATALOG_SQS_QUEUES, STR("missing"));
	assert_int_equal(catalog_write(catalog, &changes), ERR_NOTFOUND);
	assert_int_equal(catalog_begin(catalog, false), ERR_OK);
	assert_int_equal(catalog_get(catalog, CATALOG_SQS_TASKS, STR("a"), &value), ERR_OK);
	assert_str(value, "1");
	catalog_abort(catalog);

	catalog_changes_delete(&changes, CATALOG_SQS_TASKS, STR("a"));
	catalog_changes_delete(&changes, CATALOG_SQS_QUEUES, STR("b"));
	assert_int_equal(catalog_write(catalog, &changes), ERR_OK);
	assert_int_equal(catalog_begin(catalog, false), ERR_OK);
	assert_int_equal(catalog_get(catalog, CATALOG_SQS_TASKS, STR("a"), &value), ERR_NOTFOUND);
	assert_int_equal(catalog_get(catalog, CATALOG_SQS_QUEUES, STR("b"), &value), ERR_NOTFOUND);
	catalog_free(&catalog);
	/* The sums have followed. */
	assert_int_equal(catalog_open(path, false, &catalog), ERR_OK);
	catalog_free(&catalog);
}

/* ---- groups ---- */

static enum err find(struct catalog *catalog, struct str key)
{
	struct str value;

	assert_int_equal(catalog_begin(catalog, false), ERR_OK);
	enum err err = catalog_get(catalog, CATALOG_META, key, &value);
	catalog_abort(catalog);
	return err;
}

static void test_a_group_is_durable_at_its_end_and_not_before(void **state)
{
	struct catalog_changes changes = {0};
	struct catalog *catalog;

	(void)state;
	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	catalog_group_begin(catalog);
	put(catalog, STR("a"), STR("first-of-the-group"));
	assert_int_equal(find(catalog, STR("a")), ERR_OK);
	assert_true(catalog_group_has_changes(catalog));
	assert_false(is_in_file(STR("first-of-the-group")));
	/* One that fails undoes itself only. */
	catalog_changes_delete(&changes, CATALOG_META, STR("a"));
	catalog_changes_delete(&changes, CATALOG_META, STR("missing"));
	assert_int_equal(catalog_write(catalog, &changes), ERR_NOTFOUND);
	put(catalog, STR("b"), STR("second-of-the-group"));
	assert_int_equal(catalog_group_end(catalog), ERR_OK);
	assert_true(is_in_file(STR("first-of-the-group")));
	assert_true(is_in_file(STR("second-of-the-group")));

	catalog_group_begin(catalog);
	put(catalog, STR("c"), STR("3"));
	catalog_free(&catalog); /* as the process that ends */
	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	assert_int_equal(find(catalog, STR("a")), ERR_OK);
	assert_int_equal(find(catalog, STR("b")), ERR_OK);
	assert_int_equal(find(catalog, STR("c")), ERR_NOTFOUND);
	catalog_free(&catalog);
}

static void test_a_group_without_changes_writes_nothing(void **state)
{
	struct catalog *catalog;

	(void)state;
	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	catalog_group_begin(catalog);
	assert_int_equal(find(catalog, STR("a")), ERR_NOTFOUND);
	assert_int_equal(catalog_begin(catalog, true), ERR_OK);
	assert_int_equal(catalog_put(catalog, CATALOG_META, STR("a"), STR("1")), ERR_OK);
	catalog_abort(catalog);
	assert_false(catalog_group_has_changes(catalog));
	assert_int_equal(catalog_group_end(catalog), ERR_OK);
	assert_int_equal(find(catalog, STR("a")), ERR_NOTFOUND);
	put(catalog, STR("b"), STR("2"));
	catalog_free(&catalog);
	/* The sums are right. */
	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	catalog_free(&catalog);
}

static void test_a_group_that_cannot_be_written_is_dropped_as_a_whole(void **state)
{
	struct rlimit before, none;
	struct catalog *catalog;

	(void)state;
	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	put(catalog, STR("a"), STR("1"));
	getrlimit(RLIMIT_FSIZE, &before);
	none = (struct rlimit){1, before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	catalog_group_begin(catalog);
	put(catalog, STR("b"), STR("2"));
	put(catalog, STR("c"), STR("3"));
	setrlimit(RLIMIT_FSIZE, &none);
	assert_int_equal(catalog_group_end(catalog), ERR_IO);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_true(catalog_has_failed(catalog));
	assert_int_equal(catalog_begin(catalog, true), ERR_IO);
	assert_int_equal(find(catalog, STR("a")), ERR_OK);
	assert_int_equal(find(catalog, STR("b")), ERR_NOTFOUND);
	catalog_free(&catalog);
	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	assert_int_equal(find(catalog, STR("c")), ERR_NOTFOUND);
	catalog_free(&catalog);
}

/* ---- damage ---- */

enum { RECORDS = 300, HOLE = 200 };

/* Writes records of two tables in several transactions, so that the file has free pages as well. */
static void fill(void)
{
	struct catalog *catalog;
	char key[16], value[6000];

	memset(value, 'v', sizeof(value));
	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(catalog_begin(catalog, true), ERR_OK);
		for (int i = 0; i < RECORDS; i++) {
			/* Every tenth needs pages of its own. */
			size_t value_size = i % 10 == 0 ? sizeof(value) : 200;
			int size = snprintf(key, sizeof(key), "key-%04d", i);
			value[0] = (char)('a' + round);
			assert_int_equal(
				catalog_put(catalog, i % 2 ? CATALOG_IAM : CATALOG_SQS_QUEUES,
					    str_of(key, (size_t)size), str_of(value, value_size)),
				ERR_OK);
		}
		assert_int_equal(catalog_commit(catalog), ERR_OK);
	}
	catalog_free(&catalog);
}

static enum err hash_record(void *context, struct str key, struct str value)
{
	uint32_t *crc = context;

	*crc = crc32c(crc32c(*crc, key), value);
	return ERR_OK;
}

/* A number for all that the catalog holds; its error if it cannot be opened. */
static enum err hash_content(uint32_t *out_crc)
{
	struct catalog *catalog;
	uint32_t crc = 0;

	enum err err = catalog_open(path, false, &catalog);
	if (err)
		return err;
	assert_int_equal(catalog_begin(catalog, false), ERR_OK);
	assert_int_equal(catalog_each(catalog, CATALOG_SQS_QUEUES, hash_record, &crc), ERR_OK);
	assert_int_equal(catalog_each(catalog, CATALOG_IAM, hash_record, &crc), ERR_OK);
	catalog_free(&catalog);
	*out_crc = crc;
	return ERR_OK;
}

static void write_file(struct str bytes)
{
	char file[96];

	snprintf(file, sizeof(file), "%s/data.mdb", path);
	FILE *stream = fopen(file, "we");
	assert_non_null(stream);
	assert_int_equal(fwrite(bytes.data, 1, bytes.size, stream), bytes.size);
	fclose(stream);
}

/* The file with a hole of `size` bytes at `at`: refused, or the same where nothing is kept. */
static bool is_hole_noticed(const struct buf *whole, uint32_t expected, size_t at, size_t size,
			    char byte)
{
	struct buf copy = {0};
	uint32_t crc;

	buf_append(&copy, buf_str(whole));
	memset(copy.data + at, byte, size);
	write_file(buf_str(&copy));
	buf_done(&copy);
	enum err err = hash_content(&crc);
	assert_true(err == ERR_OK || err == ERR_DAMAGED || err == ERR_VERSION);
	if (!err)
		assert_int_equal(crc, expected);
	return err != ERR_OK;
}

static void test_a_hole_anywhere_is_noticed_or_harmless(void **state)
{
	size_t noticed = 0;
	uint32_t crc;

	(void)state;
	log_setup(LOG_ERROR + 1, LOG_TEXT);
	fill();
	assert_int_equal(hash_content(&crc), ERR_OK);
	struct buf whole = read_whole();
	for (size_t at = 0; at + HOLE < whole.size; at += 1009) {
		noticed += is_hole_noticed(&whole, crc, at, HOLE, 0);
		noticed += is_hole_noticed(&whole, crc, at, HOLE, '\xff');
	}
	assert_true(noticed > 100);
	/* Each byte of the two meta pages, which locate all other pages. */
	for (size_t at = 0; at < 160; at++) {
		is_hole_noticed(&whole, crc, at, 1, 0);
		is_hole_noticed(&whole, crc, at, 1, '\x7f');
		is_hole_noticed(&whole, crc, 4096 + at, 1, 0);
		is_hole_noticed(&whole, crc, 4096 + at, 1, '\x7f');
	}
	buf_done(&whole);
}

static void test_a_file_cut_short_is_refused(void **state)
{
	uint32_t crc;

	(void)state;
	log_setup(LOG_ERROR + 1, LOG_TEXT);
	fill();
	struct buf whole = read_whole();
	for (size_t size = 1; size < whole.size; size += 4096 * 3 + 100) {
		write_file(str_of(whole.data, size));
		assert_int_equal(hash_content(&crc), ERR_DAMAGED);
	}
	buf_done(&whole);
}

static void test_a_record_that_is_lost_is_noticed(void **state)
{
	uint32_t crc;

	(void)state;
	log_setup(LOG_ERROR + 1, LOG_TEXT);
	fill();
	struct buf whole = read_whole();
	size_t at = str_find(buf_str(&whole), STR("cvvvvvvv"), 0);
	while (at != SIZE_MAX) {
		whole.data[at] = 'd';
		at = str_find(buf_str(&whole), STR("cvvvvvvv"), at + 1);
	}
	write_file(buf_str(&whole));
	assert_int_equal(hash_content(&crc), ERR_DAMAGED);
	buf_done(&whole);
}

static void test_a_newer_version_is_refused(void **state)
{
	(void)state;
	struct catalog *catalog;

	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	put(catalog, STR("version"), STR("6"));
	catalog_free(&catalog);
	assert_int_equal(catalog_open(path, true, &catalog), ERR_VERSION);
}

static void continue_as_format_5(struct str version)
{
	struct catalog *catalog;
	struct str value;

	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	assert_int_equal(catalog_begin(catalog, false), ERR_OK);
	assert_int_equal(catalog_get(catalog, CATALOG_META, CATALOG_HAS_TEXT_RECORDS, &value),
			 ERR_NOTFOUND);
	catalog_abort(catalog);
	put(catalog, STR("version"), version);
	for (int starts = 0; starts < 2; starts++) {
		catalog_free(&catalog);
		assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
		assert_int_equal(catalog_begin(catalog, false), ERR_OK);
		assert_int_equal(catalog_get(catalog, CATALOG_META, STR("version"), &value),
				 ERR_OK);
		assert_str(value, "5");
		assert_int_equal(
			catalog_get(catalog, CATALOG_META, CATALOG_HAS_TEXT_RECORDS, &value),
			ERR_OK);
		catalog_abort(catalog);
	}
	catalog_free(&catalog);
}

static void test_a_catalog_of_format_3_is_continued_as_5(void **state)
{
	(void)state;
	continue_as_format_5(STR("3"));
}

static void test_a_catalog_of_format_4_is_continued_as_5(void **state)
{
	(void)state;
	continue_as_format_5(STR("4"));
}

static void test_an_older_version_is_refused(void **state)
{
	(void)state;
	struct catalog *catalog;

	assert_int_equal(catalog_open(path, true, &catalog), ERR_OK);
	put(catalog, STR("version"), STR("2"));
	catalog_free(&catalog);
	assert_int_equal(catalog_open(path, true, &catalog), ERR_VERSION);
}
