/* SPDX-License-Identifier: MIT */
/*
 * source: where a request comes from: the peer, or who a proxy that is trusted says it is.
 *
 * The net thread of the request. Texts live in its arena.
 */
#ifndef TERN_CORE_LIMIT_SOURCE_H
#define TERN_CORE_LIMIT_SOURCE_H

#include "base/arena.h"
#include "base/network.h"
#include "net/server.h"

struct source_list {
	const struct network *networks;
	size_t count;
	bool has_unix; /* unix sockets too */
};

struct source {
	struct str ip;	 /* without port and brackets; data NULL: a unix socket */
	bool is_unix;	 /* of the peer, whoever it speaks for */
	bool is_secure;	 /* TLS, to us or to the proxy */
	bool is_relayed; /* a proxy that is not trusted handed it on: it is from anybody */
};

/* "192.0.2.0/24, 2001:db8::1,unix"; empty has nobody. False: *out_part is none of it. */
must_check bool source_list_parse(struct arena *arena, struct str text,
				  struct source_list *out_list, struct str *out_part);
bool source_list_has(const struct source_list *list,
		     struct source source); /* none that is relayed */

/*
 * With a peer that is a trusted proxy, the last address of X-Forwarded-For that is none, and
 * X-Forwarded-Proto; what others say there is not listened to. `proxies` may be NULL.
 */
struct source source_of(struct net_request *request, const struct source_list *proxies);

#endif
