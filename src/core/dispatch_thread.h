/* SPDX-License-Identifier: MIT */
/*
 * dispatch_thread: the dispatcher's state of each net thread, and its tasks from other threads.
 */
#ifndef TERN_CORE_DISPATCH_THREAD_H
#define TERN_CORE_DISPATCH_THREAD_H

#include "access/principal.h"
#include "access/signature.h"
#include "base/base.h"

struct digest_wait;
struct core;
struct dispatch;
struct thread_meter;

/* One a net thread, given by net_thread_context. Zeroed but for dispatch and core at the beginning.
 */
struct dispatch_thread {
	struct dispatch *dispatch;
	struct core *core; /* the same as of dispatch */
	struct signature_cache signatures;
	const struct principal *root; /* under --auth open: of the account that called last */
	struct thread_meter *meter;   /* core/metering.h */
	struct buf body;	      /* of the answer that is being encoded */
	struct arena refusal;	      /* headers of the last refused request */
	struct digest_wait *digests, *digests_last; /* of this turn */
};

/* Runs on the net thread that it is posted to with net_thread_post. */
struct dispatch_message {
	struct mailbox_message message;
	void (*run)(struct dispatch_message *message);
};

#endif
