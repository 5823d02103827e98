/* SPDX-License-Identifier: MIT */
/* role: see role.h. */
#include "services/events/role.h"

#include "api/events.h"
#include "base/arn.h"
#include "core/pass_role.h"

enum err events_pass_role(struct call *call, struct str role_arn, struct str rule_arn)
{
	bool is_trusting;
	struct arn arn;

	if (!arn_parse(role_arn, &arn) || !str_equal(arn.service, STR("iam")) ||
	    !str_starts(arn.resource, STR("role/")))
		return fail(call, &EVENTS_VALIDATION,
			    "Parameter %.*s is not valid. Reason: Provided Arn is not in correct "
			    "format.",
			    STR_ARG(role_arn));
	if (!str_equal(arn.account, call->principal->account))
		return fail(call, &EVENTS_VALIDATION, "Cross-account pass role is not allowed.");
	enum err err =
		call_pass_role(call, role_arn, STR("events.amazonaws.com"), rule_arn, &is_trusting);
	if (!err && !is_trusting)
		err = fail(call, &EVENTS_VALIDATION,
			   "Provided role '%.*s' cannot be assumed by principal "
			   "'events.amazonaws.com'.",
			   STR_ARG(role_arn));
	return err;
}
