/* SPDX-License-Identifier: MIT */
/* spare: buffers of a thread's connections are used again, up to NET_SPARE_BUFS small ones. */
#include "net/net_private.h"

void net_spare_take(struct net_thread *thread, struct buf *out)
{
	check(out->data == NULL);
	if (thread->spare_buf_count > 0)
		*out = thread->spare_bufs[--thread->spare_buf_count];
	else
		buf_reserve(out, 4096);
}

void net_spare_give(struct net_thread *thread, struct buf *buf)
{
	check(thread->spare_buf_count <= NET_SPARE_BUFS);
	if (buf->capacity > 0 && buf->capacity <= NET_READ_SIZE &&
	    thread->spare_buf_count < NET_SPARE_BUFS) {
		buf_reset(buf);
		thread->spare_bufs[thread->spare_buf_count++] = *buf;
		*buf = (struct buf){0};
		return;
	}
	buf_done(buf);
}

void net_spare_done(struct net_thread *thread)
{
	while (thread->spare_buf_count > 0)
		buf_done(&thread->spare_bufs[--thread->spare_buf_count]);
}
