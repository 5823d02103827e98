/* SPDX-License-Identifier: MIT */
/* penalty: a source is a hash; a source that collides with another shares its delay. */
#include "core/limit/penalty.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/network.h"

enum {
	WAYS = 8, /* places a source may be in */
	SETS = LIMIT_AUTH_SOURCES / WAYS,
	LOCKS = 64,
	FIRST_DELAY_MS = 50,
	V6_PREFIX_SIZE = 8, /* bytes: the smallest prefix of one customer */
};
static_assert((SETS & (SETS - 1)) == 0, "sets are chosen by a mask");

struct failing_source {
	uint64_t key; /* 0: free */
	int64_t last_ms;
	uint32_t failures;
};

struct penalty {
	_Atomic uint64_t failures, delayed;
	pthread_mutex_t locks[LOCKS];
	struct failing_source sources[SETS][WAYS];
};

struct penalty *penalty_new(void)
{
	struct penalty *penalty = heap_alloc(sizeof(*penalty));

	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&penalty->locks[i], NULL);
	return penalty;
}

void penalty_free(struct penalty **penalty)
{
	if (!*penalty)
		return;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&(*penalty)->locks[i]);
	heap_free(*penalty);
	*penalty = NULL;
}

static uint64_t key_of(struct str source)
{
	uint8_t address[NETWORK_ADDRESS_SIZE];
	bool is_v4;

	if (network_parse_address(source, address, &is_v4) && !is_v4)
		source = str_of(address, V6_PREFIX_SIZE);
	return str_hash(source) | 1;
}

static struct failing_source *find(struct failing_source set[WAYS], uint64_t key)
{
	struct failing_source *place = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].last_ms < place->last_ms)
			place = &set[i];
	}
	*place = (struct failing_source){.key = key};
	return place;
}

static uint32_t delay_of(uint32_t failures)
{
	uint32_t delay_ms = FIRST_DELAY_MS;

	if (failures <= LIMIT_AUTH_FAILURES)
		return 0;
	for (uint32_t i = LIMIT_AUTH_FAILURES + 1; i < failures && delay_ms < LIMIT_AUTH_DELAY_MS;
	     i++)
		delay_ms *= 2;
	return delay_ms < LIMIT_AUTH_DELAY_MS ? delay_ms : LIMIT_AUTH_DELAY_MS;
}

static uint32_t count_failure(struct penalty *penalty, uint64_t key, int64_t now_ms)
{
	size_t set = (size_t)key & (SETS - 1);
	pthread_mutex_t *lock = &penalty->locks[set % LOCKS];

	pthread_mutex_lock(lock);
	struct failing_source *source = find(penalty->sources[set], key);
	if (now_ms - source->last_ms > (int64_t)LIMIT_AUTH_MEMORY_S * 1000)
		source->failures = 0;
	source->last_ms = now_ms;
	if (source->failures < UINT32_MAX)
		source->failures++;
	uint32_t failures = source->failures;
	pthread_mutex_unlock(lock);
	return failures;
}

uint32_t penalty_failed(struct penalty *penalty, struct str source, int64_t now_ms)
{
	uint32_t failures = count_failure(penalty, key_of(source), now_ms);
	uint32_t delay_ms = delay_of(failures);

	atomic_fetch_add_explicit(&penalty->failures, 1, memory_order_relaxed);
	if (delay_ms > 0)
		atomic_fetch_add_explicit(&penalty->delayed, 1, memory_order_relaxed);
	if (failures == LIMIT_AUTH_FAILURES + 1)
		log_event(LOG_WARN, "failing signatures of one source are answered slowly",
			  log_str("source", source));
	return delay_ms;
}

struct penalty_stats penalty_stats_read(const struct penalty *penalty)
{
	return (struct penalty_stats){
		.failures = atomic_load_explicit(&penalty->failures, memory_order_relaxed),
		.delayed = atomic_load_explicit(&penalty->delayed, memory_order_relaxed),
	};
}
