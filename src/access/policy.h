/* SPDX-License-Identifier: MIT */
/*
 * policy: a policy document, compiled once and evaluated many times.
 *
 * Grammar and meaning: IAM User Guide, "IAM JSON policy reference" and "Policy evaluation logic". A
 * compiled policy never changes; any thread may evaluate it. The module knows no API.
 */
#ifndef TERN_ACCESS_POLICY_H
#define TERN_ACCESS_POLICY_H

#include "access/principal.h"
#include "access/steps.h"

enum policy_kind {
	POLICY_IDENTITY, /* inline, of users, groups, roles; session policies: no Principal */
	POLICY_MANAGED,	 /* the same, and the version must be 2012-10-17 */
	POLICY_RESOURCE, /* of queues, topics, keys, endpoints: Principal required */
	POLICY_TRUST,	 /* of roles: Principal required, no Resource */
};

struct policy;

/*
 * The unique ids of the users and roles that Principal and NotPrincipal name by ARN, as of the time
 * when the policy was set. They are kept beside the text, which never changes.
 *
 * A bound ARN refers to its id, even after a rename. A later user or role with the same name gets
 * no permission from it: an allowing statement, and a deny's NotPrincipal, match the id alone. A
 * denying Principal matches both the id and the name. An ARN without an id matches principals with
 * is_by_name (access/principal.h).
 */
struct policy_names {
	const struct shape_pair *items; /* ARN as the document has it, and id */
	size_t count;
};

/*
 * Compiles `text`, with all ARNs unbound. ERR_INVALID with one sentence in *out_problem (in
 * `arena`), in the words of IAM's MalformedPolicyDocument where those are known.
 */
must_check enum err policy_compile(struct arena *arena, struct str text, enum policy_kind kind,
				   const struct policy **out_policy, struct str *out_problem);
must_check enum err policy_compile_bound(struct arena *arena, struct str text,
					 enum policy_kind kind, struct policy_names names,
					 const struct policy **out_policy, struct str *out_problem);
/*
 * Compiles the policy of a resource that was compiled before it was stored; NULL for an empty text.
 * If it no longer compiles, its denies must not become allows: the result denies everything, and
 * the log names the owner (`of`).
 */
const struct policy *policy_compile_stored(struct str text, struct policy_names names,
					   struct str of);
const struct policy *policy_hold(const struct policy *policy);
void policy_release(const struct policy *policy);	       /* accepts NULL */
struct str policy_text(const struct policy *policy);	       /* as it was given; the policy's */
struct policy_names policy_names(const struct policy *policy); /* the policy's */
/* Whether a grant to that ARN or service, bound to `id` or to none, is one to the principal:
 * itself, or of a session its role. */
bool policy_name_means(struct str name, struct str id, const struct principal *principal);

/* A condition key of a service or of a request, with its values: "kms:EncryptionContext:a". */
struct policy_key {
	struct str name; /* compared without case */
	const struct str *values;
	size_t count;
};

/*
 * A request to authorize: principal, action, resource and condition keys. Views only; a text whose
 * data is NULL is a key that the request does not have.
 */
struct policy_request {
	const struct principal *principal;
	struct str action;			/* "sqs:SendMessage"; compared without case */
	struct str resource;			/* ARN; "*" for operations without a resource */
	struct str resource_account;		/* aws:ResourceAccount */
	const struct shape_pair *resource_tags; /* aws:ResourceTag/... */
	size_t resource_tag_count;
	const struct shape_pair *request_tags; /* aws:RequestTag/..., aws:TagKeys */
	size_t request_tag_count;
	struct str region;		    /* aws:RequestedRegion */
	struct str source_ip;		    /* aws:SourceIp; through an endpoint aws:VpcSourceIp */
	struct str source_vpc, source_vpce; /* aws:SourceVpc, aws:SourceVpce */
	struct str user_agent, referer;	    /* aws:UserAgent, aws:Referer */
	struct str source_arn,
		source_account; /* of a service's call: the resource that it acts for */
	struct str via_service; /* "sqs.amazonaws.com": aws:CalledVia, ViaAWSService */
	bool is_secure;		/* aws:SecureTransport */
	int64_t now_ms;		/* aws:CurrentTime, aws:EpochTime */
	/* Budget of the evaluation; NULL: LIMIT_POLICY_STEPS. */
	struct policy_steps *steps;
	const struct policy_key *keys; /* all other keys; they override the members above */
	size_t key_count;
};

enum policy_outcome { POLICY_SILENT, POLICY_ALLOW, POLICY_DENY };
/* The grantee of the allowing statement; the broadest grant of those that match, in this order. */
enum policy_grantee {
	POLICY_TO_NOBODY,
	POLICY_TO_ACCOUNT, /* "<account>" or its root: the account decides about its principals */
	POLICY_TO_ROLE,	  /* the role behind a session: boundary and session policies still limit */
	POLICY_TO_CALLER, /* the user, the session, the service, or everybody */
};

struct policy_verdict {
	enum policy_outcome outcome;
	enum policy_grantee grantee; /* of an allowing resource policy */
};
/* The number of its statements; they are numbered in the order of the document. */
size_t policy_statement_count(const struct policy *policy);
/* Visits each statement that allows or denies (`effect`) the request. */
typedef void (*policy_statement_fn)(void *context, size_t statement);
void policy_find_statements(const struct policy *policy, const struct policy_request *request,
			    enum policy_outcome effect, policy_statement_fn visit, void *context);
/* POLICY_DENY too if the steps do not suffice. */
struct policy_verdict policy_evaluate(const struct policy *policy,
				      const struct policy_request *request);

#endif
