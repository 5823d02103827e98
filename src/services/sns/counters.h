/* SPDX-License-Identifier: MIT */
/*
 * counters: a topic's figures since the server's start, as CloudWatch names them. Atomic; any
 * thread adds and reads.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
 */
#ifndef TERN_SERVICES_SNS_COUNTERS_H
#define TERN_SERVICES_SNS_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

enum sns_counter {
	SNS_COUNT_PUBLISHED,	   /* NumberOfMessagesPublished */
	SNS_COUNT_PUBLISHED_BYTES, /* PublishSize, summed */
	SNS_COUNT_DELIVERED,	   /* NumberOfNotificationsDelivered */
	SNS_COUNT_FAILED,	   /* NumberOfNotificationsFailed */
	SNS_COUNT_FILTERED,	   /* NumberOfNotificationsFilteredOut: the sum of the five below */
	SNS_COUNT_FILTERED_ATTRIBUTES, /* ...-MessageAttributes */
	SNS_COUNT_FILTERED_BODY,       /* ...-MessageBody */
	SNS_COUNT_NO_ATTRIBUTES,       /* ...-NoMessageAttributes */
	SNS_COUNT_INVALID_ATTRIBUTES,  /* ...-InvalidAttributes */
	SNS_COUNT_INVALID_BODY,	       /* ...-InvalidMessageBody */
	SNS_COUNT_REDRIVEN,	       /* NumberOfNotificationsRedrivenToDlq */
	SNS_COUNT_FAILED_TO_REDRIVE,   /* NumberOfNotificationsFailedToRedriveToDlq */
	SNS_COUNT_REPLAYED,	       /* NumberOfReplayedNotificationsDelivered */
	SNS_COUNT_REPLAY_FAILED,       /* NumberOfReplayedNotificationsFailed */
	SNS_COUNTERS,
};

struct sns_counters {
	_Atomic uint64_t values[SNS_COUNTERS];
};

static inline void sns_count(struct sns_counters *counters, enum sns_counter counter,
			     uint64_t amount)
{
	atomic_fetch_add_explicit(&counters->values[counter], amount, memory_order_relaxed);
}

#endif
