/* SPDX-License-Identifier: MIT */
/*
 * locate: finds the queue that a request names. Any thread.
 */
#ifndef TERN_SERVICES_SQS_LOCATE_H
#define TERN_SERVICES_SQS_LOCATE_H

#include "services/sqs/state.h"

/* Takes over a reference, which the call releases when it ends; NULL stays NULL (core/keep.h). */
const struct sqs_queue *sqs_keep_queue(struct call *call, const struct sqs_queue *queue);
/*
 * The queue that a call means: by URL with any host ("http://h/<account>/<name>"), by
 * "/<account>/<name>", by ARN or by bare name; an empty URL means the request's path. Released when
 * the call ends. Fails with QueueDoesNotExist in the caller's dialect's words, MissingParameter if
 * nothing is named, AccessDenied if the caller has no permission for the call's operation on it,
 * RequestThrottled if its rate is too high.
 */
must_check enum err sqs_queue_of_call(struct call *call, struct str queue_url,
				      const struct sqs_queue **out_queue);
/* QueueDoesNotExist in the caller's dialect's words. */
must_check enum err sqs_no_such_queue(struct call *call);
/* "<base_url>/<account>/<name>" in the call's arena. */
struct str sqs_queue_url(struct call *call, const struct sqs_queue *queue);

#endif
