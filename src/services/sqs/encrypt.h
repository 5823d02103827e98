/* SPDX-License-Identifier: MIT */
/*
 * encrypt: seals and opens a queue's messages.
 *
 * SSE-SQS seals under a key of Tern's own (core/seal/seal.h), SSE-KMS under data keys from KMS
 * (core/seal/envelope.h). A sealed message names its own method, so it opens after the queue's
 * settings change. Any thread.
 */
#ifndef TERN_SERVICES_SQS_ENCRYPT_H
#define TERN_SERVICES_SQS_ENCRYPT_H

#include "core/seal/envelope.h"
#include "services/sqs/state.h"

/*
 * The sealer of the call's messages, released when the call ends; NULL if the queue has no KMS key.
 * Fails with the fault of KMS.
 */
must_check enum err sqs_sealer_begin(struct call *call, const struct sqs_queue *queue,
				     struct data_key **out_key);
/* The payload, sealed by the queue's settings, in the call's arena. */
struct str sqs_seal(struct call *call, const struct sqs_queue *queue, struct data_key *key,
		    struct str payload);

/* Before messages are received: authorizes the use of the queue's own KMS key to open them. */
must_check enum err sqs_may_open(struct call *call, const struct sqs_queue *queue);
/* The reader that opens messages of any KMS key for the call; end it with envelope_reader_done. */
void sqs_reader_begin(struct call *call, const struct sqs_queue *queue,
		      struct envelope_reader *out_reader);

const struct fault_type *sqs_kms_fault(enum kms_problem problem);
must_check enum err sqs_fail_kms(struct call *call, enum kms_problem problem, struct str text);

#endif
