/* SPDX-License-Identifier: MIT */
/*
 * anchors: an open-addressing table with linear probing; removal shifts what stands behind.
 *
 * A path counts its anchors by kind, and prefixes, suffixes and networks by length too, so that a
 * value is only looked up under keys that exist. Prefix keys are hashed byte by byte, so all
 * prefixes of a value cost one pass. A wildcard hangs on the longest of its literals: at its start
 * or end on that prefix or suffix, else on up to eight bytes of it, for which each place of a value
 * is looked up.
 */
#include "match/anchors.h"

#include <string.h>

#include "base/network.h"
#include "match/range_tree.h"

enum { GRAMS = 4, CIDR_LENGTHS = 129 };

/* Lengths of prefixes or suffixes, ascending, with the number of anchors of each. */
struct lengths {
	struct length {
		uint32_t length, count;
	} * items;
	size_t count, capacity;
};

struct anchor_index {
	uint32_t counts[ANCHOR_KINDS];
	uint32_t total;
	uint32_t grams[GRAMS];				  /* of 1, 2, 4 and 8 bytes */
	struct lengths lengths[ANCHOR_FOLDED_SUFFIX + 1]; /* by kind; those of prefix and suffix */
	uint32_t *networks;				  /* by bits; NULL: none */
	struct range_node *ranges;
};

/* ---- keys ---- */

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t mixed =
		(a ^ (b + 0x9E3779B97F4A7C15ULL + (a << 6) + (a >> 2))) * 0xBF58476D1CE4E5B9ULL;

	mixed = (mixed ^ mixed >> 31) * 0x94D049BB133111EBULL;
	return mixed ^ mixed >> 29;
}

/* Of what makes a key at one path: the kind, a length and a hash or number. */
static uint64_t make_key(const struct anchors *anchors, const struct path_node *node,
			 enum anchor_kind kind, uint32_t length, uint64_t hash)
{
	uint64_t place = (uint64_t)node->id << 32 | (uint64_t)kind << 24 | length;

	return mix(mix(anchors->seed, place), hash);
}

static uint64_t step(uint64_t hash, char byte)
{
	return (hash ^ (unsigned char)byte) * 0x100000001B3ULL;
}

#define STEP_BEGIN 0xCBF29CE484222325ULL

static uint64_t hash_forward(struct str text)
{
	uint64_t hash = STEP_BEGIN;

	for (size_t i = 0; i < text.size; i++)
		hash = step(hash, text.data[i]);
	return hash;
}

static uint64_t hash_backward(struct str text)
{
	uint64_t hash = STEP_BEGIN;

	for (size_t i = text.size; i-- > 0;)
		hash = step(hash, text.data[i]);
	return hash;
}

static uint64_t load_gram(const char *at, size_t size)
{
	uint64_t gram = 0;

	memcpy(&gram, at, size);
	return gram;
}

static uint64_t number_hash(const struct match_number *number)
{
	uint64_t bits;

	if (number->is_integer)
		return (uint64_t)number->integer;
	memcpy(&bits, &number->value, sizeof(bits));
	return ~bits;
}

static uint64_t network_hash(const uint8_t address[NETWORK_ADDRESS_SIZE], unsigned bits)
{
	uint8_t masked[NETWORK_ADDRESS_SIZE] = {0};

	memcpy(masked, address, bits / 8);
	if (bits % 8)
		masked[bits / 8] = (uint8_t)(address[bits / 8] & (0xFF << (8 - bits % 8)));
	return hash_forward(str_of(masked, sizeof(masked)));
}

/* ---- where a predicate hangs ---- */

struct position {
	enum anchor_kind kind;
	uint32_t length;
	uint64_t hash;
};

static struct position at_prefix(enum anchor_kind kind, struct str text)
{
	if (text.size == 0)
		return (struct position){.kind = ANCHOR_STRING};
	return (struct position){kind, (uint32_t)text.size, hash_forward(text)};
}

static struct position at_suffix(enum anchor_kind kind, struct str text)
{
	if (text.size == 0)
		return (struct position){.kind = ANCHOR_STRING};
	return (struct position){kind, (uint32_t)text.size, hash_backward(text)};
}

/* The last bytes of the literal: beginnings are alike more often than ends. */
static struct position at_gram(struct str literal)
{
	size_t size = literal.size >= 8 ? 8 : literal.size >= 4 ? 4 : literal.size >= 2 ? 2 : 1;

	return (struct position){ANCHOR_GRAM, (uint32_t)size,
				 load_gram(literal.data + literal.size - size, size)};
}

static struct position at_wildcard(struct str text)
{
	struct str rest = text, first = str_cut(&rest, WILDCARD_ANY), last = first, inner = {0};

	if (!rest.data)
		return (struct position){.kind = ANCHOR_TEXT, .hash = str_hash(text)};
	while (rest.data) {
		last = str_cut(&rest, WILDCARD_ANY);
		if (rest.data && last.size > inner.size)
			inner = last;
	}
	size_t affix = first.size >= last.size ? first.size : last.size;
	/* Lookups of prefixes and suffixes cost less than those of any place. */
	if (inner.size > affix && affix < 8)
		return at_gram(inner);
	if (affix == 0)
		return (struct position){.kind = ANCHOR_STRING};
	return first.size >= last.size ? at_prefix(ANCHOR_PREFIX, first)
				       : at_suffix(ANCHOR_SUFFIX, last);
}

static struct position position_of(const struct predicate *predicate)
{
	switch (predicate->kind) {
	case PREDICATE_STRING:
		return (struct position){.kind = ANCHOR_TEXT, .hash = str_hash(predicate->text)};
	case PREDICATE_NOCASE:
		return (struct position){.kind = ANCHOR_FOLDED, .hash = str_hash(predicate->text)};
	case PREDICATE_PREFIX:
		return at_prefix(ANCHOR_PREFIX, predicate->text);
	case PREDICATE_SUFFIX:
		return at_suffix(ANCHOR_SUFFIX, predicate->text);
	case PREDICATE_PREFIX_NOCASE:
		return at_prefix(ANCHOR_FOLDED_PREFIX, predicate->text);
	case PREDICATE_SUFFIX_NOCASE:
		return at_suffix(ANCHOR_FOLDED_SUFFIX, predicate->text);
	case PREDICATE_WILDCARD:
		return at_wildcard(predicate->text);
	case PREDICATE_NUMBER:
		return (struct position){.kind = ANCHOR_NUMBER,
					 .hash = number_hash(&predicate->number)};
	case PREDICATE_RANGE:
		return (struct position){.kind = ANCHOR_RANGE};
	case PREDICATE_CIDR:
		return (struct position){
			ANCHOR_CIDR, predicate->cidr.bits,
			network_hash(predicate->cidr.address, predicate->cidr.bits)};
	case PREDICATE_TRUE:
		return (struct position){.kind = ANCHOR_CONSTANT, .hash = MATCH_TRUE};
	case PREDICATE_FALSE:
		return (struct position){.kind = ANCHOR_CONSTANT, .hash = MATCH_FALSE};
	case PREDICATE_NULL:
		return (struct position){.kind = ANCHOR_CONSTANT, .hash = MATCH_NULL};
	case PREDICATE_ABSENT:
		return (struct position){.kind = ANCHOR_ABSENT};
	case PREDICATE_EXISTS:
	case PREDICATE_ANYTHING_BUT:
		break;
	}
	return (struct position){.kind = ANCHOR_ANY};
}

static uint64_t absent_key(const struct anchors *anchors)
{
	return mix(anchors->seed, ANCHOR_ABSENT);
}

static uint64_t position_key(const struct anchors *anchors, const struct path_node *node,
			     const struct position *position)
{
	if (position->kind == ANCHOR_ABSENT)
		return absent_key(anchors);
	return make_key(anchors, node, position->kind, position->length, position->hash);
}

/* ---- the table ---- */

static size_t find_slot(const struct anchors *anchors, uint64_t key)
{
	size_t at = key & (anchors->capacity - 1);

	while (anchors->slots[at].count > 0 && anchors->slots[at].key != key)
		at = (at + 1) & (anchors->capacity - 1);
	return at;
}

static const struct anchor_slot *look_up(const struct anchors *anchors, uint64_t key)
{
	return anchors->capacity > 0 ? &anchors->slots[find_slot(anchors, key)] : NULL;
}

static void grow(struct anchors *anchors)
{
	struct anchor_slot *old = anchors->slots;
	size_t count = anchors->capacity;

	anchors->capacity = count > 0 ? count * 2 : 64;
	anchors->slots = heap_alloc(anchors->capacity * sizeof(*old));
	for (size_t i = 0; i < count; i++)
		if (old[i].count > 0)
			anchors->slots[find_slot(anchors, old[i].key)] = old[i];
	heap_free(old);
}

/* Frees the slot; those behind that were displaced by it move up. */
static void free_slot(struct anchors *anchors, size_t hole)
{
	size_t mask = anchors->capacity - 1;

	anchors->used--;
	for (size_t at = (hole + 1) & mask; anchors->slots[at].count > 0; at = (at + 1) & mask) {
		size_t home = anchors->slots[at].key & mask;
		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		anchors->slots[hole] = anchors->slots[at];
		hole = at;
	}
	anchors->slots[hole].count = 0;
}

static uint32_t new_entry(struct anchors *anchors, uint32_t rule, uint32_t conjunction)
{
	uint32_t number = anchors->free_entry;

	if (number == ANCHOR_NONE) {
		number = (uint32_t)anchors->entries.count;
		(void)vec_add(&anchors->entries);
	} else {
		anchors->free_entry = anchors->entries.items[number].next;
	}
	anchors->entries.items[number] =
		(struct anchor_entry){ANCHOR_NONE, ANCHOR_NONE, rule, conjunction};
	return number;
}

static void free_entry(struct anchors *anchors, uint32_t number)
{
	anchors->entries.items[number].next = anchors->free_entry;
	anchors->free_entry = number;
}

static void link_entry(struct anchors *anchors, uint64_t key, uint32_t number)
{
	if ((anchors->used + 1) * 4 > anchors->capacity * 3)
		grow(anchors);
	struct anchor_slot *slot = &anchors->slots[find_slot(anchors, key)];
	if (slot->count == 0) {
		*slot = (struct anchor_slot){key, ANCHOR_NONE, 0};
		anchors->used++;
	}
	struct anchor_entry *entry = &anchors->entries.items[number];
	entry->next = slot->head;
	if (slot->head != ANCHOR_NONE)
		anchors->entries.items[slot->head].previous = number;
	slot->head = number;
	slot->count++;
}

static void unlink_entry(struct anchors *anchors, uint64_t key, uint32_t number)
{
	const struct anchor_entry *entry = &anchors->entries.items[number];
	size_t at = find_slot(anchors, key);
	struct anchor_slot *slot = &anchors->slots[at];

	check(slot->count > 0);
	if (entry->next != ANCHOR_NONE)
		anchors->entries.items[entry->next].previous = entry->previous;
	if (entry->previous != ANCHOR_NONE)
		anchors->entries.items[entry->previous].next = entry->next;
	else
		slot->head = entry->next;
	if (--slot->count == 0)
		free_slot(anchors, at);
}

/* ---- the index of one path ---- */

static void count_length(struct lengths *lengths, uint32_t length, bool is_more)
{
	size_t at = 0;

	while (at < lengths->count && lengths->items[at].length < length)
		at++;
	bool is_there = at < lengths->count && lengths->items[at].length == length;
	if (is_more && !is_there) {
		vec_reserve(lengths, 1);
		memmove(lengths->items + at + 1, lengths->items + at,
			(lengths->count++ - at) * sizeof(*lengths->items));
		lengths->items[at] = (struct length){length, 1};
		return;
	}
	check(is_there);
	lengths->items[at].count += is_more ? 1 : UINT32_MAX;
	if (lengths->items[at].count > 0)
		return;
	memmove(lengths->items + at, lengths->items + at + 1,
		(--lengths->count - at) * sizeof(*lengths->items));
}

static bool has_lengths(enum anchor_kind kind)
{
	return kind == ANCHOR_PREFIX || kind == ANCHOR_SUFFIX || kind == ANCHOR_FOLDED_PREFIX ||
	       kind == ANCHOR_FOLDED_SUFFIX;
}

static size_t gram_class(uint32_t length)
{
	return length == 8 ? 3 : length == 4 ? 2 : length == 2 ? 1 : 0;
}

static void count(struct anchor_index *index, enum anchor_kind kind, uint32_t length, bool is_more)
{
	uint32_t change = is_more ? 1 : UINT32_MAX;

	index->counts[kind] += change;
	index->total += change;
	if (has_lengths(kind))
		count_length(&index->lengths[kind], length, is_more);
	if (kind == ANCHOR_GRAM)
		index->grams[gram_class(length)] += change;
	if (kind != ANCHOR_CIDR)
		return;
	if (!index->networks)
		index->networks = heap_alloc(CIDR_LENGTHS * sizeof(*index->networks));
	index->networks[length] += change;
}

static void index_free(struct anchor_index **index)
{
	check(!(*index)->ranges);
	for (size_t i = 0; i < sizeof((*index)->lengths) / sizeof((*index)->lengths[0]); i++)
		vec_done(&(*index)->lengths[i]);
	heap_free((*index)->networks);
	heap_free(*index);
	*index = NULL;
}

/* ---- changes ---- */

void anchors_init(struct anchors *anchors)
{
	*anchors = (struct anchors){.free_entry = ANCHOR_NONE};
	random_bytes(&anchors->seed, sizeof(anchors->seed));
}

void anchors_done(struct anchors *anchors)
{
	check(anchors->used == 0);
	heap_free(anchors->slots);
	anchors->slots = NULL;
	anchors->capacity = 0;
	vec_done(&anchors->entries);
}

uint64_t anchor_cost(const struct anchors *anchors, const struct path_node *node,
		     const struct predicate *predicate)
{
	/* By how common values are that have such a key. */
	static const uint32_t commonness[ANCHOR_KINDS] = {
		[ANCHOR_TEXT] = 1,	    [ANCHOR_FOLDED] = 2,    [ANCHOR_PREFIX] = 3,
		[ANCHOR_SUFFIX] = 3,	    [ANCHOR_GRAM] = 6,	    [ANCHOR_FOLDED_PREFIX] = 4,
		[ANCHOR_FOLDED_SUFFIX] = 4, [ANCHOR_NUMBER] = 1,    [ANCHOR_CIDR] = 2,
		[ANCHOR_RANGE] = 30,	    [ANCHOR_STRING] = 80,   [ANCHOR_CONSTANT] = 50,
		[ANCHOR_ANY] = 100,	    [ANCHOR_ABSENT] = 1000,
	};
	struct position position = position_of(predicate);
	uint64_t cost = commonness[position.kind];

	if (position.kind == ANCHOR_RANGE)
		return cost + (node->index ? node->index->counts[ANCHOR_RANGE] / 32 : 0);
	const struct anchor_slot *slot = look_up(anchors, position_key(anchors, node, &position));
	if (position.kind == ANCHOR_GRAM && position.length < 4)
		cost *= 5;
	return cost + (slot ? slot->count : 0);
}

struct anchor anchor_add(struct anchors *anchors, struct path_node *node,
			 const struct predicate *predicate, uint32_t rule, uint32_t conjunction)
{
	struct position position = position_of(predicate);
	struct anchor anchor = {
		.key = position_key(anchors, node, &position),
		.entry = new_entry(anchors, rule, conjunction),
		.length = (uint16_t)position.length,
		.kind = (uint8_t)position.kind,
	};

	if (!node->index)
		node->index = heap_alloc(sizeof(*node->index));
	count(node->index, position.kind, position.length, true);
	if (position.kind == ANCHOR_RANGE)
		anchor.key = (uintptr_t)range_tree_add(&node->index->ranges, &predicate->range,
						       anchor.entry);
	else
		link_entry(anchors, anchor.key, anchor.entry);
	return anchor;
}

void anchor_remove(struct anchors *anchors, struct path_node *node, const struct anchor *anchor)
{
	check(node->index);
	if (anchor->kind == ANCHOR_RANGE)
		range_tree_remove(&node->index->ranges,
				  (struct range_node *)(uintptr_t)anchor->key);
	else
		unlink_entry(anchors, anchor->key, anchor->entry);
	free_entry(anchors, anchor->entry);
	count(node->index, (enum anchor_kind)anchor->kind, anchor->length, false);
	if (node->index->total == 0)
		index_free(&node->index);
}

/* ---- lookup ---- */

struct search {
	const struct anchors *anchors;
	const struct path_node *node;
	anchor_found_fn found;
	void *context;
};

static void report(const struct search *search, uint64_t key)
{
	const struct anchor_slot *slot = look_up(search->anchors, key);

	if (!slot || slot->count == 0)
		return;
	for (uint32_t at = slot->head; at != ANCHOR_NONE;) {
		const struct anchor_entry *entry = &search->anchors->entries.items[at];
		search->found(search->context, entry->rule, entry->conjunction);
		at = entry->next;
	}
}

static void search_key(const struct search *search, enum anchor_kind kind, uint32_t length,
		       uint64_t hash)
{
	report(search, make_key(search->anchors, search->node, kind, length, hash));
}

static void search_prefixes(const struct search *search, enum anchor_kind kind, struct str text)
{
	const struct lengths *lengths = &search->node->index->lengths[kind];
	uint64_t hash = STEP_BEGIN;
	size_t at = 0;

	for (size_t i = 0; i < lengths->count && lengths->items[i].length <= text.size; i++) {
		while (at < lengths->items[i].length)
			hash = step(hash, text.data[at++]);
		search_key(search, kind, lengths->items[i].length, hash);
	}
}

static void search_suffixes(const struct search *search, enum anchor_kind kind, struct str text)
{
	const struct lengths *lengths = &search->node->index->lengths[kind];
	uint64_t hash = STEP_BEGIN;
	size_t at = 0;

	for (size_t i = 0; i < lengths->count && lengths->items[i].length <= text.size; i++) {
		while (at < lengths->items[i].length)
			hash = step(hash, text.data[text.size - ++at]);
		search_key(search, kind, lengths->items[i].length, hash);
	}
}

static void search_grams(const struct search *search, struct str text)
{
	for (size_t class = 0; class < GRAMS; class ++) {
		size_t size = (size_t)1 << class;
		if (search->node->index->grams[class] == 0)
			continue;
		for (size_t i = 0; i + size <= text.size; i++)
			search_key(search, ANCHOR_GRAM, (uint32_t)size,
				   load_gram(text.data + i, size));
	}
}

static void search_networks(const struct search *search, struct str text)
{
	uint8_t address[NETWORK_ADDRESS_SIZE];
	bool is_v4;

	if (!network_parse_address(text, address, &is_v4))
		return;
	for (unsigned bits = 0; bits < CIDR_LENGTHS; bits++)
		if (search->node->index->networks[bits] > 0)
			search_key(search, ANCHOR_CIDR, bits, network_hash(address, bits));
}

static void search_folded(const struct search *search, struct match_value *value,
			  struct arena *arena)
{
	const uint32_t *counts = search->node->index->counts;

	if (counts[ANCHOR_FOLDED] + counts[ANCHOR_FOLDED_PREFIX] + counts[ANCHOR_FOLDED_SUFFIX] ==
	    0)
		return;
	struct str text = match_value_fold(value, arena);
	if (counts[ANCHOR_FOLDED] > 0)
		search_key(search, ANCHOR_FOLDED, 0, str_hash(text));
	search_prefixes(search, ANCHOR_FOLDED_PREFIX, text);
	search_suffixes(search, ANCHOR_FOLDED_SUFFIX, text);
}

static void search_text(const struct search *search, struct match_value *value, struct arena *arena)
{
	const uint32_t *counts = search->node->index->counts;

	if (counts[ANCHOR_TEXT] > 0)
		search_key(search, ANCHOR_TEXT, 0, str_hash(value->text));
	if (counts[ANCHOR_STRING] > 0)
		search_key(search, ANCHOR_STRING, 0, 0);
	search_prefixes(search, ANCHOR_PREFIX, value->text);
	search_suffixes(search, ANCHOR_SUFFIX, value->text);
	search_folded(search, value, arena);
	if (counts[ANCHOR_GRAM] > 0)
		search_grams(search, value->text);
	if (counts[ANCHOR_CIDR] > 0)
		search_networks(search, value->text);
}

static void found_range(void *context, uint32_t value)
{
	const struct search *search = context;
	const struct anchor_entry *entry = &search->anchors->entries.items[value];

	search->found(search->context, entry->rule, entry->conjunction);
}

void anchors_look_up(const struct anchors *anchors, struct field *field, struct arena *arena,
		     anchor_found_fn found, void *context)
{
	struct search search = {anchors, field->node, found, context};
	const struct anchor_index *index = field->node->index;
	struct match_value *value = &field->value;

	if (!index)
		return;
	if (index->counts[ANCHOR_ANY] > 0)
		search_key(&search, ANCHOR_ANY, 0, 0);
	if (value->kind == MATCH_STRING) {
		search_text(&search, value, arena);
	} else if (value->kind == MATCH_NUMBER) {
		if (index->counts[ANCHOR_NUMBER] > 0)
			search_key(&search, ANCHOR_NUMBER, 0, number_hash(&value->number));
		range_tree_look_up(index->ranges, value->number.value, found_range, &search);
	} else if (index->counts[ANCHOR_CONSTANT] > 0) {
		search_key(&search, ANCHOR_CONSTANT, 0, value->kind);
	}
}

void anchors_look_up_absent(const struct anchors *anchors, anchor_found_fn found, void *context)
{
	const struct search search = {anchors, NULL, found, context};

	report(&search, absent_key(anchors));
}
