/* SPDX-License-Identifier: MIT */
/* same: compares values that a fuzzer has written and read. */
#ifndef TERN_FUZZ_SAME_H
#define TERN_FUZZ_SAME_H

#include "base/base.h"
#include "wire/json.h"

/* Two values of a shape are the same if their JSON is. */
static inline void check_same(const struct shape *shape, const void *a, const void *b)
{
	struct buf left = {0}, right = {0};

	wire_json_encode(&left, shape, a);
	wire_json_encode(&right, shape, b);
	check(str_equal(buf_str(&left), buf_str(&right)));
	buf_done(&left);
	buf_done(&right);
}

#endif
