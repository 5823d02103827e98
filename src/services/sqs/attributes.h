/* SPDX-License-Identifier: MIT */
/*
 * attributes: the attributes of a queue as one table: names, ranges, defaults, reading and writing.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
 * Any thread; memory from the call's arena.
 */
#ifndef TERN_SERVICES_SQS_ATTRIBUTES_H
#define TERN_SERVICES_SQS_ATTRIBUTES_H

#include "services/sqs/state.h"

/* X(NAME, "Name") in the order of AWS's reference */
/* clang-format off */
#define SQS_ATTRIBUTES(X) \
	X(NUMBER_VISIBLE, "ApproximateNumberOfMessages") \
	X(NUMBER_DELAYED, "ApproximateNumberOfMessagesDelayed") \
	X(NUMBER_IN_FLIGHT, "ApproximateNumberOfMessagesNotVisible") \
	X(CREATED, "CreatedTimestamp") \
	X(DELAY, "DelaySeconds") \
	X(MODIFIED, "LastModifiedTimestamp") \
	X(MESSAGE_SIZE, "MaximumMessageSize") \
	X(RETENTION, "MessageRetentionPeriod") \
	X(POLICY, "Policy") \
	X(ARN, "QueueArn") \
	X(WAIT, "ReceiveMessageWaitTimeSeconds") \
	X(REDRIVE, "RedrivePolicy") \
	X(REDRIVE_ALLOW, "RedriveAllowPolicy") \
	X(VISIBILITY, "VisibilityTimeout") \
	X(KMS_KEY, "KmsMasterKeyId") \
	X(KMS_REUSE, "KmsDataKeyReusePeriodSeconds") \
	X(MANAGED_SSE, "SqsManagedSseEnabled") \
	X(FIFO, "FifoQueue") \
	X(CONTENT_DEDUP, "ContentBasedDeduplication") \
	X(DEDUP_SCOPE, "DeduplicationScope") \
	X(THROUGHPUT_LIMIT, "FifoThroughputLimit")
/* clang-format on */

enum sqs_attribute {
#define SQS_ATTRIBUTE_CONSTANT(name, text) SQS_ATTRIBUTE_##name,
	SQS_ATTRIBUTES(SQS_ATTRIBUTE_CONSTANT)
#undef SQS_ATTRIBUTE_CONSTANT
		SQS_ATTRIBUTE_COUNT,
};

/* SQS_ATTRIBUTE_COUNT if there is none of that name. */
enum sqs_attribute sqs_attribute_find(struct str name);
struct str sqs_attribute_name(enum sqs_attribute attribute);
/* The range of a queue's attribute; false if there is no attribute of that name with a range. */
bool sqs_attribute_range(struct str name, int64_t *out_least, int64_t *out_most);

/* Defaults of a new queue, but for its names and numbers. */
void sqs_attributes_default(struct sqs_queue *draft);
/*
 * Sets `attributes` in the draft, whose names, account, region and is_fifo are final. Texts are
 * borrowed from the arguments and the call's arena. Fails with InvalidAttributeName,
 * InvalidAttributeValue, InvalidParameterValue, OverLimit in AWS's words.
 */
must_check enum err sqs_attributes_set(struct call *call, struct sqs_queue *draft,
				       const struct shape_pair *attributes, size_t count);
/* data is NULL if the queue does not have the attribute, or if AWS does not return it in the
 * queue's state. */
struct str sqs_attribute_text(struct arena *arena, const struct sqs_queue *queue,
			      enum sqs_attribute attribute);

#endif
