/* SPDX-License-Identifier: MIT */
/*
 * pass_role: roles that a caller gives to a service, which acts with them later.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
 */
#ifndef TERN_CORE_PASS_ROLE_H
#define TERN_CORE_PASS_ROLE_H

#include "core/call.h"

/*
 * Authorizes iam:PassRole with iam:PassedToService, then evaluates the role's trust policy for
 * sts:AssumeRole by the service principal `service`, static ("events.amazonaws.com"), with
 * `source_arn` of the call's account. *out_is_trusting is false too if there is no such role in
 * that account. ERR_FAULT: the caller may not pass the role. The call's thread.
 */
must_check enum err call_pass_role(struct call *call, struct str role_arn, struct str service,
				   struct str source_arn, bool *out_is_trusting);

#endif
