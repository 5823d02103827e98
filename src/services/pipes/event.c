/* SPDX-License-Identifier: MIT */
/*
 * event: a record is written once around its body. "$.body" alone is the body as it was sent, since
 * AWS decodes it only for paths that lead into it.
 */
#include "services/pipes/event.h"

#include "base/arn.h"
#include "format/json.h"
#include "format/json_text.h"
#include "match/template.h"

/* ---- records ---- */

static void write_attribute(struct json_writer *writer, const struct target_attribute *attribute)
{
	json_key(writer, attribute->name);
	json_open_object(writer);
	if (str_starts(attribute->type, STR("Binary"))) {
		json_key(writer, STR("binaryValue"));
		json_base64(writer, attribute->value);
	} else {
		json_key(writer, STR("stringValue"));
		json_str(writer, attribute->value);
	}
	json_key(writer, STR("stringListValues"));
	json_open_array(writer);
	json_close_array(writer);
	json_key(writer, STR("binaryListValues"));
	json_open_array(writer);
	json_close_array(writer);
	json_key(writer, STR("dataType"));
	json_str(writer, attribute->type);
	json_close_object(writer);
}

static void write_head(struct json_writer *writer, const struct source_message *message)
{
	json_key(writer, STR("messageId"));
	json_str(writer, message->id);
	json_key(writer, STR("receiptHandle"));
	json_str(writer, message->receipt);
	json_key(writer, STR("body"));
}

static void write_tail(struct json_writer *writer, struct str source_arn,
		       const struct source_message *message)
{
	json_key(writer, STR("attributes"));
	json_open_object(writer);
	for (size_t i = 0; i < message->system_count; i++) {
		json_key(writer, message->system[i].key);
		json_str(writer, message->system[i].value);
	}
	json_close_object(writer);
	json_key(writer, STR("messageAttributes"));
	json_open_object(writer);
	for (size_t i = 0; i < message->attribute_count; i++)
		write_attribute(writer, &message->attributes[i]);
	json_close_object(writer);
	json_key(writer, STR("md5OfBody"));
	json_str(writer, message->md5);
	if (message->md5_of_attributes.data) {
		json_key(writer, STR("md5OfMessageAttributes"));
		json_str(writer, message->md5_of_attributes);
	}
	json_key(writer, STR("eventSource"));
	json_str(writer, STR("aws:sqs"));
	json_key(writer, STR("eventSourceARN"));
	json_str(writer, source_arn);
	json_key(writer, STR("awsRegion"));
	json_str(writer, arn_region(source_arn));
}

/* `body` is JSON; data NULL: the message's, as text. */
static struct str record(struct arena *arena, struct str source_arn,
			 const struct source_message *message, struct str body)
{
	struct json_writer writer;
	struct buf out = {0};

	json_begin(&writer, &out);
	json_open_object(&writer);
	write_head(&writer, message);
	if (body.data) {
		json_text_compact(&out, body);
		writer.needs_comma = true;
	} else {
		json_str(&writer, message->body);
	}
	write_tail(&writer, source_arn, message);
	json_close_object(&writer);
	struct str copy = arena_copy(arena, buf_str(&out));
	buf_done(&out);
	return copy;
}

struct pipe_event pipe_event_of_message(struct arena *arena, struct str source_arn,
					const struct source_message *message)
{
	struct str body = str_trim(message->body);
	bool may_be_json = body.size > 1 && (body.data[0] == '{' || body.data[0] == '[');
	struct pipe_event event = {
		.json = record(arena, source_arn, message, (struct str){0}),
	};
	yyjson_val *root;

	event.is_json =
		may_be_json && json_parse_limited(arena, body, LIMIT_JSON_VALUES, &root) == ERR_OK;
	event.decoded = event.is_json ? record(arena, source_arn, message, body) : event.json;
	return event;
}

struct pipe_event pipe_event_of_json(struct str json)
{
	return (struct pipe_event){.json = json, .decoded = json, .is_json = true};
}

/* ---- templates ---- */

static bool is_path(struct str text)
{
	return str_starts(text, STR("$")) && template_is_selector(text);
}

static struct str value_at(struct arena *arena, const struct pipe_event *event, struct str path)
{
	bool is_whole = str_equal(path, STR("$")) || str_equal(path, STR("$.body"));

	return template_select(arena, is_whole ? event->json : event->decoded, path);
}

struct filling {
	const struct pipe_event *event;
	const struct pipe_names *names;
};

static struct str value_of(void *context, struct arena *arena, struct str name)
{
	const struct filling *filling = context;
	const struct pipe_names *names = filling->names;
	const struct {
		struct str name, value;
	} reserved[] = {
		{STR("aws.pipes.pipe-arn"), names->pipe_arn},
		{STR("aws.pipes.pipe-name"), names->pipe_name},
		{STR("aws.pipes.source-arn"), names->source_arn},
		{STR("aws.pipes.enrichment-arn"), names->enrichment_arn},
		{STR("aws.pipes.target-arn"), names->target_arn},
	};
	char time[CLOCK_TEXT_MAX];

	if (is_path(name))
		return value_at(arena, filling->event, name);
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (str_equal(name, reserved[i].name))
			return template_quote(arena, reserved[i].value);
	if (str_equal(name, STR("aws.pipes.event.ingestion-time"))) {
		int size = clock_format_iso(names->now_ms, time);
		return arena_format(arena, "\"%.*s\"", size, time);
	}
	if (str_equal(name, STR("aws.pipes.event")))
		return filling->event->json;
	if (str_equal(name, STR("aws.pipes.event.json")))
		return filling->event->is_json ? filling->event->decoded : (struct str){0};
	/* No placeholder, such as a tag of HTML. */
	return template_quote(arena, arena_format(arena, "<%.*s>", STR_ARG(name)));
}

struct str pipe_input(struct arena *arena, struct str input_template,
		      const struct pipe_event *event, const struct pipe_names *names)
{
	struct filling filling = {event, names};
	struct str text = str_trim(input_template);

	if (text.size == 0)
		return event->json;
	if (text.data[0] == '{' || text.data[0] == '[' || text.data[0] == '"')
		return template_fill(arena, input_template, value_of, &filling);
	return template_fill_text(arena, input_template, value_of, &filling);
}

struct str pipe_parameter(struct arena *arena, struct str parameter, const struct pipe_event *event)
{
	if (parameter.size < 2 || !is_path(parameter))
		return parameter;
	struct str value = value_at(arena, event, parameter);
	if (value.size > 0 && value.data[0] == '"')
		return json_text_decode(arena, value);
	return value.data ? value : STR("");
}
