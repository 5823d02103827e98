/* SPDX-License-Identifier: MIT */
#include "base/fixture.h"

#include "base/bytes.h"
#include "base/random.h"
#include "wire/json.h"
#include "wire/member.h"
#include <kitchen_records.h>

static struct str encode(const struct shape *shape, const void *record)
{
	struct buf bytes = {0};

	record_encode(&bytes, shape, record);
	struct str copy = arena_copy(&arena, buf_str(&bytes));
	buf_done(&bytes);
	return copy;
}

static struct str show(const struct shape *shape, const void *record)
{
	struct buf text = {0};

	wire_json_encode_full(&text, shape, record);
	struct str copy = arena_copy(&arena, buf_str(&text));
	buf_done(&text);
	return copy;
}

static void check_bytes(struct str bytes, const char *hex)
{
	struct buf text = {0};

	for (size_t i = 0; i < bytes.size; i++)
		buf_format(&text, "%02x", (unsigned char)bytes.data[i]);
	assert_str(buf_str(&text), hex);
	buf_done(&text);
}

static struct str bytes_of(const char *hex)
{
	struct str text = str_from(hex);
	char *bytes = arena_bytes(&arena, text.size / 2);

	assert_true(hex_parse(text, (uint8_t *)bytes));
	return str_of(bytes, text.size / 2);
}

static enum err decode(const char *hex, struct json11_kitchen_record *out)
{
	return json11_kitchen_record_decode(&arena, bytes_of(hex), out);
}

/* ---- bytes ---- */

static void test_record_bytes_are_the_documented_ones(void **state)
{
	(void)state;
	struct shape_pair labels[] = {{STR("k"), STR("v")}};
	struct json11_leaf_record inner = {.name = STR("in"), .count = -1};
	int64_t numbers[] = {0, 300};
	struct json11_kitchen_record record = {
		.text = STR("ab"),
		.small = 1,
		.real = 1,
		.flag = true,
		.thing = &inner,
		.numbers = numbers,
		.numbers_count = 2,
		.labels = labels,
		.labels_count = 1,
		.far = true,
	};

	check_bytes(encode(&json11_kitchen_record_shape, &record),
		    "01"		 /* format */
		    "06"		 /* 1, bytes */
		    "026162"		 /* "ab" */
		    "0c02"		 /* 3, number: 1 */
		    "15000000000000f03f" /* 5, real: 1.0 */
		    "1801"		 /* 6, number: true */
		    "22060602696e0801"	 /* 8, bytes: a Leaf: 1 "in", 2 number -1 */
		    "2a040200d804"	 /* 10, bytes: two items, 0 and 300 */
		    "4a05"		 /* 18, bytes */
		    "01016b0176"	 /* one pair, "k" and "v" */
		    "800101" /* 32, number: true */);
}

static void test_record_leaves_out_what_is_absent_or_zero(void **state)
{
	(void)state;
	struct json11_kitchen_record record = {0}, again;

	check_bytes(encode(&json11_kitchen_record_shape, &record), "01");
	assert_int_equal(decode("01", &again), ERR_OK);
	assert_memory_equal(&record, &again, sizeof(record));
}

static void test_record_keeps_empty_apart_from_absent(void **state)
{
	(void)state;
	struct json11_kitchen_record record = {.text = STR(""), .texts = arena_alloc(&arena, 0)};
	struct json11_kitchen_record again;

	struct str bytes = encode(&json11_kitchen_record_shape, &record);
	assert_int_equal(json11_kitchen_record_decode(&arena, bytes, &again), ERR_OK);
	assert_non_null(again.text.data);
	assert_int_equal(again.text.size, 0);
	assert_non_null(again.texts);
	assert_int_equal(again.texts_count, 0);
	assert_null(again.secret.data);
	assert_null(again.things);
}

static void test_record_sizes_of_any_length_are_written(void **state)
{
	(void)state;
	static const size_t sizes[] = {0,   1,	 123, 124,   125,   126,
				       127, 128, 129, 16377, 16383, 70000};
	static char text[70000];
	struct json11_leaf_record leaf = {.name = str_of(text, 0)};
	struct json11_kitchen_record record = {.thing = &leaf, .far = true}, again;

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		leaf.name.size = sizes[i];
		struct str bytes = encode(&json11_kitchen_record_shape, &record);
		assert_int_equal(json11_kitchen_record_decode(&arena, bytes, &again), ERR_OK);
		assert_true(str_equal(again.thing->name, leaf.name));
		assert_true(again.far);
	}
}

/* ---- versions ---- */

static void test_record_of_a_newer_server_is_refused(void **state)
{
	(void)state;
	struct json11_newer_record newer = {.name = STR("n"), .size = 5, .note = STR("new")};
	struct json11_older_record older;

	struct str bytes = encode(&json11_newer_record_shape, &newer);
	assert_int_equal(json11_older_record_decode(&arena, bytes, &older), ERR_VERSION);
	newer.note = (struct str){0};
	bytes = encode(&json11_newer_record_shape, &newer);
	assert_int_equal(json11_older_record_decode(&arena, bytes, &older), ERR_OK);
	assert_int_equal(older.size, 5);
	assert_int_equal(json11_older_record_decode(&arena, STR("\x02"), &older), ERR_VERSION);
}

static void test_record_skips_retired_members(void **state)
{
	(void)state;
	struct json11_older_record older = {.name = STR("n"), .count = 7, .size = 5};
	struct json11_newer_record newer;

	struct str bytes = encode(&json11_older_record_shape, &older);
	assert_int_equal(json11_newer_record_decode(&arena, bytes, &newer), ERR_OK);
	assert_str(newer.name, "n");
	assert_int_equal(newer.size, 5);
	assert_null(newer.note.data);
}

static void test_record_reads_the_text_format_by_names(void **state)
{
	(void)state;
	struct json11_newer_record record;

	assert_int_equal(
		json11_newer_record_decode(
			&arena, STR("{\"version\":1,\"name\":\"n\",\"bytes\":12}"), &record),
		ERR_OK);
	assert_str(record.name, "n");
	assert_int_equal(record.size, 12);
	assert_int_equal(json11_newer_record_decode(&arena, STR("{\"name\":"), &record),
			 ERR_DAMAGED);
	assert_int_equal(json11_newer_record_decode(&arena, STR("{\"bytes\":\"x\"}"), &record),
			 ERR_DAMAGED);
}

/* ---- damage ---- */

static void test_record_refuses_damaged_bytes(void **state)
{
	(void)state;
	static const char *const damaged[] = {
		"",			    /* no format */
		"0100",			    /* number 0 */
		"010602616206026162",	    /* number 1 twice */
		"010c020602",		    /* 3 before 1 */
		"0106046162",		    /* text beyond the end */
		"010c",			    /* no number */
		"010c80",		    /* cut within it */
		"010cffffffffffffffffff02", /* more than 64 bits */
		"010c8080808010",	    /* more than 32 bits */
		"010402",		    /* the form of another kind */
		"010702",		    /* no such form */
		"01150000",		    /* a short double */
		"011802",		    /* a boolean that is 2 */
		"012a0103",		    /* a list with more items than bytes */
		"012a03010202",		    /* a list with a byte too many */
		"01220208",		    /* a structure with a byte missing */
		"0122010c",		    /* the same */
		"01620561",		    /* a retired text beyond the end */
		"0161000000",		    /* a retired double beyond the end */
	};
	struct json11_kitchen_record record = {.small = 42};

	for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++) {
		if (decode(damaged[i], &record) == ERR_OK || record.small != 42)
			fail_msg("%s was read", damaged[i]);
	}
	assert_int_equal(decode("0122020800", &record), ERR_OK);
}

static void test_record_nesting_is_bounded(void **state)
{
	(void)state;
	struct json11_leaf_record leaves[LIMIT_RECORD_DEPTH] = {0}, again;
	struct buf inner = {0}, outer = {0};

	for (int i = 0; i + 1 < LIMIT_RECORD_DEPTH; i++)
		leaves[i].inner = &leaves[i + 1];
	struct str bytes = encode(&json11_leaf_record_shape, leaves);
	assert_int_equal(json11_leaf_record_decode(&arena, bytes, &again), ERR_OK);
	/* One level more: 3, bytes, and the whole. */
	bytes_append_u8(&inner, 3 << 2 | 2);
	bytes_append_varint(&inner, bytes.size - 1);
	buf_append(&inner, str_slice(bytes, 1, SIZE_MAX));
	bytes_append_u8(&outer, RECORD_FORMAT);
	buf_append(&outer, buf_str(&inner));
	assert_int_equal(json11_leaf_record_decode(&arena, buf_str(&outer), &again), ERR_DAMAGED);
	buf_done(&inner);
	buf_done(&outer);
}

/* ---- random values ---- */

static void fill(struct prng *prng, const struct shape *shape, void *out, int depth);

static struct str random_text(struct prng *prng, bool is_text)
{
	size_t size = prng_below(prng, 8) ? prng_below(prng, 6) : prng_below(prng, 300);
	char *bytes = arena_bytes(&arena, size);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(is_text ? 'a' + prng_below(prng, 26) : prng_next(prng));
	return str_of(bytes, size);
}

static void fill_items(struct prng *prng, const struct shape_member *member, void *out, int depth);

static void fill_value(struct prng *prng, enum shape_kind kind, const struct shape_member *member,
		       void *place, int depth)
{
	int64_t number = (int64_t)(prng_next(prng) >> prng_below(prng, 64));
	double real = (double)number / 8;

	switch (kind) {
	case SHAPE_STRING:
	case SHAPE_BLOB:
		*(struct str *)place = random_text(prng, kind == SHAPE_STRING);
		return;
	case SHAPE_BOOLEAN:
		*(bool *)place = number & 1;
		return;
	case SHAPE_DOUBLE:
		memcpy(place, &real, sizeof(real));
		return;
	case SHAPE_STRUCTURE:
		fill(prng, member->shape, place, depth);
		return;
	case SHAPE_LIST:
	case SHAPE_MAP:
		fill_items(prng, member, place, depth);
		return;
	default:
		*(int64_t *)place = kind == SHAPE_INTEGER ? (int32_t)number : number;
	}
}

static void fill_items(struct prng *prng, const struct shape_member *member, void *out, int depth)
{
	size_t count = prng_below(prng, 4);
	char *items = arena_alloc(&arena, count * member->item_size);

	for (size_t i = 0; i < count; i++) {
		char *item = items + i * member->item_size;
		if (member->kind == SHAPE_MAP) {
			*(struct str *)(void *)item = random_text(prng, true);
			item += member->item_value_offset;
		}
		fill_value(prng, member->item_kind, member->item ? member->item : member, item,
			   depth + 1);
	}
	*(void **)member_at(out, member->offset) = items;
	*(size_t *)member_at(out, member->extra_offset) = count;
}

static void fill(struct prng *prng, const struct shape *shape, void *out, int depth)
{
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		void *place = member_at(out, member->offset);
		if (prng_below(prng, 3) == 0)
			continue;
		if (member->kind == SHAPE_STRUCTURE) {
			if (depth > 3)
				continue;
			void *structure = arena_alloc(&arena, member->shape->size);
			*(void **)place = structure;
			place = structure;
		} else if (member->kind == SHAPE_LIST || member->kind == SHAPE_MAP) {
			place = out;
		}
		fill_value(prng, member->kind, member, place, depth + 1);
	}
}

static void test_record_random_values_survive_and_no_cut_is_read_beyond(void **state)
{
	(void)state;
	struct json11_kitchen_record *record, again;
	struct prng prng;

	for (uint64_t seed = 1; seed <= 2000; seed++) {
		arena_reset(&arena);
		prng_init(&prng, seed);
		record = arena_new(&arena, struct json11_kitchen_record);
		fill(&prng, &json11_kitchen_record_shape, record, 0);
		struct str bytes = encode(&json11_kitchen_record_shape, record);
		assert_int_equal(json11_kitchen_record_decode(&arena, bytes, &again), ERR_OK);
		assert_true(str_equal(show(&json11_kitchen_record_shape, record),
				      show(&json11_kitchen_record_shape, &again)));
		assert_true(str_equal(bytes, encode(&json11_kitchen_record_shape, &again)));
		/* In a block of its own, so that sanitizers see a read beyond the end. */
		size_t size = prng_below(&prng, bytes.size);
		struct str cut = heap_copy(str_slice(bytes, 0, size));
		enum err err = json11_kitchen_record_decode(&arena, cut, &again);
		assert_true(err == ERR_OK || err == ERR_DAMAGED);
		heap_free((char *)cut.data);
	}
}
