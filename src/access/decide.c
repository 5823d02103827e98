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

struct ballot {
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

static bool says(const struct ballot *ballot, const struct policy *policy,
		 enum policy_outcome outcome)
{
	return policy && policy_ask(policy, &ballot->question, outcome).outcome == outcome;
}

static bool one_says(const struct ballot *ballot, const struct policy *const *policies,
		     size_t count, enum policy_outcome outcome)
{
	for (size_t i = 0; i < count; i++)
		if (says(ballot, policies[i], outcome))
			return true;
	return false;
}

static bool is_denied(const struct ballot *ballot, enum decide_source *out_source)
{
	const struct decide_request *request = ballot->request;
	const struct principal *principal = ballot->principal;

	*out_source = DECIDE_IDENTITY;
	if (one_says(ballot, principal->identity, principal->identity_count, POLICY_DENY))
		return true;
	*out_source = DECIDE_BOUNDARY;
	if (says(ballot, principal->boundary, POLICY_DENY))
		return true;
	*out_source = DECIDE_SESSION;
	if (one_says(ballot, principal->session, principal->session_count, POLICY_DENY))
		return true;
	*out_source = DECIDE_RESOURCE;
	if (says(ballot, request->resource_policy, POLICY_DENY))
		return true;
	*out_source = DECIDE_ENDPOINT;
	return says(ballot, request->endpoint_policy, POLICY_DENY);
}

/* True if the policies of the caller's own account allow it. */
static bool identity_allows(const struct ballot *ballot)
{
	const struct principal *principal = ballot->principal;

	return principal->type == PRINCIPAL_ROOT ||
	       one_says(ballot, principal->identity, principal->identity_count, POLICY_ALLOW);
}

/* Evaluates the policies that limit the caller: each of them must allow. */
static struct decision limits_allow(const struct ballot *ballot)
{
	const struct principal *principal = ballot->principal;
	/* A federated user needs the policies that were passed for the session. */
	bool needs_session =
		principal->session_count > 0 || principal->type == PRINCIPAL_FEDERATED_USER;

	if (principal->boundary && !says(ballot, principal->boundary, POLICY_ALLOW))
		return missing(DECIDE_BOUNDARY);
	if (needs_session &&
	    !one_says(ballot, principal->session, principal->session_count, POLICY_ALLOW))
		return missing(DECIDE_SESSION);
	return allowed();
}

/* The grantee of the resource's side; POLICY_TO_NOBODY: no grant. */
static enum policy_grantee resource_grantee(const struct ballot *ballot)
{
	const struct decide_request *request = ballot->request;
	enum policy_grantee grantee = POLICY_TO_NOBODY;

	if (request->resource_policy) {
		struct policy_verdict verdict =
			policy_ask(request->resource_policy, &ballot->question, POLICY_ALLOW);
		if (verdict.outcome == POLICY_ALLOW)
			grantee = verdict.grantee;
	}
	if (request->is_granted && grantee < POLICY_TO_ROLE)
		grantee = ballot->principal->type == PRINCIPAL_ROLE_SESSION ? POLICY_TO_ROLE
									    : POLICY_TO_CALLER;
	return grantee;
}

static struct decision decide_within(const struct ballot *ballot)
{
	enum policy_grantee grantee = resource_grantee(ballot);

	if (ballot->request->is_resource_policy_required && grantee == POLICY_TO_NOBODY)
		return missing(DECIDE_RESOURCE);
	if (grantee == POLICY_TO_CALLER)
		return allowed();
	if (grantee != POLICY_TO_ROLE && !identity_allows(ballot))
		return missing(DECIDE_IDENTITY);
	return limits_allow(ballot);
}

static struct decision decide_between(const struct ballot *ballot)
{
	if (!identity_allows(ballot))
		return missing(DECIDE_IDENTITY);
	struct decision limited = limits_allow(ballot);
	if (!limited.is_allowed)
		return limited;
	return resource_grantee(ballot) == POLICY_TO_NOBODY ? missing(DECIDE_RESOURCE) : allowed();
}

static struct decision decide_allowed(const struct ballot *ballot)
{
	const struct decide_request *request = ballot->request;
	const struct principal *principal = ballot->principal;
	struct decision decision;

	if (principal->type == PRINCIPAL_SERVICE || principal->type == PRINCIPAL_ANONYMOUS)
		decision = resource_grantee(ballot) == POLICY_TO_NOBODY ? missing(DECIDE_RESOURCE)
									: allowed();
	else if (request->is_named)
		decision = limits_allow(ballot);
	else if (str_equal(principal->account, request->request.resource_account))
		decision = decide_within(ballot);
	else
		decision = decide_between(ballot);
	if (decision.is_allowed && request->endpoint_policy &&
	    !says(ballot, request->endpoint_policy, POLICY_ALLOW))
		return missing(DECIDE_ENDPOINT);
	return decision;
}

struct decision decide(const struct decide_request *request)
{
	struct ballot ballot = {.request = request, .principal = request->request.principal};
	enum decide_source source = DECIDE_IDENTITY;
	struct decision decision;

	question_init(&ballot.question, &request->request);
	if (is_denied(&ballot, &source))
		decision = (struct decision){.is_explicit = true, .source = source};
	else
		decision = decide_allowed(&ballot);
	/* Results without steps may be wrong either way. */
	if (ballot.question.request->steps->is_exhausted)
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
