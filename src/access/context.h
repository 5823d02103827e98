/* SPDX-License-Identifier: MIT */
/*
 * context: the condition keys of a request.
 *
 * A key's name is resolved once, when a policy is compiled; its values are found in the request
 * without taking memory. Names are compared without case. Pure; any thread.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
#ifndef TERN_ACCESS_CONTEXT_H
#define TERN_ACCESS_CONTEXT_H

#include "access/policy.h"

enum context_key {
	CONTEXT_OTHER, /* only in policy_request.keys */
	CONTEXT_CALLED_VIA,
	CONTEXT_CALLED_VIA_FIRST,
	CONTEXT_CALLED_VIA_LAST,
	CONTEXT_CURRENT_TIME,
	CONTEXT_EPOCH_TIME,
	CONTEXT_FEDERATED_PROVIDER,
	CONTEXT_MFA_AGE,
	CONTEXT_MFA_PRESENT,
	CONTEXT_PRINCIPAL_ACCOUNT,
	CONTEXT_PRINCIPAL_ARN,
	CONTEXT_PRINCIPAL_IS_SERVICE,
	CONTEXT_PRINCIPAL_SERVICE_NAME,
	CONTEXT_PRINCIPAL_SERVICE_NAMES,
	CONTEXT_PRINCIPAL_TYPE,
	CONTEXT_REFERER,
	CONTEXT_REQUESTED_REGION,
	CONTEXT_RESOURCE_ACCOUNT,
	CONTEXT_SECURE_TRANSPORT,
	CONTEXT_SOURCE_ACCOUNT,
	CONTEXT_SOURCE_ARN,
	CONTEXT_SOURCE_IDENTITY,
	CONTEXT_SOURCE_IP,
	CONTEXT_SOURCE_OWNER,
	CONTEXT_SOURCE_VPC,
	CONTEXT_SOURCE_VPCE,
	CONTEXT_TAG_KEYS,
	CONTEXT_TOKEN_AGE,
	CONTEXT_TOKEN_ISSUE_TIME,
	CONTEXT_USER_AGENT,
	CONTEXT_USER_ID,
	CONTEXT_USER_NAME,
	CONTEXT_VIA_SERVICE,
	CONTEXT_VPC_SOURCE_IP,
	CONTEXT_PRINCIPAL_TAG, /* these three have a tag's key behind a slash */
	CONTEXT_REQUEST_TAG,
	CONTEXT_RESOURCE_TAG,
};

struct context_name {
	enum context_key key;
	struct str text; /* as written */
	struct str tag;	 /* the part of text behind the slash */
};
/* Borrows the text. */
struct context_name context_name_of(struct str text);

struct context_values {
	size_t count;
	const struct str *texts;	/* NULL: the keys of `pairs` */
	const struct shape_pair *pairs; /* tags */
	struct str single;		/* storage of `texts` for a key with one computed value */
	char made[CLOCK_TEXT_MAX];
};
static inline struct str context_value(const struct context_values *values, size_t index)
{
	return values->texts ? values->texts[index] : values->pairs[index].key;
}

/* False if the request does not have the key, or no steps are left. *out_values must stay where it
 * is. */
bool context_find(const struct policy_request *request, const struct context_name *name,
		  struct context_values *out_values);

#endif
