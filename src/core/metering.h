/* SPDX-License-Identifier: MIT */
/*
 * metering: the server's meters, one for each thread that answers requests, and the merge of their
 * usage each minute on the control thread.
 */
#ifndef TERN_CORE_METERING_H
#define TERN_CORE_METERING_H

#include "core/core.h"
#include "core/limit/usage.h"

struct net_thread;

/* Of one thread: a net thread, or the control thread for internal requests. */
struct thread_meter {
	struct meter *operations;
	struct usage_recorder *usage;
};

/* Main, once core->routes is complete: sets core->metering. */
void metering_open(struct core *core, uint32_t net_threads);
/* Main, once core->control exists: usage is merged each minute from then on. */
void metering_start(struct core *core);
/* Main, once all counting threads have ended. Accepts a core without metering. */
void metering_close(struct core *core);

/* Any thread. `thread` is net_thread_index; the control thread has the number of net threads. */
struct thread_meter *metering_thread(struct core *core, uint32_t thread);
struct thread_meter *metering_of_control(const struct core *core);
/* Of a home: a net thread, or NULL for the control thread. */
struct thread_meter *metering_of(const struct core *core, struct net_thread *home);
/* The sum over all threads; free it. */
struct meter *metering_sum(const struct core *core);
struct usage *metering_usage(const struct core *core);

#endif
