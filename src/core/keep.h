/* SPDX-License-Identifier: MIT */
/*
 * keep: references that a call releases when it ends, so that answers may be views of the objects.
 *
 * Each function takes over the caller's reference and returns the object; NULL stays NULL. Objects
 * of a service have a function of the same form in that service. The call's thread.
 */
#ifndef TERN_CORE_KEEP_H
#define TERN_CORE_KEEP_H

#include "access/directory.h"
#include "access/policy.h"
#include "access/principal.h"
#include "core/call.h"

const struct directory_entity *call_keep_entity(struct call *call,
						const struct directory_entity *entity);
const struct policy *call_keep_policy(struct call *call, const struct policy *policy);
const struct principal *call_keep_principal(struct call *call, const struct principal *principal);

#endif
