/* SPDX-License-Identifier: MIT */
/*
 * due: each key with a date has one entry in core/due.h, written with the key's record. Its
 * function makes one change after another until the key has no due time left.
 */
#include "services/kms/due.h"

#include "services/kms/change.h"
#include "services/kms/material.h"

/*
 * Destruction is final, so a clock that is set forward destroys no key: the waiting period must
 * have passed by the time base as well.
 */
struct due_time kms_due_of(const struct kms_key *key)
{
	struct due_time at = DUE_NEVER;

	if (!key)
		return at;
	if (key->state == KMS_STATE_PENDING_DELETION)
		at = (struct due_time){key->deletion_ms, key->deletion_base_ms};
	/* A disabled key is rotated once it is enabled again. */
	if (key->state == KMS_STATE_ENABLED && key->is_rotating)
		at = (struct due_time){.wall_ms = key->next_rotation_ms};
	for (size_t i = 0; i < key->material_count; i++) {
		int64_t valid_to_ms = key->materials[i]->valid_to_ms;
		if (valid_to_ms > 0 && valid_to_ms < at.wall_ms)
			at = (struct due_time){.wall_ms = valid_to_ms};
	}
	return at;
}

static bool is_due(const struct kms_key *key)
{
	struct due_time at = kms_due_of(key);

	return at.wall_ms <= clock_now_ms() && at.base_ms <= clock_base_ms();
}

/* ---- scheduled changes ---- */

enum err kms_key_rotate(struct core *core, const struct kms_key *key, enum kms_rotation rotation,
			int64_t now_ms)
{
	struct kms_secret secret = kms_secret_generate(key->spec);
	struct kms_key draft = kms_key_draft(key);
	struct kms_material *material;
	struct arena arena;

	arena_init(&arena);
	enum err err = kms_material_add(core, &arena, &draft, &secret, rotation, now_ms, &material);
	check(err == ERR_OK); /* our own material fits */
	if (rotation == KMS_ROTATION_AUTOMATIC)
		draft.next_rotation_ms = now_ms + draft.rotation_days * KMS_DAY_MS;
	err = kms_key_change(core, &draft);
	kms_material_release(material);
	arena_done(&arena);
	return err;
}

enum err kms_key_forget_material(struct core *core, const struct kms_key *key, size_t place)
{
	struct kms_key draft = kms_key_draft(key);
	struct kms_material *rest = NULL;
	struct arena arena;

	arena_init(&arena);
	if (key->has_pending_material && place + 1 == key->material_count) {
		kms_draft_drop_material(&arena, &draft, place);
		draft.has_pending_material = false;
	} else {
		/* Its number and id stay, so that only the same material can be imported again. */
		rest = kms_material_copy(key->spec, key->materials[place], false);
		kms_draft_put_material(&arena, &draft, place, rest);
		if (draft.state != KMS_STATE_PENDING_DELETION)
			draft.state = KMS_STATE_PENDING_IMPORT;
	}
	enum err err = kms_material_will_go(core);
	if (!err)
		err = kms_key_change(core, &draft);
	kms_material_release(rest);
	arena_done(&arena);
	return err;
}

/* The index of expired material, or material_count. */
static size_t find_expired(const struct kms_key *key, int64_t now_ms)
{
	size_t place = 0;

	while (place < key->material_count && (key->materials[place]->valid_to_ms == 0 ||
					       key->materials[place]->valid_to_ms > now_ms))
		place++;
	return place;
}

static enum err do_due(struct core *core, const struct kms_key *key, int64_t now_ms)
{
	size_t expired = find_expired(key, now_ms);
	if (expired < key->material_count) {
		log_event(LOG_INFO, "imported key material expired", log_str("key", key->arn));
		return kms_key_forget_material(core, key, expired);
	}
	if (key->state == KMS_STATE_PENDING_DELETION) {
		log_event(LOG_INFO, "key destroyed", log_str("key", key->arn));
		return kms_key_destroy(core, key);
	}
	log_event(LOG_INFO, "key rotated", log_str("key", key->arn));
	return kms_key_rotate(core, key, KMS_ROTATION_AUTOMATIC, now_ms);
}

/* Each change moves the key's next due time forward, so the loop ends. */
static enum err run_key(struct core *core, struct str id)
{
	enum err err = ERR_OK;
	bool has_changed = false;

	for (;;) {
		const struct kms_key *key = kms_registry_find(kms_of(core)->registry, id);
		if (!key)
			break;
		bool goes_on = is_due(key);
		if (goes_on)
			err = do_due(core, key, clock_now_ms());
		kms_key_release(key);
		if (err)
			return err;
		if (!goes_on)
			break;
		has_changed = true;
	}
	return has_changed ? kms_material_erase(core) : ERR_OK;
}

struct restoring {
	struct core *core;
	enum err err;
};

static bool restore(void *context, const struct kms_key *key)
{
	struct restoring *restoring = context;

	restoring->err = due_restore(restoring->core, DUE_KMS_KEY, key->id, kms_due_of(key));
	return !restoring->err;
}

enum err kms_due_start(struct core *core)
{
	struct restoring restoring = {.core = core};
	struct str all = {0};

	due_register(core, DUE_KMS_KEY, run_key);
	/* A catalog of an earlier build has keys without entries. */
	kms_registry_each(kms_of(core)->registry, all, all, STR(""), restore, &restoring);
	return restoring.err;
}
