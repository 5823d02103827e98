/* SPDX-License-Identifier: MIT */
/* pass_role: trust is evaluated after the permission, so that a caller without it learns nothing
 * of the role. */
#include "core/pass_role.h"

#include "base/arn.h"
#include "core/authorize.h"
#include "core/core.h"
#include "core/keep.h"

static bool is_trusting(struct call *call, const struct directory_entity *role, struct str service,
			struct str source_arn)
{
	const struct principal *principal = principal_service(service);
	const struct policy_request request = {
		.principal = principal,
		.action = STR("sts:AssumeRole"),
		.resource = role->arn,
		.resource_account = role->account,
		.region = call->region,
		.source_arn = source_arn,
		.source_account = call->account,
		.is_secure = true,
		.now_ms = call->now_ms,
	};
	bool is_allowed =
		role->trust && policy_evaluate(role->trust, &request).outcome == POLICY_ALLOW;

	principal_release(principal);
	return is_allowed;
}

enum err call_pass_role(struct call *call, struct str role_arn, struct str service,
			struct str source_arn, bool *out_is_trusting)
{
	const struct resource resource = {.arn = role_arn, .account = arn_account(role_arn)};
	struct str *passed_to = arena_new(call->arena, struct str);

	*passed_to = service;
	call_add_key(call, STR("iam:PassedToService"), passed_to, 1);
	enum err err = call_authorize(call, STR("iam:PassRole"), &resource);
	if (err)
		return err;
	const struct directory_entity *role =
		call_keep_entity(call, directory_find_arn(call->core->directory, role_arn));
	*out_is_trusting = role && role->kind == DIRECTORY_ROLE &&
			   str_equal(role->account, call->account) &&
			   is_trusting(call, role, service, source_arn);
	return ERR_OK;
}
