/* SPDX-License-Identifier: MIT */
/*
 * policies: policy documents that callers send.
 */
#ifndef TERN_CORE_POLICIES_H
#define TERN_CORE_POLICIES_H

#include "core/call.h"

/*
 * policy_compile of a document that the caller sends. If it is refused, the log says who sent it,
 * with which operation, and where the mistake is, which AWS's sentence in *out_problem does not
 * say. Any thread.
 */
must_check enum err call_compile_policy(struct call *call, struct str text, enum policy_kind kind,
					const struct policy **out_policy, struct str *out_problem);

#endif
