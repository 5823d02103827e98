/* SPDX-License-Identifier: MIT */
/*
 * repeat: delivers the messages of a receive attempt again.
 *
 * If none of its messages has changed since, an attempt is repeated: same messages, same handles,
 * their visibility timeout from now. If their timeout is over and no receive has taken them since,
 * the attempt becomes an ordinary receive. If a message has changed, the attempt is refused.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
 */
#ifndef TERN_QUEUE_REPEAT_H
#define TERN_QUEUE_REPEAT_H

#include "queue/state.h"

enum attempt_outcome {
	ATTEMPT_NEW,	  /* to be received as if it had no attempt */
	ATTEMPT_REPEATED, /* given again */
	ATTEMPT_OVER,	  /* some of its messages were deleted, changed or received again */
};
enum attempt_outcome repeat_attempt(struct engine *engine, struct queue_command *command,
				    struct engine_queue *queue);

#endif
