/* SPDX-License-Identifier: MIT */
/* kms: the service's beginning and end. */
#include "services/kms/kms.h"

#include "api/handlers.h"
#include "api/kms.h"
#include "core/billing.h"
#include "core/metrics.h"
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

/* Loads the keys. */
static enum err start(struct core *core, const struct service_start *start, struct str *out_problem)
{
	struct kms *kms = kms_of(core);

	(void)start;
	(void)out_problem; /* the configuration has no keys */
	kms->registry = kms_registry_new();
	enum err err = load_keys(core);
	return err ? err : kms_due_start(core);
}

static void stop(struct core *core)
{
	struct kms *kms = kms_of(core);

	kms_registry_free(&kms->registry);
}

struct stats {
	uint64_t keys[KMS_STATES];
	uint64_t service_calls[KMS_SERVICE_CALLS]; /* of other services */
};

static void read_stats(const struct core *core, struct stats *out_stats)
{
	struct kms *kms = kms_of(core);

	kms_registry_count_states(kms->registry, out_stats->keys);
	for (int i = 0; i < KMS_SERVICE_CALLS; i++)
		out_stats->service_calls[i] =
			atomic_load_explicit(&kms->service_calls[i], memory_order_relaxed);
}

static void metrics(const struct core *core, struct buf *out)
{
	static const char *const operations[KMS_SERVICE_CALLS] = {"GenerateDataKey", "Decrypt"};
	struct stats stats;

	read_stats(core, &stats);
	metrics_family(out, "tern_kms_keys", "gauge", "KMS keys by state.");
	for (int i = 0; i < KMS_STATES; i++)
		buf_format(out, "tern_kms_keys{state=\"%.*s\"} %llu\n", STR_ARG(kms_states[i]),
			   (unsigned long long)stats.keys[i]);
	metrics_family(out, "tern_kms_service_calls_total", "counter",
		       "Calls of other services to KMS, as AWS would bill them.");
	for (int i = 0; i < KMS_SERVICE_CALLS; i++)
		buf_format(out, "tern_kms_service_calls_total{operation=\"%s\"} %llu\n",
			   operations[i], (unsigned long long)stats.service_calls[i]);
}

/* A customer's key costs by the hour, unless it is pending deletion.
 * https://aws.amazon.com/kms/pricing/ */
struct billed {
	void (*add)(void *context, const struct billing_item *item);
	void *context;
};

static bool bill_key(void *context, const struct kms_key *key)
{
	const struct billed *billed = context;
	const struct billing_item item = {
		.account = key->account,
		.region = key->region,
		.usage = STR("KMS-Keys"),
		.resource = key->arn,
		.micro = BILLING_MICRO,
	};

	if (!key->is_managed && key->state != KMS_STATE_PENDING_DELETION)
		billed->add(billed->context, &item);
	return true;
}

static void bill_keys(struct core *core,
		      void (*add)(void *context, const struct billing_item *item), void *context)
{
	struct billed billed = {add, context};

	kms_registry_each(kms_of(core)->registry, (struct str){0}, (struct str){0}, (struct str){0},
			  bill_key, &billed);
}

const struct service_module kms_module = {
	.service = &kms_service,
	.bind = kms_bind_handlers,
	.stage = SERVICE_AFTER_ENGINE, /* keys are rotated and destroyed by the time base */
	.needs = "iam",
	.state_magic = 0x534d4b53,
	.state_size = sizeof(struct kms),
	.start = start,
	.stop = stop,
	.metrics = metrics,
	.kms = &kms_for_services,
	.bill = bill_keys,
};
