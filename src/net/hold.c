/* SPDX-License-Identifier: MIT */
/*
 * hold: answers that are held back for a time, in a heap by the time of the loop, which is cut to
 * milliseconds. One uv timer runs until the first of them is due; the thread owns its callback.
 */
#include "net/hold.h"

#include "net/state.h"

static void arm(struct net_thread *thread, int64_t now_ms)
{
	struct timer *first = timer_first(&thread->holds);

	if (first)
		uv_timer_start(&thread->release, thread->on_release,
			       first->at_ms > now_ms ? (uint64_t)(first->at_ms - now_ms) : 0, 0);
}

void net_hold_begin(struct net_connection *connection, uint32_t ms)
{
	struct net_thread *thread = connection->thread;

	check(!connection->is_closing);
	uv_update_time(&thread->loop);
	int64_t now_ms = (int64_t)uv_now(&thread->loop);
	connection->is_held = true;
	timer_set(&thread->holds, &connection->hold, now_ms + ms + 1);
	arm(thread, now_ms);
}

struct net_connection *net_hold_due(struct net_thread *thread)
{
	int64_t now_ms = (int64_t)uv_now(&thread->loop);
	struct timer *first = timer_first(&thread->holds);

	if (!first || first->at_ms > now_ms) {
		arm(thread, now_ms);
		return NULL;
	}
	timer_clear(&thread->holds, first);
	return container_of(first, struct net_connection, hold);
}
