/* SPDX-License-Identifier: MIT */
/* run: makes the consumer of a pipe, and its filter. */
#include "services/pipes/run.h"

#include "core/message.h"
#include "services/pipes/execution.h"

/* ---- filter ---- */

/* A message that cannot be matched, such as one of too many values, passes. */
static bool wants(void *context, struct arena *arena, struct consumer_message *message)
{
	struct pipe_run *run = context;
	struct pipe_event *event = arena_new(arena, struct pipe_event);
	void *const *users;
	size_t count;

	*event = pipe_event_of_message(arena, run->shown.source, &message->source);
	message->user = event;
	if (!run->matcher)
		return true;
	return matcher_match_text(run->matcher, run->scratch, event->decoded, &users, &count) !=
		       ERR_OK ||
	       count > 0;
}

static void add_filters(struct pipe_run *run)
{
	const struct pipes_pipe_source_parameters *source = run->shown.source_parameters;
	const struct pipes_filter_criteria *criteria = source ? source->filter_criteria : NULL;
	struct event_pattern pattern;
	struct str problem;

	if (!criteria || criteria->filters_count == 0)
		return;
	run->matcher = matcher_new();
	run->scratch = match_scratch_new();
	for (size_t i = 0; i < criteria->filters_count; i++) {
		struct str text = criteria->filters[i].pattern;
		if (text.data && event_pattern_parse(&run->arena, PATTERN_EVENTS, text, &pattern,
						     &problem) == ERR_OK)
			(void)matcher_add(run->matcher, &pattern, run);
	}
}

/* ---- the handler ---- */

static void run_batch(struct consumer_batch *batch)
{
	execution_begin(batch->context, batch);
}

static void report(void *context, struct str problem)
{
	struct pipe_run *run = context;

	pipe_status_set(run->pipe->status, problem);
	if (problem.data)
		log_event(LOG_WARN, "a pipe cannot read its source",
			  log_str("pipe", run->shown.arn), log_str("error", problem));
}

static void run_free(void *context)
{
	struct pipe_run *run = context;

	match_scratch_free(&run->scratch);
	matcher_free(&run->matcher);
	pipe_release(run->pipe);
	arena_done(&run->arena);
	heap_free(run);
}

static const struct consumer_handler handler = {wants, run_batch, report, run_free};

/* ---- beginning ---- */

static struct pipe_run *run_new(struct core *core, const struct pipe *pipe)
{
	struct pipe_run *run = heap_alloc(sizeof(*run));
	struct str problem, things;

	run->core = core;
	arena_init(&run->arena);
	pipe_hold(pipe);
	run->pipe = pipe;
	if (message_decode(&run->arena, arena_copy(&run->arena, pipe->shown),
			   pipes_service.operations[PIPES_DESCRIBE_PIPE].out, &run->shown,
			   &problem) != ERR_OK) {
		pipe_status_set(pipe->status, STR("The settings of the pipe cannot be read."));
		run_free(run);
		return NULL;
	}
	run->way = pipe_way_of(run->shown.target, &things);
	if (run->shown.enrichment.size > 0)
		run->enrichment_way = pipe_way_of(run->shown.enrichment, &things);
	run->is_fifo = str_ends(run->shown.source, STR(".fifo"));
	run->caller = (struct internal_caller){
		.identity = INTERNAL_AS_ROLE,
		.service = PIPES_SERVICE,
		.source_arn = run->shown.arn,
		.source_account = pipe->account,
		.role = run->shown.role_arn,
		.region = pipe->region,
	};
	add_filters(run);
	return run;
}

/* The first of target and enrichment that is not served; things.data NULL: both are. */
static struct str absent_of(const struct pipe_run *run)
{
	struct str things;

	if (pipe_way_of(run->shown.target, &things) == PIPE_ABSENT)
		return things;
	if (run->shown.enrichment.size > 0 &&
	    pipe_way_of(run->shown.enrichment, &things) == PIPE_ABSENT)
		return things;
	return (struct str){0};
}

struct consumer *pipes_run_new(struct core *core, const struct pipe *pipe)
{
	struct pipe_run *run = run_new(core, pipe);

	if (!run)
		return NULL;
	const struct pipes_pipe_source_sqs_queue_parameters *queue =
		run->shown.source_parameters->sqs_queue_parameters;
	struct consumer_options options = {
		.source = run->shown.source,
		.caller = &run->caller,
		.batch_size = (uint32_t)queue->batch_size,
		.window_seconds = (uint32_t)queue->maximum_batching_window_in_seconds,
		.concurrency = LIMIT_CONSUMER_CONCURRENCY,
		.opens_handles = run->way == PIPE_QUEUE,
		.handler = &handler,
		.context = run,
	};
	struct str things = absent_of(run);
	if (!things.data)
		return consumer_new(core, &options);
	pipe_status_set(pipe->status,
			arena_format(&run->arena,
				     "%.*s are not served yet; messages stay in the source.",
				     STR_ARG(things)));
	run_free(run);
	return NULL;
}
