/* SPDX-License-Identifier: MIT */
/* role: roles that rules and targets act with. The call's thread. */
#ifndef TERN_SERVICES_EVENTS_ROLE_H
#define TERN_SERVICES_EVENTS_ROLE_H

#include "core/call.h"

/*
 * Authorizes the caller to pass the role to EventBridge. ERR_FAULT also if the role is none of the
 * caller's account, or does not let EventBridge assume it for the rule.
 */
must_check enum err events_pass_role(struct call *call, struct str role_arn, struct str rule_arn);

#endif
