/* SPDX-License-Identifier: MIT */
/*
 * outbound_private: what the files of net/outbound share. All of it belongs to the outbound's
 * thread, except where a lock is named.
 *
 *   outbound       requests come in, the thread begins and ends
 *   outbound_lane  which request is next, at which endpoint, on which connection
 *   outbound_link  one connection: connect, TLS, one request, one response
 */
#ifndef TERN_NET_OUTBOUND_PRIVATE_H
#define TERN_NET_OUTBOUND_PRIVATE_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/base.h"
#include "base/heap.h"
#include "base/map.h"
#include "http/reply.h"
#include "http/url.h"
#include "net/outbound.h"
#include "net/resolve.h"
#include "net/tls.h"

enum { OUTBOUND_READ_SIZE = 65536 };

struct outbound_lane {
	struct outbound *outbound;
	uint64_t hash;	 /* of the key */
	char *key;	 /* "s|host|443": scheme, host in lower case, port */
	char *host;	 /* ends with NUL */
	char service[8]; /* the port as text */
	bool is_tls, is_resolving;
	bool has_failed;     /* the last lookup found no address to connect to */
	bool is_forbidden;   /* the last lookup found refused addresses only */
	bool is_late;	     /* the last lookup did not end in time */
	struct list waiting; /* requests, oldest first */
	struct list idle;    /* links, the one used last first */
	struct list turn;    /* in outbound->turns: a request waits for a connection to be free */
	struct list quiet;   /* in outbound->quiet: nothing waits, nothing is open */
	uint32_t waiting_count;
	uint32_t links; /* open connections */
	uint32_t busy;	/* of these, those with a request */
	double limit;	/* of busy; adapts between 1 and lane_max */
	union resolve_address addresses[RESOLVE_ADDRESSES];
	uint32_t address_count;
	int64_t resolved_ms; /* of the loop's time */
	struct resolve *resolve;
	struct resolved found;		/* by the look-up's thread, which then posts the message */
	struct mailbox_message message; /* in outbound->lookups */
	struct timer timer;		/* in outbound->deadlines: of the look-up */
	struct tls_resumption *resumption;
};

enum outbound_phase { LINK_CONNECTING, LINK_HANDSHAKE, LINK_BUSY, LINK_IDLE, LINK_CLOSING };

/*
 * A request that waits for a connection, and the connections that are being made for it: to the
 * first address, and each time that none was made within a moment to another one beside (RFC 8305).
 */
struct outbound_race {
	struct outbound_lane *lane;
	struct outbound_request *request;
	struct list links; /* the newest one last; only its timer opens another */
	uint32_t next;	   /* of the lane's addresses */
	int64_t deadline_ms;
};

struct outbound_link {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
	};
	uv_connect_t connect;
	uv_write_t write;
	struct outbound_lane *lane;
	struct outbound_request *request; /* in progress */
	struct list all;		  /* in outbound->links */
	struct list idle;		  /* in lane->idle */
	struct list age;		  /* in outbound->idle */
	struct timer timer;		  /* what it may take, or how long it is kept */
	struct outbound_race *race;	  /* while it is connecting; then NULL */
	struct list rival;		  /* in race->links */
	int64_t deadline_ms;		  /* to be connected, with TLS */
	struct tls_session *tls;
	struct http_reply reply;
	struct buf out, writing;
	enum outbound_phase phase;
	const char *failure; /* why the connection could not even be begun; NULL: it was */
	bool has_reply;	     /* `reply` is initialised */
	bool is_reused, has_bytes;
};

struct outbound {
	uint32_t connections_max, lane_max, waiting_max, idle_ms;
	struct network *refused;
	size_t refused_count;
	bool refuses_loopback;
	struct tls_context *tls;
	pthread_t pthread;
	uv_loop_t loop;
	uv_async_t wake;
	uv_timer_t clock;
	struct mailbox mailbox;
	pthread_mutex_t lock; /* of has_ended: after it nothing is put into the mailbox */
	bool has_ended;
	_Atomic bool is_stopping;
	bool is_emptied; /* everything was ended because of that */
	struct map lanes;
	struct list turns; /* lanes, the next one first */
	struct list quiet; /* lanes that may be forgotten, the oldest first */
	uint32_t quiet_count;
	struct list links; /* all connections */
	struct list idle;  /* of these, those without a request, the oldest first */
	uint32_t link_count, waiting_count;
	struct mailbox lookups;	     /* lanes whose look-up has ended */
	struct timer_heap timers;    /* of links, in the loop's time */
	struct timer_heap deadlines; /* of look-ups */
	_Atomic uint64_t answered, failed, connections_made, handshakes_resumed, bytes_out,
		bytes_in, lanes_now, links_now, busy_now, waiting_now;
	struct buf plain;
	char read_buffer[OUTBOUND_READ_SIZE];
};

static inline int64_t outbound_now_ms(const struct outbound *outbound)
{
	return (int64_t)uv_now(&outbound->loop);
}

/* outbound.c */
/* Ends the request: the sender has it again. */
void outbound_finish(struct outbound *outbound, struct outbound_request *request,
		     enum outbound_outcome outcome, const char *problem);
/* Sets uv's timer for the first of outbound->timers. */
void outbound_set_clock(struct outbound *outbound);
static inline void outbound_count(_Atomic uint64_t *count, int64_t change)
{
	atomic_store_explicit(count,
			      atomic_load_explicit(count, memory_order_relaxed) + (uint64_t)change,
			      memory_order_relaxed);
}

/* outbound_lane.c */
/* Takes a request that was sent; may end it at once. */
void outbound_lane_take(struct outbound *outbound, struct outbound_request *request);
/* Look-ups have ended: their lanes go on. */
void outbound_lanes_resolved(struct outbound *outbound);
/* A look-up has not ended in time. */
void outbound_lane_expire(struct outbound_lane *lane);
/* An idle connection of another lane may be closed for another one. */
bool outbound_make_room(struct outbound *outbound);
/* The link's request was ended with that outcome and status; the link is idle or closing. */
void outbound_lane_complete(struct outbound_lane *lane, enum outbound_outcome outcome, int status);
/* The request could not be sent on a kept connection: it is the next one. */
void outbound_lane_retry(struct outbound_lane *lane, struct outbound_request *request);
/* A connection was given up, or is idle: lanes that wait for one go on. */
void outbound_take_turns(struct outbound *outbound);
/* The number of the lane's connections has changed. */
void outbound_lane_count(struct outbound_lane *lane);
/* All that waits is ended; of lanes that resolve a name once that is over. */
void outbound_lanes_stop(struct outbound *outbound);
void outbound_lanes_done(struct outbound *outbound);

/* outbound_link.c */
void outbound_link_open(struct outbound_lane *lane, struct outbound_request *request);
/* Sends the request on an idle link. */
void outbound_link_reuse(struct outbound_link *link, struct outbound_request *request);
/* Without a request. */
void outbound_link_close(struct outbound_link *link);
/* Ends the link's request, if it has one, and closes it. */
void outbound_link_fail(struct outbound_link *link, enum outbound_outcome outcome,
			const char *problem);
/* The link's timer is due. */
void outbound_link_expire(struct outbound_link *link);

#endif
