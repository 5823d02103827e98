/* SPDX-License-Identifier: MIT */
/*
 * CBOR item by item: what is read is written again, in definite lengths and the shortest form, and
 * is then read and written as the same bytes; skipping an item ends where reading it ends. Then all
 * shapes of the kitchen's service of RPC v2 CBOR, and its faults, read the same bytes.
 */
#include "format/cbor_io.h"
#include "fuzz.h"
#include "tests/wire/kitchen.h"
#include "wire/cbor.h"

#define CBOR_NULL_BYTE '\xf6'

static enum err copy_item(struct cbor_reader *reader, const struct cbor_item *item, int depth,
			  struct buf *out);

static enum err read_and_copy(struct cbor_reader *reader, int depth, struct buf *out)
{
	struct cbor_item item;

	enum err err = cbor_read(reader, &item);
	return err ? err : copy_item(reader, &item, depth, out);
}

/* The number of items is written before them, so they are copied aside first. */
static enum err copy_container(struct cbor_reader *reader, const struct cbor_item *item, int depth,
			       struct buf *out)
{
	struct buf inside = {0};
	struct cbor_item next;
	struct cbor_walk walk;
	size_t count = 0;
	bool has;

	enum err err = cbor_enter(reader, item, &walk);
	for (;; count++) {
		if (!err)
			err = cbor_next(reader, &walk, &has, &next);
		if (err || !has)
			break;
		err = copy_item(reader, &next, depth, &inside);
		if (!err && item->kind == CBOR_MAP)
			err = read_and_copy(reader, depth, &inside);
	}
	if (item->kind == CBOR_MAP)
		cbor_write_map(out, count);
	else
		cbor_write_array(out, count);
	buf_append(out, buf_str(&inside));
	buf_done(&inside);
	return err;
}

/* ERR_TOOLARGE: a number beyond those of the writer, or too deep. */
static enum err copy_item(struct cbor_reader *reader, const struct cbor_item *item, int depth,
			  struct buf *out)
{
	if (depth == 0)
		return ERR_TOOLARGE;
	switch (item->kind) {
	case CBOR_UINT:
	case CBOR_NINT:
		if (item->number > INT64_MAX)
			return ERR_TOOLARGE;
		cbor_write_int(out, item->kind == CBOR_UINT ? (int64_t)item->number
							    : -1 - (int64_t)item->number);
		return ERR_OK;
	case CBOR_BYTES:
		cbor_write_bytes(out, item->text);
		return ERR_OK;
	case CBOR_TEXT:
		check(str_is_utf8(item->text));
		cbor_write_text(out, item->text);
		return ERR_OK;
	case CBOR_TAG:
		cbor_write_tag(out, item->number);
		return read_and_copy(reader, depth - 1, out);
	case CBOR_DOUBLE:
		cbor_write_double(out, item->real);
		return ERR_OK;
	case CBOR_BOOL:
		cbor_write_bool(out, item->boolean);
		return ERR_OK;
	case CBOR_NULL:
		buf_append_char(out, CBOR_NULL_BYTE);
		return ERR_OK;
	case CBOR_BREAK:
		return ERR_INVALID;
	default:
		return copy_container(reader, item, depth - 1, out);
	}
}

static enum err copy(struct arena *arena, struct str text, struct buf *out, struct str *out_rest)
{
	struct cbor_reader reader;

	cbor_reader_init(&reader, arena, text);
	enum err err = read_and_copy(&reader, LIMIT_CBOR_DEPTH, out);
	check_within(reader.rest, text);
	*out_rest = reader.rest;
	return err;
}

static void check_skip(struct arena *arena, struct str text, struct str rest)
{
	struct cbor_reader reader;
	struct cbor_item item;

	cbor_reader_init(&reader, arena, text);
	check(cbor_read(&reader, &item) == ERR_OK);
	check(cbor_skip(&reader, &item) == ERR_OK);
	check(str_equal(reader.rest, rest));
}

static void check_items(struct arena *arena, struct str text)
{
	struct buf first = {0}, second = {0};
	struct str rest, nothing;

	if (copy(arena, text, &first, &rest) == ERR_OK) {
		check_skip(arena, text, rest);
		check(copy(arena, buf_str(&first), &second, &nothing) == ERR_OK);
		check(nothing.size == 0);
		check(str_equal(buf_str(&first), buf_str(&second)));
	}
	buf_done(&first);
	buf_done(&second);
}

static void check_shapes(struct arena *arena, struct str text)
{
	const struct service *service = route_service(&kitchen_table, STR("cbor"));
	struct str problem, type, message;

	for (uint32_t i = 0; i < service->operation_count; i++) {
		const struct shape *shape = service->operations[i].in;
		void *value = arena_alloc(arena, shape->size);
		problem = (struct str){0};
		enum err err =
			wire_cbor_decode(arena, text, shape, LIMIT_REQUEST_ITEMS, value, &problem);
		check(err == ERR_OK || (err == ERR_INVALID && problem.size > 0));
	}
	if (wire_cbor_decode_fault(arena, text, &type, &message) == ERR_OK)
		check(str_is_utf8(type) && str_is_utf8(message));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of(data, size);
	struct arena arena;

	arena_init(&arena);
	check_items(&arena, text);
	check_shapes(&arena, text);
	arena_done(&arena);
	return 0;
}
