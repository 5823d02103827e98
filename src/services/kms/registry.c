/* SPDX-License-Identifier: MIT */
/*
 * registry: tables by key id and by alias to find keys, and an array in order of account, region
 * and id to list them. Key ids are unique over all accounts, as blobs name nothing else. The table
 * of aliases points into the snapshots, and is changed together with them.
 */
#include "services/kms/registry.h"

#include <pthread.h>
#include <string.h>

const struct str kms_states[KMS_STATES] = {
	STR_INIT("Enabled"),
	STR_INIT("Disabled"),
	STR_INIT("PendingImport"),
	STR_INIT("PendingDeletion"),
};

struct kms_registry {
	pthread_rwlock_t lock;
	struct map by_id, by_alias;
	const struct kms_key **sorted;
	size_t count, capacity;
};

/* ---- material ---- */

struct kms_material *kms_material_new(enum kms_spec spec, struct kms_secret *secret)
{
	struct kms_material *material = heap_alloc(sizeof(*material));

	if (secret->size > 0 && kms_specs[spec].kind >= KMS_KIND_RSA) {
		material->pair = kms_pair_open(spec, kms_secret_str(secret));
		if (!material->pair) {
			kms_secret_done(secret);
			heap_free(material);
			return NULL;
		}
	}
	atomic_store(&material->references, 1);
	material->secret = *secret;
	*secret = (struct kms_secret){0};
	return material;
}

void kms_material_release(const struct kms_material *material)
{
	struct kms_material *mine = (struct kms_material *)material;

	if (!mine || atomic_fetch_sub(&mine->references, 1) != 1)
		return;
	kms_secret_done(&mine->secret);
	kms_pair_free(&mine->pair);
	heap_free(mine);
}

static void hold_material(const struct kms_material *material)
{
	atomic_fetch_add_explicit(&((struct kms_material *)material)->references, 1,
				  memory_order_relaxed);
}

const struct kms_material *kms_key_material_of(const struct kms_key *key, uint32_t number)
{
	for (size_t i = key->material_count; i > 0; i--)
		if (key->materials[i - 1]->number == number)
			return key->materials[i - 1];
	return NULL;
}

/* ---- snapshots ---- */

static void for_pairs(const struct shape_pair *pairs, size_t count, pack_visit_fn visit,
		      void *context)
{
	for (size_t i = 0; i < count; i++) {
		visit(context, (struct str *)&pairs[i].key);
		visit(context, (struct str *)&pairs[i].value);
	}
}

/* The texts of a snapshot, one after another, so that sizing and copying cannot disagree. */
static void for_texts(struct kms_key *key, pack_visit_fn visit, void *context)
{
	struct str *texts[] = {&key->account, &key->region, &key->id, &key->arn, &key->description};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		visit(context, texts[i]);
	for_pairs(key->tags, key->tag_count, visit, context);
	for (size_t i = 0; i < key->alias_count; i++) {
		visit(context, (struct str *)&key->aliases[i].name);
		visit(context, (struct str *)&key->aliases[i].arn);
	}
	for (size_t i = 0; i < key->grant_count; i++) {
		struct kms_grant *grant = (struct kms_grant *)&key->grants[i];
		struct str *parts[] = {&grant->id,
				       &grant->name,
				       &grant->grantee,
				       &grant->retiring,
				       &grant->issuing_account,
				       &grant->source_arn};
		for (size_t j = 0; j < sizeof(parts) / sizeof(parts[0]); j++)
			visit(context, parts[j]);
		for_pairs(grant->equals, grant->equals_count, visit, context);
		for_pairs(grant->subset, grant->subset_count, visit, context);
	}
}

/* All but the references, which other threads count while this one copies. */
struct kms_key kms_key_draft(const struct kms_key *key)
{
	static const size_t from = offsetof(struct kms_key, account);
	struct kms_key draft = {0};

	memcpy((char *)&draft + from, (const char *)key + from, sizeof(draft) - from);
	return draft;
}

static size_t arrays_size(const struct kms_key *draft)
{
	size_t size = draft->tag_count * sizeof(*draft->tags) +
		      draft->alias_count * sizeof(*draft->aliases) +
		      draft->grant_count * sizeof(*draft->grants) +
		      draft->material_count * sizeof(struct kms_material *);

	for (size_t i = 0; i < draft->grant_count; i++)
		size += (draft->grants[i].equals_count + draft->grants[i].subset_count) *
			sizeof(struct shape_pair);
	return size;
}

/* `end` is aligned for pointers and stays so. */
static char *move_arrays(struct kms_key *key, char *end)
{
	key->tags = pack_array(&end, key->tags, key->tag_count * sizeof(*key->tags));
	key->aliases = pack_array(&end, key->aliases, key->alias_count * sizeof(*key->aliases));
	key->grants = pack_array(&end, key->grants, key->grant_count * sizeof(*key->grants));
	key->materials = pack_array(&end, (const void *)key->materials,
				    key->material_count * sizeof(struct kms_material *));
	for (size_t i = 0; i < key->grant_count; i++) {
		struct kms_grant *grant = (struct kms_grant *)&key->grants[i];
		grant->equals = pack_array(&end, grant->equals,
					   grant->equals_count * sizeof(*grant->equals));
		grant->subset = pack_array(&end, grant->subset,
					   grant->subset_count * sizeof(*grant->subset));
	}
	return end;
}

const struct kms_key *kms_key_new(const struct kms_key *draft)
{
	struct kms_key view = kms_key_draft(draft);
	size_t size = sizeof(view) + arrays_size(draft);

	for_texts(&view, pack_size, &size);
	struct kms_key *key = heap_alloc(size);
	*key = view;
	char *end = move_arrays(key, (char *)(key + 1));
	for_texts(key, pack_text, &end);
	for (size_t i = 0; i < key->alias_count; i++)
		((struct kms_alias *)&key->aliases[i])->key = key;
	for (size_t i = 0; i < key->material_count; i++)
		hold_material(key->materials[i]);
	policy_hold(key->policy);
	atomic_store(&key->references, 1);
	return key;
}

const struct kms_key *kms_key_hold(const struct kms_key *key)
{
	atomic_fetch_add_explicit(&((struct kms_key *)key)->references, 1, memory_order_relaxed);
	return key;
}

void kms_key_release(const struct kms_key *key)
{
	struct kms_key *mine = (struct kms_key *)key;

	if (!mine || atomic_fetch_sub(&mine->references, 1) != 1)
		return;
	for (size_t i = 0; i < mine->material_count; i++)
		kms_material_release(mine->materials[i]);
	policy_release(mine->policy);
	heap_free(mine);
}

/* ---- finding ---- */

struct kms_registry *kms_registry_new(void)
{
	struct kms_registry *registry = heap_alloc(sizeof(*registry));

	pthread_rwlock_init(&registry->lock, NULL);
	return registry;
}

void kms_registry_free(struct kms_registry **registry)
{
	struct kms_registry *old = *registry;

	if (!old)
		return;
	for (size_t i = 0; i < old->count; i++)
		kms_key_release(old->sorted[i]);
	map_done(&old->by_id);
	map_done(&old->by_alias);
	heap_free(old->sorted);
	pthread_rwlock_destroy(&old->lock);
	heap_free(old);
	*registry = NULL;
}

static bool has_id(const void *value, const void *key)
{
	return str_equal(((const struct kms_key *)value)->id, *(const struct str *)key);
}

static bool has_alias(const void *value, const void *key)
{
	return str_equal(((const struct kms_alias *)value)->arn, *(const struct str *)key);
}

const struct kms_key *kms_registry_find(struct kms_registry *registry, struct str key_id)
{
	pthread_rwlock_rdlock(&registry->lock);
	const struct kms_key *key = map_find(&registry->by_id, str_hash(key_id), has_id, &key_id);
	if (key)
		kms_key_hold(key);
	pthread_rwlock_unlock(&registry->lock);
	return key;
}

const struct kms_key *kms_registry_find_alias(struct kms_registry *registry, struct str alias_arn)
{
	pthread_rwlock_rdlock(&registry->lock);
	const struct kms_alias *alias =
		map_find(&registry->by_alias, str_hash(alias_arn), has_alias, &alias_arn);
	const struct kms_key *key = alias ? kms_key_hold(alias->key) : NULL;
	pthread_rwlock_unlock(&registry->lock);
	return key;
}

size_t kms_registry_count(struct kms_registry *registry)
{
	pthread_rwlock_rdlock(&registry->lock);
	size_t count = registry->count;
	pthread_rwlock_unlock(&registry->lock);
	return count;
}

void kms_registry_count_states(struct kms_registry *registry, uint64_t out[KMS_STATES])
{
	for (int i = 0; i < KMS_STATES; i++)
		out[i] = 0;
	pthread_rwlock_rdlock(&registry->lock);
	for (size_t i = 0; i < registry->count; i++)
		out[registry->sorted[i]->state]++;
	pthread_rwlock_unlock(&registry->lock);
}

static int compare(const struct kms_key *key, struct str account, struct str region, struct str id)
{
	int order = str_compare(key->account, account);

	if (order == 0)
		order = str_compare(key->region, region);
	if (order == 0)
		order = str_compare(key->id, id);
	return order;
}

/* The first place whose key is not before that one. */
static size_t place_of(const struct kms_registry *registry, struct str account, struct str region,
		       struct str id)
{
	size_t low = 0;
	size_t high = registry->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (compare(registry->sorted[middle], account, region, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void kms_registry_each(struct kms_registry *registry, struct str account, struct str region,
		       struct str after, kms_key_visit_fn visit, void *context)
{
	bool has_account = account.data != NULL;

	pthread_rwlock_rdlock(&registry->lock);
	for (size_t i = place_of(registry, account, region, after); i < registry->count; i++) {
		const struct kms_key *key = registry->sorted[i];
		if (has_account &&
		    (!str_equal(key->account, account) || !str_equal(key->region, region)))
			break;
		if (after.size > 0 && str_equal(key->id, after))
			continue;
		if (!visit(context, key))
			break;
	}
	pthread_rwlock_unlock(&registry->lock);
}

/* ---- changing ---- */

static void take_out(struct kms_registry *registry, const struct kms_key *key)
{
	for (size_t i = 0; i < key->alias_count; i++)
		map_remove(&registry->by_alias, str_hash(key->aliases[i].arn), &key->aliases[i]);
	map_remove(&registry->by_id, str_hash(key->id), key);
}

/* Makes room in the array for one that was not there. */
static void make_room(struct kms_registry *registry, size_t place)
{
	if (registry->count == registry->capacity) {
		registry->capacity = registry->capacity ? registry->capacity * 2 : 64;
		registry->sorted = heap_resize(registry->sorted,
					       registry->capacity * sizeof(*registry->sorted));
	}
	memmove(&registry->sorted[place + 1], &registry->sorted[place],
		(registry->count - place) * sizeof(*registry->sorted));
	registry->count++;
}

void kms_registry_put(struct kms_registry *registry, const struct kms_key *const *keys,
		      size_t count)
{
	pthread_rwlock_wrlock(&registry->lock);
	/* All go out before any comes in, so that an alias may change its key. */
	for (size_t i = 0; i < count; i++) {
		const struct kms_key *old =
			map_find(&registry->by_id, str_hash(keys[i]->id), has_id, &keys[i]->id);
		size_t place = place_of(registry, keys[i]->account, keys[i]->region, keys[i]->id);
		if (old)
			take_out(registry, old);
		else
			make_room(registry, place);
		registry->sorted[place] = keys[i];
		kms_key_release(old);
	}
	for (size_t i = 0; i < count; i++) {
		map_insert(&registry->by_id, str_hash(keys[i]->id), (void *)keys[i]);
		for (size_t j = 0; j < keys[i]->alias_count; j++)
			map_insert(&registry->by_alias, str_hash(keys[i]->aliases[j].arn),
				   (void *)&keys[i]->aliases[j]);
	}
	pthread_rwlock_unlock(&registry->lock);
}

void kms_registry_remove(struct kms_registry *registry, struct str key_id)
{
	pthread_rwlock_wrlock(&registry->lock);
	const struct kms_key *old = map_find(&registry->by_id, str_hash(key_id), has_id, &key_id);
	check(old != NULL);
	size_t place = place_of(registry, old->account, old->region, old->id);
	take_out(registry, old);
	registry->count--;
	memmove(&registry->sorted[place], &registry->sorted[place + 1],
		(registry->count - place) * sizeof(*registry->sorted));
	pthread_rwlock_unlock(&registry->lock);
	kms_key_release(old);
}
