/* SPDX-License-Identifier: MIT */
#include "core/log_sink.h"

#include <stdlib.h>

#include "base/fixture.h"
#include "core/core.h"

static struct core core;
static int wakes;

static void on_wake(void *context)
{
	(void)context;
	wakes++;
}

static int setup(void **unused)
{
	(void)unused;
	core = (struct core){0};
	wakes = 0;
	log_sink_open(&core, on_wake, NULL);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	log_sink_close(&core);
	return 0;
}

static bool put(struct str text)
{
	return log_sink_put(&core, STR("111122223333"), STR("eu-west-1"), STR("sns/topic"),
			    STR("stream"), 1795608000000, text);
}

static void test_events_are_taken_in_order_and_the_first_wakes(void **unused)
{
	(void)unused;
	assert_true(put(STR("one")));
	assert_true(put(STR("two")));
	assert_int_equal(wakes, 1);
	struct log_sink_event *first = log_sink_take(&core), *second = log_sink_next(first);
	assert_str(first->text, "one");
	assert_str(first->account, "111122223333");
	assert_str(first->group, "sns/topic");
	assert_int_equal(first->time_ms, 1795608000000);
	assert_str(second->text, "two");
	assert_null(log_sink_next(second));
	assert_null(log_sink_take(&core));
	assert_int_equal(log_sink_stats(&core).waiting, 2);
	log_sink_release(&core, first, true);
	log_sink_release(&core, second, false);
	assert_int_equal(log_sink_stats(&core).waiting, 0);
	assert_int_equal(log_sink_stats(&core).waiting_size, 0);
	assert_int_equal(log_sink_stats(&core).accepted, 2);
	assert_int_equal(log_sink_stats(&core).dropped, 1);
}

static void release_all(void)
{
	struct log_sink_event *next, *event = log_sink_take(&core);

	for (; event; event = next) {
		next = log_sink_next(event);
		log_sink_release(&core, event, true);
	}
}

static void test_events_beyond_the_number_are_dropped_and_counted(void **unused)
{
	(void)unused;
	for (int i = 0; i < LIMIT_LOG_SINK_ITEMS; i++)
		assert_true(put(STR("")));
	assert_false(put(STR("")));
	assert_int_equal(log_sink_stats(&core).dropped, 1);
	assert_int_equal(log_sink_stats(&core).waiting, LIMIT_LOG_SINK_ITEMS);
	release_all();
	assert_true(put(STR("")));
}

static void test_events_beyond_the_bytes_are_dropped(void **unused)
{
	enum { SIZE = 200000 };
	char *text = calloc(1, SIZE);
	uint64_t count = 0;

	(void)unused;
	while (put(str_of(text, SIZE)))
		count++;
	assert_int_equal(count, LIMIT_LOG_SINK_SIZE / (SIZE + 200));
	assert_true(log_sink_stats(&core).waiting_size <= LIMIT_LOG_SINK_SIZE);
	assert_true(put(STR("small")));
	free(text);
}

static void test_a_long_text_is_cut_between_characters(void **unused)
{
	size_t size = LIMIT_LOG_EVENT_SIZE + 1;
	char *text = malloc(size);

	(void)unused;
	memset(text, 'a', size);
	memcpy(text + size - 3, "\xe2\x82\xac", 3);
	assert_true(put(str_of(text, size)));
	struct log_sink_event *event = log_sink_take(&core);
	assert_int_equal(event->text.size, LIMIT_LOG_EVENT_SIZE - 2);
	log_sink_release(&core, event, true);
	free(text);
}

static void test_without_a_service_nothing_is_accepted(void **unused)
{
	(void)unused;
	assert_true(put(STR("lost at the end")));
	log_sink_close(&core);
	assert_false(put(STR("")));
	assert_int_equal(log_sink_stats(&core).accepted, 0);
}
