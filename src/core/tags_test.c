/* SPDX-License-Identifier: MIT */
#include "base/fixture.h"
#include "core/tags.h"

static const struct shape_pair given[] = {{STR_INIT("a"), STR_INIT("1")},
					  {STR_INIT("c"), STR_INIT("3")}};

static void test_tags_stay_sorted(void **state)
{
	(void)state;
	struct tag_set set = tag_set_copy(&arena, given, 2, 3);

	tag_set_put(&set, STR("b"), STR("2"));
	tag_set_put(&set, STR("d"), STR("4"));
	tag_set_put(&set, STR("A"), STR("0"));
	assert_int_equal(set.count, 5);
	for (size_t i = 0; i < set.count; i++)
		assert_int_equal(set.tags[i].key.data[0], "Aabcd"[i]);
}

static void test_tags_have_a_key_once(void **state)
{
	(void)state;
	struct tag_set set = tag_set_copy(&arena, given, 2, 1);

	tag_set_put(&set, STR("a"), STR("new"));
	assert_int_equal(set.count, 2);
	assert_str(set.tags[0].value, "new");
	assert_str(given[0].value, "1");
}

static void test_tags_of_two_cases_are_one_where_case_does_not_count(void **state)
{
	(void)state;
	struct tag_set set = tag_set_copy(&arena, given, 2, 2);

	set.ignores_case = true;
	tag_set_put(&set, STR("C"), STR("new"));
	assert_int_equal(set.count, 2);
	assert_str(set.tags[0].key, "C");
	tag_set_remove(&set, STR("c"));
	assert_int_equal(set.count, 1);
}

static void test_tags_that_are_not_there_are_removed_without_a_word(void **state)
{
	(void)state;
	struct tag_set set = tag_set_copy(&arena, given, 2, 0);

	tag_set_remove(&set, STR("b"));
	tag_set_remove(&set, STR("a"));
	assert_int_equal(set.count, 1);
	assert_str(set.tags[0].key, "c");
}
