/* SPDX-License-Identifier: MIT */
/*
 * AWS Query by the input shape of each operation: the first bytes choose the operation, the rest is
 * the form. What was decoded can be written as JSON.
 */
#include "format/form.h"
#include "format/json.h"
#include "fuzz.h"
#include "shapes.h"
#include "wire/json.h"
#include "wire/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str problem = {0};
	struct buf json = {0};
	struct arena arena;
	struct form form;
	yyjson_val *root;

	struct str text = str_of(data, size);
	const struct shape *shape = choose_shape(&text);
	if (!shape)
		return 0;
	arena_init(&arena);
	if (form_parse(&arena, text, &form) == ERR_OK) {
		void *value = arena_alloc(&arena, shape->size);
		enum err err = wire_query_decode(&arena, &form, shape, value, &problem);
		check(err == ERR_OK || (err == ERR_INVALID && problem.size > 0));
		if (!err) {
			wire_json_encode(&json, shape, value);
			check(json_parse(&arena, buf_str(&json), &root) == ERR_OK);
		}
	}
	buf_done(&json);
	arena_done(&arena);
	return 0;
}
