/* SPDX-License-Identifier: MIT */
/*
 * policy: evaluates a policy's statements for a request.
 *
 * One deny is enough; of several allows the broadest grant counts. Evaluation allocates no memory.
 */
#include "access/policy.h"

#include "access/policy_private.h"
#include "base/arn.h"

const struct policy *policy_hold(const struct policy *policy)
{
	((struct policy *)(uintptr_t)policy)->references++;
	return policy;
}

void policy_release(const struct policy *policy)
{
	struct policy *mine = (struct policy *)(uintptr_t)policy;

	if (mine && --mine->references == 0)
		heap_free(mine);
}

struct str policy_text(const struct policy *policy)
{
	return policy->text;
}

struct policy_names policy_names(const struct policy *policy)
{
	return policy->names;
}

static bool is_digits(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	return true;
}

/* "AIDA..." and the like: four capitals that end in A, and capitals and digits. */
static bool is_unique_id(struct str text)
{
	if (text.size < 16 || text.size > 128 || text.data[0] != 'A' || text.data[3] != 'A')
		return false;
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
			return false;
	}
	return true;
}

static bool parse_arn(struct str text, struct policy_principal *out)
{
	static const struct str kinds[] = {STR_INIT("user/"), STR_INIT("role/"),
					   STR_INIT("assumed-role/"), STR_INIT("federated-user/")};
	struct arn_parts arn = arn_parts_of(text);
	struct str name = arn.parts[5];

	if (!arn.is_arn || !str_starts(arn.parts[1], STR("aws")) || arn.parts[3].size > 0)
		return false;
	if (str_equal(name, STR("root")) && str_equal(arn.parts[2], STR("iam"))) {
		*out = (struct policy_principal){.form = PRINCIPAL_OF_ACCOUNT,
						 .text = arn.parts[4]};
		return arn.parts[4].size == 12 && is_digits(arn.parts[4]);
	}
	if (str_find_char(text, '*', 0) != SIZE_MAX || str_find_char(text, '?', 0) != SIZE_MAX)
		return false;
	bool is_federated = str_starts(name, STR("federated-user/"));
	*out = (struct policy_principal){
		.form = is_federated ? PRINCIPAL_BY_SESSION_NAME : PRINCIPAL_BY_ARN, .text = text};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_starts(name, kinds[i]) && name.size > kinds[i].size)
			return str_equal(arn.parts[2], i < 2 ? STR("iam") : STR("sts"));
	return false;
}

bool policy_principal_parse(struct str text, struct policy_principal *out_principal)
{
	if (str_equal(text, STR("*"))) {
		*out_principal = (struct policy_principal){.form = PRINCIPAL_EVERYBODY};
		return true;
	}
	if (text.size == 12 && is_digits(text)) {
		*out_principal =
			(struct policy_principal){.form = PRINCIPAL_OF_ACCOUNT, .text = text};
		return true;
	}
	if (is_unique_id(text)) {
		*out_principal = (struct policy_principal){.form = PRINCIPAL_BY_ID, .text = text};
		return true;
	}
	return parse_arn(text, out_principal);
}

void question_init(struct question *question, const struct policy_request *request)
{
	struct str action = request->action;

	question->request = request;
	if (!request->steps) {
		question->own_steps = (struct policy_steps){.left = LIMIT_POLICY_STEPS};
		question->own_request = *request;
		question->own_request.steps = &question->own_steps;
		question->request = &question->own_request;
	}
	question->resource = arn_parts_of(request->resource);
	/* No service has an action of such a name. */
	if (action.size > sizeof(question->action_text))
		action.size = 0;
	for (size_t i = 0; i < action.size; i++) {
		char c = action.data[i];
		question->action_text[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	question->action = str_of(question->action_text, action.size);
}

static bool has_action(const struct statement *statement, const struct question *question)
{
	for (size_t i = 0; i < statement->action_count; i++)
		if (pattern_matches(&statement->actions[i], question->action, question->request))
			return !statement->is_not_action;
	return statement->is_not_action;
}

static bool has_resource(const struct statement *statement, const struct question *question)
{
	if (statement->resource_count == 0)
		return true;
	for (size_t i = 0; i < statement->resource_count; i++)
		if (arn_pattern_matches(&statement->resources[i], question->request->resource,
					&question->resource, question->request))
			return !statement->is_not_resource;
	return statement->is_not_resource;
}

static bool has_conditions(const struct statement *statement, const struct question *question)
{
	for (size_t i = 0; i < statement->condition_count; i++)
		if (!condition_holds(&statement->conditions[i], question->request))
			return false;
	return true;
}

static bool is_provider(const struct policy_request *request, struct str provider)
{
	struct context_name name = {.text = STR("aws:FederatedProvider")};
	struct context_values values;

	return context_find(request, &name, &values) && values.count == 1 &&
	       arn_is_same(context_value(&values, 0), provider);
}

/* True if the text is the caller's ARN, or that of its session's role. */
static enum policy_grantee match_name(const struct principal *caller, struct str arn)
{
	if (caller->type == PRINCIPAL_ANONYMOUS || caller->type == PRINCIPAL_SERVICE)
		return POLICY_TO_NOBODY;
	if (arn_is_same(arn, caller->arn))
		return POLICY_TO_CALLER;
	return arn_is_same(arn, caller->entity_arn) ? POLICY_TO_ROLE : POLICY_TO_NOBODY;
}

static bool is_session_arn(struct str arn)
{
	return str_find(arn, STR(":assumed-role/"), 0) != SIZE_MAX;
}

/* The user or role of a bound ARN, or that session of it. */
static enum policy_grantee match_bound(const struct principal *caller,
				       const struct policy_principal *principal)
{
	if (!str_equal(principal->id, caller->entity_id))
		return POLICY_TO_NOBODY;
	if (is_session_arn(principal->text))
		return arn_is_same(principal->text, caller->arn) ? POLICY_TO_CALLER
								 : POLICY_TO_NOBODY;
	return caller->type == PRINCIPAL_USER		? POLICY_TO_CALLER
	       : caller->type == PRINCIPAL_ROLE_SESSION ? POLICY_TO_ROLE
							: POLICY_TO_NOBODY;
}

static enum policy_grantee match_arn(const struct principal *caller,
				     const struct policy_principal *principal, bool gives)
{
	enum policy_grantee found = POLICY_TO_NOBODY;

	if (principal->id.size > 0)
		found = match_bound(caller, principal);
	if (found == POLICY_TO_NOBODY &&
	    (!gives || (principal->id.size == 0 && caller->is_by_name)))
		found = match_name(caller, principal->text);
	return found;
}

bool policy_name_means(struct str name, struct str id, const struct principal *principal)
{
	struct policy_principal bound = {.form = PRINCIPAL_BY_ARN, .text = name, .id = id};
	bool has_id =
		principal->type == PRINCIPAL_USER || principal->type == PRINCIPAL_ROLE_SESSION;

	if (id.size > 0)
		return match_bound(principal, &bound) != POLICY_TO_NOBODY;
	if (name.size == 0 || (has_id && !principal->is_by_name))
		return false;
	return str_equal(name, principal->arn) || str_equal(name, principal->entity_arn);
}

/* An allow for a user's id does not extend to sessions that the user federates, as with its ARN; a
 * deny does. */
static enum policy_grantee match_id(const struct principal *caller, struct str id, bool gives)
{
	if (!str_equal(id, caller->entity_id))
		return POLICY_TO_NOBODY;
	if (caller->type == PRINCIPAL_USER)
		return POLICY_TO_CALLER;
	return caller->type == PRINCIPAL_ROLE_SESSION || !gives ? POLICY_TO_ROLE : POLICY_TO_NOBODY;
}

/* The grantee as which the element matches the caller. `gives`: a match gives a permission. */
static enum policy_grantee match_principal(const struct policy_principal *principal,
					   const struct policy_request *request, bool gives)
{
	const struct principal *caller = request->principal;
	bool is_service = caller->type == PRINCIPAL_SERVICE;
	bool has_account = !is_service && caller->type != PRINCIPAL_ANONYMOUS;

	switch (principal->form) {
	case PRINCIPAL_EVERYBODY:
		return POLICY_TO_CALLER;
	case PRINCIPAL_OF_ACCOUNT:
		if (!has_account || !str_equal(principal->text, caller->account))
			return POLICY_TO_NOBODY;
		return caller->type == PRINCIPAL_ROOT ? POLICY_TO_CALLER : POLICY_TO_ACCOUNT;
	case PRINCIPAL_BY_ARN:
		return match_arn(caller, principal, gives);
	case PRINCIPAL_BY_SESSION_NAME:
		return match_name(caller, principal->text);
	case PRINCIPAL_BY_ID:
		return has_account ? match_id(caller, principal->text, gives) : POLICY_TO_NOBODY;
	case PRINCIPAL_OF_SERVICE:
		return is_service && (str_equal(principal->text, STR("*")) ||
				      str_equal(principal->text, caller->arn))
			       ? POLICY_TO_CALLER
			       : POLICY_TO_NOBODY;
	case PRINCIPAL_FEDERATED:
		return is_provider(request, principal->text) ? POLICY_TO_CALLER : POLICY_TO_NOBODY;
	case PRINCIPAL_CANONICAL_USER:
		break;
	}
	return POLICY_TO_NOBODY;
}

static enum policy_grantee match_principals(const struct statement *statement,
					    const struct policy_request *request)
{
	bool gives = statement->is_deny == statement->is_not_principal;
	enum policy_grantee found = POLICY_TO_NOBODY;

	for (size_t i = 0; i < statement->principal_count; i++) {
		enum policy_grantee as = match_principal(&statement->principals[i], request, gives);
		if (as > found)
			found = as;
	}
	return found;
}

/*
 * The grantee as which a resource's policy matches the caller. An account in NotPrincipal excepts
 * its root user only. As in AWS, NotPrincipal with Deny excepts no principal with a permissions
 * boundary.
 */
static enum policy_grantee grantee_of(const struct statement *statement,
				      const struct policy_request *request)
{
	enum policy_grantee found = match_principals(statement, request);

	if (!statement->is_not_principal)
		return found;
	if (statement->is_deny && request->principal->boundary)
		return POLICY_TO_CALLER;
	return found > POLICY_TO_ACCOUNT ? POLICY_TO_NOBODY : POLICY_TO_CALLER;
}

/* The grantee as which a statement with a principal matches the caller, if the statement matches
 * the request. */
static bool speaks_about(const struct policy *policy, const struct statement *statement,
			 const struct question *question, enum policy_grantee *out_grantee)
{
	bool has_principals = policy->kind == POLICY_RESOURCE || policy->kind == POLICY_TRUST;

	*out_grantee = POLICY_TO_NOBODY;
	if (!has_action(statement, question) || !has_resource(statement, question))
		return false;
	if (has_principals) {
		if (!steps_take(question->request->steps, 1 + statement->principal_count))
			return false;
		*out_grantee = grantee_of(statement, question->request);
		if (*out_grantee == POLICY_TO_NOBODY)
			return false;
	}
	return has_conditions(statement, question);
}

struct policy_verdict policy_ask(const struct policy *policy, const struct question *question,
				 enum policy_outcome effect)
{
	struct policy_verdict verdict = {POLICY_SILENT, POLICY_TO_NOBODY};
	enum policy_grantee grantee;

	for (size_t i = 0; i < policy->statement_count; i++) {
		const struct statement *statement = &policy->statements[i];
		if (statement->is_deny != (effect == POLICY_DENY) ||
		    !speaks_about(policy, statement, question, &grantee))
			continue;
		verdict.outcome = effect;
		if (effect == POLICY_DENY)
			break;
		if (grantee > verdict.grantee)
			verdict.grantee = grantee;
	}
	return verdict;
}

size_t policy_statement_count(const struct policy *policy)
{
	return policy->statement_count;
}

void policy_find_statements(const struct policy *policy, const struct policy_request *request,
			    enum policy_outcome effect, policy_statement_fn visit, void *context)
{
	enum policy_grantee grantee;
	struct question question;

	question_init(&question, request);
	for (size_t i = 0; i < policy->statement_count; i++)
		if (policy->statements[i].is_deny == (effect == POLICY_DENY) &&
		    speaks_about(policy, &policy->statements[i], &question, &grantee))
			visit(context, i);
}

struct policy_verdict policy_evaluate(const struct policy *policy,
				      const struct policy_request *request)
{
	struct policy_verdict verdict;
	struct question question;

	question_init(&question, request);
	verdict = policy_ask(policy, &question, POLICY_DENY);
	if (verdict.outcome == POLICY_SILENT)
		verdict = policy_ask(policy, &question, POLICY_ALLOW);
	if (question.request->steps->is_exhausted)
		verdict = (struct policy_verdict){POLICY_DENY, POLICY_TO_NOBODY};
	return verdict;
}
