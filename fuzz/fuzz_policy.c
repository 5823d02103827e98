/* SPDX-License-Identifier: MIT */
/*
 * A policy document, and behind a zero byte what a request puts into conditions: lines of a key, a
 * tab and its value. A document is refused with a sentence, or compiled to what compiles again;
 * then it is asked by callers of several types. An explicit deny must stay one, and a document with
 * a deny of everything added to the questions' policies can never allow.
 */
#include "access/decide.h"
#include "fuzz.h"

enum { KEYS = 8 };

struct question_keys {
	struct policy_key keys[KEYS];
	struct str values[KEYS];
	size_t count;
};

static void read_keys(struct str text, struct question_keys *out)
{
	out->count = 0;
	while (text.data && text.size > 0 && out->count < KEYS) {
		struct str line = str_cut(&text, '\n');
		struct str value = line;
		struct str name = str_cut(&value, '\t');
		if (!value.data)
			continue;
		out->values[out->count] = value;
		out->keys[out->count] = (struct policy_key){name, &out->values[out->count], 1};
		out->count++;
	}
}

static void check_decision(struct arena *arena, const struct policy *policy, enum policy_kind kind,
			   struct policy_request *request, const struct principal *principal)
{
	bool has_principals = kind == POLICY_RESOURCE || kind == POLICY_TRUST;
	struct principal asking = *principal;
	struct policy_verdict verdict = policy_evaluate(policy, request);

	request->principal = &asking;
	asking.identity = &policy;
	asking.identity_count = !has_principals;
	struct decide_request decided = {
		.request = *request,
		.resource_policy = has_principals ? policy : NULL,
		.is_resource_policy_required = has_principals,
	};
	struct decision decision = decide(&decided);
	if (verdict.outcome == POLICY_DENY)
		check(!decision.is_allowed && decision.is_explicit);
	if (verdict.outcome == POLICY_SILENT && principal->type != PRINCIPAL_ROOT)
		check(!decision.is_allowed && !decision.is_explicit);
	if (!decision.is_allowed)
		check(decide_explain(arena, &decided, &decision, request->action).size > 0);
}

static void ask(struct arena *arena, const struct policy *policy, enum policy_kind kind,
		const struct question_keys *keys)
{
	static const struct shape_pair tags[] = {{STR_INIT("team"), STR_INIT("yellow")}};
	struct principal principals[] = {
		{.type = PRINCIPAL_USER,
		 .account = STR("111122223333"),
		 .arn = STR("arn:aws:iam::111122223333:user/alice"),
		 .entity_arn = STR("arn:aws:iam::111122223333:user/alice"),
		 .id = STR("AIDAEXAMPLEUSER00001"),
		 .entity_id = STR("AIDAEXAMPLEUSER00001"),
		 .name = STR("alice"),
		 .tags = tags,
		 .tag_count = 1},
		{.type = PRINCIPAL_SERVICE, .arn = STR("sns.amazonaws.com")},
		{.type = PRINCIPAL_ANONYMOUS},
	};
	struct policy_request request = {
		.action = STR("sqs:SendMessage"),
		.resource = STR("arn:aws:sqs:eu-west-1:111122223333:orders"),
		.resource_account = STR("111122223333"),
		.resource_tags = tags,
		.resource_tag_count = 1,
		.request_tags = tags,
		.request_tag_count = 1,
		.region = STR("eu-west-1"),
		.source_ip = STR("192.0.2.1"),
		.is_secure = true,
		.now_ms = INT64_C(1795608000000),
		.keys = keys->keys,
		.key_count = keys->count,
	};

	for (size_t i = 0; i < sizeof(principals) / sizeof(principals[0]); i++) {
		request.principal = &principals[i];
		check_decision(arena, policy, kind, &request, &principals[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_of(data, size);
	struct question_keys keys;
	struct arena arena;

	struct str text = str_cut(&rest, '\0');
	read_keys(rest, &keys);
	arena_init(&arena);
	for (enum policy_kind kind = POLICY_IDENTITY; kind <= POLICY_TRUST; kind++) {
		const struct policy *policy = NULL, *again = NULL;
		struct str problem = {0};
		enum err err = policy_compile(&arena, text, kind, &policy, &problem);
		check(err == ERR_OK || (err == ERR_INVALID && problem.size > 0));
		if (err)
			continue;
		check(str_equal(policy_text(policy), text));
		ask(&arena, policy, kind, &keys);
		check(policy_compile(&arena, policy_text(policy), kind, &again, &problem) ==
		      ERR_OK);
		policy_release(again);
		policy_release(policy);
	}
	arena_done(&arena);
	return 0;
}
