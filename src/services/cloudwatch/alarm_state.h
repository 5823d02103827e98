/* SPDX-License-Identifier: MIT */
/*
 * alarm_state: the state of CloudWatch's alarms.
 *
 * Threads: see the members.
 */
#ifndef TERN_SERVICES_CLOUDWATCH_ALARM_STATE_H
#define TERN_SERVICES_CLOUDWATCH_ALARM_STATE_H

#include "base/snapshot.h"
#include "services/cloudwatch/cloudwatch.h"

struct alarm_watch;

struct cloudwatch_alarms {
	struct snapshot_table *registry; /* alarm.h: any thread */
	/* The control thread's. */
	uint64_t version; /* of the registry */
	struct list watches;
	struct map by_name; /* of them: by account, region and name */
	uint64_t watched;   /* the version that the watches follow */
	uint64_t generation;
	int64_t swept_ms;	     /* the last time that old history was deleted */
	uint64_t sequence;	     /* of history items */
	struct core_task composites; /* evaluates composite alarms */
	bool has_posted_composites;
	_Atomic uint64_t evaluations, transitions;
};

static inline struct cloudwatch_alarms *cloudwatch_alarms_of(const struct core *core)
{
	return cloudwatch_of(core)->alarms;
}

#endif
