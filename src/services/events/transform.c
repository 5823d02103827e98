/* SPDX-License-Identifier: MIT */
/* transform: the names of placeholders, and their values. */
#include "services/events/transform.h"

#include "base/clock.h"
#include "format/json.h"
#include "format/json_text.h"
#include "match/template.h"

bool transform_is_json(struct arena *arena, struct str text)
{
	yyjson_val *value;

	return json_parse(arena, text, &value) == ERR_OK;
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

bool transform_check(struct arena *arena, struct str target_id, struct str input_template,
		     const struct shape_pair *paths, size_t path_count, struct str *out_problem)
{
	struct str name;
	size_t at = 0;

	for (size_t i = 0; i < path_count; i++) {
		if (template_is_path(paths[i].value))
			continue;
		*out_problem = arena_format(
			arena, "InputPathsMap for target %.*s contains invalid path %.*s.",
			STR_ARG(target_id), STR_ARG(paths[i].value));
		return false;
	}
	while (template_next(input_template, &at, &name)) {
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

struct filling {
	const struct shape_pair *paths;
	size_t path_count;
	const struct transform_context *context;
};

static struct str value_of(void *user, struct arena *arena, struct str name)
{
	const struct filling *filling = user;
	const struct transform_context *context = filling->context;
	const struct shape_pair *path;
	char time[CLOCK_TEXT_MAX];

	switch (find_reserved(name)) {
	case RESERVED_RULE_ARN:
		return template_quote(arena, context->rule_arn);
	case RESERVED_RULE_NAME:
		return template_quote(arena, context->rule_name);
	case RESERVED_TIME:
		(void)clock_format_iso(context->ingestion_ms, time); /* cut behind the second */
		return arena_format(arena, "\"%.19sZ\"", time);
	case RESERVED_EVENT:
		return event_head(arena, context->event);
	case RESERVED_EVENT_JSON:
		return context->event;
	default:
		path = find_path(filling->paths, filling->path_count, name);
		return path ? template_path(context->event, path->value) : (struct str){0};
	}
}

struct str transform_template(struct arena *arena, struct str input_template,
			      const struct shape_pair *paths, size_t path_count,
			      const struct transform_context *context)
{
	struct filling filling = {paths, path_count, context};

	return template_fill(arena, input_template, value_of, &filling);
}
