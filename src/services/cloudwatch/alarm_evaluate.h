/* SPDX-License-Identifier: MIT */
/* alarm_evaluate: evaluates all alarms when a minute closes. Control thread. */
#ifndef TERN_SERVICES_CLOUDWATCH_ALARM_EVALUATE_H
#define TERN_SERVICES_CLOUDWATCH_ALARM_EVALUATE_H

#include "services/cloudwatch/alarm_change.h"
#include "services/cloudwatch/alarm_watch.h"

/* Of core/metric.h: the minute that begins at start_ms is closed. */
void cloudwatch_alarms_closed(struct core *core, int64_t start_ms);
/* In the arena: "Threshold Crossed: ..." and the JSON about it, at most AWS's lengths. */
void cloudwatch_alarm_explain(struct arena *arena, const struct cloudwatch_metric_alarm *shown,
			      const struct alarm_criteria *criteria, uint32_t period_s,
			      const struct alarm_evaluation *evaluation, int64_t now_ms,
			      struct str *out_reason, struct str *out_data);

#endif
