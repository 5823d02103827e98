/* SPDX-License-Identifier: MIT */
/*
 * dashboard: the dashboards of all accounts; they belong to no region.
 *
 * A snapshot never changes. Only the control thread (or main at start-up) changes the table; any
 * thread reads it (base/snapshot.h).
 */
#ifndef TERN_SERVICES_CLOUDWATCH_DASHBOARD_H
#define TERN_SERVICES_CLOUDWATCH_DASHBOARD_H

#include "api/cloudwatch.h"
#include "services/cloudwatch/cloudwatch.h"

/* Main. Errors as the catalog's. */
must_check enum err cloudwatch_dashboards_start(struct core *core);
void cloudwatch_dashboards_stop(struct core *core);
/* Control thread: deletes the account's dashboards; adds their number to *count. */
must_check enum err cloudwatch_dashboards_reset(struct core *core, struct str account,
						uint64_t *count);

#endif
