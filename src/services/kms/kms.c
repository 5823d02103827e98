/* SPDX-License-Identifier: MIT */
/* kms: the service's beginning and end. */
#include "services/kms/kms.h"

#include "services/kms/due.h"
#include "services/kms/store.h"

static enum err load_row(void *context, struct str id, struct str record)
{
	struct core *core = context;
	const struct kms_key *key = NULL;
	struct arena arena;

	arena_init(&arena);
	enum err err = kms_key_decode(&arena, core->seal, record, &key);
	if (!err && !str_equal(key->id, id)) {
		kms_key_release(key);
		err = ERR_DAMAGED;
	}
	if (!err)
		kms_registry_put(kms_of(core)->registry, &key, 1);
	arena_done(&arena);
	return err;
}

static enum err load_keys(struct core *core)
{
	enum err err = catalog_begin(core->catalog, false);

	if (!err)
		err = catalog_each(core->catalog, CATALOG_KMS_KEYS, load_row, core);
	catalog_abort(core->catalog);
	return err;
}

enum err kms_start(struct core *core)
{
	struct kms *kms = heap_alloc(sizeof(*kms));

	kms->registry = kms_registry_new();
	list_init(&kms->dues);
	core->kms_state = kms;
	core->kms = &kms_for_services;
	enum err err = load_keys(core);
	return err ? err : kms_due_run(core);
}

void kms_stop(struct core *core)
{
	struct kms *kms = kms_of(core);

	if (!kms)
		return;
	kms_due_done(kms);
	kms_registry_free(&kms->registry);
	heap_free(kms);
	core->kms_state = NULL;
	core->kms = NULL;
}

void kms_stats_read(const struct core *core, struct kms_stats *out_stats)
{
	struct kms *kms = kms_of(core);

	kms_registry_count_states(kms->registry, out_stats->keys);
	for (int i = 0; i < KMS_SERVICE_CALLS; i++)
		out_stats->service_calls[i] =
			atomic_load_explicit(&kms->service_calls[i], memory_order_relaxed);
}
