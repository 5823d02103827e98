/* SPDX-License-Identifier: MIT */
/* alarms: the part of alarms in the service's module. Threads: see the functions. */
#ifndef TERN_SERVICES_CLOUDWATCH_ALARMS_H
#define TERN_SERVICES_CLOUDWATCH_ALARMS_H

#include "services/cloudwatch/cloudwatch.h"

/* Main. Errors as the catalog's. */
must_check enum err cloudwatch_alarms_start(struct core *core);
void cloudwatch_alarms_stop(struct core *core);
/* Control thread: deletes the account's alarms; adds their number to *count. */
must_check enum err cloudwatch_alarms_reset(struct core *core, struct str account, uint64_t *count);
/* Control thread: figures for /_tern/metrics. */
void cloudwatch_alarms_figures(const struct core *core, struct buf *out);

extern const struct obligation_kind cloudwatch_alarm_obligation;

#endif
