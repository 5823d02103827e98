/* SPDX-License-Identifier: MIT */
/* policy: see policy.h. */
#include "access/policy.h"

#include <string.h>

struct policy {
	_Atomic uint32_t references;
	struct str text;
};

enum err policy_compile(struct arena *arena, struct str text, enum policy_kind kind,
			const struct policy **out_policy, struct str *out_problem)
{
	(void)arena;
	(void)kind;
	(void)out_problem;
	struct policy *policy = heap_alloc(sizeof(*policy) + text.size);
	char *copy = (char *)(policy + 1);
	memcpy(copy, text.data, text.size);
	policy->references = 1;
	policy->text = str_of(copy, text.size);
	*out_policy = policy;
	return ERR_OK;
}

const struct policy *policy_hold(const struct policy *policy)
{
	((struct policy *)policy)->references++;
	return policy;
}

void policy_release(const struct policy *policy)
{
	struct policy *mine = (struct policy *)policy;

	if (mine && --mine->references == 0)
		heap_free(mine);
}

struct str policy_text(const struct policy *policy)
{
	return policy->text;
}

struct policy_verdict policy_evaluate(const struct policy *policy,
				      const struct policy_request *request)
{
	(void)policy;
	(void)request;
	return (struct policy_verdict){POLICY_SILENT, POLICY_TO_NOBODY};
}
