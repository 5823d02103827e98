/* SPDX-License-Identifier: MIT */
/* Tests of limits that all dialects have. */
#include "cases.h"
#include "wire/client.h"

static int teardown(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

struct limit_case {
	const char *service, *target, *headers;
};

static void encode_request(const struct operation *operation, const void *value)
{
	struct wire_request request = {.message = {.arena = &arena, .body = &out}};
	struct str problem;

	buf_reset(&out);
	check(wire_client_encode(&request, operation, value, &problem) == ERR_OK);
	buf_done(&request.target);
}

/* Does the service read a list of so many texts? */
static bool takes_texts(const struct limit_case *row, const char *member_name, size_t count)
{
	const struct operation *operation = kitchen_operation(row->service, "Containers");
	struct request_case empty = {.target = row->target, .headers = row->headers, .body = ""};
	struct str problem = {0}, *texts = arena_array(&arena, struct str, count);
	char *value = arena_alloc(&arena, operation->in->size);
	struct route route;

	for (size_t i = 0; i < count; i++)
		texts[i] = STR("t");
	for (uint32_t i = 0; i < operation->in->member_count; i++) {
		const struct shape_member *member = &operation->in->members[i];
		if (!str_equal(member->name, str_from(member_name)))
			continue;
		*(struct str **)(void *)(value + member->offset) = texts;
		*(size_t *)(void *)(value + member->extra_offset) = count;
	}
	encode_request(operation, value);
	struct http_request request = request_of(&empty);
	request.body = buf_str(&out);
	route_request(&kitchen_table, &arena, &request, &route);
	check(route.operation == operation);
	void *in = arena_alloc(&arena, operation->in->size);
	return route.dialect->decode(&arena, &request, &route, in, &problem) == ERR_OK;
}

static void test_lists_have_a_limit_unless_their_operation_counts(void **state)
{
	static const struct limit_case rows[] = {
		{"json11", "POST /", T11("Containers")}, {"query", "POST /", FORM},
		{"restjson", "POST /containers", RJ},	 {"restxml", "POST /containers", RX},
		{"cbor", AT("Containers"), C},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(takes_texts(&rows[i], "Texts", LIMIT_REQUEST_ITEMS));
		assert_false(takes_texts(&rows[i], "Texts", LIMIT_REQUEST_ITEMS + 1));
		assert_true(takes_texts(&rows[i], "Counted", LIMIT_REQUEST_ITEMS + 1));
	}
}
