/* SPDX-License-Identifier: MIT */
/* invoke: one internal request; a refusal becomes its result. */
#include "core/invoke.h"

#include "base/arn.h"
#include "core/service.h"

struct invoking {
	struct invocation *invocation;
	const struct operation *operation;
	invoke_done_fn done;
	void *context;
};

static void on_answer(void *context, const struct internal_answer *answer)
{
	struct invoking *invoking = context;
	struct invocation *invocation = invoking->invocation;

	if (answer->result != ERR_OK) {
		bool is_for_now = answer->fault->is_receiver ||
				  answer->fault == &invoking->operation->service->throttled;

		invocation->result = (struct target_result){
			.outcome = is_for_now ? TARGET_RETRY : TARGET_FAILED,
			.code = answer->fault->query_code,
			.text = answer->fault_text,
		};
	}
	invoking->done(invoking->context, invocation);
	heap_free(invoking);
}

static void refuse(struct invocation *invocation, enum target_outcome outcome, struct str code,
		   struct str text, invoke_done_fn done, void *context)
{
	invocation->result = (struct target_result){.outcome = outcome, .code = code, .text = text};
	done(context, invocation);
}

void invoke(struct core *core, struct net_thread *home, const struct internal_caller *caller,
	    struct invocation *invocation, invoke_done_fn done, void *context)
{
	struct internal_caller here = *caller;
	struct arn arn;
	const void *in;
	const struct invoke_provider *provider =
		arn_parse(invocation->arn, &arn) ? services_find_invoke(core, arn.service) : NULL;

	invocation->answer = (struct str){0};
	invocation->wait_ms = 0;
	if (!provider) {
		refuse(invocation, TARGET_FAILED, STR("InvalidTarget"),
		       STR("No service answers calls of this ARN."), done, context);
		return;
	}
	here.region = arn.region;
	struct internal_request *request = internal_new(core, home, &here);
	struct invoking *invoking = heap_alloc(sizeof(*invoking));
	*invoking = (struct invoking){.invocation = invocation, .done = done, .context = context};
	invoking->operation = provider->prepare(core, internal_arena(request), invocation, &in);
	if (internal_submit(request, invoking->operation, in, on_answer, invoking))
		return;
	heap_free(invoking);
	refuse(invocation, TARGET_RETRY, STR("Throttled"), STR("Too many internal requests."), done,
	       context);
}
