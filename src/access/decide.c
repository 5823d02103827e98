/* SPDX-License-Identifier: MIT */
/*
 * decide: first every deny, then the allows that are needed.
 *
 * Within an account the caller's side or the resource's side is enough; between accounts both are
 * needed. A grant of the resource's policy to the caller itself is not limited by the caller's
 * boundary and session policies; a grant to the caller's role is.
 */
#include "access/decide.h"

#include "access/policy_private.h"

struct evaluation {
	const struct decide_request *request;
	const struct principal *principal;
	struct question question;
};

static struct decision allowed(void)
{
	return (struct decision){.is_allowed = true};
}

static struct decision missing(enum decide_source source)
{
	return (struct decision){.source = source};
}

static bool says(const struct evaluation *evaluation, const struct policy *policy,
		 enum policy_outcome outcome)
{
	return policy && policy_ask(policy, &evaluation->question, outcome).outcome == outcome;
}

static bool one_says(const struct evaluation *evaluation, const struct policy *const *policies,
		     size_t count, enum policy_outcome outcome)
{
	for (size_t i = 0; i < count; i++)
		if (says(evaluation, policies[i], outcome))
			return true;
	return false;
}

static bool is_denied(const struct evaluation *evaluation, enum decide_source *out_source)
{
	const struct decide_request *request = evaluation->request;
	const struct principal *principal = evaluation->principal;

	*out_source = DECIDE_IDENTITY;
	if (one_says(evaluation, principal->identity, principal->identity_count, POLICY_DENY))
		return true;
	*out_source = DECIDE_BOUNDARY;
	if (says(evaluation, principal->boundary, POLICY_DENY))
		return true;
	*out_source = DECIDE_SESSION;
	if (one_says(evaluation, principal->session, principal->session_count, POLICY_DENY))
		return true;
	*out_source = DECIDE_RESOURCE;
	if (says(evaluation, request->resource_policy, POLICY_DENY))
		return true;
	*out_source = DECIDE_ENDPOINT;
	return says(evaluation, request->endpoint_policy, POLICY_DENY);
}

/* True if the policies of the caller's own account allow it. */
static bool identity_allows(const struct evaluation *evaluation)
{
	const struct principal *principal = evaluation->principal;

	return principal->type == PRINCIPAL_ROOT ||
	       one_says(evaluation, principal->identity, principal->identity_count, POLICY_ALLOW);
}

/* Evaluates the policies that limit the caller: each of them must allow. */
static struct decision limits_allow(const struct evaluation *evaluation)
{
	const struct principal *principal = evaluation->principal;
	/* A federated user needs the policies that were passed for the session. */
	bool needs_session =
		principal->session_count > 0 || principal->type == PRINCIPAL_FEDERATED_USER;

	if (principal->boundary && !says(evaluation, principal->boundary, POLICY_ALLOW))
		return missing(DECIDE_BOUNDARY);
	if (needs_session &&
	    !one_says(evaluation, principal->session, principal->session_count, POLICY_ALLOW))
		return missing(DECIDE_SESSION);
	return allowed();
}

/* The grantee of the resource's side; POLICY_TO_NOBODY: no grant. */
static enum policy_grantee resource_grantee(const struct evaluation *evaluation)
{
	const struct decide_request *request = evaluation->request;
	enum policy_grantee grantee = POLICY_TO_NOBODY;

	if (request->resource_policy) {
		struct policy_verdict verdict =
			policy_ask(request->resource_policy, &evaluation->question, POLICY_ALLOW);
		if (verdict.outcome == POLICY_ALLOW)
			grantee = verdict.grantee;
	}
	if (request->is_granted && grantee < POLICY_TO_ROLE)
		grantee = evaluation->principal->type == PRINCIPAL_ROLE_SESSION ? POLICY_TO_ROLE
										: POLICY_TO_CALLER;
	return grantee;
}

static struct decision decide_within(const struct evaluation *evaluation)
{
	enum policy_grantee grantee = resource_grantee(evaluation);

	if (evaluation->request->is_resource_policy_required && grantee == POLICY_TO_NOBODY)
		return missing(DECIDE_RESOURCE);
	if (grantee == POLICY_TO_CALLER)
		return allowed();
	if (grantee != POLICY_TO_ROLE && !identity_allows(evaluation))
		return missing(DECIDE_IDENTITY);
	return limits_allow(evaluation);
}

static struct decision decide_between(const struct evaluation *evaluation)
{
	if (!identity_allows(evaluation))
		return missing(DECIDE_IDENTITY);
	struct decision limited = limits_allow(evaluation);
	if (!limited.is_allowed)
		return limited;
	return resource_grantee(evaluation) == POLICY_TO_NOBODY ? missing(DECIDE_RESOURCE)
								: allowed();
}

static struct decision decide_allowed(const struct evaluation *evaluation)
{
	const struct decide_request *request = evaluation->request;
	const struct principal *principal = evaluation->principal;
	struct decision decision;

	if (principal->type == PRINCIPAL_SERVICE || principal->type == PRINCIPAL_ANONYMOUS)
		decision = resource_grantee(evaluation) == POLICY_TO_NOBODY
				   ? missing(DECIDE_RESOURCE)
				   : allowed();
	else if (request->is_named)
		decision = limits_allow(evaluation);
	else if (str_equal(principal->account, request->request.resource_account))
		decision = decide_within(evaluation);
	else
		decision = decide_between(evaluation);
	if (decision.is_allowed && request->endpoint_policy &&
	    !says(evaluation, request->endpoint_policy, POLICY_ALLOW))
		return missing(DECIDE_ENDPOINT);
	return decision;
}

struct decision decide(const struct decide_request *request)
{
	struct evaluation evaluation = {.request = request,
					.principal = request->request.principal};
	enum decide_source source = DECIDE_IDENTITY;
	struct decision decision;

	question_init(&evaluation.question, &request->request);
	if (is_denied(&evaluation, &source))
		decision = (struct decision){.is_explicit = true, .source = source};
	else
		decision = decide_allowed(&evaluation);
	/* Results without steps may be wrong either way. */
	if (evaluation.question.request->steps->is_exhausted)
		return (struct decision){.is_exhausted = true, .source = decision.source};
	return decision;
}

struct str decide_explain(struct arena *arena, const struct decide_request *request,
			  const struct decision *decision, struct str action)
{
	static const struct {
		const char *denies; /* "with an explicit deny in ..." */
		const char *allows; /* "because no ... the action" */
	} policies[] = {
		[DECIDE_IDENTITY] = {"an identity-based policy", "identity-based policy allows"},
		[DECIDE_RESOURCE] = {"a resource-based policy", "resource-based policy allows"},
		[DECIDE_BOUNDARY] = {"a permissions boundary", "permissions boundary allows"},
		[DECIDE_SESSION] = {"a session policy", "session policy allows"},
		[DECIDE_ENDPOINT] = {"a VPC endpoint policy", "VPC endpoint policy allows"},
	};
	const struct policy *resource_policy = request->resource_policy;
	struct str arn = request->request.principal->arn;
	struct str text;

	if (request->request.principal->type == PRINCIPAL_ANONYMOUS)
		arn = STR("anonymous");
	text = arena_format(arena,
			    "User: %.*s is not authorized to perform: %.*s on resource: %.*s",
			    STR_ARG(arn), STR_ARG(action), STR_ARG(request->request.resource));
	if (decision->is_exhausted)
		return arena_format(arena,
				    "%.*s because the policies take more steps to evaluate than "
				    "one decision may take (%d)",
				    STR_ARG(text), LIMIT_POLICY_STEPS);
	if (decision->is_explicit)
		return arena_format(arena, "%.*s with an explicit deny in %s", STR_ARG(text),
				    policies[decision->source].denies);
	/* STS does not report which side of an AssumeRole was missing. */
	if (resource_policy && resource_policy->kind == POLICY_TRUST)
		return text;
	return arena_format(arena, "%.*s because no %s the %.*s action", STR_ARG(text),
			    policies[decision->source].allows, STR_ARG(action));
}
