/* SPDX-License-Identifier: MIT */
/* The cost of one decision is bounded for all policies and requests. */
#include <stdio.h>

#include "access/decide.h"
#include "base/fixture.h"

enum { POLICIES = 9, POLICY_SIZE = 6144 };

static struct principal caller = {
	.type = PRINCIPAL_USER,
	.account = STR_INIT("111122223333"),
	.arn = STR_INIT("arn:aws:iam::111122223333:user/u"),
	.entity_arn = STR_INIT("arn:aws:iam::111122223333:user/u"),
	.id = STR_INIT("AIDAEXAMPLEEXAMPLE01"),
};

static const struct policy *compile(struct str text, enum policy_kind kind)
{
	const struct policy *policy;
	struct str problem;

	if (policy_compile(&arena, text, kind, &policy, &problem) != ERR_OK)
		fail_msg("%.*s: %.*s", STR_ARG(problem), STR_ARG(text));
	return policy;
}

/* A policy of about `size` bytes whose conditions repeat `pattern`. */
static struct str policy_of(const char *head, struct str pattern, size_t size)
{
	struct buf text = {0};
	bool is_first = true;

	buf_append(&text, str_from(head));
	buf_append(&text, STR("\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":"
			      "{\"StringLike\":{\"aws:UserAgent\":["));
	for (; text.size + pattern.size < size; is_first = false)
		buf_format(&text, "%s\"%.*s\"", is_first ? "" : ",", STR_ARG(pattern));
	buf_append(&text, STR("]}}}]}"));
	struct str copy = arena_copy(&arena, buf_str(&text));
	buf_done(&text);
	return copy;
}

static const char allow[] = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",";
static const char deny_some[] =
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\","
	"\"Resource\":\"*\"},{\"Effect\":\"Deny\",";
static const char queue_allow[] = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":"
				  "\"Allow\",\"Principal\":\"*\",";

static struct str repeat(const char *text, size_t count)
{
	struct str all = STR("");

	for (size_t i = 0; i < count; i++)
		all = arena_join(&arena, (const struct str[]){all, str_from(text)}, 2);
	return all;
}

static struct decide_request request_with(struct str user_agent, struct policy_steps *steps)
{
	return (struct decide_request){
		.request = {.principal = &caller,
			    .action = STR("sqs:SendMessage"),
			    .resource = STR("arn:aws:sqs:us-east-1:111122223333:q"),
			    .resource_account = STR("111122223333"),
			    .user_agent = user_agent,
			    .steps = steps},
	};
}

static struct decision decide_with(const struct policy *const *policies, size_t count,
				   struct str user_agent, struct policy_steps *steps)
{
	*steps = (struct policy_steps){.left = LIMIT_POLICY_STEPS};
	struct decide_request request = request_with(user_agent, steps);
	caller.identity = policies;
	caller.identity_count = count;
	struct decision decision = decide(&request);
	caller.identity_count = 0;
	return decision;
}

static struct str hostile(void)
{
	return arena_join(&arena, (const struct str[]){STR("*"), repeat("a?", 62), STR("b*")}, 3);
}

static void test_hostile_patterns_are_given_up_and_denied(void **state)
{
	const struct policy *policies[POLICIES + 1];
	struct policy_steps steps;

	(void)state;
	for (int i = 0; i < POLICIES; i++)
		policies[i] = compile(policy_of(allow, hostile(), POLICY_SIZE), POLICY_IDENTITY);
	policies[POLICIES] = compile(policy_of(allow, STR("*"), 200), POLICY_IDENTITY);
	/* The result of an evaluation without steps left is unknown. */
	struct decision decision = decide_with(policies, POLICIES + 1, repeat("a", 8000), &steps);
	assert_false(decision.is_allowed);
	assert_true(decision.is_exhausted);
	decision = decide_with(policies, POLICIES + 1, repeat("a", 30000), &steps);
	assert_true(decision.is_exhausted);
	/* The same policies decide on other requests as usual. */
	decision = decide_with(policies, POLICIES + 1, STR("Boto3/1.40"), &steps);
	assert_true(decision.is_allowed);
	assert_true(steps.left > LIMIT_POLICY_STEPS / 2);
	for (int i = 0; i <= POLICIES; i++)
		policy_release(policies[i]);
}

static void test_a_deny_that_is_not_reached_still_denies(void **state)
{
	struct policy_steps steps;
	struct str pattern = arena_join(
		&arena, (const struct str[]){STR("*?"), repeat("a", 2000), STR("b*")}, 3);
	const struct policy *policy =
		compile(policy_of(deny_some, pattern, 40000), POLICY_IDENTITY);

	(void)state;
	struct decision decision = decide_with(&policy, 1, repeat("a", 8000), &steps);
	assert_false(decision.is_allowed);
	assert_true(decision.is_exhausted && !decision.is_explicit);
	decision = decide_with(&policy, 1, STR("Boto3"), &steps);
	assert_true(decision.is_allowed);
	policy_release(policy);
}

static void test_unsigned_requests_have_the_same_bound(void **state)
{
	struct policy_steps steps = {.left = LIMIT_POLICY_STEPS};
	struct decide_request request = request_with(repeat("a", 8000), &steps);
	const struct policy *policy =
		compile(policy_of(queue_allow, hostile(), 20000), POLICY_RESOURCE);

	(void)state;
	request.request.principal = &principal_anonymous;
	request.resource_policy = policy;
	assert_true(decide(&request).is_exhausted);
	policy_release(policy);
}

/* A user in ten groups with ten policies each, all as large as they may be, is served. */
static void test_the_largest_usual_user_has_steps_enough(void **state)
{
	enum { COUNT = 110 };
	struct policy_steps steps;
	const struct policy *policies[COUNT];

	(void)state;
	for (int i = 0; i < COUNT; i++)
		policies[i] =
			compile(policy_of(allow, STR("Other/1.*"), POLICY_SIZE), POLICY_IDENTITY);
	struct decision decision = decide_with(policies, COUNT, STR("Boto3/1.40"), &steps);
	assert_false(decision.is_exhausted);
	for (int i = 0; i < COUNT; i++)
		policy_release(policies[i]);
}

/* Keys of the request times keys of the policies. */
static void test_many_keys_are_counted(void **state)
{
	enum { KEYS = 4000 };
	struct policy_steps steps = {.left = LIMIT_POLICY_STEPS};
	struct decide_request request = request_with(STR("x"), &steps);
	struct policy_key *keys = arena_array(&arena, struct policy_key, KEYS);
	static const struct str value = STR_INIT("v");
	struct buf text = {0};

	(void)state;
	for (size_t i = 0; i < KEYS; i++)
		keys[i] = (struct policy_key){
			arena_format(&arena, "kms:EncryptionContext:%04zu", i), &value, 1};
	request.request.keys = keys;
	request.request.key_count = KEYS;
	buf_append(&text, STR("{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\","
			      "\"Resource\":\"*\",\"Condition\":{\"StringEqualsIfExists\":{"));
	for (int i = 0; i < 128; i++)
		buf_format(&text, "%s\"kms:EncryptionContext:x%03d\":\"v\"", i ? "," : "", i);
	buf_append(&text, STR("}}}]}"));
	const struct policy *policy = compile(buf_str(&text), POLICY_IDENTITY);
	caller.identity = &policy;
	caller.identity_count = 1;
	assert_true(decide(&request).is_exhausted);
	caller.identity_count = 0;
	policy_release(policy);
	buf_done(&text);
}
