/* SPDX-License-Identifier: MIT */
/*
 * metrics: the figures of queues. Control thread.
 */
#ifndef TERN_SERVICES_SQS_METRICS_H
#define TERN_SERVICES_SQS_METRICS_H

#include "services/sqs/state.h"

void sqs_metrics(const struct core *core, struct buf *out);

#endif
