/* SPDX-License-Identifier: MIT */
/* encrypt: the encryption context is the queue's ARN, as with AWS. */
#include "services/sqs/encrypt.h"

#include "api/sqs.h"
#include "core/core.h"
#include "core/data_keys.h"

const struct fault_type *sqs_kms_fault(enum kms_problem problem)
{
	switch (problem) {
	case KMS_PROBLEM_NOT_FOUND:
		return &SQS_KMS_NOT_FOUND;
	case KMS_PROBLEM_DISABLED:
		return &SQS_KMS_DISABLED;
	case KMS_PROBLEM_STATE:
		return &SQS_KMS_INVALID_STATE;
	case KMS_PROBLEM_USAGE:
		return &SQS_KMS_INVALID_KEY_USAGE;
	default:
		return &SQS_KMS_ACCESS_DENIED;
	}
}

enum err sqs_fail_kms(struct call *call, enum kms_problem problem, struct str text)
{
	return fail(call, sqs_kms_fault(problem), "%.*s", STR_ARG(text));
}

static struct envelope_use use_of(struct call *call, const struct sqs_queue *queue)
{
	return call_envelope_use(call, STR("sqs"), STR("aws:sqs:arn"),
				 queue->kms_reuse_seconds * 1000);
}

static void release(void *subject)
{
	data_key_release(subject);
}

enum err sqs_sealer_begin(struct call *call, const struct sqs_queue *queue,
			  struct data_key **out_key)
{
	struct envelope_use use = use_of(call, queue);
	struct str text = {0};

	*out_key = NULL;
	if (queue->kms_key.size == 0)
		return ERR_OK;
	enum kms_problem problem =
		data_key_hold(&use, queue->account, queue->kms_key, queue->arn, out_key, &text);
	if (problem)
		return sqs_fail_kms(call, problem, text);
	call_on_end(call, release, *out_key);
	return ERR_OK;
}

struct str sqs_seal(struct call *call, const struct sqs_queue *queue, struct data_key *key,
		    struct str payload)
{
	if (key)
		return envelope_close(key, call->arena, payload);
	if (queue->has_sqs_managed_sse)
		return seal_close(call->core->seal, call->arena, queue->number, payload);
	return payload;
}

enum err sqs_may_open(struct call *call, const struct sqs_queue *queue)
{
	struct shape_pair context = {STR("aws:sqs:arn"), queue->arn};
	struct kms_use use = {call, STR("sqs"), &context, 1};
	struct str text = {0};

	if (queue->kms_key.size == 0)
		return ERR_OK;
	enum kms_problem problem = (call->core->kms->check)(&use, queue->account, queue->kms_key,
							    STR("kms:Decrypt"), &text);
	return problem ? sqs_fail_kms(call, problem, text) : ERR_OK;
}

void sqs_reader_begin(struct call *call, const struct sqs_queue *queue,
		      struct envelope_reader *out_reader)
{
	*out_reader = (struct envelope_reader){.use = use_of(call, queue)};
}
