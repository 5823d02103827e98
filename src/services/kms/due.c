/* SPDX-License-Identifier: MIT */
/*
 * due: a task sleeps until the earliest time that anything is due, looks at all keys, and makes
 * way for the next one. A key that becomes due sooner gets a task of its own; a task that finds
 * nothing to do does nothing, so none has to be called back.
 */
#include "services/kms/due.h"

#include "services/kms/change.h"
#include "services/kms/material.h"

struct due {
	struct list link;
	struct core_task task;
	int64_t at_ms;
};

/* A destroyed key does not come back, so a clock that is set forward destroys none: the waiting
 * period must have passed by the time base as well. */
static int64_t deletion_of(const struct kms_key *key)
{
	int64_t left_ms = key->deletion_base_ms - clock_base_ms();
	int64_t by_base_ms = left_ms > 0 ? clock_now_ms() + left_ms : 0;

	return by_base_ms > key->deletion_ms ? by_base_ms : key->deletion_ms;
}

/* When the next thing happens to it; INT64_MAX: nothing. */
static int64_t due_of(const struct kms_key *key)
{
	int64_t at_ms = INT64_MAX;

	if (key->state == KMS_STATE_PENDING_DELETION)
		at_ms = deletion_of(key);
	/* A disabled key is rotated once it is enabled again. */
	if (key->state == KMS_STATE_ENABLED && key->is_rotating)
		at_ms = key->next_rotation_ms;
	for (size_t i = 0; i < key->material_count; i++) {
		int64_t valid_to_ms = key->materials[i]->valid_to_ms;
		if (valid_to_ms > 0 && valid_to_ms < at_ms)
			at_ms = valid_to_ms;
	}
	return at_ms;
}

static void run_task(struct core *core, struct core_task *task)
{
	struct due *due = container_of(task, struct due, task);

	list_remove(&due->link);
	heap_free(due);
	enum err err = kms_due_run(core);
	if (err)
		log_event(LOG_ERROR, "a change of keys that is due failed; it is tried again",
			  log_str("error", err_text(err)));
}

static void watch(struct core *core, int64_t at_ms)
{
	struct kms *kms = kms_of(core);

	if (at_ms == INT64_MAX)
		return;
	for (struct list *link = kms->dues.next; link != &kms->dues; link = link->next)
		if (container_of(link, struct due, link)->at_ms <= at_ms)
			return;
	struct due *due = heap_alloc(sizeof(*due));
	due->at_ms = at_ms;
	due->task.run = run_task;
	list_push_back(&kms->dues, &due->link);
	core_post_control_on(core, &due->task, at_ms);
}

void kms_due_watch(struct core *core, const struct kms_key *key)
{
	watch(core, due_of(key));
}

void kms_due_done(struct kms *kms)
{
	while (!list_is_empty(&kms->dues)) {
		struct due *due = container_of(kms->dues.next, struct due, link);
		list_remove(&due->link);
		heap_free(due);
	}
}

/* ---- what is done ---- */

enum err kms_key_rotate(struct core *core, const struct kms_key *key, enum kms_rotation rotation,
			int64_t now_ms)
{
	struct kms_secret secret = kms_secret_generate(key->spec);
	struct kms_key draft = kms_key_draft(key);
	struct kms_material *material;
	struct arena arena;

	arena_init(&arena);
	enum err err = kms_material_add(core, &arena, &draft, &secret, rotation, now_ms, &material);
	check(err == ERR_OK); /* what we made ourselves fits */
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

/* The place of material that has expired, or material_count. */
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
	if (key->state == KMS_STATE_PENDING_DELETION && deletion_of(key) <= now_ms) {
		log_event(LOG_INFO, "key destroyed", log_str("key", key->arn));
		return kms_key_destroy(core, key);
	}
	size_t expired = find_expired(key, now_ms);
	if (expired < key->material_count) {
		log_event(LOG_INFO, "imported key material expired", log_str("key", key->arn));
		return kms_key_forget_material(core, key, expired);
	}
	log_event(LOG_INFO, "key rotated", log_str("key", key->arn));
	return kms_key_rotate(core, key, KMS_ROTATION_AUTOMATIC, now_ms);
}

/* The first key that is due, and the earliest time of those that are not. */
struct look {
	int64_t now_ms, next_ms;
	const struct kms_key *found;
};

static bool look_at(void *context, const struct kms_key *key)
{
	struct look *look = context;
	int64_t at_ms = due_of(key);

	if (at_ms <= look->now_ms) {
		look->found = kms_key_hold(key);
		return false;
	}
	if (at_ms < look->next_ms)
		look->next_ms = at_ms;
	return true;
}

/* Each thing done puts the next time of its key ahead, so the loop ends. */
enum err kms_due_run(struct core *core)
{
	struct kms_registry *registry = kms_of(core)->registry;
	struct str all = {0};

	for (;;) {
		struct look look = {.now_ms = clock_now_ms(), .next_ms = INT64_MAX};
		kms_registry_each(registry, all, all, STR(""), look_at, &look);
		if (!look.found) {
			watch(core, look.next_ms);
			return kms_material_erase(core);
		}
		enum err err = do_due(core, look.found, look.now_ms);
		kms_key_release(look.found);
		if (err) {
			watch(core, look.now_ms + 60000);
			return err;
		}
	}
}
