/* SPDX-License-Identifier: MIT */
/* What cases/ says about single policies: documents, statements, conditions. */
#include "access/case_fixture.h"

#define ALICE "arn:aws:iam::111122223333:user/alice"

/* [name, kind, document, problem or null] */
static void check_document(yyjson_val *row, size_t *failures)
{
	static const char *const kinds[] = {[POLICY_IDENTITY] = "identity",
					    [POLICY_MANAGED] = "managed",
					    [POLICY_RESOURCE] = "resource",
					    [POLICY_TRUST] = "trust"};
	const char *name = yyjson_get_str(yyjson_arr_get(row, 0));
	yyjson_val *document = yyjson_arr_get(row, 2), *expected = yyjson_arr_get(row, 3);
	const struct policy *policy = NULL;
	enum policy_kind kind = POLICY_IDENTITY;
	struct str problem = {0}, text;

	while (!yyjson_equals_str(yyjson_arr_get(row, 1), kinds[kind]))
		kind++;
	text = yyjson_is_str(document) ? json_text(document) : case_written(document);
	enum err err = policy_compile(&arena, text, kind, &policy, &problem);
	if ((err == ERR_OK) != yyjson_is_null(expected) ||
	    !str_equal(problem, json_text(expected))) {
		print_error("%s: %s \"%.*s\"\n", name, err ? "refused" : "taken", STR_ARG(problem));
		(*failures)++;
	}
	if (err == ERR_OK)
		assert_true(str_equal(policy_text(policy), text));
	policy_release(policy);
}

/* [name, condition, context, holds] */
static void check_condition(yyjson_val *row, size_t *failures)
{
	const char *name = yyjson_get_str(yyjson_arr_get(row, 0));
	yyjson_val *context = yyjson_arr_get(row, 2);
	struct str caller = json_text(json_member(context, "caller"));
	const struct policy *policy;
	struct case_request request;
	struct str problem;

	case_begin(&request, caller.data ? caller : STR(ALICE));
	case_finish(&request, context);
	struct str text =
		arena_format(&arena,
			     "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\","
			     "\"Action\":\"sqs:*\",\"Resource\":\"*\",\"Condition\":%.*s}}",
			     STR_ARG(case_written(yyjson_arr_get(row, 1))));
	if (policy_compile(&arena, text, POLICY_IDENTITY, &policy, &problem) != ERR_OK)
		fail_msg("%s: %.*s", name, STR_ARG(problem));
	bool holds = policy_evaluate(policy, &request.decide.request).outcome == POLICY_ALLOW;
	if (holds != yyjson_get_bool(yyjson_arr_get(row, 3))) {
		print_error("%s: %s\n", name, holds ? "holds" : "does not hold");
		(*failures)++;
	}
	policy_release(policy);
}

static enum policy_outcome outcome_of(yyjson_val *value)
{
	return yyjson_equals_str(value, "allow")  ? POLICY_ALLOW
	       : yyjson_equals_str(value, "deny") ? POLICY_DENY
						  : POLICY_SILENT;
}

/* [name, statement or policy, action, resource, "allow", "deny" or "silent"] */
static void check_statement(yyjson_val *row, size_t *failures)
{
	const char *name = yyjson_get_str(yyjson_arr_get(row, 0));
	struct case_request request;

	case_begin(&request, STR(ALICE));
	case_finish(&request, NULL);
	request.decide.request.action = json_text(yyjson_arr_get(row, 2));
	request.decide.request.resource = json_text(yyjson_arr_get(row, 3));
	const struct policy *policy = case_policy(yyjson_arr_get(row, 1), POLICY_IDENTITY, name);
	enum policy_outcome outcome = policy_evaluate(policy, &request.decide.request).outcome;
	if (outcome != outcome_of(yyjson_arr_get(row, 4))) {
		print_error("%s: outcome %d\n", name, outcome);
		(*failures)++;
	}
	policy_release(policy);
}

/* [name, "Principal" or "NotPrincipal" and its value in an object, effect, caller, grantee] */
static void check_principal(yyjson_val *row, size_t *failures)
{
	static const char *const grantees[] = {
		[POLICY_TO_NOBODY] = "nobody",
		[POLICY_TO_ACCOUNT] = "account",
		[POLICY_TO_ROLE] = "role",
		[POLICY_TO_CALLER] = "caller",
	};
	const char *name = yyjson_get_str(yyjson_arr_get(row, 0));
	yyjson_val *expected = yyjson_arr_get(row, 4);
	struct case_request request;
	const struct policy *policy;
	struct str problem;

	case_begin(&request, json_text(yyjson_arr_get(row, 3)));
	case_finish(&request, yyjson_arr_get(row, 5));
	struct str element = case_written(yyjson_arr_get(row, 1));
	struct str effect = json_text(yyjson_arr_get(row, 2));
	struct str text = arena_format(&arena,
				       "{\"Statement\":{%.*s,\"Effect\":\"%.*s\","
				       "\"Action\":\"*\",\"Resource\":\"*\"}}",
				       (int)element.size - 2, element.data + 1, STR_ARG(effect));
	if (policy_compile(&arena, text, POLICY_RESOURCE, &policy, &problem) != ERR_OK)
		fail_msg("%s: %.*s", name, STR_ARG(problem));
	struct policy_verdict verdict = policy_evaluate(policy, &request.decide.request);
	const char *found = verdict.outcome == POLICY_DENY ? "denied" : grantees[verdict.grantee];
	if (!yyjson_equals_str(expected, found)) {
		print_error("%s: %s\n", name, found);
		(*failures)++;
	}
	policy_release(policy);
}

static void check_all(const char *file, void (*check_row)(yyjson_val *row, size_t *failures))
{
	size_t i, count, failures = 0;
	yyjson_val *row;

	yyjson_arr_foreach(case_load(file), i, count, row)
		check_row(row, &failures);
	print_message("%s: %zu cases\n", file, i);
	assert_int_equal(failures, 0);
}

static void test_documents_are_taken_or_refused_in_iams_words(void **state)
{
	(void)state;
	check_all("documents.json", check_document);
}

static void test_actions_and_resources_are_matched(void **state)
{
	(void)state;
	check_all("statements.json", check_statement);
}

static void test_principals_are_matched(void **state)
{
	(void)state;
	check_all("principals.json", check_principal);
}

static void test_conditions_hold_or_not(void **state)
{
	(void)state;
	check_all("conditions.json", check_condition);
}
