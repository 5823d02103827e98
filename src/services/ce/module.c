/* SPDX-License-Identifier: MIT */
/* ce: the service's beginning and end. */
#include "api/ce.h"
#include "api/handlers.h"
#include "core/billing.h"
#include "core/metrics.h"
#include "services/ce/ce.h"
#include "services/ce/collect.h"

static enum err start(struct core *core, const struct service_start *start, struct str *out_problem)
{
	struct ce *ce = ce_of(core);
	struct str directory =
		start->data.size > 0 ? arena_format(start->arena, "%.*s/cost", STR_ARG(start->data))
				     : (struct str){0};

	pthread_mutex_init(&ce->mutex, NULL);
	enum err err =
		price_list_parse(start->arena, price_list_standard, &ce->prices, out_problem);
	if (err)
		return ERR_FAULT;
	err = ce_load(core, directory, start->is_durable);
	if (err)
		return err;
	billing_open(core);
	ce_collect_start(core);
	return ERR_OK;
}

static void stop(struct core *core)
{
	struct ce *ce = ce_of(core);

	ce_collect_stop(core);
	billing_close(core);
	ledger_free(&ce->fresh);
	ledger_free(&ce->ledger);
	price_list_free(&ce->prices);
	pthread_mutex_destroy(&ce->mutex);
}

static void metrics(const struct core *core, struct buf *out)
{
	struct ce *ce = ce_of(core);

	pthread_mutex_lock(&ce->mutex);
	metrics_number(out, "tern_cost_series", "gauge",
		       "Accounts, regions, usage types, operations and resources with usage.",
		       ledger_series_count(ce->ledger));
	metrics_number(out, "tern_cost_rows", "gauge", "Hours of these series.",
		       ledger_count(ce->ledger));
	pthread_mutex_unlock(&ce->mutex);
}

const struct service_module ce_module = {
	.service = &ce_service,
	.bind = ce_bind_handlers,
	.stage = SERVICE_AFTER_ENGINE,
	.needs = "iam",
	.state_magic = 0x63653131,
	.state_size = sizeof(struct ce),
	.start = start,
	.stop = stop,
	.metrics = metrics,
};
