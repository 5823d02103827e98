/* SPDX-License-Identifier: MIT */
/* authorize: authorizes an operation of SQS on a queue. */
#ifndef TERN_SERVICES_SQS_AUTHORIZE_H
#define TERN_SERVICES_SQS_AUTHORIZE_H

#include "core/authorize.h"
#include "services/sqs/registry.h"

/*
 * Authorizes one of the constants of api/sqs.h, which may differ from the call's own operation.
 * `queue` is NULL if no queue has that ARN: a caller without permission gets the same answer either
 * way. ERR_FAULT: AccessDenied, or the fault of an unsigned request. The call's thread.
 */
must_check enum err sqs_authorize(struct call *call, uint32_t operation, struct str arn,
				  struct str account, const struct sqs_queue *queue);

#endif
