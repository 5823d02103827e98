/* SPDX-License-Identifier: MIT */
/*
 * range_tree: nodes are ordered by lower end, then by address, so a node is found again. Ends count
 * as closed here; the caller evaluates the range itself.
 */
#include "match/range_tree.h"

struct range_node {
	double low, high;
	double high_max; /* of this node and those below */
	struct range_node *left, *right;
	uint32_t priority;
	uint32_t value;
};

static void update(struct range_node *node)
{
	node->high_max = node->high;
	if (node->left && node->left->high_max > node->high_max)
		node->high_max = node->left->high_max;
	if (node->right && node->right->high_max > node->high_max)
		node->high_max = node->right->high_max;
}

static bool is_before(const struct range_node *a, const struct range_node *b)
{
	if (a->low != b->low)
		return a->low < b->low;
	return (uintptr_t)a < (uintptr_t)b;
}

/* All of `left` are before all of `right`. Depth is that of the treap. */
static struct range_node *merge(struct range_node *left, struct range_node *right)
{
	if (!left || !right)
		return left ? left : right;
	if (left->priority > right->priority) {
		left->right = merge(left->right, right);
		update(left);
		return left;
	}
	right->left = merge(left, right->left);
	update(right);
	return right;
}

/* Splits the tree into the nodes before `node` and the others. */
static void split(struct range_node *root, const struct range_node *node,
		  struct range_node **out_left, struct range_node **out_right)
{
	if (!root) {
		*out_left = *out_right = NULL;
	} else if (is_before(root, node)) {
		split(root->right, node, &root->right, out_right);
		*out_left = root;
		update(root);
	} else {
		split(root->left, node, out_left, &root->left);
		*out_right = root;
		update(root);
	}
}

struct range_node *range_tree_add(struct range_node **root, const struct predicate_range *range,
				  uint32_t value)
{
	struct range_node *node = heap_alloc(sizeof(*node));
	struct range_node *left, *right;

	node->low = range->low;
	node->high = range->high;
	node->value = value;
	random_bytes(&node->priority, sizeof(node->priority));
	update(node);
	split(*root, node, &left, &right);
	*root = merge(merge(left, node), right);
	return node;
}

void range_tree_remove(struct range_node **root, struct range_node *node)
{
	struct range_node **link = root;
	struct range_node *path[128];
	size_t depth = 0;

	while (*link != node) {
		check(*link && depth < sizeof(path) / sizeof(path[0]));
		path[depth++] = *link;
		link = is_before(node, *link) ? &(*link)->left : &(*link)->right;
	}
	*link = merge(node->left, node->right);
	while (depth-- > 0)
		update(path[depth]);
	heap_free(node);
}

void range_tree_look_up(const struct range_node *root, double number, range_found_fn found,
			void *context)
{
	while (root && root->high_max >= number) {
		range_tree_look_up(root->left, number, found, context);
		if (root->low > number)
			return;
		if (root->high >= number)
			found(context, root->value);
		root = root->right;
	}
}
