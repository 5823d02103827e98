/* SPDX-License-Identifier: MIT */
/*
 * operations: CreatePipe, UpdatePipe, DescribePipe, DeletePipe, StartPipe, StopPipe, ListPipes.
 *
 * At AWS a change takes up to minutes, during which a pipe is CREATING, UPDATING and so on. Here it
 * is done when the answer leaves, which names that state all the same; the next DescribePipe shows
 * the state behind it.
 */
#include "core/authorize.h"
#include "core/limit/quota.h"
#include "core/message.h"
#include "core/page.h"
#include "services/pipes/change.h"
#include "services/pipes/check.h"

enum { PAGE_DEFAULT = 100, REASON_MAX = 512 };

#define RUNNING STR("RUNNING")
#define STOPPED STR("STOPPED")

static const struct shape *shown_shape(void)
{
	return pipes_service.operations[PIPES_DESCRIBE_PIPE].out;
}

static struct str state_of(const struct pipe *pipe)
{
	return pipe->is_running ? RUNNING : STOPPED;
}

static void release(const void *pipe)
{
	pipe_release(pipe);
}

/* Authorizes with the pipe's tags, if it exists, and finds it. Released when the call ends. */
static enum err open_pipe(struct call *call, struct str action, struct str name,
			  const struct pipe **out_pipe)
{
	const struct pipe *pipe = pipes_registry_find(pipes_of(call->core)->registry, call->account,
						      call->region, name);

	if (pipe)
		call_on_end(call, (call_end_fn)release, pipe);
	enum err err = pipe_authorize(call, action, name, pipe);
	if (err)
		return err;
	if (!pipe)
		return fail(call, &PIPES_NOT_FOUND, "Pipe %.*s does not exist.", STR_ARG(name));
	*out_pipe = pipe;
	return ERR_OK;
}

static enum err read_shown(struct call *call, const struct pipe *pipe,
			   struct pipes_describe_pipe_out *out)
{
	struct str problem;

	return message_decode(call->arena, arena_copy(call->arena, pipe->shown), shown_shape(), out,
			      &problem)
		       ? ERR_DAMAGED
		       : ERR_OK;
}

/* ---- creating ---- */

static struct pipes_pipe_log_configuration *
log_configuration_of(struct arena *arena, const struct pipes_pipe_log_configuration_parameters *in)
{
	struct pipes_pipe_log_configuration *logs;

	if (!in)
		return NULL;
	logs = arena_new(arena, struct pipes_pipe_log_configuration);
	logs->level = in->level;
	logs->include_execution_data = in->include_execution_data;
	logs->include_execution_data_count = in->include_execution_data_count;
	if (in->cloudwatch_logs_log_destination) {
		logs->cloudwatch_logs_log_destination =
			arena_new(arena, struct pipes_cloudwatch_logs_log_destination);
		logs->cloudwatch_logs_log_destination->log_group_arn =
			in->cloudwatch_logs_log_destination->log_group_arn;
	}
	/* Refused by pipe_check, which looks only whether they are given. */
	if (in->s3_log_destination)
		logs->s3_log_destination = arena_new(arena, struct pipes_s3_log_destination);
	if (in->firehose_log_destination)
		logs->firehose_log_destination =
			arena_new(arena, struct pipes_firehose_log_destination);
	return logs;
}

static enum err check_quota(struct call *call)
{
	struct pipes_registry *registry = pipes_of(call->core)->registry;
	int64_t most = quota_most(call->core->quotas, QUOTA_PIPES);
	bool is_full = pipes_registry_count(registry) >= LIMIT_PIPES;

	if (is_full)
		quota_log_server_limit(STR("pipes"), LIMIT_PIPES);
	if (!is_full &&
	    (int64_t)pipes_registry_count_account(registry, call->account, call->region) < most)
		return ERR_OK;
	return fail(call, &PIPES_SERVICE_QUOTA_EXCEEDED,
		    "The account has the maximum number of pipes in this Region: %lld.",
		    (long long)most);
}

static enum err authorize_creation(struct call *call, const struct pipes_create_pipe_in *in)
{
	call_set_request_tags(call, in->tags, in->tags_count);
	enum err err = pipe_authorize(call, STR("pipes:CreatePipe"), in->name, NULL);
	if (!err && in->tags_count > 0)
		err = pipe_authorize(call, STR("pipes:TagResource"), in->name, NULL);
	return err;
}

static enum err check_is_new(struct call *call, struct str name)
{
	const struct pipe *old = pipes_registry_find(pipes_of(call->core)->registry, call->account,
						     call->region, name);

	pipe_release(old);
	return old ? fail(call, &PIPES_CONFLICT, "Pipe %.*s already exists.", STR_ARG(name))
		   : ERR_OK;
}

enum err pipes_create_pipe(struct call *call, const struct pipes_create_pipe_in *in,
			   struct pipes_create_pipe_out *out)
{
	struct pipes_describe_pipe_out shown = {
		.arn = pipe_arn(call->arena, call->account, call->region, in->name),
		.name = in->name,
		.description = in->description,
		.source = in->source,
		.source_parameters = in->source_parameters,
		.enrichment = in->enrichment,
		.enrichment_parameters = in->enrichment_parameters,
		.target = in->target,
		.target_parameters = in->target_parameters,
		.role_arn = in->role_arn,
		.log_configuration = log_configuration_of(call->arena, in->log_configuration),
		.kms_key_identifier = in->kms_key_identifier,
	};
	struct pipe draft = {
		.account = call->account,
		.region = call->region,
		.name = in->name,
		.is_running = !str_equal(in->desired_state, STOPPED),
		.created_ms = call->now_ms,
		.modified_ms = call->now_ms,
		.tags = in->tags,
		.tag_count = in->tags_count,
	};

	enum err err = authorize_creation(call, in);
	if (!err)
		err = check_is_new(call, in->name);
	if (!err)
		err = pipe_check(call, &shown);
	if (!err)
		err = check_quota(call);
	if (err)
		return err;
	draft.shown = message_encode(call->arena, shown_shape(), &shown);
	draft.status = pipe_status_new();
	err = pipe_change(call->core, &draft);
	pipe_status_release(draft.status);
	*out = (struct pipes_create_pipe_out){
		.arn = shown.arn,
		.name = in->name,
		.desired_state = state_of(&draft),
		.current_state = STR("CREATING"),
		.creation_time = draft.created_ms,
		.has_creation_time = true,
		.last_modified_time = draft.modified_ms,
		.has_last_modified_time = true,
	};
	return err;
}

/* ---- changing ---- */

static void merge_source(struct call *call, const struct pipes_update_pipe_source_parameters *in,
			 struct pipes_describe_pipe_out *shown)
{
	struct pipes_pipe_source_parameters *source = shown->source_parameters;

	if (!in)
		return;
	if (in->filter_criteria)
		source->filter_criteria = in->filter_criteria;
	if (!in->sqs_queue_parameters)
		return;
	source->sqs_queue_parameters =
		arena_new(call->arena, struct pipes_pipe_source_sqs_queue_parameters);
	*source->sqs_queue_parameters = (struct pipes_pipe_source_sqs_queue_parameters){
		.batch_size = in->sqs_queue_parameters->batch_size,
		.has_batch_size = in->sqs_queue_parameters->has_batch_size,
		.maximum_batching_window_in_seconds =
			in->sqs_queue_parameters->maximum_batching_window_in_seconds,
		.has_maximum_batching_window_in_seconds =
			in->sqs_queue_parameters->has_maximum_batching_window_in_seconds,
	};
}

static void merge_enrichment(struct call *call, const struct pipes_update_pipe_in *in,
			     struct pipes_describe_pipe_out *shown)
{
	const struct pipes_pipe_enrichment_parameters *given = in->enrichment_parameters;
	struct pipes_pipe_enrichment_parameters *merged =
		arena_new(call->arena, struct pipes_pipe_enrichment_parameters);

	if (in->enrichment.data)
		shown->enrichment = in->enrichment;
	if (shown->enrichment_parameters)
		*merged = *shown->enrichment_parameters;
	if (given && given->input_template.data)
		merged->input_template = given->input_template;
	if (given && given->http_parameters)
		merged->http_parameters = given->http_parameters;
	if (given || shown->enrichment_parameters)
		shown->enrichment_parameters = merged;
	if (shown->enrichment.size == 0)
		shown->enrichment_parameters = NULL;
}

/* Each structure replaces the one before as a whole, as at AWS. */
static void merge_target(struct call *call, const struct pipes_update_pipe_in *in,
			 struct pipes_describe_pipe_out *shown)
{
	const struct pipes_pipe_target_parameters *given = in->target_parameters;
	struct pipes_pipe_target_parameters *merged =
		arena_new(call->arena, struct pipes_pipe_target_parameters);
	struct str things;
	bool is_other_kind = in->target.data && pipe_way_of(in->target, &things) !=
							pipe_way_of(shown->target, &things);

	if (in->target.data)
		shown->target = in->target;
	if (shown->target_parameters && is_other_kind)
		merged->input_template = shown->target_parameters->input_template;
	else if (shown->target_parameters)
		*merged = *shown->target_parameters;
	if (given) {
		if (given->input_template.data)
			merged->input_template = given->input_template;
		if (given->lambda_function_parameters)
			merged->lambda_function_parameters = given->lambda_function_parameters;
		if (given->step_function_state_machine_parameters)
			merged->step_function_state_machine_parameters =
				given->step_function_state_machine_parameters;
		if (given->sqs_queue_parameters)
			merged->sqs_queue_parameters = given->sqs_queue_parameters;
		if (given->http_parameters)
			merged->http_parameters = given->http_parameters;
		if (given->event_bridge_event_bus_parameters)
			merged->event_bridge_event_bus_parameters =
				given->event_bridge_event_bus_parameters;
		if (given->cloud_watch_logs_parameters)
			merged->cloud_watch_logs_parameters = given->cloud_watch_logs_parameters;
	}
	if (given || shown->target_parameters)
		shown->target_parameters = merged;
}

enum err pipes_update_pipe(struct call *call, const struct pipes_update_pipe_in *in,
			   struct pipes_update_pipe_out *out)
{
	struct pipes_describe_pipe_out shown = {0};
	const struct pipe *old;

	enum err err = open_pipe(call, STR("pipes:UpdatePipe"), in->name, &old);
	if (!err)
		err = read_shown(call, old, &shown);
	if (err)
		return err;
	merge_source(call, in->source_parameters, &shown);
	merge_enrichment(call, in, &shown);
	merge_target(call, in, &shown);
	shown.role_arn = in->role_arn;
	if (in->description.data)
		shown.description = in->description;
	if (in->kms_key_identifier.data)
		shown.kms_key_identifier = in->kms_key_identifier;
	if (in->log_configuration)
		shown.log_configuration = log_configuration_of(call->arena, in->log_configuration);
	err = pipe_check(call, &shown);
	if (err)
		return err;
	struct pipe draft = pipe_draft(old);
	draft.shown = message_encode(call->arena, shown_shape(), &shown);
	draft.modified_ms = call->now_ms;
	if (in->desired_state.data)
		draft.is_running = str_equal(in->desired_state, RUNNING);
	err = pipe_change(call->core, &draft);
	*out = (struct pipes_update_pipe_out){
		.arn = shown.arn,
		.name = in->name,
		.desired_state = state_of(&draft),
		.current_state = STR("UPDATING"),
		.creation_time = draft.created_ms,
		.has_creation_time = true,
		.last_modified_time = draft.modified_ms,
		.has_last_modified_time = true,
	};
	return err;
}

/* No effect, and the state itself, if the pipe is as wanted. */
static enum err set_state(struct call *call, const struct pipe *old, bool is_running)
{
	struct pipe draft = pipe_draft(old);

	if (old->is_running == is_running)
		return ERR_OK;
	draft.is_running = is_running;
	draft.modified_ms = call->now_ms;
	return pipe_change(call->core, &draft);
}

enum err pipes_start_pipe(struct call *call, const struct pipes_start_pipe_in *in,
			  struct pipes_start_pipe_out *out)
{
	const struct pipe *pipe;

	enum err err = open_pipe(call, STR("pipes:StartPipe"), in->name, &pipe);
	if (err)
		return err;
	*out = (struct pipes_start_pipe_out){
		.arn = pipe_arn(call->arena, call->account, call->region, in->name),
		.name = in->name,
		.desired_state = RUNNING,
		.current_state = pipe->is_running ? RUNNING : STR("STARTING"),
		.creation_time = pipe->created_ms,
		.has_creation_time = true,
		.last_modified_time = pipe->is_running ? pipe->modified_ms : call->now_ms,
		.has_last_modified_time = true,
	};
	return set_state(call, pipe, true);
}

enum err pipes_stop_pipe(struct call *call, const struct pipes_stop_pipe_in *in,
			 struct pipes_stop_pipe_out *out)
{
	const struct pipe *pipe;

	enum err err = open_pipe(call, STR("pipes:StopPipe"), in->name, &pipe);
	if (err)
		return err;
	*out = (struct pipes_stop_pipe_out){
		.arn = pipe_arn(call->arena, call->account, call->region, in->name),
		.name = in->name,
		.desired_state = STOPPED,
		.current_state = pipe->is_running ? STR("STOPPING") : STOPPED,
		.creation_time = pipe->created_ms,
		.has_creation_time = true,
		.last_modified_time = pipe->is_running ? call->now_ms : pipe->modified_ms,
		.has_last_modified_time = true,
	};
	return set_state(call, pipe, false);
}

enum err pipes_delete_pipe(struct call *call, const struct pipes_delete_pipe_in *in,
			   struct pipes_delete_pipe_out *out)
{
	const struct pipe *pipe;

	enum err err = open_pipe(call, STR("pipes:DeletePipe"), in->name, &pipe);
	if (err)
		return err;
	*out = (struct pipes_delete_pipe_out){
		.arn = pipe_arn(call->arena, call->account, call->region, in->name),
		.name = in->name,
		.desired_state = STR("DELETED"),
		.current_state = STR("DELETING"),
		.creation_time = pipe->created_ms,
		.has_creation_time = true,
		.last_modified_time = call->now_ms,
		.has_last_modified_time = true,
	};
	return pipes_delete(call->core, &pipe, 1);
}

/* ---- showing ---- */

static struct str reason_of(struct arena *arena, const struct pipe *pipe)
{
	struct str problem = pipe_status_read(pipe->status, arena);

	return problem.data ? str_slice(problem, 0, REASON_MAX) : STR("USER_INITIATED");
}

enum err pipes_describe_pipe(struct call *call, const struct pipes_describe_pipe_in *in,
			     struct pipes_describe_pipe_out *out)
{
	const struct pipe *pipe;

	enum err err = open_pipe(call, STR("pipes:DescribePipe"), in->name, &pipe);
	if (!err)
		err = read_shown(call, pipe, out);
	if (err)
		return err;
	out->desired_state = out->current_state = state_of(pipe);
	out->state_reason = reason_of(call->arena, pipe);
	out->tags = (struct shape_pair *)(uintptr_t)pipe->tags;
	out->tags_count = pipe->tag_count;
	out->has_creation_time = out->has_last_modified_time = true;
	out->creation_time = pipe->created_ms;
	out->last_modified_time = pipe->modified_ms;
	return ERR_OK;
}

struct page_list {
	struct call *call;
	const struct pipes_list_pipes_in *in;
	struct pipes_list_pipes_out *out;
	size_t room;
	struct str after; /* the last page's last item */
	enum err err;
};

static bool is_wanted(const struct page_list *list, const struct pipe *pipe,
		      const struct pipes_describe_pipe_out *shown)
{
	const struct pipes_list_pipes_in *in = list->in;

	return str_starts(shown->source, in->source_prefix) &&
	       str_starts(shown->target, in->target_prefix) &&
	       (!in->desired_state.data || str_equal(state_of(pipe), in->desired_state)) &&
	       (!in->current_state.data || str_equal(state_of(pipe), in->current_state));
}

/* False: the page is full. */
static bool show(struct page_list *list, const struct pipe *pipe)
{
	struct pipes_list_pipes_out *out = list->out;
	struct pipes_describe_pipe_out shown = {0};

	list->err = read_shown(list->call, pipe, &shown);
	if (list->err)
		return false;
	if (!is_wanted(list, pipe, &shown))
		return true;
	if (out->pipes_count == list->room) {
		out->next_token = page_token_make(list->call, out->pipes[list->room - 1].name);
		return false;
	}
	out->pipes[out->pipes_count++] = (struct pipes_pipe){
		.name = shown.name,
		.arn = shown.arn,
		.desired_state = state_of(pipe),
		.current_state = state_of(pipe),
		.state_reason = reason_of(list->call->arena, pipe),
		.creation_time = pipe->created_ms,
		.has_creation_time = true,
		.last_modified_time = pipe->modified_ms,
		.has_last_modified_time = true,
		.source = shown.source,
		.target = shown.target,
		.enrichment = shown.enrichment,
	};
	return true;
}

static bool visit(void *context, const struct pipe *pipe)
{
	struct page_list *list = context;

	if (!str_equal(pipe->account, list->call->account) ||
	    !str_equal(pipe->region, list->call->region))
		return false;
	if (!str_starts(pipe->name, list->in->name_prefix) ||
	    (list->after.data && str_compare(pipe->name, list->after) <= 0))
		return true;
	return show(list, pipe);
}

enum err pipes_list_pipes(struct call *call, const struct pipes_list_pipes_in *in,
			  struct pipes_list_pipes_out *out)
{
	struct page_list list = {.call = call, .in = in, .out = out};

	enum err err = call_authorize_any(call, STR("pipes:ListPipes"));
	if (!err && in->next_token.data &&
	    page_token_open(call, in->next_token, 0, &list.after) != ERR_OK)
		err = fail(call, &PIPES_VALIDATION, "Invalid NextToken.");
	if (err)
		return err;
	list.room = in->has_limit ? (size_t)in->limit : PAGE_DEFAULT;
	out->pipes = arena_array(call->arena, struct pipes_pipe, list.room);
	const struct pipe from = {
		.account = call->account,
		.region = call->region,
		.name = list.after.data ? list.after : in->name_prefix,
	};
	pipes_registry_each(pipes_of(call->core)->registry, &from, visit, &list);
	return list.err;
}
