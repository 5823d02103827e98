/* SPDX-License-Identifier: MIT */
/*
 * token: JSON text as a stream of tokens, with the positions and the error texts of AWS.
 *
 * EventBridge and SNS return the message of the Java parser (Jackson) that reads their patterns,
 * with the line and column where that parser stood: behind the opening quote of a string whose text
 * it did not need, behind the value that follows a field name. This reader stands at the same
 * places. Everything else reads JSON with format/json.
 *
 * Texts are borrowed from the input or belong to the arena. One thread at a time.
 */
#ifndef TERN_MATCH_TOKEN_H
#define TERN_MATCH_TOKEN_H

#include "base/base.h"

enum token {
	TOKEN_END, /* of the text */
	TOKEN_OBJECT,
	TOKEN_OBJECT_END,
	TOKEN_ARRAY,
	TOKEN_ARRAY_END,
	TOKEN_NAME, /* of a field; the value's token comes next */
	TOKEN_STRING,
	TOKEN_INTEGER,
	TOKEN_FLOAT,
	TOKEN_TRUE,
	TOKEN_FALSE,
	TOKEN_NULL,
	TOKEN_BAD /* no JSON: see reader->problem; each later call returns it again */
};

enum { TOKEN_DEPTH_MAX = 64 };

struct token_reader {
	struct arena *arena;
	struct str text;
	size_t at;	       /* offset of the next byte */
	enum token token;      /* that was returned last */
	struct str problem;    /* without the position; data NULL: none */
	size_t problem_offset; /* of the position that belongs to it */

	/* The reader's. */
	struct str value;
	struct str name;
	bool is_unread; /* the string's text is still ahead */
	bool has_next;
	enum token next;
	size_t depth;
	bool is_object[TOKEN_DEPTH_MAX];
	bool has_entries[TOKEN_DEPTH_MAX];
	size_t opened[TOKEN_DEPTH_MAX]; /* offsets */
};

void token_reader_init(struct token_reader *reader, struct arena *arena, struct str text);
enum token token_next(struct token_reader *reader);
/*
 * The name, the decoded string or the number as it was written; for other tokens their own text.
 * Empty if the string is not well formed: then the next token is TOKEN_BAD.
 */
struct str token_text(struct token_reader *reader);
static inline bool token_is_number(enum token token)
{
	return token == TOKEN_INTEGER || token == TOKEN_FLOAT;
}
/*
 * "\n at [Source: (String)"..."; line: 1, column: 5]" for an offset into the text, which is cut
 * behind 500 characters as AWS does.
 */
struct str token_location(const struct token_reader *reader, size_t offset);

#endif
