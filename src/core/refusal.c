/* SPDX-License-Identifier: MIT */
/*
 * refusal: answers requests that the HTTP layer refuses in the dialect that the headers name, so
 * that SDKs show the fault's name and text instead of "invalid response".
 */
#include "core/browser.h"
#include "core/dispatch.h"
#include "wire/faults.h"

static enum common_fault fault_of(int status)
{
	switch (status) {
	case 408:
		return FAULT_TIMEOUT;
	case 413:
		return FAULT_TOO_LARGE;
	case 503:
		return FAULT_UNAVAILABLE;
	default:
		return FAULT_MALFORMED_HTTP;
	}
}

/* The answers of faults have few headers, so they all fit (NET_REFUSAL_HEADERS). */
static void add_header(struct net_refusal *refusal, struct str name, struct str value)
{
	check(refusal->header_count + BROWSER_HEADERS < NET_REFUSAL_HEADERS);
	refusal->headers[refusal->header_count++] = (struct http_header){name, value};
}

void dispatch_refusal(struct net_thread *thread, struct net_refusal *refusal)
{
	struct dispatch_thread *mine = net_thread_context(thread);
	const struct browser_rules *browsers = mine->dispatch->core->browsers;
	const struct service *service;
	const struct dialect *dialect =
		route_guess(&mine->dispatch->routes, refusal->request, &service);
	struct str reason = str_from(refusal->reason);
	struct wire_message answer = {.arena = &mine->refusal, .body = &refusal->body};
	uint8_t id[16];

	arena_reset(&mine->refusal);
	uuid_new(id);
	char *text = arena_bytes(&mine->refusal, UUID_TEXT_SIZE);
	uuid_format(id, text);
	answer.request_id = str_of(text, UUID_TEXT_SIZE);
	add_header(refusal, STR("x-amzn-RequestId"), answer.request_id);
	if (dialect) {
		dialect->encode_fault(&answer, service, &common_faults[fault_of(refusal->status)],
				      reason);
		for (size_t i = 0; i < answer.header_count; i++)
			add_header(refusal, answer.headers[i].name, answer.headers[i].value);
	} else {
		add_header(refusal, STR("Content-Type"), STR("text/plain; charset=utf-8"));
		buf_append(&refusal->body, reason);
	}
	if (browsers)
		refusal->header_count += browser_headers(browsers, refusal->request,
							 refusal->headers + refusal->header_count);
}
