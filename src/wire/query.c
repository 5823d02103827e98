/* SPDX-License-Identifier: MIT */
/*
 * wire/query: a parameter's dotted key leads through the shapes.
 *
 * The parameters are sorted by key once, so a member's is found quickly, and those of a list or map
 * stand together. The numbers that occur in them are collected and sorted, so gaps and order do not
 * matter and a huge number costs nothing. Each parameter that a member takes is marked; one that is
 * left over at the end is refused, so that no input is dropped without a word.
 */
#include "wire/query.h"

#include <stdlib.h>
#include <string.h>

#include "wire/member.h"
#include "wire/scalar.h"

#define ECHO_SIZE 256 /* bytes of a bad value or key that its fault repeats */

struct decoder {
	struct arena *arena;
	const struct form_pair **pairs; /* by key; of one key the first sent first */
	bool *is_taken;			/* of each of them: it has been understood */
	size_t pair_count;
	size_t depth; /* of structures that are being decoded */
	struct str problem;
};

/* The prefixes of a list's or map's items, in the order of the items. */
struct items {
	struct str *prefixes;
	size_t count;
	struct str *texts; /* of unnumbered items of a list of scalars; data NULL: look it up */
	bool is_given;	   /* also if it is empty */
};

static enum err decode_structure(struct decoder *decoder, struct str prefix,
				 const struct shape *shape, void *out);
static enum err decode_items(struct decoder *decoder, struct str name, struct str alias,
			     const struct shape_member *member, void *out);

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
	decoder->is_taken = arena_array(decoder->arena, bool, form->count);
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
	decoder->is_taken[place] = true;
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
			      enum shape_time time, struct str name, void *out)
{
	if (scalar_parse(decoder->arena, text, kind, time, out))
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

/*
 * The distinct N of all keys prefix.N or prefix.N.anything, ascending. *out_is_unnumbered says
 * whether another key than these and prefix.<item> stands below the prefix.
 */
static size_t collect_numbers(struct decoder *decoder, struct str prefix, struct str item,
			      uint64_t **out_numbers, bool *out_is_unnumbered)
{
	struct str start = join(decoder, prefix, STR(""));
	size_t from = place_of(decoder, start), to = from;
	size_t count = 0, distinct = 0;

	while (to < decoder->pair_count && str_starts(decoder->pairs[to]->key, start))
		to++;
	uint64_t *numbers = arena_array(decoder->arena, uint64_t, to - from);
	*out_is_unnumbered = false;
	for (size_t i = from; i < to; i++) {
		struct str rest = str_slice(decoder->pairs[i]->key, start.size, SIZE_MAX);
		struct str first = str_cut(&rest, '.');
		if (str_to_u64(first, &numbers[count]))
			count++;
		else
			*out_is_unnumbered |= !str_equal(first, item);
	}
	qsort(numbers, count, sizeof(*numbers), compare_numbers);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || numbers[i] != numbers[i - 1])
			numbers[distinct++] = numbers[i];
	*out_numbers = numbers;
	return distinct;
}

static void add_item(struct items *items, struct str prefix, struct str text)
{
	items->prefixes[items->count] = prefix;
	items->texts[items->count++] = text;
	items->is_given = true;
}

static void add_numbers(struct decoder *decoder, struct items *items, struct str prefix,
			const uint64_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_item(items,
			 arena_format(decoder->arena, "%.*s.%llu", STR_ARG(prefix),
				      (unsigned long long)numbers[i]),
			 (struct str){0});
}

/* Name=value: one item, or an empty list if the value is empty. */
static void add_plain(struct decoder *decoder, struct items *items, struct str name,
		      const struct shape_member *member)
{
	bool is_text = member->kind == SHAPE_LIST && member->item_kind != SHAPE_STRUCTURE;

	for (size_t i = place_of(decoder, name);
	     i < decoder->pair_count && str_equal(decoder->pairs[i]->key, name); i++) {
		struct str value = decoder->pairs[i]->value;
		if (value.size > 0 && !is_text)
			continue;
		decoder->is_taken[i] = true;
		items->is_given = true;
		if (value.size > 0)
			add_item(items, name, value);
	}
}

/* Finds the items that were sent under one of the member's names. */
static void collect_items(struct decoder *decoder, struct str name,
			  const struct shape_member *member, struct items *items)
{
	bool is_text = member->kind == SHAPE_LIST && member->item_kind != SHAPE_STRUCTURE;
	bool is_unnumbered, unused;
	uint64_t *numbers;

	add_plain(decoder, items, name, member);
	size_t count = collect_numbers(decoder, name, member->query_item, &numbers, &is_unnumbered);
	if (is_unnumbered && !is_text)
		add_item(items, name, (struct str){0});
	add_numbers(decoder, items, name, numbers, count);
	if (member->query_item.size == 0)
		return;
	struct str listed = join(decoder, name, member->query_item);
	count = collect_numbers(decoder, listed, STR(""), &numbers, &unused);
	add_numbers(decoder, items, listed, numbers, count);
}

/* The number of parameters with that name, or of a structure or list of that name. */
static size_t count_below(struct decoder *decoder, struct str name)
{
	struct str start = join(decoder, name, STR(""));
	size_t count = 0;

	for (size_t i = place_of(decoder, name);
	     i < decoder->pair_count && str_equal(decoder->pairs[i]->key, name); i++)
		count++;
	for (size_t i = place_of(decoder, start);
	     i < decoder->pair_count && str_starts(decoder->pairs[i]->key, start); i++)
		count++;
	return count;
}

static enum err decode_entry(struct decoder *decoder, struct str prefix, struct str text,
			     const struct shape_member *member, char *item)
{
	struct str value_prefix = prefix;

	if (member->kind == SHAPE_MAP) {
		if (!find(decoder, join(decoder, prefix, member->key_name),
			  (struct str *)(void *)item))
			*(struct str *)(void *)item = STR("");
		value_prefix = join(decoder, prefix, member->value_name);
		item += member->item_value_offset;
	}
	if (member->item_kind == SHAPE_STRUCTURE)
		return decode_structure(decoder, value_prefix, member->shape, item);
	if (member->item)
		return decode_items(decoder, value_prefix, STR(""), member->item, item);
	if (!text.data && !find(decoder, value_prefix, &text))
		text = STR("");
	return decode_scalar(decoder, text, member->item_kind, member->time, value_prefix, item);
}

/* `name` is that of the member's parameters, with all that leads there. */
static enum err decode_items(struct decoder *decoder, struct str name, struct str alias,
			     const struct shape_member *member, void *out)
{
	struct items items = {.prefixes = NULL};
	size_t most = count_below(decoder, name);

	if (alias.size > 0)
		most += count_below(decoder, alias);
	if (most == 0)
		return ERR_OK;
	items.prefixes = arena_array(decoder->arena, struct str, most);
	items.texts = arena_array(decoder->arena, struct str, most);
	collect_items(decoder, name, member, &items);
	if (alias.size > 0)
		collect_items(decoder, alias, member, &items);
	if (!items.is_given)
		return ERR_OK;
	if (items.count > LIMIT_REQUEST_ITEMS && !member->is_counted) {
		decoder->problem = arena_format(decoder->arena, "%.*s has more than %d items.",
						STR_ARG(member->query_name), LIMIT_REQUEST_ITEMS);
		return ERR_INVALID;
	}

	char *values = arena_alloc(decoder->arena, items.count * member->item_size);
	for (size_t i = 0; i < items.count; i++) {
		enum err err = decode_entry(decoder, items.prefixes[i], items.texts[i], member,
					    values + i * member->item_size);
		if (err)
			return err;
	}
	*(void **)member_at(out, member->offset) = values;
	*(size_t *)member_at(out, member->extra_offset) = items.count;
	return ERR_OK;
}

/* True if a parameter is one of a structure of that name. */
static bool has_below(struct decoder *decoder, struct str name)
{
	struct str start = join(decoder, name, STR(""));
	size_t place = place_of(decoder, start);

	return place < decoder->pair_count && str_starts(decoder->pairs[place]->key, start);
}

static enum err decode_member(struct decoder *decoder, struct str prefix,
			      const struct shape_member *member, void *out)
{
	struct str name = join(decoder, prefix, member->query_name);
	struct str text, alias;

	switch (member->kind) {
	case SHAPE_LIST:
	case SHAPE_MAP:
		alias = member->query_alias;
		if (alias.size > 0)
			alias = join(decoder, prefix, alias);
		return decode_items(decoder, name, alias, member, out);
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
		enum err err = decode_scalar(decoder, text, member->kind, member->time, name,
					     member_at(out, member->offset));
		if (!err && member->extra_offset)
			*(bool *)member_at(out, member->extra_offset) = true;
		return err;
	}
}

static enum err decode_structure(struct decoder *decoder, struct str prefix,
				 const struct shape *shape, void *out)
{
	if (decoder->depth == LIMIT_FORM_DEPTH) {
		decoder->problem = STR("The parameters are nested too deeply.");
		return ERR_INVALID;
	}
	decoder->depth++;
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		enum err err = decode_member(decoder, prefix, member, out);
		if (err)
			return err;
	}
	decoder->depth--;
	if (shape->is_union && member_count_present(shape, out) != 1) {
		decoder->problem =
			arena_format(decoder->arena, "%.*s must have exactly one member.",
				     STR_ARG(str_slice(prefix, 0, ECHO_SIZE)));
		return ERR_INVALID;
	}
	return ERR_OK;
}

/* Parameters of every request, which signing and routing read. */
static bool is_common(struct str key)
{
	static const struct str common[] = {
		STR_INIT("Action"),	      STR_INIT("Version"),   STR_INIT("AWSAccessKeyId"),
		STR_INIT("SecurityToken"),    STR_INIT("Signature"), STR_INIT("SignatureMethod"),
		STR_INIT("SignatureVersion"), STR_INIT("Timestamp"), STR_INIT("Expires"),
	};

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (str_equal(key, common[i]))
			return true;
	return str_equal_nocase(str_slice(key, 0, 6), STR("X-Amz-"));
}

/* Refuses what no member took, and what was sent twice with different values. */
static enum err check_all_taken(struct decoder *decoder)
{
	for (size_t i = 0; i < decoder->pair_count; i++) {
		const struct form_pair *pair = decoder->pairs[i];
		bool is_repeated = i > 0 && str_equal(pair->key, decoder->pairs[i - 1]->key);
		struct str key = str_is_utf8(pair->key) ? pair->key : STR("(not text)");
		if (decoder->is_taken[i])
			continue;
		if (is_repeated ? str_equal(pair->value, decoder->pairs[i - 1]->value) &&
					  decoder->is_taken[i - 1]
				: is_common(pair->key)) {
			decoder->is_taken[i] = true;
			continue;
		}
		if (key.size > ECHO_SIZE)
			key = STR("(too long)");
		decoder->problem =
			arena_format(decoder->arena,
				     is_repeated ? "The parameter %.*s is given more than once"
						 : "The parameter %.*s is not recognized",
				     STR_ARG(key));
		return ERR_NOTFOUND;
	}
	return ERR_OK;
}

enum err wire_query_decode(struct arena *arena, const struct form *form, const struct shape *shape,
			   void *out, struct str *out_problem)
{
	struct decoder decoder = {.arena = arena};

	sort_pairs(&decoder, form);
	enum err err = decode_structure(&decoder, STR(""), shape, out);
	if (!err)
		err = check_all_taken(&decoder);
	if (err)
		*out_problem = decoder.problem;
	return err;
}
