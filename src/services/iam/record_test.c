/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/fixture.h"
#include "services/iam/record.h"

static const char document[] =
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sqs:*\","
	"\"Resource\":\"*\"}]}";
static const char trust[] =
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
	"\"111122223333\"},\"Action\":\"sts:AssumeRole\"}]}";

static const struct policy *compile(const char *text, enum policy_kind kind)
{
	const struct policy *policy;
	struct str problem;

	assert_int_equal(policy_compile(&arena, str_from(text), kind, &policy, &problem), ERR_OK);
	return policy;
}

/* Every member has a value of its own, so that none can stand for another. */
static void test_record_gives_back_what_it_was_made_of(void **state)
{
	struct shape_pair tag = {STR("team"), STR("red")};
	struct str attached = STR("arn:aws:iam::aws:policy/AmazonSQSFullAccess");
	struct str group = STR("AGPA1");
	struct directory_key key = {STR("AKIA1"), STR("secret"), true, 5};
	struct directory_inline inlined = {.name = STR("inline")};
	struct directory_version version = {.id = STR("v3"), .created_ms = 6};
	struct directory_entity entity = {.kind = DIRECTORY_ROLE,
					  .account = STR("111122223333"),
					  .name = STR("name"),
					  .path = STR("/path/"),
					  .arn = STR("arn"),
					  .id = STR("AROA1"),
					  .description = STR("description"),
					  .boundary = STR("boundary"),
					  .alias = STR("alias"),
					  .created_ms = 1,
					  .updated_ms = 2,
					  .session_seconds_max = 3,
					  .version_default = 4,
					  .version_next = 7,
					  .tags = &tag,
					  .tag_count = 1,
					  .inlines = &inlined,
					  .inline_count = 1,
					  .attached = &attached,
					  .attached_count = 1,
					  .groups = &group,
					  .group_count = 1,
					  .keys = &key,
					  .key_count = 1,
					  .versions = &version,
					  .version_count = 1};
	struct buf first = {0}, second = {0};
	struct directory_entity read;

	(void)state;
	inlined.policy = version.policy = compile(document, POLICY_IDENTITY);
	entity.trust = compile(trust, POLICY_TRUST);
	iam_record_encode(&first, &entity);
	assert_int_equal(iam_record_decode(&arena, buf_str(&first), &read), ERR_OK);
	iam_record_encode(&second, &read);
	assert_true(str_equal(buf_str(&first), buf_str(&second)));
	assert_int_equal(read.kind, DIRECTORY_ROLE);
	assert_int_equal(read.version_next, 7);
	assert_true(read.keys[0].is_active);
	assert_true(str_equal(read.keys[0].secret, STR("secret")));
	assert_true(str_equal(policy_text(read.trust), str_from(trust)));
	iam_record_release(&read);
	policy_release(inlined.policy);
	policy_release(entity.trust);
	buf_done(&first);
	buf_done(&second);
}

static void test_record_that_is_none_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum err err;
	} cases[] = {
		{"", ERR_DAMAGED},
		{"[]", ERR_DAMAGED},
		{"{\"version\":2,\"kind\":\"user\",\"id\":\"AIDA1\"}", ERR_VERSION},
		{"{\"version\":1,\"kind\":\"pet\",\"id\":\"AIDA1\"}", ERR_DAMAGED},
		{"{\"version\":1,\"kind\":\"user\"}", ERR_DAMAGED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct directory_entity draft;
		assert_int_equal(iam_record_decode(&arena, str_from(cases[i].text), &draft),
				 cases[i].err);
	}
}
