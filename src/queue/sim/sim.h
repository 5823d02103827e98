/* SPDX-License-Identifier: MIT */
/* sim: one run of the simulator. */
#ifndef TERN_QUEUE_SIM_SIM_H
#define TERN_QUEUE_SIM_SIM_H

#include <stdint.h>

struct totals {
	uint64_t sent, received, deleted, moved, refused, restarts, failures, failed_openings,
		compacted, extents, clock_jumps, fanouts, gate_duplicates, archived_shown,
		obligations_answered, audits, fanouts_decided;
};

/* Ends the process with a report if the model finds a violation. Returns a hash of all answers. */
uint64_t sim_run(uint64_t seed, struct totals *totals);

#endif
