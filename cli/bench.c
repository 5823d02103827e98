/* SPDX-License-Identifier: MIT */
/*
 * A run: make the queue, fill it if the operation needs messages, measure, report, delete the
 * queue. Filling and collecting handles are loads like the measured one, with a count as their end.
 */
#include "bench.h"

#include "bench_dialect.h"
#include "bench_load.h"
#include "bench_report.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static bool fails(const char *what, struct str detail)
{
	fprintf(stderr, "tern bench: %s%s%.*s\n", what, detail.size > 0 ? ": " : "",
		STR_ARG(str_slice(detail, 0, 400)));
	return false;
}

/* A request that sets the queue up or removes it. */
static bool queue_call(const struct bench_options *options, struct arena *arena,
		       enum bench_action action, struct str queue_url, struct str *out_answer)
{
	struct bench_body body = {0};
	int status;

	if (action == BENCH_CREATE_QUEUE)
		bench_body_create(options, &body);
	else
		bench_body_drop(options, queue_url, &body);
	enum err err = bench_call(options, arena, bench_operation(options, action),
				  str_from(options->endpoint.path), &body, &status, out_answer);
	bench_body_done(&body);
	if (err)
		return fails("the server does not answer", str_from(options->endpoint_url));
	if (status != 200)
		return fails(action == BENCH_CREATE_QUEUE ? "the queue cannot be made"
							  : "the queue cannot be deleted",
			     *out_answer);
	return true;
}

static bool phase_run(struct bench_load *load, const struct bench_plan *plan, const char *what,
		      struct bench_results *results)
{
	enum err err = bench_load_run(load, plan, results);

	if (err)
		return fails("the server cannot be reached any more", str_from(results->error));
	if (what && bench_report_errors(results) > 0)
		return fails(what, str_from(results->error));
	return true;
}

/* In batches of ten, whatever is measured later. */
static bool queue_fill(const struct bench_options *options, struct str queue_url,
		       struct bench_results *results)
{
	struct bench_options fill = *options;
	const struct bench_plan plan = {.mode = BENCH_MODE_SEND, .message_count = options->backlog};

	fill.batch = BENCH_BATCH_MAX;
	struct bench_load *load = bench_load_new(&fill, queue_url);
	if (!load)
		return fails("the endpoint's name is unknown", str_from(options->endpoint_url));
	bool is_filled = phase_run(load, &plan, "the queue cannot be filled", results);
	bench_load_free(&load);
	return is_filled;
}

static bool measure(const struct bench_options *options, struct str queue_url,
		    struct bench_results *results)
{
	const struct bench_plan plan = {
		.mode = options->mode,
		.message_count = options->message_count,
		.duration_ns = options->duration_ns,
		.warmup_ns = options->warmup_ns,
		.rate = options->rate,
	};
	const struct bench_plan collect = {
		.mode = BENCH_MODE_RECEIVE,
		.keeps_handles = true,
		.message_count = options->backlog,
	};

	if ((options->mode == BENCH_MODE_RECEIVE || options->mode == BENCH_MODE_DELETE) &&
	    !queue_fill(options, queue_url, results))
		return false;
	struct bench_load *load = bench_load_new(options, queue_url);
	if (!load)
		return fails("the endpoint's name is unknown", str_from(options->endpoint_url));
	bool is_measured = true;
	if (options->mode == BENCH_MODE_DELETE)
		is_measured = phase_run(load, &collect, "the messages cannot be received", results);
	if (is_measured)
		is_measured = phase_run(load, &plan, NULL, results);
	bench_load_free(&load);
	return is_measured;
}

static bool run(const struct bench_options *options, struct arena *arena,
		struct bench_results *results)
{
	struct str answer, ignored;
	struct str queue_url = STR("");

	if (options->mode == BENCH_MODE_RAW)
		return measure(options,
			       options->request.data
				       ? STR("http://queue.invalid/")
				       : STR("http://queue.invalid/000000000000/tern-bench"),
			       results);
	if (!queue_call(options, arena, BENCH_CREATE_QUEUE, queue_url, &answer))
		return false;
	queue_url = bench_answer_queue_url(options, arena, answer);
	if (queue_url.size == 0 || queue_url.size > 1000)
		return fails("the answer to CreateQueue names no queue", answer);
	bool is_measured = measure(options, queue_url, results);
	if (!options->keeps_queue &&
	    !queue_call(options, arena, BENCH_DELETE_QUEUE, queue_url, &ignored))
		return false;
	return is_measured;
}

int bench_main(int argc, char **argv)
{
	struct bench_options options;
	int status;

	if (!bench_options_parse(argc, argv, &options, &status))
		return status;
	/* A broken connection is an error of one request, not the end of the process. */
	(void)signal(SIGPIPE, SIG_IGN); /* cannot fail for SIGPIPE */
	struct bench_results *results = heap_alloc(sizeof(*results));
	struct arena arena;
	arena_init(&arena);
	status = 1;
	if (run(&options, &arena, results)) {
		bench_report_print(&options, results, stdout);
		status = bench_report_errors(results) > 0 ? 1 : 0;
	}
	arena_done(&arena);
	heap_free(results);
	return status;
}
