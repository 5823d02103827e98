/* SPDX-License-Identifier: MIT */
/*
 * bench_request: requests shaped like an SDK's, made from templates.
 *
 * A template holds the bytes of a request that never change and the places of those that do, so
 * that making a request is a copy, a few patches and, if it is signed, the signature. Templates
 * and signer belong to one thread.
 */
#ifndef TERN_CLI_BENCH_REQUEST_H
#define TERN_CLI_BENCH_REQUEST_H

#include "bench_options.h"
#include "wire/sigv4.h"

enum bench_action {
	BENCH_SEND,
	BENCH_RECEIVE,
	BENCH_DELETE,
	BENCH_CREATE_QUEUE,
	BENCH_DELETE_QUEUE,
	BENCH_ACTION_COUNT,
};

const char *bench_action_text(enum bench_action action);

#define BENCH_SLOTS_MAX (4 * BENCH_BATCH_MAX)

enum bench_slot_kind {
	BENCH_SLOT_TIME,     /* clock_steady_ns at which it was sent */
	BENCH_SLOT_SEQUENCE, /* of the message; never the same again */
	BENCH_SLOT_GROUP,    /* of the request; one of BENCH_GROUPS */
};
#define BENCH_GROUPS 1000

/* BENCH_STAMP_SIZE hex digits at `at` of the body. */
struct bench_slot {
	size_t at;
	enum bench_slot_kind kind;
};

/* A request body with places to fill in. */
struct bench_body {
	struct buf bytes;
	struct bench_slot slots[BENCH_SLOTS_MAX];
	size_t slot_count;
};

/* The head of a request up to the digits of Content-Length, and its canonical request (SigV4). */
struct bench_head {
	struct buf bytes;
	struct buf canonical;
	size_t date_at, scope_date_at, signature_at, invocation_at;
	size_t canonical_date_at, canonical_hash_at;
};

/* Makes all requests of a run. */
struct bench_signer {
	const struct bench_options *options;
	struct sigv4_key key;
	char amz_date[CLOCK_TEXT_MAX];
	char key_date[8];
	int64_t second; /* of amz_date */
	bool has_signed;
	char signature[SIGV4_SIGNATURE_SIZE];
	uint64_t invocations;
	struct arena arena;
};

/* `path` is the target of the request; `operation` is AWS's name of it. */
void bench_head_init(struct bench_head *head, const struct bench_options *options,
		     struct str operation, struct str path);
void bench_head_done(struct bench_head *head);

void bench_signer_init(struct bench_signer *signer, const struct bench_options *options);
void bench_signer_done(struct bench_signer *signer);

/* Adds BENCH_STAMP_SIZE digits and remembers where. */
void bench_body_slot(struct bench_body *body, enum bench_slot_kind kind);
void bench_body_done(struct bench_body *body);

/*
 * Appends the whole request to `out`. The n-th message of the body gets the sequence number
 * first_sequence + n.
 */
void bench_request_write(struct bench_signer *signer, const struct bench_head *head,
			 const struct bench_body *body, uint64_t first_sequence, int64_t now_ns,
			 struct buf *out);

#endif
