/* SPDX-License-Identifier: MIT */
/* store: names as in the API where the API has one. */
#include "services/kms/store.h"

#include <string.h>

#include "core/policies.h"
#include "services/kms/grant.h"

#define STORE_VERSION 2

struct field {
	const char *name;
	size_t offset;
};

static const struct field texts[] = {
	{"account", offsetof(struct kms_key, account)},
	{"region", offsetof(struct kms_key, region)},
	{"keyId", offsetof(struct kms_key, id)},
	{"arn", offsetof(struct kms_key, arn)},
	{"description", offsetof(struct kms_key, description)},
};

static const struct field numbers[] = {
	{"createdMs", offsetof(struct kms_key, created_ms)},
	{"deletionMs", offsetof(struct kms_key, deletion_ms)},
	{"deletionBaseMs", offsetof(struct kms_key, deletion_base_ms)},
	{"pendingWindowInDays", offsetof(struct kms_key, window_days)},
	{"rotationPeriodInDays", offsetof(struct kms_key, rotation_days)},
	{"nextRotationMs", offsetof(struct kms_key, next_rotation_ms)},
};

static const struct field flags[] = {
	{"external", offsetof(struct kms_key, is_external)},
	{"managed", offsetof(struct kms_key, is_managed)},
	{"multiRegion", offsetof(struct kms_key, is_multi_region)},
	{"rotating", offsetof(struct kms_key, is_rotating)},
	{"pendingMaterial", offsetof(struct kms_key, has_pending_material)},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void *at(const struct kms_key *key, const struct field *field)
{
	return (char *)key + field->offset;
}

/* ---- secrets ---- */

static struct str binding(struct arena *arena, struct str arn, uint32_t number)
{
	return arena_format(arena, "%.*s %u ", STR_ARG(arn), number);
}

struct str kms_secret_seal(struct arena *arena, struct seal *seal, struct str arn, uint32_t number,
			   struct str secret)
{
	struct str head = binding(arena, arn, number);
	struct str plain = {arena_bytes(arena, head.size + secret.size), head.size + secret.size};

	memcpy((char *)plain.data, head.data, head.size);
	memcpy((char *)plain.data + head.size, secret.data, secret.size);
	struct str sealed = seal_close(seal, arena, 0, plain);
	explicit_bzero((char *)plain.data, plain.size);
	return sealed;
}

enum err kms_secret_open(struct arena *arena, struct seal *seal, struct str arn, uint32_t number,
			 struct str sealed, struct kms_secret *out_secret)
{
	struct str head = binding(arena, arn, number);
	struct str copy = arena_copy(arena, sealed);
	struct str plain;

	enum err err = seal_open(seal, (char *)copy.data, copy.size, &plain);
	if (!err && !str_starts(plain, head))
		err = ERR_DAMAGED;
	if (!err)
		*out_secret = kms_secret_copy(str_slice(plain, head.size, SIZE_MAX));
	explicit_bzero((char *)copy.data, copy.size);
	return err;
}

/* ---- writing ---- */

static void write_text(struct json_writer *writer, const char *name, struct str text)
{
	json_key(writer, str_from(name));
	json_str(writer, text);
}

static void write_number(struct json_writer *writer, const char *name, int64_t number)
{
	json_key(writer, str_from(name));
	json_i64(writer, number);
}

static void write_pairs(struct json_writer *writer, const char *name,
			const struct shape_pair *pairs, size_t count)
{
	json_key(writer, str_from(name));
	json_open_object(writer);
	for (size_t i = 0; i < count; i++) {
		json_key(writer, pairs[i].key);
		json_str(writer, pairs[i].value);
	}
	json_close_object(writer);
}

static void write_aliases(struct json_writer *writer, const struct kms_key *key)
{
	json_key(writer, STR("aliases"));
	json_open_array(writer);
	for (size_t i = 0; i < key->alias_count; i++) {
		json_open_object(writer);
		write_text(writer, "name", key->aliases[i].name);
		write_text(writer, "arn", key->aliases[i].arn);
		write_number(writer, "createdMs", key->aliases[i].created_ms);
		write_number(writer, "updatedMs", key->aliases[i].updated_ms);
		json_close_object(writer);
	}
	json_close_array(writer);
}

static void write_grant(struct json_writer *writer, const struct kms_grant *grant)
{
	json_open_object(writer);
	write_text(writer, "grantId", grant->id);
	write_text(writer, "name", grant->name);
	write_text(writer, "granteePrincipal", grant->grantee.name);
	write_text(writer, "granteeId", grant->grantee.id);
	write_text(writer, "retiringPrincipal", grant->retiring.name);
	write_text(writer, "retiringId", grant->retiring.id);
	write_text(writer, "issuingAccount", grant->issuing_account);
	write_text(writer, "sourceArn", grant->source_arn);
	write_number(writer, "createdMs", grant->created_ms);
	json_key(writer, STR("operations"));
	json_open_array(writer);
	for (int i = 0; i < KMS_GRANT_OPERATIONS; i++)
		if (grant->operations & 1u << i)
			json_str(writer, kms_grant_operations[i]);
	json_close_array(writer);
	if (grant->equals)
		write_pairs(writer, "equals", grant->equals, grant->equals_count);
	if (grant->subset)
		write_pairs(writer, "subset", grant->subset, grant->subset_count);
	json_close_object(writer);
}

static void write_material(struct json_writer *writer, struct arena *arena, struct seal *seal,
			   const struct kms_key *key, const struct kms_material *material)
{
	struct str secret = kms_secret_str(&material->secret);

	json_open_object(writer);
	write_number(writer, "number", material->number);
	write_number(writer, "rotation", material->rotation);
	write_number(writer, "createdMs", material->created_ms);
	write_number(writer, "validToMs", material->valid_to_ms);
	if (material->description.data)
		write_text(writer, "description", material->description);
	write_text(writer, "keyMaterialId", str_of(material->id, KMS_MATERIAL_ID_SIZE));
	if (secret.size > 0) {
		json_key(writer, STR("sealed"));
		json_base64(writer,
			    kms_secret_seal(arena, seal, key->arn, material->number, secret));
	}
	json_close_object(writer);
}

void kms_key_encode(struct buf *out, struct arena *arena, struct seal *seal,
		    const struct kms_key *key)
{
	struct json_writer writer;

	json_begin(&writer, out);
	json_open_object(&writer);
	write_number(&writer, "version", STORE_VERSION);
	for (size_t i = 0; i < COUNT(texts); i++)
		write_text(&writer, texts[i].name, *(const struct str *)at(key, &texts[i]));
	for (size_t i = 0; i < COUNT(numbers); i++)
		write_number(&writer, numbers[i].name, *(const int64_t *)at(key, &numbers[i]));
	for (size_t i = 0; i < COUNT(flags); i++) {
		json_key(&writer, str_from(flags[i].name));
		json_bool(&writer, *(const bool *)at(key, &flags[i]));
	}
	write_text(&writer, "keySpec", kms_specs[key->spec].name);
	write_text(&writer, "keyUsage", kms_usages[key->usage]);
	write_text(&writer, "keyState", kms_states[key->state]);
	write_text(&writer, "policy", policy_text(key->policy));
	policies_write_names(&writer, STR("policyPrincipals"), policy_names(key->policy));
	write_pairs(&writer, "tags", key->tags, key->tag_count);
	write_aliases(&writer, key);
	json_key(&writer, STR("grants"));
	json_open_array(&writer);
	for (size_t i = 0; i < key->grant_count; i++)
		write_grant(&writer, &key->grants[i]);
	json_close_array(&writer);
	json_key(&writer, STR("materials"));
	json_open_array(&writer);
	for (size_t i = 0; i < key->material_count; i++)
		write_material(&writer, arena, seal, key, key->materials[i]);
	json_close_array(&writer);
	json_close_object(&writer);
}

/* ---- reading ---- */

static struct str read_text(yyjson_val *object, const char *name)
{
	return json_text(json_member(object, name));
}

static int64_t read_number(yyjson_val *object, const char *name)
{
	return yyjson_get_sint(json_member(object, name));
}

static const struct shape_pair *read_pairs(struct arena *arena, yyjson_val *object,
					   size_t *out_count)
{
	size_t count = yyjson_obj_size(object), i, most;
	struct shape_pair *pairs = arena_array(arena, struct shape_pair, count);
	yyjson_val *key, *value;

	if (!object)
		return NULL;
	yyjson_obj_foreach(object, i, most, key, value)
		pairs[i] = (struct shape_pair){json_text(key), json_text(value)};
	*out_count = count;
	return pairs;
}

static void read_aliases(struct arena *arena, yyjson_val *array, struct kms_key *draft)
{
	struct kms_alias *aliases = arena_array(arena, struct kms_alias, yyjson_arr_size(array));
	yyjson_val *item;
	size_t i, most;

	yyjson_arr_foreach(array, i, most, item) {
		aliases[i] = (struct kms_alias){
			.name = read_text(item, "name"),
			.arn = read_text(item, "arn"),
			.created_ms = read_number(item, "createdMs"),
			.updated_ms = read_number(item, "updatedMs"),
		};
	}
	draft->aliases = aliases;
	draft->alias_count = yyjson_arr_size(array);
}

static uint32_t read_operations(yyjson_val *array)
{
	uint32_t operations = 0;
	yyjson_val *item;
	size_t i, most;

	yyjson_arr_foreach(array, i, most, item) {
		for (int j = 0; j < KMS_GRANT_OPERATIONS; j++)
			if (str_equal(kms_grant_operations[j], json_text(item)))
				operations |= 1u << j;
	}
	return operations;
}

static void read_grants(struct arena *arena, yyjson_val *array, struct kms_key *draft)
{
	struct kms_grant *grants = arena_array(arena, struct kms_grant, yyjson_arr_size(array));
	yyjson_val *item;
	size_t i, most;

	yyjson_arr_foreach(array, i, most, item) {
		struct kms_grant *grant = &grants[i];
		*grant = (struct kms_grant){
			.id = read_text(item, "grantId"),
			.name = read_text(item, "name"),
			.grantee = {read_text(item, "granteePrincipal"),
				    read_text(item, "granteeId")},
			.retiring = {read_text(item, "retiringPrincipal"),
				     read_text(item, "retiringId")},
			.issuing_account = read_text(item, "issuingAccount"),
			.source_arn = read_text(item, "sourceArn"),
			.created_ms = read_number(item, "createdMs"),
			.operations = read_operations(json_member(item, "operations")),
		};
		grant->equals =
			read_pairs(arena, json_member(item, "equals"), &grant->equals_count);
		grant->subset =
			read_pairs(arena, json_member(item, "subset"), &grant->subset_count);
	}
	draft->grants = grants;
	draft->grant_count = yyjson_arr_size(array);
}

static enum err read_material(struct arena *arena, struct seal *seal, yyjson_val *item,
			      const struct kms_key *draft, struct kms_material **out_material)
{
	struct str base64 = read_text(item, "sealed"), id = read_text(item, "keyMaterialId");
	char *sealed = arena_bytes(arena, base64.size / 4 * 3 + 1);
	uint32_t number = (uint32_t)read_number(item, "number");
	struct kms_secret secret = {0};
	enum err err = ERR_OK;
	size_t size = 0;

	if (id.size != KMS_MATERIAL_ID_SIZE || !base64_parse(base64, (uint8_t *)sealed, &size))
		return ERR_DAMAGED;
	if (size > 0)
		err = kms_secret_open(arena, seal, draft->arn, number, str_of(sealed, size),
				      &secret);
	if (err)
		return err;
	struct kms_material *material = kms_material_new(draft->spec, &secret);
	if (!material)
		return ERR_DAMAGED;
	material->number = number;
	material->rotation = (enum kms_rotation)read_number(item, "rotation");
	material->created_ms = read_number(item, "createdMs");
	material->valid_to_ms = read_number(item, "validToMs");
	if (json_member(item, "description"))
		material->description = heap_copy(read_text(item, "description"));
	memcpy(material->id, id.data, KMS_MATERIAL_ID_SIZE);
	*out_material = material;
	return ERR_OK;
}

/* Each material has a reference, which the caller releases. */
static enum err read_materials(struct arena *arena, struct seal *seal, yyjson_val *array,
			       struct kms_key *draft)
{
	struct kms_material **materials =
		arena_array(arena, struct kms_material *, yyjson_arr_size(array));
	enum err err = ERR_OK;
	yyjson_val *item;
	size_t i, most;

	draft->materials = (const struct kms_material *const *)materials;
	yyjson_arr_foreach(array, i, most, item) {
		err = read_material(arena, seal, item, draft, &materials[i]);
		if (err)
			break;
		draft->material_count++;
	}
	return err;
}

static bool read_names(yyjson_val *root, struct kms_key *draft)
{
	struct str state = read_text(root, "keyState");
	int i = 0;

	while (i < KMS_STATES && !str_equal(kms_states[i], state))
		i++;
	draft->state = (enum kms_state)i;
	return i < KMS_STATES && kms_spec_find(read_text(root, "keySpec"), &draft->spec) &&
	       kms_usage_find(read_text(root, "keyUsage"), &draft->usage);
}

static enum err read_draft(struct arena *arena, struct seal *seal, yyjson_val *root,
			   struct kms_key *draft)
{
	struct str problem;

	for (size_t i = 0; i < COUNT(texts); i++)
		*(struct str *)at(draft, &texts[i]) = read_text(root, texts[i].name);
	for (size_t i = 0; i < COUNT(numbers); i++)
		*(int64_t *)at(draft, &numbers[i]) = read_number(root, numbers[i].name);
	for (size_t i = 0; i < COUNT(flags); i++)
		*(bool *)at(draft, &flags[i]) = yyjson_get_bool(json_member(root, flags[i].name));
	if (!read_names(root, draft))
		return ERR_DAMAGED;
	draft->tags = read_pairs(arena, json_member(root, "tags"), &draft->tag_count);
	read_aliases(arena, json_member(root, "aliases"), draft);
	read_grants(arena, json_member(root, "grants"), draft);
	struct policy_names names =
		policies_read_names(arena, json_member(root, "policyPrincipals"));
	enum err err = policy_compile_bound(arena, read_text(root, "policy"), POLICY_RESOURCE,
					    names, &draft->policy, &problem);
	if (err)
		return ERR_DAMAGED;
	err = read_materials(arena, seal, json_member(root, "materials"), draft);
	if (!err && draft->has_pending_material && draft->material_count < 2)
		return ERR_DAMAGED;
	return err;
}

enum err kms_key_decode(struct arena *arena, struct seal *seal, struct str record,
			const struct kms_key **out_key)
{
	struct kms_key draft = {0};
	yyjson_val *root;

	if (json_parse(arena, record, &root) != ERR_OK || !yyjson_is_obj(root))
		return ERR_DAMAGED;
	if (read_number(root, "version") != STORE_VERSION)
		return ERR_VERSION;
	enum err err = read_draft(arena, seal, root, &draft);
	if (!err)
		*out_key = kms_key_new(&draft);
	for (size_t i = 0; i < draft.material_count; i++)
		kms_material_release(draft.materials[i]);
	policy_release(draft.policy);
	return err;
}
