/* SPDX-License-Identifier: MIT */
/*
 * Records of the catalog: what is read is written again, and read as the same. Texts are views into
 * the input.
 */
#include "fuzz.h"
#include "same.h"
#include <kitchen_records.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json11_kitchen_record record, again;
	struct str input = str_of(data, size);
	struct buf first = {0}, second = {0};
	struct arena arena;

	arena_init(&arena);
	enum err err = json11_kitchen_record_decode(&arena, input, &record);
	check(err == ERR_OK || err == ERR_DAMAGED || err == ERR_VERSION);
	if (!err) {
		if (size > 0 && data[0] == RECORD_FORMAT)
			check_within(record.text, input);
		json11_kitchen_record_encode(&first, &record);
		err = json11_kitchen_record_decode(&arena, buf_str(&first), &again);
		check(err == ERR_OK);
		check_same(&json11_kitchen_record_shape, &record, &again);
		json11_kitchen_record_encode(&second, &again);
		check(str_equal(buf_str(&first), buf_str(&second)));
	}
	arena_done(&arena);
	buf_done(&first);
	buf_done(&second);
	return 0;
}
