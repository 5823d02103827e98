/* SPDX-License-Identifier: MIT */
/* authorize: may the caller do an operation of SQS to a queue? */
#ifndef TERN_SERVICES_SQS_AUTHORIZE_H
#define TERN_SERVICES_SQS_AUTHORIZE_H

#include "core/authorize.h"
#include "services/sqs/registry.h"

/*
 * `operation` is one of the constants of api/sqs.h, for it may need what another one does; `queue`
 * is NULL if there is none of that ARN: the answer must not tell those apart who may not know.
 * ERR_FAULT: AccessDenied, or what an unsigned request gets. The call's thread.
 */
must_check enum err sqs_authorize(struct call *call, uint32_t operation, struct str arn,
				  struct str account, const struct sqs_queue *queue);

#endif
