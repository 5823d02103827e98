/* SPDX-License-Identifier: MIT */
/*
 * delivery_policy: how often and when a failed delivery is tried again; the attributes
 * DeliveryPolicy and EffectiveDeliveryPolicy of topics and subscriptions.
 *
 * A struct sns_delivery_policy is the parsed attribute: immutable and counted. Pure, any thread.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
 */
#ifndef TERN_SERVICES_SNS_DELIVERY_POLICY_H
#define TERN_SERVICES_SNS_DELIVERY_POLICY_H

#include "base/base.h"

enum sns_backoff {
	SNS_BACKOFF_LINEAR,
	SNS_BACKOFF_ARITHMETIC,
	SNS_BACKOFF_GEOMETRIC,
	SNS_BACKOFF_EXPONENTIAL,
};

/* The phases of retries after the first attempt, in order: without delay, each after min_s, with
 * growing delays from min_s to max_s, each after max_s. */
struct sns_retries {
	uint32_t min_s, max_s;
	uint32_t count; /* of all phases */
	uint32_t max_count, no_count, min_count;
	enum sns_backoff backoff;
	uint32_t total_s; /* no retry begins later than this after the first attempt; 0: any time */
};

/* Of endpoints whose policy nobody can change. */
extern const struct sns_retries sns_retries_managed;  /* SQS, Lambda */
extern const struct sns_retries sns_retries_customer; /* e-mail, SMS, mobile push */
extern const struct sns_retries sns_retries_http;     /* the default of http and https */

/* The wait in ms after `attempts` failed ones, at least 1; -1: no more attempts. */
int64_t sns_retry_ms(const struct sns_retries *retries, uint32_t attempts);

struct sns_delivery_policy;

/*
 * Parses the attribute of a topic ({"http": {...}}) or of a subscription. ERR_INVALID: *out_problem
 * is the text behind "Invalid parameter: [Attributes Reason: ]", in the arena.
 */
must_check enum err sns_delivery_policy_parse(struct arena *arena, struct str text, bool is_topic,
					      const struct sns_delivery_policy **out_policy,
					      struct str *out_problem);
const struct sns_delivery_policy *
sns_delivery_policy_hold(const struct sns_delivery_policy *policy);	    /* accepts NULL */
void sns_delivery_policy_release(const struct sns_delivery_policy *policy); /* accepts NULL */

/* The text that GetTopicAttributes or GetSubscriptionAttributes returns as DeliveryPolicy. */
struct str sns_delivery_policy_stored(struct arena *arena,
				      const struct sns_delivery_policy *policy);
/* EffectiveDeliveryPolicy of a topic; `topic` NULL: the topic has none. */
struct str sns_delivery_policy_of_topic(struct arena *arena,
					const struct sns_delivery_policy *topic);
/* EffectiveDeliveryPolicy of an http or https subscription; both may be NULL. */
struct str sns_delivery_policy_of_subscription(struct arena *arena,
					       const struct sns_delivery_policy *topic,
					       const struct sns_delivery_policy *subscription);

/* The rules of a delivery to http or https. */
struct sns_delivery_rules {
	struct sns_retries retries;
	uint32_t receives_per_second; /* on average; 0: not limited */
	struct str content_type;      /* as long as the policies; never empty */
};
struct sns_delivery_rules sns_delivery_rules_of(const struct sns_delivery_policy *topic,
						const struct sns_delivery_policy *subscription,
						bool is_raw);

#endif
