/* SPDX-License-Identifier: MIT */
/* policies: only a refused document is read a second time, for its reason. */
#include "core/policies.h"

#include "access/policy_explain.h"

enum err call_compile_policy(struct call *call, struct str text, enum policy_kind kind,
			     const struct policy **out_policy, struct str *out_problem)
{
	enum err err = policy_compile(call->arena, text, kind, out_policy, out_problem);
	if (err != ERR_INVALID)
		return err;
	struct str reason = policy_explain(call->arena, text, kind, NULL, 0);
	log_event(LOG_INFO, "policy refused", log_str("operation", call->operation->action),
		  log_str("account", call->account),
		  log_str("request_id", str_from(call->request_id)),
		  log_str("reason", reason.data ? reason : *out_problem));
	return err;
}
