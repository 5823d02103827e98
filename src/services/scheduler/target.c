/* SPDX-License-Identifier: MIT */
/*
 * target: templated targets are known by the service in their ARN; universal ones name an operation
 * of an SDK, "arn:aws:scheduler:::aws-sdk:sqs:sendMessage".
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
 */
#include "services/scheduler/target.h"

#include "base/arn.h"
#include "core/message.h"
#include "format/json.h"

/* Services whose resources are templated targets at AWS and do not exist here yet. */
static const struct {
	struct str service, things;
} absents[] = {
	{STR_INIT("lambda"), STR_INIT("functions")},
	{STR_INIT("ecs"), STR_INIT("tasks")},
	{STR_INIT("states"), STR_INIT("state machines")},
	{STR_INIT("kinesis"), STR_INIT("streams")},
	{STR_INIT("firehose"), STR_INIT("delivery streams")},
	{STR_INIT("codebuild"), STR_INIT("builds")},
	{STR_INIT("codepipeline"), STR_INIT("pipelines")},
	{STR_INIT("inspector"), STR_INIT("assessments")},
	{STR_INIT("sagemaker"), STR_INIT("pipelines")},
};

/* "aws-sdk:service:operation" */
static enum err find_operation(const struct core *core, struct arena *arena, struct str resource,
			       struct scheduler_target_kind *kind, struct str *out_problem)
{
	struct str rest = resource, service;

	(void)str_cut(&rest, ':'); /* aws-sdk */
	service = str_cut(&rest, ':');
	kind->way = SCHEDULER_OPERATION;
	kind->operation = message_sdk_operation(core, service, rest);
	if (!kind->operation) {
		*out_problem =
			arena_format(arena, "%.*s:%.*s is not an operation that this server has.",
				     STR_ARG(service), STR_ARG(rest));
		return ERR_INVALID;
	}
	if (kind->operation->is_read_only) {
		*out_problem =
			arena_format(arena, "%.*s:%.*s is not supported: it changes nothing.",
				     STR_ARG(service), STR_ARG(rest));
		return ERR_INVALID;
	}
	return ERR_OK;
}

enum err scheduler_target_kind_of(const struct core *core, struct arena *arena, struct str text,
				  struct scheduler_target_kind *out_kind, struct str *out_problem)
{
	struct scheduler_target_kind kind = {0};
	struct arn arn;

	*out_problem = STR("Provided Arn is not in correct format.");
	if (!arn_parse(text, &arn))
		return ERR_INVALID;
	if (str_equal(arn.service, STR("scheduler")) && str_starts(arn.resource, STR("aws-sdk:"))) {
		enum err err = find_operation(core, arena, arn.resource, &kind, out_problem);
		if (!err)
			*out_kind = kind;
		return err;
	}
	if (!arn_is_account(arn.account) || arn.region.size == 0)
		return ERR_INVALID;
	kind.way = SCHEDULER_ABSENT;
	if (str_equal(arn.service, STR("sqs"))) {
		kind.way = SCHEDULER_QUEUE;
	} else if (str_equal(arn.service, STR("sns"))) {
		kind.way = SCHEDULER_TOPIC;
	} else if (str_equal(arn.service, STR("events")) &&
		   str_starts(arn.resource, STR("event-bus/"))) {
		kind.way = SCHEDULER_BUS;
	} else {
		for (size_t i = 0; i < sizeof(absents) / sizeof(absents[0]); i++)
			if (str_equal(arn.service, absents[i].service))
				kind.absent = absents[i].things;
		if (kind.absent.size == 0)
			return ERR_INVALID;
	}
	*out_kind = kind;
	return ERR_OK;
}

bool scheduler_is_json_object(struct arena *arena, struct str text)
{
	yyjson_val *root;

	return json_parse_limited(arena, text, LIMIT_JSON_VALUES, &root) == ERR_OK &&
	       yyjson_is_obj(root);
}

bool scheduler_operation_check(struct arena *arena, const struct operation *operation,
			       struct str input, struct str *out_problem)
{
	void *in = arena_alloc(arena, operation->in->size);

	if (!input.data)
		input = STR("{}");
	if (!scheduler_is_json_object(arena, input)) {
		*out_problem = STR("Input must be a valid JSON object for universal targets.");
		return false;
	}
	return message_decode(arena, input, operation->in, in, out_problem) == ERR_OK;
}

/* ---- context attributes ---- */

struct str scheduler_time(struct arena *arena, int64_t ms)
{
	char text[CLOCK_TEXT_MAX];
	struct str iso = str_of(text, (size_t)clock_format_iso(ms, text));

	return arena_format(arena, "%.*sZ", (int)str_find_char(iso, '.', 0), iso.data);
}

static struct str notification(struct arena *arena, const struct scheduler_invocation *invocation)
{
	struct str time = scheduler_time(arena, invocation->scheduled_ms);

	return arena_format(arena,
			    "{\"version\":\"0\",\"id\":\"%.*s\",\"detail-type\":\"Scheduled "
			    "Event\",\"source\":\"aws.scheduler\",\"account\":\"%.*s\",\"time\":"
			    "\"%.*s\",\"region\":\"%.*s\",\"resources\":[\"%.*s\"],\"detail\":"
			    "\"{}\"}",
			    STR_ARG(invocation->execution_id),
			    STR_ARG(arn_account(invocation->schedule_arn)), STR_ARG(time),
			    STR_ARG(arn_region(invocation->schedule_arn)),
			    STR_ARG(invocation->schedule_arn));
}

struct str scheduler_input(struct arena *arena, const struct scheduler_target *target,
			   const struct scheduler_invocation *invocation)
{
	const struct {
		struct str name, value;
	} attributes[] = {
		{STR("<aws.scheduler.schedule-arn>"), invocation->schedule_arn},
		{STR("<aws.scheduler.scheduled-time>"),
		 scheduler_time(arena, invocation->scheduled_ms)},
		{STR("<aws.scheduler.execution-id>"), invocation->execution_id},
		{STR("<aws.scheduler.attempt-number>"),
		 arena_format(arena, "%u", invocation->attempt)},
	};
	struct str input = target->input;
	struct buf out = {0};
	size_t done = 0, at;

	if (!input.data)
		return notification(arena, invocation);
	while ((at = str_find(input, STR("<aws.scheduler."), done)) != SIZE_MAX) {
		struct str rest = str_slice(input, at, SIZE_MAX);
		size_t size = 1;

		buf_append(&out, str_slice(input, done, at - done));
		struct str value = str_slice(rest, 0, 1);
		for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
			if (str_starts(rest, attributes[i].name)) {
				value = attributes[i].value;
				size = attributes[i].name.size;
			}
		buf_append(&out, value);
		done = at + size;
	}
	buf_append(&out, str_slice(input, done, SIZE_MAX));
	struct str copy = arena_copy(arena, buf_str(&out));
	buf_done(&out);
	return copy;
}

struct str scheduler_bus_entry(struct arena *arena, const struct scheduler_target *target,
			       struct str detail)
{
	struct json_writer writer;
	struct buf out = {0};

	json_begin(&writer, &out);
	json_open_object(&writer);
	json_key(&writer, STR("Entries"));
	json_open_array(&writer);
	json_open_object(&writer);
	json_key(&writer, STR("EventBusName"));
	json_str(&writer, target->arn);
	json_key(&writer, STR("Source"));
	json_str(&writer, target->event_bridge_parameters->source);
	json_key(&writer, STR("DetailType"));
	json_str(&writer, target->event_bridge_parameters->detail_type);
	json_key(&writer, STR("Detail"));
	json_str(&writer, detail);
	json_close_object(&writer);
	json_close_array(&writer);
	json_close_object(&writer);
	struct str copy = arena_copy(arena, buf_str(&out));
	buf_done(&out);
	return copy;
}
