/* SPDX-License-Identifier: MIT */
/*
 * source: the source of a request: the peer, or the address that a trusted proxy forwards.
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
	bool is_unix;	 /* of the peer, not of a forwarded address */
	bool is_secure;	 /* TLS, to us or to the proxy */
	bool is_relayed; /* forwarded by a proxy that is not trusted: the source is unknown */
};

/* "192.0.2.0/24, 2001:db8::1,unix"; an empty text matches no peer. False: *out_part is invalid. */
must_check bool source_list_parse(struct arena *arena, struct str text,
				  struct source_list *out_list, struct str *out_part);
bool source_list_has(const struct source_list *list,
		     struct source source); /* none that is relayed */

/*
 * If the peer is a trusted proxy: the last address of X-Forwarded-For that is not a trusted proxy,
 * and X-Forwarded-Proto. Other peers' headers are ignored. `proxies` may be NULL.
 */
struct source source_of(struct net_request *request, const struct source_list *proxies);

#endif
