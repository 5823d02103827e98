/* SPDX-License-Identifier: MIT */
/*
 * dispatch: passes an HTTP request to an operation's handler and sends the answer.
 *
 * Routes, decodes, runs the handler on the operation's thread, waits while the call is parked,
 * encodes the answer or the fault in the caller's dialect. Its functions are the callbacks of a
 * net_server (net/server.h), on its threads.
 */
#ifndef TERN_CORE_DISPATCH_H
#define TERN_CORE_DISPATCH_H

#include "core/core.h"
#include "core/dispatch_thread.h"
#include "net/server.h"
#include "wire/route.h"

struct dispatch {
	struct core *core;
	struct route_table routes;
	/* Handles requests whose path begins with "/_" (and then ends them); net thread. May be
	 * NULL. */
	void (*on_other)(struct dispatch *dispatch, struct net_request *request);
	void *other; /* on_other's */
};

/* The thread has ended. */
void dispatch_thread_done(struct dispatch_thread *thread);

void dispatch_request(struct net_request *request);
/* For on_half_close too: a wait for messages ends, and they stay in the queue. */
void dispatch_abort(struct net_request *request);
void dispatch_message(struct net_thread *thread, struct mailbox_message *message);

/* For on_refusal; in refusal.c. */
void dispatch_refusal(struct net_thread *thread, struct net_refusal *refusal);

/* False: a foreign web page sent it, or it has a foreign Host; see browser_is_welcome. */
bool dispatch_is_welcome(const struct core *core, struct net_request *request,
			 struct str *out_problem);

#endif
