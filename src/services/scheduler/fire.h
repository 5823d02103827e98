/* SPDX-License-Identifier: MIT */
/*
 * fire: turns a schedule that is due into an obligation. Control thread.
 *
 * The obligation is durable before the schedule's next occurrence is: after a crash in between the
 * occurrence is delivered again. A schedule that was due while the server did not run occurs once,
 * late; the occurrences that it missed meanwhile are counted, not delivered.
 */
#ifndef TERN_SERVICES_SCHEDULER_FIRE_H
#define TERN_SERVICES_SCHEDULER_FIRE_H

#include "services/scheduler/scheduler.h"

/* At the start, before core/due.h starts. */
void scheduler_fire_register(struct core *core);

/* The bytes of an obligation: the schedule's key and one of its occurrences. */
struct scheduler_occurrence {
	struct str key;	    /* of the catalog */
	int64_t created_ms; /* of the schedule: another of the same name is not meant */
	int64_t scheduled_ms;
	uint8_t execution_id[16];
};
/* Views into `bytes`. ERR_DAMAGED. */
must_check enum err scheduler_occurrence_decode(struct str bytes,
						struct scheduler_occurrence *out_occurrence);

#endif
