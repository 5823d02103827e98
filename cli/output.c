/* SPDX-License-Identifier: MIT */
/* output: a table's columns are as wide as their widest cell. */
#include "output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void table_init(struct table *table, struct cli *cli, const struct column *columns,
		size_t column_count)
{
	*table = (struct table){.cli = cli, .columns = columns, .column_count = column_count};
	arena_init(&table->arena);
}

static bool to_real(struct arena *arena, struct str text, double *out)
{
	char *end, *copy = arena_cstr(arena, text);

	*out = strtod(copy, &end);
	return text.size > 0 && end == copy + text.size && isfinite(*out);
}

static void print_json_row(struct table *table, const struct str *cells)
{
	struct json_writer json;
	struct buf out = {0};
	int64_t number;
	double real;

	json_begin(&json, &out);
	json_open_object(&json);
	for (size_t i = 0; i < table->column_count; i++) {
		if (!table->columns[i].key || !cells[i].data)
			continue;
		json_key(&json, str_from(table->columns[i].key));
		if (table->columns[i].is_number && str_to_i64(cells[i], &number))
			json_i64(&json, number);
		else if (table->columns[i].is_number && to_real(&table->arena, cells[i], &real))
			json_double(&json, real);
		else
			json_str(&json, cells[i]);
	}
	json_close_object(&json);
	output_json_line(&out);
	buf_done(&out);
}

void table_add(struct table *table, const struct str *cells)
{
	if (table->cli->is_json) {
		print_json_row(table, cells);
		return;
	}
	for (size_t i = 0; i < table->column_count; i++) {
		struct str cell =
			cells[i].data ? output_printable(&table->arena, cells[i], false) : STR("-");
		buf_append(&table->cells, str_of(&cell, sizeof(cell)));
	}
	table->row_count++;
}

static const struct str *cell_at(const struct table *table, size_t row, size_t column)
{
	const struct str *cells = (const struct str *)(const void *)table->cells.data;

	return &cells[row * table->column_count + column];
}

/* Columns of a terminal that UTF-8 text takes, as far as its characters are of one column. */
static size_t width(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	return count;
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t most = width(str_from(table->columns[column].title));

	for (size_t row = 0; row < table->row_count; row++) {
		size_t own = width(*cell_at(table, row, column));
		most = own > most ? own : most;
	}
	return most;
}

static void print_cell(const struct table *table, size_t column, struct str text, size_t size,
		       bool is_last)
{
	int padding = (int)(size - width(text));

	if (table->columns[column].is_number)
		printf("%*s%.*s", padding, "", STR_ARG(text));
	else
		printf("%.*s%*s", STR_ARG(text), is_last ? 0 : padding, "");
	fputs(is_last ? "\n" : "  ", stdout);
}

static void print_table(struct table *table)
{
	size_t *widths = arena_array(&table->arena, size_t, table->column_count);
	size_t last = 0;

	for (size_t i = 0; i < table->column_count; i++) {
		if (!table->columns[i].title)
			continue;
		widths[i] = column_width(table, i);
		last = i;
	}
	fputs(output_color(table->cli->has_color, COLOR_BOLD), stdout);
	for (size_t i = 0; i < table->column_count; i++)
		if (table->columns[i].title)
			print_cell(table, i, str_from(table->columns[i].title), widths[i],
				   i == last);
	fputs(output_color(table->cli->has_color, COLOR_NONE), stdout);
	for (size_t row = 0; row < table->row_count; row++)
		for (size_t i = 0; i < table->column_count; i++)
			if (table->columns[i].title)
				print_cell(table, i, *cell_at(table, row, i), widths[i], i == last);
}

void table_done(struct table *table)
{
	if (!table->cli->is_json && table->row_count > 0)
		print_table(table);
	buf_done(&table->cells);
	arena_done(&table->arena);
}

void output_text(const struct cli *cli, const char *key, struct str text)
{
	struct json_writer json;
	struct buf out = {0};

	if (!cli->is_json) {
		printf("%.*s\n", STR_ARG(text));
		return;
	}
	json_begin(&json, &out);
	json_open_object(&json);
	json_key(&json, str_from(key));
	json_str(&json, text);
	json_close_object(&json);
	output_json_line(&out);
	buf_done(&out);
}

void output_json_line(struct buf *out)
{
	buf_append_char(out, '\n');
	fwrite(out->data, 1, out->size, stdout);
	buf_reset(out);
}

struct str output_printable(struct arena *arena, struct str text, bool keeps_lines)
{
	char *bytes = arena_bytes(arena, text.size);

	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		bool is_control = byte < 0x20 || byte == 0x7f;
		/* U+0080 to U+009F are control characters too: C2 80 to C2 9F. */
		if (i > 0 && (unsigned char)text.data[i - 1] == 0xc2 && byte < 0xa0 &&
		    byte >= 0x80) {
			bytes[i - 1] = '?';
			is_control = true;
		}
		if (keeps_lines && (byte == '\n' || byte == '\t'))
			is_control = false;
		bytes[i] = is_control ? '?' : text.data[i];
	}
	return str_of(bytes, text.size);
}

struct str output_shorten(struct arena *arena, struct str text, size_t columns)
{
	size_t size = 0, count = 0;

	if (width(text) <= columns)
		return text;
	for (; size < text.size; size++) {
		if (((unsigned char)text.data[size] & 0xc0) == 0x80)
			continue;
		if (count++ == columns - 3)
			break;
	}
	return arena_format(arena, "%.*s...", (int)size, text.data);
}

struct str output_age(struct arena *arena, int64_t age_ms)
{
	int64_t seconds = age_ms / 1000;

	if (seconds < 0)
		seconds = 0;
	if (seconds < 120)
		return arena_format(arena, "%llds", (long long)seconds);
	if (seconds < 7200)
		return arena_format(arena, "%lldm", (long long)(seconds / 60));
	if (seconds < 172800)
		return arena_format(arena, "%lldh", (long long)(seconds / 3600));
	return arena_format(arena, "%lldd", (long long)(seconds / 86400));
}

struct str output_number(struct arena *arena, int64_t number)
{
	return arena_format(arena, "%lld", (long long)number);
}

struct str output_time(struct arena *arena, int64_t time_ms)
{
	char text[CLOCK_TEXT_MAX];

	clock_format_iso(time_ms, text);
	text[10] = ' ';
	return arena_copy(arena, str_of(text, 19));
}

const char *output_color(bool has_color, enum output_color color)
{
	static const char *const sequences[] = {
		[COLOR_NONE] = "\033[0m", [COLOR_BOLD] = "\033[1m",   [COLOR_DIM] = "\033[2m",
		[COLOR_RED] = "\033[31m", [COLOR_GREEN] = "\033[32m", [COLOR_YELLOW] = "\033[33m",
	};

	return has_color ? sequences[color] : "";
}
