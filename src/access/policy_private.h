/* SPDX-License-Identifier: MIT */
/* policy_private: a compiled policy, which policy_compile.c makes and policy.c evaluates. */
#ifndef TERN_ACCESS_POLICY_PRIVATE_H
#define TERN_ACCESS_POLICY_PRIVATE_H

#include "access/condition.h"

enum principal_form {
	PRINCIPAL_EVERYBODY,	   /* "*" and {"AWS": "*"} */
	PRINCIPAL_OF_ACCOUNT,	   /* `text` is its 12 digits */
	PRINCIPAL_BY_ARN,	   /* user, role or session of a role */
	PRINCIPAL_BY_SESSION_NAME, /* of a federated user, by ARN; it has no id */
	PRINCIPAL_BY_ID,	   /* "AIDA...", "AROA..." */
	PRINCIPAL_OF_SERVICE,	   /* "*": every service */
	PRINCIPAL_FEDERATED,	   /* an identity provider */
	PRINCIPAL_CANONICAL_USER,  /* of S3; no principal here is one */
};
struct policy_principal {
	enum principal_form form;
	struct str text;
	struct str id; /* of an ARN: of the user or role behind it; empty: unbound */
};

struct statement {
	bool is_deny;
	/* True: the element was written as NotAction, NotPrincipal, NotResource. */
	bool is_not_action, is_not_principal, is_not_resource;
	struct pattern *actions; /* in lower case */
	size_t action_count;
	struct policy_principal *principals;
	size_t principal_count;
	struct arn_pattern *resources; /* none in trust policies */
	size_t resource_count;
	struct condition *conditions;
	size_t condition_count;
};

struct policy {
	_Atomic uint32_t references;
	enum policy_kind kind;
	struct str text;
	struct policy_names names;
	struct statement *statements;
	size_t statement_count;
};

/* Parses the AWS value of a Principal element, such as "arn:aws:sqs:..."; false if it is
 * invalid. */
bool policy_principal_parse(struct str text, struct policy_principal *out_principal);

/* A request prepared for the evaluation of several policies. */
struct question {
	const struct policy_request *request;
	struct str action; /* in lower case */
	struct arn_parts resource;
	char action_text[128];
	/* Of a request without steps. */
	struct policy_request own_request;
	struct policy_steps own_steps;
};
/* Must stay where it is. */
void question_init(struct question *question, const struct policy_request *request);
/* By the statements of one effect: POLICY_SILENT or that. Undefined once steps are exhausted. */
struct policy_verdict policy_ask(const struct policy *policy, const struct question *question,
				 enum policy_outcome effect);

#endif
