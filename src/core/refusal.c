/* SPDX-License-Identifier: MIT */
/*
 * refusal: what the HTTP layer refuses, told in the dialect that the headers show so far: SDKs show
 * their users the fault's name and text instead of "invalid response".
 */
#include "core/browser.h"
#include "core/dispatch.h"
#include "core/faults.h"
#include "wire/fault.h"

struct refusal_kind {
	int status;
	enum common_fault fault;
	struct str query_error; /* of x-amzn-query-error */
};

static const struct refusal_kind kinds[] = {
	{408, FAULT_TIMEOUT, STR_INIT("RequestTimeout;Sender")},
	{413, FAULT_TOO_LARGE, STR_INIT("RequestEntityTooLarge;Sender")},
	{503, FAULT_UNAVAILABLE, STR_INIT("ServiceUnavailable;Receiver")},
	{0, FAULT_MALFORMED_HTTP, STR_INIT("MalformedHttpRequest;Sender")},
};

static const struct refusal_kind *kind_of(int status)
{
	const struct refusal_kind *kind = kinds;

	while (kind->status && kind->status != status)
		kind++;
	return kind;
}

static void add_header(struct net_refusal *refusal, struct str name, struct str value)
{
	refusal->headers[refusal->header_count++] = (struct http_header){name, value};
}

void dispatch_refusal(struct net_thread *thread, struct net_refusal *refusal)
{
	struct dispatch_thread *mine = net_thread_context(thread);
	const struct refusal_kind *kind = kind_of(refusal->status);
	const struct fault_type *fault = &common_faults[kind->fault];
	const struct service *service = route_guess(&mine->dispatch->routes, refusal->request);
	struct str request_id = str_of(mine->refusal_id, UUID_TEXT_SIZE);
	struct str reason = str_from(refusal->reason);
	const struct browser_rules *browsers = mine->dispatch->core->browsers;
	uint8_t id[16];

	uuid_new(id);
	uuid_format(id, mine->refusal_id);
	add_header(refusal, STR("x-amzn-RequestId"), request_id);
	if (refusal->request->fields[HTTP_FIELD_X_AMZ_TARGET].data) {
		add_header(refusal, STR("Content-Type"), wire_json_type(service));
		if (wire_has_query_error(service))
			add_header(refusal, STR("x-amzn-query-error"), kind->query_error);
		wire_fault_encode_json(&refusal->body, fault_namespace(fault, NULL), fault, reason);
	} else if (route_is_form(refusal->request)) {
		add_header(refusal, STR("Content-Type"), STR("text/xml"));
		wire_fault_encode_query(&refusal->body, service, fault, reason, request_id);
	} else {
		add_header(refusal, STR("Content-Type"), STR("text/plain; charset=utf-8"));
		buf_append(&refusal->body, reason);
	}
	if (browsers)
		refusal->header_count += browser_headers(browsers, refusal->request,
							 refusal->headers + refusal->header_count);
}
