/* SPDX-License-Identifier: MIT */
/*
 * xml_read: expat's events make a tree in the arena. Attributes count against the limit of elements
 * too, so that neither can be used to make a short text expensive.
 */
#include "format/xml_read.h"

#include <expat.h>
#include <limits.h>

struct frame {
	struct xml_node *node;
	struct xml_node **last; /* the place of the next child */
};

struct reader {
	struct arena *arena;
	XML_Parser parser;
	struct frame frames[LIMIT_XML_DEPTH];
	size_t depth, count;
	struct buf text; /* of the innermost element, since it began */
	struct xml_node *root;
	enum err err;
};

static void stop(struct reader *reader, enum err err)
{
	reader->err = err;
	XML_StopParser(reader->parser, XML_FALSE);
}

static struct str local_name(struct reader *reader, const char *text)
{
	struct str name = str_from(text);
	size_t colon = str_find_char(name, ':', 0);

	return arena_copy(reader->arena,
			  colon == SIZE_MAX ? name : str_slice(name, colon + 1, SIZE_MAX));
}

static size_t count_attributes(const char **pairs)
{
	size_t count = 0;

	while (pairs[2 * count])
		count++;
	return count;
}

static void add_attributes(struct reader *reader, struct xml_node *node, const char **pairs,
			   size_t count)
{
	struct xml_attribute *attributes = arena_array(reader->arena, struct xml_attribute, count);
	for (size_t i = 0; i < count; i++) {
		attributes[i].name = local_name(reader, pairs[2 * i]);
		attributes[i].value = arena_copy(reader->arena, str_from(pairs[2 * i + 1]));
	}
	node->attributes = attributes;
	node->attribute_count = count;
}

static void on_start(void *context, const char *name, const char **attributes)
{
	struct reader *reader = context;
	struct xml_node *node;

	if (reader->err) /* a stopped parser may still deliver the end of an empty element */
		return;
	size_t attribute_count = count_attributes(attributes);
	reader->count += 1 + attribute_count;
	if (reader->count > LIMIT_XML_NODES || reader->depth == LIMIT_XML_DEPTH) {
		stop(reader, ERR_TOOLARGE);
		return;
	}
	node = arena_new(reader->arena, struct xml_node);
	node->name = local_name(reader, name);
	node->text = STR("");
	if (node->name.size == 0) {
		stop(reader, ERR_INVALID);
		return;
	}
	if (attribute_count > 0)
		add_attributes(reader, node, attributes, attribute_count);
	buf_reset(&reader->text);
	if (reader->depth == 0) {
		reader->root = node;
	} else {
		struct frame *parent = &reader->frames[reader->depth - 1];
		*parent->last = node;
		parent->last = &node->next;
	}
	reader->frames[reader->depth++] = (struct frame){node, &node->children};
}

static void on_end(void *context, const char *name)
{
	struct reader *reader = context;

	(void)name; /* expat has compared it */
	if (reader->err)
		return;
	struct xml_node *node = reader->frames[--reader->depth].node;
	if (!node->children && reader->text.size > 0)
		node->text = arena_copy(reader->arena, buf_str(&reader->text));
	buf_reset(&reader->text);
}

static void on_text(void *context, const char *text, int size)
{
	struct reader *reader = context;

	if (!reader->err)
		buf_append(&reader->text, str_of(text, (size_t)size));
}

static void on_doctype(void *context, const char *name, const char *system_id,
		       const char *public_id, int has_internal_subset)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_internal_subset;
	stop(context, ERR_INVALID);
}

static const XML_Memory_Handling_Suite memory = {heap_alloc, heap_resize, heap_free};

enum err xml_parse(struct arena *arena, struct str text, const struct xml_node **out_root)
{
	struct reader reader = {.arena = arena};

	if (text.size > INT_MAX)
		return ERR_TOOLARGE;
	if (text.size == 0)
		return ERR_INVALID;
	reader.parser = XML_ParserCreate_MM(NULL, &memory, NULL);
	check(reader.parser);
	XML_SetUserData(reader.parser, &reader);
	XML_SetElementHandler(reader.parser, on_start, on_end);
	XML_SetCharacterDataHandler(reader.parser, on_text);
	XML_SetStartDoctypeDeclHandler(reader.parser, on_doctype);
	enum XML_Status status = XML_Parse(reader.parser, text.data, (int)text.size, XML_TRUE);
	XML_ParserFree(reader.parser);
	buf_done(&reader.text);
	if (reader.err)
		return reader.err;
	if (status != XML_STATUS_OK)
		return ERR_INVALID;
	*out_root = reader.root;
	return ERR_OK;
}

const struct xml_node *xml_child(const struct xml_node *node, struct str name)
{
	const struct xml_node *child = node ? node->children : NULL;

	while (child && !str_equal(child->name, name))
		child = child->next;
	return child;
}

struct str xml_child_text(const struct xml_node *node, struct str name)
{
	const struct xml_node *child = xml_child(node, name);

	return child ? child->text : (struct str){0};
}

struct str xml_attribute(const struct xml_node *node, struct str name)
{
	for (size_t i = 0; i < node->attribute_count; i++)
		if (str_equal(node->attributes[i].name, name))
			return node->attributes[i].value;
	return (struct str){0};
}
