/* SPDX-License-Identifier: MIT */
/*
 * sources: the addresses that connections come from, with what each has of the server.
 *
 * A source is an IPv4 address or an IPv6 network of /64, which one machine may have all of. Any
 * thread; a source stays as long as its connections.
 */
#ifndef TERN_NET_SOURCES_H
#define TERN_NET_SOURCES_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/base.h"
#include "base/network.h"

struct net_source {
	uint8_t address[NETWORK_ADDRESS_SIZE];
	uint32_t connections;	/* under the lock of its table */
	_Atomic size_t partial; /* bytes of messages that have come in part */
};

struct net_sources {
	pthread_mutex_t lock;
	struct map map;
	uint32_t connections_max;     /* of one source */
	const struct network *exempt; /* borrowed: sources that speak for many others */
	size_t exempt_count;
};

void net_sources_init(struct net_sources *sources, uint32_t connections_max,
		      const struct network *exempt, size_t exempt_count);
void net_sources_done(struct net_sources *sources);

/*
 * For a new connection from that address; give it back with net_sources_leave. NULL: the source has
 * all that it may have.
 */
struct net_source *net_sources_enter(struct net_sources *sources,
				     const struct sockaddr_storage *address);
void net_sources_leave(struct net_sources *sources, struct net_source *source);

#endif
