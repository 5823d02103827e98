/* SPDX-License-Identifier: MIT */
#include "access/policy_explain.h"

#include "access/case_fixture.h"

static const char *const actions[] = {"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"};

static struct str explain(const char *text, enum policy_kind kind)
{
	return policy_explain(&arena, str_from(text), kind, actions, 3);
}

static void expect(const char *text, const char *problem)
{
	struct str found = explain(text, POLICY_RESOURCE);

	if (!str_equal(found, str_from(problem)))
		print_error("\"%.*s\"\n", STR_ARG(found));
	assert_true(str_equal(found, str_from(problem)));
}

#define STATEMENT(members)                                                                         \
	"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:*\","          \
	"\"Resource\":\"*\"},{" members "}]}"
#define WHO "\"Effect\":\"Allow\",\"Principal\":\"*\""

static void test_explain_names_line_and_column_of_invalid_json(void **state)
{
	(void)state;
	expect("{\n  \"Statement\": [,]\n}",
	       "the policy is not JSON: line 2, column 17: unexpected "
	       "character, expected a valid JSON value");
	expect("[]", "the policy is not a JSON object");
}

static void test_explain_names_unknown_elements(void **state)
{
	(void)state;
	expect("{\"Statment\":[]}",
	       "the policy has an unknown element 'Statment'; did you mean 'Statement'?");
	expect(STATEMENT(WHO ",\"Actoin\":\"sqs:*\""),
	       "Statement[1] has an unknown element 'Actoin'; did you mean 'Action'?");
	expect("{\"Id\":\"a\",\"Id\":\"b\"}", "the policy has 'Id' twice");
	expect("{\"Version\":\"2012\"}", "Version must be \"2012-10-17\" (or \"2008-10-17\")");
	expect("{}", "the policy has no Statement");
	expect(STATEMENT(""), "Statement[1] has no Effect: \"Allow\" or \"Deny\"");
	expect(STATEMENT("\"Effect\":\"Permit\""),
	       "Statement[1].Effect must be \"Allow\" or \"Deny\", not \"Permit\"");
}

static void test_explain_names_unknown_actions(void **state)
{
	(void)state;
	expect(STATEMENT(WHO ",\"Action\":\"sqs:SendMesage\",\"Resource\":\"*\""),
	       "Statement[1].Action 'sqs:SendMesage' is no action; did you mean "
	       "'sqs:SendMessage'?");
	expect(STATEMENT(WHO ",\"Action\":[\"sqs:*\",\"SendMessage\"],\"Resource\":\"*\""),
	       "Statement[1].Action 'SendMessage' must be SERVICE:ACTION, as sqs:SendMessage");
	expect(STATEMENT(WHO ",\"Resource\":\"*\""), "Statement[1] has no Action");
	expect(STATEMENT(WHO ",\"Action\":\"*\",\"NotAction\":\"*\",\"Resource\":\"*\""),
	       "Statement[1] has both Action and NotAction; it may have one of them");
	/* Patterns, and services whose actions are not known, are not checked. */
	assert_null(
		explain(STATEMENT(WHO ",\"Action\":[\"sqs:Sned*\",\"s3:Any\",\"SQS:sendmessage\"],"
				      "\"Resource\":\"*\""),
			POLICY_RESOURCE)
			.data);
}

static void test_explain_names_principals(void **state)
{
	(void)state;
	expect(STATEMENT("\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"alice\"}"),
	       "Statement[1].Principal.AWS 'alice' is no principal: an ARN, an account of 12 "
	       "digits "
	       "or \"*\" is");
	expect(STATEMENT("\"Effect\":\"Allow\",\"Principal\":{\"aws\":\"*\"}"),
	       "Statement[1].Principal has an unknown element 'aws'; did you mean 'AWS'?");
	expect(STATEMENT("\"Effect\":\"Allow\""), "Statement[1] has no Principal");
	assert_true(str_starts(
		explain(STATEMENT(WHO ",\"Action\":\"*\",\"Resource\":\"*\""), POLICY_IDENTITY),
		STR("Statement[0] has a Principal, which")));
}

static void test_explain_names_operators_of_conditions(void **state)
{
	(void)state;
	expect(STATEMENT(WHO ",\"Action\":\"*\",\"Resource\":\"*\","
			     "\"Condition\":{\"StringEqual\":{\"a:b\":\"c\"}}"),
	       "Statement[1].Condition has an unknown operator 'StringEqual'; did you mean "
	       "'StringEquals'?");
}

/* [name, kind, document, problem or null]: a document that IAM accepts has no problem. */
static void check_case(yyjson_val *row, size_t *failures)
{
	static const char *const kinds[] = {[POLICY_IDENTITY] = "identity",
					    [POLICY_MANAGED] = "managed",
					    [POLICY_RESOURCE] = "resource",
					    [POLICY_TRUST] = "trust"};
	yyjson_val *document = yyjson_arr_get(row, 2);
	enum policy_kind kind = POLICY_IDENTITY;

	while (!yyjson_equals_str(yyjson_arr_get(row, 1), kinds[kind]))
		kind++;
	struct str text = yyjson_is_str(document) ? json_text(document) : case_written(document);
	struct str found = policy_explain(&arena, text, kind, NULL, 0);
	if (yyjson_is_null(yyjson_arr_get(row, 3)) && found.data) {
		print_error("%s: \"%.*s\"\n", yyjson_get_str(yyjson_arr_get(row, 0)),
			    STR_ARG(found));
		(*failures)++;
	}
}

static void test_explain_finds_nothing_in_valid_documents(void **state)
{
	yyjson_val *row;
	size_t i, count, failures = 0;

	(void)state;
	yyjson_arr_foreach(case_load("documents.json"), i, count, row)
		check_case(row, &failures);
	assert_int_equal(failures, 0);
}
