/* SPDX-License-Identifier: MIT */
/* Tests of deliveries whose seats are known; main is the control thread. */
#include "services/sqs/target_delivery_fixture.h"

static int setup(void **state)
{
	return open_server(state);
}

static int teardown(void **state)
{
	return close_server(state);
}

enum { QUEUES = 3 };
static const char *const plain[QUEUES] = {ARN("plain"), ARN("plain-2"), ARN("plain-3")};
static const char *const mixed[QUEUES] = {ARN("plain"), ARN("open"), ARN("order.fifo")};

/* The same subscriptions deliver again and again. */
struct topic_seats {
	const char *const *arns;
	uint64_t seats[QUEUES];
};

static struct topic_seats seats_of(const char *const arns[QUEUES])
{
	struct topic_seats topic = {.arns = arns};

	for (size_t i = 0; i < QUEUES; i++)
		topic.seats[i] = target_seat_new();
	return topic;
}

static const struct target_payload hello = {.body = STR_INIT("hello"), .group = STR_INIT("g")};

/* Gives the number of requests that were made. */
static uint64_t publish(const struct topic_seats *topic, const struct target_payload *payload,
			struct target_result results[QUEUES])
{
	struct target_delivery deliveries[QUEUES];
	uint64_t before = internal_stats_read(&core).requests;

	for (size_t i = 0; i < QUEUES; i++)
		deliveries[i] = (struct target_delivery){
			.arn = str_from(topic->arns[i]),
			.payloads = payload,
			.count = 1,
			.results = &results[i],
			.seat = topic->seats[i],
		};
	deliver(deliveries, QUEUES);
	return internal_stats_read(&core).requests - before;
}

static void assert_all_delivered(const struct target_result results[QUEUES])
{
	for (size_t i = 0; i < QUEUES; i++)
		assert_int_equal(results[i].outcome, TARGET_DELIVERED);
}

static void on_set(void *context, const struct internal_answer *answer)
{
	assert_int_equal(answer->result, ERR_OK);
	*(bool *)context = true;
}

static struct internal_request *as_server(void)
{
	static const struct internal_caller server = {.identity = INTERNAL_AS_SERVER,
						      .account = STR_INIT(ACCOUNT),
						      .region = STR_INIT("us-east-1")};

	return internal_new(&core, NULL, &server);
}

static void run(struct internal_request *request, uint32_t operation, const void *in)
{
	bool is_done = false;

	assert_true(
		internal_submit(request, &sqs_service.operations[operation], in, on_set, &is_done));
	while (!is_done) {
		(void)control_drain(&core);
		runner_turn(core.runners[0]);
	}
}

static void set_attribute(const char *arn, const char *name, const char *value)
{
	struct internal_request *request = as_server();
	struct shape_pair *pair = arena_new(internal_arena(request), struct shape_pair);
	struct sqs_set_queue_attributes_in *in =
		arena_new(internal_arena(request), struct sqs_set_queue_attributes_in);

	*pair = (struct shape_pair){str_from(name), str_from(value)};
	in->queue_url = str_from(arn);
	in->attributes = pair;
	in->attributes_count = 1;
	run(request, SQS_SET_QUEUE_ATTRIBUTES, in);
}

static void delete_queue(const char *arn)
{
	struct internal_request *request = as_server();
	struct sqs_delete_queue_in *in =
		arena_new(internal_arena(request), struct sqs_delete_queue_in);

	in->queue_url = str_from(arn);
	run(request, SQS_DELETE_QUEUE, in);
}

static void test_a_known_seat_needs_no_request(void **state)
{
	struct topic_seats topic = seats_of(plain);
	struct target_result results[QUEUES];

	(void)state;
	assert_int_equal(publish(&topic, &hello, results), QUEUES);
	assert_all_delivered(results);
	for (size_t i = 0; i < QUEUES; i++)
		assert_int_equal(receive(plain[i]).count, 1);
	assert_int_equal(publish(&topic, &hello, results), 0);
	assert_all_delivered(results);
	for (size_t i = 0; i < QUEUES; i++) {
		struct received received = receive(plain[i]);
		assert_int_equal(received.count, 1);
		assert_true(str_equal(received.bodies[0], hello.body));
		assert_true(str_equal(received.ids[0], results[i].id));
	}
}

static void test_a_seat_is_known_to_its_own_caller_only(void **state)
{
	struct topic_seats topic = seats_of(plain), other = seats_of(plain);
	struct target_result results[QUEUES];

	(void)state;
	assert_int_equal(publish(&topic, &hello, results), QUEUES);
	assert_int_equal(publish(&other, &hello, results), QUEUES);
	assert_int_equal(publish(&topic, &hello, results), 0);
}

static void test_queues_of_different_kinds_get_the_message(void **state)
{
	const struct target_attribute attributes[] = {{STR("color"), STR("String"), STR("red")}};
	struct topic_seats topic = seats_of(mixed);
	struct target_result results[QUEUES];
	struct target_payload payload = {.body = STR("first"),
					 .group = STR("g"),
					 .dedup = STR("1"),
					 .trace = STR("Root=1-2-3"),
					 .attributes = attributes,
					 .attribute_count = 1};

	(void)state;
	assert_int_equal(publish(&topic, &payload, results), QUEUES);
	payload.body = STR("second");
	payload.dedup = STR("2");
	assert_int_equal(publish(&topic, &payload, results), 0);
	assert_all_delivered(results);
	for (size_t i = 0; i < QUEUES; i++) {
		struct received received = receive(mixed[i]);
		assert_int_equal(received.count, 2);
		assert_true(str_equal(received.bodies[1], STR("second")));
		assert_true(str_equal(received.ids[1], results[i].id));
		assert_true(str_equal(received.attribute, STR("red")));
	}
}

enum { FULL_BODY_SIZE = 50000, FULL_CAPACITY = 3 << 20 };

static void test_a_full_disk_makes_all_targets_retry(void **state)
{
	struct topic_seats topic = seats_of(plain);
	struct target_result results[QUEUES];
	char *text = arena_bytes(&arena, FULL_BODY_SIZE);
	const struct target_payload payload = {.body = str_of(text, FULL_BODY_SIZE)};
	int64_t sent = 0;

	(void)state;
	memset(text, 'x', FULL_BODY_SIZE);
	disk_memory_set_faults(disk, (struct disk_faults){.capacity = FULL_CAPACITY});
	do {
		assert_int_equal(publish(&topic, &payload, results), sent == 0 ? QUEUES : 0);
		sent++;
	} while (results[0].outcome == TARGET_DELIVERED && sent < 1000);
	for (size_t i = 0; i < QUEUES; i++) {
		assert_int_equal(results[i].outcome, TARGET_RETRY);
		assert_int_equal(visible(plain[i]), sent - 1);
	}
	disk_memory_set_faults(disk, (struct disk_faults){.capacity = 0});
}

static void test_a_duplicate_has_the_first_id(void **state)
{
	struct topic_seats topic = seats_of(mixed);
	struct target_result first[QUEUES], second[QUEUES];
	const struct target_payload payload = {
		.body = STR("hello"), .group = STR("g"), .dedup = STR("once")};

	(void)state;
	assert_int_equal(publish(&topic, &payload, first), QUEUES);
	assert_int_equal(publish(&topic, &payload, second), 0);
	assert_all_delivered(second);
	assert_true(str_equal(first[2].id, second[2].id));
	assert_false(str_equal(first[0].id, second[0].id));
	assert_int_equal(visible(mixed[2]), 1);
	assert_int_equal(visible(mixed[0]), 2);
}

static void test_a_changed_policy_denies_at_once(void **state)
{
	struct topic_seats topic = seats_of(plain);
	struct target_result results[QUEUES];

	(void)state;
	assert_int_equal(publish(&topic, &hello, results), QUEUES);
	assert_int_equal(publish(&topic, &hello, results), 0);
	set_attribute(plain[1], "Policy", "");
	assert_int_equal(publish(&topic, &hello, results), 1);
	assert_int_equal(results[0].outcome, TARGET_DELIVERED);
	assert_int_equal(results[1].outcome, TARGET_FAILED);
	assert_int_equal(results[2].outcome, TARGET_DELIVERED);
	assert_int_equal(visible(plain[1]), 2);
	set_attribute(plain[1], "Policy", POLICY);
	assert_int_equal(publish(&topic, &hello, results), 1);
	assert_all_delivered(results);
	assert_int_equal(publish(&topic, &hello, results), 0);
	assert_all_delivered(results);
}

static void test_a_changed_setting_counts_at_once(void **state)
{
	struct topic_seats topic = seats_of(plain);
	struct target_result results[QUEUES];
	char *text = arena_bytes(&arena, 2000);
	const struct target_payload payload = {.body = str_of(text, 2000)};

	(void)state;
	memset(text, 'x', 2000);
	assert_int_equal(publish(&topic, &payload, results), QUEUES);
	set_attribute(plain[0], "MaximumMessageSize", "1024");
	assert_int_equal(publish(&topic, &payload, results), 1);
	assert_int_equal(results[0].outcome, TARGET_FAILED);
	/* A shorter one is accepted by a request, and from then on without one. */
	assert_int_equal(publish(&topic, &hello, results), 1);
	assert_int_equal(publish(&topic, &hello, results), 0);
	assert_all_delivered(results);
	/* The limit is the seat's, too. */
	assert_int_equal(publish(&topic, &payload, results), 1);
	assert_int_equal(results[0].outcome, TARGET_FAILED);
	assert_int_equal(results[1].outcome, TARGET_DELIVERED);
}

static void test_a_key_of_a_queue_counts_at_once(void **state)
{
	struct topic_seats topic = seats_of(plain);
	struct target_result results[QUEUES];

	(void)state;
	assert_int_equal(publish(&topic, &hello, results), QUEUES);
	set_attribute(plain[0], "KmsMasterKeyId", "alias/no");
	assert_int_equal(publish(&topic, &hello, results), 1);
	assert_int_equal(results[0].outcome, TARGET_FAILED);
	set_attribute(plain[0], "KmsMasterKeyId", "alias/k");
	/* KMS decides about each message. */
	assert_int_equal(publish(&topic, &hello, results), 1);
	assert_int_equal(publish(&topic, &hello, results), 1);
	assert_all_delivered(results);
}

static void test_a_deleted_queue_fails(void **state)
{
	struct topic_seats topic = seats_of(plain);
	struct target_result results[QUEUES];

	(void)state;
	assert_int_equal(publish(&topic, &hello, results), QUEUES);
	delete_queue(plain[2]);
	assert_int_equal(publish(&topic, &hello, results), 1);
	assert_int_equal(results[1].outcome, TARGET_DELIVERED);
	assert_int_equal(results[2].outcome, TARGET_FAILED);
}

/* The registry still has it: the seat is valid, and the engine has no such queue. */
static void test_a_queue_that_is_deleted_meanwhile_has_failed(void **state)
{
	struct topic_seats topic = seats_of(plain);
	struct target_result results[QUEUES];

	(void)state;
	assert_int_equal(publish(&topic, &hello, results), QUEUES);
	drop_in_engine(plain[1]);
	assert_int_equal(publish(&topic, &hello, results), 0);
	assert_int_equal(results[0].outcome, TARGET_DELIVERED);
	assert_int_equal(results[1].outcome, TARGET_FAILED);
	assert_true(str_ends(results[1].code, STR("NonExistentQueue")));
	assert_int_equal(results[2].outcome, TARGET_DELIVERED);
}

static void test_a_decision_that_depends_on_the_time_is_not_remembered(void **state)
{
	static const char timed[] =
		"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"
		"{\"Service\":\"sns.amazonaws.com\"},\"Action\":\"sqs:SendMessage\","
		"\"Resource\":\"*\",\"Condition\":{\"DateLessThan\":{\"aws:CurrentTime\":"
		"\"2100-01-01T00:00:00Z\"}}}]}";
	struct topic_seats topic = seats_of(plain);
	struct target_result results[QUEUES];

	(void)state;
	set_attribute(plain[0], "Policy", timed);
	assert_int_equal(publish(&topic, &hello, results), QUEUES);
	assert_int_equal(publish(&topic, &hello, results), 1);
	assert_all_delivered(results);
}

static void test_a_message_that_a_queue_refuses_is_refused(void **state)
{
	const struct target_attribute attributes[] = {{STR("bad"), STR("Colour"), STR("red")}};
	const struct target_payload bad[] = {
		{.body = STR("")},
		{.body = STR("\x01")},
		{.body = STR("hello"), .group = STR("g g")},
		{.body = STR("hello"), .attributes = attributes, .attribute_count = 1},
		{.body = STR("hello"), .trace = STR("")},
	};
	struct topic_seats topic = seats_of(plain);
	struct target_result results[QUEUES];

	(void)state;
	assert_int_equal(publish(&topic, &hello, results), QUEUES);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(publish(&topic, &bad[i], results), QUEUES);
		for (size_t j = 0; j < QUEUES; j++)
			assert_int_equal(results[j].outcome, TARGET_FAILED);
	}
	assert_int_equal(visible(plain[0]), 1);
}

static void test_a_fifo_queue_refuses_a_message_without_a_group(void **state)
{
	struct topic_seats topic = seats_of(mixed);
	struct target_result results[QUEUES];
	const struct target_payload first = {
		.body = STR("hello"), .group = STR("g"), .dedup = STR("d")};
	const struct target_payload no_group = {.body = STR("hello"), .dedup = STR("e")};
	const struct target_payload no_dedup = {.body = STR("hello"), .group = STR("g")};

	(void)state;
	assert_int_equal(publish(&topic, &first, results), QUEUES);
	assert_int_equal(publish(&topic, &no_group, results), 1);
	assert_int_equal(results[2].outcome, TARGET_FAILED);
	assert_int_equal(publish(&topic, &no_dedup, results), 1);
	assert_int_equal(results[2].outcome, TARGET_FAILED);
	set_attribute(mixed[2], "ContentBasedDeduplication", "true");
	assert_int_equal(publish(&topic, &no_dedup, results), 1);
	assert_all_delivered(results);
	assert_int_equal(publish(&topic, &no_dedup, results), 0);
	assert_all_delivered(results);
	assert_int_equal(visible(mixed[2]), 2);
}

/* Two messages of a fan-out would have the same id. */
static void test_a_queue_takes_part_once(void **state)
{
	static const char *const same[QUEUES] = {ARN("plain"), ARN("plain"), ARN("plain-2")};
	struct topic_seats topic = seats_of(same);
	struct target_result results[QUEUES];

	(void)state;
	for (int i = 1; i <= 3; i++) {
		assert_true(publish(&topic, &hello, results) > 0);
		assert_all_delivered(results);
		assert_false(str_equal(results[0].id, results[1].id));
		assert_int_equal(visible(same[0]), 2 * i);
	}
}

static void test_more_seats_than_places_are_remembered(void **state)
{
	enum { MANY = 300 };
	static struct topic_seats topics[MANY];
	struct target_result results[QUEUES];

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		topics[i] = seats_of(plain);
		assert_int_equal(publish(&topics[i], &hello, results), QUEUES);
	}
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(publish(&topics[i], &hello, results), 0);
}

static void add_requests(void *context, const struct usage_key *key,
			 const struct usage_values *values)
{
	assert_str(key->account, ACCOUNT);
	assert_str(key->region, "us-east-1");
	*(uint64_t *)context += values->requests;
}

static void test_deliveries_are_used_by_the_account_of_their_queues(void **state)
{
	struct topic_seats topic = seats_of(plain);
	struct target_result results[QUEUES];
	uint64_t requests = 0;

	(void)state;
	for (int i = 0; i < 2; i++)
		(void)publish(&topic, &hello, results);
	struct usage *usage = metering_usage(&core);
	usage_merge(usage, 60000);
	const struct usage_minute *minute = usage_minute_after(usage, 0);
	assert_non_null(minute);
	usage_minute_each(minute, add_requests, &requests);
	assert_int_equal(requests, 2 * QUEUES);
	usage_minute_release(minute);
}

static void test_deliveries_are_metered(void **state)
{
	struct topic_seats topic = seats_of(plain);
	struct target_result results[QUEUES];
	uint32_t operation = route_operation_number(
		&core.routes, &sqs_service.operations[SQS_SEND_MESSAGE_BATCH]);

	(void)state;
	for (int i = 0; i < 2; i++)
		(void)publish(&topic, &hello, results);
	struct meter *meter = metering_sum(&core);
	assert_int_equal(atomic_load(&meter->operations[operation].answered), 2 * QUEUES);
	assert_int_equal(atomic_load(&meter->operations[operation].sender_faults), 0);
	meter_free(&meter);
	assert_int_equal(atomic_load(&sqs_of(&core)->direct_count), 0);
}
