/* SPDX-License-Identifier: MIT */
/*
 * obligation_figures: the metrics of deliveries (core/metrics.h). Control thread; the counters are
 * the obligations'.
 */
#ifndef TERN_CORE_OBLIGATION_FIGURES_H
#define TERN_CORE_OBLIGATION_FIGURES_H

#include "core/obligation_record.h"
#include "deliver/deliver.h"

struct obligation_figures {
	const struct queue_counters *counters; /* of the internal queues */
	size_t queue_count;
	const char *names[OBLIGATION_NUMBERS];		  /* of kinds; NULL: none has the number */
	const _Atomic uint64_t *ends[OBLIGATION_NUMBERS]; /* OBLIGATION_ENDS of each */
	struct deliver_stats stats;
};

void obligation_figures_write(const struct obligation_figures *figures, struct buf *out);

#endif
