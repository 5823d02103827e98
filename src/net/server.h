/* SPDX-License-Identifier: MIT */
/*
 * net/server: event loops, listeners and HTTP connections.
 *
 * N threads, each with its own loop, its own listening sockets and its own connections; a
 * connection and its requests belong to one thread for all their life. The callbacks of struct
 * net_options run on a net thread; nothing here may block it. Functions that take a net_thread or
 * a net_request are for that thread only, except net_thread_post. Functions that take the
 * net_server are for the thread that made it, except net_server_stats, and net_listen, net_serve
 * and net_unlisten, which one other thread may call between net_server_start and net_server_free.
 *
 * A request's life: it begins with on_request and ends when its owner calls net_respond or
 * net_request_end, once, during on_request or any time later on its thread. Until then the struct,
 * its arena and all views of request->http stay where they are. If the peer goes away (or the
 * server stops for good) before that, on_abort is called once, is_aborted is true from then on, and
 * the owner still has to end the request: inside on_abort, or later. Either function does;
 * net_respond then sends nothing. One request at a time runs on a connection; those behind it wait.
 */
#ifndef TERN_NET_SERVER_H
#define TERN_NET_SERVER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mailbox.h"
#include "http/request.h"

struct net_server;
struct network;
struct tls_context;
struct net_thread;
struct net_connection;

struct net_request {
	struct arena arena; /* for what lives as long as the request; reset at its end */
	struct http_request http;
	struct net_thread *thread;
	uint32_t listener; /* what net_listen gave */
	bool is_tls;
	bool is_aborted;
	void *user; /* the owner's; NULL at the beginning */
	void *user_more;

	/* The module's own. */
	struct net_connection *connection; /* NULL once aborted */
	struct net_request *next_free;
	char *storage; /* a large message's bytes, on the heap */
	size_t held;   /* bytes of the message */
	uint32_t hold_ms;
};

enum { NET_REFUSAL_HEADERS = 8 };
/* Why a message is refused, and how that is said. */
struct net_refusal {
	const struct http_request *request; /* the headers as far as they came, and no body */
	int status;
	const char *reason;
	/* For the owner to fill in; what headers point to must stay for this turn. */
	struct http_header headers[NET_REFUSAL_HEADERS];
	size_t header_count;
	struct buf body;
};

struct net_options {
	uint32_t threads; /* 0: 1 */
	void *context;	  /* handed to thread_init */

	/* Runs first on each new thread; what it returns is net_thread_context. May be NULL. */
	void *(*thread_init)(struct net_thread *thread, void *context);
	/* Runs last on each thread. May be NULL. */
	void (*thread_done)(struct net_thread *thread);

	void (*on_request)(struct net_request *request);
	void (*on_abort)(struct net_request *request);
	/*
	 * The peer sends no more, so it may have left: answer soon what waits for something to
	 * happen. The request goes on. May be NULL.
	 */
	void (*on_half_close)(struct net_request *request);
	/* A message is refused before it became a request. NULL: the reason as plain text. */
	void (*on_refusal)(struct net_thread *thread, struct net_refusal *refusal);
	/* Takes over a message of net_thread_post. NULL if nobody posts. */
	void (*on_message)(struct net_thread *thread, struct mailbox_message *message);
	/*
	 * Once after each turn of the loop in which a request, message or timer was handled, before
	 * the answers of the turn are written. May respond, post and set the timer. May be NULL.
	 */
	void (*on_turn)(struct net_thread *thread);
	/* The time of net_thread_set_timer has come; it is not set any more. May be NULL. */
	void (*on_timer)(struct net_thread *thread);
	/* net_server_stop has begun: answer what waits for something to happen. May be NULL. */
	void (*on_drain)(struct net_thread *thread);

	/*
	 * The message is answered at once and must be, however much is held: for what tells whether
	 * the server lives. May be NULL.
	 */
	bool (*is_vital)(const struct http_request *request);

	/* 0: the value of limits.h; connections also as the limit of descriptors allows */
	uint32_t connections_max;
	uint32_t connections_per_source; /* of an address; 0: as many as there may be at all */
	const struct network *exempt;	 /* addresses that may have more; borrowed */
	size_t exempt_count;
	uint32_t head_ms, body_ms, idle_ms;
	uint32_t give_up_ms; /* after its abort, of a request whose owner does not end it */
	size_t held_max;     /* bytes of messages that are received or answered */
};

/* Never fails; listens to nothing yet. Ignores SIGPIPE for the process. Free with net_server_free.
 */
struct net_server *net_server_new(const struct net_options *options);

/*
 * The certificate of connections that begin from now on; those that are open keep theirs. Takes the
 * context over. Before the first "tls:" address is listened on, and whenever there is a newer one.
 */
void net_server_set_tls(struct net_server *server, struct tls_context *context);

/* Results of net_listen. */
struct net_listening {
	uint32_t listener; /* of net_request; counts from 0 and is never used again */
	uint16_t port;	   /* bound: port 0 lets the system choose; 0 for a unix socket */
};
/*
 * Takes an address: "ADDR:PORT", "[ADDR6]:PORT", "NAME:PORT" or "unix:PATH", with "tls:" before it
 * where TLS is spoken. Connections are taken from net_server_start on; what is listened on later,
 * from net_serve on. ERR_INVALID: not an address, or TLS without a certificate; ERR_BUSY: somebody
 * listens there; ERR_IO: refused for another reason, in errno.
 */
must_check enum err net_listen(struct net_server *server, struct str address,
			       struct net_listening *out_listening);
/* Once the server started: takes connections on what net_listen took since. Waits for the threads,
 * so it must not be called on one. */
void net_serve(struct net_server *server, uint32_t listener);
/*
 * Gives an address up: when it returns, nobody can connect. Its idle connections are closed, the
 * others once their request is answered; on_half_close asks for that to be soon. Waits for the
 * threads.
 */
void net_unlisten(struct net_server *server, uint32_t listener);

/* Starts the threads; returns when every thread_init has returned. */
void net_server_start(struct net_server *server);

/*
 * Stops listening, closes idle connections, lets requests in progress end, and after `grace_ms`
 * aborts the others. Returns when all connections are closed, all requests have ended and the
 * threads have. A request that its owner does not end within give_up_ms after its abort is given
 * up: its owner may still end it in net_server_drain.
 */
void net_server_stop(struct net_server *server, uint32_t grace_ms);

/*
 * After net_server_stop, on the thread that called it: hands the messages that came since to
 * on_message, so that requests that were given up can still end. False: there were none.
 */
bool net_server_drain(struct net_server *server);
/* After net_server_stop, or if it was never started. NULL is accepted and left behind. */
void net_server_free(struct net_server **server);

struct net_stats {
	uint64_t connections_open, connections_accepted, connections_refused;
	uint64_t requests, requests_refused, requests_aborted; /* refused: answered 4xx here */
	uint64_t bytes_in, bytes_out;
};
/* Any thread. Sums of all threads, each number for itself up to date. */
void net_server_stats(struct net_server *server, struct net_stats *out);

/*
 * Ends the request. Everything is copied, so headers and body may live in the request's arena.
 * Content-Length, Date and Connection are added. The request must not be touched afterwards.
 */
void net_respond(struct net_request *request, int status, const struct http_header *headers,
		 size_t header_count, struct str body);
/* Ends the request without an answer; if it is not aborted its connection is closed. */
void net_request_end(struct net_request *request);
/*
 * The answer that follows is to go out no sooner than that. Meanwhile the connection reads on into
 * a small buffer only and holds nothing but the answer. Not while the server stops.
 */
void net_request_hold(struct net_request *request, uint32_t delay_ms);
static inline bool net_request_is_held(const struct net_request *request)
{
	return request->hold_ms > 0;
}
/* "127.0.0.1:40312" or "unix", in the request's arena; empty once aborted. */
struct str net_request_peer(struct net_request *request);
bool net_request_is_unix(const struct net_request *request); /* false once aborted */
/* Of a unix socket: the user of the process that connected. */
bool net_request_user_id(struct net_request *request, uint32_t *out_user);

/* Version and cipher suite, static texts; data NULL without TLS and once aborted. */
void net_request_tls(const struct net_request *request, struct str *out_version,
		     struct str *out_cipher);

/* Any thread, from net_server_new to net_server_free: for net_thread_post. */
struct net_thread *net_server_thread(struct net_server *server, uint32_t index);
void *net_thread_context(struct net_thread *thread);
uint32_t net_thread_index(struct net_thread *thread);
/* Any thread, from net_server_new to net_server_free; see net_server_drain for those that come
 * after the stop. */
void net_thread_post(struct net_thread *thread, struct mailbox_message *message);
/*
 * Any thread, from net_server_new to net_server_free: makes a turn happen soon, even if nothing
 * else does; nothing before the start and after the stop.
 */
void net_thread_wake(struct net_thread *thread);
/* Calls on_timer once when clock_base_ms() >= at_ms; replaces the time set before. INT64_MAX:
 * never.
 */
void net_thread_set_timer(struct net_thread *thread, int64_t at_ms);
/* On the thread, once: each time the descriptor is readable there is a turn, until the thread ends.
 * on_turn must take all that is readable. */
void net_thread_watch(struct net_thread *thread, int descriptor);

#endif
