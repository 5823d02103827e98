/* SPDX-License-Identifier: MIT */
/* Readers on other threads while rules come and go. */
#include "match/shared_matcher.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/fixture.h"

enum { READERS = 3, CHANGES = 3000 };

static struct shared_matcher *matcher;
static _Atomic bool is_over;
static _Atomic uint64_t matches;
static int always, sometimes; /* users */

static struct event_pattern pattern_of(const char *text)
{
	struct event_pattern pattern;
	struct str problem;

	assert_int_equal(
		event_pattern_parse(&arena, PATTERN_EVENTS, str_from(text), &pattern, &problem),
		ERR_OK);
	return pattern;
}

static yyjson_val *event_of(struct arena *memory, const char *text)
{
	yyjson_val *event;

	assert_int_equal(json_parse(memory, str_from(text), &event), ERR_OK);
	return event;
}

/* The rule that stays is found each time, the other perhaps, and each once at the most. */
static void *read_events(void *unused)
{
	struct match_scratch *scratch = match_scratch_new();
	struct arena memory;
	void *const *users;

	(void)unused;
	arena_init(&memory);
	yyjson_val *event = event_of(&memory, "{\"a\":1}");
	while (!atomic_load(&is_over)) {
		const struct matcher *side = shared_matcher_enter(matcher);
		size_t count = matcher_match(side, scratch, event, &users);
		size_t found = 0;
		for (size_t i = 0; i < count; i++)
			found += users[i] == &always;
		check(found == 1);
		check(count <= 2);
		shared_matcher_leave(matcher, side);
		atomic_fetch_add(&matches, 1);
	}
	arena_done(&memory);
	match_scratch_free(&scratch);
	return NULL;
}

static void test_readers_find_the_rules_of_one_side(void **unused)
{
	struct event_pattern pattern = pattern_of("{\"a\":[1]}");
	pthread_t readers[READERS];

	(void)unused;
	matcher = shared_matcher_new();
	struct match_rule *rule = shared_matcher_add(matcher, &pattern, &always);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_events, NULL), 0);
	for (int i = 0; i < CHANGES; i++) {
		struct match_rule *other = shared_matcher_add(matcher, &pattern, &sometimes);
		shared_matcher_remove(matcher, other);
	}
	while (atomic_load(&matches) < 100)
		sched_yield();
	atomic_store(&is_over, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	assert_int_equal(shared_matcher_rule_count(matcher), 1);
	shared_matcher_remove(matcher, rule);
	shared_matcher_free(&matcher);
	assert_null(matcher);
}

static size_t count_matches(const char *event)
{
	struct match_scratch *scratch = match_scratch_new();
	const struct matcher *side = shared_matcher_enter(matcher);
	void *const *users;
	size_t count = matcher_match(side, scratch, event_of(&arena, event), &users);

	shared_matcher_leave(matcher, side);
	match_scratch_free(&scratch);
	return count;
}

/* Each change makes the other side the active one. */
static void test_a_change_shows_whichever_side_is_active(void **unused)
{
	struct event_pattern one = pattern_of("{\"a\":[1]}"), two = pattern_of("{\"a\":[2]}");

	(void)unused;
	matcher = shared_matcher_new();
	assert_int_equal(count_matches("{\"a\":1}"), 0);
	struct match_rule *first = shared_matcher_add(matcher, &one, &always);
	assert_int_equal(count_matches("{\"a\":1}"), 1);
	struct match_rule *second = shared_matcher_add(matcher, &two, &sometimes);
	assert_int_equal(count_matches("{\"a\":1}"), 1);
	assert_int_equal(count_matches("{\"a\":2}"), 1);
	shared_matcher_remove(matcher, first);
	assert_int_equal(count_matches("{\"a\":1}"), 0);
	assert_int_equal(count_matches("{\"a\":2}"), 1);
	shared_matcher_remove(matcher, second);
	assert_int_equal(count_matches("{\"a\":2}"), 0);
	shared_matcher_free(&matcher);
}

static void test_rules_that_were_not_removed_end_with_the_matcher(void **unused)
{
	struct event_pattern one = pattern_of("{\"a\":[1]}"), two = pattern_of("{\"a\":[2]}");

	(void)unused;
	matcher = shared_matcher_new();
	(void)shared_matcher_add(matcher, &one, &always);
	(void)shared_matcher_add(matcher, &two, &sometimes);
	assert_int_equal(shared_matcher_rule_count(matcher), 2);
	shared_matcher_free(&matcher);
	assert_null(matcher);
}
