/* SPDX-License-Identifier: MIT */
/*
 * resolve: look-ups of hosts' addresses, with a deadline.
 *
 * getaddrinfo blocks for as long as the system's resolver likes. Here it runs on threads of its
 * own, of which a look-up that hangs keeps one (LIMIT_LOOKUPS in all; further ones wait for their
 * turn). A caller can give a look-up up at any time. Addresses are in the order of the system
 * (RFC 6724), with the families in turns (RFC 8305, 4). The threads start when they are needed and
 * end when they have been idle for a while.
 */
#ifndef TERN_NET_RESOLVE_H
#define TERN_NET_RESOLVE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum { RESOLVE_ADDRESSES = 8 };

union resolve_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct resolved {
	union resolve_address addresses[RESOLVE_ADDRESSES];
	uint32_t count; /* 0: the name has no address */
};

/* On a thread of this module; must not block. */
typedef void (*resolve_done_fn)(void *context, const struct resolved *resolved);

struct resolve;
/* Any thread. `host`, and `service`, which is a port as text, end with NUL; copied. */
struct resolve *resolve_begin(const char *host, const char *service, resolve_done_fn done,
			      void *context);
/*
 * Ends the caller's interest, exactly once for each resolve_begin; not within `done`. Leaves NULL.
 * True: `done` did not run and will not. False: it has run.
 */
bool resolve_end(struct resolve **resolve);

/* Waits for a look-up. False: there was no answer in time. */
bool resolve_wait(const char *host, const char *service, int64_t wait_ms,
		  struct resolved *out_resolved);

#endif
