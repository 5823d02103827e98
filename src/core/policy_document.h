/* SPDX-License-Identifier: MIT */
/*
 * policy_document: a resource's policy whose statements are edited one by one, by their Sid, as
 * AddPermission does. The other statements keep their text.
 *
 * A document belongs to its opener, who closes it. Any thread.
 */
#ifndef TERN_CORE_POLICY_DOCUMENT_H
#define TERN_CORE_POLICY_DOCUMENT_H

#include "base/base.h"
#include "format/json.h"

struct policy_document;

/* `text` is a policy; empty: a new one with the Version and that Id (data NULL: none). */
struct policy_document *policy_document_open(struct str text, struct str version, struct str id);
void policy_document_close(struct policy_document **document); /* accepts NULL, leaves NULL */

size_t policy_document_count(const struct policy_document *document); /* statements */
bool policy_document_has(const struct policy_document *document, struct str sid);
/* Adds a statement that allows the actions to the principals of AWS. Texts are copied. */
struct policy_grant {
	struct str sid;
	const struct str *principals;
	size_t principal_count;
	const struct str *actions;
	size_t action_count;
	struct str resource;
};
void policy_document_allow(struct policy_document *document, const struct policy_grant *grant);
/* Adds a statement that is given as JSON. */
void policy_document_add(struct policy_document *document, struct str statement);
/* False: there is no such statement. */
bool policy_document_remove(struct policy_document *document, struct str sid);
/* The policy's text, in the arena. */
struct str policy_document_text(const struct policy_document *document, struct arena *arena);

#endif
