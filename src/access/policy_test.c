/* SPDX-License-Identifier: MIT */
/* The cases of cases/ for single policies: documents, statements, conditions. */
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

static void test_documents_are_accepted_or_refused_with_iams_texts(void **state)
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

static const char *outcome_for(const struct policy *policy, const char *arn, const char *id)
{
	struct case_request request;

	case_begin(&request, str_from(arn));
	case_finish(&request, NULL);
	request.principal.is_by_name = false;
	request.principal.entity_id = str_from(id);
	struct policy_verdict verdict = policy_evaluate(policy, &request.decide.request);
	return verdict.outcome == POLICY_DENY	 ? "deny"
	       : verdict.outcome == POLICY_ALLOW ? "allow"
						 : "silent";
}

/* Callers: the previous owner of the name, the present one, one that is both, and another user. */
static void test_bound_principals_give_to_the_id_and_take_from_both(void **state)
{
#define SESSION "arn:aws:sts::111122223333:assumed-role/worker/s"
	static const struct shape_pair items[] = {
		{STR_INIT(ALICE), STR_INIT("AIDAOLD")},
		{STR_INIT(SESSION), STR_INIT("AROAOLD")},
	};
	static const struct {
		const char *effect, *element, *name;
		const char *old, *namesake, *same, *other;
	} cases[] = {
		{"Allow", "Principal", ALICE, "allow", "silent", "allow", "silent"},
		{"Deny", "Principal", ALICE, "deny", "deny", "deny", "silent"},
		{"Allow", "NotPrincipal", ALICE, "silent", "silent", "silent", "allow"},
		{"Deny", "NotPrincipal", ALICE, "silent", "deny", "silent", "deny"},
		{"Allow", "Principal", ALICE "x", "silent", "silent", "silent", "silent"},
	};
	struct policy_names names = {items, 2};
	const struct policy *policy;
	struct str problem;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = arena_format(&arena,
					       "{\"Statement\":{\"Effect\":\"%s\",\"%s\":{\"AWS\":"
					       "\"%s\"},\"Action\":\"*\",\"Resource\":\"*\"}}",
					       cases[i].effect, cases[i].element, cases[i].name);
		assert_int_equal(policy_compile_bound(&arena, text, POLICY_RESOURCE, names, &policy,
						      &problem),
				 ERR_OK);
		assert_string_equal(outcome_for(policy, ALICE "2", "AIDAOLD"), cases[i].old);
		assert_string_equal(outcome_for(policy, ALICE, "AIDANEW"), cases[i].namesake);
		assert_string_equal(outcome_for(policy, ALICE, "AIDAOLD"), cases[i].same);
		assert_string_equal(outcome_for(policy, ALICE "3", "AIDAOTHER"), cases[i].other);
		policy_release(policy);
	}
}

static void test_request_tag_is_the_one_that_is_stored(void **state)
{
	static const struct shape_pair tags[] = {
		{STR_INIT("team"), STR_INIT("red")},
		{STR_INIT("a"), STR_INIT("b")},
		{STR_INIT("team"), STR_INIT("blue")},
	};
	static const char *const teams[] = {"red", "blue"};
	struct case_request request;
	const struct policy *policy;
	struct str problem;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct str text = arena_format(
			&arena,
			"{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\","
			"\"Condition\":{\"StringEquals\":{\"aws:RequestTag/team\":\"%s\"}}}}",
			teams[i]);
		assert_int_equal(policy_compile(&arena, text, POLICY_IDENTITY, &policy, &problem),
				 ERR_OK);
		case_begin(&request, STR(ALICE));
		case_finish(&request, NULL);
		request.decide.request.request_tags = tags;
		request.decide.request.request_tag_count = 3;
		assert_int_equal(policy_evaluate(policy, &request.decide.request).outcome,
				 i == 1 ? POLICY_ALLOW : POLICY_SILENT);
		policy_release(policy);
	}
}

/* Federated users have the id of the user whose key began their session. */
static void test_id_of_a_user_gives_nothing_to_those_it_federates(void **state)
{
	static const struct {
		const char *effect, *element, *user, *federated;
	} cases[] = {
		{"Allow", "Principal", "allow", "silent"},
		{"Deny", "Principal", "deny", "deny"},
		{"Allow", "NotPrincipal", "silent", "silent"},
		{"Deny", "NotPrincipal", "silent", "deny"},
	};
	const struct policy *policy;
	struct str problem;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = arena_format(&arena,
					       "{\"Statement\":{\"Effect\":\"%s\",\"%s\":{\"AWS\":"
					       "\"AIDAEXAMPLEUSER00009\"},\"Action\":\"*\","
					       "\"Resource\":\"*\"}}",
					       cases[i].effect, cases[i].element);
		assert_int_equal(policy_compile(&arena, text, POLICY_RESOURCE, &policy, &problem),
				 ERR_OK);
		assert_string_equal(outcome_for(policy, ALICE, "AIDAEXAMPLEUSER00009"),
				    cases[i].user);
		assert_string_equal(outcome_for(policy,
						"arn:aws:sts::111122223333:federated-user/x",
						"AIDAEXAMPLEUSER00009"),
				    cases[i].federated);
		policy_release(policy);
	}
}

static void test_bound_session_is_one_of_that_role(void **state)
{
	static const struct shape_pair item = {STR_INIT(SESSION), STR_INIT("AROAOLD")};
	struct policy_names names = {&item, 1};
	const struct policy *policy;
	struct str problem;

	(void)state;
	assert_int_equal(
		policy_compile_bound(&arena,
				     STR("{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":"
					 "{\"AWS\":\"" SESSION "\"},\"Action\":\"*\","
					 "\"Resource\":\"*\"}}"),
				     POLICY_RESOURCE, names, &policy, &problem),
		ERR_OK);
	assert_string_equal(outcome_for(policy, SESSION, "AROAOLD"), "allow");
	assert_string_equal(outcome_for(policy, SESSION "2", "AROAOLD"), "silent");
	assert_string_equal(outcome_for(policy, SESSION, "AROANEW"), "silent");
	policy_release(policy);
}
