/* SPDX-License-Identifier: MIT */
/* cloudwatch: the service's beginning and end. */
#include "services/cloudwatch/cloudwatch.h"

#include "api/cloudwatch.h"
#include "api/handlers.h"
#include "core/metric.h"

static enum err start(struct core *core, const struct service_start *start, struct str *out_problem)
{
	(void)core;
	(void)start;
	(void)out_problem;
	return ERR_OK;
}

static void stop(struct core *core)
{
	(void)core;
}

static enum err reset(struct core *core, struct str account, uint64_t *count)
{
	*count += metric_remove_account(core, account);
	return ERR_OK;
}

const struct service_module cloudwatch_module = {
	.service = &cloudwatch_service,
	.bind = cloudwatch_bind_handlers,
	.stage = SERVICE_AFTER_ENGINE,
	.needs = "iam",
	.state_magic = 0x636c6f75,
	.state_size = sizeof(struct cloudwatch),
	.start = start,
	.stop = stop,
	.reset = reset,
	.reset_name = "deleted_metrics",
};
