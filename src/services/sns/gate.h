/* SPDX-License-Identifier: MIT */
/*
 * gate: the internal queue of a FIFO topic, which numbers and deduplicates its messages and keeps
 * its archive (queue/numbers.h).
 *
 * The topic's serial names the queue. The engine knows the queue from the commit that makes the
 * topic to the one that deletes it; the topic's life has its counters. Control thread, or main at
 * start-up and at the end.
 */
#ifndef TERN_SERVICES_SNS_GATE_H
#define TERN_SERVICES_SNS_GATE_H

#include "core/inner_queues.h"
#include "services/sns/state.h"

static inline uint64_t sns_gate_queue(const struct topic *topic)
{
	return queue_number(QUEUE_KIND_TOPICS, topic->serial);
}

/* A new FIFO topic: sets the serial, and adds the change of the next one. */
void sns_gate_allocate(struct core *core, struct catalog_changes *changes, struct topic *draft);
/* After the topic is written: defines the queue, anew if it is there. */
must_check enum err sns_gate_define(struct core *core, const struct topic *topic, bool is_new);
/* After its record is deleted. */
must_check enum err sns_gate_drop(struct core *core, const struct topic *topic);

/*
 * Any thread: the number that a publish proposes, ascending also over starts of the server. A
 * publish takes it before it looks up subscriptions (replay_run.c).
 */
uint64_t sns_gate_next(struct sns_topic_life *life);
/* The next one is `least` or higher. */
void sns_gate_raise(struct sns_topic_life *life, uint64_t least);

/* Start-up, after all topics are loaded. */
must_check enum err sns_gates_load(struct core *core);
/* The engine has ended. */
void sns_gates_release(struct core *core);

#endif
