/* SPDX-License-Identifier: MIT */
/* alarm_history: items of the last 30 days. Control thread. */
#ifndef TERN_SERVICES_CLOUDWATCH_ALARM_HISTORY_H
#define TERN_SERVICES_CLOUDWATCH_ALARM_HISTORY_H

#include "services/cloudwatch/alarm_store.h"

/* Once an hour: deletes older items. */
void cloudwatch_history_sweep(struct core *core, int64_t now_ms);

#endif
