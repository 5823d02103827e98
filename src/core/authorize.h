/* SPDX-License-Identifier: MIT */
/*
 * authorize: authorizes a call's action on a resource.
 *
 * Every operation authorizes, at least once, before it shows or changes anything. An operation that
 * succeeds without authorization is answered with an internal error, so that the omission is found.
 */
#ifndef TERN_CORE_AUTHORIZE_H
#define TERN_CORE_AUTHORIZE_H

#include "access/decide.h"
#include "access/directory.h"
#include "core/call.h"

struct resource {
	struct str arn;		     /* as policies name it; "*" if the operation has none */
	struct str account;	     /* owner of the resource */
	const struct policy *policy; /* its own; NULL: none */
	/* Keys: identity policies count only if the key's policy allows them to. */
	bool is_policy_required;
	bool is_granted; /* by a grant of a key */
	bool is_named;	 /* see decide.h: no other allow is needed */
	const struct shape_pair *tags;
	size_t tag_count;
};

/* A role, for actions that its trust policy must allow, such as sts:AssumeRole. Views of it. */
struct resource authorize_role_resource(const struct directory_entity *role);

/*
 * ERR_OK, or ERR_FAULT: the service's access-denied fault with AWS's text. A decision that takes
 * more than LIMIT_POLICY_STEPS is denied too, and recorded in the log and the audit log. Under
 * --auth open the caller is the root user of the account it names. In that account only the policy
 * of its private endpoint can deny; resources of other accounts are still subject to their
 * policies. The call's thread.
 */
must_check enum err call_authorize(struct call *call, struct str action,
				   const struct resource *resource);
/* Decisions that were denials because the policies took too many steps. Any thread. */
uint64_t authorize_exhausted_count(void);
/* For operations without a resource of their own: "*" in the caller's account. */
must_check enum err call_authorize_any(struct call *call, struct str action);
/*
 * Authorizes an anonymous caller, under --auth open too: the decision depends on the request's own
 * claims, such as a web identity token, from which the caller of this function has added condition
 * keys.
 */
must_check enum err call_authorize_unsigned(struct call *call, struct str action,
					    const struct resource *resource);
/* The operation is open to every caller, such as sts:GetCallerIdentity; only the policy of its
 * private endpoint is evaluated. */
must_check enum err call_authorize_endpoint(struct call *call, struct str action);
/* The call is refused for every caller. */
void call_needs_no_permission(struct call *call);

/* A condition key of this request for later authorizations; views live as long as the call. */
void call_add_key(struct call *call, struct str name, const struct str *values, size_t count);
/* aws:RequestTag/... and aws:TagKeys for later authorizations. */
void call_set_request_tags(struct call *call, const struct shape_pair *tags, size_t count);
/* aws:TagKeys alone: tags to delete. */
void call_set_request_tag_keys(struct call *call, const struct str *keys, size_t count);

#endif
