/* SPDX-License-Identifier: MIT */
/* store: the record Key of model/kms.ops; specs, usages, states and operations by their names. */
#include "services/kms/store.h"

#include <string.h>

#include "api/kms_records.h"
#include "services/kms/grant.h"

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

static void write_grant(struct arena *arena, const struct kms_grant *grant,
			struct kms_grant_record *out)
{
	struct str *operations = arena_array(arena, struct str, KMS_GRANT_OPERATIONS);
	size_t count = 0;

	for (int i = 0; i < KMS_GRANT_OPERATIONS; i++)
		if (grant->operations & 1u << i)
			operations[count++] = kms_grant_operations[i];
	*out = (struct kms_grant_record){
		.grant_id = grant->id,
		.name = grant->name,
		.grantee_principal = grant->grantee.name,
		.grantee_id = grant->grantee.id,
		.retiring_principal = grant->retiring.name,
		.retiring_id = grant->retiring.id,
		.issuing_account = grant->issuing_account,
		.source_arn = grant->source_arn,
		.created_ms = grant->created_ms,
		.operations = operations,
		.operations_count = count,
		.equals = grant->equals,
		.equals_count = grant->equals_count,
		.subset = grant->subset,
		.subset_count = grant->subset_count,
	};
}

static void write_material(struct arena *arena, struct seal *seal, const struct kms_key *key,
			   const struct kms_material *material, struct kms_material_record *out)
{
	struct str secret = kms_secret_str(&material->secret);

	*out = (struct kms_material_record){
		.number = material->number,
		.rotation = material->rotation,
		.created_ms = material->created_ms,
		.valid_to_ms = material->valid_to_ms,
		.description = material->description,
		.key_material_id = str_of(material->id, KMS_MATERIAL_ID_SIZE),
	};
	if (secret.size > 0)
		out->sealed = kms_secret_seal(arena, seal, key->arn, material->number, secret);
}

static void write_lists(struct arena *arena, struct seal *seal, const struct kms_key *key,
			struct kms_key_record *out)
{
	struct kms_alias_record *aliases =
		arena_array(arena, struct kms_alias_record, key->alias_count);
	struct kms_grant_record *grants =
		arena_array(arena, struct kms_grant_record, key->grant_count);
	struct kms_material_record *materials =
		arena_array(arena, struct kms_material_record, key->material_count);

	for (size_t i = 0; i < key->alias_count; i++)
		aliases[i] = (struct kms_alias_record){
			.name = key->aliases[i].name,
			.arn = key->aliases[i].arn,
			.created_ms = key->aliases[i].created_ms,
			.updated_ms = key->aliases[i].updated_ms,
		};
	for (size_t i = 0; i < key->grant_count; i++)
		write_grant(arena, &key->grants[i], &grants[i]);
	for (size_t i = 0; i < key->material_count; i++)
		write_material(arena, seal, key, key->materials[i], &materials[i]);
	out->aliases = aliases;
	out->aliases_count = key->alias_count;
	out->grants = grants;
	out->grants_count = key->grant_count;
	out->materials = materials;
	out->materials_count = key->material_count;
}

void kms_key_encode(struct buf *out, struct arena *arena, struct seal *seal,
		    const struct kms_key *key)
{
	struct policy_names names = policy_names(key->policy);
	struct kms_key_record record = {
		.account = key->account,
		.region = key->region,
		.key_id = key->id,
		.arn = key->arn,
		.description = key->description,
		.created_ms = key->created_ms,
		.deletion_ms = key->deletion_ms,
		.deletion_base_ms = key->deletion_base_ms,
		.pending_window_in_days = key->window_days,
		.rotation_period_in_days = key->rotation_days,
		.next_rotation_ms = key->next_rotation_ms,
		.external = key->is_external,
		.managed = key->is_managed,
		.multi_region = key->is_multi_region,
		.rotating = key->is_rotating,
		.pending_material = key->has_pending_material,
		.key_spec = kms_specs[key->spec].name,
		.key_usage = kms_usages[key->usage],
		.key_state = kms_states[key->state],
		.policy = policy_text(key->policy),
		.policy_principals = names.items,
		.policy_principals_count = names.count,
		.tags = key->tags,
		.tags_count = key->tag_count,
	};

	write_lists(arena, seal, key, &record);
	kms_key_record_encode(out, &record);
}

/* ---- reading ---- */

static uint32_t read_operations(const struct kms_grant_record *record)
{
	uint32_t operations = 0, bit;

	for (size_t i = 0; i < record->operations_count; i++)
		if (kms_grant_operation_find(record->operations[i], &bit))
			operations |= bit;
	return operations;
}

static void read_lists(struct arena *arena, const struct kms_key_record *record,
		       struct kms_key *draft)
{
	struct kms_alias *aliases = arena_array(arena, struct kms_alias, record->aliases_count);
	struct kms_grant *grants = arena_array(arena, struct kms_grant, record->grants_count);

	for (size_t i = 0; i < record->aliases_count; i++)
		aliases[i] = (struct kms_alias){
			.name = record->aliases[i].name,
			.arn = record->aliases[i].arn,
			.created_ms = record->aliases[i].created_ms,
			.updated_ms = record->aliases[i].updated_ms,
		};
	for (size_t i = 0; i < record->grants_count; i++) {
		const struct kms_grant_record *grant = &record->grants[i];
		grants[i] = (struct kms_grant){
			.id = grant->grant_id,
			.name = grant->name,
			.grantee = {grant->grantee_principal, grant->grantee_id},
			.retiring = {grant->retiring_principal, grant->retiring_id},
			.issuing_account = grant->issuing_account,
			.source_arn = grant->source_arn,
			.created_ms = grant->created_ms,
			.operations = read_operations(grant),
			.equals = grant->equals,
			.equals_count = grant->equals_count,
			.subset = grant->subset,
			.subset_count = grant->subset_count,
		};
	}
	draft->aliases = aliases;
	draft->alias_count = record->aliases_count;
	draft->grants = grants;
	draft->grant_count = record->grants_count;
}

static enum err read_material(struct arena *arena, struct seal *seal,
			      const struct kms_material_record *record, const struct kms_key *draft,
			      struct kms_material **out_material)
{
	struct kms_secret secret = {0};
	enum err err = ERR_OK;

	if (record->key_material_id.size != KMS_MATERIAL_ID_SIZE || record->number < 1 ||
	    record->number > UINT32_MAX || record->rotation < KMS_ROTATION_NONE ||
	    record->rotation > KMS_ROTATION_ON_DEMAND)
		return ERR_DAMAGED;
	if (record->sealed.size > 0)
		err = kms_secret_open(arena, seal, draft->arn, (uint32_t)record->number,
				      record->sealed, &secret);
	if (err)
		return err;
	struct kms_material *material = kms_material_new(draft->spec, &secret);
	if (!material)
		return ERR_DAMAGED;
	material->number = (uint32_t)record->number;
	material->rotation = (enum kms_rotation)record->rotation;
	material->created_ms = record->created_ms;
	material->valid_to_ms = record->valid_to_ms;
	if (record->description.data)
		material->description = heap_copy(record->description);
	memcpy(material->id, record->key_material_id.data, KMS_MATERIAL_ID_SIZE);
	*out_material = material;
	return ERR_OK;
}

/* Each material has a reference, which the caller releases. */
static enum err read_materials(struct arena *arena, struct seal *seal,
			       const struct kms_key_record *record, struct kms_key *draft)
{
	struct kms_material **materials =
		arena_array(arena, struct kms_material *, record->materials_count);
	enum err err = ERR_OK;

	draft->materials = (const struct kms_material *const *)materials;
	for (size_t i = 0; !err && i < record->materials_count; i++) {
		err = read_material(arena, seal, &record->materials[i], draft, &materials[i]);
		if (!err)
			draft->material_count++;
	}
	return err;
}

static bool read_names(const struct kms_key_record *record, struct kms_key *draft)
{
	int i = 0;

	while (i < KMS_STATES && !str_equal(kms_states[i], record->key_state))
		i++;
	draft->state = (enum kms_state)i;
	return i < KMS_STATES && kms_spec_find(record->key_spec, &draft->spec) &&
	       kms_usage_find(record->key_usage, &draft->usage);
}

static enum err read_draft(struct arena *arena, struct seal *seal,
			   const struct kms_key_record *record, struct kms_key *draft)
{
	struct policy_names names = {record->policy_principals, record->policy_principals_count};
	struct str problem;

	*draft = (struct kms_key){
		.account = record->account,
		.region = record->region,
		.id = record->key_id,
		.arn = record->arn,
		.description = record->description,
		.created_ms = record->created_ms,
		.deletion_ms = record->deletion_ms,
		.deletion_base_ms = record->deletion_base_ms,
		.window_days = record->pending_window_in_days,
		.rotation_days = record->rotation_period_in_days,
		.next_rotation_ms = record->next_rotation_ms,
		.is_external = record->external,
		.is_managed = record->managed,
		.is_multi_region = record->multi_region,
		.is_rotating = record->rotating,
		.has_pending_material = record->pending_material,
		.tags = record->tags,
		.tag_count = record->tags_count,
	};
	if (!read_names(record, draft))
		return ERR_DAMAGED;
	read_lists(arena, record, draft);
	enum err err = policy_compile_bound(arena, record->policy, POLICY_RESOURCE, names,
					    &draft->policy, &problem);
	if (err)
		return ERR_DAMAGED;
	err = read_materials(arena, seal, record, draft);
	if (!err && draft->has_pending_material && draft->material_count < 2)
		return ERR_DAMAGED;
	return err;
}

enum err kms_key_decode(struct arena *arena, struct seal *seal, struct str bytes,
			const struct kms_key **out_key)
{
	struct kms_key_record record;
	struct kms_key draft = {0};

	enum err err = kms_key_record_decode(arena, bytes, &record);
	if (!err)
		err = read_draft(arena, seal, &record, &draft);
	if (!err)
		*out_key = kms_key_new(&draft);
	for (size_t i = 0; i < draft.material_count; i++)
		kms_material_release(draft.materials[i]);
	policy_release(draft.policy);
	return err;
}
