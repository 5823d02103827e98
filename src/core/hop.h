/* SPDX-License-Identifier: MIT */
/*
 * hop: runs a function on a home thread: a net thread, or the control thread if it is NULL (main
 * while neither runs). For code that answers on a thread of its own. Any thread.
 */
#ifndef TERN_CORE_HOP_H
#define TERN_CORE_HOP_H

#include "core/core.h"
#include "core/dispatch_thread.h"

struct net_thread;

/* Embedded in the caller's struct, which lives until `run` is called; may be used again then. */
struct core_hop {
	void (*run)(struct core_hop *hop);
	struct dispatch_message message;
	struct core_task task;
};

/* For tables with an entry a home: below CORE_HOMES. */
enum { CORE_HOMES = LIMIT_NET_THREADS + 1 };
uint32_t core_home_index(struct net_thread *home);

void core_hop_to(struct core *core, struct net_thread *home, struct core_hop *hop);

#endif
