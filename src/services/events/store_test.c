/* SPDX-License-Identifier: MIT */
/* Every member of a bus and a rule comes back from its record, in the same bytes. */
#include "services/events/store.h"

#include "api/handlers.h"
#include "base/fixture.h"

static struct shape_pair pairs[] = {{STR_INIT("a"), STR_INIT("1")}, {STR_INIT("b"), STR_INIT("")}};

static void test_bus_comes_back(void **state)
{
	const struct events_bus draft = {
		.account = STR("111122223333"),
		.region = STR("eu-west-1"),
		.name = STR("b"),
		.arn = STR("arn:aws:events:eu-west-1:111122223333:event-bus/b"),
		.description = STR("d"),
		.kms_key = STR("alias/k"),
		.dead_letter_arn = STR("arn:aws:sqs:eu-west-1:111122223333:dead"),
		.log_detail = STR("FULL"),
		.log_level = STR("TRACE"),
		.created_ms = 1,
		.modified_ms = 2,
		.tags = pairs,
		.tag_count = 2,
	};
	const struct events_bus *found;
	struct buf bytes = {0}, again = {0};

	(void)state;
	events_bus_encode(&bytes, &draft);
	assert_int_equal(events_bus_decode(&arena, buf_str(&bytes), &found), ERR_OK);
	assert_str(found->kms_key, "alias/k");
	assert_str(found->log_level, "TRACE");
	assert_str(found->log_detail, "FULL");
	assert_str(found->dead_letter_arn, "arn:aws:sqs:eu-west-1:111122223333:dead");
	assert_int_equal(found->modified_ms, 2);
	assert_str(found->tags[1].key, "b");
	assert_null(found->policy);
	events_bus_encode(&again, found);
	assert_true(str_equal(buf_str(&bytes), buf_str(&again)));
	events_bus_release(found);
	buf_done(&bytes);
	buf_done(&again);
}

static struct events_target_settings make_target(void)
{
	events_bind_handlers();
	struct events_retry_policy retry = {.has_maximum_retry_attempts = true,
					    .maximum_retry_attempts = 3};
	struct events_input_transformer transformer = {
		.input_template = STR("<a>"), .input_paths_map = pairs, .input_paths_map_count = 1};
	const struct events_target target = {
		.id = STR("t"),
		.arn = STR("arn:aws:sqs:eu-west-1:111122223333:q"),
		.input_transformer = &transformer,
		.retry_policy = &retry,
	};

	return events_target_of(&arena, &target);
}

static void test_rule_comes_back(void **state)
{
	const struct events_target_settings target = make_target();
	const struct events_bus_rule draft = {
		.account = STR("111122223333"),
		.region = STR("eu-west-1"),
		.bus = STR("b"),
		.name = STR("r"),
		.arn = STR("arn:aws:events:eu-west-1:111122223333:rule/b/r"),
		.pattern = STR("{}"),
		.state = STR("DISABLED"),
		.created_by = STR("111122223333"),
		.created_ms = 5,
		.archive_queue = INT64_MAX,
		.archive_key = STR("alias/a"),
		.targets = &target,
		.target_count = 1,
	};
	const struct events_bus_rule *found;
	struct buf bytes = {0}, again = {0};

	(void)state;
	assert_str(target.input_template, "<a>");
	events_rule_encode(&bytes, &draft);
	assert_int_equal(events_rule_decode(&arena, buf_str(&bytes), &found), ERR_OK);
	assert_str(found->state, "DISABLED");
	assert_true(found->archive_queue == INT64_MAX);
	assert_str(found->archive_key, "alias/a");
	assert_null(found->schedule.data);
	assert_int_equal(found->target_count, 1);
	assert_str(found->targets[0].input_template, "<a>");
	assert_str(found->targets[0].paths[0].value, "1");
	assert_int_equal(found->targets[0].attempts_max, 3);
	assert_int_equal(found->targets[0].age_max_seconds, EVENTS_AGE_MAX_SECONDS);
	events_rule_encode(&again, found);
	assert_true(str_equal(buf_str(&bytes), buf_str(&again)));
	events_rule_release(found);
	buf_done(&bytes);
	buf_done(&again);
}

static void test_a_rule_without_a_name_is_damaged(void **state)
{
	const struct events_bus_rule draft = {.account = STR("1"), .bus = STR("b")};
	const struct events_bus_rule *found;
	struct buf bytes = {0};

	(void)state;
	events_rule_encode(&bytes, &draft);
	assert_int_equal(events_rule_decode(&arena, buf_str(&bytes), &found), ERR_DAMAGED);
	buf_done(&bytes);
}
