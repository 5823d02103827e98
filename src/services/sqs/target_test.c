/* SPDX-License-Identifier: MIT */
/* Tests of queues as targets of SNS, on a disk in memory; main is the control thread. */
#include "services/sqs/target_delivery_fixture.h"

static int setup(void **state)
{
	return open_server(state);
}

static int teardown(void **state)
{
	return close_server(state);
}

static enum target_outcome deliver_one(const char *arn, struct target_payload payload)
{
	struct target_result result = {.outcome = (enum target_outcome) - 1};
	struct target_delivery delivery = {str_from(arn), &payload, 1, &result, NULL, 0};

	deliver(&delivery, 1);
	return result.outcome;
}

static void test_queues_are_resolved(void **state)
{
	struct target_description queue;

	(void)state;
	assert_int_equal(target_resolve(&core, STR(ARN("open")), &queue), ERR_OK);
	assert_false(queue.is_fifo);
	assert_non_null(queue.policy);
	policy_release(queue.policy);
	assert_int_equal(target_resolve(&core, STR(ARN("order.fifo")), &queue), ERR_OK);
	assert_true(queue.is_fifo);
	assert_true(str_equal(queue.account, STR(ACCOUNT)));
	policy_release(queue.policy);
	assert_int_equal(target_resolve(&core, STR(ARN("missing")), &queue), ERR_NOTFOUND);
	assert_int_equal(target_resolve(&core, STR("arn:aws:s3:::bucket"), &queue), ERR_NOTFOUND);
	assert_int_equal(target_resolve(&core, STR("open"), &queue), ERR_NOTFOUND);
}

static void test_each_target_has_a_result_of_its_own(void **state)
{
	static const char *const arns[] = {ARN("open"), ARN("closed"), ARN("missing"),
					   "arn:aws:s3:::bucket"};
	struct target_payload payload = {.body = STR("hello")};
	struct target_result results[4];
	struct target_delivery deliveries[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		deliveries[i] = (struct target_delivery){str_from(arns[i]), &payload, 1,
							 &results[i],	    NULL,     0};
	deliver(deliveries, 4);
	assert_int_equal(results[0].outcome, TARGET_DELIVERED);
	assert_int_equal(results[0].id.size, UUID_TEXT_SIZE);
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(results[i].outcome, TARGET_FAILED);
	assert_int_equal(visible(ARN("open")), 1);
	assert_int_equal(visible(ARN("closed")), 0);
}

static void test_payloads_of_a_target_fail_one_by_one(void **state)
{
	const struct target_attribute attributes[] = {
		{STR("color"), STR("String"), STR("red")},
		{STR("raw"), STR("Binary"), STR("\x01\x02")},
		{STR("bad"), STR("Colour"), STR("red")},
	};
	const struct target_payload payloads[] = {
		{.body = STR("one"), .attributes = attributes, .attribute_count = 2},
		{.body = STR("two"), .attributes = attributes, .attribute_count = 3},
		{.body = STR("three"), .dedup = STR("d"), .trace = STR("Root=1-2-3")},
	};
	struct target_result results[3];
	struct target_delivery delivery = {STR(ARN("open")), payloads, 3, results, NULL, 0};

	(void)state;
	deliver(&delivery, 1);
	assert_int_equal(results[0].outcome, TARGET_DELIVERED);
	assert_int_equal(results[1].outcome, TARGET_FAILED);
	assert_int_equal(results[2].outcome, TARGET_DELIVERED);
	assert_int_equal(visible(ARN("open")), 2);
}

static void test_a_fifo_queue_needs_a_group_and_drops_duplicates(void **state)
{
	struct target_payload payload = {.body = STR("hello"), .dedup = STR("once")};

	(void)state;
	assert_int_equal(deliver_one(ARN("order.fifo"), payload), TARGET_FAILED);
	payload.group = STR("g");
	assert_int_equal(deliver_one(ARN("order.fifo"), payload), TARGET_DELIVERED);
	assert_int_equal(deliver_one(ARN("order.fifo"), payload), TARGET_DELIVERED);
	assert_int_equal(visible(ARN("order.fifo")), 1);
}

static void test_refusals_of_a_stopping_server_may_be_retried(void **state)
{
	struct target_payload payload = {.body = STR("hello")};

	(void)state;
	runner_stop_engine(core.runners[0]);
	assert_int_equal(deliver_one(ARN("open"), payload), TARGET_RETRY);
	assert_int_equal(visible(ARN("open")), 0);
}

/* ---- several queues at once ---- */

enum { QUEUES = 3 };
static const char *const plain[QUEUES] = {ARN("plain"), ARN("plain-2"), ARN("plain-3")};
static const char *const sealed[QUEUES] = {ARN("open"), ARN("open-2"), ARN("open-3")};
static const char *const mixed[QUEUES] = {ARN("plain"), ARN("open"), ARN("plain-3")};

static void deliver_to(const char *const arns[], size_t count, struct target_payload payload,
		       struct target_result *results)
{
	struct target_delivery deliveries[16];

	assert_true(count <= 16);
	for (size_t i = 0; i < count; i++)
		deliveries[i] = (struct target_delivery){str_from(arns[i]), &payload, 1,
							 &results[i],	    NULL,     0};
	deliver(deliveries, count);
}

enum { FULL_BODY_SIZE = 50000, FULL_CAPACITY = 3 << 20 };

static void test_a_full_disk_makes_all_targets_retry(void **state)
{
	char *text = arena_array(&arena, char, FULL_BODY_SIZE);
	struct target_payload payload = {.body = str_of(text, FULL_BODY_SIZE)};
	struct target_result results[QUEUES] = {0};
	int64_t sent = 0;

	(void)state;
	memset(text, 'x', FULL_BODY_SIZE);
	disk_memory_set_faults(disk, (struct disk_faults){.capacity = FULL_CAPACITY});
	for (deliver_to(mixed, QUEUES, payload, results);
	     results[0].outcome == TARGET_DELIVERED && sent < 1000;
	     deliver_to(mixed, QUEUES, payload, results))
		sent++;
	for (size_t i = 0; i < QUEUES; i++) {
		assert_int_equal(results[i].outcome, TARGET_RETRY);
		assert_int_equal(visible(mixed[i]), sent);
	}
	disk_memory_set_faults(disk, (struct disk_faults){.capacity = 0});
}

static struct str long_body(size_t size)
{
	char *body = arena_bytes(&arena, size);

	memset(body, 'x', size);
	return str_of(body, size);
}

static uint64_t journal_bytes(void)
{
	return engine_journal_stats(engine_of(&core, 1)).bytes;
}

static void test_queues_of_one_kind_store_a_message_once(void **state)
{
	enum { SIZE = 40000 };
	const struct target_attribute color = {STR("color"), STR("String"), STR("red")};
	struct target_payload payload = {
		.body = long_body(SIZE), .attributes = &color, .attribute_count = 1};
	static const struct {
		const char *const *arns;
		uint64_t copies;
	} rows[] = {{plain, 1}, {sealed, 1}, {mixed, 2}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct target_result results[QUEUES];
		uint64_t before = journal_bytes();
		deliver_to(rows[i].arns, QUEUES, payload, results);
		uint64_t bytes = journal_bytes() - before;
		assert_true(bytes >= rows[i].copies * SIZE);
		assert_true(bytes < rows[i].copies * SIZE + SIZE / 2);
		for (size_t j = 0; j < QUEUES; j++) {
			assert_int_equal(results[j].outcome, TARGET_DELIVERED);
			struct received received = receive(rows[i].arns[j]);
			assert_int_equal(received.count, 1);
			assert_true(str_equal(received.bodies[0], payload.body));
			assert_true(str_equal(received.ids[0], results[j].id));
			assert_true(str_equal(received.attribute, STR("red")));
		}
	}
}

/* A blob of one queue does not open under the context of another. */
static void test_queues_with_kms_keys_have_bytes_of_their_own(void **state)
{
	enum { SIZE = 40000 };
	static const char *const arns[] = {ARN("secret"), ARN("plain"),	   ARN("denied"),
					   ARN("open"),	  ARN("secret-2"), ARN("plain-2")};
	struct target_payload payload = {.body = long_body(SIZE)};
	struct target_result results[6];

	(void)state;
	uint64_t before = journal_bytes();
	deliver_to(arns, 6, payload, results);
	uint64_t bytes = journal_bytes() - before;
	assert_true(bytes >= 4 * SIZE); /* secret, secret-2, open, and plain for both */
	assert_true(bytes < 4 * SIZE + SIZE / 2);
	for (size_t i = 0; i < 6; i++) {
		if (i == 2) {
			assert_int_equal(results[i].outcome, TARGET_FAILED);
			assert_int_equal(visible(arns[i]), 0);
			continue;
		}
		assert_int_equal(results[i].outcome, TARGET_DELIVERED);
		assert_true(str_equal(receive(arns[i]).bodies[0], payload.body));
	}
}

static void test_sent_messages_are_counted(void **state)
{
	struct target_result results[QUEUES];

	(void)state;
	deliver_to(plain, QUEUES, (struct target_payload){.body = STR("hello")}, results);
	for (size_t i = 0; i < QUEUES; i++) {
		const struct sqs_queue *queue =
			sqs_registry_find_arn(sqs_of(&core)->registry, str_from(plain[i]));
		const struct queue_counters *counters = &queue->life->counters;
		assert_int_equal(atomic_load(&counters->sent), 1);
		assert_true(atomic_load(&counters->sent_bytes) > 5);
		sqs_queue_release(queue);
	}
}

static void test_refused_targets_do_not_stop_the_others(void **state)
{
	static const char *const arns[] = {ARN("plain"), ARN("closed"),	    ARN("plain-2"),
					   ARN("gone"),	 ARN("order.fifo"), ARN("plain")};
	struct target_result results[6];

	(void)state;
	deliver_to(arns, 6, (struct target_payload){.body = STR("hello")}, results);
	assert_int_equal(results[0].outcome, TARGET_DELIVERED);
	assert_int_equal(results[1].outcome, TARGET_FAILED);
	assert_int_equal(results[2].outcome, TARGET_DELIVERED);
	assert_int_equal(results[3].outcome, TARGET_FAILED);
	assert_int_equal(results[4].outcome, TARGET_FAILED); /* it has no group */
	/* The queue's second delivery is sent by itself. */
	assert_int_equal(results[5].outcome, TARGET_DELIVERED);
	assert_false(str_equal(results[0].id, results[5].id));
	assert_int_equal(visible(ARN("plain")), 2);
	assert_int_equal(visible(ARN("plain-2")), 1);
}

static void test_all_targets_may_refuse(void **state)
{
	static const char *const arns[] = {ARN("closed"), ARN("gone")};
	struct target_result results[2];

	(void)state;
	deliver_to(arns, 2, (struct target_payload){.body = STR("hello")}, results);
	assert_int_equal(results[0].outcome, TARGET_FAILED);
	assert_int_equal(results[1].outcome, TARGET_FAILED);
}

/* The registry still has it: the request finds it, and the engine does not. */
static void test_a_queue_that_was_deleted_meanwhile_has_failed(void **state)
{
	struct target_result results[QUEUES];

	(void)state;
	drop_in_engine(plain[1]);
	deliver_to(plain, QUEUES, (struct target_payload){.body = STR("hello")}, results);
	assert_int_equal(results[0].outcome, TARGET_DELIVERED);
	assert_int_equal(results[1].outcome, TARGET_FAILED);
	assert_true(str_ends(results[1].code, STR("NonExistentQueue")));
	assert_int_equal(results[2].outcome, TARGET_DELIVERED);
}

static void test_payloads_of_several_targets_keep_their_order(void **state)
{
	static const char *const arns[] = {ARN("order.fifo"), ARN("other.fifo"), ARN("plain")};
	static const char *const bodies[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
	struct target_payload payloads[TARGET_PAYLOADS_MAX] = {0};
	struct target_result results[3][TARGET_PAYLOADS_MAX];
	struct target_delivery deliveries[3];

	(void)state;
	for (size_t i = 0; i < TARGET_PAYLOADS_MAX; i++)
		payloads[i] = (struct target_payload){.body = str_from(bodies[i]),
						      .group = STR("g"),
						      .dedup = str_from(bodies[i])};
	for (size_t i = 0; i < 3; i++)
		deliveries[i] = (struct target_delivery){
			str_from(arns[i]), payloads, TARGET_PAYLOADS_MAX - i, results[i], NULL, 0};
	deliver(deliveries, 3);
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < TARGET_PAYLOADS_MAX - i; j++)
			assert_int_equal(results[i][j].outcome, TARGET_DELIVERED);
	for (size_t i = 0; i < 3; i++) {
		struct received received = receive(arns[i]);
		assert_int_equal(received.count, TARGET_PAYLOADS_MAX - i);
		for (size_t j = 0; j < received.count; j++) {
			assert_true(str_equal(received.bodies[j], payloads[j].body));
			assert_true(str_equal(received.ids[j], results[i][j].id));
		}
	}
}

static void test_duplicates_have_the_first_id(void **state)
{
	static const char *const arns[] = {ARN("order.fifo"), ARN("other.fifo")};
	struct target_payload payload = {
		.body = STR("hello"), .group = STR("g"), .dedup = STR("once")};
	struct target_result one, both[2];
	struct target_delivery delivery = {STR(ARN("order.fifo")), &payload, 1, &one, NULL, 0};

	(void)state;
	deliver(&delivery, 1);
	struct str first = receive(ARN("order.fifo")).ids[0];
	deliver_to(arns, 2, payload, both);
	assert_int_equal(both[0].outcome, TARGET_DELIVERED);
	assert_int_equal(both[1].outcome, TARGET_DELIVERED);
	deliver_to(arns, 2, payload, both);
	assert_true(str_equal(both[0].id, first));
	struct received other = receive(ARN("other.fifo"));
	assert_int_equal(other.count, 1);
	assert_true(str_equal(both[1].id, other.ids[0]));
	assert_int_equal(visible(ARN("order.fifo")), 0); /* in flight: nothing was added */
}

/* Bodies that differ are not shared: together they exceed a segment. */
static void test_more_than_fits_at_once_is_sent_in_parts(void **state)
{
	struct target_payload payloads[QUEUES];
	struct target_result results[QUEUES];
	struct target_delivery deliveries[QUEUES];

	(void)state;
	for (size_t i = 0; i < QUEUES; i++) {
		payloads[i] = (struct target_payload){.body = long_body(600000 + i)};
		deliveries[i] = (struct target_delivery){str_from(plain[i]), &payloads[i], 1,
							 &results[i],	     NULL,	   0};
	}
	deliver(deliveries, QUEUES);
	for (size_t i = 0; i < QUEUES; i++) {
		assert_int_equal(results[i].outcome, TARGET_DELIVERED);
		assert_true(str_equal(receive(plain[i]).bodies[0], payloads[i].body));
	}
}

static void test_after_a_crash_all_have_the_message_or_none(void **state)
{
	size_t all = 0, none = 0;

	(void)state;
	/* At point 0 the disk crashes after the delivery. */
	for (uint64_t point = 0; point <= 6; point++) {
		for (uint64_t seed = 1; seed <= 4; seed++) {
			struct target_result results[QUEUES];
			int64_t before = visible(mixed[0]);
			disk_memory_set_faults(disk, (struct disk_faults){.crash_after = point});
			deliver_to(mixed, QUEUES, (struct target_payload){.body = STR("hello")},
				   results);
			stop_server();
			disk_memory_crash(disk, seed);
			assert_int_equal(start_server(), 0);
			int64_t after = visible(mixed[0]);
			for (size_t i = 0; i < QUEUES; i++) {
				assert_int_equal(visible(mixed[i]), after);
				if (results[i].outcome == TARGET_DELIVERED)
					assert_int_equal(after, before + 1);
			}
			*(after > before ? &all : &none) += 1;
		}
	}
	assert_true(all > 0);
	assert_true(none > 0);
}
