/* SPDX-License-Identifier: MIT */
/*
 * A path, a template and an event, with zero bytes between. A path gives the value that a walk over
 * the parsed event finds; a template that is accepted gives a text. Templates of pipes have paths
 * as names.
 */
#include "format/json.h"
#include "format/json_text.h"
#include "fuzz.h"
#include "match/template.h"
#include "services/events/transform.h"

/* The value at a valid path, as text; data NULL: there is none. */
static struct str walk(struct arena *arena, yyjson_val *value, struct str path)
{
	size_t at = 1;

	while (value && at < path.size) {
		size_t end = at + 1;
		if (path.data[at] == '[') {
			uint64_t index = 0;
			end = str_find_char(path, ']', at);
			check(str_to_u64(str_slice(path, at + 1, end - at - 1), &index));
			value = yyjson_is_arr(value) ? yyjson_arr_get(value, (size_t)index) : NULL;
			at = end + 1;
			continue;
		}
		while (end < path.size && path.data[end] != '.' && path.data[end] != '[')
			end++;
		struct str name = str_slice(path, at + 1, end - at - 1);
		yyjson_val *found = NULL, *key, *member;
		size_t i, most;
		yyjson_obj_foreach(value, i, most, key, member)
			if (str_equal(json_text(key), name))
				found = member;
		value = found;
		at = end;
	}
	if (!value)
		return (struct str){0};
	char *text = yyjson_val_write(value, 0, NULL);
	if (!text)
		return (struct str){0};
	struct str copy = arena_copy(arena, str_from(text));
	free(text);
	return copy;
}

static void compare(struct arena *arena, yyjson_val *event, struct str text, struct str path)
{
	struct str found = template_path(text, path);
	yyjson_val *value;

	check((found.data != NULL) == (walk(arena, event, path).data != NULL));
	if (!found.data)
		return;
	check(json_parse(arena, found, &value) == ERR_OK);
	check(str_equal(walk(arena, value, STR("$")), walk(arena, event, path)));
}

/* The placeholder's name is a path into the event, as in templates of pipes. */
static struct str value_at(void *context, struct arena *arena, struct str name)
{
	const struct str *event = context;
	yyjson_val *parsed;

	if (!template_is_selector(name))
		return (struct str){0};
	struct str value = template_select(arena, *event, name);
	check(!value.data || json_parse(arena, value, &parsed) == ERR_OK);
	return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_of(data, size), path = str_cut(&rest, 0), text = str_cut(&rest, 0);
	struct shape_pair paths[] = {{STR("x"), path}};
	struct buf compact = {0};
	struct arena arena;
	yyjson_val *event;
	struct str problem;

	arena_init(&arena);
	if (rest.data && json_parse_limited(&arena, rest, LIMIT_JSON_VALUES, &event) == ERR_OK) {
		struct transform_context context = {.rule_arn = STR("arn"), .rule_name = STR("r")};
		json_text_compact(&compact, rest);
		context.event = buf_str(&compact);
		if (template_is_path(path))
			compare(&arena, event, context.event, path);
		if (transform_check(&arena, STR("t"), text, paths, 1, &problem))
			(void)transform_template(&arena, text, paths, 1, &context);
		else
			check(problem.size > 0);
		(void)template_fill(&arena, text, value_at, &context.event);
		(void)template_fill_text(&arena, text, value_at, &context.event);
	}
	buf_done(&compact);
	arena_done(&arena);
	return 0;
}
