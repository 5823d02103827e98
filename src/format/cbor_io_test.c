/* SPDX-License-Identifier: MIT */
/* Tests of the CBOR reader on the examples of RFC 8949, appendix A, and of the writer. */
#include "format/cbor_io.h"

#include <math.h>

#include "base/fixture.h"

static struct buf out;

static int teardown(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

static struct str bytes_of(const char *hex)
{
	struct str text = str_from(hex);
	char *bytes = arena_bytes(&arena, text.size / 2 + 1);

	check(hex_parse(text, (uint8_t *)bytes));
	return str_of(bytes, text.size / 2);
}

static enum err read_hex(const char *hex, struct cbor_item *out_item)
{
	struct cbor_reader reader;

	cbor_reader_init(&reader, &arena, bytes_of(hex));
	enum err err = cbor_read(&reader, out_item);
	return !err && reader.rest.size > 0 ? ERR_EXISTS : err;
}

static enum err skip_bytes(struct str bytes)
{
	struct cbor_reader reader;
	struct cbor_item item;

	cbor_reader_init(&reader, &arena, bytes);
	enum err err = cbor_read(&reader, &item);
	if (!err)
		err = cbor_skip(&reader, &item);
	check(err || reader.depth == 0);
	return err;
}

static void test_cbor_numbers_of_every_width(void **state)
{
	static const struct {
		const char *hex;
		enum cbor_kind kind;
		uint64_t number;
	} cases[] = {
		{"00", CBOR_UINT, 0},
		{"17", CBOR_UINT, 23},
		{"1818", CBOR_UINT, 24},
		{"1903e8", CBOR_UINT, 1000},
		{"1a000f4240", CBOR_UINT, 1000000},
		{"1bffffffffffffffff", CBOR_UINT, UINT64_MAX},
		{"20", CBOR_NINT, 0},
		{"3863", CBOR_NINT, 99},
		{"3903e7", CBOR_NINT, 999},
		{"3bffffffffffffffff", CBOR_NINT, UINT64_MAX},
	};
	struct cbor_item item;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_hex(cases[i].hex, &item), ERR_OK);
		assert_int_equal(item.kind, cases[i].kind);
		assert_true(item.number == cases[i].number);
	}
}

static void test_cbor_reals_of_every_width(void **state)
{
	static const struct {
		const char *hex;
		double real;
	} cases[] = {{"f93c00", 1.0},
		     {"f97bff", 65504.0},
		     {"f90001", 5.960464477539063e-8},
		     {"fa47c35000", 100000.0},
		     {"fb3ff199999999999a", 1.1},
		     {"f9fc00", -(double)INFINITY}};
	struct cbor_item item;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_hex(cases[i].hex, &item), ERR_OK);
		assert_int_equal(item.kind, CBOR_DOUBLE);
		assert_true(item.real == cases[i].real);
	}
	assert_int_equal(read_hex("f97e00", &item), ERR_OK);
	assert_true(isnan(item.real));
}

static void test_cbor_null_and_undefined_are_absent(void **state)
{
	struct cbor_item item;

	(void)state;
	assert_int_equal(read_hex("f6", &item), ERR_OK);
	assert_int_equal(item.kind, CBOR_NULL);
	assert_int_equal(read_hex("f7", &item), ERR_OK);
	assert_int_equal(item.kind, CBOR_NULL);
	assert_int_equal(read_hex("f5", &item), ERR_OK);
	assert_true(item.kind == CBOR_BOOL && item.boolean);
}

static void test_cbor_pieces_of_a_string_are_joined(void **state)
{
	struct cbor_item item;

	(void)state;
	assert_int_equal(read_hex("7f657374726561646d696e67ff", &item), ERR_OK);
	assert_int_equal(item.kind, CBOR_TEXT);
	assert_str(item.text, "streaming");
	assert_int_equal(read_hex("5fff", &item), ERR_OK);
	assert_int_equal(item.kind, CBOR_BYTES);
	assert_non_null(item.text.data);
	assert_int_equal(read_hex("5f6161ff", &item), ERR_INVALID); /* a piece of another kind */
	assert_int_equal(read_hex("7f7f6161ffff", &item), ERR_INVALID);
}

static void test_cbor_refuses_what_is_cut_off_or_no_text(void **state)
{
	static const char *const texts[] = {"", "18", "62", "6261", "62c328", "1c", "7f6161", "c1"};
	struct cbor_item item;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(read_hex(texts[i], &item), ERR_INVALID);
	assert_int_equal(skip_bytes(bytes_of("c1")), ERR_INVALID);
	assert_int_equal(skip_bytes(bytes_of("8201")), ERR_INVALID);
	assert_int_equal(skip_bytes(bytes_of("82ff")), ERR_INVALID);
	assert_int_equal(skip_bytes(bytes_of("bf01ff")), ERR_INVALID); /* a key without a value */
	assert_int_equal(skip_bytes(bytes_of("bf01ffff")), ERR_INVALID);
	assert_int_equal(skip_bytes(bytes_of("9bffffffffffffffff01")), ERR_INVALID);
}

static void test_cbor_walk_goes_over_both_kinds_of_map(void **state)
{
	static const char *const maps[] = {"a2616101616202", "bf616101616202ff"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct cbor_reader reader;
		struct cbor_item item;
		struct cbor_walk walk;
		uint64_t sum = 0;
		bool has;
		cbor_reader_init(&reader, &arena, bytes_of(maps[i]));
		assert_int_equal(cbor_read(&reader, &item), ERR_OK);
		assert_int_equal(cbor_enter(&reader, &item, &walk), ERR_OK);
		for (;;) {
			assert_int_equal(cbor_next(&reader, &walk, &has, &item), ERR_OK);
			if (!has)
				break;
			assert_int_equal(item.kind, CBOR_TEXT);
			assert_int_equal(cbor_read(&reader, &item), ERR_OK);
			sum += item.number;
		}
		assert_int_equal(sum, 3);
		assert_int_equal(reader.rest.size, 0);
		assert_int_equal(reader.depth, 0);
	}
}

static void test_cbor_depth_and_items_have_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < LIMIT_CBOR_DEPTH; i++)
		buf_append_char(&out, '\x81');
	buf_append_char(&out, '\x01');
	assert_int_equal(skip_bytes(buf_str(&out)), ERR_OK);
	buf_reset(&out);
	for (size_t i = 0; i <= LIMIT_CBOR_DEPTH; i++)
		buf_append_char(&out, i % 2 ? '\xc1' : '\x81');
	buf_append_char(&out, '\x01');
	assert_int_equal(skip_bytes(buf_str(&out)), ERR_TOOLARGE);

	buf_reset(&out);
	cbor_write_array(&out, LIMIT_CBOR_ITEMS - 1);
	for (size_t i = 0; i < LIMIT_CBOR_ITEMS - 1; i++)
		buf_append_char(&out, '\x01');
	assert_int_equal(skip_bytes(buf_str(&out)), ERR_OK);
	buf_reset(&out);
	cbor_write_array(&out, LIMIT_CBOR_ITEMS);
	for (size_t i = 0; i < LIMIT_CBOR_ITEMS; i++)
		buf_append_char(&out, '\x01');
	assert_int_equal(skip_bytes(buf_str(&out)), ERR_TOOLARGE);
}

static void test_cbor_depth_of_tags_has_a_limit(void **state)
{
	(void)state;
	for (size_t i = 0; i < LIMIT_CBOR_DEPTH; i++)
		buf_append_char(&out, '\xc1');
	buf_append_char(&out, '\x01');
	assert_int_equal(skip_bytes(buf_str(&out)), ERR_OK);
	buf_reset(&out);
	for (size_t i = 0; i <= LIMIT_CBOR_DEPTH; i++)
		buf_append_char(&out, '\xc1');
	buf_append_char(&out, '\x01');
	assert_int_equal(skip_bytes(buf_str(&out)), ERR_TOOLARGE);
}

static void test_cbor_pieces_of_a_string_have_a_limit(void **state)
{
	enum { PIECES_MAX = 1024 };

	(void)state;
	for (size_t count = PIECES_MAX; count <= PIECES_MAX + 1; count++) {
		buf_reset(&out);
		buf_append_char(&out, '\x7f');
		for (size_t i = 0; i < count; i++)
			buf_append(&out, STR("aa"));
		buf_append_char(&out, '\xff');
		assert_int_equal(skip_bytes(buf_str(&out)),
				 count == PIECES_MAX ? ERR_OK : ERR_TOOLARGE);
	}
}

static void assert_written(const char *hex)
{
	struct str expected = bytes_of(hex);

	assert_true(str_equal(buf_str(&out), expected));
	buf_reset(&out);
}

static void test_cbor_writer_takes_the_shortest_form(void **state)
{
	(void)state;
	cbor_write_int(&out, 23);
	cbor_write_int(&out, 24);
	cbor_write_int(&out, -1);
	cbor_write_int(&out, INT64_MIN);
	assert_written("171818203b7fffffffffffffff");
	cbor_write_double(&out, 1.5);
	cbor_write_double(&out, 1.1);
	cbor_write_double(&out, (double)INFINITY);
	assert_written("fa3fc00000fb3ff199999999999afa7f800000");
	cbor_write_map(&out, 1);
	cbor_write_text(&out, STR("a"));
	cbor_write_array(&out, 2);
	cbor_write_bytes(&out, STR("\x01\x02"));
	cbor_write_bool(&out, false);
	assert_written("a1616182420102f4");
	cbor_write_tag(&out, 1);
	cbor_write_int(&out, 1363896240);
	assert_written("c11a514b67b0");
	cbor_write_text(&out, STR("a\xc3"));
	assert_written("6461efbfbd");
}

static void test_cbor_short_tags_are_read(void **state)
{
	(void)state;
	for (unsigned char tag = 0; tag < 24; tag++) {
		const char bytes[] = {(char)(0xc0 | tag), 0x01};
		struct cbor_reader reader;
		struct cbor_item item;
		cbor_reader_init(&reader, &arena, str_of(bytes, sizeof(bytes)));
		assert_int_equal(cbor_read(&reader, &item), ERR_OK);
		assert_int_equal(item.kind, CBOR_TAG);
		assert_int_equal(item.number, tag);
		assert_int_equal(cbor_skip(&reader, &item), ERR_OK);
		assert_int_equal(reader.rest.size, 0);
	}
}
