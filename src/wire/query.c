/* SPDX-License-Identifier: MIT */
/*
 * wire/query: a parameter's dotted key leads through the shapes.
 *
 * The parameters are sorted by key once, so a member's is found quickly, and those of a list or map
 * stand together. The numbers that occur in them are collected and sorted, so gaps and order do not
 * matter and a huge number costs nothing.
 */
#include "wire/query.h"

#include <stdlib.h>
#include <string.h>

#include "wire/member.h"
#include "wire/scalar.h"

#define ECHO_SIZE 256 /* bytes of a bad value that its fault repeats */

struct decoder {
	struct arena *arena;
	const struct form_pair **pairs; /* by key; of one key the first sent first */
	size_t pair_count;
	struct str problem;
};

static enum err decode_structure(struct decoder *decoder, struct str prefix,
				 const struct shape *shape, void *out);

static int compare_pairs(const void *a, const void *b)
{
	const struct form_pair *left = *(const struct form_pair *const *)a;
	const struct form_pair *right = *(const struct form_pair *const *)b;
	int order = str_compare(left->key, right->key);

	return order ? order : (left > right) - (left < right);
}

static void sort_pairs(struct decoder *decoder, const struct form *form)
{
	decoder->pairs = arena_array(decoder->arena, const struct form_pair *, form->count);
	decoder->pair_count = form->count;
	for (size_t i = 0; i < form->count; i++)
		decoder->pairs[i] = &form->pairs[i];
	qsort(decoder->pairs, form->count, sizeof(*decoder->pairs), compare_pairs);
}

/* The place of the first pair whose key is not before `key`. */
static size_t place_of(const struct decoder *decoder, struct str key)
{
	size_t low = 0, high = decoder->pair_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (str_compare(decoder->pairs[middle]->key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool find(const struct decoder *decoder, struct str key, struct str *out_value)
{
	size_t place = place_of(decoder, key);

	if (place == decoder->pair_count || !str_equal(decoder->pairs[place]->key, key))
		return false;
	*out_value = decoder->pairs[place]->value;
	return true;
}

/* Not by a format: a form of thousands of parameters joins tens of thousands of names. */
static struct str join(struct decoder *decoder, struct str prefix, struct str name)
{
	if (prefix.size == 0)
		return name;
	char *text = arena_bytes(decoder->arena, prefix.size + 1 + name.size);
	memcpy(text, prefix.data, prefix.size);
	text[prefix.size] = '.';
	if (name.size > 0)
		memcpy(text + prefix.size + 1, name.data, name.size);
	return str_of(text, prefix.size + 1 + name.size);
}

static enum err decode_scalar(struct decoder *decoder, struct str text, enum shape_kind kind,
			      struct str name, void *out)
{
	if (scalar_parse(decoder->arena, text, kind, out))
		return ERR_OK;
	decoder->problem = arena_format(decoder->arena,
					"Value %.*s for parameter %.*s is invalid. Reason: "
					"it does not have the right type.",
					STR_ARG(str_slice(text, 0, ECHO_SIZE)), STR_ARG(name));
	return ERR_INVALID;
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* The distinct N of all keys prefix.N or prefix.N.anything, ascending. */
static size_t collect_numbers(struct decoder *decoder, struct str prefix, uint64_t **out_numbers)
{
	struct str start = join(decoder, prefix, STR(""));
	size_t from = place_of(decoder, start), to = from;
	size_t count = 0, distinct = 0;

	while (to < decoder->pair_count && str_starts(decoder->pairs[to]->key, start))
		to++;
	uint64_t *numbers = arena_array(decoder->arena, uint64_t, to - from);
	for (size_t i = from; i < to; i++) {
		struct str rest = str_slice(decoder->pairs[i]->key, start.size, SIZE_MAX);
		if (str_to_u64(str_cut(&rest, '.'), &numbers[count]))
			count++;
	}
	qsort(numbers, count, sizeof(*numbers), compare_numbers);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || numbers[i] != numbers[i - 1])
			numbers[distinct++] = numbers[i];
	*out_numbers = numbers;
	return distinct;
}

static enum err decode_entry(struct decoder *decoder, struct str prefix,
			     const struct shape_member *member, char *item)
{
	struct str text, value_prefix = prefix;

	if (member->kind == SHAPE_MAP) {
		if (!find(decoder, join(decoder, prefix, member->key_name),
			  (struct str *)(void *)item))
			*(struct str *)(void *)item = STR("");
		value_prefix = join(decoder, prefix, member->value_name);
		item += member->item_value_offset;
	}
	if (member->item_kind == SHAPE_STRUCTURE)
		return decode_structure(decoder, value_prefix, member->shape, item);
	if (!find(decoder, value_prefix, &text))
		text = STR("");
	return decode_scalar(decoder, text, member->item_kind, value_prefix, item);
}

static enum err decode_items(struct decoder *decoder, struct str name,
			     const struct shape_member *member, void *out)
{
	struct str prefix =
		member->query_item.size > 0 ? join(decoder, name, member->query_item) : name;
	struct str unused;
	uint64_t *numbers;

	size_t count = collect_numbers(decoder, prefix, &numbers);
	if (count == 0 && !find(decoder, name, &unused))
		return ERR_OK;

	char *items = arena_alloc(decoder->arena, count * member->item_size);
	for (size_t i = 0; i < count; i++) {
		struct str item = arena_format(decoder->arena, "%.*s.%llu", STR_ARG(prefix),
					       (unsigned long long)numbers[i]);
		enum err err = decode_entry(decoder, item, member, items + i * member->item_size);
		if (err)
			return err;
	}
	*(void **)member_at(out, member->offset) = items;
	*(size_t *)member_at(out, member->extra_offset) = count;
	return ERR_OK;
}

/* True if a parameter is one of a structure of that name. */
static bool has_below(struct decoder *decoder, struct str name)
{
	struct str start = join(decoder, name, STR(""));
	size_t place = place_of(decoder, start);

	return place < decoder->pair_count && str_starts(decoder->pairs[place]->key, start);
}

static enum err decode_member(struct decoder *decoder, struct str name,
			      const struct shape_member *member, void *out)
{
	struct str text;

	switch (member->kind) {
	case SHAPE_LIST:
	case SHAPE_MAP:
		return decode_items(decoder, name, member, out);
	case SHAPE_STRUCTURE: {
		if (!has_below(decoder, name))
			return ERR_OK;
		void *structure = arena_alloc(decoder->arena, member->shape->size);
		*(void **)member_at(out, member->offset) = structure;
		return decode_structure(decoder, name, member->shape, structure);
	}
	default:
		if (!find(decoder, name, &text))
			return ERR_OK;
		enum err err = decode_scalar(decoder, text, member->kind, name,
					     member_at(out, member->offset));
		if (!err && member->extra_offset)
			*(bool *)member_at(out, member->extra_offset) = true;
		return err;
	}
}

static enum err decode_structure(struct decoder *decoder, struct str prefix,
				 const struct shape *shape, void *out)
{
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		enum err err = decode_member(decoder, join(decoder, prefix, member->query_name),
					     member, out);
		if (err)
			return err;
	}
	return ERR_OK;
}

enum err wire_query_decode(struct arena *arena, const struct form *form, const struct shape *shape,
			   void *out, struct str *out_problem)
{
	struct decoder decoder = {.arena = arena};

	sort_pairs(&decoder, form);
	enum err err = decode_structure(&decoder, STR(""), shape, out);
	if (err)
		*out_problem = decoder.problem;
	return err;
}
