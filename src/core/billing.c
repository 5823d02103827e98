/* SPDX-License-Identifier: MIT */
/* billing: some tables, of which a thread uses one, so that threads seldom meet at a lock. */
#include "core/billing.h"

#include <pthread.h>

#include "base/vec.h"
#include "core/core.h"

enum { TABLES = 16 };

struct table {
	pthread_mutex_t mutex;
	struct map by_key;
	struct {
		struct billing_item **items;
		size_t count, capacity;
	} items;
};

struct billing {
	struct table tables[TABLES];
	_Atomic unsigned threads;
};

static uint64_t hash_of(const struct billing_item *item)
{
	const struct str texts[] = {item->account, item->region, item->usage, item->operation,
				    item->resource};
	uint64_t hash = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		hash = (hash + str_hash(texts[i])) * UINT64_C(0x9e3779b97f4a7c15);
	return hash;
}

static bool is_same(const void *value, const void *key)
{
	const struct billing_item *a = value, *b = key;

	return str_equal(a->account, b->account) && str_equal(a->region, b->region) &&
	       str_equal(a->usage, b->usage) && str_equal(a->operation, b->operation) &&
	       str_equal(a->resource, b->resource);
}

static void for_texts(struct billing_item *item, pack_visit_fn visit, void *context)
{
	visit(context, &item->account);
	visit(context, &item->region);
	visit(context, &item->usage);
	visit(context, &item->operation);
	visit(context, &item->resource);
}

static struct billing_item *copy_item(const struct billing_item *item)
{
	struct billing_item copy = *item;
	size_t size = sizeof(copy);

	for_texts(&copy, pack_size, &size);
	struct billing_item *made = heap_alloc(size);
	char *end = (char *)(made + 1);
	for_texts(&copy, pack_text, &end);
	*made = copy;
	return made;
}

static void add(struct table *table, const struct billing_item *item)
{
	struct billing_item *found = map_find(&table->by_key, hash_of(item), is_same, item);

	if (found) {
		found->micro += item->micro;
		return;
	}
	found = copy_item(item);
	map_insert(&table->by_key, hash_of(found), found);
	vec_push(&table->items, found);
}

void billing_add(struct core *core, const struct billing_item *item)
{
	static _Thread_local unsigned place;
	struct billing_item less = *item;

	if (!core->billing)
		return;
	if (place == 0)
		place = 1 + atomic_fetch_add(&core->billing->threads, 1);
	struct table *table = &core->billing->tables[place % TABLES];
	pthread_mutex_lock(&table->mutex);
	if (table->items.count >= LIMIT_BILLING_ITEMS)
		less.resource = less.operation = (struct str){0};
	add(table, &less);
	pthread_mutex_unlock(&table->mutex);
}

void billing_take(struct core *core, billing_visit_fn visit, void *context)
{
	for (size_t i = 0; i < TABLES; i++) {
		struct table *table = &core->billing->tables[i];
		pthread_mutex_lock(&table->mutex);
		struct billing_item **items = table->items.items;
		size_t count = table->items.count;
		table->items.items = NULL;
		table->items.count = table->items.capacity = 0;
		map_done(&table->by_key);
		pthread_mutex_unlock(&table->mutex);
		for (size_t j = 0; j < count; j++) {
			visit(context, items[j]);
			heap_free(items[j]);
		}
		heap_free(items);
	}
}

void billing_open(struct core *core)
{
	check(!core->billing);
	core->billing = heap_alloc(sizeof(*core->billing));
	for (size_t i = 0; i < TABLES; i++)
		pthread_mutex_init(&core->billing->tables[i].mutex, NULL);
}

static void ignore(void *context, const struct billing_item *item)
{
	(void)context;
	(void)item;
}

void billing_close(struct core *core)
{
	if (!core->billing)
		return;
	billing_take(core, ignore, NULL);
	for (size_t i = 0; i < TABLES; i++)
		pthread_mutex_destroy(&core->billing->tables[i].mutex);
	heap_free(core->billing);
	core->billing = NULL;
}
