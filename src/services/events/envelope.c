/* SPDX-License-Identifier: MIT */
/* envelope: see envelope.h. */
#include "services/events/envelope.h"

#include "base/clock.h"
#include "format/json.h"
#include "format/json_text.h"

static void write_text(struct json_writer *writer, struct str name, struct str text)
{
	json_key(writer, name);
	json_str(writer, text);
}

struct str events_envelope(struct arena *arena, const struct events_event *event)
{
	char time[CLOCK_TEXT_MAX];
	struct json_writer writer;
	struct buf out = {0};

	(void)clock_format_iso(event->time_ms, time); /* cut behind the second */
	memcpy(time + 19, "Z", 2);
	json_begin(&writer, &out);
	json_open_object(&writer);
	write_text(&writer, STR("version"), STR("0"));
	write_text(&writer, STR("id"), event->id);
	write_text(&writer, STR("detail-type"), event->detail_type);
	write_text(&writer, STR("source"), event->source);
	write_text(&writer, STR("account"), event->account);
	write_text(&writer, STR("time"), str_from(time));
	write_text(&writer, STR("region"), event->region);
	if (event->replay_name.data)
		write_text(&writer, STR("replay-name"), event->replay_name);
	json_key(&writer, STR("resources"));
	json_open_array(&writer);
	for (size_t i = 0; i < event->resource_count; i++)
		json_str(&writer, event->resources[i]);
	json_close_array(&writer);
	json_key(&writer, STR("detail"));
	json_text_compact(&out, event->detail);
	json_close_object(&writer);
	struct str json = arena_copy(arena, buf_str(&out));
	buf_done(&out);
	return json;
}

bool events_envelope_is_complete(struct str json)
{
	static const struct str names[] = {
		STR_INIT("id"),		 STR_INIT("account"), STR_INIT("source"),
		STR_INIT("time"),	 STR_INIT("region"),  STR_INIT("resources"),
		STR_INIT("detail-type"),
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!json_text_member(json, names[i]).data)
			return false;
	return true;
}
