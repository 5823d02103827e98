/* SPDX-License-Identifier: MIT */
/*
 * repeat: gives the messages of a receive attempt once more.
 *
 * An attempt whose messages were all left alone is given again: same messages, same handles, their
 * visibility timeout from now. If that is over, and nobody has received them since, it is an
 * ordinary receive; if they were changed, it is refused.
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
