/* SPDX-License-Identifier: MIT */
/*
 * wire/cbor: a walk over the items; each member is looked up in the shape, starting behind the one
 * found last, because SDKs send members in the model's order.
 */
#include "wire/cbor.h"

#include <math.h>
#include <string.h>

#include "format/cbor_io.h"
#include "wire/member.h"

#define TAG_TIME 1	/* seconds since 1970 (RFC 8949, 3.4.2) */
#define TIME_S_MAX 9e12 /* a double holds the milliseconds of times before that exactly */

struct decoder {
	struct arena *arena;
	struct cbor_reader reader;
	size_t items_max;
	struct str problem;
};

static enum err reject(struct decoder *decoder, struct str problem)
{
	decoder->problem = problem;
	return ERR_INVALID;
}

static enum err reject_kind(struct decoder *decoder, const struct shape_member *member,
			    const char *wanted)
{
	return reject(decoder, arena_format(decoder->arena, "%.*s is not %s.",
					    STR_ARG(member->name), wanted));
}

/* Errors of the reader; the text stays that of an error that was found here. */
static enum err read_failed(struct decoder *decoder, enum err err)
{
	if (decoder->problem.data)
		return ERR_INVALID;
	return reject(decoder, err == ERR_TOOLARGE
				       ? STR("The request body is nested too deeply or holds too "
					     "many items.")
				       : STR("The request body is not well-formed CBOR."));
}

static enum err decode_structure(struct decoder *decoder, const struct cbor_item *item,
				 const struct shape *shape, void *out);
static enum err decode_container(struct decoder *decoder, const struct cbor_item *item,
				 const struct shape_member *member, void *out);

/* ---- scalars ---- */

static bool to_integer(const struct cbor_item *item, int64_t *out)
{
	if (item->kind == CBOR_UINT && item->number <= INT64_MAX) {
		*out = (int64_t)item->number;
		return true;
	}
	if (item->kind == CBOR_NINT && item->number <= INT64_MAX) {
		*out = -1 - (int64_t)item->number;
		return true;
	}
	if (item->kind == CBOR_DOUBLE && item->real > -9e15 && item->real < 9e15 &&
	    trunc(item->real) == item->real) {
		*out = (int64_t)item->real;
		return true;
	}
	return false;
}

static bool to_double(const struct cbor_item *item, double *out)
{
	if (item->kind == CBOR_DOUBLE)
		*out = item->real;
	else if (item->kind == CBOR_UINT)
		*out = (double)item->number;
	else if (item->kind == CBOR_NINT)
		*out = -1 - (double)item->number;
	else
		return false;
	return true;
}

static enum err decode_time(struct decoder *decoder, const struct cbor_item *item,
			    const struct shape_member *member, int64_t *out)
{
	struct cbor_item number;
	double seconds;

	if (item->kind != CBOR_TAG || item->number != TAG_TIME)
		return reject_kind(decoder, member, "a timestamp");
	enum err err = cbor_read(&decoder->reader, &number);
	if (err)
		return err;
	if (!to_double(&number, &seconds) || !(seconds > -TIME_S_MAX && seconds < TIME_S_MAX))
		return reject_kind(decoder, member, "a timestamp");
	*out = (int64_t)(seconds * 1000 + (seconds < 0 ? -0.5 : 0.5));
	return ERR_OK;
}

static enum err decode_scalar(struct decoder *decoder, const struct cbor_item *item,
			      enum shape_kind kind, const struct shape_member *member, void *out)
{
	int64_t number;

	switch (kind) {
	case SHAPE_STRING:
	case SHAPE_BLOB:
		if (item->kind != (kind == SHAPE_STRING ? CBOR_TEXT : CBOR_BYTES))
			return reject_kind(decoder, member,
					   kind == SHAPE_STRING ? "a string" : "a blob");
		*(struct str *)out = item->text;
		return ERR_OK;
	case SHAPE_BOOLEAN:
		if (item->kind != CBOR_BOOL)
			return reject_kind(decoder, member, "a boolean");
		*(bool *)out = item->boolean;
		return ERR_OK;
	case SHAPE_DOUBLE:
		return to_double(item, out) ? ERR_OK : reject_kind(decoder, member, "a double");
	case SHAPE_TIMESTAMP:
		return decode_time(decoder, item, member, out);
	default:
		if (!to_integer(item, &number) ||
		    (kind == SHAPE_INTEGER && (number > INT32_MAX || number < INT32_MIN)))
			return reject_kind(decoder, member,
					   kind == SHAPE_INTEGER ? "an integer" : "a long");
		*(int64_t *)out = number;
		return ERR_OK;
	}
}

/* ---- lists and maps ---- */

static enum err decode_item(struct decoder *decoder, const struct cbor_item *item,
			    const struct shape_member *member, void *out)
{
	if (member->item_kind == SHAPE_STRUCTURE)
		return decode_structure(decoder, item, member->shape, out);
	if (member->item)
		return decode_container(decoder, item, member->item, out);
	return decode_scalar(decoder, item, member->item_kind, member, out);
}

/* Items of which nobody said how many come. */
struct items {
	char *data;
	size_t count, room;
};

static char *add_item(struct decoder *decoder, struct items *items,
		      const struct shape_member *member)
{
	if (items->count == items->room) {
		size_t room = items->room ? items->room * 2 : 8;
		char *data = arena_alloc(decoder->arena, room * member->item_size);
		if (items->count > 0)
			memcpy(data, items->data, items->count * member->item_size);
		items->data = data;
		items->room = room;
	}
	return items->data + items->count++ * member->item_size;
}

/* Reads the value behind a map's key into the entry; a null takes the entry away again. */
static enum err decode_entry(struct decoder *decoder, const struct cbor_item *key,
			     const struct shape_member *member, struct items *items)
{
	struct cbor_item value;

	if (key->kind != CBOR_TEXT)
		return reject_kind(decoder, member, "a map with text keys");
	enum err err = cbor_read(&decoder->reader, &value);
	if (err)
		return err;
	if (value.kind == CBOR_NULL)
		return ERR_OK;
	char *entry = add_item(decoder, items, member);
	*(struct str *)(void *)entry = key->text;
	return decode_item(decoder, &value, member, entry + member->item_value_offset);
}

static enum err decode_container(struct decoder *decoder, const struct cbor_item *item,
				 const struct shape_member *member, void *out)
{
	bool is_map = member->kind == SHAPE_MAP;
	struct items items = {.data = NULL};
	struct cbor_walk walk;
	struct cbor_item next;
	bool has;

	if (item->kind != (is_map ? CBOR_MAP : CBOR_ARRAY))
		return reject_kind(decoder, member, is_map ? "a map" : "a list");
	enum err err = cbor_enter(&decoder->reader, item, &walk);
	for (;;) {
		if (!err)
			err = cbor_next(&decoder->reader, &walk, &has, &next);
		if (err)
			return err;
		if (!has)
			break;
		if (items.count == decoder->items_max && !member->is_counted)
			return reject(decoder,
				      arena_format(decoder->arena, "%.*s has more than %zu items.",
						   STR_ARG(member->name), decoder->items_max));
		if (is_map)
			err = decode_entry(decoder, &next, member, &items);
		else if (next.kind != CBOR_NULL)
			err = decode_item(decoder, &next, member,
					  add_item(decoder, &items, member));
	}
	/* Empty but there: not NULL. */
	*(void **)member_at(out, member->offset) =
		items.data ? items.data : arena_alloc(decoder->arena, 0);
	*(size_t *)member_at(out, member->extra_offset) = items.count;
	return ERR_OK;
}

/* ---- structures ---- */

static enum err decode_member(struct decoder *decoder, const struct cbor_item *item,
			      const struct shape_member *member, void *out)
{
	void *place = member_at(out, member->offset);

	switch (member->kind) {
	case SHAPE_LIST:
	case SHAPE_MAP:
		return decode_container(decoder, item, member, out);
	case SHAPE_STRUCTURE: {
		void *structure = arena_alloc(decoder->arena, member->shape->size);
		*(void **)place = structure;
		return decode_structure(decoder, item, member->shape, structure);
	}
	default: {
		enum err err = decode_scalar(decoder, item, member->kind, member, place);
		if (!err && member->extra_offset)
			*(bool *)member_at(out, member->extra_offset) = true;
		return err;
	}
	}
}

static const struct shape_member *find_member(const struct shape *shape, struct str name,
					      uint32_t *next)
{
	for (uint32_t tried = 0; tried < shape->member_count; tried++) {
		const struct shape_member *member =
			&shape->members[(*next)++ % shape->member_count];
		if (str_equal(member->name, name))
			return member;
	}
	return NULL;
}

static enum err decode_pair(struct decoder *decoder, const struct cbor_item *key,
			    const struct shape *shape, uint32_t *next, void *out)
{
	struct cbor_item value;

	if (key->kind != CBOR_TEXT)
		return reject(decoder, STR("A structure has a key that is no text."));
	enum err err = cbor_read(&decoder->reader, &value);
	if (err)
		return err;
	if (value.kind == CBOR_BREAK)
		return ERR_INVALID;
	if (value.kind == CBOR_NULL)
		return ERR_OK;
	const struct shape_member *member = find_member(shape, key->text, next);
	return member ? decode_member(decoder, &value, member, out)
		      : cbor_skip(&decoder->reader, &value);
}

static enum err decode_structure(struct decoder *decoder, const struct cbor_item *item,
				 const struct shape *shape, void *out)
{
	struct cbor_walk walk;
	struct cbor_item key;
	uint32_t next = 0;
	bool has;

	if (item->kind != CBOR_MAP)
		return reject(decoder, STR("A structure is not a map."));
	enum err err = cbor_enter(&decoder->reader, item, &walk);
	for (;;) {
		if (!err)
			err = cbor_next(&decoder->reader, &walk, &has, &key);
		if (err)
			return err;
		if (!has)
			break;
		err = decode_pair(decoder, &key, shape, &next, out);
	}
	if (shape->is_union && member_count_present(shape, out) != 1)
		return reject(decoder, STR("Exactly one member of a union must be set."));
	return ERR_OK;
}

enum err wire_cbor_decode(struct arena *arena, struct str body, const struct shape *shape,
			  size_t items_max, void *out, struct str *out_problem)
{
	struct decoder decoder = {.arena = arena, .items_max = items_max};
	struct cbor_item root;

	if (body.size == 0)
		return ERR_OK;
	cbor_reader_init(&decoder.reader, arena, body);
	enum err err = cbor_read(&decoder.reader, &root);
	if (!err)
		err = decode_structure(&decoder, &root, shape, out);
	if (!err && decoder.reader.rest.size > 0)
		err = ERR_INVALID;
	if (err) {
		(void)read_failed(&decoder, err); /* for the text */
		*out_problem = decoder.problem;
		return ERR_INVALID;
	}
	return ERR_OK;
}

/* ---- writing ---- */

static void encode_container(struct buf *out, const struct shape_member *member, const void *value);

static void encode_time(struct buf *out, int64_t ms)
{
	cbor_write_tag(out, TAG_TIME);
	if (ms % 1000 == 0)
		cbor_write_int(out, ms / 1000);
	else
		cbor_write_double(out, (double)ms / 1000);
}

static void encode_scalar(struct buf *out, enum shape_kind kind, const void *place)
{
	switch (kind) {
	case SHAPE_STRING:
		cbor_write_text(out, *(const struct str *)place);
		return;
	case SHAPE_BLOB:
		cbor_write_bytes(out, *(const struct str *)place);
		return;
	case SHAPE_BOOLEAN:
		cbor_write_bool(out, *(const bool *)place);
		return;
	case SHAPE_DOUBLE:
		cbor_write_double(out, *(const double *)place);
		return;
	case SHAPE_TIMESTAMP:
		encode_time(out, *(const int64_t *)place);
		return;
	default:
		cbor_write_int(out, *(const int64_t *)place);
	}
}

static void encode_container(struct buf *out, const struct shape_member *member, const void *value)
{
	size_t count = member_count(value, member);
	const char *item = member_items(value, member);

	if (member->kind == SHAPE_MAP)
		cbor_write_map(out, count);
	else
		cbor_write_array(out, count);
	for (size_t i = 0; i < count; i++, item += member->item_size) {
		const void *inner = member_item_value(member, item);
		if (member->kind == SHAPE_MAP)
			cbor_write_text(out, *(const struct str *)(const void *)item);
		if (member->item_kind == SHAPE_STRUCTURE)
			wire_cbor_encode(out, member->shape, inner);
		else if (member->item)
			encode_container(out, member->item, inner);
		else
			encode_scalar(out, member->item_kind, inner);
	}
}

void wire_cbor_encode(struct buf *out, const struct shape *shape, const void *value)
{
	size_t count = 0;

	for (uint32_t i = 0; i < shape->member_count; i++)
		count += member_is_shown(value, &shape->members[i]);
	cbor_write_map(out, count);
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		const void *place = member_in(value, member->offset);
		if (!member_is_shown(value, member))
			continue;
		cbor_write_text(out, member->name);
		if (member->kind == SHAPE_STRUCTURE)
			wire_cbor_encode(out, member->shape, *(void *const *)place);
		else if (member->kind == SHAPE_LIST || member->kind == SHAPE_MAP)
			encode_container(out, member, value);
		else
			encode_scalar(out, member->kind, place);
	}
}

/* ---- faults ---- */

void wire_cbor_encode_fault(struct buf *out, struct str namespace, const struct fault_type *fault,
			    struct str message)
{
	struct buf type = {0};

	buf_append(&type, namespace);
	buf_append_char(&type, '#');
	buf_append(&type, fault->shape);
	cbor_write_map(out, message.size > 0 ? 2 : 1);
	cbor_write_text(out, STR("__type"));
	cbor_write_text(out, buf_str(&type));
	if (message.size > 0) {
		cbor_write_text(out, STR("message"));
		cbor_write_text(out, message);
	}
	buf_done(&type);
}

struct fault_texts {
	struct str type, message, other_message;
};

enum err wire_cbor_decode_fault(struct arena *arena, struct str body, struct str *out_type,
				struct str *out_message)
{
	static const struct shape_member members[] = {
		{.name = STR_INIT("__type"), .offset = offsetof(struct fault_texts, type)},
		{.name = STR_INIT("message"), .offset = offsetof(struct fault_texts, message)},
		{.name = STR_INIT("Message"),
		 .offset = offsetof(struct fault_texts, other_message)},
	};
	static const struct shape shape = {.name = STR_INIT("Fault"),
					   .size = sizeof(struct fault_texts),
					   .member_count = 3,
					   .members = members};
	struct fault_texts texts = {0};
	struct str unused;

	enum err err = wire_cbor_decode(arena, body, &shape, SIZE_MAX, &texts, &unused);
	if (err)
		return err;
	*out_type = texts.type;
	*out_message = texts.message.data ? texts.message : texts.other_message;
	return ERR_OK;
}
