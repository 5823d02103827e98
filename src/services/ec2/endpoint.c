/* SPDX-License-Identifier: MIT */
/*
 * endpoint: an array sorted by id, which is what gets listed, and a table by listener, which every
 * request that comes through an endpoint asks. The array holds the references.
 */
#include "services/ec2/endpoint.h"

#include <pthread.h>
#include <string.h>

struct ec2_endpoints {
	pthread_rwlock_t lock;
	const struct ec2_endpoint **sorted;
	size_t count, capacity;
	struct map by_listener;
};

struct ec2_endpoints *ec2_endpoints_new(void)
{
	struct ec2_endpoints *endpoints = heap_alloc(sizeof(*endpoints));

	pthread_rwlock_init(&endpoints->lock, NULL);
	return endpoints;
}

void ec2_endpoints_free(struct ec2_endpoints **endpoints)
{
	struct ec2_endpoints *old = *endpoints;

	if (!old)
		return;
	for (size_t i = 0; i < old->count; i++)
		ec2_endpoint_release(old->sorted[i]);
	map_done(&old->by_listener);
	heap_free(old->sorted);
	pthread_rwlock_destroy(&old->lock);
	heap_free(old);
	*endpoints = NULL;
}

/* ---- snapshots ---- */

static void for_list(const struct str *texts, size_t count,
		     void (*visit)(void *context, struct str *text), void *context)
{
	for (size_t i = 0; i < count; i++)
		visit(context, (struct str *)&texts[i]);
}

/* The texts of a snapshot, one after another, so that sizing and copying cannot disagree. */
static void for_texts(struct ec2_endpoint *endpoint, void (*visit)(void *context, struct str *text),
		      void *context)
{
	struct str *texts[] = {&endpoint->shown.id,
			       &endpoint->shown.vpc,
			       &endpoint->shown.service,
			       &endpoint->account,
			       &endpoint->region,
			       &endpoint->service_name,
			       &endpoint->policy,
			       &endpoint->client_token,
			       &endpoint->fingerprint,
			       &endpoint->ip_address_type,
			       &endpoint->dns_record_ip_type,
			       &endpoint->url};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		visit(context, texts[i]);
	for_list(endpoint->subnets, endpoint->subnet_count, visit, context);
	for_list(endpoint->groups, endpoint->group_count, visit, context);
	for_list(endpoint->interfaces, endpoint->interface_count, visit, context);
	for (size_t i = 0; i < endpoint->tag_count; i++) {
		visit(context, (struct str *)&endpoint->tags[i].key);
		visit(context, (struct str *)&endpoint->tags[i].value);
	}
}

struct ec2_endpoint ec2_endpoint_draft(const struct ec2_endpoint *endpoint)
{
	static const size_t from = offsetof(struct ec2_endpoint, shown);
	struct ec2_endpoint draft = {0};

	memcpy((char *)&draft + from, (const char *)endpoint + from, sizeof(draft) - from);
	return draft;
}

const struct ec2_endpoint *ec2_endpoint_new(const struct ec2_endpoint *draft)
{
	struct ec2_endpoint copy = ec2_endpoint_draft(draft);
	size_t names = draft->subnet_count + draft->group_count + draft->interface_count;
	size_t size = sizeof(copy) + names * sizeof(struct str) +
		      draft->tag_count * sizeof(struct shape_pair);

	for_texts(&copy, pack_size, &size);
	struct ec2_endpoint *endpoint = heap_alloc(size);
	char *end = (char *)(endpoint + 1);
	copy.subnets = pack_array(&end, draft->subnets, draft->subnet_count * sizeof(struct str));
	copy.groups = pack_array(&end, draft->groups, draft->group_count * sizeof(struct str));
	copy.interfaces =
		pack_array(&end, draft->interfaces, draft->interface_count * sizeof(struct str));
	copy.tags = pack_array(&end, draft->tags, draft->tag_count * sizeof(struct shape_pair));
	for_texts(&copy, pack_text, &end);
	copy.shown.policy = policy_compile_stored(copy.policy, copy.shown.id, 0);
	memcpy(endpoint, &copy, sizeof(copy));
	endpoint->references = 1;
	return endpoint;
}

const struct ec2_endpoint *ec2_endpoint_hold(const struct ec2_endpoint *endpoint)
{
	struct ec2_endpoint *held = (struct ec2_endpoint *)endpoint;

	atomic_fetch_add_explicit(&held->references, 1, memory_order_relaxed);
	return endpoint;
}

void ec2_endpoint_release(const struct ec2_endpoint *endpoint)
{
	struct ec2_endpoint *held = (struct ec2_endpoint *)endpoint;

	if (!held || atomic_fetch_sub_explicit(&held->references, 1, memory_order_acq_rel) > 1)
		return;
	policy_release(held->shown.policy);
	heap_free(held);
}

/* ---- looking up ---- */

static uint64_t hash_of(uint32_t listener)
{
	return listener * UINT64_C(0x9e3779b97f4a7c15);
}

static bool has_listener(const void *value, const void *key)
{
	return ((const struct ec2_endpoint *)value)->listener == *(const uint32_t *)key;
}

/* The place of the id, or where it belongs. */
static size_t place_of(const struct ec2_endpoints *endpoints, struct str id)
{
	size_t low = 0, high = endpoints->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (str_compare(endpoints->sorted[middle]->shown.id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct ec2_endpoints *endpoints, size_t place, struct str id)
{
	return place < endpoints->count && str_equal(endpoints->sorted[place]->shown.id, id);
}

const struct ec2_endpoint *ec2_endpoints_find(struct ec2_endpoints *endpoints, struct str account,
					      struct str region, struct str id)
{
	const struct ec2_endpoint *found = NULL;

	pthread_rwlock_rdlock(&endpoints->lock);
	size_t place = place_of(endpoints, id);
	if (is_at(endpoints, place, id) && str_equal(endpoints->sorted[place]->account, account) &&
	    str_equal(endpoints->sorted[place]->region, region))
		found = ec2_endpoint_hold(endpoints->sorted[place]);
	pthread_rwlock_unlock(&endpoints->lock);
	return found;
}

const struct ec2_endpoint *ec2_endpoints_find_listener(struct ec2_endpoints *endpoints,
						       uint32_t listener)
{
	pthread_rwlock_rdlock(&endpoints->lock);
	const struct ec2_endpoint *found =
		map_find(&endpoints->by_listener, hash_of(listener), has_listener, &listener);
	if (found)
		(void)ec2_endpoint_hold(found);
	pthread_rwlock_unlock(&endpoints->lock);
	return found;
}

void ec2_endpoints_each(struct ec2_endpoints *endpoints, struct str account, struct str region,
			ec2_endpoint_visit_fn visit, void *context)
{
	bool goes_on = true;

	pthread_rwlock_rdlock(&endpoints->lock);
	for (size_t i = 0; i < endpoints->count && goes_on; i++) {
		const struct ec2_endpoint *endpoint = endpoints->sorted[i];
		if ((!account.data || str_equal(endpoint->account, account)) &&
		    (!region.data || str_equal(endpoint->region, region)))
			goes_on = visit(context, endpoint);
	}
	pthread_rwlock_unlock(&endpoints->lock);
}

size_t ec2_endpoints_count(struct ec2_endpoints *endpoints)
{
	pthread_rwlock_rdlock(&endpoints->lock);
	size_t count = endpoints->count;
	pthread_rwlock_unlock(&endpoints->lock);
	return count;
}

/* ---- changing ---- */

/* Out of the table, and the registry's reference is the caller's. */
static const struct ec2_endpoint *take_at(struct ec2_endpoints *endpoints, size_t place)
{
	const struct ec2_endpoint *old = endpoints->sorted[place];

	if (old->url.size > 0)
		map_remove(&endpoints->by_listener, hash_of(old->listener), old);
	return old;
}

void ec2_endpoints_put(struct ec2_endpoints *endpoints, const struct ec2_endpoint *endpoint)
{
	const struct ec2_endpoint *old = NULL;

	pthread_rwlock_wrlock(&endpoints->lock);
	size_t place = place_of(endpoints, endpoint->shown.id);
	if (is_at(endpoints, place, endpoint->shown.id)) {
		old = take_at(endpoints, place);
	} else {
		if (endpoints->count == endpoints->capacity) {
			endpoints->capacity = endpoints->capacity > 0 ? endpoints->capacity * 2 : 8;
			endpoints->sorted =
				heap_resize(endpoints->sorted,
					    endpoints->capacity * sizeof(*endpoints->sorted));
		}
		memmove(&endpoints->sorted[place + 1], &endpoints->sorted[place],
			(endpoints->count - place) * sizeof(*endpoints->sorted));
		endpoints->count++;
	}
	endpoints->sorted[place] = endpoint;
	if (endpoint->url.size > 0)
		map_insert(&endpoints->by_listener, hash_of(endpoint->listener), (void *)endpoint);
	pthread_rwlock_unlock(&endpoints->lock);
	ec2_endpoint_release(old);
}

void ec2_endpoints_remove(struct ec2_endpoints *endpoints, struct str id)
{
	pthread_rwlock_wrlock(&endpoints->lock);
	size_t place = place_of(endpoints, id);
	check(is_at(endpoints, place, id));
	const struct ec2_endpoint *old = take_at(endpoints, place);
	endpoints->count--;
	memmove(&endpoints->sorted[place], &endpoints->sorted[place + 1],
		(endpoints->count - place) * sizeof(*endpoints->sorted));
	pthread_rwlock_unlock(&endpoints->lock);
	ec2_endpoint_release(old);
}
