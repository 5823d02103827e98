/* SPDX-License-Identifier: MIT */
/* metrics: the figures of topics. Control thread. */
#ifndef TERN_SERVICES_SNS_METRICS_H
#define TERN_SERVICES_SNS_METRICS_H

#include "services/sns/state.h"

void sns_metrics(const struct core *core, struct buf *out);

#endif
