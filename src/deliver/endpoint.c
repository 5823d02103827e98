/* SPDX-License-Identifier: MIT */
/* endpoint: a map by key; those with failures and nothing in progress in a list, oldest first. */
#include "deliver/endpoint.h"

enum { FAILURES = 5, OPEN_MS = 1000, OPEN_MS_MAX = 5000 };

struct endpoint {
	struct str key; /* its own memory */
	uint64_t hash;
	struct list waiting; /* endpoint_wait */
	struct list failing; /* in endpoints->failing, while nothing is in progress */
	uint32_t busy, waiting_count, failures;
	int64_t open_ms;		   /* how long it opens next */
	int64_t open_until_ms;		   /* 0: the circuit is closed */
	const struct endpoint_wait *probe; /* of the attempt that is one; NULL: none */
};

struct endpoints {
	struct map by_key;
	struct list failing;
	size_t failing_count;
};

struct endpoints *endpoints_new(void)
{
	struct endpoints *endpoints = heap_alloc(sizeof(*endpoints));

	list_init(&endpoints->failing);
	return endpoints;
}

static void forget(struct endpoints *endpoints, struct endpoint *endpoint)
{
	if (list_is_linked(&endpoint->failing)) {
		list_remove(&endpoint->failing);
		endpoints->failing_count--;
	}
	map_remove(&endpoints->by_key, endpoint->hash, endpoint);
	heap_free((char *)(uintptr_t)endpoint->key.data);
	heap_free(endpoint);
}

void endpoints_free(struct endpoints **endpoints)
{
	struct endpoint *endpoint;
	size_t cursor = 0;

	if (!*endpoints)
		return;
	while ((endpoint = map_next(&(*endpoints)->by_key, &cursor))) {
		heap_free((char *)(uintptr_t)endpoint->key.data);
		heap_free(endpoint);
	}
	map_done(&(*endpoints)->by_key);
	heap_free(*endpoints);
	*endpoints = NULL;
}

size_t endpoints_count(const struct endpoints *endpoints)
{
	return endpoints->by_key.count;
}

size_t endpoints_open(const struct endpoints *endpoints, int64_t now_ms)
{
	size_t count = 0;

	for (const struct list *link = endpoints->failing.next; link != &endpoints->failing;
	     link = link->next)
		count += container_of(link, struct endpoint, failing)->open_until_ms > now_ms;
	return count;
}

static bool has_key(const void *value, const void *key)
{
	return str_equal(((const struct endpoint *)value)->key, *(const struct str *)key);
}

struct endpoint *endpoint_find(struct endpoints *endpoints, struct str key)
{
	uint64_t hash = str_hash(key);
	struct endpoint *endpoint = map_find(&endpoints->by_key, hash, has_key, &key);

	if (endpoint)
		return endpoint;
	endpoint = heap_alloc(sizeof(*endpoint));
	endpoint->key = heap_copy(key);
	endpoint->hash = hash;
	endpoint->open_ms = OPEN_MS;
	list_init(&endpoint->waiting);
	map_insert(&endpoints->by_key, hash, endpoint);
	return endpoint;
}

void endpoint_release(struct endpoints *endpoints, struct endpoint *endpoint)
{
	if (endpoint->busy > 0 || endpoint->waiting_count > 0)
		return;
	if (endpoint->failures == 0) {
		forget(endpoints, endpoint);
		return;
	}
	if (list_is_linked(&endpoint->failing))
		return;
	list_push_back(&endpoints->failing, &endpoint->failing);
	if (++endpoints->failing_count > LIMIT_DELIVER_ENDPOINTS)
		forget(endpoints, container_of(endpoints->failing.next, struct endpoint, failing));
}

static bool is_open(const struct endpoint *endpoint, int64_t now_ms)
{
	return endpoint->open_until_ms != 0 &&
	       (now_ms < endpoint->open_until_ms || endpoint->probe);
}

enum endpoint_verdict endpoint_admit(struct endpoints *endpoints, struct endpoint *endpoint,
				     struct endpoint_wait *wait, uint32_t busy_max, int64_t now_ms)
{
	if (is_open(endpoint, now_ms))
		return ENDPOINT_OPEN;
	if (endpoint->busy >= busy_max) {
		if (endpoint->waiting_count >= busy_max)
			return ENDPOINT_FULL;
		endpoint->waiting_count++;
		list_push_back(&endpoint->waiting, &wait->link);
		return ENDPOINT_WAIT;
	}
	if (list_is_linked(&endpoint->failing)) {
		list_remove(&endpoint->failing);
		endpoints->failing_count--;
	}
	if (endpoint->open_until_ms != 0)
		endpoint->probe = wait;
	endpoint->busy++;
	return ENDPOINT_BEGIN;
}

void endpoints_forgive(struct endpoints *endpoints, struct str key)
{
	struct endpoint *endpoint = map_find(&endpoints->by_key, str_hash(key), has_key, &key);

	if (!endpoint)
		return;
	endpoint->failures = 0;
	endpoint->open_until_ms = 0;
	endpoint->open_ms = OPEN_MS;
	endpoint->probe = NULL;
	endpoint_release(endpoints, endpoint);
}

void endpoint_leave(struct endpoint *endpoint, const struct endpoint_wait *wait)
{
	check(endpoint->busy > 0);
	endpoint->busy--;
	if (endpoint->probe == wait)
		endpoint->probe = NULL;
}

void endpoint_note(struct endpoint *endpoint, const struct endpoint_wait *wait, bool is_success,
		   int64_t now_ms)
{
	bool was_probe = endpoint->probe == wait;

	endpoint_leave(endpoint, wait);
	if (is_success) {
		endpoint->failures = 0;
		endpoint->open_until_ms = 0;
		endpoint->open_ms = OPEN_MS;
		endpoint->probe = NULL;
		return;
	}
	endpoint->failures++;
	/* Attempts that had begun before it opened do not prolong it. */
	if (!was_probe && (endpoint->failures < FAILURES || endpoint->open_until_ms != 0))
		return;
	endpoint->open_until_ms = now_ms + endpoint->open_ms;
	endpoint->open_ms =
		endpoint->open_ms * 2 < OPEN_MS_MAX ? endpoint->open_ms * 2 : OPEN_MS_MAX;
}

struct endpoint_wait *endpoint_next(struct endpoint *endpoint, uint32_t busy_max)
{
	if (endpoint->waiting_count == 0)
		return NULL;
	if (endpoint->busy >= busy_max)
		return NULL;
	struct endpoint_wait *wait =
		container_of(endpoint->waiting.next, struct endpoint_wait, link);
	endpoint_withdraw(endpoint, wait);
	return wait;
}

bool endpoint_is_awaited(const struct endpoint_wait *wait)
{
	return list_is_linked(&wait->link);
}

void endpoint_withdraw(struct endpoint *endpoint, struct endpoint_wait *wait)
{
	check(endpoint->waiting_count > 0);
	list_remove(&wait->link);
	endpoint->waiting_count--;
}
