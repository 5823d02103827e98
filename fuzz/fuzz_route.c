/* SPDX-License-Identifier: MIT */
/*
 * An HTTP request to an operation or a fault; the fault can be written in every dialect.
 */
#include "api/services.h"
#include "format/json.h"
#include "fuzz.h"
#include "request.h"
#include "wire/fault.h"
#include "wire/route.h"

static void check_fault(struct arena *arena, const struct route *route)
{
	struct buf body = {0};
	yyjson_val *root;

	check(route->problem.size > 0);
	wire_fault_encode_json(&body, STR("namespace"), route->fault, route->problem);
	check(json_parse(arena, buf_str(&body), &root) == ERR_OK);
	buf_reset(&body);
	wire_fault_encode_query_json(&body, route->fault, route->problem, STR("id"));
	check(json_parse(arena, buf_str(&body), &root) == ERR_OK);
	buf_reset(&body);
	wire_fault_encode_query(&body, route->service, route->fault, route->problem, STR("id"));
	check(str_is_utf8(buf_str(&body)));
	for (size_t i = 0; i < body.size; i++)
		check((unsigned char)body.data[i] >= ' ' || body.data[i] == '\t' ||
		      body.data[i] == '\n');
	buf_done(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct route_table table = {api_services, API_SERVICES, NULL};
	struct buf bytes = {0};
	struct http_request request;
	struct route route;
	struct arena arena;

	arena_init(&arena);
	if (read_http(&bytes, str_of(data, size), &request)) {
		route_request(&table, &arena, &request, &route);
		check(str_is_utf8(route.path));
		const struct service *service;
		(void)route_guess(&table, &request, &service); /* any answer is fine */
		check(route.dialect);
		if (route.operation)
			check(route.service && !route.fault);
		else
			check_fault(&arena, &route);
	}
	arena_done(&arena);
	buf_done(&bytes);
	return 0;
}
