/* SPDX-License-Identifier: MIT */
/* target_check: what AWS requires of a target beyond the model. The call's thread. */
#ifndef TERN_SERVICES_EVENTS_TARGET_CHECK_H
#define TERN_SERVICES_EVENTS_TARGET_CHECK_H

#include "api/events.h"
#include "core/call.h"

/* ERR_FAULT with AWS's text. */
must_check enum err events_target_check(struct call *call, const struct events_target *target);
/* False with a sentence: AWS has targets of that service and Tern does not. */
bool events_target_is_served(struct call *call, const struct events_target *target,
			     struct str *out_problem);

#endif
