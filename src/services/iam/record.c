/* SPDX-License-Identifier: MIT */
/* record: names as in the API where the API has one. */
#include "services/iam/record.h"

#include <assert.h>

#include "core/policies.h"

#define RECORD_VERSION 2
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct field {
	const char *name;
	size_t offset;
};

static const struct field texts[] = {
	{"account", offsetof(struct directory_entity, account)},
	{"name", offsetof(struct directory_entity, name)},
	{"path", offsetof(struct directory_entity, path)},
	{"arn", offsetof(struct directory_entity, arn)},
	{"id", offsetof(struct directory_entity, id)},
	{"description", offsetof(struct directory_entity, description)},
	{"permissionsBoundary", offsetof(struct directory_entity, boundary)},
	{"alias", offsetof(struct directory_entity, alias)},
	{"seed", offsetof(struct directory_entity, seed)},
	{"userId", offsetof(struct directory_entity, user_id)},
};

static const struct field numbers[] = {
	{"createdMs", offsetof(struct directory_entity, created_ms)},
	{"updatedMs", offsetof(struct directory_entity, updated_ms)},
	{"maxSessionDuration", offsetof(struct directory_entity, session_seconds_max)},
	{"defaultVersion", offsetof(struct directory_entity, version_default)},
	{"nextVersion", offsetof(struct directory_entity, version_next)},
	{"profileCreatedMs", offsetof(struct directory_entity, profile_created_ms)},
	{"passwordChangedMs", offsetof(struct directory_entity, password_changed_ms)},
	{"passwordResetRequired", offsetof(struct directory_entity, must_reset_password)},
	{"credentialReportMs", offsetof(struct directory_entity, report_ms)},
	{"enabledMs", offsetof(struct directory_entity, enabled_ms)},
	{"mfaStep", offsetof(struct directory_entity, mfa_step)},
	{"mfaDrift", offsetof(struct directory_entity, mfa_drift)},
	{"passwordPolicy", offsetof(struct directory_entity, password_policy.is_set)},
	{"minimumPasswordLength", offsetof(struct directory_entity, password_policy.length_min)},
	{"requireSymbols", offsetof(struct directory_entity, password_policy.needs_symbols)},
	{"requireNumbers", offsetof(struct directory_entity, password_policy.needs_numbers)},
	{"requireUppercaseCharacters",
	 offsetof(struct directory_entity, password_policy.needs_uppercase)},
	{"requireLowercaseCharacters",
	 offsetof(struct directory_entity, password_policy.needs_lowercase)},
	{"allowUsersToChangePassword",
	 offsetof(struct directory_entity, password_policy.lets_users_change)},
	{"maxPasswordAge", offsetof(struct directory_entity, password_policy.age_days_max)},
	{"passwordReusePrevention",
	 offsetof(struct directory_entity, password_policy.reuse_prevention)},
	{"hardExpiry", offsetof(struct directory_entity, password_policy.is_expiry_hard)},
};

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

static const char *const lists[] = {
	[DIRECTORY_ROLES] = "roles",
	[DIRECTORY_CLIENT_IDS] = "clientIds",
	[DIRECTORY_THUMBPRINTS] = "thumbprints",
	[DIRECTORY_PASSWORDS] = "passwords",
};
static_assert(COUNT(lists) == DIRECTORY_LISTS, "a name for each list");

static void *at(const struct directory_entity *entity, const struct field *field)
{
	return (char *)entity + field->offset;
}

/* ---- writing ---- */

static void write_text(struct json_writer *writer, struct str name, struct str text)
{
	json_key(writer, name);
	json_str(writer, text);
}

static void write_number(struct json_writer *writer, struct str name, int64_t number)
{
	json_key(writer, name);
	json_i64(writer, number);
}

static void write_texts(struct json_writer *writer, struct str name, const struct str *items,
			size_t count)
{
	json_key(writer, name);
	json_open_array(writer);
	for (size_t i = 0; i < count; i++)
		json_str(writer, items[i]);
	json_close_array(writer);
}

static void write_inlines(struct json_writer *writer, const struct directory_entity *entity)
{
	json_key(writer, STR("policies"));
	json_open_array(writer);
	for (size_t i = 0; i < entity->inline_count; i++) {
		json_open_object(writer);
		write_text(writer, STR("name"), entity->inlines[i].name);
		write_text(writer, STR("document"), policy_text(entity->inlines[i].policy));
		json_close_object(writer);
	}
	json_close_array(writer);
}

static void write_keys(struct json_writer *writer, const struct directory_entity *entity)
{
	json_key(writer, STR("accessKeys"));
	json_open_array(writer);
	for (size_t i = 0; i < entity->key_count; i++) {
		const struct directory_key *key = &entity->keys[i];
		json_open_object(writer);
		write_text(writer, STR("id"), key->id);
		write_text(writer, STR("secret"), key->secret);
		json_key(writer, STR("active"));
		json_bool(writer, key->is_active);
		write_number(writer, STR("createdMs"), key->created_ms);
		json_close_object(writer);
	}
	json_close_array(writer);
}

static void write_versions(struct json_writer *writer, const struct directory_entity *entity)
{
	json_key(writer, STR("versions"));
	json_open_array(writer);
	for (size_t i = 0; i < entity->version_count; i++) {
		const struct directory_version *version = &entity->versions[i];
		json_open_object(writer);
		write_text(writer, STR("id"), version->id);
		write_text(writer, STR("document"), policy_text(version->policy));
		write_number(writer, STR("createdMs"), version->created_ms);
		json_close_object(writer);
	}
	json_close_array(writer);
}

static void write_tags(struct json_writer *writer, const struct directory_entity *entity)
{
	json_key(writer, STR("tags"));
	json_open_object(writer);
	for (size_t i = 0; i < entity->tag_count; i++)
		write_text(writer, entity->tags[i].key, entity->tags[i].value);
	json_close_object(writer);
}

void iam_record_encode(struct buf *out, const struct directory_entity *entity)
{
	struct json_writer writer;

	json_begin(&writer, out);
	json_open_object(&writer);
	write_number(&writer, STR("version"), RECORD_VERSION);
	write_text(&writer, STR("kind"), str_from(kinds[entity->kind]));
	for (size_t i = 0; i < COUNT(texts); i++)
		write_text(&writer, str_from(texts[i].name),
			   *(const struct str *)at(entity, &texts[i]));
	for (size_t i = 0; i < COUNT(numbers); i++)
		write_number(&writer, str_from(numbers[i].name),
			     *(const int64_t *)at(entity, &numbers[i]));
	write_tags(&writer, entity);
	write_inlines(&writer, entity);
	write_texts(&writer, STR("attachedPolicies"), entity->attached, entity->attached_count);
	write_texts(&writer, STR("groups"), entity->groups, entity->group_count);
	for (size_t i = 0; i < COUNT(lists); i++)
		write_texts(&writer, str_from(lists[i]), entity->lists[i].items,
			    entity->lists[i].count);
	write_keys(&writer, entity);
	write_versions(&writer, entity);
	if (entity->trust) {
		write_text(&writer, STR("assumeRolePolicyDocument"), policy_text(entity->trust));
		policies_write_names(&writer, STR("trustedPrincipals"),
				     policy_names(entity->trust));
	}
	json_close_object(&writer);
}

/* ---- reading ---- */

/* A member that is an array; *out_count is 0 if there is none. */
static yyjson_val *array_of(yyjson_val *root, const char *name, size_t *out_count)
{
	yyjson_val *array = json_member(root, name);

	*out_count = yyjson_arr_size(array);
	return array;
}

static enum err compile(struct arena *arena, yyjson_val *document, enum policy_kind kind,
			struct policy_names names, const struct policy **out_policy)
{
	struct str problem;

	if (policy_compile_bound(arena, json_text(document), kind, names, out_policy, &problem))
		return ERR_DAMAGED;
	return ERR_OK;
}

static void read_tags(struct arena *arena, yyjson_val *root, struct directory_entity *draft)
{
	yyjson_val *object = json_member(root, "tags"), *key, *value;
	size_t i, most;
	struct shape_pair *tags = arena_array(arena, struct shape_pair, yyjson_obj_size(object));

	yyjson_obj_foreach(object, i, most, key, value)
		tags[i] = (struct shape_pair){json_text(key), json_text(value)};
	draft->tags = tags;
	draft->tag_count = yyjson_obj_size(object);
}

static struct str *read_texts(struct arena *arena, yyjson_val *root, const char *name,
			      size_t *out_count)
{
	yyjson_val *array = array_of(root, name, out_count), *item;
	struct str *items = arena_array(arena, struct str, *out_count);
	size_t i, most;

	yyjson_arr_foreach(array, i, most, item)
		items[i] = json_text(item);
	return items;
}

static void read_keys(struct arena *arena, yyjson_val *root, struct directory_entity *draft)
{
	yyjson_val *array = array_of(root, "accessKeys", &draft->key_count), *item;
	struct directory_key *keys = arena_array(arena, struct directory_key, draft->key_count);
	size_t i, most;

	yyjson_arr_foreach(array, i, most, item)
		keys[i] = (struct directory_key){
			.id = json_text(json_member(item, "id")),
			.secret = json_text(json_member(item, "secret")),
			.is_active = yyjson_get_bool(json_member(item, "active")),
			.created_ms = yyjson_get_sint(json_member(item, "createdMs")),
		};
	draft->keys = keys;
}

/* The counts grow with each compiled policy, so that iam_record_release works after an error
 * too. */
static enum err read_inlines(struct arena *arena, yyjson_val *root, struct directory_entity *draft)
{
	size_t count, i, most;
	yyjson_val *array = array_of(root, "policies", &count), *item;
	struct directory_inline *inlines = arena_array(arena, struct directory_inline, count);

	draft->inlines = inlines;
	yyjson_arr_foreach(array, i, most, item) {
		inlines[i].name = json_text(json_member(item, "name"));
		enum err err = compile(arena, json_member(item, "document"), POLICY_IDENTITY,
				       (struct policy_names){0}, &inlines[i].policy);
		if (err)
			return err;
		draft->inline_count++;
	}
	return ERR_OK;
}

static enum err read_versions(struct arena *arena, yyjson_val *root, struct directory_entity *draft)
{
	size_t count, i, most;
	yyjson_val *array = array_of(root, "versions", &count), *item;
	struct directory_version *versions = arena_array(arena, struct directory_version, count);

	draft->versions = versions;
	yyjson_arr_foreach(array, i, most, item) {
		versions[i].id = json_text(json_member(item, "id"));
		versions[i].created_ms = yyjson_get_sint(json_member(item, "createdMs"));
		enum err err = compile(arena, json_member(item, "document"), POLICY_IDENTITY,
				       (struct policy_names){0}, &versions[i].policy);
		if (err)
			return err;
		draft->version_count++;
	}
	return ERR_OK;
}

static bool read_kind(yyjson_val *root, enum directory_kind *out_kind)
{
	struct str name = json_text(json_member(root, "kind"));

	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (str_equal(name, str_from(kinds[i]))) {
			*out_kind = (enum directory_kind)i;
			return true;
		}
	}
	return false;
}

enum err iam_record_decode(struct arena *arena, struct str record,
			   struct directory_entity *out_draft)
{
	struct directory_entity draft = {0};
	yyjson_val *root, *trust;

	if (json_parse(arena, record, &root) != ERR_OK || !yyjson_is_obj(root))
		return ERR_DAMAGED;
	if (yyjson_get_sint(json_member(root, "version")) > RECORD_VERSION)
		return ERR_VERSION;
	if (!read_kind(root, &draft.kind))
		return ERR_DAMAGED;
	for (size_t i = 0; i < COUNT(texts); i++)
		*(struct str *)at(&draft, &texts[i]) = json_text(json_member(root, texts[i].name));
	for (size_t i = 0; i < COUNT(numbers); i++)
		*(int64_t *)at(&draft, &numbers[i]) =
			yyjson_get_sint(json_member(root, numbers[i].name));
	read_tags(arena, root, &draft);
	read_keys(arena, root, &draft);
	draft.attached = read_texts(arena, root, "attachedPolicies", &draft.attached_count);
	draft.groups = read_texts(arena, root, "groups", &draft.group_count);
	for (size_t i = 0; i < COUNT(lists); i++)
		draft.lists[i].items = read_texts(arena, root, lists[i], &draft.lists[i].count);
	enum err err = read_inlines(arena, root, &draft);
	if (!err)
		err = read_versions(arena, root, &draft);
	trust = json_member(root, "assumeRolePolicyDocument");
	if (!err && trust)
		err = compile(arena, trust, POLICY_TRUST,
			      policies_read_names(arena, json_member(root, "trustedPrincipals")),
			      &draft.trust);
	if (!err && draft.id.size == 0)
		err = ERR_DAMAGED;
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
