/* SPDX-License-Identifier: MIT */
/*
 * snapshot: a B+ tree an order, whose nodes are counted by reference and shared by snapshots.
 *
 * A change copies the nodes from the root to the leaf, once a commit: nodes that the open commit
 * made carry its number and are changed in place. A node that an older snapshot knows is never
 * changed. A commit publishes all roots by one pointer.
 *
 * A branch has, of each child, the first value below it and that value's prefix, so a search looks
 * at one node a level, and at values only where prefixes are equal.
 */
#include "base/snapshot.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/base.h"
#include "base/staging.h"

/* A node with fewer than LEAST entries is joined with a neighbour that has room. */
enum { FANOUT = 32, LEAST = FANOUT / 4 };

struct node {
	_Atomic uint32_t references;
	uint16_t count;
	uint16_t height; /* 0: a leaf */
	uint64_t commit; /* that made it */
	size_t size;	 /* values below */
	uint64_t prefixes[FANOUT];
	const void *values[FANOUT]; /* of a branch: the first below each child, not held */
	struct node *children[];    /* of a branch */
};

struct snapshot {
	_Atomic uint32_t references;
	const struct snapshot_kind *kind;
	struct node *roots[SNAPSHOT_ORDERS_MAX]; /* NULL: empty */
};

struct snapshot_table {
	const struct snapshot_kind *kind;
	pthread_mutex_t lock; /* of `current`, held to take or exchange it */
	struct snapshot *current;
	struct snapshot
		*open; /* what the owner changes; NULL outside begin and commit or staging */
	struct staging_member staged;
	uint64_t commit; /* the number of the open or next one */
	_Atomic uint64_t generation;
};

/* ---- nodes ---- */

static struct node *node_new(uint64_t commit, uint16_t height)
{
	size_t children = height > 0 ? FANOUT * sizeof(struct node *) : 0;
	struct node *node = heap_alloc(sizeof(*node) + children);

	atomic_store_explicit(&node->references, 1, memory_order_relaxed);
	node->height = height;
	node->commit = commit;
	return node;
}

static struct node *node_hold(struct node *node)
{
	atomic_fetch_add_explicit(&node->references, 1, memory_order_relaxed);
	return node;
}

/* Recursion is as deep as the tree. */
static void node_release(const struct snapshot_kind *kind, struct node *node)
{
	if (!node || atomic_fetch_sub_explicit(&node->references, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < node->count; i++) {
		if (node->height > 0)
			node_release(kind, node->children[i]);
		else
			kind->release(node->values[i]);
	}
	heap_free(node);
}

/* The node itself if the open commit made it; else a copy in its place. */
static struct node *node_own(struct snapshot_table *table, struct node *node)
{
	if (node->commit == table->commit)
		return node;
	struct node *copy = node_new(table->commit, node->height);
	copy->count = node->count;
	copy->size = node->size;
	memcpy(copy->prefixes, node->prefixes, node->count * sizeof(node->prefixes[0]));
	memcpy(copy->values, node->values, node->count * sizeof(node->values[0]));
	for (size_t i = 0; i < node->count; i++) {
		if (node->height > 0)
			copy->children[i] = node_hold(node->children[i]);
		else
			table->kind->hold(node->values[i]);
	}
	node_release(table->kind, node);
	return copy;
}

static int compare_at(const struct node *node, size_t place, const struct snapshot_key *key)
{
	if (key->prefix != node->prefixes[place])
		return key->prefix < node->prefixes[place] ? -1 : 1;
	return key->compare(key->key, node->values[place]);
}

/* The first place whose value the key is not behind. */
static size_t node_search(const struct node *node, const struct snapshot_key *key)
{
	size_t low = 0, high = node->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (compare_at(node, middle, key) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The child below which one value is, if it is there. */
static size_t node_child(const struct node *node, const struct snapshot_key *key)
{
	size_t place = node_search(node, key);

	if (place < node->count && compare_at(node, place, key) == 0)
		return place;
	return place > 0 ? place - 1 : 0;
}

static size_t size_at(const struct node *node, size_t place)
{
	return node->height > 0 ? node->children[place]->size : 1;
}

/* Moves entries within a node or between two of the same height, to free places. */
static void move_entries(struct node *to, size_t to_place, struct node *from, size_t place,
			 size_t count)
{
	memmove(&to->prefixes[to_place], &from->prefixes[place], count * sizeof(to->prefixes[0]));
	memmove(&to->values[to_place], &from->values[place], count * sizeof(to->values[0]));
	if (to->height > 0)
		memmove(&to->children[to_place], &from->children[place],
			count * sizeof(to->children[0]));
}

/* ---- putting ---- */

static uint64_t prefix_of(const struct snapshot_order *order, const void *value)
{
	return order->prefix ? order->prefix(value) : 0;
}

static struct snapshot_key key_of(const struct snapshot_order *order, const void *value)
{
	return (struct snapshot_key){prefix_of(order, value), order->compare, value};
}

/* The upper half of a full node. */
static struct node *node_split(struct snapshot_table *table, struct node *node)
{
	struct node *upper = node_new(table->commit, node->height);
	size_t half = node->count / 2;

	upper->count = (uint16_t)(node->count - half);
	move_entries(upper, 0, node, half, upper->count);
	node->count = (uint16_t)half;
	for (size_t i = 0; i < upper->count; i++)
		upper->size += size_at(upper, i);
	node->size -= upper->size;
	return upper;
}

/* Puts an entry at a place of a node that is owned. Returns the upper half if it had to be split.
 */
static struct node *node_insert(struct snapshot_table *table, struct node *node, size_t place,
				uint64_t prefix, const void *value, struct node *child)
{
	struct node *upper = node->count == FANOUT ? node_split(table, node) : NULL;
	struct node *into = node;

	if (upper && place > node->count) {
		into = upper;
		place -= node->count;
	}
	move_entries(into, place + 1, into, place, into->count - place);
	into->prefixes[place] = prefix;
	into->values[place] = value;
	if (into->height > 0)
		into->children[place] = child;
	into->count++;
	into->size += size_at(into, place);
	return upper;
}

/* Updates the entry of a branch after its child has changed. */
static void note_child(struct node *node, size_t place, struct node *child, size_t size_before)
{
	node->children[place] = child;
	node->prefixes[place] = child->prefixes[0];
	node->values[place] = child->values[0];
	node->size = node->size - size_before + child->size;
}

/*
 * Puts the value, held by the tree from now on, below *place, which becomes the open commit's.
 * Returns the upper half if the node had to be split; the value that was replaced is released.
 */
static struct node *tree_put(struct snapshot_table *table, struct node **place,
			     const struct snapshot_key *key, const void *value)
{
	struct node *node = *place = node_own(table, *place);

	if (node->height == 0) {
		size_t at = node_search(node, key);
		if (at == node->count || compare_at(node, at, key) != 0)
			return node_insert(table, node, at, key->prefix, value, NULL);
		table->kind->release(node->values[at]);
		node->values[at] = value;
		return NULL;
	}
	size_t at = node_child(node, key);
	size_t size = node->children[at]->size;
	struct node *child = node->children[at];
	struct node *upper = tree_put(table, &child, key, value);
	note_child(node, at, child, size);
	if (!upper)
		return NULL;
	return node_insert(table, node, at + 1, upper->prefixes[0], upper->values[0], upper);
}

static void order_put(struct snapshot_table *table, size_t order, const void *value)
{
	struct snapshot_key key = key_of(&table->kind->orders[order], value);
	struct node **root = &table->open->roots[order];

	if (!*root)
		*root = node_new(table->commit, 0);
	struct node *upper = tree_put(table, root, &key, value);
	if (!upper)
		return;
	struct node *lower = *root;
	struct node *branch = node_new(table->commit, (uint16_t)(lower->height + 1));
	check(branch->height < SNAPSHOT_DEPTH_MAX);
	(void)node_insert(table, branch, 0, lower->prefixes[0], lower->values[0], lower);
	(void)node_insert(table, branch, 1, upper->prefixes[0], upper->values[0], upper);
	*root = branch;
}

/* ---- removing ---- */

/* Takes an entry out; what it refers to is the caller's. */
static void node_remove(struct node *node, size_t place)
{
	node->size -= size_at(node, place);
	move_entries(node, place, node, place + 1, node->count - place - 1);
	node->count--;
}

/* Joins a child that has few entries with the one behind it, or the one before it. */
static void join_child(struct snapshot_table *table, struct node *node, size_t place)
{
	size_t left = place + 1 < node->count ? place : place - 1;

	if (node->count < 2 || node->children[place]->count >= LEAST ||
	    node->children[left]->count + node->children[left + 1]->count > FANOUT)
		return;
	struct node *lower = node->children[left] = node_own(table, node->children[left]);
	struct node *upper = node_own(table, node->children[left + 1]);
	node->children[left + 1] = upper;
	node_remove(node, left + 1);
	move_entries(lower, lower->count, upper, 0, upper->count);
	lower->count = (uint16_t)(lower->count + upper->count);
	lower->size += upper->size;
	node->size += upper->size;
	upper->count = 0;
	node_release(table->kind, upper);
}

/* The value is there. It is released. */
static void tree_remove(struct snapshot_table *table, struct node **place,
			const struct snapshot_key *key)
{
	struct node *node = *place = node_own(table, *place);

	if (node->height == 0) {
		size_t at = node_search(node, key);
		check(at < node->count && compare_at(node, at, key) == 0);
		const void *value = node->values[at];
		node_remove(node, at);
		table->kind->release(value);
		return;
	}
	size_t at = node_child(node, key);
	size_t size = node->children[at]->size;
	struct node *child = node->children[at];
	tree_remove(table, &child, key);
	if (child->count > 0) {
		note_child(node, at, child, size);
		join_child(table, node, at);
		return;
	}
	node->children[at] = child;
	node->size -= size; /* the child's is 0 now */
	node_remove(node, at);
	node_release(table->kind, child);
}

static void order_remove(struct snapshot_table *table, size_t order, const void *value)
{
	struct snapshot_key key = key_of(&table->kind->orders[order], value);
	struct node **root = &table->open->roots[order];

	tree_remove(table, root, &key);
	if ((*root)->count == 0) {
		node_release(table->kind, *root);
		*root = NULL;
	}
	while (*root && (*root)->height > 0 && (*root)->count == 1) {
		struct node *child = node_hold((*root)->children[0]);
		node_release(table->kind, *root);
		*root = child;
	}
}

/* ---- the table ---- */

/* Of nothing if `of` is NULL. */
static struct snapshot *copy(const struct snapshot_kind *kind, const struct snapshot *of)
{
	struct snapshot *made = heap_alloc(sizeof(*made));

	atomic_store_explicit(&made->references, 1, memory_order_relaxed);
	made->kind = kind;
	for (size_t i = 0; of && i < kind->order_count; i++)
		if (of->roots[i])
			made->roots[i] = node_hold(of->roots[i]);
	return made;
}

/* Nodes that the open staging has changed; only the owning thread sees them. */
static bool has_staged(const struct snapshot_table *table)
{
	return staging_is_open() && table->staged.is_joined;
}

/* The next change copies the nodes that are open now. */
static void close_nodes(struct snapshot_table *table)
{
	table->commit++;
}

static void publish(struct snapshot_table *table)
{
	struct snapshot *old = table->current;

	pthread_mutex_lock(&table->lock);
	table->current = table->open;
	pthread_mutex_unlock(&table->lock);
	atomic_fetch_add_explicit(&table->generation, 1, memory_order_release);
	table->open = NULL;
	close_nodes(table);
	snapshot_release(old);
}

static void end_staging(struct staging_member *member, bool is_kept)
{
	struct snapshot_table *table = container_of(member, struct snapshot_table, staged);

	if (is_kept) {
		publish(table);
		return;
	}
	snapshot_release(table->open);
	table->open = NULL;
	close_nodes(table);
}

struct snapshot_table *snapshot_table_new(const struct snapshot_kind *kind)
{
	struct snapshot_table *table = heap_alloc(sizeof(*table));

	check(kind->order_count >= 1 && kind->order_count <= SNAPSHOT_ORDERS_MAX);
	check(!kind->orders[0].has);
	table->kind = kind;
	table->commit = 1;
	table->current = copy(kind, NULL);
	table->staged.end = end_staging;
	pthread_mutex_init(&table->lock, NULL);
	return table;
}

void snapshot_table_free(struct snapshot_table **table_place)
{
	struct snapshot_table *table = *table_place;

	if (!table)
		return;
	check(!table->open);
	snapshot_release(table->current);
	pthread_mutex_destroy(&table->lock);
	heap_free(table);
	*table_place = NULL;
}

void snapshot_table_begin(struct snapshot_table *table)
{
	if (has_staged(table))
		return;
	check(!table->open);
	table->open = copy(table->kind, table->current);
	if (!table->kind->is_shared)
		(void)staging_join(&table->staged);
}

static bool is_in(const struct snapshot_order *order, const void *value)
{
	return !order->has || order->has(value);
}

/* True if two values have the same place in an order. */
static bool is_same_place(const struct snapshot_order *order, const void *a, const void *b)
{
	return prefix_of(order, a) == prefix_of(order, b) && order->compare(a, b) == 0;
}

/* Takes a value out of all orders, but not out of those where another takes its place. */
static void remove_old(struct snapshot_table *table, const void *old, const void *value)
{
	/* The first order may have the last reference. */
	table->kind->hold(old);
	for (size_t i = 0; i < table->kind->order_count; i++) {
		const struct snapshot_order *order = &table->kind->orders[i];
		bool is_replaced = value && is_in(order, value) && is_same_place(order, old, value);
		if (is_in(order, old) && !is_replaced)
			order_remove(table, i, old);
	}
	table->kind->release(old);
}

static const void *find_open(struct snapshot_table *table, struct snapshot_key key)
{
	check(table->open != NULL);
	return snapshot_find(table->open, 0, key);
}

void snapshot_table_put(struct snapshot_table *table, const void *value)
{
	const void *old = find_open(table, key_of(&table->kind->orders[0], value));

	if (old)
		remove_old(table, old, value);
	for (size_t i = 0; i < table->kind->order_count; i++) {
		if (!is_in(&table->kind->orders[i], value))
			continue;
		table->kind->hold(value);
		order_put(table, i, value);
	}
	table->kind->release(value);
}

bool snapshot_table_remove(struct snapshot_table *table, struct snapshot_key key)
{
	const void *old = find_open(table, key);

	if (old)
		remove_old(table, old, NULL);
	return old != NULL;
}

void snapshot_table_commit(struct snapshot_table *table)
{
	check(table->open != NULL);
	if (!has_staged(table))
		publish(table);
}

/* ---- reading ---- */

uint64_t snapshot_table_generation(const struct snapshot_table *table)
{
	return atomic_load_explicit(&table->generation, memory_order_acquire);
}

const struct snapshot *snapshot_take(struct snapshot_table *table)
{
	if (has_staged(table)) {
		close_nodes(table);
		return copy(table->kind, table->open);
	}
	pthread_mutex_lock(&table->lock);
	struct snapshot *snapshot = table->current;
	atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
	pthread_mutex_unlock(&table->lock);
	return snapshot;
}

void snapshot_release(const struct snapshot *snapshot)
{
	struct snapshot *mine = (struct snapshot *)snapshot;

	if (atomic_fetch_sub_explicit(&mine->references, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < mine->kind->order_count; i++)
		node_release(mine->kind, mine->roots[i]);
	heap_free(mine);
}

const void *snapshot_find(const struct snapshot *snapshot, size_t order, struct snapshot_key key)
{
	const struct node *node = snapshot->roots[order];

	while (node && node->height > 0)
		node = node->children[node_child(node, &key)];
	size_t place = node ? node_search(node, &key) : 0;
	if (!node || place == node->count || compare_at(node, place, &key) != 0)
		return NULL;
	return node->values[place];
}

const void *snapshot_table_find(struct snapshot_table *table, size_t order, struct snapshot_key key)
{
	bool is_staged = has_staged(table);
	const struct snapshot *snapshot = is_staged ? table->open : snapshot_take(table);
	const void *value = snapshot_find(snapshot, order, key);

	if (value)
		table->kind->hold(value);
	if (!is_staged)
		snapshot_release(snapshot);
	return value;
}

size_t snapshot_count(const struct snapshot *snapshot, size_t order)
{
	return snapshot->roots[order] ? snapshot->roots[order]->size : 0;
}

size_t snapshot_table_count(struct snapshot_table *table, size_t order)
{
	const struct snapshot *snapshot = snapshot_take(table);
	size_t count = snapshot_count(snapshot, order);

	snapshot_release(snapshot);
	return count;
}

void snapshot_begin(const struct snapshot *snapshot, size_t order, struct snapshot_cursor *out)
{
	const struct node *node = snapshot->roots[order];

	out->depth = 0;
	while (node) {
		out->nodes[out->depth] = node;
		out->places[out->depth++] = 0;
		node = node->height > 0 ? node->children[0] : NULL;
	}
}

/* Below the child before the first one that the key is not behind: values that it is not behind
 * begin in there, or with the next child. */
void snapshot_seek(const struct snapshot *snapshot, size_t order, struct snapshot_key key,
		   struct snapshot_cursor *out)
{
	const struct node *node = snapshot->roots[order];

	out->depth = 0;
	while (node) {
		size_t place = node_search(node, &key);
		if (node->height > 0 && place > 0)
			place--;
		out->nodes[out->depth] = node;
		out->places[out->depth++] = place;
		node = node->height > 0 ? node->children[place] : NULL;
	}
}

const void *snapshot_next(struct snapshot_cursor *cursor)
{
	while (cursor->depth > 0) {
		const struct node *node = cursor->nodes[cursor->depth - 1];
		size_t place = cursor->places[cursor->depth - 1];
		if (place == node->count) {
			if (--cursor->depth > 0)
				cursor->places[cursor->depth - 1]++;
			continue;
		}
		if (node->height == 0) {
			cursor->places[cursor->depth - 1]++;
			return node->values[place];
		}
		cursor->nodes[cursor->depth] = node->children[place];
		cursor->places[cursor->depth++] = 0;
	}
	return NULL;
}

/* How many values the key is behind; with `is_equal_counted` also those that it names. */
static size_t count_before(const struct snapshot *snapshot, size_t order,
			   const struct snapshot_key *key, bool is_equal_counted)
{
	const struct node *node = snapshot->roots[order];
	size_t before = 0;

	while (node) {
		size_t low = 0, high = node->count;
		while (low < high) {
			size_t middle = (low + high) / 2;
			if (compare_at(node, middle, key) >= (is_equal_counted ? 0 : 1))
				low = middle + 1;
			else
				high = middle;
		}
		if (node->height > 0 && low > 0)
			low--;
		for (size_t i = 0; i < low; i++)
			before += size_at(node, i);
		node = node->height > 0 ? node->children[low] : NULL;
	}
	return before;
}

size_t snapshot_count_range(const struct snapshot *snapshot, size_t order, struct snapshot_key key)
{
	return count_before(snapshot, order, &key, true) -
	       count_before(snapshot, order, &key, false);
}
