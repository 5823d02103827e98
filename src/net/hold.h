/* SPDX-License-Identifier: MIT */
/* hold: answers that go out later. */
#ifndef TERN_NET_HOLD_H
#define TERN_NET_HOLD_H

#include "net/state.h"

/* Keeps the connection's answer back for that long. */
void net_hold_begin(struct net_connection *connection, uint32_t ms);
/* A connection whose answer may go out now; NULL: none, and the timer is set for the next one. */
struct net_connection *net_hold_due(struct net_thread *thread);

#endif
