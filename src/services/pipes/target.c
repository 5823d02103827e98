/* SPDX-License-Identifier: MIT */
/*
 * target: queues, topics and log groups are targets of core/target.h, in the name of the pipe's
 * role. A bus gets PutEvents, as it makes an event of what it gets.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html
 */
#include "api/events.h"
#include "base/arn.h"
#include "core/message.h"
#include "services/pipes/execution.h"

enum { RESOURCES_MAX = 10 };

static struct arena *arena_of(const struct pipe_item *item)
{
	return item->execution->batch->arena;
}

static void end_with(struct pipe_item *item, struct target_result result)
{
	item->result = result;
	pipe_item_done(item);
}

/* ---- targets of core/target.h ---- */

static void on_delivered(void *context)
{
	struct pipe_item *item = context;
	struct target_result *result = &item->result;
	struct arena *arena = arena_of(item);

	result->code = arena_copy(arena, result->code);
	result->text = arena_copy(arena, result->text);
	/* Gone: its visibility timeout is over, and another batch has it. */
	item->is_deleted = item->ended == QUEUE_OK || item->ended == QUEUE_MESSAGE_GONE ||
			   item->ended == QUEUE_HANDLE_EXPIRED;
	pipe_item_done(item);
}

/* Whether the message leaves the source together with its delivery. */
static bool ends_message(const struct pipe_item *item)
{
	return item->execution->run->way == PIPE_QUEUE && item->event_count == 1;
}

static void deliver(struct pipe_item *item)
{
	struct execution *execution = item->execution;
	struct pipe_run *run = execution->run;
	struct consumer_message *message = &execution->batch->messages[item->message];
	bool ends = ends_message(item);

	item->ended = QUEUE_FAILED;
	item->delivery = (struct target_delivery){
		.arn = run->shown.target,
		.payloads = &item->payload,
		.count = 1,
		.results = &item->result,
	};
	const struct target_send send = {
		.caller = &run->caller,
		.deliveries = &item->delivery,
		.count = 1,
		.ends = ends ? &message->handle : NULL,
		.out_ended = ends ? &item->ended : NULL,
	};
	target_deliver(run->core, execution->batch->home, &send, on_delivered, item);
}

static void fill_queue(struct pipe_item *item)
{
	const struct pipes_pipe_target_parameters *parameters =
		item->execution->run->shown.target_parameters;
	const struct pipes_pipe_target_sqs_queue_parameters *queue =
		parameters ? parameters->sqs_queue_parameters : NULL;
	struct str group = {0}, dedup = {0};

	if (queue && queue->message_group_id.size > 0)
		group = pipe_parameter(arena_of(item), queue->message_group_id, &item->event);
	if (queue && queue->message_deduplication_id.size > 0)
		dedup = pipe_parameter(arena_of(item), queue->message_deduplication_id,
				       &item->event);
	item->payload.group = group;
	item->payload.dedup = dedup;
}

/* A time in the event: RFC 3339, or milliseconds since 1970. */
static bool read_time(struct pipe_item *item, struct str path, int64_t *out_ms)
{
	struct str text = pipe_parameter(arena_of(item), path, &item->event);

	return path.size > 0 && (str_to_i64(text, out_ms) || clock_parse_iso(text, out_ms));
}

static void fill_logs(struct pipe_item *item)
{
	const struct pipes_pipe_target_parameters *parameters =
		item->execution->run->shown.target_parameters;
	const struct pipes_pipe_target_cloud_watch_logs_parameters *logs =
		parameters ? parameters->cloud_watch_logs_parameters : NULL;
	struct arena *arena = arena_of(item);
	struct target_attribute *attributes = arena_array(arena, struct target_attribute, 2);
	int64_t time_ms;

	if (logs && read_time(item, logs->timestamp, &time_ms))
		attributes[item->payload.attribute_count++] =
			(struct target_attribute){STR("timestamp"), STR("Number"),
						  arena_format(arena, "%lld", (long long)time_ms)};
	if (logs && logs->log_stream_name.size > 0)
		attributes[item->payload.attribute_count++] = (struct target_attribute){
			STR("stream"), STR("String"),
			pipe_parameter(arena, logs->log_stream_name, &item->event)};
	item->payload.attributes = attributes;
}

/* ---- buses ---- */

static void on_put(void *context, const struct internal_answer *answer)
{
	struct pipe_item *item = context;
	struct arena *arena = arena_of(item);
	const struct events_put_events_out *out = answer->out;
	struct target_result result = {.outcome = TARGET_DELIVERED};

	if (answer->result != ERR_OK)
		result = (struct target_result){
			.outcome = TARGET_FAILED,
			.code = arena_copy(arena, answer->fault->shape),
			.text = arena_copy(arena, answer->fault_text),
		};
	else if (out->entries_count > 0 && out->entries[0].error_code.data)
		result = (struct target_result){
			.outcome = TARGET_FAILED,
			.code = arena_copy(arena, out->entries[0].error_code),
			.text = arena_copy(arena, out->entries[0].error_message),
		};
	end_with(item, result);
}

static struct events_put_events_request_entry entry_of(struct pipe_item *item, struct arena *arena)
{
	static const struct pipes_pipe_target_event_bridge_event_bus_parameters none;
	const struct pipes_describe_pipe_out *shown = &item->execution->run->shown;
	const struct pipes_pipe_target_event_bridge_event_bus_parameters *bus =
		shown->target_parameters &&
				shown->target_parameters->event_bridge_event_bus_parameters
			? shown->target_parameters->event_bridge_event_bus_parameters
			: &none;
	struct events_put_events_request_entry entry = {
		.event_bus_name = shown->target,
		.source = arena_format(arena, "Pipe %.*s", STR_ARG(shown->name)),
		.detail_type = STR("Event from aws:sqs"),
		.detail = item->input,
		.resources = arena_array(arena, struct str, RESOURCES_MAX),
	};

	if (bus->source.size > 0)
		entry.source = pipe_parameter(arena, bus->source, &item->event);
	if (bus->detail_type.size > 0)
		entry.detail_type = pipe_parameter(arena, bus->detail_type, &item->event);
	for (size_t i = 0; i < bus->resources_count && i < RESOURCES_MAX; i++)
		entry.resources[entry.resources_count++] =
			pipe_parameter(arena, bus->resources[i], &item->event);
	entry.has_time = read_time(item, bus->time, &entry.time);
	return entry;
}

static void put_event(struct pipe_item *item)
{
	struct pipe_run *run = item->execution->run;
	const struct operation *operation =
		message_operation(run->core, STR("events"), STR("PutEvents"));
	struct internal_caller caller = run->caller;

	caller.region = arn_region(run->shown.target);
	struct internal_request *request =
		internal_new(run->core, item->execution->batch->home, &caller);
	struct arena *arena = internal_arena(request);
	struct events_put_events_in *in = arena_new(arena, struct events_put_events_in);
	in->entries = arena_new(arena, struct events_put_events_request_entry);
	in->entries_count = 1;
	*in->entries = entry_of(item, arena);
	if (!internal_submit(request, operation, in, on_put, item))
		end_with(item, (struct target_result){
				       .outcome = TARGET_RETRY,
				       .code = STR("THROTTLING"),
				       .text = STR("Too many internal requests."),
			       });
}

/* ---- API destinations ---- */

static void invoke_target(struct pipe_item *item);

static void on_invoked(void *context, struct invocation *invocation)
{
	struct pipe_item *item = context;
	struct arena *arena = arena_of(item);

	item->result = invocation->result;
	item->result.code = arena_copy(arena, item->result.code);
	item->result.text = arena_copy(arena, item->result.text);
	if (!pipe_item_wait(item, invoke_target))
		pipe_item_done(item);
}

static void invoke_target(struct pipe_item *item)
{
	const struct execution *execution = item->execution;
	const struct pipes_describe_pipe_out *shown = &execution->run->shown;

	item->invocation = (struct invocation){
		.arn = shown->target, .body = item->input, .has_waited = item->waited_ms > 0};
	if (shown->target_parameters)
		pipe_item_fill_http(item, shown->target_parameters->http_parameters);
	invoke(execution->run->core, execution->batch->home, &execution->run->caller,
	       &item->invocation, on_invoked, item);
}

/* ---- sending ---- */

void pipe_item_send(struct pipe_item *item)
{
	const struct pipe_run *run = item->execution->run;
	const struct pipes_pipe_target_parameters *parameters = run->shown.target_parameters;
	struct str text = parameters ? parameters->input_template : (struct str){0};

	item->input = pipe_input(arena_of(item), text, &item->event, &item->names);
	item->payload = (struct target_payload){.body = item->input};
	switch (run->way) {
	case PIPE_QUEUE:
		fill_queue(item);
		deliver(item);
		break;
	case PIPE_TOPIC:
		deliver(item);
		break;
	case PIPE_LOGS:
		fill_logs(item);
		deliver(item);
		break;
	case PIPE_BUS:
		put_event(item);
		break;
	case PIPE_API:
		invoke_target(item);
		break;
	case PIPE_ABSENT:
	case PIPE_REFUSED:
		pipe_item_fail(item, STR("NOT_SERVED"), STR("The target is not served."));
	}
}
