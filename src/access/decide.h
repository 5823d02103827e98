/* SPDX-License-Identifier: MIT */
/*
 * decide: combines all policies that apply to a request into one decision and its reason.
 *
 * IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation logic". Pure; any
 * thread.
 */
#ifndef TERN_ACCESS_DECIDE_H
#define TERN_ACCESS_DECIDE_H

#include "access/policy.h"

struct decide_request {
	struct policy_request request;
	const struct policy *resource_policy; /* NULL: none */
	/* For keys and trust policies: without an allow in the resource's own policy, no other
	 * allow counts. */
	bool is_resource_policy_required;
	const struct policy *endpoint_policy; /* of the VPC endpoint it came through; NULL: none */
	/* An allow from elsewhere that the resource side may use: a grant of a key. */
	bool is_granted;
	/* Neither side's allow is needed: the resource itself names the caller, as a grant names
	 * its retiring principal. Denies, boundary, session policies and endpoint policy still
	 * apply. */
	bool is_named;
};

enum decide_source {
	DECIDE_IDENTITY,
	DECIDE_RESOURCE,
	DECIDE_BOUNDARY,
	DECIDE_SESSION,
	DECIDE_ENDPOINT,
};

struct decision {
	bool is_allowed;
	bool is_explicit;	   /* a statement denies it; else nothing allows it */
	enum decide_source source; /* of the denial */
	bool is_exhausted; /* denied since the steps did not suffice; the source is not set */
};
struct decision decide(const struct decide_request *request);

/*
 * AWS's sentence: "User: <arn> is not authorized to perform: <action> on resource: <resource>
 * because no identity-based policy allows the <action> action". `action` is printed as given.
 */
struct str decide_explain(struct arena *arena, const struct decide_request *request,
			  const struct decision *decision, struct str action);

#endif
