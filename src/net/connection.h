/* SPDX-License-Identifier: MIT */
/* connection: one connection of a thread. */
#ifndef TERN_NET_CONNECTION_H
#define TERN_NET_CONNECTION_H

#include "net/state.h"

void net_connection_accept(struct net_listener *listener);
void net_connection_close(struct net_connection *connection);
/* Writes what is in `out`, then goes on with requests that wait in `in`. */
void net_connection_flush(struct net_connection *connection);
/* Closes the connection, or aborts its request, if its time is over. */
void net_connection_sweep(struct net_connection *connection, int64_t now_ns);
void net_connection_drain(struct net_connection *connection);
void net_connection_abort(struct net_connection *connection);
/* Lets go out what was held. */
void net_connection_release(struct net_connection *connection);

#endif
