/* SPDX-License-Identifier: MIT */
/* encrypt: AWS's faults for keys are not documented for Scheduler; these follow its other ones. */
#include "services/scheduler/encrypt.h"

#include "base/arn.h"
#include "core/core.h"

enum { REUSE_MS = 300 * 1000 };

static struct envelope_use use_of(struct call *call)
{
	return call_envelope_use(call, STR("scheduler"), STR("aws:scheduler:schedule:arn"),
				 REUSE_MS);
}

/* Keys of other accounts have one answer, whether they exist or not. */
static enum err refuse(struct call *call, struct str key_arn, struct str action,
		       enum kms_problem problem, struct str text)
{
	bool is_foreign = !str_equal(arn_account(key_arn), call->account);

	if (is_foreign && (problem == KMS_PROBLEM_NOT_FOUND || problem == KMS_PROBLEM_DENIED))
		return fail(call, &call->operation->service->denied,
			    "User: %.*s is not authorized to perform: %.*s on resource: %.*s",
			    STR_ARG(call->principal->arn), STR_ARG(action), STR_ARG(key_arn));
	if (problem == KMS_PROBLEM_DENIED)
		return fail(call, &call->operation->service->denied, "%.*s", STR_ARG(text));
	return fail(call, &SCHEDULER_VALIDATION, "%.*s", STR_ARG(text));
}

enum err scheduler_seal_input(struct call *call, struct scheduler_get_schedule_out *shown,
			      struct str *out_sealed)
{
	struct scheduler_target *target = arena_new(call->arena, struct scheduler_target);
	struct envelope_use use = use_of(call);
	struct data_key *key;
	struct str text = {0};

	*out_sealed = (struct str){0};
	if (shown->kms_key_arn.size == 0)
		return ERR_OK;
	enum kms_problem problem =
		data_key_hold(&use, call->account, shown->kms_key_arn, shown->arn, &key, &text);
	if (problem)
		return refuse(call, shown->kms_key_arn, STR("kms:GenerateDataKey"), problem, text);
	if (shown->target->input.data) {
		*out_sealed = envelope_close(key, call->arena, shown->target->input);
		*target = *shown->target;
		target->input = (struct str){0};
		shown->target = target;
	}
	data_key_release(key);
	return ERR_OK;
}

enum kms_problem scheduler_open_bytes(struct call *call, struct arena *arena, struct str sealed,
				      struct str *out_input, struct str *out_text)
{
	struct envelope_reader reader = {.use = use_of(call)};
	struct str copy = arena_copy(arena, sealed);

	enum kms_problem problem =
		envelope_open(&reader, (char *)(uintptr_t)copy.data, copy.size, out_input);
	if (problem)
		*out_text = arena_copy(arena, reader.text);
	envelope_reader_done(&reader);
	return problem;
}

enum err scheduler_open_input(struct call *call, struct str sealed,
			      struct scheduler_get_schedule_out *shown)
{
	struct str text = {0};

	if (sealed.size == 0)
		return ERR_OK;
	enum kms_problem problem =
		scheduler_open_bytes(call, call->arena, sealed, &shown->target->input, &text);
	if (problem == KMS_PROBLEM_DAMAGED)
		return ERR_DAMAGED;
	return problem ? refuse(call, shown->kms_key_arn, STR("kms:Decrypt"), problem, text)
		       : ERR_OK;
}
