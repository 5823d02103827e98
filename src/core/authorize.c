/* SPDX-License-Identifier: MIT */
/* authorize: the question is put together from the call and the resource, and decide answers. */
#include "core/authorize.h"

#include "access/signature.h"
#include "core/core.h"
#include "core/partition.h"

enum { KEYS_AT_FIRST = 8 };

void call_add_key(struct call *call, struct str name, const struct str *values, size_t count)
{
	if (call->key_count == call->key_room) {
		size_t room = call->key_room > 0 ? call->key_room * 2 : KEYS_AT_FIRST;
		struct policy_key *keys = arena_array(call->arena, struct policy_key, room);
		for (size_t i = 0; i < call->key_count; i++)
			keys[i] = call->keys[i];
		call->keys = keys;
		call->key_room = room;
	}
	call->keys[call->key_count++] =
		(struct policy_key){.name = name, .values = values, .count = count};
}

void call_set_request_tags(struct call *call, const struct shape_pair *tags, size_t count)
{
	call->asked.request_tags = tags;
	call->asked.request_tag_count = count;
}

void call_set_request_tag_keys(struct call *call, const struct str *keys, size_t count)
{
	struct shape_pair *pairs = arena_array(call->arena, struct shape_pair, count + 1);

	for (size_t i = 0; i < count; i++)
		pairs[i].key = keys[i];
	call_set_request_tags(call, pairs, count);
}

void call_needs_no_permission(struct call *call)
{
	call->is_authorized = true;
}

static _Atomic uint64_t exhausted_count;
static _Atomic int64_t exhausted_logged_ms;

uint64_t authorize_exhausted_count(void)
{
	return atomic_load_explicit(&exhausted_count, memory_order_relaxed);
}

/* Callers choose the policies and the number of evaluations, so the log gets at most one line a
 * second. */
static void log_exhausted(const struct call *call, struct str action, struct str resource)
{
	int64_t logged_ms = atomic_load_explicit(&exhausted_logged_ms, memory_order_relaxed);

	atomic_fetch_add_explicit(&exhausted_count, 1, memory_order_relaxed);
	if (call->base_ms - logged_ms < 1000)
		return;
	if (!atomic_compare_exchange_strong(&exhausted_logged_ms, &logged_ms, call->base_ms))
		return;
	log_event(LOG_WARN, "denied: the policies take too many steps to evaluate",
		  log_str("principal", call->principal->arn), log_str("action", action),
		  log_str("resource", resource), log_i64("steps", LIMIT_POLICY_STEPS),
		  log_str("request_id", str_of(call->request_id, UUID_TEXT_SIZE)));
}

static enum err refuse(struct call *call, const struct decide_request *request,
		       const struct decision *decision, struct str action)
{
	struct str text = decide_explain(call->arena, request, decision, action);

	if (decision->is_exhausted) {
		log_exhausted(call, action, request->request.resource);
		call->fault_reason = text;
	}
	if (call->principal->type == PRINCIPAL_ANONYMOUS)
		return fail(call, &access_faults[ACCESS_MISSING_TOKEN], "%s",
			    "Request is missing Authentication Token");
	return fail(call, &call->operation->service->denied, "%.*s", STR_ARG(text));
}

struct resource authorize_role_resource(const struct directory_entity *role)
{
	return (struct resource){
		.arn = role->arn,
		.account = role->account,
		.policy = role->trust,
		.is_policy_required = true,
		.tags = role->tags,
		.tag_count = role->tag_count,
	};
}

/* For meters and the audit log: the first resource of the call. Handlers may give an ARN of their
 * own stack. */
static void note_resource(struct call *call, const struct resource *resource)
{
	if (call->asked.resource.size > 1)
		return;
	call->asked.resource = arena_copy(call->arena, partition_arn(call, resource->arn));
	call->asked.resource_account = arena_copy(call->arena, resource->account);
}

/* An internal request for a caller does not pass through the caller's endpoint. */
static bool is_through_endpoint(const struct call *call)
{
	return call->endpoint && !call->asked.via_service.data;
}

/* A request may need many decisions, one a resource, so their sum has a bound too. */
static struct policy_steps steps_for(const struct call *call)
{
	uint64_t left = LIMIT_POLICY_CALL_STEPS - call->policy_steps;

	return (struct policy_steps){.left = left < LIMIT_POLICY_STEPS ? left : LIMIT_POLICY_STEPS};
}

static struct policy_request question_of(const struct call *call, struct str action,
					 struct str resource, struct str account)
{
	struct policy_request asked = call->asked;

	asked.principal = call->principal;
	asked.action = action;
	asked.resource = partition_arn(call, resource);
	asked.resource_account = account;
	asked.region = call->region;
	asked.now_ms = call->now_ms;
	asked.keys = partition_keys(call, call->keys, call->key_count);
	asked.key_count = call->key_count;
	if (call->endpoint && !is_through_endpoint(call))
		asked.source_vpce = asked.source_vpc = asked.source_ip = (struct str){0};
	return asked;
}

enum err call_authorize(struct call *call, struct str action, const struct resource *resource)
{
	const struct policy *endpoint_policy =
		is_through_endpoint(call) ? call->endpoint->policy : NULL;
	bool is_open = !call->core->is_enforcing && str_equal(resource->account, call->account);

	call->is_authorized = true;
	check(call->principal);
	note_resource(call, resource);
	if (call->is_unrestricted)
		return ERR_OK;
	if (is_open && !endpoint_policy)
		return call_refuse_unknown(call);
	struct policy_steps steps = steps_for(call);
	struct decide_request request = {
		.request = question_of(call, action, resource->arn, resource->account),
		.resource_policy = is_open ? NULL : resource->policy,
		.is_resource_policy_required = !is_open && resource->is_policy_required,
		.is_granted = resource->is_granted,
		.is_named = resource->is_named,
		.endpoint_policy = endpoint_policy,
	};
	request.request.steps = &steps;
	request.request.resource_tags = resource->tags;
	request.request.resource_tag_count = resource->tag_count;
	uint64_t given = steps.left;
	struct decision decision = decide(&request);
	call->policy_steps += given - steps.left;
	call->is_time_bound |= steps.has_time;
	return decision.is_allowed ? call_refuse_unknown(call)
				   : refuse(call, &request, &decision, action);
}

enum err call_authorize_unsigned(struct call *call, struct str action,
				 const struct resource *resource)
{
	call->is_authorized = true;
	note_resource(call, resource);
	struct decide_request request = {
		.request = question_of(call, action, resource->arn, resource->account),
		.resource_policy = resource->policy,
		.is_resource_policy_required = resource->is_policy_required,
		.endpoint_policy = is_through_endpoint(call) ? call->endpoint->policy : NULL,
	};
	request.request.principal = &principal_anonymous;
	request.request.resource_tags = resource->tags;
	request.request.resource_tag_count = resource->tag_count;
	struct decision decision = decide(&request);
	return decision.is_allowed ? ERR_OK : refuse(call, &request, &decision, action);
}

enum err call_authorize_endpoint(struct call *call, struct str action)
{
	call->is_authorized = true;
	if (!call->endpoint || !call->endpoint->policy || !call->principal)
		return call_refuse_unknown(call);
	struct policy_steps steps = steps_for(call);
	struct decide_request request = {
		.request = question_of(call, action, STR("*"), call->account)};
	request.request.steps = &steps;
	enum policy_outcome outcome =
		policy_evaluate(call->endpoint->policy, &request.request).outcome;
	if (outcome == POLICY_ALLOW)
		return call_refuse_unknown(call);
	struct decision decision = {.is_explicit = outcome == POLICY_DENY,
				    .is_exhausted = steps.is_exhausted,
				    .source = DECIDE_ENDPOINT};
	return refuse(call, &request, &decision, action);
}

enum err call_authorize_any(struct call *call, struct str action)
{
	struct resource any = {.arn = STR("*"), .account = call->account};

	return call_authorize(call, action, &any);
}
