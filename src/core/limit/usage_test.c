/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fixture.h"
#include "core/limit/usage.h"

enum { OPERATIONS = 7, THREADS = 4, ROUNDS = 50000, QUEUES = 50 };

static struct usage *usage;

static int setup(void **state)
{
	(void)state;
	usage = usage_new(THREADS, OPERATIONS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	usage_free(&usage);
	return 0;
}

static struct usage_key key_of(uint32_t queue, uint32_t operation, enum meter_outcome outcome)
{
	return (struct usage_key){
		.account = STR("111122223333"),
		.region = STR("us-east-1"),
		.resource = arena_format(&arena, "arn:aws:sqs:us-east-1:111122223333:q%u", queue),
		.operation = operation,
		.outcome = outcome};
}

/* ---- the reader's view ---- */

struct sum {
	struct usage_values values[QUEUES][OPERATIONS][METER_THROTTLED + 1];
	struct usage_values folded, all;
	size_t series;
};

static void add(struct usage_values *to, const struct usage_values *from)
{
	to->requests += from->requests;
	to->chunks += from->chunks;
	to->bytes += from->bytes;
}

static void visit(void *context, const struct usage_key *key, const struct usage_values *values)
{
	struct sum *sum = context;
	uint64_t queue = 0;
	size_t name = str_find(key->resource, STR(":q"), 0);

	sum->series++;
	add(&sum->all, values);
	if (key->account.size == 0) {
		add(&sum->folded, values);
		return;
	}
	if (name == SIZE_MAX)
		return;
	assert_true(str_to_u64(str_slice(key->resource, name + 2, SIZE_MAX), &queue));
	if (queue < QUEUES)
		add(&sum->values[queue][key->operation][key->outcome], values);
}

/* Adds the minutes after *sequence, which moves on. */
static void read_minutes(struct sum *sum, uint64_t *sequence)
{
	const struct usage_minute *minute;

	while ((minute = usage_minute_after(usage, *sequence)) != NULL) {
		assert_int_equal(usage_minute_sequence(minute), *sequence + 1);
		*sequence = usage_minute_sequence(minute);
		usage_minute_each(minute, visit, sum);
		usage_minute_release(minute);
	}
}

static void test_usage_counts_requests_chunks_and_bytes(void **state)
{
	static const uint64_t sizes[] = {0, 1, USAGE_CHUNK_SIZE, USAGE_CHUNK_SIZE + 1};
	struct usage_key key = key_of(3, 2, METER_OK);
	struct sum *sum = heap_alloc(sizeof(*sum));
	uint64_t sequence = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		usage_record(usage_recorder(usage, 0), &key, sizes[i]);
	assert_null(usage_minute_after(usage, 0));
	usage_merge(usage, 120000);
	const struct usage_minute *minute = usage_minute_after(usage, 0);
	assert_int_equal(usage_minute_start_ms(minute), 60000); /* it ended at 120,000 */
	usage_minute_release(minute);
	read_minutes(sum, &sequence);
	assert_int_equal(sum->series, 1);
	assert_int_equal(sum->values[3][2][METER_OK].requests, 4);
	assert_int_equal(sum->values[3][2][METER_OK].chunks, 1 + 1 + 1 + 2);
	assert_int_equal(sum->values[3][2][METER_OK].bytes, 2 * USAGE_CHUNK_SIZE + 2);
	heap_free(sum);
}

static void test_usage_keeps_keys_apart(void **state)
{
	const struct usage_key base = key_of(1, 1, METER_OK);
	struct usage_key keys[] = {base, base, base, base, base, base, base};
	struct sum *sum = heap_alloc(sizeof(*sum));
	uint64_t sequence = 0;

	(void)state;
	keys[1].operation = 2;
	keys[2].outcome = METER_SENDER_FAULT;
	keys[3].account = STR("444455556666");
	keys[4].region = STR("eu-west-1");
	keys[5].resource = STR("");
	keys[6] = keys[5];
	keys[6].account = STR("444455556666");
	for (size_t i = 0; i < 7; i++)
		for (size_t j = 0; j < 2; j++)
			usage_record(usage_recorder(usage, 0), &keys[i], 1);
	usage_merge(usage, 60000);
	read_minutes(sum, &sequence);
	assert_int_equal(sum->series, 7);
	assert_int_equal(sum->all.requests, 14);
	heap_free(sum);
}

static void test_usage_without_room_is_counted_by_operation(void **state)
{
	struct sum *sum = heap_alloc(sizeof(*sum));
	struct usage_key key;
	uint64_t sequence = 0;

	(void)state;
	for (uint32_t i = 0; i < LIMIT_USAGE_SERIES + 10; i++) {
		key = key_of(i, 5, METER_OK);
		usage_record(usage_recorder(usage, 1), &key, 2);
	}
	key = key_of(1, 5, METER_OK); /* has a series, so it is still counted there */
	usage_record(usage_recorder(usage, 1), &key, 2);
	usage_merge(usage, 60000);
	read_minutes(sum, &sequence);
	assert_int_equal(sum->series, LIMIT_USAGE_SERIES + 1);
	assert_int_equal(sum->folded.requests, 10);
	assert_int_equal(sum->folded.bytes, 20);
	assert_int_equal(sum->values[1][5][METER_OK].requests, 2);
	assert_int_equal(sum->all.requests, LIMIT_USAGE_SERIES + 11);
	struct usage_stats stats = usage_stats_read(usage);
	assert_int_equal(stats.series, LIMIT_USAGE_SERIES);
	assert_int_equal(stats.requests, LIMIT_USAGE_SERIES + 11);
	assert_int_equal(stats.folded, 10);
	heap_free(sum);
}

static void test_usage_of_a_long_resource_is_the_accounts(void **state)
{
	char name[300];
	struct usage_key key = key_of(0, 0, METER_OK);
	struct sum *sum = heap_alloc(sizeof(*sum));
	uint64_t sequence = 0;

	(void)state;
	memset(name, 'x', sizeof(name));
	for (size_t size = 256; size <= 258; size++) {
		key.resource = str_of(name, size);
		usage_record(usage_recorder(usage, 0), &key, 1);
	}
	usage_merge(usage, 60000);
	read_minutes(sum, &sequence);
	assert_int_equal(sum->series, 2);
	heap_free(sum);
}

static void test_usage_keeps_some_minutes_and_those_in_use(void **state)
{
	struct usage_key key = key_of(0, 0, METER_OK);
	const struct usage_minute *first;

	(void)state;
	usage_record(usage_recorder(usage, 0), &key, 1);
	usage_merge(usage, 60000);
	first = usage_minute_after(usage, 0);
	usage_merge(usage, 120000); /* no counts */
	assert_null(usage_minute_after(usage, 1));
	for (int i = 0; i < LIMIT_USAGE_MINUTES; i++) {
		usage_record(usage_recorder(usage, 0), &key, 1);
		usage_merge(usage, 60000 * (i + 3));
	}
	const struct usage_minute *oldest = usage_minute_after(usage, 0);
	assert_int_equal(usage_minute_sequence(oldest), 2);
	usage_minute_release(oldest);
	struct sum *sum = heap_alloc(sizeof(*sum));
	usage_minute_each(first, visit, sum); /* still whole */
	assert_int_equal(sum->all.requests, 1);
	heap_free(sum);
	usage_minute_release(first);
}

/* ---- threads ---- */

/* The counts of one thread, without the module. */
struct worker {
	pthread_t thread;
	uint32_t index;
	struct sum sum;
};

static struct str queue_arns[QUEUES];

static void *record_at_random(void *context)
{
	struct worker *worker = context;
	struct usage_recorder *recorder = usage_recorder(usage, worker->index);
	unsigned seed = worker->index;

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t queue = (uint32_t)rand_r(&seed) % QUEUES;
		uint64_t bytes = (uint64_t)rand_r(&seed) % 200000;
		struct usage_key key = {.account = STR("111122223333"),
					.region = STR("us-east-1"),
					.resource = queue_arns[queue],
					.operation = (uint32_t)rand_r(&seed) % OPERATIONS,
					.outcome = (enum meter_outcome)(rand_r(&seed) % 4)};
		uint64_t chunks = (bytes + USAGE_CHUNK_SIZE - 1) / USAGE_CHUNK_SIZE;
		struct usage_values one = {1, chunks > 0 ? chunks : 1, bytes};
		usage_record(recorder, &key, bytes);
		add(&worker->sum.values[queue][key.operation][key.outcome], &one);
	}
	return NULL;
}

/* Merges run while threads count: the sum over all minutes equals a plain count. */
static void test_usage_of_random_threads_adds_up(void **state)
{
	struct worker *workers = heap_alloc(THREADS * sizeof(*workers));
	struct sum *sum = heap_alloc(sizeof(*sum)), *expected = heap_alloc(sizeof(*expected));
	uint64_t sequence = 0;

	(void)state;
	for (uint32_t i = 0; i < QUEUES; i++)
		queue_arns[i] = key_of(i, 0, METER_OK).resource;
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i].index = i;
		assert_int_equal(
			pthread_create(&workers[i].thread, NULL, record_at_random, &workers[i]), 0);
	}
	for (int minute = 1; minute <= 50; minute++) {
		usage_merge(usage, 60000 * minute);
		read_minutes(sum, &sequence);
	}
	for (uint32_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
	usage_merge(usage, 60000 * 51);
	read_minutes(sum, &sequence);
	for (uint32_t i = 0; i < THREADS; i++)
		for (size_t queue = 0; queue < QUEUES; queue++)
			for (size_t operation = 0; operation < OPERATIONS; operation++)
				for (size_t outcome = 0; outcome <= METER_THROTTLED; outcome++)
					add(&expected->values[queue][operation][outcome],
					    &workers[i].sum.values[queue][operation][outcome]);
	assert_memory_equal(sum->values, expected->values, sizeof(sum->values));
	assert_int_equal(sum->all.requests, THREADS * ROUNDS);
	heap_free(sum);
	heap_free(expected);
	heap_free(workers);
}
