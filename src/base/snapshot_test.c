/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fixture.h"
#include "base/snapshot.h"
#include "base/staging.h"

enum { BY_NUMBER, BY_COLOUR, NUMBERS = 4000, CHANGES = 60000, COLOURS = 7 };

struct item {
	_Atomic uint32_t references;
	uint32_t number, colour, version;
};

static _Atomic int64_t live_items;

static void hold(const void *value)
{
	atomic_fetch_add(&((struct item *)value)->references, 1);
}

static void release(const void *value)
{
	if (atomic_fetch_sub(&((struct item *)value)->references, 1) != 1)
		return;
	atomic_fetch_sub(&live_items, 1);
	heap_free((void *)value);
}

static int compare_numbers(const void *key, const void *value)
{
	const struct item *a = key, *b = value;

	return (a->number > b->number) - (a->number < b->number);
}

static int compare_colours(const void *key, const void *value)
{
	const struct item *a = key, *b = value;

	if (a->colour != b->colour)
		return a->colour < b->colour ? -1 : 1;
	return compare_numbers(key, value);
}

static int is_of_colour(const void *key, const void *value)
{
	uint32_t colour = *(const uint32_t *)key;
	const struct item *item = value;

	return (colour > item->colour) - (colour < item->colour);
}

/* Coarse, so that equal ones have to be told apart. */
static uint64_t prefix_of_number(const void *value)
{
	return ((const struct item *)value)->number / 16;
}

static bool has_colour(const void *value)
{
	return ((const struct item *)value)->colour != 0;
}

static const struct snapshot_kind kind = {
	.hold = hold,
	.release = release,
	.order_count = 2,
	.orders = {{.compare = compare_numbers, .prefix = prefix_of_number},
		   {.compare = compare_colours, .has = has_colour}},
};

static const struct item *item_new(uint32_t number, uint32_t colour, uint32_t version)
{
	struct item *item = heap_alloc(sizeof(*item));

	item->number = number;
	item->colour = colour;
	item->version = version;
	atomic_store(&item->references, 1);
	atomic_fetch_add(&live_items, 1);
	return item;
}

static struct snapshot_key key_of(const struct item *item)
{
	return (struct snapshot_key){prefix_of_number(item), compare_numbers, item};
}

static void put(struct snapshot_table *table, uint32_t number, uint32_t colour, uint32_t version)
{
	snapshot_table_begin(table);
	snapshot_table_put(table, item_new(number, colour, version));
	snapshot_table_commit(table);
}

/* The expected table: for each number its colour and version; version 0: not there. */
struct model {
	uint32_t colours[NUMBERS], versions[NUMBERS];
};

static void check_orders(const struct snapshot *snapshot, const struct model *model)
{
	struct snapshot_cursor cursor;
	const struct item *item, *last = NULL;
	size_t count = 0, coloured = 0;

	snapshot_begin(snapshot, BY_NUMBER, &cursor);
	for (uint32_t i = 0; i < NUMBERS; i++) {
		struct item wanted = {.number = i};
		const struct item *found = snapshot_find(snapshot, BY_NUMBER, key_of(&wanted));
		assert_int_equal(found != NULL, model->versions[i] != 0);
		if (!found)
			continue;
		assert_int_equal(found->version, model->versions[i]);
		assert_ptr_equal(snapshot_next(&cursor), found);
		count++;
		coloured += found->colour != 0;
	}
	assert_null(snapshot_next(&cursor));
	assert_int_equal(snapshot_count(snapshot, BY_NUMBER), count);
	assert_int_equal(snapshot_count(snapshot, BY_COLOUR), coloured);
	snapshot_begin(snapshot, BY_COLOUR, &cursor);
	while ((item = snapshot_next(&cursor))) {
		if (last)
			assert_true(compare_colours(last, item) < 0);
		assert_int_equal(model->versions[item->number], item->version);
		last = item;
		coloured--;
	}
	assert_int_equal(coloured, 0);
}

static void check_ranges(const struct snapshot *snapshot, const struct model *model)
{
	for (uint32_t colour = 0; colour <= COLOURS + 1; colour++) {
		struct snapshot_key key = {0, is_of_colour, &colour};
		struct snapshot_cursor cursor;
		const struct item *item;
		size_t count = 0, expected = 0;
		snapshot_seek(snapshot, BY_COLOUR, key, &cursor);
		while ((item = snapshot_next(&cursor)) && item->colour == colour)
			count++;
		for (uint32_t i = 0; colour != 0 && i < NUMBERS; i++)
			expected += model->versions[i] != 0 && model->colours[i] == colour;
		assert_int_equal(count, expected);
		assert_int_equal(snapshot_count_range(snapshot, BY_COLOUR, key), expected);
	}
}

/* Grows, then shrinks to nothing, with changes of colour in between. */
static void test_a_table_is_as_its_model_through_all_changes(void **state)
{
	static struct model model;
	struct prng prng;
	struct snapshot_table *table = snapshot_table_new(&kind);

	(void)state;
	prng_init(&prng, 7);
	for (uint32_t i = 1; i <= CHANGES; i++) {
		uint32_t number = (uint32_t)(prng_next(&prng) % NUMBERS);
		bool removes = prng_next(&prng) % 8 < (i > CHANGES / 2 ? 6u : 2u);
		struct item wanted = {.number = number};
		if (removes) {
			snapshot_table_begin(table);
			assert_int_equal(snapshot_table_remove(table, key_of(&wanted)),
					 model.versions[number] != 0);
			snapshot_table_commit(table);
			model.versions[number] = 0;
		} else {
			model.colours[number] = (uint32_t)(prng_next(&prng) % (COLOURS + 1));
			model.versions[number] = i;
			put(table, number, model.colours[number], i);
		}
		if (i % 5000 == 0) {
			const struct snapshot *snapshot = snapshot_take(table);
			check_orders(snapshot, &model);
			check_ranges(snapshot, &model);
			snapshot_release(snapshot);
		}
	}
	for (uint32_t i = 0; i < NUMBERS; i++) {
		struct item wanted = {.number = i};
		snapshot_table_begin(table);
		(void)snapshot_table_remove(table, key_of(&wanted));
		snapshot_table_commit(table);
	}
	assert_int_equal(snapshot_table_count(table, BY_NUMBER), 0);
	assert_int_equal(atomic_load(&live_items), 0);
	snapshot_table_free(&table);
}

static void test_a_snapshot_never_changes(void **state)
{
	struct snapshot_table *table = snapshot_table_new(&kind);
	static struct model before, after;

	(void)state;
	memset(&before, 0, sizeof(before));
	snapshot_table_begin(table);
	for (uint32_t i = 0; i < NUMBERS; i += 2) {
		before.versions[i] = 1;
		before.colours[i] = i % COLOURS;
		snapshot_table_put(table, item_new(i, i % COLOURS, 1));
	}
	snapshot_table_commit(table);
	const struct snapshot *snapshot = snapshot_take(table);
	after = before;
	for (uint32_t i = 0; i + 1 < NUMBERS; i += 3) {
		struct item wanted = {.number = i};
		snapshot_table_begin(table);
		if (i % 2 == 0)
			assert_true(snapshot_table_remove(table, key_of(&wanted)));
		after.versions[i] = 0;
		snapshot_table_put(table, item_new(i + 1, 3, 2));
		after.versions[i + 1] = 2;
		after.colours[i + 1] = 3;
		snapshot_table_commit(table);
	}
	check_orders(snapshot, &before);
	check_ranges(snapshot, &before);
	snapshot_release(snapshot);
	snapshot = snapshot_take(table);
	check_orders(snapshot, &after);
	check_ranges(snapshot, &after);
	snapshot_release(snapshot);
	snapshot_table_free(&table);
	assert_int_equal(atomic_load(&live_items), 0);
}

static void test_changes_between_begin_and_commit_show_at_once(void **state)
{
	struct snapshot_table *table = snapshot_table_new(&kind);
	struct item wanted = {.number = 1};

	(void)state;
	snapshot_table_begin(table);
	snapshot_table_put(table, item_new(1, 1, 1));
	snapshot_table_put(table, item_new(2, 1, 1));
	assert_null(snapshot_table_find(table, BY_NUMBER, key_of(&wanted)));
	snapshot_table_commit(table);
	assert_int_equal(snapshot_table_count(table, BY_NUMBER), 2);
	const struct item *found = snapshot_table_find(table, BY_NUMBER, key_of(&wanted));
	assert_int_equal(found->version, 1);
	snapshot_table_free(&table);
	/* Held for the caller. */
	assert_int_equal(found->number, 1);
	release(found);
	assert_int_equal(atomic_load(&live_items), 0);
}

/* ---- threads ---- */

struct readers {
	struct snapshot_table *table;
	_Atomic bool ends;
	_Atomic uint64_t rounds;
};

/* Items are put in pairs of one version: a snapshot has both or none. */
static void *read_pairs(void *context)
{
	struct readers *readers = context;

	while (!atomic_load(&readers->ends)) {
		const struct snapshot *snapshot = snapshot_take(readers->table);
		for (uint32_t i = 0; i < 64; i++) {
			struct item low = {.number = i}, high = {.number = 1000 + i};
			const struct item *a = snapshot_find(snapshot, BY_NUMBER, key_of(&low));
			const struct item *b = snapshot_find(snapshot, BY_NUMBER, key_of(&high));
			check((a == NULL) == (b == NULL));
			check(!a || a->version == b->version);
		}
		snapshot_release(snapshot);
		atomic_fetch_add(&readers->rounds, 1);
	}
	return NULL;
}

static void test_readers_see_whole_commits(void **state)
{
	struct readers readers = {.table = snapshot_table_new(&kind)};
	struct prng prng;
	pthread_t threads[3];

	(void)state;
	prng_init(&prng, 11);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_pairs, &readers), 0);
	for (uint32_t i = 1; i < 20000 || atomic_load(&readers.rounds) < 100; i++) {
		uint32_t number = (uint32_t)(prng_next(&prng) % 64);
		struct item low = {.number = number}, high = {.number = 1000 + number};
		snapshot_table_begin(readers.table);
		if (prng_next(&prng) % 3 == 0) {
			(void)snapshot_table_remove(readers.table, key_of(&low));
			(void)snapshot_table_remove(readers.table, key_of(&high));
		} else {
			snapshot_table_put(readers.table, item_new(number, 1, i));
			snapshot_table_put(readers.table, item_new(1000 + number, 2, i));
		}
		snapshot_table_commit(readers.table);
	}
	atomic_store(&readers.ends, true);
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	snapshot_table_free(&readers.table);
	assert_int_equal(atomic_load(&live_items), 0);
}

/* ---- staging ---- */

struct view {
	struct snapshot_table *table;
	const struct model *model;
};

/* Another thread than the owner. */
static void *check_as_reader(void *context)
{
	const struct view *view = context;
	const struct snapshot *snapshot = snapshot_take(view->table);

	check_orders(snapshot, view->model);
	snapshot_release(snapshot);
	return NULL;
}

static void check_elsewhere(struct snapshot_table *table, const struct model *model)
{
	struct view view = {table, model};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, check_as_reader, &view), 0);
	pthread_join(thread, NULL);
}

static void change_one(struct snapshot_table *table, struct prng *prng, struct model *model,
		       uint32_t version)
{
	uint32_t number = (uint32_t)(prng_next(prng) % NUMBERS);
	struct item wanted = {.number = number};

	if (prng_next(prng) % 3 == 0) {
		snapshot_table_begin(table);
		assert_int_equal(snapshot_table_remove(table, key_of(&wanted)),
				 model->versions[number] != 0);
		snapshot_table_commit(table);
		model->versions[number] = 0;
		return;
	}
	model->colours[number] = (uint32_t)(prng_next(prng) % (COLOURS + 1));
	model->versions[number] = version;
	put(table, number, model->colours[number], version);
	const struct item *found = snapshot_table_find(table, BY_NUMBER, key_of(&wanted));
	assert_int_equal(found->version, version);
	release(found);
}

static void *put_as_another(void *context)
{
	struct snapshot_table *table = context;

	put(table, 2, 0, 1);
	return NULL;
}

/* Threads that share a table change it while one of them has a staging open. */
static void test_a_shared_table_takes_no_part_in_a_staging(void **state)
{
	static struct model model;
	struct snapshot_kind shared = kind;
	pthread_t thread;

	(void)state;
	shared.is_shared = true;
	struct snapshot_table *table = snapshot_table_new(&shared);
	staging_open();
	put(table, 1, 0, 1);
	assert_int_equal(pthread_create(&thread, NULL, put_as_another, table), 0);
	pthread_join(thread, NULL);
	model.versions[1] = model.versions[2] = 1;
	check_elsewhere(table, &model);
	staging_end(false);
	check_elsewhere(table, &model);
	snapshot_table_free(&table);
	assert_int_equal(atomic_load(&live_items), 0);
}

/* The owner sees its changes, others see what was kept, and a snapshot stays as it was. */
static void test_staged_changes_show_when_they_are_kept(void **state)
{
	static struct model published, staged, frozen;
	struct snapshot_table *table = snapshot_table_new(&kind);
	struct prng prng;

	(void)state;
	prng_init(&prng, 5);
	for (uint32_t round = 1; round <= 60; round++) {
		const struct snapshot *snapshot = NULL;
		bool is_kept = prng_next(&prng) % 3 != 0;
		staged = published;
		staging_open();
		for (uint32_t i = 0; i < 100; i++) {
			change_one(table, &prng, &staged, round * 100 + i);
			if (i != 40)
				continue;
			snapshot = snapshot_take(table);
			frozen = staged;
		}
		const struct snapshot *last = snapshot_take(table);
		check_orders(last, &staged);
		snapshot_release(last);
		check_elsewhere(table, &published);
		staging_end(is_kept);
		if (is_kept)
			published = staged;
		check_orders(snapshot, &frozen);
		snapshot_release(snapshot);
		check_elsewhere(table, &published);
	}
	snapshot_table_free(&table);
	assert_int_equal(atomic_load(&live_items), 0);
}
