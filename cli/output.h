/* SPDX-License-Identifier: MIT */
/*
 * output: rows for people or for programs: an aligned table, or one JSON object a line.
 *
 * A table copies its rows. It is printed at its end, JSON row by row, so that a
 * program can read while more is coming. Main thread.
 */
#ifndef TERN_CLI_OUTPUT_H
#define TERN_CLI_OUTPUT_H

#include "cli.h"
#include "format/json.h"

struct column {
	const char *title; /* of the table; NULL: only in JSON */
	const char *key;   /* of the JSON object; NULL: only in the table */
	bool is_number;	   /* right-aligned, unquoted */
};

struct table {
	struct cli *cli;
	const struct column *columns;
	size_t column_count;
	struct arena arena;
	struct buf cells; /* struct str each, in rows */
	size_t row_count;
};

void table_init(struct table *table, struct cli *cli, const struct column *columns,
		size_t column_count);
/* One cell a column; data NULL is "-" in the table and left out of the JSON object. */
void table_add(struct table *table, const struct str *cells);
/* Prints what JSON did not print already, and frees. */
void table_done(struct table *table);

/* Prints what a command made: alone, or in a JSON object under `key`. */
void output_text(const struct cli *cli, const char *key, struct str text);
/* Prints a JSON object that `out` holds, and empties it. */
void output_json_line(struct buf *out);
/* Control characters of a message must not reach a terminal: they become '?'; keeps \n and \t
 * if `keeps_lines`. */
struct str output_printable(struct arena *arena, struct str text, bool keeps_lines);
/* At most `columns` columns, with "..." at the end if it was cut. */
struct str output_shorten(struct arena *arena, struct str text, size_t columns);
/* "12s", "3m", "5h", "2d". */
struct str output_age(struct arena *arena, int64_t age_ms);
struct str output_number(struct arena *arena, int64_t number);
/* "2026-11-24 12:00:00" in UTC. */
struct str output_time(struct arena *arena, int64_t time_ms);

/* Escape sequences, or "" where there are no colours. */
enum output_color { COLOR_NONE, COLOR_BOLD, COLOR_DIM, COLOR_RED, COLOR_GREEN, COLOR_YELLOW };
const char *output_color(bool has_color, enum output_color color);

#endif
