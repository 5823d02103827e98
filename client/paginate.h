/* SPDX-License-Identifier: MIT */
/*
 * paginate: all pages of a list operation, one after another.
 *
 * Works for every operation that has NextToken or Marker in its request and in its answer. SQS
 * gives a token only if MaxResults was asked for, so set it. Lives in the caller's memory, holds
 * the heap: done must follow init. Same thread as its call.
 *
 *   tern_pager_init(&pager, call, &sqs_operations[SQS_LIST_QUEUES], &in);
 *   while (!(err = tern_pager_next(&pager, &out)))
 *           use(&out);
 *   tern_pager_done(&pager);
 *   err is ERR_NOTFOUND after the last page
 */
#ifndef TERN_CLIENT_PAGINATE_H
#define TERN_CLIENT_PAGINATE_H

#include "client/call.h"

struct tern_pager {
	struct tern_call *call;
	const struct operation *operation;
	void *in;    /* a copy of the request, whose token moves on */
	char *token; /* of the next page; NULL: the first page, or none */
	size_t token_size;
	bool is_at_end;
};

/* The structs behind `in` are borrowed until tern_pager_done. */
void tern_pager_init(struct tern_pager *pager, struct tern_call *call,
		     const struct operation *operation, const void *in);
void tern_pager_done(struct tern_pager *pager);
/*
 * Fills `out` like tern_call_run. ERR_NOTFOUND when there are no more pages, ERR_INVALID if the
 * service gives the same token twice in a row; otherwise tern_call_run's errors, after which the
 * same page may be asked for again.
 */
must_check enum err tern_pager_next(struct tern_pager *pager, void *out);

#endif
