/* SPDX-License-Identifier: MIT */
/*
 * outline: the positions of a policy's statements in its text, and the context keys that it uses.
 *
 * For the policy simulator, which returns both. Accepts only text that policy_compile has compiled.
 * Results live in the arena, and are views into the text. Any thread.
 */
#ifndef TERN_SERVICES_IAM_OUTLINE_H
#define TERN_SERVICES_IAM_OUTLINE_H

#include "base/base.h"

struct outline_position {
	int64_t line, column; /* from 1 on */
};

struct outline_statement {
	struct str text;
	/* Start: behind the previous bracket or statement; end: behind its own, as AWS counts. */
	struct outline_position start, end;
};

struct outline {
	struct str version; /* as in the document; empty: absent */
	const struct outline_statement *statements;
	size_t statement_count;
	/* Of conditions and of policy variables, each once, in the order of the text. */
	const struct str *keys;
	size_t key_count;
};
/* ERR_INVALID: not the text of a policy. */
must_check enum err outline_read(struct arena *arena, struct str text, struct outline *out_outline);

#endif
