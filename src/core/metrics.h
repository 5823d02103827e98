/* SPDX-License-Identifier: MIT */
/*
 * metrics: lines of Prometheus' text format, version 0.0.4, for /_tern/metrics. Pure; any thread. A
 * family's lines must be contiguous, so a service writes one family after the other.
 */
#ifndef TERN_CORE_METRICS_H
#define TERN_CORE_METRICS_H

#include "base/base.h"

/* The head of a family; `type` is "counter", "gauge", "histogram" or "summary". */
void metrics_family(struct buf *out, const char *name, const char *type, const char *help);
/* A family of one number without labels. */
void metrics_number(struct buf *out, const char *name, const char *type, const char *help,
		    uint64_t value);

#endif
