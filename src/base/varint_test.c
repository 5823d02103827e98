/* SPDX-License-Identifier: MIT */
#include "base/varint.h"

#include <string.h>

#include "base/bytes.h"
#include "base/fixture.h"

static void test_varints_take_seven_bits_a_byte(void **state)
{
	static const uint64_t values[] = {
		0, 1, 127, 128, 16383, 16384, UINT32_MAX, 1 << 21, UINT64_MAX - 1, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		uint8_t bytes[VARINT_SIZE_MAX];
		uint64_t value;
		size_t size = put_varint(bytes, values[i]);
		assert_int_equal(size, varint_size(values[i]));
		assert_int_equal(get_varint(bytes, size, &value), size);
		assert_int_equal(value, values[i]);
		assert_int_equal(get_varint(bytes, size - 1, &value), 0);
		struct byte_reader reader = byte_reader_of(str_of(bytes, size));
		assert_int_equal(byte_reader_varint(&reader), values[i]);
	}
	assert_int_equal(varint_size(127), 1);
	assert_int_equal(varint_size(128), 2);
	assert_int_equal(varint_size(UINT64_MAX), VARINT_SIZE_MAX);
}

static void test_varints_beyond_64_bits_are_refused(void **state)
{
	uint8_t bytes[11];
	uint64_t value;

	(void)state;
	memset(bytes, 0xff, sizeof bytes);
	assert_int_equal(get_varint(bytes, sizeof bytes, &value), 0);
	bytes[9] = 2;
	assert_int_equal(get_varint(bytes, sizeof bytes, &value), 0);
	bytes[9] = 1;
	assert_int_equal(get_varint(bytes, sizeof bytes, &value), 10);
}
