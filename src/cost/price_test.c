/* SPDX-License-Identifier: MIT */
#include "cost/price.h"

#include "base/fixture.h"

static struct price_list *list;

static struct price_list *parse(const char *text)
{
	struct price_list *parsed = NULL;
	struct str problem;

	if (price_list_parse(&arena, str_from(text), &parsed, &problem) != ERR_OK)
		fail_msg("%.*s", STR_ARG(problem));
	return parsed;
}

static int teardown(void **unused)
{
	(void)unused;
	price_list_free(&list);
	return 0;
}

static void assert_amount(int64_t pico, const char *expected)
{
	char text[32];

	assert_str(str_of(text, price_format(pico, text)), expected);
}

static void test_amounts_are_written_without_trailing_zeros(void **unused)
{
	int64_t pico;

	(void)unused;
	assert_amount(0, "0");
	assert_amount(PRICE_PICO, "1");
	assert_amount(400000, "0.0000004");
	assert_amount(12 * PRICE_PICO + 500000000000, "12.5");
	assert_amount(-1, "-0.000000000001");
	assert_true(price_parse(STR("0.40"), &pico));
	assert_int_equal(pico, 400000000000);
	assert_false(price_parse(STR("0."), &pico));
	assert_false(price_parse(STR(""), &pico));
	assert_false(price_parse(STR("1.0000000000001"), &pico));
	assert_false(price_parse(STR("-1"), &pico));
}

static int64_t add(struct price_month *month, const char *usage, int64_t units)
{
	return price_month_add(month, price_list_find(list, str_from(usage)), units * PRICE_MICRO);
}

static void test_free_usage_is_shared_and_tiers_follow(void **unused)
{
	(void)unused;
	list = parse(
		"date 2026-11-30\nproduct c|Name\nfree p 100 X\n"
		"rate c|a|Requests|p|0:2.00/1 150:1.00/1|X\nrate c|b|Requests|p|0:5.00/10|K?\n");
	struct price_month *month = price_month_new(list);
	assert_amount(add(month, "a", 60), "0");
	assert_amount(add(month, "b", 50), "5"); /* 40 are free */
	assert_amount(add(month, "a", 80), "160");
	assert_amount(add(month, "a", 30), "40"); /* 10 of the first tier, 20 of the second */
	price_month_reset(month);
	assert_amount(add(month, "a", 160), "110");
	assert_true(price_list_find(list, STR("a"))->is_verified);
	assert_false(price_list_find(list, STR("b"))->is_verified);
	assert_null(price_list_find(list, STR("c")));
	price_month_free(&month);
}

static void test_a_month_of_many_bytes_has_its_cost(void **unused)
{
	static const int64_t bytes = INT64_C(4000000000000);

	(void)unused;
	list = parse("date 2026-11-30\nproduct c|Name\nfree p 1000000000000 X\n"
		     "rate c|a|Bytes|-|0:0.50/1000000000|X\n"
		     "rate c|b|Bytes|p|0:0.50/1000000000 3000000000000:0.25/1000000000|X\n");
	struct price_month *month = price_month_new(list);
	for (int i = 0; i < 4; i++)
		assert_amount(add(month, "a", bytes), "2000");
	/* 1 TB is free, and 2 TB are of the first tier. */
	assert_amount(add(month, "b", bytes), "1250");
	for (int i = 0; i < 4; i++)
		assert_amount(add(month, "b", bytes), "1000");
	price_month_free(&month);
}

static void test_the_standard_list_is_valid(void **unused)
{
	struct str problem;

	(void)unused;
	assert_int_equal(price_list_parse(&arena, price_list_standard, &list, &problem), ERR_OK);
	const struct price_rate *rate = price_list_find(list, STR("Requests-RBP"));
	assert_str(rate->service, "Amazon Simple Queue Service");
	assert_str(rate->code, "AWSQueueService");
	struct price_month *month = price_month_new(list);
	assert_amount(add(month, "Requests-RBP", 3000000), "0.8");
	assert_amount(add(month, "Requests-FIFO-RBP", 1), "0.0000005");
	price_month_free(&month);
}

static void test_wrong_lines_are_named(void **unused)
{
	static const char *const wrong[] = {
		"date 2026-11-30\nnonsense 1",
		"date 2026",
		"date 2026-11-30\nrate c|a|Requests|-|0:1/1|X",
		"date 2026-11-30\nproduct c|n\nrate c|a|Requests|p|0:1/1|X",
		"date 2026-11-30\nproduct c|n\nrate c|a|Requests|-|1:1/1|X",
		"date 2026-11-30\nproduct c|n\nrate c|a|Requests|-|0:1/0|X",
		"date 2026-11-30\nproduct c|n\nrate c|a|Requests|-|0:1/1 0:2/1|X",
		"date 2026-11-30\nproduct c|n\nrate c|a|Requests|-|0:1/1",
		"date 2026-11-30\nfree p x",
		"",
	};
	struct str problem;

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		problem = (struct str){0};
		assert_int_equal(price_list_parse(&arena, str_from(wrong[i]), &list, &problem),
				 ERR_INVALID);
		assert_true(problem.size > 0);
	}
}
