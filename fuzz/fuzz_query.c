/* SPDX-License-Identifier: MIT */
/*
 * AWS Query by the input shape of each SQS operation: the first byte chooses the operation, the
 * rest is the form. What was decoded can be written as JSON.
 */
#include "api/sqs.h"
#include "format/form.h"
#include "format/json.h"
#include "fuzz.h"
#include "wire/json.h"
#include "wire/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str problem = {0};
	struct buf json = {0};
	struct arena arena;
	struct form form;
	yyjson_val *root;

	if (size < 1)
		return 0;
	const struct shape *shape = sqs_operations[data[0] % SQS_OPERATIONS].in;
	arena_init(&arena);
	if (form_parse(&arena, str_of(data + 1, size - 1), &form) == ERR_OK) {
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
