/* SPDX-License-Identifier: MIT */
/*
 * fanout: messages to several queues that take effect at once (core/target.h).
 *
 * Each request is a SendMessageBatch of its own up to the point where a client's request would be
 * submitted to the queue engine; there it joins. Deliveries whose seats are known join without one
 * (direct.h). Once all have joined or left, the messages with the same index become one
 * QUEUE_FANOUT: all of its records or none. With a FIFO queue among them, the next index waits for
 * the one before, and fails with it if that cannot be written.
 *
 * The same message for several queues is stored once: queues without encryption share its bytes as
 * they are, queues with SSE-SQS share them sealed under the number of one of these queues, as a
 * message keeps its seal when it is moved. One of the two kinds, the more frequent, is shared in a
 * command. A data key of KMS is bound to its queue by the encryption context, so those queues have
 * their own bytes.
 *
 * The extras of the joint delivery, which are obligations, are further targets of the round with
 * their index, behind the messages.
 *
 * Home thread of the requests; the engine's thread between sqs_fanout_join and resume.
 */
#ifndef TERN_SERVICES_SQS_FANOUT_H
#define TERN_SERVICES_SQS_FANOUT_H

#include "core/target.h"
#include "services/sqs/message.h"
#include "services/sqs/state.h"

struct data_key;

struct sqs_fanout_message {
	size_t index; /* of the payload in its delivery; ascending */
	/* In: all but the payload. Out: result, id, seq, is_duplicate. */
	struct queue_send *send;
	struct sqs_stored_message message;
};

/* As struct target_provider's begin, join, collect and leave. */
void *sqs_fanout_begin(struct core *core, struct net_thread *home, struct arena *arena,
		       size_t count, struct target_joint *joint);
bool sqs_fanout_join_directly(void *fanout, const struct internal_caller *caller,
			      const struct target_delivery *delivery);
void sqs_fanout_collect(void *fanout);
void sqs_fanout_leave(void *fanout);

/*
 * False: another member has joined for that queue; two messages would have the same id. If true,
 * the call joins next.
 */
bool sqs_fanout_may_join(const struct call *call, const struct sqs_queue *queue);
/* The call's messages, which live as long as the call. Returns ERR_PARKED; resume runs when all
 * results are there. */
must_check enum err sqs_fanout_join(struct call *call, const struct sqs_queue *queue,
				    struct data_key *key, struct sqs_fanout_message *messages,
				    size_t count, resume_fn resume);

#endif
