/* SPDX-License-Identifier: MIT */
/* policy_document: yyjson's mutable document, whose Statement is a list. */
#include "core/policy_document.h"

#include <stdlib.h>

struct policy_document {
	yyjson_mut_doc *json;
	yyjson_mut_val *statements;
};

static const struct str empty_policy = STR_INIT("{}");

struct policy_document *policy_document_open(struct str text, struct str version, struct str id)
{
	struct policy_document *document = heap_alloc(sizeof(*document));
	struct str source = text.size > 0 ? text : empty_policy;
	yyjson_doc *stored = yyjson_read(source.data, source.size, 0);

	check(stored != NULL); /* it was checked when it was set */
	document->json = yyjson_doc_mut_copy(stored, NULL);
	yyjson_doc_free(stored);
	yyjson_mut_val *root = yyjson_mut_doc_get_root(document->json);
	if (text.size == 0)
		yyjson_mut_obj_add_strncpy(document->json, root, "Version", version.data,
					   version.size);
	if (text.size == 0 && id.data)
		yyjson_mut_obj_add_strncpy(document->json, root, "Id", id.data, id.size);
	document->statements = yyjson_mut_obj_get(root, "Statement");
	if (!yyjson_mut_is_arr(document->statements)) {
		yyjson_mut_val *only = yyjson_mut_obj_remove_key(root, "Statement");
		document->statements = yyjson_mut_arr(document->json);
		if (only)
			yyjson_mut_arr_append(document->statements, only);
		yyjson_mut_obj_add_val(document->json, root, "Statement", document->statements);
	}
	return document;
}

void policy_document_close(struct policy_document **document)
{
	if (!*document)
		return;
	yyjson_mut_doc_free((*document)->json);
	heap_free(*document);
	*document = NULL;
}

size_t policy_document_count(const struct policy_document *document)
{
	return yyjson_mut_arr_size(document->statements);
}

/* Index of the statement with that Sid, or SIZE_MAX. */
static size_t find(const struct policy_document *document, struct str sid)
{
	yyjson_mut_val *statement;
	size_t i, most;

	yyjson_mut_arr_foreach(document->statements, i, most, statement)
	{
		yyjson_mut_val *name = yyjson_mut_obj_get(statement, "Sid");
		if (yyjson_mut_equals_strn(name, sid.data, sid.size))
			return i;
	}
	return SIZE_MAX;
}

bool policy_document_has(const struct policy_document *document, struct str sid)
{
	return find(document, sid) != SIZE_MAX;
}

/* One value, or a list of several. */
static yyjson_mut_val *one_or_many(yyjson_mut_doc *json, const struct str *texts, size_t count)
{
	if (count == 1)
		return yyjson_mut_strncpy(json, texts[0].data, texts[0].size);
	yyjson_mut_val *list = yyjson_mut_arr(json);
	for (size_t i = 0; i < count; i++)
		yyjson_mut_arr_add_strncpy(json, list, texts[i].data, texts[i].size);
	return list;
}

void policy_document_allow(struct policy_document *document, const struct policy_grant *grant)
{
	yyjson_mut_doc *json = document->json;
	yyjson_mut_val *statement = yyjson_mut_arr_add_obj(json, document->statements);

	yyjson_mut_obj_add_strncpy(json, statement, "Sid", grant->sid.data, grant->sid.size);
	yyjson_mut_obj_add_str(json, statement, "Effect", "Allow");
	yyjson_mut_val *principal = yyjson_mut_obj_add_obj(json, statement, "Principal");
	yyjson_mut_obj_add_val(json, principal, "AWS",
			       one_or_many(json, grant->principals, grant->principal_count));
	yyjson_mut_obj_add_val(json, statement, "Action",
			       one_or_many(json, grant->actions, grant->action_count));
	yyjson_mut_obj_add_strncpy(json, statement, "Resource", grant->resource.data,
				   grant->resource.size);
}

void policy_document_add(struct policy_document *document, struct str statement)
{
	yyjson_doc *read = yyjson_read(statement.data, statement.size, 0);

	check(read != NULL); /* the caller wrote it */
	yyjson_mut_arr_append(document->statements,
			      yyjson_val_mut_copy(document->json, yyjson_doc_get_root(read)));
	yyjson_doc_free(read);
}

bool policy_document_remove(struct policy_document *document, struct str sid)
{
	size_t place = find(document, sid);

	if (place == SIZE_MAX)
		return false;
	yyjson_mut_arr_remove(document->statements, place);
	return true;
}

struct str policy_document_text(const struct policy_document *document, struct arena *arena)
{
	size_t size;
	char *text = yyjson_mut_write(document->json, 0, &size);

	check(text != NULL);
	struct str copy = arena_copy(arena, str_of(text, size));
	free(text); /* yyjson's, from malloc */
	return copy;
}
