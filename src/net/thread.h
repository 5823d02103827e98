/* SPDX-License-Identifier: MIT */
/* thread: the loop of a thread, its listeners and its messages. */
#ifndef TERN_NET_THREAD_H
#define TERN_NET_THREAD_H

#include "net/state.h"

/* For threads that others may post to before it starts and after it has ended. */
void net_thread_init(struct net_thread *thread, struct net_server *server, uint32_t index);
void net_thread_done(struct net_thread *thread);
/* Takes the messages that came; false: there were none. The thread's own, or after its end. */
bool net_thread_take_messages(struct net_thread *thread);
/* Begins to take connections; or closes the descriptor if the thread is about to end. */
void net_thread_open(struct net_thread *thread, const struct net_place *place);
/* Does it on the thread and waits for that; at once if the thread has ended. */
void net_thread_order(struct net_thread *thread, const struct net_place *place, bool closes);
void *net_thread_main(void *context);

#endif
