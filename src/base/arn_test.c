/* SPDX-License-Identifier: MIT */
#include "base/arn.h"
#include "base/fixture.h"

static void test_arn_has_six_parts(void **state)
{
	static const char *const others[] = {
		"",
		"arn",
		"arn:aws",
		"arn:aws:sqs:r:1",
		"arn:aws::r:1:x",
		"arn::sqs:r:1:x",
		"arn:aws:sqs:r:1:",
		"urn:aws:sqs:r:1:x",
	};
	struct arn arn;

	(void)state;
	assert_true(arn_parse(STR("arn:aws-cn:iam::111122223333:user/a:b"), &arn));
	assert_str(arn.partition, "aws-cn");
	assert_str(arn.service, "iam");
	assert_int_equal(arn.region.size, 0);
	assert_str(arn.account, "111122223333");
	assert_str(arn.resource, "user/a:b");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(arn_parse(str_from(others[i]), &arn));
	assert_false(arn_parse((struct str){0}, &arn));
}

static void test_arn_begins_with_its_place(void **state)
{
	(void)state;
	assert_str(arn_place(STR("arn:aws:sqs:r:1:a:b")), "arn:aws:sqs:r:1:");
	assert_int_equal(arn_place(STR("arn:aws:sqs:r:1:")).size, 0);
}

static void test_arn_is_made_in_the_partition_of_its_region(void **state)
{
	static const struct {
		const char *region, *partition;
	} rows[] = {{"us-east-1", "aws"},
		    {"cn-north-1", "aws-cn"},
		    {"us-gov-west-1", "aws-us-gov"},
		    {"us-isob-east-1", "aws-iso-b"},
		    {"eusc-de-east-1", "aws-eusc"},
		    {"anything", "aws"}};
	struct str account = STR("111122223333");
	char text[ARN_SIZE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str region = str_from(rows[i].region);
		struct str made = arn_make(&arena, STR("sqs"), region, account, STR("q"));
		assert_true(str_equal(made, arena_format(&arena, "arn:%s:sqs:%s:111122223333:q",
							 rows[i].partition, rows[i].region)));
		assert_true(
			str_equal(made, arn_format(STR("sqs"), region, account, STR("q"), text)));
		assert_true(str_equal(
			arn_root(&arena, region, account),
			arena_format(&arena, "arn:%s:iam::111122223333:root", rows[i].partition)));
	}
}

static void test_only_identities_move_to_another_partition(void **state)
{
	(void)state;
	struct str inside = STR("aws"), china = STR("aws-cn");

	assert_str(arn_move(&arena, STR("arn:aws:iam::1:user/x"), inside, china),
		   "arn:aws-cn:iam::1:user/x");
	assert_str(arn_move(&arena, STR("arn:aws-cn:sts::1:assumed-role/r/s"), china, inside),
		   "arn:aws:sts::1:assumed-role/r/s");
	assert_str(arn_move(&arena, STR("arn:aws:iam::1:user/x"), china, inside),
		   "arn:aws:iam::1:user/x");
	assert_str(arn_move(&arena, STR("arn:aws:sqs:r:1:q"), inside, china), "arn:aws:sqs:r:1:q");
	assert_str(arn_move(&arena, STR("a sentence"), inside, china), "a sentence");
}
