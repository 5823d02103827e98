/* SPDX-License-Identifier: MIT */
/* module: the service's beginning and end. */
#include "services/cloudwatch/cloudwatch.h"

#include "api/cloudwatch.h"
#include "api/handlers.h"
#include "core/metric.h"
#include "services/cloudwatch/alarms.h"
#include "services/cloudwatch/dashboard.h"

static enum err start(struct core *core, const struct service_start *start, struct str *out_problem)
{
	(void)start;
	(void)out_problem; /* the configuration has no alarms */
	enum err err = cloudwatch_dashboards_start(core);
	return err ? err : cloudwatch_alarms_start(core);
}

static void stop(struct core *core)
{
	cloudwatch_alarms_stop(core);
	cloudwatch_dashboards_stop(core);
}

static enum err reset(struct core *core, struct str account, uint64_t *count)
{
	*count += metric_remove_account(core, account);
	enum err err = cloudwatch_dashboards_reset(core, account, count);
	return err ? err : cloudwatch_alarms_reset(core, account, count);
}

static const struct obligation_kind *const obligations[] = {&cloudwatch_alarm_obligation};

const struct service_module cloudwatch_module = {
	.service = &cloudwatch_service,
	.bind = cloudwatch_bind_handlers,
	.stage = SERVICE_AFTER_ENGINE,
	.needs = "iam sqs sns events",
	.state_magic = 0x636c6f75,
	.state_size = sizeof(struct cloudwatch),
	.start = start,
	.stop = stop,
	.reset = reset,
	.reset_name = "deleted_metrics_and_alarms",
	.metrics = cloudwatch_alarms_figures,
	.obligations = obligations,
	.obligation_count = 1,
};
