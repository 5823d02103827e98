/* SPDX-License-Identifier: MIT */
/*
 * anchors: from a value of an event to the conjunctions that it may fulfil.
 *
 * Each conjunction hangs on the predicates of one of its requirements, its anchors. Every anchor
 * has a key of 64 bits made of the path and of what a value must have: the whole text, a prefix, a
 * suffix, a few bytes somewhere inside, a number, a network. One hash table leads from keys to
 * conjunctions; a value is looked up under each key that it can have. Ranges of numbers are in a
 * tree per path. A key may lead to conjunctions that do not match (hashes collide, a wildcard is
 * looked up by a part of its text): the caller evaluates what it is given.
 *
 * A lookup takes time linear in the value, times the lengths of prefixes and suffixes that differ
 * (at most the value's own length), plus what it finds. Changed by one thread while nobody reads.
 */
#ifndef TERN_MATCH_ANCHORS_H
#define TERN_MATCH_ANCHORS_H

#include "base/base.h"
#include "base/vec.h"
#include "match/fields.h"
#include "match/predicate.h"

struct anchor_slot {
	uint64_t key;
	uint32_t head;	/* entry */
	uint32_t count; /* of entries; 0: the slot is free */
};

struct anchor_entry {
	uint32_t next, previous; /* of the same key; ANCHOR_NONE */
	uint32_t rule;		 /* the caller's two numbers */
	uint32_t conjunction;
};

#define ANCHOR_NONE UINT32_MAX

struct range_node;

struct anchors {
	struct anchor_slot *slots;
	size_t capacity, used; /* a power of two, or 0 */
	struct {
		struct anchor_entry *items;
		size_t count, capacity;
	} entries;
	uint32_t free_entry; /* chained by next */
	uint64_t seed;
};

/* Kinds of keys at one path. */
enum anchor_kind {
	ANCHOR_TEXT,
	ANCHOR_FOLDED,
	ANCHOR_PREFIX,
	ANCHOR_SUFFIX,
	ANCHOR_FOLDED_PREFIX,
	ANCHOR_FOLDED_SUFFIX,
	ANCHOR_GRAM,   /* `length` bytes at any place */
	ANCHOR_STRING, /* any text */
	ANCHOR_NUMBER,
	ANCHOR_RANGE,
	ANCHOR_CIDR, /* `length` bits */
	ANCHOR_CONSTANT,
	ANCHOR_ANY,    /* any value */
	ANCHOR_ABSENT, /* of the event, not of a path */
	ANCHOR_KINDS
};

/* The record that a rule keeps of each of its anchors, to remove it. */
struct anchor {
	uint64_t key; /* of ANCHOR_RANGE: the address of its node */
	uint32_t entry;
	uint16_t length;
	uint8_t kind;
};

void anchors_init(struct anchors *anchors);
void anchors_done(struct anchors *anchors); /* all were removed */

/* How bad an anchor this would be: about the evaluations that it causes beyond the needed ones. */
uint64_t anchor_cost(const struct anchors *anchors, const struct path_node *node,
		     const struct predicate *predicate);
struct anchor anchor_add(struct anchors *anchors, struct path_node *node,
			 const struct predicate *predicate, uint32_t rule, uint32_t conjunction);
void anchor_remove(struct anchors *anchors, struct path_node *node, const struct anchor *anchor);

typedef void (*anchor_found_fn)(void *context, uint32_t rule, uint32_t conjunction);
/* Calls `found` for what hangs on the field's path and may match its value, perhaps repeatedly. */
void anchors_look_up(const struct anchors *anchors, struct field *field, struct arena *arena,
		     anchor_found_fn found, void *context);
/* The same for what hangs on the absence of a path. */
void anchors_look_up_absent(const struct anchors *anchors, anchor_found_fn found, void *context);

#endif
