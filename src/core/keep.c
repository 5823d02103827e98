/* SPDX-License-Identifier: MIT */
/* keep: a function of the type that call_on_end takes, for each kind of object. */
#include "core/keep.h"

static void release_entity(void *subject)
{
	directory_release(subject);
}

const struct directory_entity *call_keep_entity(struct call *call,
						const struct directory_entity *entity)
{
	if (entity)
		call_on_end(call, release_entity, entity);
	return entity;
}

static void release_policy(void *subject)
{
	policy_release(subject);
}

const struct policy *call_keep_policy(struct call *call, const struct policy *policy)
{
	if (policy)
		call_on_end(call, release_policy, policy);
	return policy;
}

static void release_principal(void *subject)
{
	principal_release(subject);
}

const struct principal *call_keep_principal(struct call *call, const struct principal *principal)
{
	if (principal)
		call_on_end(call, release_principal, principal);
	return principal;
}
