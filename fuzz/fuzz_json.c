/* SPDX-License-Identifier: MIT */
/*
 * AWS JSON by the input shape of each operation: the first bytes choose the operation, the rest is
 * the body. A decoded value is encoded, and both decode and encode to the same again.
 */
#include "format/json.h"
#include "fuzz.h"
#include "shapes.h"
#include "wire/json.h"

static bool decode(struct arena *arena, const struct shape *shape, struct str text,
		   void **out_value)
{
	struct str problem = {0};

	*out_value = arena_alloc(arena, shape->size);
	enum err err = wire_json_decode(arena, text, shape, *out_value, &problem);
	check(err == ERR_OK || (err == ERR_INVALID && problem.size > 0));
	return !err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first = {0}, second = {0};
	struct arena arena;
	yyjson_val *root;
	void *value;

	struct str text = str_of(data, size);
	const struct shape *shape = choose_shape(&text);
	if (!shape)
		return 0;
	arena_init(&arena);
	if (decode(&arena, shape, text, &value)) {
		wire_json_encode(&first, shape, value);
		check(json_parse(&arena, buf_str(&first), &root) == ERR_OK);
		check(decode(&arena, shape, buf_str(&first), &value));
		wire_json_encode(&second, shape, value);
		check(str_equal(buf_str(&first), buf_str(&second)));
	}
	buf_done(&first);
	buf_done(&second);
	arena_done(&arena);
	return 0;
}
