/* SPDX-License-Identifier: MIT */
/*
 * box: a call with what its handler does not see; lives in the request's arena.
 */
#ifndef TERN_CORE_BOX_H
#define TERN_CORE_BOX_H

#include "core/dispatch.h"

struct call_box {
	struct call call;
	struct net_request *request;
	struct dispatch_thread *thread;
	const struct service *service; /* NULL: none was recognised */
	struct str allow;	       /* of the Allow header; data NULL: none */
	struct dispatch_letter letter; /* back to the net thread */
	struct core_task task;	       /* over to the control thread */
	enum err result;	       /* of the handler, carried back */
	int64_t begin_ns;
	struct call_cancel
		*cancel; /* of a wait whose client left; answered before the call may end */
	bool is_ended;	 /* but for that */
};

/* Runs what call_on_end registered. */
void call_end(struct call *call);
/* The engine has answered what the call waits for: goes on, on the call's thread. Engine's thread.
 */
void call_answered(struct queue_command *command);

#endif
