/* SPDX-License-Identifier: MIT */
/*
 * measure: AWS/SQS, the metrics of queues that CloudWatch shows.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
 */
#ifndef TERN_SERVICES_SQS_MEASURE_H
#define TERN_SERVICES_SQS_MEASURE_H

#include "base/arn.h"
#include "services/sqs/state.h"

/* Control thread, each minute: the depths of active queues, and what they counted since the last
 * time. A queue without calls and messages is active for six more hours. */
void sqs_collect(struct core *core, struct metric_minute *minute);
/* Any thread: SentMessageSize of a message that was stored. */
void sqs_measure_sent(struct core *core, const struct sqs_queue *queue, size_t size);
/* The same without a snapshot of the queue. `slot`: of this metric of the queue; NULL: none. */
void sqs_measure_delivered(struct core *core, const struct arn *queue, struct metric_slot *slot,
			   size_t size);

#endif
