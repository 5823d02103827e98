/* SPDX-License-Identifier: MIT */
/*
 * target: a payload is an event of the log. Its time is the attribute "timestamp" (Number, in
 * milliseconds), or that of a body {"timestamp": ..., "message": "..."}, or now.
 *
 * The stream is the source's own: a UUID that follows from its ARN. The first delivery makes it, on
 * the control thread; later ones run on net threads. Both need logs:CreateLogStream and
 * logs:PutLogEvents, as AWS's do: from a resource policy, if the caller is a service.
 */
#include "services/logs/target.h"

#include "core/log_sink.h"
#include "format/json.h"
#include "services/logs/change.h"
#include "services/logs/check.h"
#include "services/logs/put.h"

struct delivery {
	struct str arn, stream;
	const struct target_payload *payloads;
	size_t count;
	struct target_result *results;
};

static enum err resolve(struct core *core, struct str text, struct target_description *out)
{
	struct arn arn;
	struct str name;

	if (!logs_arn_parse(text, &arn, &name))
		return ERR_NOTFOUND;
	const struct logs_group *group =
		logs_registry_find(logs_of(core)->registry, arn.account, arn.region, name);
	if (!group)
		return ERR_NOTFOUND;
	logs_group_release(group);
	*out = (struct target_description){
		.account = arn_account(text),
		.region = arn_region(text),
		.policy = logs_policy_of(core, arn.account, arn.region),
	};
	return ERR_OK;
}

static struct str stream_of(struct arena *arena, struct str source)
{
	char *text = arena_bytes(arena, UUID_TEXT_SIZE);
	uint8_t digest[32];

	sha256(source, digest);
	uuid_format(digest, text);
	return str_of(text, UUID_TEXT_SIZE);
}

/* ---- the payload ---- */

static bool parse_body(struct arena *arena, struct log_record *record)
{
	yyjson_val *root;

	if (!str_starts(record->text, STR("{\"timestamp\"")) ||
	    json_parse(arena, record->text, &root) != ERR_OK || yyjson_obj_size(root) != 2)
		return false;
	yyjson_val *time = json_member(root, "timestamp"), *message = json_member(root, "message");
	if (!yyjson_is_int(time) || !yyjson_is_str(message) || yyjson_get_sint(time) < 0)
		return false;
	record->key.time_ms = yyjson_get_sint(time);
	record->text = json_text(message);
	return true;
}

static struct log_record record_of(struct call *call, const struct target_payload *payload)
{
	struct log_record record = {.key.time_ms = call->now_ms,
				    .text = log_sink_cut(payload->body)};
	int64_t time_ms;

	if (parse_body(call->arena, &record))
		return record;
	for (size_t i = 0; i < payload->attribute_count; i++)
		if (str_equal(payload->attributes[i].name, STR("timestamp")) &&
		    str_to_i64(payload->attributes[i].value, &time_ms) && time_ms >= 0)
			record.key.time_ms = time_ms;
	return record;
}

/* ---- the operation ---- */

static enum err finish(struct call *call)
{
	const struct delivery *delivery = call->in;

	for (size_t i = 0; i < delivery->count; i++)
		delivery->results[i] = (struct target_result){.outcome = TARGET_DELIVERED};
	return ERR_OK;
}

static enum err deliver(struct call *call, const void *in, void *out)
{
	const struct delivery *delivery = in;
	const struct logs_stream *stream = NULL;
	const struct logs_group *group;
	struct arn arn;
	struct str name;

	(void)out;
	if (!logs_arn_parse(delivery->arn, &arn, &name))
		return fail(call, &LOGS_RESOURCE_NOT_FOUND,
			    "The specified log group does not exist.");
	enum err err = logs_authorize(call, STR("logs:CreateLogStream"), name, STR(""));
	if (!err)
		err = logs_authorize(call, STR("logs:PutLogEvents"), name, delivery->stream);
	if (!err)
		err = logs_group_of_call(call, name, &group);
	if (err)
		return err;
	stream = logs_registry_find_stream(logs_of(call->core)->registry, group->number,
					   delivery->stream);
	if (!stream && call->operation->place == OPERATION_ON_CONTROL)
		err = logs_stream_create(call->core, group->number, delivery->stream, call->now_ms);
	logs_stream_release(stream);
	if (!err)
		err = logs_stream_of_call(call, group, delivery->stream, &stream);
	if (err)
		return err;
	struct log_record *records = arena_array(call->arena, struct log_record, delivery->count);
	for (size_t i = 0; i < delivery->count; i++)
		records[i] = record_of(call, &delivery->payloads[i]);
	return logs_put_records(call, group, stream, records, delivery->count, finish);
}

static const struct shape nothing;
static const struct operation_facts facts = {.event = EVENT_DATA};
#define OPERATION(where)                                                                           \
	{                                                                                          \
		.name = STR_INIT("PutLogEvents"), .action = STR_INIT("logs:PutLogEvents"),         \
		.service = &logs_service, .in = &nothing, .out = &nothing, .run = deliver,         \
		.place = where, .facts = &facts, .index = OPERATION_UNNUMBERED,                    \
	}
static const struct operation on_net = OPERATION(OPERATION_ON_NET);
static const struct operation on_control = OPERATION(OPERATION_ON_CONTROL);

static bool has_stream(struct core *core, struct str text, struct str stream_name)
{
	struct logs_registry *registry = logs_of(core)->registry;
	struct arn arn;
	struct str name;

	if (!logs_arn_parse(text, &arn, &name))
		return true;
	const struct logs_group *group =
		logs_registry_find(registry, arn.account, arn.region, name);
	const struct logs_stream *stream =
		group ? logs_registry_find_stream(registry, group->number, stream_name) : NULL;
	bool needs_none = !group || stream;
	logs_stream_release(stream);
	logs_group_release(group);
	return needs_none;
}

static const struct operation *prepare(struct core *core, struct arena *arena,
				       const struct target_delivery *target, const void **out_in)
{
	struct delivery *delivery = arena_new(arena, struct delivery);
	struct str source = target->caller ? target->caller->source_arn : (struct str){0};

	delivery->arn = target->arn;
	delivery->stream = stream_of(arena, source);
	delivery->payloads = target->payloads;
	delivery->count = target->count;
	delivery->results = target->results;
	*out_in = delivery;
	return has_stream(core, target->arn, delivery->stream) ? &on_net : &on_control;
}

/* The handler has filled the results. */
static void read_answer(const void *out, const struct target_delivery *delivery)
{
	(void)out;
	(void)delivery;
}

const struct target_provider logs_target_provider = {
	.resolve = resolve,
	.prepare = prepare,
	.read = read_answer,
};
