/* SPDX-License-Identifier: MIT */
/* role: see role.h. */
#include "services/events/role.h"

#include "api/events.h"
#include "base/arn.h"
#include "core/authorize.h"

enum err events_pass_role(struct call *call, struct str role_arn)
{
	struct resource resource = {.arn = role_arn, .account = arn_account(role_arn)};
	struct str *service = arena_new(call->arena, struct str);
	struct arn arn;

	if (!arn_parse(role_arn, &arn) || !str_equal(arn.service, STR("iam")) ||
	    !str_starts(arn.resource, STR("role/")))
		return fail(call, &EVENTS_VALIDATION,
			    "Parameter %.*s is not valid. Reason: Provided Arn is not in correct "
			    "format.",
			    STR_ARG(role_arn));
	if (!str_equal(arn.account, call->principal->account))
		return fail(call, &EVENTS_VALIDATION, "Cross-account pass role is not allowed.");
	*service = STR("events.amazonaws.com");
	call_add_key(call, STR("iam:PassedToService"), service, 1);
	return call_authorize(call, STR("iam:PassRole"), &resource);
}
