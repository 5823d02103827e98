/* SPDX-License-Identifier: MIT */
/*
 * constraint: checks a decoded request against the constraints of its model (wire/constraint.h),
 * before its handler runs.
 *
 * AWS's framework lists all violations: "2 validation errors detected: Value 'x' at 'name' failed
 * to satisfy constraint: Member must have length greater than or equal to 2; Value null at ...".
 * Values of secrets and bytes are left out; IAM leaves all values out: "Value at 'name' failed". A
 * service with its own text for missing members answers with the first of these; a constraint with
 * its own text is reported only if all others hold. The call's thread.
 */
#ifndef TERN_CORE_CONSTRAINT_H
#define TERN_CORE_CONSTRAINT_H

#include "core/call.h"

/* ERR_FAULT: call->in breaks a constraint of call->operation. */
must_check enum err constraint_check(struct call *call);

#endif
