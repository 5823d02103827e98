/* SPDX-License-Identifier: MIT */
/*
 * xml_read: one XML document as a tree, as far as web services need it, on expat.
 *
 * Elements, their attributes and their text; comments and processing instructions are passed over
 * and prefixes of names are left out. A document type is refused, so there are no entities but the
 * five of XML and nothing outside the text is ever read. Pure; memory from the arena; any thread.
 */
#ifndef TERN_FORMAT_XML_READ_H
#define TERN_FORMAT_XML_READ_H

#include "base/base.h"

struct xml_attribute {
	struct str name, value;
};
struct xml_node {
	struct str name;
	struct str text; /* unescaped, of elements without children; never data NULL */
	const struct xml_attribute *attributes;
	size_t attribute_count;
	struct xml_node *children, *next;
};

/* ERR_INVALID: not well-formed; ERR_TOOLARGE: over LIMIT_XML_DEPTH or LIMIT_XML_NODES. */
must_check enum err xml_parse(struct arena *arena, struct str text,
			      const struct xml_node **out_root);
/* The first child of that name; NULL if there is none. `node` may be NULL. */
const struct xml_node *xml_child(const struct xml_node *node, struct str name);
/* Its text; data NULL if there is none. */
struct str xml_child_text(const struct xml_node *node, struct str name);
/* The value of an attribute; data NULL if there is none. */
struct str xml_attribute(const struct xml_node *node, struct str name);

#endif
