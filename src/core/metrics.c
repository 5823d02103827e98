/* SPDX-License-Identifier: MIT */
/* metrics: see metrics.h. */
#include "core/metrics.h"

void metrics_family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_number(struct buf *out, const char *name, const char *type, const char *help,
		    uint64_t value)
{
	metrics_family(out, name, type, help);
	buf_format(out, "%s %llu\n", name, (unsigned long long)value);
}
