/* SPDX-License-Identifier: MIT */
/* describe: a key's metadata follows from its spec and usage. */
#include "services/kms/describe.h"

#include "services/kms/material.h"

static void list_algorithms(struct arena *arena, const struct kms_key *key,
			    struct kms_key_metadata *out)
{
	struct str *names = arena_array(arena, struct str, KMS_ALGORITHMS);
	size_t count = 0;

	for (int i = 0; i < KMS_ALGORITHMS; i++)
		if (kms_algorithm_fits(&kms_algorithms[i], key->spec, key->usage))
			names[count++] = kms_algorithms[i].name;
	if (key->usage == KMS_USAGE_ENCRYPT_DECRYPT) {
		out->encryption_algorithms = names;
		out->encryption_algorithms_count = count;
	} else if (key->usage == KMS_USAGE_KEY_AGREEMENT) {
		out->key_agreement_algorithms = names;
		out->key_agreement_algorithms_count = count;
	} else if (key->usage == KMS_USAGE_SIGN_VERIFY) {
		out->signing_algorithms = names;
		out->signing_algorithms_count = count;
	} else {
		out->mac_algorithms = names;
		out->mac_algorithms_count = count;
	}
}

static void describe_material(const struct kms_key *key, struct kms_key_metadata *out)
{
	const struct kms_material *material = kms_key_material(key);

	if (!material)
		return;
	if (key->spec == KMS_SPEC_SYMMETRIC_DEFAULT)
		out->current_key_material_id = str_of(material->id, KMS_MATERIAL_ID_SIZE);
	if (!key->is_external || !kms_key_has_all_material(key))
		return;
	out->valid_to = kms_key_valid_to(key);
	out->has_valid_to = out->valid_to > 0;
	out->expiration_model = out->has_valid_to ? STR("KEY_MATERIAL_EXPIRES")
						  : STR("KEY_MATERIAL_DOES_NOT_EXPIRE");
}

static void describe_regions(struct arena *arena, const struct kms_key *key,
			     struct kms_key_metadata *out)
{
	if (!key->is_multi_region)
		return;
	out->multi_region_configuration = arena_new(arena, struct kms_multi_region_configuration);
	struct kms_multi_region_configuration *regions = out->multi_region_configuration;
	regions->multi_region_key_type = STR("PRIMARY");
	regions->primary_key = arena_new(arena, struct kms_multi_region_key);
	*regions->primary_key = (struct kms_multi_region_key){key->arn, key->region};
	regions->replica_keys = arena_array(arena, struct kms_multi_region_key, 0);
}

void kms_describe_key_to(struct arena *arena, const struct kms_key *key,
			 struct kms_key_metadata *out)
{
	out->aws_account_id = key->account;
	out->key_id = key->id;
	out->arn = key->arn;
	out->creation_date = key->created_ms;
	out->has_creation_date = true;
	out->enabled = key->state == KMS_STATE_ENABLED;
	out->has_enabled = true;
	out->description = key->description;
	out->key_usage = kms_usages[key->usage];
	out->key_state = kms_states[key->state];
	out->origin = key->is_external ? STR("EXTERNAL") : STR("AWS_KMS");
	out->key_manager = key->is_managed ? STR("AWS") : STR("CUSTOMER");
	out->key_spec = out->customer_master_key_spec = kms_specs[key->spec].name;
	out->multi_region = key->is_multi_region;
	out->has_multi_region = true;
	if (key->state == KMS_STATE_PENDING_DELETION) {
		out->deletion_date = key->deletion_ms;
		out->has_deletion_date = true;
	}
	list_algorithms(arena, key, out);
	describe_material(key, out);
	describe_regions(arena, key, out);
}
