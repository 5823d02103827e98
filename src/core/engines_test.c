/* SPDX-License-Identifier: MIT */
#include "base/fixture.h"
#include "core/engines.h"

static void test_the_only_engine_has_all_queues(void **state)
{
	const struct core core = {.engine_count = 1};

	(void)state;
	assert_int_equal(engines_place(&core, 17), 0);
	assert_int_equal(engines_place_of_account(&core, STR("111122223333")), 0);
	assert_int_equal(engines_number(&core, 0, 17), 17);
}

static void test_accounts_are_distributed_by_their_digits(void **state)
{
	const struct core core = {.engine_count = 3};

	(void)state;
	assert_int_equal(engines_place_of_account(&core, STR("000000000000")), 0);
	assert_int_equal(engines_place_of_account(&core, STR("000000000001")), 1);
	assert_int_equal(engines_place_of_account(&core, STR("000000000005")), 2);
	assert_int_equal(engines_place_of_account(&core, STR("name")),
			 engines_place_of_account(&core, STR("name")));
	assert_true(engines_place_of_account(&core, STR("name")) < 3);
}

static void test_the_next_number_of_a_place_is_the_least(void **state)
{
	(void)state;
	for (uint32_t count = 1; count <= LIMIT_PARTITIONS; count++) {
		const struct core core = {.engine_count = count};
		for (uint32_t place = 0; place < count; place++)
			for (uint64_t least = QUEUE_INTERNAL_FIRST;
			     least < QUEUE_INTERNAL_FIRST + 2 * count; least++) {
				uint64_t number = engines_number(&core, place, least);
				assert_int_equal(engines_place(&core, number), place);
				assert_true(number >= least);
				assert_true(number < least + count);
			}
	}
}
