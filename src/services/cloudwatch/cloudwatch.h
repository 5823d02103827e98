/* SPDX-License-Identifier: MIT */
/*
 * cloudwatch: the service's module. Metrics are core's (core/metric.h); the operations on them are
 * in metric*.c, those on alarms in alarm*.c and composite*.c. Any thread.
 */
#ifndef TERN_SERVICES_CLOUDWATCH_CLOUDWATCH_H
#define TERN_SERVICES_CLOUDWATCH_CLOUDWATCH_H

#include "core/core.h"
#include "core/service.h"

struct cloudwatch_alarms;
struct snapshot_table;

struct cloudwatch {
	uint32_t magic;
	struct cloudwatch_alarms *alarms;  /* alarm_state.h */
	struct snapshot_table *dashboards; /* dashboard.c */
};

extern const struct service_module cloudwatch_module;
/* The state; NULL: the service is not started. */
static inline struct cloudwatch *cloudwatch_of(const struct core *core)
{
	return service_state(core, &cloudwatch_module);
}

#endif
