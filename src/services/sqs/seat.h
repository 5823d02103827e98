/* SPDX-License-Identifier: MIT */
/*
 * seat: the queues behind the seats of deliveries (core/target.h), as a thread remembers them.
 *
 * A seat is learned from a request that joined a fan-out: its caller was authorized to send to the
 * queue. It stays valid while that snapshot of the queue is the queue's, so any change of the
 * queue's policy, tags, key or size ends it, and a deletion, too. A decision that depends on the
 * time is never learned, and neither is one for a role or for a queue with a key of KMS.
 *
 * A thread remembers LIMIT_SQS_SEATS at most; a new one may replace another, which costs the other
 * a request. Each table is its thread's: a net thread, or the control thread (home NULL).
 */
#ifndef TERN_SERVICES_SQS_SEAT_H
#define TERN_SERVICES_SQS_SEAT_H

#include "services/sqs/registry.h"

struct net_thread;

struct sqs_seat {
	uint64_t seat;	     /* 0: none */
	uint64_t version;    /* of the queue's snapshot */
	uint64_t generation; /* of the registry, when the snapshot was the queue's */
	uint64_t number;     /* of the queue */
	uint32_t message_size_max;
	bool is_fifo, has_content_dedup, has_sqs_managed_sse, has_quota;
	struct metric_slot sent_size; /* of the queue's SentMessageSize; measure.h */
};

struct sqs_seats;
struct sqs_seats *sqs_seats_new(void);
void sqs_seats_free(struct sqs_seats **seats); /* accepts NULL, leaves NULL */

/* Valid until the next call for this thread. NULL: the seat is unknown, or its queue has
 * changed. */
const struct sqs_seat *sqs_seats_find(struct sqs_seats *seats, struct sqs_registry *registry,
				      struct net_thread *home, uint64_t seat, struct str arn);
/* The slot of the queue of a seat that was found, until the next call for this thread. NULL: the
 * seat was replaced since. */
struct metric_slot *sqs_seats_slot(struct sqs_seats *seats, struct net_thread *home, uint64_t seat);
/* The call, which has joined a fan-out, was authorized to send to the queue. */
void sqs_seats_learn(struct sqs_seats *seats, const struct call *call,
		     const struct sqs_queue *queue);

#endif
