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
static struct directory_entity full_entity(const struct policy *identity,
					   const struct policy *trusting)
{
	static struct shape_pair tag = {STR_INIT("team"), STR_INIT("red")};
	static struct str attached = STR_INIT("arn:aws:iam::aws:policy/AmazonSQSFullAccess");
	static struct str group = STR_INIT("AGPA1");
	static struct directory_key key = {STR_INIT("AKIA1"), STR_INIT("secret"), true, 5};
	static struct directory_inline inlined = {.name = STR_INIT("inline")};
	static struct directory_version version = {.id = STR_INIT("v3"), .created_ms = 6};
	static struct str role = STR_INIT("AROA2"), client = STR_INIT("client"),
			  thumbprint = STR_INIT("thumb"), password = STR_INIT("hash");

	inlined.policy = version.policy = identity;
	return (struct directory_entity){.kind = DIRECTORY_ROLE,
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
					 .trust = trusting,
					 .inlines = &inlined,
					 .inline_count = 1,
					 .attached = &attached,
					 .attached_count = 1,
					 .groups = &group,
					 .group_count = 1,
					 .keys = &key,
					 .key_count = 1,
					 .versions = &version,
					 .version_count = 1,
					 .password_policy = {8, 9, 10, 11, 12, 13, 14, 15, 16, 17},
					 .lists = {[DIRECTORY_ROLES] = {&role, 1},
						   [DIRECTORY_CLIENT_IDS] = {&client, 1},
						   [DIRECTORY_THUMBPRINTS] = {&thumbprint, 1},
						   [DIRECTORY_PASSWORDS] = {&password, 1}},
					 .profile_created_ms = 18,
					 .password_changed_ms = 19,
					 .must_reset_password = 20,
					 .seed = STR("seed"),
					 .user_id = STR("AIDA2"),
					 .report_ms = 24,
					 .mfa_step = 22,
					 .mfa_drift = -23,
					 .enabled_ms = 21};
}

static void test_record_round_trips(void **state)
{
	const struct policy *identity = compile(document, POLICY_IDENTITY);
	const struct policy *trusting = compile(trust, POLICY_TRUST);
	struct directory_entity entity = full_entity(identity, trusting);
	struct buf first = {0}, second = {0};
	struct directory_entity read;

	(void)state;
	iam_record_encode(&first, &entity);
	assert_int_equal(iam_record_decode(&arena, buf_str(&first), &read), ERR_OK);
	iam_record_encode(&second, &read);
	assert_true(str_equal(buf_str(&first), buf_str(&second)));
	assert_int_equal(read.kind, DIRECTORY_ROLE);
	assert_int_equal(read.version_next, 7);
	assert_true(read.keys[0].is_active);
	assert_true(str_equal(read.keys[0].secret, STR("secret")));
	assert_true(str_equal(policy_text(read.trust), str_from(trust)));
	assert_str(read.lists[DIRECTORY_ROLES].items[0], "AROA2");
	assert_str(read.lists[DIRECTORY_CLIENT_IDS].items[0], "client");
	assert_str(read.lists[DIRECTORY_THUMBPRINTS].items[0], "thumb");
	assert_str(read.lists[DIRECTORY_PASSWORDS].items[0], "hash");
	assert_memory_equal(&read.password_policy, &entity.password_policy,
			    sizeof(read.password_policy));
	assert_str(read.seed, "seed");
	assert_int_equal(read.enabled_ms, 21);
	assert_int_equal(read.mfa_drift, -23);
	iam_record_release(&read);
	policy_release(identity);
	policy_release(trusting);
	buf_done(&first);
	buf_done(&second);
}

static void test_invalid_record_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum err err;
	} cases[] = {
		{"", ERR_DAMAGED},
		{"{", ERR_DAMAGED},
		{"\x02", ERR_VERSION},
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
