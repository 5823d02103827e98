/* SPDX-License-Identifier: MIT */
/*
 * bus_target: event buses as targets of other services and of rules (core/target.h). A payload is a
 * whole event and keeps its id, account and time.
 */
#include "services/events/bus_target.h"

#include "core/request_context.h"
#include "format/json.h"
#include "services/events/envelope.h"
#include "services/events/place.h"
#include "services/events/put.h"

struct forward {
	struct str arn;
	const struct target_payload *payloads;
	size_t count;
	struct target_result *results;
	size_t unanswered; /* payloads, and one for the handler */
	bool is_parked;
	struct call *call;
	struct forwarded {
		struct forward *forward;
		struct events_put put;
		size_t index;
	} * items;
};

static enum err resolve(struct core *core, struct str text, struct target_description *out)
{
	struct str prefix = STR("event-bus/");
	struct arn arn;

	if (!arn_parse(text, &arn) || !str_starts(arn.resource, prefix))
		return ERR_NOTFOUND;
	struct str name = str_slice(arn.resource, prefix.size, SIZE_MAX);
	const struct events_bus *bus =
		events_registry_find_bus(events_of(core)->registry, arn.account, arn.region, name);
	if (!bus && !str_equal(name, STR("default")))
		return ERR_NOTFOUND;
	*out = (struct target_description){
		.account = arn_account(text),
		.region = arn_region(text),
		.policy = bus && bus->policy ? policy_hold(bus->policy) : NULL,
	};
	events_bus_release(bus);
	return ERR_OK;
}

/* A rule without a role acts as its account, which the policy of the other bus names. */
static void act_as_account(struct call *call)
{
	struct str account = call->asked.source_account;

	if (call->principal->type != PRINCIPAL_SERVICE || account.size == 0)
		return;
	const struct principal *root = principal_root(account);
	call->principal = root;
	call_on_end(call, (call_end_fn)principal_release, root);
}

static enum err finish(struct call *call)
{
	(void)call;
	return ERR_OK;
}

static void on_put(void *context, bool is_stored)
{
	struct forwarded *item = context;
	struct forward *forward = item->forward;

	forward->results[item->index] = (struct target_result){
		.outcome = is_stored ? TARGET_DELIVERED : TARGET_RETRY,
		.code = is_stored ? (struct str){0} : STR("InternalFailure"),
		.text = is_stored ? (struct str){0} : STR("The event could not be stored."),
	};
	if (--forward->unanswered == 0 && forward->is_parked)
		call_go_on(forward->call);
}

static void put_one(struct call *call, struct forward *forward, const struct events_place *place,
		    size_t index)
{
	struct forwarded *item = &forward->items[index];
	struct str json = forward->payloads[index].body;
	yyjson_val *event;

	if (json_parse(call->arena, json, &event) != ERR_OK || !yyjson_is_obj(event) ||
	    !events_envelope_is_complete(json)) {
		forward->unanswered--;
		forward->results[index] =
			(struct target_result){.outcome = TARGET_FAILED,
					       .code = STR("InvalidParameter"),
					       .text = STR("The payload is no event.")};
		return;
	}
	*item = (struct forwarded){
		.forward = forward,
		.index = index,
		.put =
			{
				.account = place->account,
				.region = place->region,
				.bus = place->name,
				.json = json,
				.trace = forward->payloads[index].trace,
				.request_id = str_from(call->request_id),
				.now_ms = call->now_ms,
				.is_forwarded = true,
			},
	};
	events_put_event(call->core, request_context_of(call)->home, &item->put, on_put, item);
}

static enum err forward_events(struct call *call, const void *in, void *out)
{
	static const struct str yes = STR_INIT("true");
	struct forward *forward = (struct forward *)in;
	struct events_place place;

	(void)out;
	act_as_account(call);
	call_add_key(call, STR("events:eventBusInvocation"), &yes, 1);
	enum err err = events_place_of_call(call, forward->arn, &place);
	if (!err)
		err = events_authorize_bus(call, STR("events:PutEvents"), &place);
	if (err)
		return err;
	forward->call = call;
	forward->unanswered = forward->count + 1;
	forward->items = arena_array(call->arena, struct forwarded, forward->count);
	for (size_t i = 0; i < forward->count; i++)
		put_one(call, forward, &place, i);
	if (--forward->unanswered == 0)
		return ERR_OK;
	forward->is_parked = true;
	return call_wait(call, finish);
}

static const struct shape nothing;
static const struct operation_facts forward_facts = {.event = EVENT_DATA};
static const struct operation forward_operation = {
	.name = STR_INIT("PutEvents"),
	.action = STR_INIT("events:PutEvents"),
	.service = &events_service,
	.in = &nothing,
	.out = &nothing,
	.run = forward_events,
	.place = OPERATION_ON_NET,
	.facts = &forward_facts,
	.index = OPERATION_UNNUMBERED,
};

static const struct operation *prepare(struct core *core, struct arena *arena,
				       const struct target_delivery *delivery, const void **out_in)
{
	struct forward *forward = arena_new(arena, struct forward);

	(void)core;
	forward->arn = delivery->arn;
	forward->payloads = delivery->payloads;
	forward->count = delivery->count;
	forward->results = delivery->results;
	*out_in = forward;
	return &forward_operation;
}

/* The handler has filled the results. */
static void read_answer(const void *out, const struct target_delivery *delivery)
{
	(void)out;
	(void)delivery;
}

const struct target_provider events_target_provider = {
	.resolve = resolve,
	.prepare = prepare,
	.read = read_answer,
};
