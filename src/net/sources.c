/* SPDX-License-Identifier: MIT */
/* sources: one table under a lock that is taken when a connection comes or goes. */
#include "net/sources.h"

#include <netinet/in.h>
#include <string.h>

#define V6_NETWORK_SIZE 8 /* bytes of a /64 */

void net_sources_init(struct net_sources *sources, uint32_t connections_max,
		      const struct network *exempt, size_t exempt_count)
{
	pthread_mutex_init(&sources->lock, NULL);
	sources->connections_max = connections_max;
	sources->exempt = exempt;
	sources->exempt_count = exempt_count;
}

void net_sources_done(struct net_sources *sources)
{
	check(sources->map.count == 0);
	map_done(&sources->map);
	pthread_mutex_destroy(&sources->lock);
}

static void read_address(const struct sockaddr_storage *storage, uint8_t out[NETWORK_ADDRESS_SIZE])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (storage->ss_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)storage)->sin6_addr,
		       NETWORK_ADDRESS_SIZE);
		return;
	}
	memcpy(out, mapped, sizeof(mapped));
	memcpy(out + sizeof(mapped), &((const struct sockaddr_in *)storage)->sin_addr, 4);
}

static bool is_exempt(const struct net_sources *sources,
		      const uint8_t address[NETWORK_ADDRESS_SIZE])
{
	for (size_t i = 0; i < sources->exempt_count; i++)
		if (network_has(&sources->exempt[i], address))
			return true;
	return false;
}

static bool has_address(const void *value, const void *address)
{
	return memcmp(((const struct net_source *)value)->address, address, NETWORK_ADDRESS_SIZE) ==
	       0;
}

static uint64_t hash_of(const uint8_t address[NETWORK_ADDRESS_SIZE])
{
	return str_hash(str_of(address, NETWORK_ADDRESS_SIZE));
}

struct net_source *net_sources_enter(struct net_sources *sources,
				     const struct sockaddr_storage *storage)
{
	static const struct network v4 = {{[10] = 0xff, [11] = 0xff}, 96};
	uint8_t address[NETWORK_ADDRESS_SIZE];

	read_address(storage, address);
	bool is_limited = !is_exempt(sources, address);
	if (!network_has(&v4, address))
		memset(address + V6_NETWORK_SIZE, 0, NETWORK_ADDRESS_SIZE - V6_NETWORK_SIZE);
	pthread_mutex_lock(&sources->lock);
	struct net_source *source = map_find(&sources->map, hash_of(address), has_address, address);
	if (!source) {
		source = heap_alloc(sizeof(*source));
		memcpy(source->address, address, NETWORK_ADDRESS_SIZE);
		map_insert(&sources->map, hash_of(address), source);
	}
	if (is_limited && source->connections >= sources->connections_max)
		source = NULL;
	else
		source->connections++;
	pthread_mutex_unlock(&sources->lock);
	return source;
}

void net_sources_leave(struct net_sources *sources, struct net_source *source)
{
	pthread_mutex_lock(&sources->lock);
	bool is_last = --source->connections == 0;
	if (is_last)
		map_remove(&sources->map, hash_of(source->address), source);
	pthread_mutex_unlock(&sources->lock);
	if (!is_last)
		return;
	check(atomic_load(&source->partial) == 0);
	heap_free(source);
}
