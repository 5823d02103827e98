/* SPDX-License-Identifier: MIT */
/*
 * directory: a slot per entity, found by id in a table; the entities by kind, account and name in a
 * snapshot table; access keys have slots of their own in a table by id.
 *
 * An ARN's entity is found by the name in it, since names are unique in a kind and account.
 */
#include "access/directory_private.h"

#include <string.h>

/* ---- snapshots ---- */

static void for_array_texts(struct directory_entity *entity, pack_visit_fn visit, void *context)
{
	for (size_t i = 0; i < entity->tag_count; i++) {
		visit(context, (struct str *)&entity->tags[i].key);
		visit(context, (struct str *)&entity->tags[i].value);
	}
	for (size_t i = 0; i < entity->inline_count; i++)
		visit(context, (struct str *)&entity->inlines[i].name);
	for (size_t i = 0; i < entity->attached_count; i++)
		visit(context, (struct str *)&entity->attached[i]);
	for (size_t i = 0; i < entity->group_count; i++)
		visit(context, (struct str *)&entity->groups[i]);
	for (size_t i = 0; i < entity->key_count; i++) {
		visit(context, (struct str *)&entity->keys[i].id);
		visit(context, (struct str *)&entity->keys[i].secret);
	}
	for (size_t i = 0; i < entity->version_count; i++)
		visit(context, (struct str *)&entity->versions[i].id);
	for (size_t i = 0; i < DIRECTORY_LISTS; i++)
		for (size_t j = 0; j < entity->lists[i].count; j++)
			visit(context, (struct str *)&entity->lists[i].items[j]);
}

/* The texts of a snapshot, one after another, so that sizing and copying cannot disagree. */
static void for_texts(struct directory_entity *entity, pack_visit_fn visit, void *context)
{
	struct str *texts[] = {&entity->account,  &entity->name,  &entity->path,
			       &entity->arn,	  &entity->id,	  &entity->description,
			       &entity->boundary, &entity->alias, &entity->seed,
			       &entity->user_id};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		visit(context, texts[i]);
	for_array_texts(entity, visit, context);
}

static size_t list_size(const struct directory_texts *list)
{
	return list->count * sizeof(*list->items);
}

static size_t arrays_size(const struct directory_entity *entity)
{
	size_t lists_size = 0;

	for (size_t i = 0; i < DIRECTORY_LISTS; i++)
		lists_size += list_size(&entity->lists[i]);
	return lists_size + entity->tag_count * sizeof(*entity->tags) +
	       entity->inline_count * sizeof(*entity->inlines) +
	       entity->attached_count * sizeof(*entity->attached) +
	       entity->group_count * sizeof(*entity->groups) +
	       entity->key_count * sizeof(*entity->keys) +
	       entity->version_count * sizeof(*entity->versions);
}

static void move_arrays(struct directory_entity *entity, char **end)
{
	entity->tags = pack_array(end, entity->tags, entity->tag_count * sizeof(*entity->tags));
	entity->inlines =
		pack_array(end, entity->inlines, entity->inline_count * sizeof(*entity->inlines));
	entity->attached = pack_array(end, entity->attached,
				      entity->attached_count * sizeof(*entity->attached));
	entity->groups =
		pack_array(end, entity->groups, entity->group_count * sizeof(*entity->groups));
	entity->keys = pack_array(end, entity->keys, entity->key_count * sizeof(*entity->keys));
	entity->versions = pack_array(end, entity->versions,
				      entity->version_count * sizeof(*entity->versions));
	for (size_t i = 0; i < DIRECTORY_LISTS; i++)
		entity->lists[i].items =
			pack_array(end, entity->lists[i].items, list_size(&entity->lists[i]));
}

static void for_policies(const struct directory_entity *entity,
			 void (*visit)(const struct policy *policy))
{
	for (size_t i = 0; i < entity->inline_count; i++)
		visit(entity->inlines[i].policy);
	for (size_t i = 0; i < entity->version_count; i++)
		visit(entity->versions[i].policy);
	if (entity->trust)
		visit(entity->trust);
}

static void hold_policy(const struct policy *policy)
{
	policy_hold(policy);
}

/* All but the references, which other threads count while this one copies. */
struct directory_entity directory_draft(const struct directory_entity *entity)
{
	static const size_t from = offsetof(struct directory_entity, kind);
	struct directory_entity draft = {0};

	memcpy((char *)&draft + from, (const char *)entity + from, sizeof(draft) - from);
	return draft;
}

static const struct directory_entity *entity_new(const struct directory_entity *draft)
{
	struct directory_entity view = directory_draft(draft);
	size_t size = sizeof(view) + arrays_size(draft);

	for_texts(&view, pack_size, &size);
	struct directory_entity *entity = heap_alloc(size);
	char *end = (char *)(entity + 1);
	*entity = view;
	move_arrays(entity, &end);
	for_texts(entity, pack_text, &end);
	for_policies(entity, hold_policy);
	entity->references = 1;
	return entity;
}

const struct directory_entity *directory_hold(const struct directory_entity *entity)
{
	((struct directory_entity *)entity)->references++;
	return entity;
}

void directory_release(const struct directory_entity *entity)
{
	struct directory_entity *mine = (struct directory_entity *)entity;

	if (!mine || --mine->references > 0)
		return;
	for_policies(mine, policy_release);
	for (size_t i = 0; i < mine->key_count; i++)
		explicit_bzero((char *)mine->keys[i].secret.data, mine->keys[i].secret.size);
	if (mine->seed.size > 0)
		explicit_bzero((char *)mine->seed.data, mine->seed.size);
	heap_free(mine);
}

const struct directory_version *directory_default(const struct directory_entity *policy)
{
	struct str number;
	int64_t value;

	for (size_t i = 0; i < policy->version_count; i++) {
		number = str_slice(policy->versions[i].id, 1, SIZE_MAX);
		if (str_to_i64(number, &value) && value == policy->version_default)
			return &policy->versions[i];
	}
	return NULL;
}

/* ---- names ---- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int compare_nocase(struct str a, struct str b)
{
	size_t size = a.size < b.size ? a.size : b.size;

	for (size_t i = 0; i < size; i++) {
		int order = (unsigned char)lower(a.data[i]) - (unsigned char)lower(b.data[i]);
		if (order != 0)
			return order;
	}
	return (a.size > b.size) - (a.size < b.size);
}

struct name_key {
	enum directory_kind kind;
	struct str account, name;
};

static int compare_name(const void *key, const void *value)
{
	const struct name_key *wanted = key;
	const struct directory_entity *entity = value;

	if (entity->kind != wanted->kind)
		return wanted->kind < entity->kind ? -1 : 1;
	int order = str_compare(wanted->account, entity->account);
	return order != 0 ? order : compare_nocase(wanted->name, entity->name);
}

static int compare_entities(const void *key, const void *value)
{
	const struct directory_entity *entity = key;
	const struct name_key name = {entity->kind, entity->account, entity->name};

	return compare_name(&name, value);
}

static void hold_entity(const void *entity)
{
	directory_hold(entity);
}

static void release_entity(const void *entity)
{
	directory_release(entity);
}

static const struct snapshot_kind entity_kind = {
	.hold = hold_entity,
	.release = release_entity,
	.order_count = 1,
	.orders = {{.compare = compare_entities}},
};

static struct snapshot_key key_of_name(const struct name_key *name)
{
	return (struct snapshot_key){0, compare_name, name};
}

struct directory_slot *directory_slot_of_name(const struct directory *directory,
					      enum directory_kind kind, struct str account,
					      struct str name)
{
	const struct name_key wanted = {kind, account, name};
	const struct directory_entity *entity =
		snapshot_table_find(directory->entities, 0, key_of_name(&wanted));
	struct directory_slot *slot = entity ? directory_slot_of_id(directory, entity->id) : NULL;

	directory_release(entity);
	return slot;
}

const struct directory_entity *directory_entity_of(const struct directory_slot *slot)
{
	return list_is_linked(&slot->link) && staging_is_open() ? slot->staged : slot->entity;
}

static bool slot_has_id(const void *value, const void *key)
{
	const struct directory_slot *slot = value;
	const struct directory_entity *entity = slot->entity ? slot->entity : slot->staged;

	return str_equal(entity->id, *(const struct str *)key);
}

/* Finds a slot, with or without an entity that this thread sees. */
static struct directory_slot *any_slot(const struct directory *directory, struct str id)
{
	return map_find(&directory->by_id, str_hash(id), slot_has_id, &id);
}

struct directory_slot *directory_slot_of_id(const struct directory *directory, struct str id)
{
	struct directory_slot *slot = any_slot(directory, id);

	return slot && directory_entity_of(slot) ? slot : NULL;
}

static bool key_has_id(const void *value, const void *key)
{
	return str_equal(((const struct directory_key_slot *)value)->id, *(const struct str *)key);
}

struct directory_key_slot *directory_slot_of_key(const struct directory *directory, struct str id)
{
	return map_find(&directory->by_key, str_hash(id), key_has_id, &id);
}

/* Kind and name of a resource "user/path/name": the name follows the last slash, but a provider's
 * follows the first one. */
static bool split_resource(struct str resource, enum directory_kind *out_kind, struct str *out_name)
{
	static const struct {
		struct str start;
		enum directory_kind kind;
	} kinds[] = {
		{STR_INIT("user/"), DIRECTORY_USER},
		{STR_INIT("group/"), DIRECTORY_GROUP},
		{STR_INIT("role/"), DIRECTORY_ROLE},
		{STR_INIT("policy/"), DIRECTORY_POLICY},
		{STR_INIT("instance-profile/"), DIRECTORY_INSTANCE_PROFILE},
		{STR_INIT("oidc-provider/"), DIRECTORY_OIDC_PROVIDER},
		{STR_INIT("mfa/"), DIRECTORY_MFA_DEVICE},
	};
	struct str name = {0};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!str_starts(resource, kinds[i].start))
			continue;
		*out_kind = kinds[i].kind;
		name = str_slice(resource, kinds[i].start.size, SIZE_MAX);
		*out_name = name;
		while (name.data && *out_kind != DIRECTORY_OIDC_PROVIDER)
			*out_name = str_cut(&name, '/');
		return true;
	}
	return false;
}

struct directory_slot *directory_slot_of_arn(const struct directory *directory, struct str arn)
{
	struct arn parts;
	enum directory_kind kind;
	struct str name;

	if (!arn_parse(arn, &parts) || !str_equal(parts.service, STR("iam")))
		return NULL;
	if (str_equal(parts.resource, STR("root")))
		return directory_slot_of_id(directory, parts.account);
	if (!split_resource(parts.resource, &kind, &name))
		return NULL;
	struct directory_slot *slot = directory_slot_of_name(directory, kind, parts.account, name);
	return slot && str_equal(directory_entity_of(slot)->arn, arn) ? slot : NULL;
}

/* ---- finding ---- */

static const struct directory_entity *hold_slot(const struct directory_slot *slot)
{
	return slot ? directory_hold(directory_entity_of(slot)) : NULL;
}

const struct directory_entity *directory_find(struct directory *directory, enum directory_kind kind,
					      struct str account, struct str name)
{
	pthread_rwlock_rdlock(&directory->lock);
	const struct directory_entity *entity =
		hold_slot(directory_slot_of_name(directory, kind, account, name));
	pthread_rwlock_unlock(&directory->lock);
	return entity;
}

const struct directory_entity *directory_find_id(struct directory *directory, struct str id)
{
	pthread_rwlock_rdlock(&directory->lock);
	const struct directory_entity *entity = hold_slot(directory_slot_of_id(directory, id));
	pthread_rwlock_unlock(&directory->lock);
	return entity;
}

const struct directory_entity *directory_find_arn(struct directory *directory, struct str arn)
{
	pthread_rwlock_rdlock(&directory->lock);
	const struct directory_entity *entity = hold_slot(directory_slot_of_arn(directory, arn));
	pthread_rwlock_unlock(&directory->lock);
	return entity;
}

bool directory_has_account(struct directory *directory, struct str account)
{
	if (!arn_is_account(account))
		return false;
	if (directory->is_open)
		return true;
	pthread_rwlock_rdlock(&directory->lock);
	bool has = directory_slot_of_id(directory, account) != NULL;
	pthread_rwlock_unlock(&directory->lock);
	return has;
}

size_t directory_count(struct directory *directory)
{
	return snapshot_table_count(directory->entities, 0);
}

void directory_each(struct directory *directory, enum directory_kind kind, struct str account,
		    struct str after, directory_visit_fn visit, void *context)
{
	const struct snapshot *snapshot = snapshot_take(directory->entities);
	const struct name_key first = {kind, account, after};
	const struct directory_entity *entity;
	struct snapshot_cursor cursor;

	snapshot_seek(snapshot, 0, key_of_name(&first), &cursor);
	while ((entity = snapshot_next(&cursor))) {
		if (entity->kind != kind || (account.data && !str_equal(entity->account, account)))
			break;
		if (after.size > 0 && compare_nocase(entity->name, after) == 0)
			continue;
		if (!visit(context, entity))
			break;
	}
	snapshot_release(snapshot);
}

uint64_t directory_generation(const struct directory *directory)
{
	return directory->generation;
}

/* ---- changing ---- */

/* Either may be NULL: an entity that is added or removed. Its name may have changed. */
static void change_entities(struct directory *directory, const struct directory_entity *old,
			    const struct directory_entity *entity)
{
	snapshot_table_begin(directory->entities);
	if (old) {
		const struct name_key name = {old->kind, old->account, old->name};
		check(snapshot_table_remove(directory->entities, key_of_name(&name)));
	}
	if (entity)
		snapshot_table_put(directory->entities, directory_hold(entity));
	snapshot_table_commit(directory->entities);
}

bool directory_has_key(const struct directory_entity *entity, struct str key_id)
{
	for (size_t i = 0; entity && i < entity->key_count; i++)
		if (str_equal(entity->keys[i].id, key_id))
			return true;
	return false;
}

/* Removes the keys of `old` that neither of the others has. Each may be NULL. */
static void remove_keys(struct directory *directory, const struct directory_entity *old,
			const struct directory_entity *entity, const struct directory_entity *other)
{
	for (size_t i = 0; old && i < old->key_count; i++) {
		struct str id = old->keys[i].id;
		struct directory_key_slot *key = directory_slot_of_key(directory, id);
		if (!key || directory_has_key(entity, id) || directory_has_key(other, id))
			continue;
		map_remove(&directory->by_key, str_hash(id), key);
		heap_free((char *)key->id.data);
		heap_free(key);
	}
}

static void add_keys(struct directory *directory, struct directory_slot *slot,
		     const struct directory_entity *entity)
{
	for (size_t i = 0; i < entity->key_count; i++) {
		if (directory_slot_of_key(directory, entity->keys[i].id))
			continue;
		struct directory_key_slot *key = heap_alloc(sizeof(*key));
		key->id = heap_copy(entity->keys[i].id);
		key->owner = slot;
		map_insert(&directory->by_key, str_hash(key->id), key);
	}
}

static void slot_free(struct directory_slot *slot)
{
	principal_release(slot->principal);
	directory_release(slot->entity);
	heap_free(slot);
}

/* Under the writer's lock. NULL: the entity is deleted, and its slot too. */
static void publish(struct directory *directory, struct directory_slot *slot,
		    const struct directory_entity *entity)
{
	const struct directory_entity *old = slot->entity;

	remove_keys(directory, old, entity, NULL);
	if (entity) {
		slot->entity = entity;
		directory_release(old);
		return;
	}
	map_remove(&directory->by_id, str_hash(old->id), slot);
	slot_free(slot);
}

/* Under the writer's lock. */
static void drop_staged(struct directory *directory, struct directory_slot *slot)
{
	remove_keys(directory, slot->staged, slot->entity, NULL);
	if (!slot->entity) {
		map_remove(&directory->by_id, str_hash(slot->staged->id), slot);
		slot->entity = slot->staged;
		slot_free(slot);
		return;
	}
	directory_release(slot->staged);
	slot->staged = NULL;
}

static void end_staging(struct staging_member *member, bool is_kept)
{
	struct directory *directory = container_of(member, struct directory, staged);

	pthread_rwlock_wrlock(&directory->lock);
	while (!list_is_empty(&directory->staged_slots)) {
		struct directory_slot *slot =
			container_of(directory->staged_slots.next, struct directory_slot, link);
		list_remove(&slot->link);
		const struct directory_entity *entity = slot->staged;
		if (is_kept) {
			slot->staged = NULL;
			publish(directory, slot, entity);
		} else {
			drop_staged(directory, slot);
		}
	}
	directory->generation += is_kept;
	pthread_rwlock_unlock(&directory->lock);
}

/* Under the writer's lock: this thread sees the entity in the slot from now on, other threads once
 * it is published. */
static void set_entity(struct directory *directory, struct directory_slot *slot,
		       const struct directory_entity *entity)
{
	change_entities(directory, directory_entity_of(slot), entity);
	if (!staging_join(&directory->staged)) {
		publish(directory, slot, entity);
		directory->generation++;
		return;
	}
	if (!slot->entity && !entity) {
		list_remove(&slot->link);
		drop_staged(directory, slot);
		return;
	}
	if (!list_is_linked(&slot->link))
		list_push_back(&directory->staged_slots, &slot->link);
	remove_keys(directory, slot->staged, entity, slot->entity);
	directory_release(slot->staged);
	slot->staged = entity;
}

void directory_put(struct directory *directory, const struct directory_entity *draft)
{
	const struct directory_entity *entity = entity_new(draft);

	pthread_rwlock_wrlock(&directory->lock);
	struct directory_slot *slot = any_slot(directory, entity->id);
	bool is_new = slot == NULL;
	const struct directory_entity *old = is_new ? NULL : directory_entity_of(slot);
	check(!old || old->kind == entity->kind);
	check(!old || str_equal(old->account, entity->account));
	if (is_new)
		slot = heap_alloc(sizeof(*slot));
	add_keys(directory, slot, entity);
	set_entity(directory, slot, entity);
	if (is_new)
		map_insert(&directory->by_id, str_hash(entity->id), slot);
	pthread_rwlock_unlock(&directory->lock);
}

void directory_remove(struct directory *directory, struct str id)
{
	pthread_rwlock_wrlock(&directory->lock);
	struct directory_slot *slot = directory_slot_of_id(directory, id);
	check(slot);
	set_entity(directory, slot, NULL);
	pthread_rwlock_unlock(&directory->lock);
}

struct directory *directory_new(bool is_open)
{
	struct directory *directory = heap_alloc(sizeof(*directory));

	pthread_rwlock_init(&directory->lock, NULL);
	directory->is_open = is_open;
	directory->entities = snapshot_table_new(&entity_kind);
	list_init(&directory->staged_slots);
	directory->staged.end = end_staging;
	directory_add_managed(directory);
	return directory;
}

void directory_free(struct directory **directory)
{
	struct directory *old = *directory;
	struct directory_key_slot *key;
	struct directory_slot *slot;
	size_t cursor = 0;

	if (!old)
		return;
	while ((key = map_next(&old->by_key, &cursor))) {
		heap_free((char *)key->id.data);
		heap_free(key);
	}
	for (cursor = 0; (slot = map_next(&old->by_id, &cursor));)
		slot_free(slot);
	snapshot_table_free(&old->entities);
	map_done(&old->by_key);
	map_done(&old->by_id);
	pthread_rwlock_destroy(&old->lock);
	heap_free(old);
	*directory = NULL;
}
