/* SPDX-License-Identifier: MIT */
/* rate: the generic cell rate algorithm, in microseconds, and the end of what was promised. */
#include "deliver/rate.h"

#include <pthread.h>

enum { SECOND_US = 1000000, WAIT_MS_MAX = 3600000 };

struct rate {
	uint64_t source;
	struct list link;    /* in rates->used, the one used last behind */
	int64_t arrival_us;  /* theoretical arrival time of the next attempt */
	int64_t promised_us; /* the time after the last that was given to a waiting attempt */
};

struct rates {
	pthread_mutex_t lock;
	struct map by_source;
	struct list used;
};

struct rates *rates_new(void)
{
	struct rates *rates = heap_alloc(sizeof(*rates));

	pthread_mutex_init(&rates->lock, NULL);
	list_init(&rates->used);
	return rates;
}

static void forget_oldest(struct rates *rates)
{
	struct rate *rate = container_of(rates->used.next, struct rate, link);

	list_remove(&rate->link);
	map_remove(&rates->by_source, rate->source, rate);
	heap_free(rate);
}

void rates_free(struct rates **rates)
{
	if (!*rates)
		return;
	while (!list_is_empty(&(*rates)->used))
		forget_oldest(*rates);
	map_done(&(*rates)->by_source);
	pthread_mutex_destroy(&(*rates)->lock);
	heap_free(*rates);
	*rates = NULL;
}

static bool has_source(const void *value, const void *key)
{
	return ((const struct rate *)value)->source == *(const uint64_t *)key;
}

static struct rate *find(struct rates *rates, uint64_t source)
{
	struct rate *rate = map_find(&rates->by_source, source, has_source, &source);

	if (rate) {
		list_remove(&rate->link);
	} else {
		if (rates->by_source.count >= LIMIT_DELIVER_RATES)
			forget_oldest(rates);
		rate = heap_alloc(sizeof(*rate));
		rate->source = source;
		map_insert(&rates->by_source, source, rate);
	}
	list_push_back(&rates->used, &rate->link);
	return rate;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool take(struct rate *rate, uint32_t rate_milli, bool has_waited, int64_t now_us,
		 int64_t *out_wait_us)
{
	int64_t interval_us = INT64_C(1000000000) / rate_milli;
	int64_t burst_us = larger(SECOND_US - interval_us, 0);
	bool is_behind = !has_waited && rate->promised_us > now_us;

	interval_us = larger(interval_us, 1);
	if (!is_behind && rate->arrival_us <= now_us + burst_us) {
		rate->arrival_us = larger(rate->arrival_us, now_us) + interval_us;
		return true;
	}
	int64_t at_us = larger(rate->promised_us, larger(rate->arrival_us - burst_us, now_us));
	rate->promised_us = at_us + interval_us;
	*out_wait_us = at_us - now_us;
	return false;
}

bool rates_take(struct rates *rates, uint64_t source, uint32_t rate_milli, bool has_waited,
		int64_t now_ms, int64_t *out_wait_ms)
{
	int64_t wait_us = 0;

	check(rate_milli > 0);
	pthread_mutex_lock(&rates->lock);
	bool may_begin = take(find(rates, source), rate_milli, has_waited, now_ms * 1000, &wait_us);
	pthread_mutex_unlock(&rates->lock);
	if (may_begin)
		return true;
	int64_t wait_ms = wait_us / 1000 + 1;
	*out_wait_ms = wait_ms < WAIT_MS_MAX ? wait_ms : WAIT_MS_MAX;
	return false;
}
