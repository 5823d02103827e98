/* SPDX-License-Identifier: MIT */
/*
 * net/outbound: an HTTP/1.1 client for many endpoints, of which some hang, lie or are gone.
 *
 * One thread with a loop of its own; any thread may send. Connections are kept and used again, per
 * endpoint (scheme, host, port). Each endpoint has a lane: what is sent to it waits there while it
 * has as many requests in progress as it seems to bear, a number that grows while answers come and
 * is halved when they do not. Lanes that wait for one of the outbound's connections take turns, so
 * a slow endpoint delays and keeps out its own requests only. Memory is bounded by the limits
 * below.
 *
 * No redirects are followed, no proxy is used, no cookies are kept. Certificates are verified. An
 * address is compared with the refused networks when it is connected to, whatever name led there,
 * so that nobody can have requests sent to where only this machine gets (request forgery).
 */
#ifndef TERN_NET_OUTBOUND_H
#define TERN_NET_OUTBOUND_H

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mailbox.h"
#include "base/network.h"
#include "http/request.h"

struct outbound;

struct outbound_options {
	/* PEM file of the authorities of https endpoints; NULL: the system's. */
	const char *authorities;
	/* Networks that are not connected to, beside those of outbound_refuses. Copied. */
	const struct network *refused;
	size_t refused_count;
	bool refuses_loopback;
	uint32_t connections_max; /* in all; 0: LIMIT_OUTBOUND_CONNECTIONS */
	uint32_t lane_max;	  /* in progress at one endpoint; 0: LIMIT_OUTBOUND_LANE */
	/* Requests that wait, in all, of which one endpoint has half; 0: LIMIT_OUTBOUND_WAITING. */
	uint32_t waiting_max;
	uint32_t idle_ms; /* an idle connection is kept; 0: LIMIT_OUTBOUND_IDLE_MS */
};

enum outbound_outcome {
	OUTBOUND_ANSWERED,  /* status, and the beginning of the body */
	OUTBOUND_BAD_URL,   /* not http or https, or no host */
	OUTBOUND_UNKNOWN,   /* the host's name has no address */
	OUTBOUND_FORBIDDEN, /* all its addresses are in refused networks */
	OUTBOUND_REFUSED,   /* nobody listens there, or the network does not reach it */
	OUTBOUND_TLS,	    /* no TLS, or a certificate that is not accepted */
	OUTBOUND_TIMEOUT,   /* no connection, or no whole response, in time */
	OUTBOUND_BROKEN,    /* the connection ended, or what came is no HTTP response */
	OUTBOUND_BUSY,	    /* too many requests wait: nothing was sent */
	OUTBOUND_STOPPED,   /* outbound_stop came first */
};
struct str outbound_outcome_text(enum outbound_outcome outcome); /* static, for people */

/* The sender's, which keeps it and all it points to until `done`. */
struct outbound_request {
	struct str url, method; /* "https://host/path", "POST" */
	const struct http_header
		*headers; /* beside Host, Content-Length, Authorization of a user */
	size_t header_count;
	struct str body;
	uint32_t connect_ms, answer_ms; /* to be connected; from then until the whole response */
	size_t body_size_max;		/* of the response, of which more is cut off */
	/* Once, on the outbound's thread; the request is the sender's again. Must not block. */
	void (*done)(struct outbound_request *request);
	void *context; /* the sender's */

	/* Until `done` returns. */
	enum outbound_outcome outcome;
	int status;		      /* of OUTBOUND_ANSWERED */
	struct str answer;	      /* the response's body, or its beginning */
	const char *problem;	      /* one English sentence or phrase; "" if it was answered */
	int64_t connect_ns, total_ns; /* how long it took */

	/* The module's own. */
	struct mailbox_message message;
	struct list link;
	int64_t sent_ns;
	bool was_reused; /* a kept connection was tried, and ended before an answer */
};

/*
 * ERR_INVALID with a sentence in `problem` (`size` bytes) if the authorities cannot be read. Starts
 * the thread. Free with outbound_free.
 */
must_check enum err outbound_new(const struct outbound_options *options,
				 struct outbound **out_outbound, char *problem, size_t size);
/* Any thread, until outbound_stop returns. */
void outbound_send(struct outbound *outbound, struct outbound_request *request);
/*
 * Ends all requests with OUTBOUND_STOPPED and joins the thread. Later requests are answered with
 * that within outbound_send.
 */
void outbound_stop(struct outbound *outbound);
void outbound_free(struct outbound **outbound); /* stops it; accepts NULL, leaves NULL */

/* Link-local, multicast and unspecified addresses, and those of clouds' metadata services. */
bool outbound_refuses(const uint8_t address[NETWORK_ADDRESS_SIZE]);

struct outbound_stats {
	uint64_t answered, failed; /* requests */
	uint64_t connections_made, handshakes_resumed, bytes_out, bytes_in;
	uint64_t lanes, connections, in_progress, waiting; /* now */
};
void outbound_stats_read(const struct outbound *outbound,
			 struct outbound_stats *out); /* any thread */

#endif
