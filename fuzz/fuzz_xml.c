/* SPDX-License-Identifier: MIT */
/* An XML document: refused, or a tree within the limits whose names and texts can be read. */
#include "format/xml_read.h"
#include "fuzz.h"

static size_t count(const struct xml_node *node, size_t depth)
{
	size_t nodes = 1;

	check(depth <= LIMIT_XML_DEPTH);
	check(node->name.size > 0);
	check(node->text.data);
	(void)crc32c(0, node->name); /* read all of them */
	(void)crc32c(0, node->text);
	for (const struct xml_node *child = node->children; child; child = child->next)
		nodes += count(child, depth + 1);
	return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct xml_node *root;
	struct arena arena;

	arena_init(&arena);
	enum err err = xml_parse(&arena, str_of(data, size), &root);
	check(err == ERR_OK || err == ERR_INVALID || err == ERR_TOOLARGE);
	if (!err)
		check(count(root, 1) <= LIMIT_XML_NODES);
	arena_done(&arena);
	return 0;
}
