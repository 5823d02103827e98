/* SPDX-License-Identifier: MIT */
/*
 * internal: a request context whose answer is a function of this process, in memory of its own.
 *
 * It hops to its home before it begins, so its code never runs inside the issuer's. Counters are
 * atomic: requests of all threads share one bound.
 */
#include "core/internal.h"

#include <stdatomic.h>

#include "base/arn.h"
#include "core/admit.h"
#include "core/authorize.h"
#include "core/keep.h"
#include "core/metering.h"
#include "core/request_context.h"
#include "net/server.h"
#include "wire/faults.h"

#define INTERNAL_MAGIC 0x4c4e5449u
/* Duration of a role's session; a request ends long before. */
enum { SESSION_MS = 3600000 };

struct internals {
	_Atomic uint64_t requests, refused, in_flight, in_flight_bytes;
};

struct internal_request {
	uint32_t magic;
	struct request_context context;
	struct arena arena;
	enum internal_identity identity;
	struct str service, role;
	internal_done_fn done;
	void *done_context;
	size_t size; /* as counted; 0: not counted */
};

void internals_open(struct core *core)
{
	check(!core->internals);
	core->internals = heap_alloc(sizeof(*core->internals));
}

void internals_close(struct core *core)
{
	if (!core->internals)
		return;
	check(atomic_load(&core->internals->in_flight) == 0);
	heap_free(core->internals);
	core->internals = NULL;
}

struct internal_stats internal_stats_read(const struct core *core)
{
	const struct internals *internals = core->internals;

	return (struct internal_stats){
		.requests = atomic_load_explicit(&internals->requests, memory_order_relaxed),
		.refused = atomic_load_explicit(&internals->refused, memory_order_relaxed),
		.in_flight = atomic_load_explicit(&internals->in_flight, memory_order_relaxed),
		.in_flight_bytes =
			atomic_load_explicit(&internals->in_flight_bytes, memory_order_relaxed),
	};
}

/* ---- bounds ---- */

static bool count_in(struct internal_request *request)
{
	struct internals *internals = request->context.call.core->internals;
	size_t size = request->arena.total + sizeof(*request);

	uint64_t count = atomic_fetch_add(&internals->in_flight, 1);
	uint64_t bytes = atomic_fetch_add(&internals->in_flight_bytes, size);
	if (count < LIMIT_INTERNAL_REQUESTS && bytes + size <= LIMIT_INTERNAL_SIZE) {
		atomic_fetch_add(&internals->requests, 1);
		request->size = size;
		return true;
	}
	atomic_fetch_sub(&internals->in_flight, 1);
	atomic_fetch_sub(&internals->in_flight_bytes, size);
	atomic_fetch_add(&internals->refused, 1);
	return false;
}

static void count_out(struct internal_request *request)
{
	struct internals *internals = request->context.call.core->internals;

	if (request->size == 0)
		return;
	check(atomic_fetch_sub(&internals->in_flight, 1) > 0);
	check(atomic_fetch_sub(&internals->in_flight_bytes, request->size) >= request->size);
}

/* ---- making and freeing ---- */

static struct internal_request *request_of(struct request_context *context)
{
	struct internal_request *request = container_of(context, struct internal_request, context);

	check(request->magic == INTERNAL_MAGIC);
	return request;
}

static const struct principal *principal_for(const struct internal_caller *caller)
{
	if (caller->identity == INTERNAL_AS_SERVER)
		return principal_root(caller->account);
	return principal_service(caller->service);
}

struct internal_request *internal_new(struct core *core, struct net_thread *home,
				      const struct internal_caller *caller)
{
	struct internal_request *request = heap_alloc(sizeof(*request));
	struct request_context *context = &request->context;
	struct call *call = &context->call;
	struct arena *arena = &request->arena;
	bool is_server = caller->identity == INTERNAL_AS_SERVER;

	check(is_server == (caller->service.size == 0));
	check((caller->identity == INTERNAL_AS_ROLE) == (caller->role.size > 0));
	request->magic = INTERNAL_MAGIC;
	request->identity = caller->identity;
	arena_init(arena);
	request->service = arena_copy(arena, caller->service);
	request->role = arena_copy(arena, caller->role);
	request_context_init(context, core, arena);
	context->home = home;
	context->meter = metering_of(core, home);
	context->invoker = is_server ? STR("AWS Internal") : request->service;
	call->is_unrestricted = is_server;
	call->dialect = &dialect_json;
	call->account = arena_copy(arena, is_server ? caller->account : caller->source_account);
	call->region = arena_copy(arena, caller->region);
	call->base_url = core->base_url;
	call->path = STR("/");
	if (caller->trace_header.data)
		call->trace_header = arena_copy(arena, caller->trace_header);
	if (!is_server) {
		call->asked.source_arn = arena_copy(arena, caller->source_arn);
		call->asked.source_account = arena_copy(arena, caller->source_account);
	}
	call->asked.is_secure = true;
	call->principal = principal_for(caller);
	call_keep_principal(call, call->principal);
	call->sender = call->principal->id;
	return request;
}

struct arena *internal_arena(struct internal_request *request)
{
	check(request->magic == INTERNAL_MAGIC);
	return &request->arena;
}

void internal_set_member(struct internal_request *request, struct target_member *member)
{
	check(request->magic == INTERNAL_MAGIC);
	check(!request->context.answer);
	request->context.call.member = member;
}

static void request_free(struct internal_request *request)
{
	count_out(request);
	request->magic = 0;
	arena_done(&request->arena);
	heap_free(request);
}

void internal_drop(struct internal_request *request)
{
	check(!request->context.answer);
	call_end(&request->context.call);
	request_free(request);
}

/* ---- the role ---- */

/* The trust policy is evaluated, with the keys of the source, before the session begins. */
static enum err assume_role(struct internal_request *request)
{
	struct call *call = &request->context.call;
	const struct directory_entity *role =
		call_keep_entity(call, directory_find_arn(call->core->directory, request->role));

	if (!role || role->kind != DIRECTORY_ROLE)
		return fail(call, &call->operation->service->denied,
			    "%.*s is not authorized to assume the role %.*s",
			    STR_ARG(request->service), STR_ARG(request->role));
	struct resource resource = authorize_role_resource(role);
	enum err err = call_authorize(call, STR("sts:AssumeRole"), &resource);
	if (err)
		return err;
	struct directory_session session = {
		.kind = DIRECTORY_SESSION_ROLE,
		.account = role->account,
		.entity_id = role->id,
		.name = request->service,
		.issued_ms = call->now_ms,
		.expires_ms = call->now_ms + SESSION_MS,
	};
	const struct principal *principal = directory_session(call->core->directory, &session);
	if (!principal)
		return fail(call, &call->operation->service->denied, "The role %.*s is gone",
			    STR_ARG(request->role));
	call_keep_principal(call, principal);
	call->principal = principal;
	call->account = principal->account;
	call->sender = principal->id;
	/* The keys of the source are the service's; the audit log shows the operation's resource.
	 */
	call->asked.source_arn = call->asked.source_account = (struct str){0};
	call->asked.resource = call->asked.resource_account = (struct str){0};
	call->is_authorized = false;
	return ERR_OK;
}

/* ---- beginning and end ---- */

static void answer(struct request_context *context, enum err result)
{
	struct internal_request *request = request_of(context);
	struct call *call = &context->call;
	const struct internal_answer given = {
		.result = result,
		.error = context->result == ERR_FAULT ? ERR_OK : context->result,
		.out = result == ERR_OK ? call->out : NULL,
		.fault = call->fault,
		.fault_text = call->fault_text,
	};

	check((result == ERR_FAULT) == (call->fault != NULL));
	request->done(request->done_context, &given);
	call_end(call);
	request_free(request);
}

static void prepare(struct internal_request *request, const struct operation *operation,
		    const void *in, internal_done_fn done, void *context)
{
	struct request_context *mine = &request->context;

	check(request->magic == INTERNAL_MAGIC);
	check(!mine->answer); /* submitted once */
	check(done);
	mine->answer = answer;
	mine->service = operation->service;
	mine->call.operation = operation;
	mine->call.in = in;
	mine->call.out = arena_alloc(&request->arena, operation->out->size);
	request->done = done;
	request->done_context = context;
}

static void begin(struct request_context *context)
{
	struct internal_request *request = request_of(context);
	enum err err = ERR_OK;

	if (request->identity == INTERNAL_AS_ROLE)
		err = assume_role(request);
	if (!err && request->identity != INTERNAL_AS_SERVER)
		err = call_admit(&context->call);
	if (!err && context->has_left)
		err = fail(&context->call, &common_faults[FAULT_UNAVAILABLE],
			   "The request was cancelled.");
	if (err)
		call_finish(context, err);
	else
		call_begin(context);
}

bool internal_submit(struct internal_request *request, const struct operation *operation,
		     const void *in, internal_done_fn done, void *context)
{
	if (!count_in(request)) {
		internal_drop(request);
		return false;
	}
	prepare(request, operation, in, done, context);
	request->context.size = request->size;
	request->context.hop.run = begin;
	context_hop_home(&request->context.hop);
	return true;
}

void internal_cancel(struct internal_request *request)
{
	check(request->magic == INTERNAL_MAGIC);
	check(request->context.answer);
	call_abort(&request->context);
}

void internal_run(struct internal_request *request, const struct operation *operation,
		  const void *in, internal_done_fn done, void *context)
{
	struct call *call = &request->context.call;

	check(!request->context.home);
	check(operation->place == OPERATION_ON_CONTROL);
	prepare(request, operation, in, done, context);
	call_finish(&request->context, operation->run(call, call->in, call->out));
}
