/* SPDX-License-Identifier: MIT */
/*
 * policies: policy documents that callers send, from the call to the catalog and back.
 *
 * Users and roles that a policy names by ARN are bound to their ids when it is set
 * (access/policy.h): these ids are stored beside the text.
 */
#ifndef TERN_CORE_POLICIES_H
#define TERN_CORE_POLICIES_H

#include "core/call.h"

/*
 * policy_compile of a caller's document. If it is invalid, the log records the caller, the
 * operation and the position of the mistake, which AWS's text in *out_problem lacks. Any thread.
 */
must_check enum err call_compile_policy(struct call *call, struct str text, enum policy_kind kind,
					const struct policy **out_policy, struct str *out_problem);
/*
 * Checks and binds a call's policy; the names are in the call's arena. ERR_INVALID: *out_problem
 * describes the mistake. ERR_NOTFOUND: *out_problem is a principal that does not exist or is of
 * another partition than the call's region.
 */
must_check enum err policies_bind(struct call *call, struct str text, enum policy_kind kind,
				  struct policy_names *out_names, struct str *out_problem);
/* The same, and compiles it. Release the policy. */
must_check enum err policies_compile(struct call *call, struct str text, enum policy_kind kind,
				     const struct policy **out_policy, struct str *out_problem);
/* A document as answers return it: with the current names of its principals. In the call's
 * arena. */
struct str policies_show(struct call *call, struct str document, struct policy_names names);

#endif
