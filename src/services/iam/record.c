/* SPDX-License-Identifier: MIT */
/* record: the record Entity of model/iam.ops; kinds by name, policies as their documents. */
#include "services/iam/record.h"

#include "api/iam_records.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const kinds[] = {
	[DIRECTORY_ACCOUNT] = "account",
	[DIRECTORY_USER] = "user",
	[DIRECTORY_GROUP] = "group",
	[DIRECTORY_ROLE] = "role",
	[DIRECTORY_POLICY] = "policy",
	[DIRECTORY_INSTANCE_PROFILE] = "instance-profile",
	[DIRECTORY_OIDC_PROVIDER] = "oidc-provider",
	[DIRECTORY_MFA_DEVICE] = "mfa-device",
};

/* Where the record has the number of a member of an entity. */
struct number {
	size_t record, entity;
};
#define NUMBER(name, member)                                                                       \
	{                                                                                          \
		offsetof(struct iam_entity_record, name),                                          \
			offsetof(struct directory_entity, member)                                  \
	}
static const struct number numbers[] = {
	NUMBER(created_ms, created_ms),
	NUMBER(updated_ms, updated_ms),
	NUMBER(max_session_duration, session_seconds_max),
	NUMBER(default_version, version_default),
	NUMBER(next_version, version_next),
	NUMBER(profile_created_ms, profile_created_ms),
	NUMBER(password_changed_ms, password_changed_ms),
	NUMBER(password_reset_required, must_reset_password),
	NUMBER(credential_report_ms, report_ms),
	NUMBER(enabled_ms, enabled_ms),
	NUMBER(mfa_step, mfa_step),
	NUMBER(mfa_drift, mfa_drift),
	NUMBER(password_policy, password_policy.is_set),
	NUMBER(minimum_password_length, password_policy.length_min),
	NUMBER(require_symbols, password_policy.needs_symbols),
	NUMBER(require_numbers, password_policy.needs_numbers),
	NUMBER(require_uppercase_characters, password_policy.needs_uppercase),
	NUMBER(require_lowercase_characters, password_policy.needs_lowercase),
	NUMBER(users_change_passwords, password_policy.lets_users_change),
	NUMBER(max_password_age, password_policy.age_days_max),
	NUMBER(password_reuse_prevention, password_policy.reuse_prevention),
	NUMBER(hard_expiry, password_policy.is_expiry_hard),
};

static int64_t *number_at(const void *structure, size_t offset)
{
	return (int64_t *)(void *)((char *)structure + offset);
}

/* ---- writing ---- */

static void write_lists(struct arena *arena, const struct directory_entity *entity,
			struct iam_entity_record *out)
{
	struct iam_inline_policy_record *inlines =
		arena_array(arena, struct iam_inline_policy_record, entity->inline_count);
	struct iam_access_key_record *keys =
		arena_array(arena, struct iam_access_key_record, entity->key_count);
	struct iam_policy_version_record *versions =
		arena_array(arena, struct iam_policy_version_record, entity->version_count);

	for (size_t i = 0; i < entity->inline_count; i++)
		inlines[i] = (struct iam_inline_policy_record){
			.name = entity->inlines[i].name,
			.document = policy_text(entity->inlines[i].policy)};
	for (size_t i = 0; i < entity->key_count; i++)
		keys[i] = (struct iam_access_key_record){.id = entity->keys[i].id,
							 .secret = entity->keys[i].secret,
							 .active = entity->keys[i].is_active,
							 .created_ms = entity->keys[i].created_ms};
	for (size_t i = 0; i < entity->version_count; i++)
		versions[i] = (struct iam_policy_version_record){
			.id = entity->versions[i].id,
			.document = policy_text(entity->versions[i].policy),
			.created_ms = entity->versions[i].created_ms};
	out->policies = inlines;
	out->policies_count = entity->inline_count;
	out->access_keys = keys;
	out->access_keys_count = entity->key_count;
	out->versions = versions;
	out->versions_count = entity->version_count;
}

void iam_record_encode(struct buf *out, const struct directory_entity *entity)
{
	const struct directory_texts *lists = entity->lists;
	struct iam_entity_record record = {
		.kind = str_from(kinds[entity->kind]),
		.account = entity->account,
		.name = entity->name,
		.path = entity->path,
		.arn = entity->arn,
		.id = entity->id,
		.description = entity->description,
		.permissions_boundary = entity->boundary,
		.alias = entity->alias,
		.seed = entity->seed,
		.user_id = entity->user_id,
		.tags = entity->tags,
		.tags_count = entity->tag_count,
		.attached_policies = entity->attached,
		.attached_policies_count = entity->attached_count,
		.groups = entity->groups,
		.groups_count = entity->group_count,
		.roles = lists[DIRECTORY_ROLES].items,
		.roles_count = lists[DIRECTORY_ROLES].count,
		.client_ids = lists[DIRECTORY_CLIENT_IDS].items,
		.client_ids_count = lists[DIRECTORY_CLIENT_IDS].count,
		.thumbprints = lists[DIRECTORY_THUMBPRINTS].items,
		.thumbprints_count = lists[DIRECTORY_THUMBPRINTS].count,
		.passwords = lists[DIRECTORY_PASSWORDS].items,
		.passwords_count = lists[DIRECTORY_PASSWORDS].count,
	};
	struct arena arena;

	for (size_t i = 0; i < COUNT(numbers); i++)
		*number_at(&record, numbers[i].record) = *number_at(entity, numbers[i].entity);
	if (entity->trust) {
		struct policy_names names = policy_names(entity->trust);
		record.assume_role_policy_document = policy_text(entity->trust);
		record.trusted_principals = names.items;
		record.trusted_principals_count = names.count;
	}
	arena_init(&arena);
	write_lists(&arena, entity, &record);
	iam_entity_record_encode(out, &record);
	arena_done(&arena);
}

/* ---- reading ---- */

static enum err compile(struct arena *arena, struct str document, enum policy_kind kind,
			struct policy_names names, const struct policy **out_policy)
{
	struct str problem;

	if (policy_compile_bound(arena, document, kind, names, out_policy, &problem))
		return ERR_DAMAGED;
	return ERR_OK;
}

/* The counts grow with each compiled policy, so that iam_record_release works after an error
 * too. */
static enum err read_policies(struct arena *arena, const struct iam_entity_record *record,
			      struct directory_entity *draft)
{
	struct policy_names none = {0}, trusted = {record->trusted_principals,
						   record->trusted_principals_count};
	struct directory_inline *inlines =
		arena_array(arena, struct directory_inline, record->policies_count);
	struct directory_version *versions =
		arena_array(arena, struct directory_version, record->versions_count);
	enum err err = ERR_OK;

	draft->inlines = inlines;
	draft->versions = versions;
	for (size_t i = 0; !err && i < record->policies_count; i++) {
		inlines[i].name = record->policies[i].name;
		err = compile(arena, record->policies[i].document, POLICY_IDENTITY, none,
			      &inlines[i].policy);
		draft->inline_count += !err;
	}
	for (size_t i = 0; !err && i < record->versions_count; i++) {
		versions[i].id = record->versions[i].id;
		versions[i].created_ms = record->versions[i].created_ms;
		err = compile(arena, record->versions[i].document, POLICY_IDENTITY, none,
			      &versions[i].policy);
		draft->version_count += !err;
	}
	if (!err && record->assume_role_policy_document.data)
		err = compile(arena, record->assume_role_policy_document, POLICY_TRUST, trusted,
			      &draft->trust);
	return err;
}

static void read_keys(struct arena *arena, const struct iam_entity_record *record,
		      struct directory_entity *draft)
{
	struct directory_key *keys =
		arena_array(arena, struct directory_key, record->access_keys_count);

	for (size_t i = 0; i < record->access_keys_count; i++)
		keys[i] = (struct directory_key){.id = record->access_keys[i].id,
						 .secret = record->access_keys[i].secret,
						 .is_active = record->access_keys[i].active,
						 .created_ms = record->access_keys[i].created_ms};
	draft->keys = keys;
	draft->key_count = record->access_keys_count;
}

static bool read_kind(struct str name, enum directory_kind *out_kind)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (str_equal(name, str_from(kinds[i]))) {
			*out_kind = (enum directory_kind)i;
			return true;
		}
	}
	return false;
}

static struct directory_entity draft_of(const struct iam_entity_record *record)
{
	struct directory_entity draft = {
		.account = record->account,
		.name = record->name,
		.path = record->path,
		.arn = record->arn,
		.id = record->id,
		.description = record->description,
		.boundary = record->permissions_boundary,
		.alias = record->alias,
		.seed = record->seed,
		.user_id = record->user_id,
		.tags = record->tags,
		.tag_count = record->tags_count,
		.attached = record->attached_policies,
		.attached_count = record->attached_policies_count,
		.groups = record->groups,
		.group_count = record->groups_count,
		.lists = {[DIRECTORY_ROLES] = {record->roles, record->roles_count},
			  [DIRECTORY_CLIENT_IDS] = {record->client_ids, record->client_ids_count},
			  [DIRECTORY_THUMBPRINTS] = {record->thumbprints,
						     record->thumbprints_count},
			  [DIRECTORY_PASSWORDS] = {record->passwords, record->passwords_count}},
	};

	for (size_t i = 0; i < COUNT(numbers); i++)
		*number_at(&draft, numbers[i].entity) = *number_at(record, numbers[i].record);
	return draft;
}

enum err iam_record_decode(struct arena *arena, struct str bytes,
			   struct directory_entity *out_draft)
{
	struct iam_entity_record record;

	enum err err = iam_entity_record_decode(arena, bytes, &record);
	if (err)
		return err;
	struct directory_entity draft = draft_of(&record);
	if (!read_kind(record.kind, &draft.kind) || draft.id.size == 0)
		return ERR_DAMAGED;
	read_keys(arena, &record, &draft);
	err = read_policies(arena, &record, &draft);
	if (err) {
		iam_record_release(&draft);
		return err;
	}
	*out_draft = draft;
	return ERR_OK;
}

void iam_record_release(const struct directory_entity *draft)
{
	for (size_t i = 0; i < draft->inline_count; i++)
		policy_release(draft->inlines[i].policy);
	for (size_t i = 0; i < draft->version_count; i++)
		policy_release(draft->versions[i].policy);
	policy_release(draft->trust);
}
