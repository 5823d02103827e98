/* SPDX-License-Identifier: MIT */
/*
 * record: one walk over the shape's members in either direction. A size is written before its bytes
 * are known: one byte is left for it, and larger sizes move the bytes up.
 */
#include "wire/record.h"

#include "base/bytes.h"
#include "wire/json.h"
#include "wire/member.h"

enum form { FORM_NUMBER, FORM_REAL, FORM_BYTES, FORM_BITS = 2 };

static enum form form_of(enum shape_kind kind)
{
	switch (kind) {
	case SHAPE_INTEGER:
	case SHAPE_LONG:
	case SHAPE_BOOLEAN:
	case SHAPE_TIMESTAMP:
		return FORM_NUMBER;
	case SHAPE_DOUBLE:
		return FORM_REAL;
	default:
		return FORM_BYTES;
	}
}

static uint64_t zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t value)
{
	return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

/* ---- writing ---- */

static void encode_members(struct buf *out, const struct shape *shape, const void *value,
			   int depth);
static void encode_items(struct buf *out, const struct shape_member *member, const void *value,
			 int depth);

static size_t open_sized(struct buf *out)
{
	bytes_append_u8(out, 0);
	return out->size;
}

static void close_sized(struct buf *out, size_t start)
{
	size_t size = out->size - start;

	if (size >= 0x80) {
		size_t more = 0;
		for (size_t rest = size >> 7; rest > 0; rest >>= 7)
			more++;
		(void)buf_extend(out, more); /* the bytes move up into it */
		memmove(out->data + start + more, out->data + start, size);
	}
	struct buf head = {.data = out->data, .size = start - 1, .capacity = out->capacity};
	bytes_append_varint(&head, size);
}

static void encode_text(struct buf *out, struct str text)
{
	bytes_append_varint(out, text.size);
	buf_append(out, text);
}

/* A value behind its key, or an item. `place` is where a member of that kind is; of a list or map
 * it is the struct that has the member. */
static void encode_value(struct buf *out, enum shape_kind kind, const struct shape_member *member,
			 const void *place, int depth)
{
	uint64_t bits;
	size_t start;

	switch (kind) {
	case SHAPE_STRING:
	case SHAPE_BLOB:
		encode_text(out, *(const struct str *)place);
		return;
	case SHAPE_BOOLEAN:
		bytes_append_varint(out, *(const bool *)place);
		return;
	case SHAPE_DOUBLE:
		memcpy(&bits, place, sizeof(bits));
		bytes_append_u64(out, bits);
		return;
	case SHAPE_STRUCTURE:
		start = open_sized(out);
		encode_members(out, member->shape, place, depth + 1);
		close_sized(out, start);
		return;
	case SHAPE_LIST:
	case SHAPE_MAP:
		start = open_sized(out);
		encode_items(out, member, place, depth + 1);
		close_sized(out, start);
		return;
	default:
		bytes_append_varint(out, zigzag(*(const int64_t *)place));
	}
}

static void encode_items(struct buf *out, const struct shape_member *member, const void *value,
			 int depth)
{
	size_t count = member_count(value, member);
	const char *item = member_items(value, member);

	check(depth < LIMIT_RECORD_DEPTH);
	bytes_append_varint(out, count);
	for (size_t i = 0; i < count; i++, item += member->item_size) {
		if (member->kind == SHAPE_MAP)
			encode_text(out, *(const struct str *)(const void *)item);
		encode_value(out, member->item_kind, member->item ? member->item : member,
			     member_item_value(member, item), depth);
	}
}

static bool is_there(const void *value, const struct shape_member *member)
{
	const void *place = member_in(value, member->offset);

	switch (member->kind) {
	case SHAPE_STRING:
	case SHAPE_BLOB:
		return member_str(value, member->offset).data != NULL;
	case SHAPE_BOOLEAN:
		return *(const bool *)place;
	case SHAPE_STRUCTURE:
	case SHAPE_LIST:
	case SHAPE_MAP:
		return *(void *const *)place != NULL;
	default:
		return *(const uint64_t *)place != 0; /* of a double its bits: -0 is there */
	}
}

static void encode_members(struct buf *out, const struct shape *shape, const void *value, int depth)
{
	check(depth < LIMIT_RECORD_DEPTH);
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		const void *place = member_in(value, member->offset);
		if (!is_there(value, member))
			continue;
		bytes_append_varint(out, member->number << FORM_BITS | form_of(member->kind));
		if (member->kind == SHAPE_STRUCTURE)
			place = *(const void *const *)place;
		else if (member->kind == SHAPE_LIST || member->kind == SHAPE_MAP)
			place = value;
		encode_value(out, member->kind, member, place, depth);
	}
}

void record_encode(struct buf *out, const struct shape *shape, const void *record)
{
	check(shape->number_max > 0);
	bytes_append_u8(out, RECORD_FORMAT);
	encode_members(out, shape, record, 0);
}

/* ---- reading ---- */

struct decoder {
	struct arena *arena;
	int depth;
};

static enum err decode_members(struct decoder *decoder, struct str bytes, const struct shape *shape,
			       void *out);
static enum err decode_items(struct decoder *decoder, struct str bytes,
			     const struct shape_member *member, void *out);

static struct str take_sized(struct byte_reader *reader)
{
	uint64_t size = byte_reader_varint(reader);

	return byte_reader_take(reader, size);
}

static enum err decode_number(struct byte_reader *reader, enum shape_kind kind, void *place)
{
	uint64_t bits = byte_reader_varint(reader);
	int64_t number = unzigzag(bits);

	if (kind == SHAPE_BOOLEAN && bits > 1)
		return ERR_DAMAGED;
	if (kind == SHAPE_INTEGER && (number < INT32_MIN || number > INT32_MAX))
		return ERR_DAMAGED;
	if (kind == SHAPE_BOOLEAN)
		*(bool *)place = bits != 0;
	else
		*(int64_t *)place = number;
	return ERR_OK;
}

/* The counterpart of encode_value; a read beyond the end shows in the reader. */
static enum err decode_value(struct decoder *decoder, struct byte_reader *reader,
			     enum shape_kind kind, const struct shape_member *member, void *place)
{
	struct str bytes;
	uint64_t bits;

	switch (form_of(kind)) {
	case FORM_NUMBER:
		return decode_number(reader, kind, place);
	case FORM_REAL:
		bits = byte_reader_u64(reader);
		memcpy(place, &bits, sizeof(bits));
		return ERR_OK;
	default:
		bytes = take_sized(reader);
	}
	if (reader->is_short)
		return ERR_DAMAGED;
	if (kind == SHAPE_STRUCTURE)
		return decode_members(decoder, bytes, member->shape, place);
	if (kind == SHAPE_LIST || kind == SHAPE_MAP)
		return decode_items(decoder, bytes, member, place);
	*(struct str *)place = bytes;
	return ERR_OK;
}

static enum err decode_each(struct decoder *decoder, struct byte_reader *reader,
			    const struct shape_member *member, char *items, size_t count)
{
	enum err err = ERR_OK;

	for (size_t i = 0; !err && i < count; i++) {
		char *item = items + i * member->item_size;
		void *place = item;
		if (member->kind == SHAPE_MAP) {
			*(struct str *)place = take_sized(reader);
			place = item + member->item_value_offset;
		}
		err = decode_value(decoder, reader, member->item_kind,
				   member->item ? member->item : member, place);
	}
	return err;
}

static enum err decode_items(struct decoder *decoder, struct str bytes,
			     const struct shape_member *member, void *out)
{
	struct byte_reader reader = byte_reader_of(bytes);
	uint64_t count = byte_reader_varint(&reader);

	/* An item has at least one byte. */
	if (reader.is_short || count > reader.rest.size || decoder->depth == LIMIT_RECORD_DEPTH)
		return ERR_DAMAGED;
	char *items = arena_alloc(decoder->arena, count * member->item_size);
	decoder->depth++;
	enum err err = decode_each(decoder, &reader, member, items, count);
	decoder->depth--;
	if (!err && !byte_reader_is_done(&reader))
		err = ERR_DAMAGED;
	*(void **)member_at(out, member->offset) = items;
	*(size_t *)member_at(out, member->extra_offset) = count;
	return err;
}

/* Its number is of no member: of one that was retired, or of a newer server. */
static enum err skip(struct byte_reader *reader, uint64_t key, const struct shape *shape)
{
	if (key >> FORM_BITS > shape->number_max)
		return ERR_VERSION;
	switch (key & ((1 << FORM_BITS) - 1)) {
	case FORM_NUMBER:
		(void)byte_reader_varint(reader);
		return ERR_OK;
	case FORM_REAL:
		(void)byte_reader_u64(reader);
		return ERR_OK;
	case FORM_BYTES:
		(void)take_sized(reader);
		return ERR_OK;
	default:
		return ERR_DAMAGED;
	}
}

static enum err decode_member(struct decoder *decoder, struct byte_reader *reader,
			      const struct shape_member *member, uint64_t key, void *out)
{
	void *place = member_at(out, member->offset);

	if ((key & ((1 << FORM_BITS) - 1)) != form_of(member->kind))
		return ERR_DAMAGED;
	if (member->kind == SHAPE_STRUCTURE) {
		void *structure = arena_alloc(decoder->arena, member->shape->size);
		*(void **)place = structure;
		place = structure;
	} else if (member->kind == SHAPE_LIST || member->kind == SHAPE_MAP) {
		place = out;
	}
	return decode_value(decoder, reader, member->kind, member, place);
}

static enum err decode_members(struct decoder *decoder, struct str bytes, const struct shape *shape,
			       void *out)
{
	struct byte_reader reader = byte_reader_of(bytes);
	uint64_t number = 0;
	enum err err = ERR_OK;
	uint32_t next = 0;

	if (decoder->depth == LIMIT_RECORD_DEPTH)
		return ERR_DAMAGED;
	decoder->depth++;
	while (!err && reader.rest.size > 0) {
		uint64_t key = byte_reader_varint(&reader);
		if (key >> FORM_BITS <= number)
			err = ERR_DAMAGED; /* twice, or not in order */
		number = key >> FORM_BITS;
		while (next < shape->member_count && shape->members[next].number < number)
			next++;
		if (!err && next < shape->member_count && shape->members[next].number == number)
			err = decode_member(decoder, &reader, &shape->members[next], key, out);
		else if (!err)
			err = skip(&reader, key, shape);
	}
	decoder->depth--;
	return !err && reader.is_short ? ERR_DAMAGED : err;
}

enum err record_decode(struct arena *arena, struct str bytes, const struct shape *shape,
		       void *out_record)
{
	struct decoder decoder = {.arena = arena};
	void *record = arena_alloc(arena, shape->size);
	enum err err;

	if (bytes.size == 0)
		return ERR_DAMAGED;
	if (bytes.data[0] == '{')
		err = wire_json_decode_own(arena, bytes, shape, record) ? ERR_DAMAGED : ERR_OK;
	else if (bytes.data[0] != RECORD_FORMAT)
		err = ERR_VERSION;
	else
		err = decode_members(&decoder, str_slice(bytes, 1, SIZE_MAX), shape, record);
	if (!err)
		memcpy(out_record, record, shape->size);
	return err;
}
