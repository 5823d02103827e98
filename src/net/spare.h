/* SPDX-License-Identifier: MIT */
/* spare: buffers and requests that a thread uses again. */
#ifndef TERN_NET_SPARE_H
#define TERN_NET_SPARE_H

#include "net/state.h"

/* `out` is empty; gets a buffer with some room. */
void net_spare_take(struct net_thread *thread, struct buf *out);
/* Empties the buffer; keeps its memory for the next one, or frees it. */
void net_spare_give(struct net_thread *thread, struct buf *buf);
void net_spare_done(struct net_thread *thread);
/* A request of the connection; and its end. */
struct net_request *net_spare_take_request(struct net_connection *connection);
void net_spare_give_request(struct net_request *request);

#endif
