/* SPDX-License-Identifier: MIT */
/*
 * endpoint: two snapshot tables: by account, region and id for lists, and by listener for every
 * request that comes through an endpoint.
 */
#include "services/ec2/endpoint.h"

#include <string.h>

#include "base/snapshot.h"

enum order { BY_PLACE, BY_LISTENER, ORDERS };

struct ec2_endpoints {
	struct snapshot_table *table;
};

/* ---- snapshots ---- */

static void for_list(const struct str *texts, size_t count,
		     void (*visit)(void *context, struct str *text), void *context)
{
	for (size_t i = 0; i < count; i++)
		visit(context, (struct str *)&texts[i]);
}

static void for_pairs(const struct shape_pair *pairs, size_t count, pack_visit_fn visit,
		      void *context)
{
	for (size_t i = 0; i < count; i++) {
		visit(context, (struct str *)&pairs[i].key);
		visit(context, (struct str *)&pairs[i].value);
	}
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
	for_pairs(endpoint->tags, endpoint->tag_count, visit, context);
	for_pairs(endpoint->policy_names.items, endpoint->policy_names.count, visit, context);
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
		      (draft->tag_count + draft->policy_names.count) * sizeof(struct shape_pair);

	for_texts(&copy, pack_size, &size);
	struct ec2_endpoint *endpoint = heap_alloc(size);
	char *end = (char *)(endpoint + 1);
	copy.subnets = pack_array(&end, draft->subnets, draft->subnet_count * sizeof(struct str));
	copy.groups = pack_array(&end, draft->groups, draft->group_count * sizeof(struct str));
	copy.interfaces =
		pack_array(&end, draft->interfaces, draft->interface_count * sizeof(struct str));
	copy.tags = pack_array(&end, draft->tags, draft->tag_count * sizeof(struct shape_pair));
	copy.policy_names.items = pack_array(&end, draft->policy_names.items,
					     draft->policy_names.count * sizeof(struct shape_pair));
	for_texts(&copy, pack_text, &end);
	copy.shown.policy = policy_compile_stored(copy.policy, copy.policy_names, copy.shown.id);
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

/* ---- orders ---- */

static void hold(const void *endpoint)
{
	ec2_endpoint_hold(endpoint);
}

static void release(const void *endpoint)
{
	ec2_endpoint_release(endpoint);
}

static int compare_places(const void *key, const void *value)
{
	const struct ec2_endpoint *a = key, *b = value;
	int order = str_compare(a->account, b->account);

	if (order == 0)
		order = str_compare(a->region, b->region);
	return order != 0 ? order : str_compare(a->shown.id, b->shown.id);
}

/* The prefix has decided, unless two endpoints have had the same listener. */
static int compare_listeners(const void *key, const void *value)
{
	return compare_places(key, value);
}

static uint64_t listener_of(const void *value)
{
	return ((const struct ec2_endpoint *)value)->listener;
}

static bool has_listener(const void *value)
{
	return ((const struct ec2_endpoint *)value)->url.size > 0;
}

static const struct snapshot_kind kind = {
	.hold = hold,
	.release = release,
	.order_count = ORDERS,
	.orders =
		{
			[BY_PLACE] = {.compare = compare_places},
			[BY_LISTENER] = {.compare = compare_listeners,
					 .prefix = listener_of,
					 .has = has_listener},
		},
};

struct ec2_endpoints *ec2_endpoints_new(void)
{
	struct ec2_endpoints *endpoints = heap_alloc(sizeof(*endpoints));

	endpoints->table = snapshot_table_new(&kind);
	return endpoints;
}

void ec2_endpoints_free(struct ec2_endpoints **endpoints)
{
	if (!*endpoints)
		return;
	snapshot_table_free(&(*endpoints)->table);
	heap_free(*endpoints);
	*endpoints = NULL;
}

/* ---- looking up ---- */

const struct ec2_endpoint *ec2_endpoints_find(struct ec2_endpoints *endpoints, struct str account,
					      struct str region, struct str id)
{
	const struct ec2_endpoint wanted = {.account = account, .region = region, .shown.id = id};
	struct snapshot_key key = {0, compare_places, &wanted};

	return snapshot_table_find(endpoints->table, BY_PLACE, key);
}

static int is_at_listener(const void *key, const void *value)
{
	uint32_t wanted = *(const uint32_t *)key;
	uint32_t listener = ((const struct ec2_endpoint *)value)->listener;

	return (wanted > listener) - (wanted < listener);
}

const struct ec2_endpoint *ec2_endpoints_find_listener(struct ec2_endpoints *endpoints,
						       uint32_t listener)
{
	struct snapshot_key key = {listener, is_at_listener, &listener};

	return snapshot_table_find(endpoints->table, BY_LISTENER, key);
}

/* An account and a region; data NULL: all. */
static int compare_scope(const void *key, const void *value)
{
	const struct ec2_endpoint *scope = key, *endpoint = value;
	int order = scope->account.data ? str_compare(scope->account, endpoint->account) : 0;

	if (order != 0 || !scope->account.data || !scope->region.data)
		return order;
	return str_compare(scope->region, endpoint->region);
}

void ec2_endpoints_each(struct ec2_endpoints *endpoints, struct str account, struct str region,
			ec2_endpoint_visit_fn visit, void *context)
{
	const struct ec2_endpoint scope = {.account = account, .region = region};
	const struct snapshot *snapshot = snapshot_take(endpoints->table);
	struct snapshot_key key = {0, compare_scope, &scope};
	const struct ec2_endpoint *endpoint;
	struct snapshot_cursor cursor;

	snapshot_seek(snapshot, BY_PLACE, key, &cursor);
	while ((endpoint = snapshot_next(&cursor)) && compare_scope(&scope, endpoint) == 0)
		if (!visit(context, endpoint))
			break;
	snapshot_release(snapshot);
}

size_t ec2_endpoints_count(struct ec2_endpoints *endpoints)
{
	return snapshot_table_count(endpoints->table, BY_PLACE);
}

/* ---- changing ---- */

void ec2_endpoints_put(struct ec2_endpoints *endpoints, const struct ec2_endpoint *endpoint)
{
	snapshot_table_begin(endpoints->table);
	snapshot_table_put(endpoints->table, endpoint);
	snapshot_table_commit(endpoints->table);
}

void ec2_endpoints_remove(struct ec2_endpoints *endpoints, const struct ec2_endpoint *endpoint)
{
	struct snapshot_key key = {0, compare_places, endpoint};

	snapshot_table_begin(endpoints->table);
	check(snapshot_table_remove(endpoints->table, key));
	snapshot_table_commit(endpoints->table);
}
