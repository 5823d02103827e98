/* SPDX-License-Identifier: MIT */
/*
 * policy_check: checks a policy document against the grammar, with the order and texts of IAM's
 * faults.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
#ifndef TERN_ACCESS_POLICY_CHECK_H
#define TERN_ACCESS_POLICY_CHECK_H

#include "access/condition.h"
#include "format/json.h"

struct policy_document {
	bool has_variables;	 /* version 2012-10-17 */
	yyjson_val **statements; /* objects */
	size_t statement_count;
};

/* ERR_INVALID with a sentence in *out_problem. All memory is the arena's. */
must_check enum err policy_check(struct arena *arena, struct str text, enum policy_kind kind,
				 struct policy_document *out_document, struct str *out_problem);

/* A value that may be alone or in an array: the number of items, and each of them. */
size_t policy_item_count(yyjson_val *value);
yyjson_val *policy_item(yyjson_val *value, size_t index);
/* A condition's value as text: strings, numbers and booleans. data NULL: something else. */
struct str policy_value_text(struct arena *arena, yyjson_val *value);

/* A copy with ASCII letters in lower case. */
struct str policy_lower(struct arena *arena, struct str text);

#endif
