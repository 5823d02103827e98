/* SPDX-License-Identifier: MIT */
/* log_target: the provider of the logs service takes the time as an attribute of the payload. */
#include "services/events/log_target.h"

#include "base/clock.h"
#include "format/json_text.h"

bool events_log_target_check(const struct events_target *target)
{
	const struct events_input_transformer *transformer = target->input_transformer;

	if (target->input.data || target->input_path.data)
		return false;
	if (!transformer)
		return true;
	struct str text = str_trim(transformer->input_template);
	return str_starts(text, STR("{")) && str_ends(text, STR("}")) &&
	       str_find(text, STR("\"timestamp\""), 0) != SIZE_MAX &&
	       str_find(text, STR("\"message\""), 0) != SIZE_MAX;
}

static struct str text_of(struct arena *arena, struct str json, const char *name)
{
	struct str value = json_text_member(json, str_from(name));

	return str_starts(value, STR("\"")) ? json_text_decode(arena, value) : (struct str){0};
}

void events_log_target_fill(struct arena *arena, struct str event, bool has_template,
			    struct target_payload *payload)
{
	struct str time = text_of(arena, event, "time"), message = {0};
	struct target_attribute *timestamp = arena_new(arena, struct target_attribute);
	int64_t time_ms;

	if (has_template && str_starts(str_trim(payload->body), STR("{"))) {
		struct str set = text_of(arena, payload->body, "timestamp");

		message = text_of(arena, payload->body, "message");
		if (message.data && clock_parse_iso(set, &time_ms))
			time = set;
	}
	if (message.data)
		payload->body = message;
	if (!clock_parse_iso(time, &time_ms))
		return; /* the time of the delivery */
	*timestamp = (struct target_attribute){STR("timestamp"), STR("Number"),
					       arena_format(arena, "%lld", (long long)time_ms)};
	payload->attributes = timestamp;
	payload->attribute_count = 1;
}
