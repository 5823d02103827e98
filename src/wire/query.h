/* SPDX-License-Identifier: MIT */
/*
 * wire/query: C structs from the parameters of AWS Query and to its XML, by shape.
 *
 * Lists and maps are Name.member.1 and Name.entry.1.key or, flattened, Name.1 and Name.1.key; the
 * shape may have other names for member, entry, key and value, as SQS has Attribute.1.Name. Pure;
 * memory from the arena; any thread.
 */
#ifndef TERN_WIRE_QUERY_H
#define TERN_WIRE_QUERY_H

#include "base/base.h"
#include "format/form.h"
#include "wire/shape.h"

/*
 * Fills `out` (zeroed). Numbers in lists and maps may have gaps, any order and any size. The
 * decoder also reads the flattened form if the shape has the other one, but not the reverse. One
 * item needs no number (Name=value, Name.Key=value). A member may have its alias. With a text in
 * *out_problem: ERR_INVALID for a value that is none of its kind, a union without exactly one
 * member, or input beyond LIMIT_REQUEST_ITEMS or LIMIT_FORM_DEPTH; ERR_NOTFOUND for a parameter
 * that neither the shape nor every request has, or that comes twice with different values.
 */
must_check enum err wire_query_decode(struct arena *arena, const struct form *form,
				      const struct shape *shape, void *out,
				      struct str *out_problem);
/* Appends <OpResponse>...<ResponseMetadata>...</OpResponse>. */
void wire_query_encode(struct buf *out, const struct operation *operation, const void *value,
		       struct str request_id);
/* The same in EC2's envelope: no result element, times to the millisecond. */
void wire_ec2_encode(struct buf *out, const struct operation *operation, const void *value,
		     struct str request_id);
/* JSON for Query requests that accept it: as AWS does, with nulls for what is absent. */
void wire_query_encode_json(struct buf *out, const struct operation *operation, const void *value,
			    struct str request_id);
/*
 * The XML tree as JSON in the way of common converters: an element that occurs once is a value, one
 * that occurs several times a list, an empty result null. LocalStack shows messages so.
 */
void wire_query_encode_tree(struct buf *out, const struct operation *operation, const void *value,
			    struct str request_id);

#endif
