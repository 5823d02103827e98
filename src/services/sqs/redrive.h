/* SPDX-License-Identifier: MIT */
/*
 * redrive: RedrivePolicy and RedriveAllowPolicy of a queue.
 *
 * Control thread; memory from the call's arena.
 */
#ifndef TERN_SERVICES_SQS_REDRIVE_H
#define TERN_SERVICES_SQS_REDRIVE_H

#include "services/sqs/state.h"

/* Parses and checks against the registry; sets the draft's policy, target and count. Empty text:
 * removes it. */
must_check enum err sqs_redrive_set(struct call *call, struct sqs_queue *draft, struct str text);
must_check enum err sqs_redrive_allow_set(struct call *call, struct sqs_queue *draft,
					  struct str text);
/* The same without checks against other queues, for stored policies. ERR_INVALID. */
must_check enum err sqs_redrive_parse(struct arena *arena, struct sqs_queue *draft,
				      struct str text);
must_check enum err sqs_redrive_allow_parse(struct arena *arena, struct sqs_queue *draft,
					    struct str text);

#endif
