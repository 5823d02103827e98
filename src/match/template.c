/* SPDX-License-Identifier: MIT */
/* template: one walk over the template, which knows whether it is within quotes. */
#include "match/template.h"

#include "format/json.h"
#include "format/json_text.h"

/* ---- paths ---- */

struct step {
	struct str name;
	size_t index;
	bool is_index, is_every;
};

enum step_result { STEP_TAKEN, STEP_END, STEP_BAD };

static enum step_result read_index(struct str path, size_t *at, struct step *out)
{
	size_t end = str_find_char(path, ']', *at);
	uint64_t index = 0;

	if (end == SIZE_MAX)
		return STEP_BAD;
	struct str text = str_slice(path, *at + 1, end - *at - 1);
	bool is_every = str_equal(text, STR("*"));
	if (!is_every && !str_to_u64(text, &index))
		return STEP_BAD;
	*out = (struct step){.index = index, .is_index = true, .is_every = is_every};
	*at = end + 1;
	return STEP_TAKEN;
}

static enum step_result read_step(struct str path, size_t *at, struct step *out)
{
	size_t end = *at + 1;

	if (*at == path.size)
		return STEP_END;
	if (path.data[*at] == '[')
		return read_index(path, at, out);
	if (path.data[*at] != '.')
		return STEP_BAD;
	while (end < path.size && path.data[end] != '.' && path.data[end] != '[')
		end++;
	*out = (struct step){.name = str_slice(path, *at + 1, end - *at - 1)};
	*at = end;
	return out->name.size > 0 ? STEP_TAKEN : STEP_BAD;
}

static bool is_path(struct str path, bool may_have_every)
{
	enum step_result result;
	struct step step;
	size_t at = 1;

	if (!str_starts(path, STR("$")))
		return false;
	while ((result = read_step(path, &at, &step)) == STEP_TAKEN)
		if (step.is_every && !may_have_every)
			return false;
	return result == STEP_END;
}

bool template_is_path(struct str path)
{
	return is_path(path, false);
}

bool template_is_selector(struct str path)
{
	return is_path(path, true);
}

static struct str take(struct str value, const struct step *step)
{
	return step->is_index ? json_text_item(value, step->index)
			      : json_text_member(value, step->name);
}

struct str template_path(struct str json, struct str path)
{
	struct str value = json;
	struct step step;
	size_t at = 1;

	while (value.data && read_step(path, &at, &step) == STEP_TAKEN)
		value = take(value, &step);
	return value;
}

/* Appends what the rest of the path selects, with commas between the values. */
static void select_rest(struct buf *out, struct str value, struct str path, size_t at)
{
	struct step step;

	while (value.data && read_step(path, &at, &step) == STEP_TAKEN) {
		if (!step.is_every) {
			value = take(value, &step);
			continue;
		}
		/* As deep as the path, which has at most LIMIT_JSON_DEPTH steps that find one. */
		struct str item = json_text_item(value, 0);
		for (size_t i = 1; item.data; i++) {
			select_rest(out, item, path, at);
			item = json_text_item(value, i);
		}
		return;
	}
	if (!value.data)
		return;
	if (out->size > 1)
		buf_append_char(out, ',');
	buf_append(out, value);
}

struct str template_select(struct arena *arena, struct str json, struct str path)
{
	struct buf out = {0};

	if (str_find(path, STR("[*]"), 0) == SIZE_MAX)
		return template_path(json, path);
	buf_append_char(&out, '[');
	select_rest(&out, json, path, 1);
	buf_append_char(&out, ']');
	struct str copy = arena_copy(arena, buf_str(&out));
	buf_done(&out);
	return copy;
}

/* ---- placeholders ---- */

/* The name of the placeholder that begins at `at`; it has no "<". */
static bool read_placeholder(struct str text, size_t at, struct str *out_name)
{
	size_t end = at + 1;

	while (end < text.size && text.data[end] != '>' && text.data[end] != '<' &&
	       text.data[end] != '\n')
		end++;
	if (end >= text.size || text.data[end] != '>')
		return false;
	*out_name = str_slice(text, at + 1, end - at - 1);
	return true;
}

bool template_next(struct str text, size_t *at, struct str *out_name)
{
	for (size_t i = *at; i < text.size; i++) {
		if (text.data[i] != '<' || !read_placeholder(text, i, out_name))
			continue;
		*at = i + out_name->size + 2;
		return true;
	}
	return false;
}

/* ---- filling ---- */

struct str template_quote(struct arena *arena, struct str text)
{
	struct json_writer writer;
	struct buf out = {0};

	json_begin(&writer, &out);
	json_str(&writer, text);
	struct str quoted = arena_copy(arena, buf_str(&out));
	buf_done(&out);
	return quoted;
}

/* Within quotes: a string without its quotes, an object or array without any. */
static void append_unquoted(struct buf *out, struct str json)
{
	if (json.size >= 2 && json.data[0] == '"') {
		buf_append(out, str_slice(json, 1, json.size - 2));
		return;
	}
	for (size_t i = 0; i < json.size; i++) {
		if (json.data[i] == '\\' && i + 1 < json.size) {
			if (json.data[i + 1] != '"')
				buf_append(out, str_slice(json, i, 2));
			i++;
		} else if (json.data[i] != '"') {
			buf_append_char(out, json.data[i]);
		}
	}
}

struct str template_fill(struct arena *arena, struct str text, template_value_fn value,
			 void *context)
{
	bool is_quoted = false;
	struct buf out = {0};
	struct str name;

	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (c == '<' && read_placeholder(text, i, &name)) {
			struct str json = value(context, arena, name);
			if (is_quoted)
				append_unquoted(&out, json);
			else
				buf_append(&out, json.data ? json : STR("\"\""));
			i += name.size + 1;
			continue;
		}
		buf_append_char(&out, c);
		if (c == '\\' && is_quoted && i + 1 < text.size)
			buf_append_char(&out, text.data[++i]);
		else if (c == '"')
			is_quoted = !is_quoted;
	}
	struct str result = arena_copy(arena, buf_str(&out));
	buf_done(&out);
	return result;
}

struct str template_fill_text(struct arena *arena, struct str text, template_value_fn value,
			      void *context)
{
	size_t at = 0, done = 0;
	struct buf out = {0};
	struct str name;

	while (template_next(text, &at, &name)) {
		struct str json = value(context, arena, name);

		buf_append(&out, str_slice(text, done, at - name.size - 2 - done));
		if (json.size > 0 && json.data[0] == '"')
			json = json_text_decode(arena, json);
		buf_append(&out, json);
		done = at;
	}
	buf_append(&out, str_slice(text, done, SIZE_MAX));
	struct str result = arena_copy(arena, buf_str(&out));
	buf_done(&out);
	return result;
}
