/* SPDX-License-Identifier: MIT */
/*
 * bench_load: keeps connections busy with requests and counts what comes back.
 *
 * One thread, one epoll loop. A load is made for one queue and runs phases one after another:
 * filling, collecting handles, the measured one. Results belong to the caller of bench_load_run.
 */
#ifndef TERN_CLI_BENCH_LOAD_H
#define TERN_CLI_BENCH_LOAD_H

#include "bench_histogram.h"
#include "bench_options.h"
#include "bench_process.h"
#include "bench_request.h"

struct bench_counts {
	uint64_t requests; /* answered with success, also in part */
	uint64_t messages;
	uint64_t errors; /* requests, or entries of a batch */
	uint64_t empty;	 /* receives without a message */
	struct bench_histogram latency;
};

#define BENCH_ERROR_SIZE 300

struct bench_results {
	struct bench_counts counts[BENCH_DELETE + 1]; /* by action: send, receive, delete */
	struct bench_histogram delivery;	      /* from a message's send to its receive */
	int64_t elapsed_ns;
	int64_t client_cpu_ns;
	bool has_server;
	struct bench_usage server_begin, server_end;
	char error[BENCH_ERROR_SIZE]; /* the first one; empty if there was none */
};

struct bench_load;

/* `queue_url` is empty for the raw mode. Borrows options. */
struct bench_load *bench_load_new(const struct bench_options *options, struct str queue_url);
void bench_load_free(struct bench_load **load);

/* One request by itself, for setting up; the body of the answer is copied into the arena. */
must_check enum err bench_call(const struct bench_options *options, struct arena *arena,
			       struct str operation, struct str path, const struct bench_body *body,
			       int *out_status, struct str *out_answer);

/* The operation of a phase. */
struct bench_plan {
	enum bench_mode mode;
	bool keeps_handles; /* received messages are kept for a phase that deletes */
	uint64_t message_count;
	int64_t duration_ns; /* without message_count */
	int64_t warmup_ns;
	double rate;
};

/* ERR_CLOSED: the server cannot be reached any more. Results are filled either way. */
must_check enum err bench_load_run(struct bench_load *load, const struct bench_plan *plan,
				   struct bench_results *results);

#endif
