/* SPDX-License-Identifier: MIT */
/*
 * Properties of all policies, tested on generated ones, with a second evaluator that is slow and
 * plain: it evaluates the inputs of the generator, not the documents.
 */
#include "access/case_fixture.h"

enum { ROUNDS = 4000, STATEMENTS = 4, VALUES = 2, POLICIES = 2 };

static const char *const actions[] = {
	"sqs:SendMessage", "SQS:sendmessage",	 "sqs:*",      "*", "sqs:*Message",
	"sqs:Send?essage", "sqs:ReceiveMessage", "sns:Publish"};
static const char *const asked_actions[] = {"sqs:SendMessage", "sqs:ReceiveMessage", "sns:Publish"};
static const char *const resources[] = {
	"*",
	"arn:aws:sqs:eu-west-1:111122223333:orders",
	"arn:aws:sqs:*:*:orders",
	"arn:aws:sqs:eu-west-1:111122223333:*",
	"arn:aws:sqs:*:111122223333:o*s",
	"arn:aws:sqs:*:orders",
	"arn:aws:sqs:eu-west-?:111122223333:order?",
	"arn:aws:sns:*:*:*",
};
static const char *const asked_resources[] = {
	"arn:aws:sqs:eu-west-1:111122223333:orders",
	"arn:aws:sqs:us-east-1:111122223333:jobs",
	"arn:aws:sqs:eu-west-1:444455556666:orders",
};
static const char *const principals[] = {
	"*",
	"111122223333",
	"arn:aws:iam::444455556666:root",
	"arn:aws:iam::111122223333:user/alice",
	"arn:aws:iam::111122223333:role/worker",
	"arn:aws:sts::111122223333:assumed-role/worker/one",
	"arn:aws:iam::444455556666:user/bob",
};
static const char *const callers[] = {
	"arn:aws:iam::111122223333:user/alice",
	"arn:aws:iam::444455556666:user/bob",
	"arn:aws:iam::111122223333:root",
	"arn:aws:sts::111122223333:assumed-role/worker/one",
	"sns.amazonaws.com",
	"anonymous",
};
static const char *const operators[] = {"StringEquals", "StringNotEquals", "StringLike",
					"StringNotLike", "Null"};
static const char *const values[] = {"a", "b", "a*", "?", "ab"};
static const char *const asked_values[] = {"a", "b", "ab", "a*"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PICK(prng, array) ((array)[prng_below((prng), COUNT(array))])

struct made_condition {
	bool is_there, if_exists;
	enum { PLAIN, FOR_ALL, FOR_ANY } quantifier;
	const char *comparison;
	const char *values[VALUES];
};

struct made_statement {
	bool is_deny, is_not_action, is_not_resource, is_not_principal;
	const char *actions[VALUES], *resources[VALUES], *principals[VALUES];
	struct made_condition condition; /* of app:k */
	char sid;
};

struct made_policy {
	bool has_principals;
	size_t count;
	struct made_statement statements[STATEMENTS + 1];
};

struct made_request {
	const char *caller, *action, *resource;
	size_t value_count;
	struct str values[VALUES];
};

static void make_statement(struct prng *prng, struct made_statement *statement)
{
	*statement = (struct made_statement){
		.is_deny = prng_below(prng, 4) == 0,
		.is_not_action = prng_below(prng, 5) == 0,
		.is_not_resource = prng_below(prng, 5) == 0,
		.is_not_principal = prng_below(prng, 5) == 0,
		.condition = {.is_there = prng_below(prng, 2) == 0,
			      .if_exists = prng_below(prng, 3) == 0,
			      .quantifier = (unsigned)prng_below(prng, 3),
			      .comparison = PICK(prng, operators)},
	};
	for (int i = 0; i < VALUES; i++) {
		statement->actions[i] = PICK(prng, actions);
		statement->resources[i] = PICK(prng, resources);
		statement->principals[i] = PICK(prng, principals);
		statement->condition.values[i] = PICK(prng, values);
	}
	if (strcmp(statement->condition.comparison, "Null") == 0) {
		statement->condition.if_exists = false;
		statement->condition.values[0] = prng_below(prng, 2) ? "true" : "false";
		statement->condition.values[1] = statement->condition.values[0];
	}
}

static void make_policy(struct prng *prng, bool has_principals, struct made_policy *policy)
{
	policy->has_principals = has_principals;
	policy->count = 1 + prng_below(prng, STATEMENTS);
	for (size_t i = 0; i < policy->count; i++) {
		make_statement(prng, &policy->statements[i]);
		policy->statements[i].sid = (char)('a' + i);
	}
}

static void make_request(struct prng *prng, struct made_request *request)
{
	*request = (struct made_request){.caller = PICK(prng, callers),
					 .action = PICK(prng, asked_actions),
					 .resource = PICK(prng, asked_resources),
					 .value_count = prng_below(prng, VALUES + 1)};
	for (int i = 0; i < VALUES; i++)
		request->values[i] = str_from(PICK(prng, asked_values));
}

static void write_list(struct json_writer *json, const char *key, const char *const *items)
{
	json_key(json, str_from(key));
	json_open_array(json);
	for (int i = 0; i < VALUES; i++)
		json_str(json, str_from(items[i]));
	json_close_array(json);
}

static void write_condition(struct json_writer *json, const struct made_condition *condition)
{
	static const char *const prefixes[] = {"", "ForAllValues:", "ForAnyValue:"};
	char comparison[64];

	snprintf(comparison, sizeof(comparison), "%s%s%s", prefixes[condition->quantifier],
		 condition->comparison, condition->if_exists ? "IfExists" : "");
	json_key(json, STR("Condition"));
	json_open_object(json);
	json_key(json, str_from(comparison));
	json_open_object(json);
	write_list(json, "app:k", condition->values);
	json_close_object(json);
	json_close_object(json);
}

static void write_statement(struct json_writer *json, const struct made_policy *policy,
			    const struct made_statement *statement)
{
	json_open_object(json);
	json_key(json, STR("Sid"));
	json_str(json, str_of(&statement->sid, 1));
	json_key(json, STR("Effect"));
	json_str(json, statement->is_deny ? STR("Deny") : STR("Allow"));
	write_list(json, statement->is_not_action ? "NotAction" : "Action", statement->actions);
	write_list(json, statement->is_not_resource ? "NotResource" : "Resource",
		   statement->resources);
	if (policy->has_principals) {
		json_key(json,
			 statement->is_not_principal ? STR("NotPrincipal") : STR("Principal"));
		json_open_object(json);
		write_list(json, "AWS", statement->principals);
		json_close_object(json);
	}
	if (statement->condition.is_there)
		write_condition(json, &statement->condition);
	json_close_object(json);
}

static const struct policy *compile(const struct made_policy *made)
{
	const struct policy *policy = NULL;
	struct json_writer json;
	struct str problem = {0};
	struct buf text = {0};

	json_begin(&json, &text);
	json_open_object(&json);
	json_key(&json, STR("Version"));
	json_str(&json, STR("2012-10-17"));
	json_key(&json, STR("Statement"));
	json_open_array(&json);
	for (size_t i = 0; i < made->count; i++)
		write_statement(&json, made, &made->statements[i]);
	json_close_array(&json);
	json_close_object(&json);
	if (policy_compile(&arena, buf_str(&text),
			   made->has_principals ? POLICY_RESOURCE : POLICY_IDENTITY, &policy,
			   &problem) != ERR_OK)
		fail_msg("%.*s: %.*s", STR_ARG(problem), STR_ARG(buf_str(&text)));
	buf_done(&text);
	return policy;
}

/* The plain evaluator. */

static bool like(const char *pattern, const char *text)
{
	if (*pattern == '*')
		return like(pattern + 1, text) || (*text && like(pattern, text + 1));
	if (!*pattern || !*text)
		return *pattern == *text;
	return (*pattern == '?' || *pattern == *text) && like(pattern + 1, text + 1);
}

static void lower(const char *text, char *out)
{
	do
		*out++ = (char)(*text >= 'A' && *text <= 'Z' ? *text + 32 : *text);
	while (*text++);
}

static bool plain_action(const char *pattern, const char *action)
{
	char a[64], b[64];

	lower(pattern, a);
	lower(action, b);
	return like(a, b);
}

/* Part by part: all colons of these patterns and ARNs separate parts. */
static bool plain_resource(const char *pattern, const char *resource)
{
	char a[6][64] = {{0}}, b[6][64] = {{0}};

	if (strcmp(pattern, "*") == 0)
		return true;
	int count = sscanf(pattern, "%63[^:]:%63[^:]:%63[^:]:%63[^:]:%63[^:]:%63s", a[0], a[1],
			   a[2], a[3], a[4], a[5]);
	sscanf(resource, "%63[^:]:%63[^:]:%63[^:]:%63[^:]:%63[^:]:%63s", b[0], b[1], b[2], b[3],
	       b[4], b[5]);
	for (int i = 0; i < 6; i++)
		if (!like(a[i], b[i]))
			return false;
	return count == 6;
}

static enum policy_grantee plain_principal(const char *principal, const char *caller)
{
	bool has_account = strncmp(caller, "arn:", 4) == 0;
	bool is_root = has_account && strstr(caller, ":root");
	const char *account = has_account ? strstr(caller, "::") + 2 : "";
	const char *named = strstr(principal, "::") ? strstr(principal, "::") + 2 : principal;

	if (strcmp(principal, "*") == 0 || strcmp(principal, caller) == 0)
		return POLICY_TO_CALLER;
	if (strcmp(principal, "arn:aws:iam::111122223333:role/worker") == 0)
		return strstr(caller, "assumed-role/worker/") ? POLICY_TO_ROLE : POLICY_TO_NOBODY;
	if (named != principal && !strstr(named, ":root"))
		return POLICY_TO_NOBODY;
	if (!has_account || strncmp(named, account, 12) != 0)
		return POLICY_TO_NOBODY;
	return is_root ? POLICY_TO_CALLER : POLICY_TO_ACCOUNT;
}

static bool plain_value(const struct made_condition *condition, struct str text)
{
	bool is_negated = strstr(condition->comparison, "Not") != NULL;
	char copy[64];

	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	for (int i = 0; i < VALUES; i++)
		if (strstr(condition->comparison, "Like") ? like(condition->values[i], copy)
							  : strcmp(condition->values[i], copy) == 0)
			return !is_negated;
	return is_negated;
}

static bool plain_condition(const struct made_condition *condition,
			    const struct made_request *request)
{
	bool is_negated = strstr(condition->comparison, "Not") != NULL;
	size_t met = 0, count = request->value_count;

	if (!condition->is_there)
		return true;
	if (strcmp(condition->comparison, "Null") == 0)
		return (strcmp(condition->values[0], "true") == 0) == (count == 0);
	if (count == 0)
		return condition->if_exists || condition->quantifier == FOR_ALL ||
		       (condition->quantifier == PLAIN && is_negated);
	for (size_t i = 0; i < count; i++)
		met += plain_value(condition, request->values[i]);
	if (condition->quantifier == FOR_ALL || (condition->quantifier == PLAIN && is_negated))
		return met == count;
	return met > 0;
}

static enum policy_grantee plain_grantee(const struct made_statement *statement,
					 const struct made_request *request)
{
	enum policy_grantee best = POLICY_TO_NOBODY;

	for (int i = 0; i < VALUES; i++) {
		enum policy_grantee one =
			plain_principal(statement->principals[i], request->caller);
		best = one > best ? one : best;
	}
	if (!statement->is_not_principal)
		return best;
	return best == POLICY_TO_ROLE || best == POLICY_TO_CALLER ? POLICY_TO_NOBODY
								  : POLICY_TO_CALLER;
}

static bool plain_applies(const struct made_statement *statement,
			  const struct made_request *request)
{
	bool has_action = false, has_resource = false;

	for (int i = 0; i < VALUES; i++) {
		has_action |= plain_action(statement->actions[i], request->action);
		has_resource |= plain_resource(statement->resources[i], request->resource);
	}
	return has_action != statement->is_not_action &&
	       has_resource != statement->is_not_resource &&
	       plain_condition(&statement->condition, request);
}

static struct policy_verdict plain_verdict(const struct made_policy *policy,
					   const struct made_request *request)
{
	struct policy_verdict verdict = {POLICY_SILENT, POLICY_TO_NOBODY};

	for (size_t i = 0; i < policy->count; i++) {
		const struct made_statement *statement = &policy->statements[i];
		enum policy_grantee grantee =
			policy->has_principals ? plain_grantee(statement, request) : 0;
		if (!plain_applies(statement, request) || (policy->has_principals && !grantee))
			continue;
		if (statement->is_deny)
			return (struct policy_verdict){POLICY_DENY, POLICY_TO_NOBODY};
		verdict.outcome = POLICY_ALLOW;
		verdict.grantee = grantee > verdict.grantee ? grantee : verdict.grantee;
	}
	return verdict;
}

/* The request as the policy engine takes it. */
static void ask(const struct made_request *made, struct case_request *out)
{
	struct str account = str_slice(str_from(made->resource), 22, 12);

	case_begin(out, str_from(made->caller));
	out->decide.request.action = str_from(made->action);
	out->decide.request.resource = str_from(made->resource);
	out->decide.request.resource_account = account;
	out->keys[0] = (struct policy_key){STR("App:K"), made->values, made->value_count};
	out->decide.request.keys = out->keys;
	out->decide.request.key_count = 1;
	case_finish(out, NULL);
}

static struct policy_verdict verdict_of(const struct made_policy *made,
					const struct policy_request *request)
{
	const struct policy *policy = compile(made);
	struct policy_verdict verdict = policy_evaluate(policy, request);

	policy_release(policy);
	return verdict;
}

static void assert_same(struct policy_verdict a, struct policy_verdict b)
{
	assert_int_equal(a.outcome, b.outcome);
	assert_int_equal(a.grantee, b.grantee);
}

static void shuffle(struct prng *prng, struct made_policy *policy)
{
	for (size_t i = policy->count; i > 1; i--) {
		size_t j = prng_below(prng, i);
		struct made_statement kept = policy->statements[i - 1];
		policy->statements[i - 1] = policy->statements[j];
		policy->statements[j] = kept;
	}
}

struct round {
	struct prng prng;
	struct made_policy policy;
	struct made_request made;
	struct case_request request;
	struct policy_verdict verdict;
};

static void run_rounds(uint64_t seed, void (*check_round)(struct round *round))
{
	struct round round;
	size_t outcomes[3] = {0};

	prng_init(&round.prng, seed);
	for (int i = 0; i < ROUNDS; i++) {
		arena_reset(&arena);
		make_policy(&round.prng, prng_below(&round.prng, 2), &round.policy);
		make_request(&round.prng, &round.made);
		ask(&round.made, &round.request);
		round.verdict = verdict_of(&round.policy, &round.request.decide.request);
		outcomes[round.verdict.outcome]++;
		check_round(&round);
	}
	/* The generated cases must differ. */
	for (int i = 0; i < 3; i++)
		assert_true(outcomes[i] > ROUNDS / 20);
}

static void check_plain(struct round *round)
{
	assert_same(round->verdict, plain_verdict(&round->policy, &round->made));
}

static void test_a_plain_evaluator_decides_alike(void **state)
{
	(void)state;
	run_rounds(1, check_plain);
}

static void check_order(struct round *round)
{
	shuffle(&round->prng, &round->policy);
	assert_same(round->verdict, verdict_of(&round->policy, &round->request.decide.request));
}

static void test_the_order_of_statements_does_not_matter(void **state)
{
	(void)state;
	run_rounds(2, check_order);
}

static void check_sids(struct round *round)
{
	for (size_t i = 0; i < round->policy.count; i++)
		round->policy.statements[i].sid = (char)('Z' - i);
	assert_same(round->verdict, verdict_of(&round->policy, &round->request.decide.request));
}

static void test_names_of_statements_do_not_matter(void **state)
{
	(void)state;
	run_rounds(3, check_sids);
}

static void check_more(struct round *round)
{
	struct made_statement *added = &round->policy.statements[round->policy.count++];

	make_statement(&round->prng, added);
	added->sid = 'x';
	struct policy_verdict verdict = verdict_of(&round->policy, &round->request.decide.request);
	if (round->verdict.outcome == POLICY_DENY) {
		assert_int_equal(verdict.outcome, POLICY_DENY);
	} else if (added->is_deny) {
		assert_true(verdict.outcome == POLICY_DENY ||
			    verdict.outcome == round->verdict.outcome);
	} else {
		assert_int_not_equal(verdict.outcome, POLICY_DENY);
		assert_true(verdict.outcome >= round->verdict.outcome);
		assert_true(verdict.grantee >= round->verdict.grantee);
	}
}

static void test_deny_wins_and_an_allow_removes_no_permission(void **state)
{
	(void)state;
	run_rounds(4, check_more);
}

/* All that decides, made up. */
struct made_decision {
	struct made_policy identity[POLICIES], session[POLICIES], boundary, resource, endpoint;
	size_t identity_count, session_count;
	bool has_boundary, has_resource, has_endpoint, is_required, is_granted;
};

static void make_decision(struct prng *prng, struct made_decision *made)
{
	made->identity_count = prng_below(prng, POLICIES + 1);
	made->session_count = prng_below(prng, 3) == 0 ? POLICIES : 0;
	for (int i = 0; i < POLICIES; i++) {
		make_policy(prng, false, &made->identity[i]);
		make_policy(prng, false, &made->session[i]);
	}
	make_policy(prng, false, &made->boundary);
	make_policy(prng, true, &made->resource);
	make_policy(prng, true, &made->endpoint);
	made->has_boundary = prng_below(prng, 3) == 0;
	made->has_resource = prng_below(prng, 2) == 0;
	made->has_endpoint = prng_below(prng, 4) == 0;
	made->is_required = prng_below(prng, 4) == 0;
	made->is_granted = prng_below(prng, 6) == 0;
}

static struct decision decide_made(const struct made_decision *made, struct case_request *request)
{
	struct decide_request *asked = &request->decide;
	struct principal *principal = &request->principal;

	for (size_t i = 0; i < POLICIES; i++) {
		request->identity[i] = compile(&made->identity[i]);
		request->session[i] = compile(&made->session[i]);
	}
	principal->identity = request->identity;
	principal->identity_count = made->identity_count;
	principal->session = request->session;
	principal->session_count = made->session_count;
	principal->boundary = made->has_boundary ? compile(&made->boundary) : NULL;
	asked->resource_policy = made->has_resource ? compile(&made->resource) : NULL;
	asked->endpoint_policy = made->has_endpoint ? compile(&made->endpoint) : NULL;
	asked->is_resource_policy_required = made->is_required;
	asked->is_granted = made->is_granted;
	struct decision decision = decide(asked);
	for (size_t i = 0; i < POLICIES; i++) {
		policy_release(request->identity[i]);
		policy_release(request->session[i]);
	}
	policy_release(principal->boundary);
	policy_release(asked->resource_policy);
	policy_release(asked->endpoint_policy);
	return decision;
}

static struct made_policy *any_policy(struct prng *prng, struct made_decision *made)
{
	struct made_policy *const all[] = {
		&made->identity[0], &made->identity[1], &made->session[0], &made->session[1],
		&made->boundary,    &made->resource,	&made->endpoint};

	return PICK(prng, all);
}

static void test_combined_decisions_keep_the_rules(void **state)
{
	size_t allowed = 0, refused = 0;
	struct made_decision made;
	struct made_request asked;
	struct case_request request;
	struct prng prng;

	(void)state;
	prng_init(&prng, 5);
	for (int i = 0; i < ROUNDS; i++) {
		arena_reset(&arena);
		make_decision(&prng, &made);
		make_request(&prng, &asked);
		ask(&asked, &request);
		struct decision before = decide_made(&made, &request);
		allowed += before.is_allowed;
		refused += !before.is_allowed;

		/* The order of policies. */
		struct made_policy first = made.identity[0];
		if (made.identity_count == POLICIES) {
			made.identity[0] = made.identity[1];
			made.identity[1] = first;
		}
		struct decision after = decide_made(&made, &request);
		assert_int_equal(before.is_allowed, after.is_allowed);
		assert_int_equal(before.is_explicit, after.is_explicit);
		assert_int_equal(before.source, after.source);

		/* Another allow never removes a permission; another deny never adds one. */
		struct made_policy *changed = any_policy(&prng, &made);
		struct made_statement *added = &changed->statements[changed->count++];
		make_statement(&prng, added);
		added->sid = 'x';
		after = decide_made(&made, &request);
		if (added->is_deny)
			assert_true(before.is_allowed || !after.is_allowed);
		else
			assert_true(!before.is_allowed || after.is_allowed);
		assert_true(!before.is_explicit || after.is_explicit);
	}
	assert_true(allowed > ROUNDS / 20 && refused > ROUNDS / 20);
}
