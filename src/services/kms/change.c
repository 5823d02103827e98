/* SPDX-License-Identifier: MIT */
/* change: one row a key; the registry follows the catalog's commit. */
#include "services/kms/change.h"

#include <string.h>

#include "core/group.h"
#include "services/kms/due.h"
#include "services/kms/material.h"
#include "services/kms/store.h"

static enum err write_keys(struct core *core, const struct kms_key *const *keys, size_t count)
{
	struct catalog_changes changes = {0};
	struct arena arena;
	struct buf record = {0};

	arena_init(&arena);
	for (size_t i = 0; i < count; i++) {
		buf_reset(&record);
		kms_key_encode(&record, &arena, core->seal, keys[i]);
		catalog_changes_put(&changes, CATALOG_KMS_KEYS, keys[i]->id, buf_str(&record));
		const struct kms_key *old = kms_registry_find(kms_of(core)->registry, keys[i]->id);
		due_set(&changes, DUE_KMS_KEY, keys[i]->id, kms_due_of(old), kms_due_of(keys[i]));
		kms_key_release(old);
	}
	buf_done(&record);
	arena_done(&arena);
	return catalog_write(core->catalog, &changes);
}

enum err kms_keys_change(struct core *core, const struct kms_key *drafts, size_t count)
{
	enum { AT_ONCE = 2 };
	const struct kms_key *keys[AT_ONCE];

	check(count <= AT_ONCE);
	for (size_t i = 0; i < count; i++)
		keys[i] = kms_key_new(&drafts[i]);
	enum err err = write_keys(core, keys, count);
	if (err) {
		for (size_t i = 0; i < count; i++)
			kms_key_release(keys[i]);
		return err;
	}
	for (size_t i = 0; i < count; i++)
		due_watch(core, kms_due_of(keys[i]));
	kms_registry_put(kms_of(core)->registry, keys, count);
	return ERR_OK;
}

enum err kms_key_change(struct core *core, const struct kms_key *draft)
{
	return kms_keys_change(core, draft, 1);
}

enum err kms_key_destroy(struct core *core, const struct kms_key *key)
{
	enum err err = catalog_begin(core->catalog, true);

	if (!err)
		err = catalog_delete(core->catalog, CATALOG_KMS_KEYS, key->id);
	/* Free pages must not keep the material. */
	if (!err)
		err = catalog_want_rewrite(core->catalog);
	if (!err)
		err = catalog_commit(core->catalog);
	else
		catalog_abort(core->catalog);
	if (!err)
		kms_registry_remove(kms_of(core)->registry, key->id);
	return err;
}

enum err kms_material_erase(struct core *core)
{
	enum err err = core_leave_group(core);

	if (err)
		return err;
	err = catalog_rewrite_wanted(core->catalog);
	if (err)
		log_event(LOG_ERROR,
			  "destroyed key material stays in free pages of the catalog until the "
			  "next start",
			  log_str("error", err_text(err)));
	return ERR_OK;
}

enum err kms_material_will_go(struct core *core)
{
	enum err err = catalog_begin(core->catalog, true);

	if (!err)
		err = catalog_want_rewrite(core->catalog);
	if (!err)
		return catalog_commit(core->catalog);
	catalog_abort(core->catalog);
	return err;
}

/*
 * The same bytes in the same key have the same id, so that a repeated import is recognized. The
 * server's own key in the hash keeps the id from revealing the material.
 */
static void make_id(const struct core *core, struct arena *arena, const struct kms_key *draft,
		    const struct kms_secret *secret, char out[KMS_MATERIAL_ID_SIZE])
{
	uint8_t key[32], digest[32];
	struct str label = arena_format(arena, "kms material %.*s", STR_ARG(draft->arn));

	hmac_sha256(str_of(core->hash_key, sizeof(core->hash_key)), label, key);
	hmac_sha256(str_of(key, sizeof(key)), kms_secret_str(secret), digest);
	hex_format(str_of(digest, sizeof(digest)), out);
}

enum err kms_material_make(struct core *core, struct arena *arena, const struct kms_key *draft,
			   struct kms_secret *secret, struct kms_material **out_material)
{
	char id[KMS_MATERIAL_ID_SIZE];

	make_id(core, arena, draft, secret, id);
	struct kms_material *material = kms_material_new(draft->spec, secret);
	if (!material)
		return ERR_INVALID;
	memcpy(material->id, id, sizeof(id));
	*out_material = material;
	return ERR_OK;
}

enum err kms_material_add(struct core *core, struct arena *arena, struct kms_key *draft,
			  struct kms_secret *secret, enum kms_rotation rotation, int64_t now_ms,
			  struct kms_material **out_material)
{
	size_t count = draft->material_count;
	struct kms_material *material;

	enum err err = kms_material_make(core, arena, draft, secret, &material);
	if (err)
		return err;
	material->number = count > 0 ? draft->materials[count - 1]->number + 1 : 1;
	material->rotation = rotation;
	material->created_ms = now_ms;
	kms_draft_put_material(arena, draft, count, material);
	*out_material = material;
	return ERR_OK;
}

struct str kms_default_policy(struct arena *arena, struct str account, struct str region)
{
	return arena_format(arena,
			    "{\n  \"Version\" : \"2012-10-17\",\n"
			    "  \"Id\" : \"key-default-1\",\n"
			    "  \"Statement\" : [ {\n"
			    "    \"Sid\" : \"Enable IAM User Permissions\",\n"
			    "    \"Effect\" : \"Allow\",\n"
			    "    \"Principal\" : {\n"
			    "      \"AWS\" : \"arn:%.*s:iam::%.*s:root\"\n    },\n"
			    "    \"Action\" : \"kms:*\",\n"
			    "    \"Resource\" : \"*\"\n  } ]\n}",
			    STR_ARG(arn_partition(region)), STR_ARG(account));
}

const struct policy *kms_policy_of(struct arena *arena, struct str text)
{
	const struct policy *policy = NULL;
	struct str problem;

	enum err err = policy_compile(arena, text, POLICY_RESOURCE, &policy, &problem);
	check(err == ERR_OK);
	return policy;
}

void kms_draft_new(struct arena *arena, struct str account, struct str region, bool is_multi_region,
		   int64_t now_ms, struct kms_key *out_draft)
{
	char *id = arena_bytes(arena, KMS_KEY_ID_SIZE);
	uint8_t bytes[16];

	uuid_new(bytes);
	uuid_format(bytes, id);
	if (is_multi_region) {
		memcpy(id, "mrk-", 4);
		hex_format(str_of(bytes, sizeof(bytes)), id + 4);
	}
	*out_draft = (struct kms_key){
		.account = account,
		.region = region,
		.id = str_of(id, KMS_KEY_ID_SIZE),
		.description = STR(""),
		.is_multi_region = is_multi_region,
		.created_ms = now_ms,
	};
	out_draft->arn = arn_make(arena, STR("kms"), region, account,
				  arena_format(arena, "key/%.*s", KMS_KEY_ID_SIZE, id));
}
