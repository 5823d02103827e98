/* SPDX-License-Identifier: MIT */
/*
 * destination_invoke: the call is parked until the endpoint has answered. After an attempt that
 * fetched a token, another one is made at once.
 */
#include "services/events/destination_invoke.h"

#include "base/arn.h"
#include "core/authorize.h"
#include "core/obligation_once.h"

enum { ATTEMPTS_MAX = 3, HELD_MS = 100 };

struct invoke_state {
	struct call *call;
	struct invocation *invocation;
	struct events_invoking invoking;
	struct obligation_once once;
	uint32_t attempts;
};

static enum err finish(struct call *call)
{
	(void)call;
	return ERR_OK;
}

/* ---- the end of an attempt; thread of deliver ---- */

static void end_with(struct invoke_state *state, struct target_result result, struct str answer)
{
	struct arena *arena = state->call->arena;

	result.code = arena_copy(arena, result.code);
	result.text = arena_copy(arena, result.text);
	state->invocation->result = result;
	state->invocation->answer = arena_copy(arena, answer);
	call_go_on(state->call);
}

static bool attempt(struct invoke_state *state)
{
	state->attempts++;
	return obligation_attempt_once(state->call->core, &state->once);
}

static void on_attempted(struct obligation_once *once)
{
	struct invoke_state *state = container_of(once, struct invoke_state, once);
	struct target_result result = {.code = once->failure.code, .text = once->failure.text};

	/* A token was fetched: its kind wants the next attempt at once. */
	if (once->end == OBLIGATION_ONCE_RETRY && once->wait_ms <= 1 &&
	    state->attempts < ATTEMPTS_MAX) {
		state->once.has_waited = true; /* the token has used its turn */
		if (attempt(state))
			return;
	}
	if (once->end == OBLIGATION_ONCE_HELD)
		state->invocation->wait_ms = once->wait_ms > 0 ? once->wait_ms : HELD_MS;
	if (once->end == OBLIGATION_ONCE_DONE)
		result = (struct target_result){.outcome = TARGET_DELIVERED};
	else
		result.outcome =
			once->end == OBLIGATION_ONCE_REFUSED ? TARGET_FAILED : TARGET_RETRY;
	if (once->end == OBLIGATION_ONCE_DONE && once->body.size >= LIMIT_DELIVER_ANSWER_SIZE)
		result = (struct target_result){.outcome = TARGET_FAILED,
						.code = STR("ANSWER_TOO_LARGE"),
						.text = STR("The endpoint's answer is too large.")};
	end_with(state, result, once->body);
}

/* ---- the operation ---- */

static const struct events_http_parameters *parameters_of(struct arena *arena,
							  const struct invocation *invocation)
{
	struct events_http_parameters *parameters = arena_new(arena, struct events_http_parameters);

	*parameters = (struct events_http_parameters){
		.path_parameter_values = (struct str *)(uintptr_t)invocation->path_values,
		.path_parameter_values_count = invocation->path_value_count,
		.header_parameters = (struct shape_pair *)(uintptr_t)invocation->headers,
		.header_parameters_count = invocation->header_count,
		.query_string_parameters = (struct shape_pair *)(uintptr_t)invocation->query,
		.query_string_parameters_count = invocation->query_count,
	};
	return parameters;
}

static enum err run(struct call *call, const void *in, void *out)
{
	struct invocation *invocation = (struct invocation *)(uintptr_t)in;
	struct resource resource = {.arn = invocation->arn,
				    .account = arn_account(invocation->arn)};
	struct invoke_state *state = arena_new(call->arena, struct invoke_state);

	(void)out;
	enum err err = call_authorize(call, STR("events:InvokeApiDestination"), &resource);
	if (err)
		return err;
	*state = (struct invoke_state){
		.call = call,
		.invocation = invocation,
		.invoking =
			{
				.arn = invocation->arn,
				.account = call->account,
				.region = call->region,
				.body = invocation->body,
				.parameters = parameters_of(call->arena, invocation),
			},
	};
	state->once.obligation = (struct obligation){
		.kind = OBLIGATION_EVENTS_INVOKE,
		.account = call->account,
		.source = invocation->arn,
		.endpoint = invocation->arn,
	};
	state->once.context = &state->invoking;
	state->once.done = on_attempted;
	state->once.has_waited = invocation->has_waited;
	if (!attempt(state)) {
		invocation->result =
			(struct target_result){.outcome = TARGET_RETRY,
					       .code = STR("ThrottlingException"),
					       .text = STR("Too many deliveries wait.")};
		return ERR_OK;
	}
	return call_wait(call, finish);
}

static const struct shape nothing;
static const struct operation_facts facts = {.event = EVENT_DATA};
static const struct operation operation = {
	.name = STR_INIT("InvokeApiDestination"),
	.action = STR_INIT("events:InvokeApiDestination"),
	.service = &events_service,
	.in = &nothing,
	.out = &nothing,
	.run = run,
	.place = OPERATION_ON_NET,
	.facts = &facts,
	.index = OPERATION_UNNUMBERED,
};

static const struct operation *prepare(struct core *core, struct arena *arena,
				       struct invocation *invocation, const void **out_in)
{
	(void)core;
	(void)arena;
	*out_in = invocation;
	return &operation;
}

const struct invoke_provider events_invoke_provider = {.prepare = prepare};
