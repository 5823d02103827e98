/* SPDX-License-Identifier: MIT */
/*
 * enrichment: an API answers with the event, or an array of the events, that the target gets. If
 * the answer is empty, nothing is delivered and the message is done.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/pipes-enrichment.html
 */
#include "format/json.h"
#include "format/json_text.h"
#include "match/template.h"
#include "services/pipes/execution.h"

enum { EVENTS_MAX = 10, WAIT_MS_MAX = 15000 };

static struct arena *arena_of(const struct pipe_item *item)
{
	return item->execution->batch->arena;
}

/* ---- HttpParameters ---- */

static struct shape_pair *pairs_of(struct pipe_item *item, const struct shape_pair *from,
				   size_t count)
{
	struct shape_pair *pairs = arena_array(arena_of(item), struct shape_pair, count);

	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct shape_pair){
			pipe_parameter(arena_of(item), from[i].key, &item->event),
			pipe_parameter(arena_of(item), from[i].value, &item->event)};
	return pairs;
}

void pipe_item_fill_http(struct pipe_item *item,
			 const struct pipes_pipe_target_http_parameters *http)
{
	struct invocation *invocation = &item->invocation;

	if (!http)
		return;
	struct str *values =
		arena_array(arena_of(item), struct str, http->path_parameter_values_count);
	for (size_t i = 0; i < http->path_parameter_values_count; i++)
		values[i] = pipe_parameter(arena_of(item), http->path_parameter_values[i],
					   &item->event);
	invocation->path_values = values;
	invocation->path_value_count = http->path_parameter_values_count;
	invocation->headers =
		pairs_of(item, http->header_parameters, http->header_parameters_count);
	invocation->header_count = http->header_parameters_count;
	invocation->query =
		pairs_of(item, http->query_string_parameters, http->query_string_parameters_count);
	invocation->query_count = http->query_string_parameters_count;
}

/* ---- rates ---- */

static void go_on(struct core_hop *hop)
{
	struct pipe_item *item = container_of(hop, struct pipe_item, hop);

	item->again(item);
}

static void on_pause_over(struct core *core, struct core_task *task)
{
	struct pipe_item *item = container_of(task, struct pipe_item, pause);

	item->hop.run = go_on;
	core_hop_to(core, item->execution->batch->home, &item->hop);
}

bool pipe_item_wait(struct pipe_item *item, void (*again)(struct pipe_item *item))
{
	int64_t wait_ms = item->invocation.wait_ms;

	if (wait_ms == 0 || item->waited_ms + wait_ms > WAIT_MS_MAX)
		return false;
	item->waited_ms += wait_ms;
	item->again = again;
	item->pause = (struct core_task){.run = on_pause_over};
	core_post_control_at(item->execution->run->core, &item->pause, clock_base_ms() + wait_ms);
	return true;
}

/* ---- the answer ---- */

/* The number of events; SIZE_MAX: too many. */
static size_t read_array(struct pipe_item *item, struct str json, size_t count)
{
	struct pipe_event *events = arena_array(arena_of(item), struct pipe_event, EVENTS_MAX);

	if (count > EVENTS_MAX)
		return SIZE_MAX;
	for (size_t i = 0; i < count; i++)
		events[i] = pipe_event_of_json(json_text_item(json, i));
	if (count > 0)
		item->event = events[0];
	item->more = events + 1;
	item->more_count = count > 0 ? count - 1 : 0;
	return count;
}

/* A text that is no JSON is a string of JSON. */
static size_t read_answer(struct pipe_item *item, struct str answer)
{
	struct arena *arena = arena_of(item);
	struct str text = str_trim(answer);
	struct buf compact = {0};
	yyjson_val *root;

	if (text.size == 0)
		return 0;
	if (json_parse_limited(arena, text, LIMIT_JSON_VALUES, &root) != ERR_OK) {
		item->event = pipe_event_of_json(template_quote(arena, text));
		return 1;
	}
	json_text_compact(&compact, text);
	struct str json = arena_copy(arena, buf_str(&compact));
	buf_done(&compact);
	if (yyjson_is_arr(root))
		return read_array(item, json, yyjson_arr_size(root));
	if (yyjson_is_null(root) || (yyjson_is_obj(root) && yyjson_obj_size(root) == 0))
		return 0;
	item->event = pipe_event_of_json(json);
	return 1;
}

static void on_enriched(void *context, struct invocation *invocation)
{
	struct pipe_item *item = context;
	struct arena *arena = arena_of(item);

	item->result = invocation->result;
	item->result.code = arena_copy(arena, item->result.code);
	item->result.text = arena_copy(arena, item->result.text);
	if (item->result.outcome != TARGET_DELIVERED) {
		if (!pipe_item_wait(item, pipe_item_enrich))
			pipe_item_done(item);
		return;
	}
	size_t count = read_answer(item, invocation->answer);
	item->event_count = count;
	item->names.now_ms = clock_now_ms();
	if (count == SIZE_MAX)
		pipe_item_fail(
			item, STR("TOO_MANY_EVENTS"),
			STR("The enrichment answered with more events than the target takes."));
	else if (count == 0)
		pipe_item_done(item);
	else
		pipe_item_send(item);
}

void pipe_item_enrich(struct pipe_item *item)
{
	const struct execution *execution = item->execution;
	const struct pipes_describe_pipe_out *shown = &execution->run->shown;
	const struct pipes_pipe_enrichment_parameters *parameters = shown->enrichment_parameters;
	struct str text = parameters ? parameters->input_template : (struct str){0};

	item->invocation = (struct invocation){
		.arn = shown->enrichment,
		.has_waited = item->waited_ms > 0,
		.body = pipe_input(arena_of(item), text, &item->event, &item->names),
	};
	if (parameters && parameters->http_parameters) {
		const struct pipes_pipe_enrichment_http_parameters *from =
			parameters->http_parameters;
		const struct pipes_pipe_target_http_parameters http = {
			.path_parameter_values = from->path_parameter_values,
			.path_parameter_values_count = from->path_parameter_values_count,
			.header_parameters = from->header_parameters,
			.header_parameters_count = from->header_parameters_count,
			.query_string_parameters = from->query_string_parameters,
			.query_string_parameters_count = from->query_string_parameters_count,
		};
		pipe_item_fill_http(item, &http);
	}
	invoke(execution->run->core, execution->batch->home, &execution->run->caller,
	       &item->invocation, on_enriched, item);
}
