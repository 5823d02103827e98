/* SPDX-License-Identifier: MIT */
/*
 * view: answers of operations, shown by their shapes: a list as rows, a structure as names and
 * values. With --output json each is one JSON object a line, with all members by AWS's names.
 * Main thread.
 */
#ifndef TERN_CLI_VIEW_H
#define TERN_CLI_VIEW_H

#include "cli.h"
#include "wire/shape.h"

struct view_column {
	const char *title;
	const char *member; /* of an item; NULL: the item itself, a string, with this title as its
			       JSON name too */
};

struct view_list {
	const struct operation *operation;
	const char *list; /* the member of the answer, a list of structures or of strings */
	const struct view_column *columns;
	size_t column_count; /* at most VIEW_COLUMNS_MAX */
};
enum { VIEW_COLUMNS_MAX = 8 };
#define VIEW_COLUMNS(table) .columns = (table), .column_count = sizeof(table) / sizeof((table)[0])

/* Asks for all pages and prints them. `nothing`: what people are told if there is no item. */
must_check enum cli_exit view_list(struct cli *cli, const struct view_list *view, const void *in,
				   const char *nothing);
/* Prints a structure: a row for each member that is there, and for each entry of a map. */
void view_structure(struct cli *cli, const struct shape *shape, const void *value);
/* Runs the operation, whose answer is at most VIEW_ANSWER_MAX bytes, and prints its structure. */
must_check enum cli_exit view_run(struct cli *cli, const struct operation *operation,
				  const void *in);
enum { VIEW_ANSWER_MAX = 1024 };

/* The member of that name (checked). */
const struct shape_member *view_member(const struct shape *shape, const char *name);
/* Its value as text, structures and lists as JSON, in the arena; data NULL: absent. */
struct str view_text(struct arena *arena, const struct shape_member *member, const void *value);

#endif
