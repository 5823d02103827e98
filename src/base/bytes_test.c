/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "base/fixture.h"
#include "base/vec.h"

static void test_bytes_have_the_order_that_the_name_says(void **state)
{
	uint8_t bytes[10] = {0};

	(void)state;
	put_u16(bytes + 1, 0x0201);
	assert_memory_equal(bytes, "\0\1\2\0", 4);
	put_u32(bytes + 1, 0x04030201);
	assert_memory_equal(bytes, "\0\1\2\3\4\0", 6);
	put_u64(bytes + 1, 0x0807060504030201);
	assert_memory_equal(bytes, "\0\1\2\3\4\5\6\7\10\0", 10);
	assert_int_equal(get_u16(bytes + 1), 0x0201);
	assert_int_equal(get_u32(bytes + 1), 0x04030201);
	assert_true(get_u64(bytes + 1) == 0x0807060504030201);
	assert_int_equal(get_u32_be(bytes + 1), 0x01020304);
	assert_true(get_u64_be(bytes + 1) == 0x0102030405060708);
	put_u32_be(bytes + 1, 0x01020304);
	assert_memory_equal(bytes + 1, "\1\2\3\4", 4);
	put_u64_be(bytes + 1, 0x0102030405060708);
	assert_memory_equal(bytes + 1, "\1\2\3\4\5\6\7\10", 8);
}

static void append_all(struct buf *buf)
{
	bytes_append_u8(buf, 250);
	bytes_append_u16(buf, 65000);
	bytes_append_u32(buf, 4000000000);
	bytes_append_u64(buf, UINT64_MAX - 1);
	bytes_append_str(buf, STR("text"));
	bytes_append_str(buf, (struct str){0});
}

static void test_bytes_that_were_appended_are_read_again(void **state)
{
	struct buf buf = {0};

	(void)state;
	append_all(&buf);
	struct byte_reader reader = byte_reader_of(buf_str(&buf));
	assert_int_equal(byte_reader_u8(&reader), 250);
	assert_int_equal(byte_reader_u16(&reader), 65000);
	assert_int_equal(byte_reader_u32(&reader), 4000000000);
	assert_true(byte_reader_u64(&reader) == UINT64_MAX - 1);
	assert_str(byte_reader_str(&reader), "text");
	assert_false(byte_reader_is_done(&reader));
	assert_int_equal(byte_reader_str(&reader).size, 0);
	assert_true(byte_reader_is_done(&reader));
	buf_done(&buf);
}

/* Reads the fields of append_all; true if the reader had them all. */
static bool read_all(struct str data)
{
	struct byte_reader reader = byte_reader_of(data);

	(void)byte_reader_u8(&reader);
	(void)byte_reader_u16(&reader);
	(void)byte_reader_u32(&reader);
	(void)byte_reader_u64(&reader);
	(void)byte_reader_str(&reader);
	(void)byte_reader_str(&reader);
	return byte_reader_is_done(&reader);
}

static void test_bytes_reader_stops_at_every_end(void **state)
{
	struct buf buf = {0};

	(void)state;
	append_all(&buf);
	for (size_t size = 0; size < buf.size; size++) {
		/* A copy of the very size, so that a sanitizer sees a read beyond it. */
		struct str cut = heap_copy(str_of(buf.data, size));
		assert_false(read_all(cut));
		heap_free((void *)(uintptr_t)cut.data);
	}
	assert_true(read_all(buf_str(&buf)));
	bytes_append_u8(&buf, 0);
	assert_false(read_all(buf_str(&buf)));
	buf_done(&buf);
}

static void test_bytes_reader_reads_zeros_after_it_was_short(void **state)
{
	struct byte_reader reader = byte_reader_of(STR("\1\1\1"));

	(void)state;
	assert_int_equal(byte_reader_u32(&reader), 0);
	assert_int_equal(byte_reader_u8(&reader), 0);
	assert_false(byte_reader_is_done(&reader));
}

struct pair {
	int key;
	double value;
};

struct pairs {
	struct pair *items;
	size_t count, capacity;
};

static void test_bytes_varints_have_up_to_ten_bytes(void **state)
{
	static const struct {
		uint64_t value;
		size_t size;
	} cases[] = {{0, 1},	       {127, 1},	{128, 2},	 {16383, 2},
		     {16384, 3},       {1 << 21, 4},	{UINT32_MAX, 5}, {INT64_MAX, 9},
		     {1ull << 63, 10}, {UINT64_MAX, 10}};
	struct buf buf = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_reset(&buf);
		bytes_append_varint(&buf, cases[i].value);
		assert_int_equal(buf.size, cases[i].size);
		struct byte_reader reader = byte_reader_of(buf_str(&buf));
		assert_true(byte_reader_varint(&reader) == cases[i].value);
		assert_true(byte_reader_is_done(&reader));
		reader = byte_reader_of(str_of(buf.data, buf.size - 1));
		assert_true(byte_reader_varint(&reader) == 0);
		assert_false(byte_reader_is_done(&reader));
	}
	buf_done(&buf);
}

static void test_bytes_varints_beyond_64_bits_are_refused(void **state)
{
	struct byte_reader reader = byte_reader_of(STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));

	(void)state;
	assert_true(byte_reader_varint(&reader) == 0);
	assert_true(reader.is_short);
	reader = byte_reader_of(STR("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"));
	assert_true(byte_reader_varint(&reader) == 0);
	assert_true(reader.is_short);
}

static void test_vec_keeps_what_is_pushed(void **state)
{
	struct pairs pairs = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		vec_push(&pairs, (struct pair){i, i / 2.0});
	vec_add(&pairs)->key = 1000;
	assert_int_equal(pairs.count, 1001);
	for (int i = 0; i <= 1000; i++)
		assert_int_equal(pairs.items[i].key, i);
	vec_done(&pairs);
	assert_null(pairs.items);
	assert_int_equal(pairs.count, 0);
	vec_push(&pairs, (struct pair){7, 0});
	assert_int_equal(pairs.items[0].key, 7);
	vec_done(&pairs);
}

static void test_vec_reserves_once_for_many(void **state)
{
	struct pairs pairs = {0};

	(void)state;
	vec_reserve(&pairs, 100);
	const struct pair *items = pairs.items;
	for (int i = 0; i < 100; i++)
		vec_push(&pairs, (struct pair){i, 0});
	assert_ptr_equal(items, pairs.items);
	assert_true(pairs.capacity >= 100);
	vec_done(&pairs);
}
