/* SPDX-License-Identifier: MIT */
/* admit: applies core/limit and the audit log's state to calls. */
#include "core/admit.h"

#include "core/audit/audit.h"
#include "core/core.h"
#include "core/limit/throttle.h"
#include "wire/facts.h"
#include "wire/faults.h"

static struct throttle_request request_of(const struct call *call)
{
	return (struct throttle_request){
		.operation = call->operation, .account = call->account, .base_ms = call->base_ms};
}

enum err call_refuse_throttled(struct call *call)
{
	const struct service *service = call->operation->service;

	return fail(call, &service->throttled, "%.*s", STR_ARG(service->throttled_text));
}

enum err call_admit(struct call *call)
{
	const struct throttle_request request = request_of(call);

	check(call->operation);
	if (audit_refuses(call->core->audit, operation_is_data(call->operation)))
		return fail(call, &common_faults[FAULT_UNAVAILABLE], "The audit log is full.");
	if (!throttle_admits(call->core->throttle, &request))
		return call_refuse_throttled(call);
	return ERR_OK;
}

enum err call_admit_resource(struct call *call, struct str arn, bool has_quota)
{
	const struct throttle_request request = request_of(call);

	if (!throttle_admits_resource(call->core->throttle, &request, arn, has_quota))
		return call_refuse_throttled(call);
	return ERR_OK;
}
