/* SPDX-License-Identifier: MIT */
/*
 * fields: the tree of paths is one hash table by parent and name. Names and keys of events are cut
 * at points, so that {"a.b": 1} and {"a": {"b": 1}} give the same node.
 */
#include "match/fields_private.h"

#include <string.h>

/* ---- paths ---- */

struct path_key {
	const struct path_node *parent;
	struct str name;
};

static uint64_t key_hash(const struct path_node *parent, struct str name)
{
	return str_hash(name) ^ (parent->hash * 0x9E3779B97F4A7C15ULL + parent->id);
}

static bool is_key(const void *value, const void *key)
{
	const struct path_node *node = value;
	const struct path_key *wanted = key;

	return node->parent == wanted->parent &&
	       str_equal(str_of(node->name, node->name_size), wanted->name);
}

static struct path_node *find_child(const struct path_tree *tree, const struct path_node *parent,
				    struct str name)
{
	const struct path_key key = {parent, name};

	return map_find(&tree->map, key_hash(parent, name), is_key, &key);
}

static struct path_node *add_node(struct path_tree *tree, struct path_node *parent, struct str name)
{
	struct path_node *node = heap_alloc(sizeof(*node) + name.size);

	check(name.size <= UINT16_MAX);
	node->name_size = (uint16_t)name.size;
	if (name.size > 0)
		memcpy(node->name, name.data, name.size);
	node->parent = parent;
	if (tree->free.count > 0) {
		node->id = tree->free.items[--tree->free.count];
	} else {
		node->id = (uint32_t)tree->nodes.count;
		vec_push(&tree->nodes, NULL);
	}
	tree->nodes.items[node->id] = node;
	if (parent) {
		node->hash = key_hash(parent, name);
		map_insert(&tree->map, node->hash, node);
		parent->children++;
		parent->child_names |= path_name_bit(name);
	}
	return node;
}

void path_tree_init(struct path_tree *tree)
{
	*tree = (struct path_tree){0};
	tree->root = add_node(tree, NULL, STR(""));
}

void path_tree_done(struct path_tree *tree)
{
	if (!tree->root)
		return;
	check(tree->map.count == 0);
	heap_free(tree->root);
	map_done(&tree->map);
	vec_done(&tree->nodes);
	vec_done(&tree->free);
	tree->root = NULL;
}

struct path_node *path_acquire(struct path_tree *tree, struct str path)
{
	struct path_node *node = tree->root;

	for (struct str rest = path; rest.data;) {
		struct str name = str_cut(&rest, '.');
		struct path_node *child = find_child(tree, node, name);
		node = child ? child : add_node(tree, node, name);
	}
	node->uses++;
	return node;
}

void path_release(struct path_tree *tree, struct path_node *node)
{
	check(node->uses > 0);
	node->uses--;
	while (node->parent && node->uses == 0 && node->children == 0) {
		struct path_node *parent = node->parent;
		check(!node->index);
		map_remove(&tree->map, node->hash, node);
		tree->nodes.items[node->id] = NULL;
		vec_push(&tree->free, node->id);
		heap_free(node);
		parent->children--;
		node = parent;
	}
}

/* ---- one event ---- */

struct walk {
	struct field_set *set;
	const struct path_tree *tree;
};

static void walk_value(struct walk *walk, const struct path_node *node, uint32_t scope,
		       yyjson_val *value);

struct match_value match_value_of(yyjson_val *value)
{
	struct match_value out = {.kind = MATCH_OPAQUE};

	if (yyjson_is_str(value)) {
		out.kind = MATCH_STRING;
		out.text = str_of(yyjson_get_str(value), yyjson_get_len(value));
	} else if (yyjson_is_bool(value)) {
		out.kind = yyjson_get_bool(value) ? MATCH_TRUE : MATCH_FALSE;
	} else if (yyjson_is_null(value)) {
		out.kind = MATCH_NULL;
	} else if (yyjson_is_real(value)) {
		out.kind = MATCH_NUMBER;
		out.number = match_number_of(yyjson_get_real(value));
	} else if (yyjson_is_uint(value) && yyjson_get_uint(value) > INT64_MAX) {
		out.kind = MATCH_NUMBER;
		out.number = match_number_of((double)yyjson_get_uint(value));
	} else if (yyjson_is_int(value)) {
		out.kind = MATCH_NUMBER;
		out.number = match_number_of_integer(yyjson_get_sint(value));
	}
	return out;
}

void field_set_add(struct field_set *set, const struct path_node *node, uint32_t scope,
		   struct match_value value)
{
	struct field_list *list = &set->lists.items[node->id];
	uint32_t number = (uint32_t)set->fields.count;

	vec_push(&set->fields, (struct field){node, value, .scope = scope, .next = FIELD_NONE});
	if (list->epoch == set->epoch)
		set->fields.items[list->last].next = number;
	else
		*list = (struct field_list){.epoch = set->epoch, .first = number};
	list->last = number;
}

static void walk_array(struct walk *walk, const struct path_node *node, uint32_t scope,
		       yyjson_val *array)
{
	struct field_set *set = walk->set;
	uint32_t number = (uint32_t)set->arrays.count;
	yyjson_arr_iter iter = yyjson_arr_iter_with(array);

	vec_push(&set->arrays, scope);
	for (yyjson_val *item; (item = yyjson_arr_iter_next(&iter));) {
		uint32_t inner = (uint32_t)set->scopes.count;
		vec_push(&set->scopes, (struct scope){.parent = scope, .array = number});
		walk_value(walk, node, inner, item);
		set->scopes.items[inner].end = (uint32_t)set->scopes.count;
	}
}

const struct path_node *path_find_name(const struct path_tree *tree, const struct path_node *node,
				       struct str name)
{
	if (!(node->child_names & path_name_bit(name)))
		return NULL;
	return find_child(tree, node, name);
}

const struct path_node *path_find_key(const struct path_tree *tree, const struct path_node *node,
				      struct str key)
{
	while (node && key.data)
		node = path_find_name(tree, node, str_cut(&key, '.'));
	return node;
}

static void walk_object(struct walk *walk, const struct path_node *node, uint32_t scope,
			yyjson_val *object)
{
	yyjson_obj_iter iter = yyjson_obj_iter_with(object);

	for (yyjson_val *key; (key = yyjson_obj_iter_next(&iter));) {
		struct str name = str_of(yyjson_get_str(key), yyjson_get_len(key));
		const struct path_node *child = path_find_key(walk->tree, node, name);
		if (child)
			walk_value(walk, child, scope, yyjson_obj_iter_get_val(key));
	}
}

/* The parser has bounded the depth. */
static void walk_value(struct walk *walk, const struct path_node *node, uint32_t scope,
		       yyjson_val *value)
{
	if (yyjson_is_obj(value)) {
		if (node->children > 0)
			walk_object(walk, node, scope, value);
	} else if (yyjson_is_arr(value)) {
		walk_array(walk, node, scope, value);
	} else if (node->uses > 0) {
		field_set_add(walk->set, node, scope, match_value_of(value));
	}
}

void field_set_init(struct field_set *set)
{
	*set = (struct field_set){0};
	arena_init(&set->arena);
}

void field_set_done(struct field_set *set)
{
	arena_done(&set->arena);
	vec_done(&set->fields);
	vec_done(&set->scopes);
	vec_done(&set->arrays);
	vec_done(&set->lists);
}

void field_set_begin(struct field_set *set, size_t nodes)
{
	arena_reset(&set->arena);
	set->fields.count = set->scopes.count = set->arrays.count = 0;
	if (++set->epoch == 0) { /* all marks of old events would be valid again */
		set->lists.count = 0;
		set->epoch = 1;
	}
	if (set->lists.count < nodes) {
		size_t more = nodes - set->lists.count;
		vec_reserve(&set->lists, more);
		memset(set->lists.items + set->lists.count, 0, more * sizeof(struct field_list));
		set->lists.count = nodes;
	}
}

void field_set_read(struct field_set *set, const struct path_tree *tree, yyjson_val *event)
{
	struct walk walk = {set, tree};

	field_set_begin(set, tree->nodes.count);
	vec_push(&set->scopes, (struct scope){0});
	walk_value(&walk, tree->root, 0, event);
	set->scopes.items[0].end = (uint32_t)set->scopes.count;
}

void field_set_read_attributes(struct field_set *set, const struct path_tree *tree,
			       const struct match_attribute *attributes, size_t count)
{
	struct walk walk = {set, tree};

	field_set_begin(set, tree->nodes.count);
	vec_push(&set->scopes, (struct scope){0});
	for (size_t i = 0; i < count; i++) {
		const struct match_attribute *attribute = &attributes[i];
		const struct path_node *node = path_find_key(tree, tree->root, attribute->name);
		if (!node)
			continue;
		if (attribute->values)
			walk_value(&walk, node, 0, attribute->values);
		else if (node->uses > 0)
			field_set_add(set, node, 0, attribute->value);
	}
	set->scopes.items[0].end = (uint32_t)set->scopes.count;
}
