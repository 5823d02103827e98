/* SPDX-License-Identifier: MIT */
/* The cases of cases/decisions.json, each with all its policies. */
#include "access/case_fixture.h"

static size_t read_policies(yyjson_val *value, const char *name, const struct policy **out)
{
	size_t count = !value ? 0 : yyjson_is_arr(value) ? yyjson_arr_size(value) : 1;

	assert_true(count <= CASE_POLICIES);
	for (size_t i = 0; i < count; i++)
		out[i] = case_policy(yyjson_is_arr(value) ? yyjson_arr_get(value, i) : value,
				     POLICY_IDENTITY, name);
	return count;
}

static void read_request(struct case_request *request, yyjson_val *row, const char *name)
{
	struct policy_request *asked = &request->decide.request;
	bool is_trust = yyjson_get_bool(json_member(row, "trust"));

	case_begin(request, json_text(json_member(row, "caller")));
	if (json_member(row, "action"))
		asked->action = json_text(json_member(row, "action"));
	if (json_member(row, "on"))
		asked->resource = json_text(json_member(row, "on"));
	if (json_member(row, "owner"))
		asked->resource_account = json_text(json_member(row, "owner"));
	case_finish(request, json_member(row, "context"));
	struct principal *principal = &request->principal;
	principal->identity = request->identity;
	principal->session = request->session;
	principal->identity_count =
		read_policies(json_member(row, "identity"), name, request->identity);
	principal->session_count =
		read_policies(json_member(row, "session"), name, request->session);
	principal->boundary = case_policy(json_member(row, "boundary"), POLICY_MANAGED, name);
	request->decide.resource_policy = case_policy(
		json_member(row, "resource"), is_trust ? POLICY_TRUST : POLICY_RESOURCE, name);
	request->decide.endpoint_policy =
		case_policy(json_member(row, "endpoint"), POLICY_RESOURCE, name);
	request->decide.is_resource_policy_required =
		is_trust || yyjson_get_bool(json_member(row, "required"));
	request->decide.is_granted = yyjson_get_bool(json_member(row, "granted"));
	request->decide.is_named = yyjson_get_bool(json_member(row, "named"));
}

static void release(struct case_request *request)
{
	for (size_t i = 0; i < request->principal.identity_count; i++)
		policy_release(request->identity[i]);
	for (size_t i = 0; i < request->principal.session_count; i++)
		policy_release(request->session[i]);
	policy_release(request->principal.boundary);
	policy_release(request->decide.resource_policy);
	policy_release(request->decide.endpoint_policy);
}

/* "allow", or "no identity" and "deny identity": the policies that did not allow or that denied
 * it. */
static const char *verdict_text(const struct decision *decision)
{
	static const char *const texts[][2] = {
		[DECIDE_IDENTITY] = {"no identity", "deny identity"},
		[DECIDE_RESOURCE] = {"no resource", "deny resource"},
		[DECIDE_BOUNDARY] = {"no boundary", "deny boundary"},
		[DECIDE_SESSION] = {"no session", "deny session"},
		[DECIDE_ENDPOINT] = {"no endpoint", "deny endpoint"},
	};

	return decision->is_allowed ? "allow" : texts[decision->source][decision->is_explicit];
}

static void check_decision(yyjson_val *row, size_t *failures)
{
	const char *name = yyjson_get_str(json_member(row, "name"));
	struct case_request request;

	read_request(&request, row, name);
	struct decision decision = decide(&request.decide);
	const char *found = verdict_text(&decision);
	if (!yyjson_equals_str(json_member(row, "expect"), found)) {
		print_error("%s: %s\n", name, found);
		(*failures)++;
	}
	yyjson_val *sentence = json_member(row, "says");
	struct str text = decision.is_allowed ? (struct str){0}
					      : decide_explain(&arena, &request.decide, &decision,
							       request.decide.request.action);
	if (sentence && !str_equal(text, json_text(sentence))) {
		print_error("%s: %.*s\n", name, STR_ARG(text));
		(*failures)++;
	}
	release(&request);
}

static void test_all_policies_together_decide(void **state)
{
	size_t i, count, failures = 0;
	yyjson_val *row;

	(void)state;
	yyjson_arr_foreach(case_load("decisions.json"), i, count, row)
		check_decision(row, &failures);
	print_message("decisions.json: %zu cases\n", i);
	assert_int_equal(failures, 0);
}
