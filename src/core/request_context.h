/* SPDX-License-Identifier: MIT */
/*
 * context: a call with what its handler does not see; lives in the request's arena.
 */
#ifndef TERN_CORE_REQUEST_CONTEXT_H
#define TERN_CORE_REQUEST_CONTEXT_H

#include "core/dispatch.h"
#include "core/worker.h"

struct request_context {
	struct call call;
	struct net_request *request;
	struct dispatch_thread *thread;
	const struct service *service;	 /* NULL: none was recognised */
	struct str allow;		 /* of the Allow header; data NULL: none */
	struct dispatch_message message; /* back to the net thread */
	struct core_task task;		 /* over to the control thread */
	struct work work;		 /* over to a worker, for `step` */
	resume_fn step;
	resume_fn undone; /* in place of a step that is not run; NULL: the call ends with a fault */
	bool is_on_worker;
	enum err result; /* of the handler, carried back */
	int64_t begin_ns;
	struct call_cancel
		*cancel; /* of a wait whose client left; answered before the call may end */
	bool has_left;	 /* the client has closed its side; the net thread's */
	bool is_ended;	 /* but for that */
};

/* Runs the handler on the thread that the operation is marked for. Net thread. */
void call_begin(struct request_context *context);
/* Answers the call, or does so once the engine has given up its wait. Net thread. */
void call_finish(struct request_context *context, enum err result);
/* Runs what call_on_end registered. */
void call_end(struct call *call);
/* The engine has answered what the call waits for: goes on, on the call's thread. Engine's thread.
 */
void call_answered(struct queue_command *command);

#endif
