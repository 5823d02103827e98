/* SPDX-License-Identifier: MIT */
/*
 * request_context: a call with the state that its handler does not see: its source, its home
 * thread, and its answer. A net_request (core/dispatch.h) or another part of the server
 * (core/internal.h) makes it, in memory that lives until `answer` has run.
 *
 * The home of a request is the thread it began on: a net thread, or the control thread. It is
 * answered there. One thread at a time owns a context; each hand-over is a thread's last use of it.
 */
#ifndef TERN_CORE_REQUEST_CONTEXT_H
#define TERN_CORE_REQUEST_CONTEXT_H

#include "core/core.h"
#include "core/dispatch_thread.h"
#include "core/group.h"
#include "core/worker.h"

struct net_request;
struct net_thread;
struct request_context;

/* The way to another thread, which runs `run`. */
struct context_hop {
	struct request_context *context;
	void (*run)(struct request_context *context);
	struct dispatch_message message; /* to a net thread */
	struct core_task task;		 /* to the control thread */
};

#define REQUEST_CONTEXT_MAGIC 0x43514552u

struct request_context {
	uint32_t magic;
	struct call call;
	/* Home: gives the answer or the fault to its reader and ends the call (call_end). */
	void (*answer)(struct request_context *context, enum err result);
	struct net_thread *home;	/* NULL: the control thread */
	struct net_request *request;	/* NULL: an internal request */
	struct str invoker;		/* of an internal request: "sns.amazonaws.com" */
	struct dispatch_thread *thread; /* of the request; else NULL */
	struct thread_meter *meter;	/* of the home */
	const struct service *service;	/* NULL: none was recognised */
	struct str allow;		/* of the Allow header; data NULL: none */
	size_t size;			/* bytes of the input that stay in memory while it waits */
	struct context_hop hop;
	struct group_answer group_answer; /* while it waits for a sync on the control thread */
	struct work work;		  /* over to a worker, for `step` */
	resume_fn step;
	resume_fn undone; /* in place of a step that is not run; NULL: the call ends with a fault */
	bool is_on_worker;
	enum err result; /* of the handler, while the context goes home */
	int64_t begin_ns;
	/* Of a wait whose client left; the cancel is answered before the call may end. */
	struct call_cancel *cancel;
	bool has_left; /* the client left; home's */
	bool is_ended; /* but for `cancel` */
};

/* Time, request id and the empty list of ends; the rest of a zeroed context is the caller's. */
void request_context_init(struct request_context *context, struct core *core, struct arena *arena);
/* The context of a call: every call is a part of one. */
struct request_context *request_context_of(struct call *call);

/* Home: runs the handler on the thread that the operation is marked for. */
void call_begin(struct request_context *context);
/* Home: answers the call, or does so once the engine has given up its wait. */
void call_finish(struct request_context *context, enum err result);
/* Home: the reader of the answer has left. Ends a wait for messages or for a worker, if any. */
void call_abort(struct request_context *context);
/* Posts the context to its home, or to the control thread, which runs hop->run. */
void context_hop_home(struct context_hop *hop);
void context_hop_to_control(struct context_hop *hop);
/* Writes the outcome to the meter and the audit log. Home. */
void call_record(struct request_context *context);

#endif
