/* SPDX-License-Identifier: MIT */
/*
 * Outlines of policies: whatever compiles has one, whose statements lie within the text in order,
 * and compile alone.
 */
#include "access/policy.h"
#include "fuzz.h"
#include "services/iam/outline.h"

static bool compiles(struct arena *arena, struct str text)
{
	const struct policy *policy;
	struct str problem;

	if (policy_compile(arena, text, POLICY_IDENTITY, &policy, &problem) != ERR_OK)
		return false;
	policy_release(policy);
	return true;
}

static void check_statement(struct arena *arena, struct str text, const struct outline *outline,
			    const struct outline_statement *statement)
{
	struct buf alone = {0};

	check_within(statement->text, text);
	check(str_starts(statement->text, STR("{")));
	check(str_ends(statement->text, STR("}")));
	check(statement->start.line <= statement->end.line);
	buf_append(&alone, STR("{\"Version\":\""));
	buf_append(&alone, outline->version.size > 0 ? outline->version : STR("2008-10-17"));
	buf_append(&alone, STR("\",\"Statement\":"));
	buf_append(&alone, statement->text);
	buf_append(&alone, STR("}"));
	check(compiles(arena, buf_str(&alone)));
	buf_done(&alone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of(data, size);
	struct outline outline;
	struct arena arena;

	arena_init(&arena);
	if (compiles(&arena, text)) {
		check(outline_read(&arena, text, &outline) == ERR_OK);
		for (size_t i = 0; i < outline.statement_count; i++)
			check_statement(&arena, text, &outline, &outline.statements[i]);
	} else if (outline_read(&arena, text, &outline) == ERR_OK) {
		check(outline.statement_count <= size);
	}
	arena_done(&arena);
	return 0;
}
