/* SPDX-License-Identifier: MIT */
/*
 * dispatch: from an HTTP request to an operation's handler and back.
 *
 * Routes, decodes, runs the handler on the thread that the operation asks for, waits while it is
 * parked, encodes the answer or the fault in the caller's dialect. Its functions are the callbacks
 * of a net_server (net/server.h), on its threads.
 */
#ifndef TERN_CORE_DISPATCH_H
#define TERN_CORE_DISPATCH_H

#include "access/signature.h"
#include "core/core.h"
#include "core/meter.h"
#include "net/server.h"
#include "wire/route.h"

struct dispatch {
	struct core *core;
	struct route_table routes;
	/* Takes over requests whose path begins with "/_" (and then ends them); net thread. May be
	 * NULL. */
	void (*on_other)(struct dispatch *dispatch, struct net_request *request);
	void *other; /* on_other's */
};

/* What net_thread_context gives: one a net thread. Zeroed but for dispatch at the beginning. */
struct dispatch_thread {
	struct dispatch *dispatch;
	struct signature_cache signatures;
	const struct principal *root; /* under --auth open: of the account that called last */
	struct meter meter;
	struct buf body;      /* of the answer that is being encoded */
	struct arena refusal; /* headers of the last refused request */
};
/* The thread has ended. */
void dispatch_thread_done(struct dispatch_thread *thread);

void dispatch_request(struct net_request *request);
/* For on_half_close too: a wait for messages ends, and they stay in the queue. */
void dispatch_abort(struct net_request *request);
void dispatch_message(struct net_thread *thread, struct mailbox_message *message);

/* For on_refusal; in refusal.c. */
void dispatch_refusal(struct net_thread *thread, struct net_refusal *refusal);

/* For on_other: an answer that was prepared elsewhere comes back as a message. */
struct dispatch_message {
	struct mailbox_message message;
	void (*run)(struct dispatch_message *message); /* on the net thread it was posted to */
};

/* Number of an operation in meters; operations of all services in order of the route table. */
uint32_t dispatch_operation_number(const struct dispatch *dispatch,
				   const struct operation *operation);

/*
 * Net thread, with core->signers: who signed the request. `body` is as it was sent; `service` is
 * what the credential's scope must name (data NULL: any). ERR_FAULT as signature_verify.
 */
must_check enum err dispatch_verify(struct dispatch_thread *thread, struct net_request *request,
				    struct str body, struct str service,
				    struct signature *out_signature,
				    const struct fault_type **out_fault, struct str *out_problem);

/* False: a foreign web page sent it, or under a foreign name; see browser_is_welcome. */
bool dispatch_is_welcome(const struct core *core, struct net_request *request,
			 struct str *out_problem);

/* The request failed to say who sends it: holds the answer that follows back, if that is due. */
void dispatch_slow_down(const struct core *core, struct net_request *request);

#endif
