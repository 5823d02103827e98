/* SPDX-License-Identifier: MIT */
/*
 * deliveries: the server's calls to endpoints (net/outbound.h), and the start and stop of what it
 * owes (core/obligation.h). Main.
 */
#ifndef TERN_SERVER_DELIVERIES_H
#define TERN_SERVER_DELIVERIES_H

#include "net/outbound.h"
#include "net/server.h"
#include "server/settings.h"

struct core;

/* False with a sentence in `problem`. Free with outbound_free. */
bool deliveries_open(const struct settings *settings, struct outbound **out_outbound, char *problem,
		     size_t size);
/* Once the `threads` threads of `net` have been started. */
void deliveries_start(struct core *core, struct outbound *outbound, struct net_server *net,
		      uint32_t threads);
/* Before the net threads are stopped: attempts in progress get some time. */
void deliveries_stop(struct core *core, struct outbound *outbound);

#endif
