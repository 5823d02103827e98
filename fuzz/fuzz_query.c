/* SPDX-License-Identifier: MIT */
/*
 * AWS Query by the input shape of each operation: the first bytes choose the operation, the rest is
 * the form. A decoded request can be written as JSON; sent again as a client sends it, or answered
 * as a server answers it, it is read as the same.
 */
#include "format/form.h"
#include "format/json.h"
#include "fuzz.h"
#include "same.h"
#include "shapes.h"
#include "wire/json.h"
#include "wire/query.h"
#include "wire/query_client.h"

static bool decode(struct arena *arena, const struct operation *operation, struct str text,
		   void **out_value)
{
	struct str problem = {0};
	struct form form;

	if (form_parse(arena, text, &form) != ERR_OK)
		return false;
	*out_value = arena_alloc(arena, operation->in->size);
	enum err err = wire_query_decode(arena, &form, operation->in, *out_value, &problem);
	check(err == ERR_OK || ((err == ERR_INVALID || err == ERR_NOTFOUND) && problem.size > 0));
	return !err;
}

/* The first time times may lose their milliseconds; from then on nothing changes. */
static void check_request(struct arena *arena, const struct operation *operation, void *value)
{
	void *before = NULL;

	for (int round = 0; round < 2; round++) {
		struct buf text = {0};
		wire_query_encode_request(&text, operation, value);
		struct str copy = arena_copy(arena, buf_str(&text));
		buf_done(&text);
		before = value;
		if (!decode(arena, operation, copy, &value))
			return; /* too many parameters */
	}
	check_same(operation->in, before, value);
}

/* XML has no control characters; the first time they are replaced. */
static void check_answer(struct arena *arena, const struct operation *operation, void *value)
{
	struct operation echo = *operation;
	void *before = NULL;

	echo.out = echo.in;
	for (int round = 0; round < 2; round++) {
		struct buf text = {0};
		if (operation->service->query_style == QUERY_STYLE_EC2)
			wire_ec2_encode(&text, &echo, value, STR("id"));
		else
			wire_query_encode(&text, &echo, value, STR("id"));
		struct str copy = arena_copy(arena, buf_str(&text));
		buf_done(&text);
		before = value;
		value = arena_alloc(arena, echo.out->size);
		check(wire_query_decode_answer(arena, copy, &echo, value) == ERR_OK);
	}
	check_same(echo.out, before, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of(data, size);
	const struct operation *operation = choose_operation(&text);
	struct buf json = {0};
	struct arena arena;
	yyjson_val *root;
	void *value;

	if (!operation)
		return 0;
	arena_init(&arena);
	if (decode(&arena, operation, text, &value)) {
		wire_json_encode(&json, operation->in, value);
		check(json_parse(&arena, buf_str(&json), &root) == ERR_OK);
		check_request(&arena, operation, value);
		check_answer(&arena, operation, value);
	}
	buf_done(&json);
	arena_done(&arena);
	return 0;
}
