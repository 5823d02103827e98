/* SPDX-License-Identifier: MIT */
/* metrics: the figures of topics. Control thread. */
#ifndef TERN_SERVICES_SNS_METRICS_H
#define TERN_SERVICES_SNS_METRICS_H

#include "services/sns/state.h"

void sns_metrics(const struct core *core, struct buf *out);
/* Control thread: the metrics of AWS/SNS of the minute that is being closed. */
void sns_collect(struct core *core, struct metric_minute *minute);
/* Any thread: the size of a published message, PublishSize. */
void sns_metrics_add_size(struct core *core, const struct topic *topic, size_t size);

#endif
