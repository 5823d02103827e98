/* SPDX-License-Identifier: MIT */
/* spare: up to NET_SPARE_BUFS small buffers and NET_SPARE_REQUESTS requests are kept. */
#include "net/spare.h"

#include "net/state.h"

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

struct net_request *net_spare_take_request(struct net_connection *connection)
{
	struct net_thread *thread = connection->thread;
	struct net_request *request = thread->spare_requests;

	if (request) {
		thread->spare_requests = request->next_free;
		thread->spare_request_count--;
	} else {
		request = heap_alloc(sizeof(*request));
		arena_init(&request->arena);
	}
	thread->request_count++;
	request->thread = thread;
	request->connection = connection;
	request->listener = connection->listener;
	request->is_tls = connection->tls != NULL;
	request->is_aborted = false;
	request->user = request->user_more = NULL;
	request->next_free = NULL;
	request->hold_ms = 0;
	return request;
}

void net_spare_give_request(struct net_request *request)
{
	struct net_thread *thread = request->thread;

	heap_free(request->storage);
	request->storage = NULL;
	thread->held -= request->held;
	thread->request_count--;
	if (thread->spare_request_count < NET_SPARE_REQUESTS) {
		arena_reset(&request->arena);
		request->next_free = thread->spare_requests;
		thread->spare_requests = request;
		thread->spare_request_count++;
		return;
	}
	arena_done(&request->arena);
	heap_free(request);
}
