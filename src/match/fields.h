/* SPDX-License-Identifier: MIT */
/*
 * fields: the paths that rules name, and the values that an event has there.
 *
 * One walk over an event collects the values of all named paths and passes over the rest. A value
 * inside an array belongs to a scope, the array's element: two values of different elements of the
 * same array do not fulfil a conjunction together. Scopes form a tree whose root is the event.
 *
 * A struct path_tree belongs to its matcher: changed by one thread while nobody reads it. A struct
 * field_set is one thread's; it is used again for each event, so a walk allocates little.
 */
#ifndef TERN_MATCH_FIELDS_H
#define TERN_MATCH_FIELDS_H

#include "base/base.h"
#include "base/vec.h"
#include "format/json.h"
#include "match/predicate.h"

struct anchor_index;

struct path_node {
	uint32_t id;
	uint32_t uses;	   /* requirements that name this path */
	uint32_t children; /* nodes below */
	/* Bits of the names below, and perhaps of names that were there: path_name_bit. */
	uint64_t child_names;
	uint64_t hash; /* of parent and name */
	struct path_node *parent;
	struct anchor_index *index; /* see anchors.h; NULL: no rule hangs here */
	uint16_t name_size;
	char name[];
};

struct path_tree {
	struct path_node *root;
	struct map map; /* all but the root, by hash */
	struct {
		struct path_node **items; /* by id; NULL: free */
		size_t count, capacity;
	} nodes;
	struct {
		uint32_t *items; /* ids */
		size_t count, capacity;
	} free;
};

void path_tree_init(struct path_tree *tree);
void path_tree_done(struct path_tree *tree); /* every path was released */
/* The node of a path such as "detail.state"; counts one use. */
struct path_node *path_acquire(struct path_tree *tree, struct str path);
/* Ends a use; frees nodes that are needed no more. */
void path_release(struct path_tree *tree, struct path_node *node);

#define FIELD_NONE UINT32_MAX

struct field {
	const struct path_node *node;
	struct match_value value;
	uint32_t scope;
	uint32_t next; /* of the same node, in the order of the event; FIELD_NONE: none */
};

/* Numbered in the order of the walk: those inside scope s are s + 1 to end - 1. */
struct scope {
	uint32_t parent; /* of the root: itself */
	uint32_t array;
	uint32_t end;
};

/* A node's fields in this event; valid if epoch is the set's. */
struct field_list {
	uint32_t epoch, first, last;
};

struct field_set {
	uint32_t epoch;	    /* number of the event; 1 again behind UINT32_MAX */
	struct arena arena; /* for folded texts */
	struct {
		struct field *items;
		size_t count, capacity;
	} fields;
	struct {
		struct scope *items;
		size_t count, capacity;
	} scopes;
	struct {
		uint32_t *items; /* the scope that each array stands in */
		size_t count, capacity;
	} arrays;
	struct {
		struct field_list *items; /* by id of node */
		size_t count, capacity;
	} lists;
};

void field_set_init(struct field_set *set);
void field_set_done(struct field_set *set);
/* Forgets the event of before and collects the fields of `event`, which must outlive their use. */
void field_set_read(struct field_set *set, const struct path_tree *tree, yyjson_val *event);
/*
 * The same of an event as text, most of which is only passed over. If the text is JSON that
 * json_parse takes, the fields are the same; other text may be taken too, with some fields, or be
 * ERR_INVALID or ERR_TOOLARGE.
 */
must_check enum err field_set_scan(struct field_set *set, const struct path_tree *tree,
				   struct str text);
/* A message attribute of SNS: a field of an event that is no JSON. */
struct match_attribute {
	struct str name; /* points separate the names of a path, as in events */
	struct match_value value;
	yyjson_val *values; /* an array of JSON, in place of `value`; NULL: none */
};
/* The same for an event that consists of these attributes. */
void field_set_read_attributes(struct field_set *set, const struct path_tree *tree,
			       const struct match_attribute *attributes, size_t count);
/* The first field of the node, FIELD_NONE if the event has none. */
static inline uint32_t field_set_first(const struct field_set *set, const struct path_node *node)
{
	const struct field_list *list = &set->lists.items[node->id];

	return list->epoch == set->epoch ? list->first : FIELD_NONE;
}

#endif
