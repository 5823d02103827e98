/* SPDX-License-Identifier: MIT */
/* Tests of outlines: places as AWS's documentation shows them, and keys from everywhere. */
#include "base/fixture.h"
#include "services/iam/outline.h"

static struct outline read(const char *text)
{
	struct outline outline;

	assert_int_equal(outline_read(&arena, str_from(text), &outline), ERR_OK);
	return outline;
}

static void assert_position(struct outline_position position, int64_t line, int64_t column)
{
	assert_int_equal(position.line, line);
	assert_int_equal(position.column, column);
}

static void test_statement_positions_match_aws(void **state)
{
	(void)state;
	struct outline outline = read("{\n"
				      "    \"Version\": \"2012-10-17\",\n"
				      "    \"Statement\": [\n"
				      "        {\n"
				      "            \"Sid\": \"a }]\\\" b\",\n"
				      "            \"Effect\": \"Allow\",\n"
				      "            \"Action\": \"sqs:ListQueues\",\n"
				      "            \"Resource\": \"*\"\n"
				      "        }\n"
				      "    ]\n"
				      "}\n");

	assert_str(outline.version, "2012-10-17");
	assert_int_equal(outline.statement_count, 1);
	assert_position(outline.statements[0].start, 3, 19);
	assert_position(outline.statements[0].end, 9, 10);
	assert_true(str_starts(outline.statements[0].text, STR("{\n            \"Sid\"")));
	assert_true(str_ends(outline.statements[0].text, STR("\"*\"\n        }")));
}

static void test_several_statements_and_a_single_one(void **state)
{
	(void)state;
	struct outline outline = read("{\"Statement\":[{\"a\":[1,{}]} , {\"b\":\"]\"},{}],"
				      "\"Version\":\"2008-10-17\"}");

	assert_int_equal(outline.statement_count, 3);
	assert_str(outline.statements[0].text, "{\"a\":[1,{}]}");
	assert_str(outline.statements[1].text, "{\"b\":\"]\"}");
	assert_str(outline.statements[2].text, "{}");
	assert_position(outline.statements[0].start, 1, 15);
	assert_position(outline.statements[0].end, 1, 27);
	assert_position(outline.statements[1].start, 1, 27);
	outline = read("{\"Id\":\"x\",\"n\":1,\"o\":{\"Statement\":1},\"Statement\": {\"c\":1}}");
	assert_int_equal(outline.statement_count, 1);
	assert_str(outline.statements[0].text, "{\"c\":1}");
	assert_str(outline.version, "");
}

static void test_keys_come_from_conditions_and_variables(void **state)
{
	(void)state;
	struct outline outline = read(
		"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Resource\":[\"a/${aws:username}\","
		"\"${*}${aws:PrincipalTag/x, 'y'}\"],\"Condition\":{\"StringLike\":{"
		"\"aws:SourceIp\":\"1\",\"AWS:USERNAME\":[\"${aws:userid}\"]},"
		"\"Bool\":{\"aws:SourceIp\":\"2\"}}}]}");

	assert_int_equal(outline.key_count, 4);
	assert_str(outline.keys[0], "aws:username");
	assert_str(outline.keys[1], "aws:PrincipalTag/x");
	assert_str(outline.keys[2], "aws:SourceIp");
	assert_str(outline.keys[3], "aws:userid");
	/* Before 2012 there were no variables. */
	outline = read("{\"Statement\":{\"Resource\":\"${aws:username}\",\"Condition\":{}}}");
	assert_int_equal(outline.key_count, 0);
}

static void test_an_invalid_policy_has_no_outline(void **state)
{
	static const char *const texts[] = {"", "[]", "{}", "{\"Statement\":[]}", "{\"Statement\""};
	struct outline outline;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_not_equal(outline_read(&arena, str_from(texts[i]), &outline), ERR_OK);
}
