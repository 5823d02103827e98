/* SPDX-License-Identifier: MIT */
/* transform: one walk over the template, which knows whether it is within quotes. */
#include "services/events/transform.h"

#include "base/clock.h"
#include "format/json.h"
#include "format/json_text.h"

bool transform_is_json(struct arena *arena, struct str text)
{
	yyjson_val *value;

	return json_parse(arena, text, &value) == ERR_OK;
}

/* ---- paths ---- */

struct step {
	struct str name;
	size_t index;
	bool is_index;
};

enum step_result { STEP_TAKEN, STEP_END, STEP_BAD };

static enum step_result read_index(struct str path, size_t *at, struct step *out)
{
	size_t end = str_find_char(path, ']', *at);
	uint64_t index;

	if (end == SIZE_MAX || !str_to_u64(str_slice(path, *at + 1, end - *at - 1), &index))
		return STEP_BAD;
	*out = (struct step){.index = index, .is_index = true};
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

bool transform_is_path(struct str path)
{
	enum step_result result;
	struct step step;
	size_t at = 1;

	if (!str_starts(path, STR("$")))
		return false;
	while ((result = read_step(path, &at, &step)) == STEP_TAKEN)
		;
	return result == STEP_END;
}

struct str transform_path(struct str event, struct str path)
{
	struct str value = event;
	struct step step;
	size_t at = 1;

	while (value.data && read_step(path, &at, &step) == STEP_TAKEN)
		value = step.is_index ? json_text_item(value, step.index)
				      : json_text_member(value, step.name);
	return value;
}

/* ---- placeholders ---- */

enum reserved {
	RESERVED_RULE_ARN,
	RESERVED_RULE_NAME,
	RESERVED_TIME,
	RESERVED_EVENT,
	RESERVED_EVENT_JSON,
	RESERVED
};

static const struct str reserved[RESERVED] = {
	[RESERVED_RULE_ARN] = STR_INIT("aws.events.rule-arn"),
	[RESERVED_RULE_NAME] = STR_INIT("aws.events.rule-name"),
	[RESERVED_TIME] = STR_INIT("aws.events.event.ingestion-time"),
	[RESERVED_EVENT] = STR_INIT("aws.events.event"),
	[RESERVED_EVENT_JSON] = STR_INIT("aws.events.event.json"),
};

static int find_reserved(struct str name)
{
	int i = 0;

	while (i < RESERVED && !str_equal(reserved[i], name))
		i++;
	return i;
}

static const struct shape_pair *find_path(const struct shape_pair *paths, size_t count,
					  struct str name)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(paths[i].key, name))
			return &paths[i];
	return NULL;
}

/* The name of the placeholder that begins at `at`; false: "<" is a character like any other. */
static bool read_placeholder(struct str text, size_t at, struct str *out_name)
{
	size_t end = at + 1;

	while (end < text.size && text.data[end] != '>' && text.data[end] != '\n')
		end++;
	if (end >= text.size || text.data[end] != '>')
		return false;
	*out_name = str_slice(text, at + 1, end - at - 1);
	return true;
}

bool transform_check(struct arena *arena, struct str target_id, struct str input_template,
		     const struct shape_pair *paths, size_t path_count, struct str *out_problem)
{
	struct str name;

	for (size_t i = 0; i < path_count; i++) {
		if (transform_is_path(paths[i].value))
			continue;
		*out_problem = arena_format(
			arena, "InputPathsMap for target %.*s contains invalid path %.*s.",
			STR_ARG(target_id), STR_ARG(paths[i].value));
		return false;
	}
	for (size_t i = 0; i < input_template.size; i++) {
		if (input_template.data[i] != '<' || !read_placeholder(input_template, i, &name))
			continue;
		i += name.size + 1;
		if (find_reserved(name) < RESERVED || find_path(paths, path_count, name))
			continue;
		*out_problem = arena_format(
			arena, "InputTemplate for target %.*s contains invalid placeholder %.*s.",
			STR_ARG(target_id), STR_ARG(name));
		return false;
	}
	return true;
}

/* ---- values ---- */

/* The event without its detail; names of members in camelCase. */
static struct str event_head(struct arena *arena, struct str event)
{
	static const struct str names[][2] = {
		{STR_INIT("version"), STR_INIT("version")},
		{STR_INIT("id"), STR_INIT("id")},
		{STR_INIT("detail-type"), STR_INIT("detailType")},
		{STR_INIT("source"), STR_INIT("source")},
		{STR_INIT("account"), STR_INIT("account")},
		{STR_INIT("time"), STR_INIT("time")},
		{STR_INIT("region"), STR_INIT("region")},
		{STR_INIT("replay-name"), STR_INIT("replayName")},
		{STR_INIT("resources"), STR_INIT("resources")},
	};
	struct str text = STR("{");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str value = json_text_member(event, names[i][0]);
		if (value.data)
			text = arena_format(arena, "%.*s%s\"%.*s\":%.*s", STR_ARG(text),
					    text.size > 1 ? "," : "", STR_ARG(names[i][1]),
					    STR_ARG(value));
	}
	return arena_format(arena, "%.*s}", STR_ARG(text));
}

static struct str quote(struct arena *arena, struct str text)
{
	struct json_writer writer;
	struct buf out = {0};

	json_begin(&writer, &out);
	json_str(&writer, text);
	struct str quoted = arena_copy(arena, buf_str(&out));
	buf_done(&out);
	return quoted;
}

/* JSON; data NULL: the event has none. */
static struct str value_of(struct arena *arena, struct str name, const struct shape_pair *paths,
			   size_t path_count, const struct transform_context *context)
{
	const struct shape_pair *path;
	char time[CLOCK_TEXT_MAX];

	switch (find_reserved(name)) {
	case RESERVED_RULE_ARN:
		return quote(arena, context->rule_arn);
	case RESERVED_RULE_NAME:
		return quote(arena, context->rule_name);
	case RESERVED_TIME:
		(void)clock_format_iso(context->ingestion_ms, time); /* cut behind the second */
		return arena_format(arena, "\"%.19sZ\"", time);
	case RESERVED_EVENT:
		return event_head(arena, context->event);
	case RESERVED_EVENT_JSON:
		return context->event;
	default:
		path = find_path(paths, path_count, name);
		return path ? transform_path(context->event, path->value) : (struct str){0};
	}
}

/* Within quotes: a string without its quotes, an object or array without any. */
static void append_text(struct buf *out, struct str json)
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

struct str transform_template(struct arena *arena, struct str input_template,
			      const struct shape_pair *paths, size_t path_count,
			      const struct transform_context *context)
{
	struct str text = input_template, name;
	bool is_quoted = false;
	struct buf out = {0};

	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (c == '<' && read_placeholder(text, i, &name)) {
			struct str value = value_of(arena, name, paths, path_count, context);
			if (is_quoted)
				append_text(&out, value);
			else
				buf_append(&out, value.data ? value : STR("\"\""));
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
