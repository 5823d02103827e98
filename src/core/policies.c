/* SPDX-License-Identifier: MIT */
/* policies: only a refused document is read a second time, for its reason. */
#include "core/policies.h"

#include "access/policy_explain.h"
#include "base/arn.h"
#include "core/core.h"

static void log_refusal(const struct call *call, struct str reason)
{
	/* Declarations of the configuration have no operation. */
	struct str operation = call->operation ? call->operation->action : STR("configuration");

	log_event(LOG_INFO, "policy refused", log_str("operation", operation),
		  log_str("account", call->account),
		  log_str("request_id", str_from(call->request_id)), log_str("reason", reason));
}

enum err call_compile_policy(struct call *call, struct str text, enum policy_kind kind,
			     const struct policy **out_policy, struct str *out_problem)
{
	enum err err = policy_compile(call->arena, text, kind, out_policy, out_problem);
	if (err != ERR_INVALID)
		return err;
	struct str reason = policy_explain(call->arena, text, kind, NULL, 0);
	log_refusal(call, reason.data ? reason : *out_problem);
	return err;
}

enum err policies_bind(struct call *call, struct str text, enum policy_kind kind,
		       struct policy_names *out_names, struct str *out_problem)
{
	const struct policy *policy;

	/* Only a text that compiles can be searched for principals. */
	enum err err = call_compile_policy(call, text, kind, &policy, out_problem);
	if (err)
		return err;
	policy_release(policy);
	bool is_bound =
		directory_bind_policy(call->core->directory, call->arena,
				      arn_partition(call->region), text, out_names, out_problem);
	if (is_bound)
		return ERR_OK;
	log_refusal(call, arena_format(call->arena, "the principal %.*s does not exist",
				       STR_ARG(*out_problem)));
	return ERR_NOTFOUND;
}

enum err policies_compile(struct call *call, struct str text, enum policy_kind kind,
			  const struct policy **out_policy, struct str *out_problem)
{
	bool has_principals = kind == POLICY_RESOURCE || kind == POLICY_TRUST;
	struct policy_names names = {0};

	if (!has_principals)
		return call_compile_policy(call, text, kind, out_policy, out_problem);
	enum err err = policies_bind(call, text, kind, &names, out_problem);
	if (err)
		return err;
	return policy_compile_bound(call->arena, text, kind, names, out_policy, out_problem);
}

struct str policies_show(struct call *call, struct str document, struct policy_names names)
{
	return directory_show_policy(call->core->directory, call->arena, document, names);
}
