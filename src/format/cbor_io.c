/* SPDX-License-Identifier: MIT */
/*
 * cbor_io: libcbor calls one callback an item; each fills in the struct cbor_item that it is given.
 *
 * A count that an array or map claims costs nothing by itself: the reader takes no memory for it,
 * and each of its items counts against the bytes that are there.
 */
#include "format/cbor_io.h"

#include <cbor.h>
#include <float.h>
#include <math.h>
#include <string.h>

#define PIECES_MAX 1024		   /* of one string that was sent in pieces */
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* ---- reading ---- */

static void put_number(void *context, enum cbor_kind kind, uint64_t number)
{
	*(struct cbor_item *)context = (struct cbor_item){.kind = kind, .number = number};
}
static void on_uint8(void *context, uint8_t number)
{
	put_number(context, CBOR_UINT, number);
}
static void on_uint16(void *context, uint16_t number)
{
	put_number(context, CBOR_UINT, number);
}
static void on_uint32(void *context, uint32_t number)
{
	put_number(context, CBOR_UINT, number);
}
static void on_uint64(void *context, uint64_t number)
{
	put_number(context, CBOR_UINT, number);
}
static void on_nint8(void *context, uint8_t number)
{
	put_number(context, CBOR_NINT, number);
}
static void on_nint16(void *context, uint16_t number)
{
	put_number(context, CBOR_NINT, number);
}
static void on_nint32(void *context, uint32_t number)
{
	put_number(context, CBOR_NINT, number);
}
static void on_nint64(void *context, uint64_t number)
{
	put_number(context, CBOR_NINT, number);
}
static void on_array(void *context, size_t count)
{
	put_number(context, CBOR_ARRAY, count);
}
static void on_map(void *context, size_t count)
{
	put_number(context, CBOR_MAP, count);
}
static void on_tag(void *context, uint64_t tag)
{
	put_number(context, CBOR_TAG, tag);
}

static void put_indefinite(void *context, enum cbor_kind kind)
{
	*(struct cbor_item *)context = (struct cbor_item){.kind = kind, .is_indefinite = true};
}
static void on_indefinite_array(void *context)
{
	put_indefinite(context, CBOR_ARRAY);
}
static void on_indefinite_map(void *context)
{
	put_indefinite(context, CBOR_MAP);
}
static void on_bytes_begin(void *context)
{
	put_indefinite(context, CBOR_BYTES);
}
static void on_text_begin(void *context)
{
	put_indefinite(context, CBOR_TEXT);
}

static void on_bytes(void *context, const unsigned char *data, size_t size)
{
	*(struct cbor_item *)context =
		(struct cbor_item){.kind = CBOR_BYTES, .text = str_of(data, size)};
}
static void on_text(void *context, const unsigned char *data, size_t size)
{
	*(struct cbor_item *)context =
		(struct cbor_item){.kind = CBOR_TEXT, .text = str_of(data, size)};
}
static void on_float(void *context, float real)
{
	*(struct cbor_item *)context = (struct cbor_item){.kind = CBOR_DOUBLE, .real = real};
}
static void on_double(void *context, double real)
{
	*(struct cbor_item *)context = (struct cbor_item){.kind = CBOR_DOUBLE, .real = real};
}
static void on_boolean(void *context, bool boolean)
{
	*(struct cbor_item *)context = (struct cbor_item){.kind = CBOR_BOOL, .boolean = boolean};
}
static void on_null(void *context)
{
	*(struct cbor_item *)context = (struct cbor_item){.kind = CBOR_NULL};
}
static void on_break(void *context)
{
	*(struct cbor_item *)context = (struct cbor_item){.kind = CBOR_BREAK};
}

static const struct cbor_callbacks callbacks = {
	.uint8 = on_uint8,
	.uint16 = on_uint16,
	.uint32 = on_uint32,
	.uint64 = on_uint64,
	.negint8 = on_nint8,
	.negint16 = on_nint16,
	.negint32 = on_nint32,
	.negint64 = on_nint64,
	.byte_string_start = on_bytes_begin,
	.byte_string = on_bytes,
	.string_start = on_text_begin,
	.string = on_text,
	.indef_array_start = on_indefinite_array,
	.array_start = on_array,
	.indef_map_start = on_indefinite_map,
	.map_start = on_map,
	.tag = on_tag,
	.float2 = on_float,
	.float4 = on_float,
	.float8 = on_double,
	.undefined = on_null,
	.null = on_null,
	.boolean = on_boolean,
	.indef_break = on_break,
};

void cbor_reader_init(struct cbor_reader *reader, struct arena *arena, struct str text)
{
	*reader = (struct cbor_reader){.arena = arena, .rest = text};
}

/* Tags 0 to 23 stand in the first byte (RFC 8949, 3.4); libcbor refuses those that it lacks. */
static bool take_short_tag(struct cbor_reader *reader, struct cbor_item *out_item)
{
	unsigned char first = reader->rest.size > 0 ? (unsigned char)reader->rest.data[0] : 0;

	if (first < 0xc0 || first > 0xd7)
		return false;
	*out_item = (struct cbor_item){.kind = CBOR_TAG, .number = first & 0x1f};
	reader->rest = str_slice(reader->rest, 1, SIZE_MAX);
	return true;
}

static enum err read_one(struct cbor_reader *reader, struct cbor_item *out_item)
{
	if (++reader->item_count > LIMIT_CBOR_ITEMS)
		return ERR_TOOLARGE;
	if (take_short_tag(reader, out_item))
		return ERR_OK;
	struct cbor_decoder_result result = cbor_stream_decode(
		(cbor_data)reader->rest.data, reader->rest.size, &callbacks, out_item);
	if (result.status != CBOR_DECODER_FINISHED)
		return ERR_INVALID;
	reader->rest = str_slice(reader->rest, result.read, SIZE_MAX);
	return ERR_OK;
}

/* Joins the pieces of a string up to its end. A piece is a string of the same kind (RFC 8949, 3.2).
 */
static enum err join_pieces(struct cbor_reader *reader, struct cbor_item *item)
{
	struct str pieces[PIECES_MAX];
	size_t count = 0;

	for (;;) {
		struct cbor_item piece;
		enum err err = read_one(reader, &piece);
		if (err)
			return err;
		if (piece.kind == CBOR_BREAK)
			break;
		if (piece.kind != item->kind || piece.is_indefinite)
			return ERR_INVALID;
		if (count == PIECES_MAX)
			return ERR_TOOLARGE;
		pieces[count++] = piece.text;
	}
	item->is_indefinite = false;
	item->text = count > 0 ? arena_join(reader->arena, pieces, count) : STR("");
	return ERR_OK;
}

enum err cbor_read(struct cbor_reader *reader, struct cbor_item *out_item)
{
	struct cbor_item item;

	enum err err = read_one(reader, &item);
	if (err)
		return err;
	bool is_string = item.kind == CBOR_BYTES || item.kind == CBOR_TEXT;
	if (is_string && item.is_indefinite) {
		err = join_pieces(reader, &item);
		if (err)
			return err;
	}
	if (is_string && !item.text.data)
		item.text = STR("");
	if (item.kind == CBOR_TEXT && !str_is_utf8(item.text))
		return ERR_INVALID;
	*out_item = item;
	return ERR_OK;
}

enum err cbor_enter(struct cbor_reader *reader, const struct cbor_item *item,
		    struct cbor_walk *out_walk)
{
	check(item->kind == CBOR_ARRAY || item->kind == CBOR_MAP);
	if (++reader->depth > LIMIT_CBOR_DEPTH)
		return ERR_TOOLARGE;
	*out_walk = (struct cbor_walk){item->number, item->is_indefinite};
	return ERR_OK;
}

enum err cbor_next(struct cbor_reader *reader, struct cbor_walk *walk, bool *out_has,
		   struct cbor_item *out_item)
{
	if (!walk->is_indefinite && walk->left == 0) {
		reader->depth--;
		*out_has = false;
		return ERR_OK;
	}
	enum err err = cbor_read(reader, out_item);
	if (err)
		return err;
	*out_has = out_item->kind != CBOR_BREAK;
	if (*out_has) {
		walk->left--;
		return ERR_OK;
	}
	reader->depth--;
	return walk->is_indefinite ? ERR_OK : ERR_INVALID;
}

/* The value behind a map's key, or the item behind a tag, which must be there. */
static enum err skip_next(struct cbor_reader *reader)
{
	struct cbor_item item;

	enum err err = cbor_read(reader, &item);
	if (err)
		return err;
	return item.kind == CBOR_BREAK ? ERR_INVALID : cbor_skip(reader, &item);
}

enum err cbor_skip(struct cbor_reader *reader, const struct cbor_item *item)
{
	struct cbor_walk walk;
	struct cbor_item inner;
	bool has;

	if (item->kind == CBOR_TAG) {
		if (++reader->depth > LIMIT_CBOR_DEPTH)
			return ERR_TOOLARGE;
		enum err err = skip_next(reader);
		reader->depth--;
		return err;
	}
	if (item->kind != CBOR_ARRAY && item->kind != CBOR_MAP)
		return ERR_OK;
	enum err err = cbor_enter(reader, item, &walk);
	if (err)
		return err;
	for (;;) {
		err = cbor_next(reader, &walk, &has, &inner);
		if (err || !has)
			return err;
		err = cbor_skip(reader, &inner);
		if (!err && item->kind == CBOR_MAP)
			err = skip_next(reader);
		if (err)
			return err;
	}
}

/* ---- writing ---- */

enum { HEAD_SIZE = 9 };

typedef size_t (*encode_fn)(uint64_t value, unsigned char *out, size_t size);

static void write_head(struct buf *out, encode_fn encode, uint64_t value)
{
	unsigned char head[HEAD_SIZE];
	size_t size = encode(value, head, sizeof(head));

	check(size > 0);
	buf_append(out, str_of(head, size));
}

void cbor_write_int(struct buf *out, int64_t value)
{
	if (value >= 0)
		write_head(out, cbor_encode_uint, (uint64_t)value);
	else
		write_head(out, cbor_encode_negint, (uint64_t)(-1 - value));
}

void cbor_write_bytes(struct buf *out, struct str bytes)
{
	write_head(out, cbor_encode_bytestring_start, bytes.size);
	buf_append(out, bytes);
}

void cbor_write_text(struct buf *out, struct str text)
{
	struct buf clean = {0};

	if (str_is_utf8(text)) {
		write_head(out, cbor_encode_string_start, text.size);
		buf_append(out, text);
		return;
	}
	while (text.size > 0) {
		size_t size = str_utf8_sequence(text);
		buf_append(&clean, size > 0 ? str_slice(text, 0, size) : STR(REPLACEMENT));
		text = str_slice(text, size > 0 ? size : 1, SIZE_MAX);
	}
	write_head(out, cbor_encode_string_start, clean.size);
	buf_append(out, buf_str(&clean));
	buf_done(&clean);
}

void cbor_write_array(struct buf *out, size_t count)
{
	write_head(out, cbor_encode_array_start, count);
}

void cbor_write_map(struct buf *out, size_t count)
{
	write_head(out, cbor_encode_map_start, count);
}

void cbor_write_tag(struct buf *out, uint64_t tag)
{
	write_head(out, cbor_encode_tag, tag);
}

void cbor_write_double(struct buf *out, double value)
{
	unsigned char bytes[HEAD_SIZE];
	bool is_float = isnan(value) || isinf(value) ||
			(fabs(value) <= (double)FLT_MAX && (double)(float)value == value);
	size_t size = is_float ? cbor_encode_single((float)value, bytes, sizeof(bytes))
			       : cbor_encode_double(value, bytes, sizeof(bytes));

	buf_append(out, str_of(bytes, size));
}

void cbor_write_bool(struct buf *out, bool value)
{
	buf_append_char(out, value ? '\xf5' : '\xf4');
}
