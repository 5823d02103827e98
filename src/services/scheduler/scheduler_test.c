/* SPDX-License-Identifier: MIT */
#include "services/scheduler/scheduler.h"

#include "base/fixture.h"
#include "services/scheduler/plan.h"
#include "services/scheduler/store.h"
#include "services/scheduler/target.h"

static const struct scheduler_invocation invocation = {
	.schedule_arn = STR_INIT("arn:aws:scheduler:eu-west-1:111122223333:schedule/g/s"),
	.scheduled_ms = INT64_C(1795608000000), /* 2026-11-25T12:00:00Z */
	.execution_id = STR_INIT("d32c5kddcf5bb8c3"),
	.attempt = 3,
};

static void test_context_attributes_are_replaced(void **unused)
{
	static const struct {
		const char *input, *expected;
	} cases[] = {
		{"plain", "plain"},
		{"", ""},
		{"<aws.scheduler.scheduled-time>", "2026-11-25T12:00:00Z"},
		{"a <aws.scheduler.attempt-number>, <aws.scheduler.execution-id> z",
		 "a 3, d32c5kddcf5bb8c3 z"},
		{"{\"arn\":\"<aws.scheduler.schedule-arn>\"}",
		 "{\"arn\":\"arn:aws:scheduler:eu-west-1:111122223333:schedule/g/s\"}"},
		{"<aws.scheduler.else> <aws.scheduler.", "<aws.scheduler.else> <aws.scheduler."},
		{"<<aws.scheduler.attempt-number>>", "<3>"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scheduler_target target = {.input = str_from(cases[i].input)};

		assert_str(scheduler_input(&arena, &target, &invocation), cases[i].expected);
	}
	assert_str(scheduler_input(&arena, &(struct scheduler_target){0}, &invocation),
		   "{\"version\":\"0\",\"id\":\"d32c5kddcf5bb8c3\",\"detail-type\":\"Scheduled "
		   "Event\",\"source\":\"aws.scheduler\",\"account\":\"111122223333\",\"time\":"
		   "\"2026-11-25T12:00:00Z\",\"region\":\"eu-west-1\",\"resources\":[\"arn:aws:"
		   "scheduler:eu-west-1:111122223333:schedule/g/s\"],\"detail\":\"{}\"}");
}

static struct scheduler_schedule draft_of(const char *name)
{
	return (struct scheduler_schedule){
		.account = STR("111122223333"),
		.region = STR("eu-west-1"),
		.group = STR("default"),
		.name = str_from(name),
		.is_enabled = true,
	};
}

static struct scheduler_plan plan_of(struct scheduler *scheduler, const char *expression,
				     int64_t minutes)
{
	struct scheduler_flexible_time_window window = {.maximum_window_in_minutes = minutes};
	struct scheduler_get_schedule_out shown = {.schedule_expression = str_from(expression),
						   .flexible_time_window = &window};
	struct scheduler_plan plan;
	bool is_zone;

	assert_int_equal(scheduler_plan_read(scheduler, &shown, &plan, &is_zone), ERR_OK);
	return plan;
}

static void test_a_flexible_window_chooses_the_same_moment_for_the_same_occurrence(void **unused)
{
	enum { NAMES = 200, WINDOW_MS = 15 * 60000 };
	struct scheduler scheduler = {0};
	struct scheduler_plan plan = plan_of(&scheduler, "cron(0 12 * * ? *)", 15);
	int64_t least = WINDOW_MS, most = 0;

	(void)unused;
	for (int i = 0; i < NAMES; i++) {
		struct str name = arena_format(&arena, "schedule-%d", i);
		struct scheduler_schedule first = draft_of(arena_cstr(&arena, name)), again = first;

		scheduler_plan_next(&plan, &first, INT64_C(1795600000000));
		scheduler_plan_next(&plan, &again, INT64_C(1795600000001));
		assert_int_equal(first.next_ms, INT64_C(1795608000000));
		assert_int_equal(first.fire_ms, again.fire_ms);
		int64_t place = first.fire_ms - first.next_ms;
		assert_true(place >= 0);
		assert_true(place < WINDOW_MS);
		least = place < least ? place : least;
		most = place > most ? place : most;
	}
	assert_true(least < WINDOW_MS / 10);
	assert_true(most > WINDOW_MS / 10 * 9);
	scheduler_zones_free(&scheduler);
}

static void test_start_and_end_limit_occurrences(void **unused)
{
	struct scheduler scheduler = {0};
	struct scheduler_schedule draft = draft_of("s");
	struct scheduler_plan plan = plan_of(&scheduler, "rate(1 hour)", 0);

	(void)unused;
	plan.start_ms = draft.anchor_ms = 5000000;
	plan.end_ms = 5000000 + 3600000;
	scheduler_plan_next(&plan, &draft, 1000000);
	assert_int_equal(draft.next_ms, 5000000);
	scheduler_plan_next(&plan, &draft, draft.next_ms);
	assert_int_equal(draft.next_ms, 5000000 + 3600000); /* at the end itself */
	scheduler_plan_next(&plan, &draft, draft.next_ms);
	assert_int_equal(draft.next_ms, 0);
	assert_int_equal(scheduler_due_of(&draft).wall_ms, INT64_MAX);
	draft.is_enabled = false;
	scheduler_plan_next(&plan, &draft, 1000000);
	assert_int_equal(draft.next_ms, 0);
	scheduler_zones_free(&scheduler);
}

static void test_records_are_read_as_they_were_written(void **unused)
{
	static const struct shape_pair tags[] = {{STR_INIT("a"), STR_INIT("1")},
						 {STR_INIT("b\""), STR_INIT("")}};
	struct scheduler_schedule schedule = draft_of("s"), copy, names;
	struct scheduler_group group = {.account = schedule.account,
					.region = schedule.region,
					.name = STR("g"),
					.is_deleting = true,
					.created_ms = 1,
					.modified_ms = 2,
					.tags = tags,
					.tag_count = 2},
			       group_copy;
	struct buf out = {0};

	(void)unused;
	schedule.shown = STR("{\"Name\":\"s\"}");
	schedule.client_token = STR("token");
	schedule.deletes_itself = true;
	schedule.created_ms = 1;
	schedule.anchor_ms = 2;
	schedule.next_ms = 3;
	schedule.fire_ms = 4;
	schedule.ended_ms = 5;
	scheduler_schedule_encode(&out, &schedule);
	assert_int_equal(scheduler_schedule_decode(&arena, buf_str(&out), &copy), ERR_OK);
	assert_str(scheduler_schedule_key(&arena, &copy), "s/111122223333/eu-west-1/default/s");
	assert_str(copy.shown, "{\"Name\":\"s\"}");
	assert_str(copy.client_token, "token");
	assert_true(copy.is_enabled && copy.deletes_itself);
	assert_int_equal(copy.created_ms + 10 * copy.anchor_ms + 100 * copy.next_ms +
				 1000 * copy.fire_ms + 10000 * copy.ended_ms,
			 54321);
	assert_true(scheduler_key_parse(scheduler_schedule_key(&arena, &copy), &names));
	assert_str(names.name, "s");
	assert_str(names.group, "default");
	assert_false(scheduler_key_parse(scheduler_group_key(&arena, &group), &names));
	buf_reset(&out);
	scheduler_group_encode(&out, &group);
	assert_int_equal(scheduler_group_decode(&arena, buf_str(&out), &group_copy), ERR_OK);
	assert_int_equal(group_copy.tag_count, 2);
	assert_str(group_copy.tags[1].key, "b\"");
	assert_true(group_copy.is_deleting);
	assert_int_equal(scheduler_schedule_decode(&arena, STR("\x01\x16\x05g"), &copy),
			 ERR_DAMAGED);
	assert_int_equal(scheduler_schedule_decode(&arena, STR("\x01\x3e\x00"), &copy),
			 ERR_VERSION);
	buf_done(&out);
}
