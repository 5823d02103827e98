/* SPDX-License-Identifier: MIT */
/*
 * directory_principal: principals from entities.
 *
 * A principal holds the policies of an entity and of its groups, inline and attached, as they were
 * at one generation of the directory. It is built under the writer's lock, so that one thread
 * builds it and all see it complete; finding a current one needs the reader's lock only.
 */
#include "access/directory_private.h"

#include <string.h>

#include "base/arn.h"

/* ---- building ---- */

struct policy_list {
	const struct policy **items;
	size_t count, capacity;
};

static void add_policy(struct policy_list *list, const struct policy *policy)
{
	vec_push(list, policy);
}

static const struct policy *managed_policy(const struct directory *directory, struct str arn)
{
	const struct directory_slot *slot = directory_slot_of_arn(directory, arn);
	const struct directory_version *version =
		slot && directory_entity_of(slot)->kind == DIRECTORY_POLICY
			? directory_default(directory_entity_of(slot))
			: NULL;

	return version ? version->policy : NULL;
}

static void add_policies(const struct directory *directory, const struct directory_entity *entity,
			 struct policy_list *list)
{
	for (size_t i = 0; i < entity->inline_count; i++)
		add_policy(list, entity->inlines[i].policy);
	for (size_t i = 0; i < entity->attached_count; i++) {
		const struct policy *policy = managed_policy(directory, entity->attached[i]);
		if (policy)
			add_policy(list, policy);
	}
}

static const struct principal *build(const struct directory *directory,
				     const struct directory_entity *entity)
{
	struct policy_list list = {0};

	if (entity->kind == DIRECTORY_ACCOUNT)
		return principal_root(entity->account);
	add_policies(directory, entity, &list);
	for (size_t i = 0; i < entity->group_count; i++) {
		const struct directory_slot *group =
			directory_slot_of_id(directory, entity->groups[i]);
		if (group)
			add_policies(directory, directory_entity_of(group), &list);
	}
	bool is_user = entity->kind == DIRECTORY_USER;
	struct principal draft = {
		.type = is_user ? PRINCIPAL_USER : PRINCIPAL_ROLE_SESSION,
		.account = entity->account,
		.arn = entity->arn,
		.entity_arn = entity->arn,
		.id = entity->id,
		.entity_id = entity->id,
		.name = is_user ? entity->name : (struct str){0},
		.is_by_name = directory->is_open,
		.tags = entity->tags,
		.tag_count = entity->tag_count,
		.identity = list.items,
		.identity_count = list.count,
	};
	const struct policy *lost = NULL;
	if (entity->boundary.size > 0)
		draft.boundary = managed_policy(directory, entity->boundary);
	/* A deleted boundary denies everything. */
	if (entity->boundary.size > 0 && !draft.boundary)
		draft.boundary = lost =
			policy_compile_stored(STR("{}"), (struct policy_names){0}, entity->arn);
	const struct principal *principal = principal_new(&draft);
	policy_release(lost);
	vec_done(&list);
	return principal;
}

/* ---- keeping ---- */

static bool is_principal(const struct directory_slot *slot)
{
	return directory_entity_of(slot)->kind == DIRECTORY_ACCOUNT ||
	       directory_entity_of(slot)->kind == DIRECTORY_USER ||
	       directory_entity_of(slot)->kind == DIRECTORY_ROLE;
}

/* NULL if it must be built. */
static const struct principal *kept(const struct directory *directory,
				    const struct directory_slot *slot)
{
	if (directory_has_staged(directory) || !slot->principal ||
	    slot->principal_generation != directory->generation)
		return NULL;
	return principal_hold(slot->principal);
}

/* Under the writer's lock. */
static const struct principal *keep(const struct directory *directory, struct directory_slot *slot)
{
	const struct principal *principal = kept(directory, slot);

	if (principal)
		return principal;
	/* Other threads must not find a principal that was built from unpublished entities. */
	if (directory_has_staged(directory))
		return build(directory, directory_entity_of(slot));
	principal_release(slot->principal);
	slot->principal = build(directory, directory_entity_of(slot));
	slot->principal_generation = directory->generation;
	return principal_hold(slot->principal);
}

/* The key of a slot: an id, an ARN. */
typedef struct directory_slot *(*slot_fn)(const struct directory *directory, struct str text);

static const struct principal *principal_of(struct directory *directory, slot_fn find,
					    struct str text)
{
	const struct principal *principal = NULL;

	pthread_rwlock_rdlock(&directory->lock);
	struct directory_slot *slot = find(directory, text);
	bool exists = slot && is_principal(slot);
	if (exists)
		principal = kept(directory, slot);
	pthread_rwlock_unlock(&directory->lock);
	if (!exists || principal)
		return principal;
	pthread_rwlock_wrlock(&directory->lock);
	slot = find(directory, text);
	if (slot && is_principal(slot))
		principal = keep(directory, slot);
	pthread_rwlock_unlock(&directory->lock);
	return principal;
}

const struct principal *directory_find_principal(struct directory *directory, struct str arn)
{
	struct arn parts;

	if (arn_is_account(arn)) {
		parts = (struct arn){.account = arn, .resource = STR("root")};
	} else if (!arn_parse(arn, &parts)) {
		return NULL;
	}
	if (!str_equal(parts.resource, STR("root")))
		return principal_of(directory, directory_slot_of_arn, arn);
	const struct principal *root = principal_of(directory, directory_slot_of_id, parts.account);
	if (!root && directory_has_account(directory, parts.account))
		root = principal_root(parts.account);
	return root;
}

/* ---- keys ---- */

static bool copy_secret(const struct directory_slot *slot, struct str id, struct signer *out_signer)
{
	const struct directory_entity *entity = directory_entity_of(slot);

	for (size_t i = 0; entity && i < entity->key_count; i++) {
		const struct directory_key *key = &entity->keys[i];
		if (!key->is_active || !str_equal(key->id, id))
			continue;
		check(key->secret.size <= SIGNER_SECRET_MAX);
		memcpy(out_signer->secret, key->secret.data, key->secret.size);
		out_signer->secret_size = key->secret.size;
		return true;
	}
	return false;
}

static struct directory_slot *active_key(const struct directory *directory, struct str key_id,
					 struct signer *out_signer)
{
	const struct directory_key_slot *key = directory_slot_of_key(directory, key_id);

	return key && copy_secret(key->owner, key_id, out_signer) ? key->owner : NULL;
}

enum signer_outcome directory_find_signer(struct directory *directory, struct str key_id,
					  struct signer *out_signer)
{
	const struct principal *principal = NULL;

	pthread_rwlock_rdlock(&directory->lock);
	struct directory_slot *slot = active_key(directory, key_id, out_signer);
	if (slot)
		principal = kept(directory, slot);
	pthread_rwlock_unlock(&directory->lock);
	if (slot && !principal) {
		pthread_rwlock_wrlock(&directory->lock);
		slot = active_key(directory, key_id, out_signer);
		if (slot)
			principal = keep(directory, slot);
		pthread_rwlock_unlock(&directory->lock);
	}
	if (!principal) {
		signer_wipe(out_signer);
		return SIGNER_UNKNOWN;
	}
	out_signer->principal = principal;
	return SIGNER_FOUND;
}

static enum signer_outcome find_signer(void *context, struct str key_id, struct str token,
				       int64_t now_ms, struct signer *out_signer)
{
	(void)now_ms;
	if (token.size > 0)
		return SIGNER_UNKNOWN;
	return directory_find_signer(context, key_id, out_signer);
}

struct signer_source directory_signers(struct directory *directory)
{
	return (struct signer_source){find_signer, directory};
}

static void set_text(char *out, size_t room, struct str text)
{
	size_t size = text.size < room ? text.size : room - 1;

	if (size > 0)
		memcpy(out, text.data, size);
	out[size] = '\0';
}

static bool is_noted(const struct directory_use *use, struct str service, struct str region,
		     int64_t now_ms)
{
	static const int64_t exactness_ms = 60000;

	return now_ms >= use->at_ms && now_ms - use->at_ms < exactness_ms &&
	       str_equal(str_from(use->service), service) &&
	       str_equal(str_from(use->region), region);
}

void directory_note_use(struct directory *directory, struct str key_id, struct str service,
			struct str region, int64_t now_ms)
{
	pthread_rwlock_rdlock(&directory->lock);
	struct directory_key_slot *key = directory_slot_of_key(directory, key_id);
	bool is_news = key && !is_noted(&key->use, service, region, now_ms);
	pthread_rwlock_unlock(&directory->lock);
	if (!is_news)
		return;
	pthread_rwlock_wrlock(&directory->lock);
	key = directory_slot_of_key(directory, key_id);
	if (key) {
		key->use.at_ms = now_ms;
		set_text(key->use.service, sizeof(key->use.service), service);
		set_text(key->use.region, sizeof(key->use.region), region);
	}
	pthread_rwlock_unlock(&directory->lock);
}

bool directory_use_mfa(struct directory *directory, struct str id, int64_t step, int64_t now_step)
{
	enum { FAILURES_MAX = 10, WINDOW_STEPS = 10 };
	bool counts = false;

	pthread_rwlock_wrlock(&directory->lock);
	struct directory_slot *slot = directory_slot_of_id(directory, id);
	if (slot && now_step >= slot->mfa_failures_since + WINDOW_STEPS) {
		slot->mfa_failures_since = now_step;
		slot->mfa_failures = 0;
	}
	if (slot && slot->mfa_failures < FAILURES_MAX) {
		counts = step > slot->mfa_step && step > directory_entity_of(slot)->mfa_step;
		if (counts)
			slot->mfa_step = step;
		else
			slot->mfa_failures++;
	}
	pthread_rwlock_unlock(&directory->lock);
	return counts;
}

const struct directory_entity *directory_find_key(struct directory *directory, struct str key_id,
						  struct directory_use *out_use)
{
	const struct directory_entity *entity = NULL;

	pthread_rwlock_rdlock(&directory->lock);
	const struct directory_key_slot *key = directory_slot_of_key(directory, key_id);
	if (key && directory_has_key(directory_entity_of(key->owner), key_id)) {
		*out_use = key->use;
		entity = directory_hold(directory_entity_of(key->owner));
	}
	pthread_rwlock_unlock(&directory->lock);
	return entity;
}

/* ---- sessions ---- */

static bool has_tag(const struct shape_pair *tags, size_t count, struct str key)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal_nocase(tags[i].key, key))
			return true;
	return false;
}

/* The session's tags, and the entity's tags with other keys. */
static void join_tags(struct arena *arena, const struct directory_session *session,
		      const struct principal *entity, struct principal *draft)
{
	struct shape_pair *tags =
		arena_array(arena, struct shape_pair, session->tag_count + entity->tag_count);
	size_t count = 0;

	for (size_t i = 0; i < session->tag_count; i++)
		tags[count++] = session->tags[i];
	for (size_t i = 0; i < entity->tag_count; i++)
		if (!has_tag(session->tags, session->tag_count, entity->tags[i].key))
			tags[count++] = entity->tags[i];
	draft->tags = tags;
	draft->tag_count = count;
	draft->transitive_tag_count = session->transitive_tag_count;
}

static void name_session(struct arena *arena, const struct directory_session *session,
			 const struct principal *entity, struct principal *draft)
{
	struct str role = entity->arn;

	switch (session->kind) {
	case DIRECTORY_SESSION_SELF:
		break;
	case DIRECTORY_SESSION_ROLE:
		for (struct str rest = role; rest.data;)
			role = str_cut(&rest, '/');
		draft->type = PRINCIPAL_ROLE_SESSION;
		draft->arn = arn_make(arena, STR("sts"), STR(""), entity->account,
				      arena_format(arena, "assumed-role/%.*s/%.*s", STR_ARG(role),
						   STR_ARG(session->name)));
		draft->id = arena_format(arena, "%.*s:%.*s", STR_ARG(entity->id),
					 STR_ARG(session->name));
		break;
	case DIRECTORY_SESSION_FEDERATED:
		draft->type = PRINCIPAL_FEDERATED_USER;
		draft->name = (struct str){0};
		draft->arn = arn_make(
			arena, STR("sts"), STR(""), entity->account,
			arena_format(arena, "federated-user/%.*s", STR_ARG(session->name)));
		draft->entity_arn = draft->arn;
		draft->id = arena_format(arena, "%.*s:%.*s", STR_ARG(entity->account),
					 STR_ARG(session->name));
		break;
	}
}

const struct principal *directory_session(struct directory *directory,
					  const struct directory_session *session)
{
	bool is_root = arn_is_account(session->entity_id);
	const struct principal *entity =
		is_root ? directory_find_principal(directory, session->entity_id)
			: principal_of(directory, directory_slot_of_id, session->entity_id);
	struct arena arena;

	if (!entity)
		return NULL;
	bool is_role = entity->type == PRINCIPAL_ROLE_SESSION;
	if (!str_equal(entity->account, session->account) ||
	    is_role != (session->kind == DIRECTORY_SESSION_ROLE)) {
		principal_release(entity);
		return NULL;
	}
	arena_init(&arena);
	struct principal draft = {
		.type = entity->type,
		.account = entity->account,
		.arn = entity->arn,
		.entity_arn = entity->entity_arn,
		.id = entity->id,
		.entity_id = entity->entity_id,
		.name = entity->name,
		.is_by_name = entity->is_by_name,
		.identity = entity->identity,
		.identity_count = entity->identity_count,
		.boundary = entity->boundary,
		.session = session->policies,
		.session_count = session->policy_count,
		.token_issued_ms = session->issued_ms,
		.expires_ms = session->expires_ms,
		.source_identity = session->source_identity,
		.provider = session->provider,
		.mfa_ms = session->mfa_ms,
	};
	join_tags(&arena, session, entity, &draft);
	name_session(&arena, session, entity, &draft);
	const struct principal *principal = principal_new(&draft);
	arena_done(&arena);
	principal_release(entity);
	return principal;
}
