/* SPDX-License-Identifier: MIT */
/* decide: see decide.h. */
#include "access/decide.h"

struct decision decide(const struct decide_request *request)
{
	const struct principal *principal = request->request.principal;
	bool is_own = str_equal(principal->account, request->request.resource_account);

	return (struct decision){
		.is_allowed = is_own && principal->type == PRINCIPAL_ROOT,
		.source = is_own ? DECIDE_IDENTITY : DECIDE_RESOURCE,
	};
}

struct str decide_explain(struct arena *arena, const struct decide_request *request,
			  const struct decision *decision, struct str action)
{
	(void)decision;
	return arena_format(arena,
			    "User: %.*s is not authorized to perform: %.*s on resource: %.*s",
			    STR_ARG(request->request.principal->arn), STR_ARG(action),
			    STR_ARG(request->request.resource));
}
