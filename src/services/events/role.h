/* SPDX-License-Identifier: MIT */
/* role: roles that rules and targets act with. The call's thread. */
#ifndef TERN_SERVICES_EVENTS_ROLE_H
#define TERN_SERVICES_EVENTS_ROLE_H

#include "core/call.h"

/*
 * Authorizes the caller to pass the role to EventBridge; ERR_FAULT also if the role is none of the
 * caller's account.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
 */
must_check enum err events_pass_role(struct call *call, struct str role_arn);

#endif
