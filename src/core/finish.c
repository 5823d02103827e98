/* SPDX-License-Identifier: MIT */
/*
 * finish: the end of a call, at its home: an error becomes a fault, the outcome is recorded, and
 * the context's own function answers.
 */
#include "core/audit/audit.h"
#include "core/metering.h"
#include "core/partition.h"
#include "core/request_context.h"
#include "net/server.h"
#include "wire/facts.h"
#include "wire/faults.h"

void request_context_init(struct request_context *context, struct core *core, struct arena *arena)
{
	uint8_t id[16];

	check(core);
	context->magic = REQUEST_CONTEXT_MAGIC;
	context->hop.context = context;
	context->begin_ns = clock_steady_ns();
	context->call.core = core;
	context->call.arena = arena;
	context->call.now_ms = clock_now_ms();
	context->call.base_ms = clock_base_ms();
	list_init(&context->call.ends);
	uuid_new(id);
	uuid_format(id, context->call.request_id);
}

struct request_context *request_context_of(struct call *call)
{
	struct request_context *context = container_of(call, struct request_context, call);

	check(context->magic == REQUEST_CONTEXT_MAGIC);
	return context;
}

/* ---- the audit log ---- */

/* CloudTrail records a denial by a policy as AccessDenied, whatever the API's code. */
static struct str error_code(const struct fault_type *fault)
{
	if (str_equal(fault->shape, STR("AccessDeniedException")))
		return STR("AccessDenied");
	return fault->shape;
}

static void describe_outcome(struct audit_event *event, const struct call *call)
{
	event->in_shape = call->operation->in;
	event->in = call->in;
	if (call->fault) {
		event->error_code = error_code(call->fault);
		event->error_message =
			call->fault_reason.size > 0 ? call->fault_reason : call->fault_text;
	} else if (call->operation->shows_answer) {
		event->out_shape = call->operation->out;
		event->out = call->out;
	}
}

/* As CloudFormation names the type; empty: it has no name there. */
static struct str type_of_resource(const struct call *call)
{
	const struct route_table *routes = &call->core->routes;

	for (size_t i = 0; i < routes->service_count; i++) {
		const struct resource_type *type =
			resource_type_find(routes->services[i], call->asked.resource);
		if (type && type->type.size > 0)
			return type->type;
	}
	return (struct str){0};
}

static void audit_call(struct request_context *context)
{
	const struct call *call = &context->call;
	struct audit *audit = call->core->audit;

	if (!audit || !call->operation)
		return;
	bool is_data = operation_is_data(call->operation);
	/* A failed authentication is recorded even if calls of its kind are not. */
	if (!audit_wants(audit, is_data) && call->principal)
		return;
	/* But repeated failures, or failures from many addresses, would push all other records out
	 * of the log. */
	bool is_unauthenticated = !call->principal || call->principal->type == PRINCIPAL_ANONYMOUS;
	if (!call->principal && context->request && net_request_is_held(context->request))
		return;
	if (is_unauthenticated && call->fault &&
	    !audit_wants_unauthenticated(audit, call->core->default_account,
					 call->core->default_region))
		return;
	struct audit_event event = {
		.now_ms = clock_now_ms(),
		.source = service_signing_name(call->operation->service),
		.name = call->operation->name,
		.region = call->region,
		.account = call->asked.resource_account.data ? call->asked.resource_account
							     : call->account,
		.request_id = str_of(call->request_id, UUID_TEXT_SIZE),
		.principal = call->principal,
		.access_key = call->access_key_id,
		.source_ip = call->asked.source_ip,
		.endpoint = call->asked.source_vpce,
		.resource = call->asked.resource,
		.resource_type = type_of_resource(call),
		.is_data = is_data,
		.is_read_only = call->operation->is_read_only,
	};
	if (context->request)
		audit_describe_request(&event, context->request);
	else
		event.source_ip = event.user_agent = event.invoked_by = context->invoker;
	describe_outcome(&event, call);
	audit_record(audit, &event);
}

/* ---- meters ---- */

/*
 * Usage counts for the resource's owner. A failed call may name a resource that does not exist, and
 * an anonymous caller may name any account, so neither makes series of its own.
 */
static void meter_usage(const struct request_context *context, uint32_t number,
			enum meter_outcome outcome)
{
	const struct call *call = &context->call;
	struct usage_key key = {.account = STR(""),
				.region = call->region,
				.resource = STR(""),
				.operation = number,
				.outcome = outcome};
	uint64_t size = call->payload_size;

	if (size == 0 && context->request)
		size = context->request->http.body.size;
	if (call->principal && call->principal->type != PRINCIPAL_ANONYMOUS)
		key.account = call->account;
	if (outcome == METER_OK && call->asked.resource_account.data)
		key.account = call->asked.resource_account;
	if (outcome == METER_OK)
		key.resource = call->asked.resource;
	usage_record(context->meter->usage, &key, size);
}

static void meter_call(const struct request_context *context)
{
	const struct call *call = &context->call;
	const struct fault_type *throttled = &call->operation->service->throttled;
	enum meter_outcome outcome = METER_OK;

	if (call->operation->index == OPERATION_UNNUMBERED)
		return;
	if (call->fault)
		outcome = call->fault->is_receiver   ? METER_RECEIVER_FAULT
			  : call->fault == throttled ? METER_THROTTLED
						     : METER_SENDER_FAULT;
	uint32_t number = route_operation_number(&call->core->routes, call->operation);
	meter_record(context->meter->operations, number, outcome,
		     clock_steady_ns() - context->begin_ns);
	if (call->sender_failures + call->receiver_failures > 0)
		meter_record_entries(context->meter->operations, number, call->sender_failures,
				     call->receiver_failures);
	meter_usage(context, number, outcome);
}

void call_record(struct request_context *context)
{
	if (!context->call.operation)
		return;
	meter_call(context);
	audit_call(context);
}

/* ---- the end ---- */

static enum err fail_internally(struct call *call)
{
	return fail(call, &common_faults[FAULT_INTERNAL],
		    "The request could not be completed because of an internal error.");
}

/* Turns an error that is not a fault into one, and refuses an answer without any authorization. */
static enum err to_fault(struct call *call, enum err result)
{
	if (result == ERR_FULL)
		return fail(call, &common_faults[FAULT_UNAVAILABLE], DISK_FULL_TEXT);
	if (result != ERR_OK && result != ERR_FAULT) {
		log_event(LOG_ERROR, "operation failed",
			  log_str("operation", call->operation->name),
			  log_str("error", err_text(result)),
			  log_str("request_id", str_of(call->request_id, UUID_TEXT_SIZE)));
		return fail_internally(call);
	}
	if (result == ERR_OK && !call->is_authorized) {
		log_event(LOG_ERROR, "operation asked for no permission",
			  log_str("operation", call->operation->name));
		return fail_internally(call);
	}
	/* A call that needs no permission has not been checked for unknown parameters yet. */
	return result == ERR_OK ? call_refuse_unknown(call) : result;
}

void call_finish(struct request_context *context, enum err result)
{
	check(context->magic == REQUEST_CONTEXT_MAGIC);
	check(result != ERR_PARKED);
	if (context->cancel) {
		context->is_ended = true;
		context->result = result;
		return;
	}
	context->result = result;
	result = to_fault(&context->call, result);
	/* Internal requests use the server's own form of ARNs. */
	if (context->request)
		partition_leave(&context->call);
	call_record(context);
	context->answer(context, result);
}
