/* SPDX-License-Identifier: MIT */
/*
 * registry: a snapshot table of keys by account, region and id, and by id alone, as key ids are
 * unique over all accounts and blobs name only the id; and one of aliases by ARN.
 *
 * An entry of the table of aliases holds the snapshot that has the alias. Keys are committed first,
 * so a reader that finds an alias of a new key finds the key.
 */
#include "services/kms/registry.h"

#include <string.h>

#include "base/snapshot.h"

const struct str kms_states[KMS_STATES] = {
	STR_INIT("Enabled"),
	STR_INIT("Disabled"),
	STR_INIT("PendingImport"),
	STR_INIT("PendingDeletion"),
};

enum order { BY_PLACE, BY_ID, ORDERS };

struct kms_registry {
	struct snapshot_table *keys;
	struct snapshot_table *aliases;
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
	heap_free((void *)mine->description.data);
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
				       &grant->grantee.name,
				       &grant->grantee.id,
				       &grant->retiring.name,
				       &grant->retiring.id,
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

/* ---- orders of keys ---- */

static void hold_key(const void *key)
{
	kms_key_hold(key);
}

static void release_key(const void *key)
{
	kms_key_release(key);
}

static int compare_places(const void *key, const void *value)
{
	const struct kms_key *a = key, *b = value;
	int order = str_compare(a->account, b->account);

	if (order == 0)
		order = str_compare(a->region, b->region);
	return order != 0 ? order : str_compare(a->id, b->id);
}

static int compare_ids(const void *key, const void *value)
{
	return str_compare(((const struct kms_key *)key)->id, ((const struct kms_key *)value)->id);
}

static uint64_t hash_id(const void *value)
{
	return str_hash(((const struct kms_key *)value)->id);
}

static const struct snapshot_kind key_kind = {
	.hold = hold_key,
	.release = release_key,
	.order_count = ORDERS,
	.orders =
		{
			[BY_PLACE] = {.compare = compare_places},
			[BY_ID] = {.compare = compare_ids, .prefix = hash_id},
		},
};

/* ---- the order of aliases ---- */

struct alias_entry {
	_Atomic uint32_t references;
	const struct kms_alias *alias; /* the key's */
};

static void hold_alias(const void *value)
{
	atomic_fetch_add_explicit(&((struct alias_entry *)value)->references, 1,
				  memory_order_relaxed);
}

static void release_alias(const void *value)
{
	struct alias_entry *entry = (struct alias_entry *)value;

	if (atomic_fetch_sub(&entry->references, 1) != 1)
		return;
	kms_key_release(entry->alias->key);
	heap_free(entry);
}

static const struct alias_entry *alias_entry_new(const struct kms_alias *alias)
{
	struct alias_entry *entry = heap_alloc(sizeof(*entry));

	atomic_store(&entry->references, 1);
	entry->alias = alias;
	kms_key_hold(alias->key);
	return entry;
}

static int compare_aliases(const void *key, const void *value)
{
	return str_compare(((const struct alias_entry *)key)->alias->arn,
			   ((const struct alias_entry *)value)->alias->arn);
}

static uint64_t hash_alias(const void *value)
{
	return str_hash(((const struct alias_entry *)value)->alias->arn);
}

static const struct snapshot_kind alias_kind = {
	.hold = hold_alias,
	.release = release_alias,
	.order_count = 1,
	.orders = {{.compare = compare_aliases, .prefix = hash_alias}},
};

/* ---- finding ---- */

struct kms_registry *kms_registry_new(void)
{
	struct kms_registry *registry = heap_alloc(sizeof(*registry));

	registry->keys = snapshot_table_new(&key_kind);
	registry->aliases = snapshot_table_new(&alias_kind);
	return registry;
}

void kms_registry_free(struct kms_registry **registry)
{
	struct kms_registry *old = *registry;

	if (!old)
		return;
	snapshot_table_free(&old->aliases);
	snapshot_table_free(&old->keys);
	heap_free(old);
	*registry = NULL;
}

static int has_id(const void *key, const void *value)
{
	return str_compare(*(const struct str *)key, ((const struct kms_key *)value)->id);
}

static int has_alias(const void *key, const void *value)
{
	return str_compare(*(const struct str *)key,
			   ((const struct alias_entry *)value)->alias->arn);
}

const struct kms_key *kms_registry_find(struct kms_registry *registry, struct str key_id)
{
	struct snapshot_key key = {str_hash(key_id), has_id, &key_id};

	return snapshot_table_find(registry->keys, BY_ID, key);
}

const struct kms_key *kms_registry_find_alias(struct kms_registry *registry, struct str alias_arn)
{
	struct snapshot_key name = {str_hash(alias_arn), has_alias, &alias_arn};
	const struct alias_entry *entry = snapshot_table_find(registry->aliases, 0, name);

	if (!entry)
		return NULL;
	const struct kms_key *key = kms_key_hold(entry->alias->key);
	release_alias(entry);
	return key;
}

size_t kms_registry_count(struct kms_registry *registry)
{
	return snapshot_table_count(registry->keys, BY_PLACE);
}

void kms_registry_count_states(struct kms_registry *registry, uint64_t out[KMS_STATES])
{
	const struct snapshot *snapshot = snapshot_take(registry->keys);
	const struct kms_key *key;
	struct snapshot_cursor cursor;

	for (int i = 0; i < KMS_STATES; i++)
		out[i] = 0;
	snapshot_begin(snapshot, BY_PLACE, &cursor);
	while ((key = snapshot_next(&cursor)))
		out[key->state]++;
	snapshot_release(snapshot);
}

/* An account and a region; data NULL: all. */
static int compare_scope(const void *key, const void *value)
{
	const struct kms_key *scope = key, *found = value;
	int order = str_compare(scope->account, found->account);

	if (order != 0 || !scope->region.data)
		return order;
	return str_compare(scope->region, found->region);
}

size_t kms_registry_count_account(struct kms_registry *registry, struct str account,
				  struct str region)
{
	const struct kms_key scope = {.account = account, .region = region};
	const struct snapshot *snapshot = snapshot_take(registry->keys);
	struct snapshot_key key = {0, compare_scope, &scope};
	size_t count = snapshot_count_range(snapshot, BY_PLACE, key);

	snapshot_release(snapshot);
	return count;
}

void kms_registry_each(struct kms_registry *registry, struct str account, struct str region,
		       struct str after, kms_key_visit_fn visit, void *context)
{
	const struct kms_key first = {.account = account, .region = region, .id = after};
	const struct snapshot *snapshot = snapshot_take(registry->keys);
	struct snapshot_key key = {0, compare_places, &first};
	bool has_account = account.data != NULL;
	struct snapshot_cursor cursor;
	const struct kms_key *found;

	snapshot_seek(snapshot, BY_PLACE, key, &cursor);
	while ((found = snapshot_next(&cursor))) {
		if (has_account && compare_scope(&first, found) != 0)
			break;
		if (after.size > 0 && str_equal(found->id, after))
			continue;
		if (!visit(context, found))
			break;
	}
	snapshot_release(snapshot);
}

/* ---- changing ---- */

static void remove_aliases(struct kms_registry *registry, const struct kms_key *key)
{
	for (size_t i = 0; i < key->alias_count; i++) {
		struct str arn = key->aliases[i].arn;
		struct snapshot_key name = {str_hash(arn), has_alias, &arn};
		check(snapshot_table_remove(registry->aliases, name));
	}
}

void kms_registry_put(struct kms_registry *registry, const struct kms_key *const *keys,
		      size_t count)
{
	const struct snapshot *before = snapshot_take(registry->keys);

	snapshot_table_begin(registry->keys);
	snapshot_table_begin(registry->aliases);
	/* All old aliases are removed before new ones are added, so that an alias may change its
	 * key. */
	for (size_t i = 0; i < count; i++) {
		struct snapshot_key key = {0, compare_places, keys[i]};
		const struct kms_key *old = snapshot_find(before, BY_PLACE, key);
		if (old)
			remove_aliases(registry, old);
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < keys[i]->alias_count; j++)
			snapshot_table_put(registry->aliases,
					   alias_entry_new(&keys[i]->aliases[j]));
		snapshot_table_put(registry->keys, keys[i]);
	}
	snapshot_table_commit(registry->keys);
	snapshot_table_commit(registry->aliases);
	snapshot_release(before);
}

void kms_registry_remove(struct kms_registry *registry, struct str key_id)
{
	const struct kms_key *old = kms_registry_find(registry, key_id);
	struct snapshot_key key = {0, compare_places, old};

	check(old != NULL);
	snapshot_table_begin(registry->keys);
	snapshot_table_begin(registry->aliases);
	remove_aliases(registry, old);
	check(snapshot_table_remove(registry->keys, key));
	snapshot_table_commit(registry->aliases);
	snapshot_table_commit(registry->keys);
	kms_key_release(old);
}
