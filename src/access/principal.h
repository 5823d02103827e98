/* SPDX-License-Identifier: MIT */
/*
 * principal: the caller, with the policies of its own side.
 *
 * An immutable snapshot with a count of references, so that a request keeps it even if users and
 * policies change meanwhile. Any thread.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
#ifndef TERN_ACCESS_PRINCIPAL_H
#define TERN_ACCESS_PRINCIPAL_H

#include "base/base.h"
#include "wire/shape.h"

struct policy;

enum principal_type {
	PRINCIPAL_ANONYMOUS, /* an unsigned request */
	PRINCIPAL_ROOT,	     /* of an account */
	PRINCIPAL_USER,
	PRINCIPAL_ROLE_SESSION,
	PRINCIPAL_FEDERATED_USER,
	PRINCIPAL_SERVICE, /* "sns.amazonaws.com" */
};

/* In one block of memory with its texts and arrays; holds a reference to each policy. */
struct principal {
	_Atomic uint32_t references;
	enum principal_type type;
	struct str account; /* 12 digits; empty for services and anonymous callers */
	struct str arn;	    /* as denials and GetCallerIdentity print it: "...:root", "...:user/x",
			       "arn:aws:sts::A:assumed-role/role/session"; a service's name */
	struct str entity_arn; /* aws:PrincipalArn: of a session that of its role; else as arn */
	struct str id;	       /* aws:userid: account, AIDA..., AROA...:session, account:name */
	struct str
		entity_id; /* in policies in place of a deleted principal's ARN: AIDA..., AROA... */
	struct str name;   /* aws:username: of users; else data NULL */
	/* Policies that name its ARN without an id match it: --auth open, where policies may name
	 * users and roles that do not exist. */
	bool is_by_name;
	const struct shape_pair *tags; /* aws:PrincipalTag/... */
	size_t tag_count;
	/* The first of them are inherited by sessions that a session begins by assuming a role. */
	size_t transitive_tag_count;

	const struct policy *const *identity; /* inline and managed, of the user and its groups */
	size_t identity_count;
	const struct policy *boundary;	     /* NULL: none */
	const struct policy *const *session; /* of a session; all that were passed, together */
	size_t session_count;

	int64_t token_issued_ms, expires_ms; /* of temporary credentials; 0: none */
	int64_t mfa_ms;			     /* of a session: time of its MFA code; 0: none */
	struct str source_identity;	     /* of a session; empty: none */
	struct str provider; /* of a session: ARN of the identity provider behind it; empty: none */
};

/* A copy of a principal to change; its texts and policies are borrowed from the principal. */
struct principal principal_draft(const struct principal *principal);
/* A deep copy of a draft whose texts are borrowed, with one reference. */
const struct principal *principal_new(const struct principal *draft);
/* The root user of an account, without any policy of its own. */
const struct principal *principal_root(struct str account);
/* A service principal, "sns.amazonaws.com", which has no policies of its own. */
const struct principal *principal_service(struct str name);
extern const struct principal principal_anonymous; /* references do not count */
const struct principal *principal_hold(const struct principal *principal);
void principal_release(const struct principal *principal); /* accepts NULL */

#endif
