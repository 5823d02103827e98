/* SPDX-License-Identifier: MIT */
/*
 * direct: the deliveries of a fan-out that need no request, since their seats are known (seat.h).
 *
 * A payload is checked, hashed, encoded and sealed once for all queues of the same kind that get
 * it: deliveries share it by the address of the payload. A delivery that may fail, such as of a
 * message that is too long or to a queue whose rate is exhausted, is left to a request.
 *
 * The deliveries count as SendMessageBatch of the queues' accounts, with the ARN of the source as
 * the resource: AWS does not bill them to the queues' owners. Home thread.
 */
#ifndef TERN_SERVICES_SQS_DIRECT_H
#define TERN_SERVICES_SQS_DIRECT_H

#include "core/digest.h"
#include "core/target.h"
#include "services/sqs/message.h"
#include "services/sqs/state.h"

/* A payload, for the queues of a kind. */
struct sqs_direct_message {
	struct sqs_direct_message *next;
	const struct target_payload *payload;
	struct str service, trace_header; /* of the caller */
	bool is_fifo, has_sqs_managed_sse;
	bool is_valid; /* queues of that kind accept it, but for its size */
	size_t size;   /* as it counts against limits */
	struct sqs_stored_message message;
	uint64_t group;	   /* hashes, as of queue_target */
	uint8_t dedup[16]; /* FIFO only */
	uint64_t subject;  /* number of its first queue, under which it is sealed */
	size_t count;	   /* queues */
	struct str bytes;  /* data NULL: not encoded yet */
	bool is_shared;	   /* the fan-out's */
};

/* The queues of a fan-out: each takes part once. */
struct sqs_numbers {
	uint64_t *slots; /* 0: free */
	size_t mask;
};
struct sqs_numbers sqs_numbers_new(struct arena *arena, size_t room);
bool sqs_numbers_add(struct sqs_numbers *numbers, uint64_t number); /* false: it is there */

struct sqs_direct_entry {
	const struct target_delivery *delivery;
	const struct internal_caller *caller;
	struct sqs_direct_message *message;
};

struct sqs_direct {
	struct core *core;
	struct net_thread *home;
	struct arena *arena;
	int64_t begin_ns, base_ms, now_ms;
	struct sqs_direct_entry *entries;
	size_t count, room;
	struct sqs_direct_message *messages;
	struct sqs_direct_message *latest[4]; /* by kind */
	size_t message_count;
	struct digest_wait wait;
	void (*digested)(void *context);
	void *digested_context;
};

/* Room for so many deliveries; without any, if too many are in flight. In the arena. */
struct sqs_direct *sqs_direct_new(struct core *core, struct net_thread *home, struct arena *arena,
				  size_t room);
/*
 * False: a request decides. Otherwise the delivery, which has one payload, is the last entry, its
 * queue is added to `numbers`, and *out_target, which is zeroed, is complete but for its bytes.
 */
bool sqs_direct_admit(struct sqs_direct *direct, const struct internal_caller *caller,
		      const struct target_delivery *delivery, struct sqs_numbers *numbers,
		      struct queue_target *out_target);
/* Before the messages are compared or encoded: `done` runs on the home thread, once their bodies
 * are hashed. */
void sqs_direct_digest(struct sqs_direct *direct, void (*done)(void *context), void *context);
struct str sqs_direct_bytes(const struct sqs_direct *direct, struct sqs_direct_message *message);
/* The results of the entries, from the targets side by side, and their metering and metrics. */
void sqs_direct_end(struct sqs_direct *direct, const struct queue_target *targets);

/* As SQS has them; payload->attribute_count of them. */
struct sqs_message_attribute_value_entry *
sqs_direct_attributes(struct arena *arena, const struct target_payload *payload);

#endif
