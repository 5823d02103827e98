/* SPDX-License-Identifier: MIT */
/*
 * canary: faults that are planted in the engine, one at a time. The model must find each.
 */
#ifndef TERN_QUEUE_SIM_CANARY_H
#define TERN_QUEUE_SIM_CANARY_H

enum canary {
	CANARY_NONE,
	CANARY_LOST_SYNC,	/* the disk acknowledges a sync and does nothing */
	CANARY_EARLY_ANSWER,	/* answers do not wait for durability */
	CANARY_FORGET_DELETE,	/* replay passes over deletes */
	CANARY_FORGET_LOCK,	/* replay passes over leases of FIFO queues */
	CANARY_OVERTAKE_EXTENT, /* new messages overtake the deep backlog */
	CANARY_WALL_CLOCK,	/* the time base is wall time, which is set forward and back */
	CANARY_LONG_DEDUP,	/* a deduplication id that is met again does not end */
	CANARY_LONG_TURN,	/* no turn is ever over */
	CANARY_LATE_IMAGE,	/* a checkpoint has changes from after it began */
	CANARY_HALF_FANOUT,	/* replay passes over every other reference */
	CANARY_SPLIT_FANOUT,	/* a commit begins between two records of a fan-out */
	CANARY_LOST_COPY,	/* compaction leaves shared payloads behind */
	CANARY_FORGET_GATE,	/* replay passes over what passed a gate */
	CANARY_FORGET_ARCHIVED, /* replay passes over references of archives */
	CANARY_SPLIT_OUTCOME,	/* a commit begins between an obligation's delete and its outcome */
	CANARIES,
};

extern const char *const canary_names[CANARIES];
extern enum canary canary; /* the one that is planted */

#endif
