/* SPDX-License-Identifier: MIT */
/* route_index: a map for each kind of key, of entries that stand in one array. */
#include "wire/route_index.h"

struct entry {
	struct str text;
	const struct service *service;
};

struct route_index {
	struct map maps[ROUTE_KEYS];
	struct entry *entries;
	size_t count;
};

static bool has_text(const void *value, const void *key)
{
	const struct entry *entry = value;

	return str_equal(entry->text, *(const struct str *)key);
}

const struct service *route_index_find(const struct route_index *index, enum route_key kind,
				       struct str text)
{
	const struct entry *entry =
		text.size > 0 ? map_find(&index->maps[kind], str_hash(text), has_text, &text)
			      : NULL;

	return entry ? entry->service : NULL;
}

/* The first service that has the key keeps it. */
static void add(struct route_index *index, enum route_key kind, struct str text,
		const struct service *service)
{
	if (text.size == 0 || route_index_find(index, kind, text))
		return;
	struct entry *entry = &index->entries[index->count++];
	*entry = (struct entry){text, service};
	map_insert(&index->maps[kind], str_hash(text), entry);
}

struct route_index *route_index_new(const struct service *const *services, size_t count)
{
	struct route_index *index = heap_alloc(sizeof(*index));
	size_t most = 0;

	for (size_t i = 0; i < count; i++)
		most += ROUTE_ACTION + services[i]->operation_count;
	index->entries = heap_alloc(most * sizeof(*index->entries));
	for (size_t i = 0; i < count; i++) {
		const struct service *service = services[i];
		add(index, ROUTE_NAME, service_signing_name(service), service);
		add(index, ROUTE_TARGET, service->json_target, service);
		add(index, ROUTE_CBOR, service->cbor_name, service);
		for (uint32_t j = 0; j < service->operation_count; j++)
			if (service->query_version.size > 0)
				add(index, ROUTE_ACTION, service->operations[j].name, service);
	}
	check(index->count <= most);
	return index;
}

void route_index_free(struct route_index **index)
{
	if (!*index)
		return;
	for (int kind = 0; kind < ROUTE_KEYS; kind++)
		map_done(&(*index)->maps[kind]);
	heap_free((*index)->entries);
	heap_free(*index);
	*index = NULL;
}
