/* SPDX-License-Identifier: MIT */
/*
 * metric_usage: AWS/Usage, the calls of each operation, from the usage that is merged each minute
 * (core/limit/usage.h). Control thread.
 */
#ifndef TERN_CORE_METRIC_USAGE_H
#define TERN_CORE_METRIC_USAGE_H

#include "core/metric.h"

struct metric_usage {
	struct metric_collector collector;
	uint64_t sequence; /* of the last merge that was counted */
};
/* For metrics_open; `usage` is zeroed. */
struct metric_collector *metric_usage_collector(struct metric_usage *usage);

#endif
