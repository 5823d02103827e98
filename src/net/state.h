/* SPDX-License-Identifier: MIT */
/*
 * state: the structs of servers, threads and connections, for the sources of net/. A thread
 * owns everything below it; the server is constant while threads run, except the atomics.
 */
#ifndef TERN_NET_STATE_H
#define TERN_NET_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/base.h"
#include "http/response.h"
#include "net/server.h"
#include "net/sources.h"
#include "net/tls.h"

#define NET_READ_SIZE 65536
#define NET_PEER_SIZE 56 /* "[" and INET6_ADDRSTRLEN and "]:65535" */
#define NET_SPARE_BUFS 64
#define NET_SPARE_REQUESTS 256

enum net_phase {
	NET_IDLE,      /* no byte of the next request has come */
	NET_HEAD,      /* some of its head has */
	NET_BODY,      /* its head is complete */
	NET_REQUEST,   /* its owner has it */
	NET_LINGERING, /* answered for the last time; what still comes is thrown away */
};

struct net_connection {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	};
	uint32_t magic;
	struct net_thread *thread;
	struct list link;	/* in thread->connections */
	struct list flush_link; /* in thread->flush */
	struct net_request *request;
	struct http_parser *parser; /* of a message that came in part */
	struct buf in;		    /* that part, or requests that wait for their turn */
	size_t in_from;		    /* how much of `in` has been taken */
	struct net_source *source;  /* NULL: a unix socket */
	size_t held;		    /* of thread->held */
	size_t partial;		    /* of server->partial and source->partial */
	struct buf out;		    /* answers of this turn */
	struct buf writing;	    /* what the socket did not take at once */
	struct tls_session *tls;    /* NULL: plain */
	struct buf wire;	    /* of TLS itself, to be written before `out` */
	uv_write_t write;
	uv_shutdown_t shutdown;
	int64_t deadline_ns; /* steady time; the sweep closes what is over */
	uint32_t listener;
	enum net_phase phase;
	bool is_reading, is_writing, is_closing;
	bool is_held;	   /* what is in `out` must not go out before `hold` is due */
	struct timer hold; /* in thread->holds */
	uint8_t peer_size; /* 0: not asked for yet */
	char peer[NET_PEER_SIZE];
	bool is_last; /* close once all is written */
	bool has_eof; /* the peer sends no more */
	bool has_ended_tls;
};

struct net_listener {	  /* a place on a thread */
	struct list link; /* in thread->listeners, while it is open */
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	};
	struct net_thread *thread;
	uint32_t number;
	bool is_unix, is_tls;
};

/* For a thread to do; the sender waits for it. */
struct net_order {
	struct mailbox_message message;
	const struct net_place *place;
	bool closes; /* else opens */
	uv_sem_t *done;
};

struct net_counts { /* each written by its thread only */
	_Atomic uint64_t connections_open, connections_accepted, connections_refused;
	_Atomic uint64_t requests, requests_refused, requests_aborted;
	_Atomic uint64_t bytes_in, bytes_out;
};

#define NET_THREAD_MAGIC 0x44524854u
#define NET_CONNECTION_MAGIC 0x4e4e4f43u

struct net_thread {
	uint32_t magic;
	struct net_server *server;
	uint32_t index;
	pthread_t pthread;
	void *context;
	uv_loop_t loop;
	uv_async_t wake;
	uv_check_t check;
	uv_poll_t watch; /* of net_thread_watch */
	uv_timer_t sweep, timer, release;
	void (*on_release)(uv_timer_t *release);
	struct timer_heap holds; /* of connections, in time of the loop */
	int64_t timer_at_ms;
	uint64_t timer_shift_count; /* of the clock when it was set */
	struct mailbox mailbox;
	struct mailbox orders;
	pthread_mutex_t wake_lock;
	bool is_awake; /* its loop can be woken; under wake_lock */
	pthread_mutex_t orders_lock;
	bool has_ended; /* takes no orders; under orders_lock */
	struct list listeners;
	struct list connections, flush;
	uint32_t connection_count, connections_max, request_count;
	size_t held; /* bytes of complete messages and answers, see connection.c */
	bool has_work, is_draining, is_aborting;
	int64_t drain_deadline_ns;
	struct http_parser parser; /* of messages that come whole */
	struct http_date date;
	struct buf spare_bufs[NET_SPARE_BUFS];
	uint32_t spare_buf_count;
	struct net_request *spare_requests;
	uint32_t spare_request_count;
	struct net_counts counts;
	struct buf plain; /* what a read of a TLS connection said */
	char read_buffer[NET_READ_SIZE];
};

struct net_place {	  /* an address that is listened on */
	struct list link; /* in server->places */
	uint32_t number;
	struct str text; /* without "tls:" */
	bool is_unix, is_tls;
	bool is_served;	  /* the threads have the descriptors */
	int *descriptors; /* one a thread */
};

struct net_server {
	struct net_options options;
	struct net_thread **threads;
	pthread_mutex_t start_lock; /* held while the threads start */
	pthread_mutex_t places_lock;
	struct list places;   /* in order of number; under places_lock */
	uint32_t next_number; /* under places_lock */
	pthread_mutex_t tls_lock;
	struct tls_context *tls; /* of connections that begin now; under tls_lock */
	struct net_sources sources;
	_Atomic size_t partial; /* bytes of messages that have come in part, see connection.c */
	uv_sem_t started;
	bool is_started;
	_Atomic bool is_stopping;
	_Atomic uint32_t grace_ms;
};

static inline void net_count(_Atomic uint64_t *count, int64_t change)
{
	atomic_store_explicit(count,
			      atomic_load_explicit(count, memory_order_relaxed) + (uint64_t)change,
			      memory_order_relaxed);
}

/* Steady time as of the beginning of the loop's turn: good enough for deadlines, and free. */
static inline int64_t net_turn_ns(const struct net_thread *thread)
{
	return (int64_t)uv_now(&thread->loop) * 1000000;
}

#endif
