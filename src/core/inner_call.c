/* SPDX-License-Identifier: MIT */
/* inner_call: the input of the operation is a copy of the struct. */
#include "core/inner_call.h"

#include "base/arn.h"
#include "core/authorize.h"
#include "wire/facts.h"

const struct shape inner_call_nothing;
const struct operation_facts inner_call_facts = {.event = EVENT_DATA};

enum err inner_call_run(struct call *call, const void *in, void *out)
{
	const struct inner_call *inner = in;
	const struct resource resource = {.arn = inner->arn, .account = arn_account(inner->arn)};

	(void)out;
	enum err err = inner->arn.data ? call_authorize(call, call->operation->action, &resource)
				       : call_authorize_endpoint(call, call->operation->action);
	if (!err && inner->run)
		inner->run(call, inner->context);
	return err;
}

bool inner_call_submit(struct core *core, struct net_thread *home, const struct inner_call *inner)
{
	struct internal_request *request = internal_new(core, home, &inner->caller);
	struct inner_call *in = arena_new(internal_arena(request), struct inner_call);

	*in = *inner;
	in->arn = inner->arn.data ? arena_copy(internal_arena(request), inner->arn) : inner->arn;
	return internal_submit(request, inner->operation, in, inner->done, inner->context);
}
