/* SPDX-License-Identifier: MIT */
/*
 * bench_dialect: SQS operations as request bodies, and what answers say, in JSON 1.0 and Query.
 *
 * Answers are searched, not parsed: the generator has to cost less than the server. It wrote the
 * messages itself and knows that no body holds text that looks like a member. Pure.
 */
#ifndef TERN_CLI_BENCH_DIALECT_H
#define TERN_CLI_BENCH_DIALECT_H

#include "bench_request.h"

/* AWS's name: a batch of one is the plain operation. */
struct str bench_operation(const struct bench_options *options, enum bench_action action);

/* Bodies of one kind for all requests. `queue_url` is empty for BENCH_CREATE_QUEUE. */
void bench_body_create(const struct bench_options *options, struct bench_body *out);
void bench_body_drop(const struct bench_options *options, struct str queue_url,
		     struct bench_body *out);
void bench_body_send(const struct bench_options *options, struct str queue_url,
		     struct bench_body *out);
void bench_body_receive(const struct bench_options *options, struct str queue_url,
			uint32_t wait_seconds, struct bench_body *out);
/* Handles as bench_answer_message gave them: in the escaping of the dialect. */
void bench_body_delete(const struct bench_options *options, struct str queue_url,
		       const struct str *handles, size_t handle_count, struct bench_body *out);

/* The queue's URL in the answer to CreateQueue; copied into the arena. Empty if there is none. */
struct str bench_answer_queue_url(const struct bench_options *options, struct arena *arena,
				  struct str answer);

struct bench_message {
	struct str handle; /* borrowed from the answer */
	uint64_t sent_ns;  /* what BENCH_SLOT_TIME held; 0 if it is not there */
};
/* The message at or behind *position, which moves on. False: no more. */
bool bench_answer_message(const struct bench_options *options, struct str answer, size_t *position,
			  struct bench_message *out_message);

/* Entries of a batch that failed. */
size_t bench_answer_failed(const struct bench_options *options, struct str answer);

#endif
