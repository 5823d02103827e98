/* SPDX-License-Identifier: MIT */
/*
 * refusal: what the HTTP layer refuses, told in the dialect that the headers show so far: SDKs show
 * their users the fault's name and text instead of "invalid response".
 */
#include "core/dispatch.h"
#include "core/faults.h"
#include "wire/fault.h"

static const struct fault_type *fault_of(int status)
{
	switch (status) {
	case 408:
		return &common_faults[FAULT_TIMEOUT];
	case 413:
		return &common_faults[FAULT_TOO_LARGE];
	case 503:
		return &common_faults[FAULT_UNAVAILABLE];
	default:
		return &common_faults[FAULT_MALFORMED_HTTP];
	}
}

void dispatch_refusal(struct net_thread *thread, const struct http_request *request, int status,
		      const char *reason, struct str *out_type, struct buf *out_body)
{
	const struct fault_type *fault = fault_of(status);
	char request_id[UUID_TEXT_SIZE];
	uint8_t id[16];

	(void)thread;
	if (request->fields[HTTP_FIELD_X_AMZ_TARGET].data) {
		*out_type = STR("application/x-amz-json-1.0");
		wire_fault_encode_json(out_body, fault_namespace(fault, NULL), fault,
				       str_from(reason));
	} else if (route_is_form(request)) {
		uuid_new(id);
		uuid_format(id, request_id);
		*out_type = STR("text/xml");
		wire_fault_encode_query(out_body, NULL, fault, str_from(reason),
					str_of(request_id, UUID_TEXT_SIZE));
	} else {
		buf_append(out_body, str_from(reason));
	}
}
