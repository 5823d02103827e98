/* SPDX-License-Identifier: MIT */
/* subscription: the settings of a subscription by their names in the API. Control thread.
 *
 * https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
 */
#ifndef TERN_SERVICES_SNS_SUBSCRIPTION_H
#define TERN_SERVICES_SNS_SUBSCRIPTION_H

#include "services/sns/locate.h"

/*
 * Checks a value and puts it into the draft; an empty one removes the setting. `is_subscribe`: of
 * Subscribe, whose faults have words of their own.
 */
must_check enum err sns_subscription_set(struct call *call, struct subscription *draft,
					 struct str name, struct str value, bool is_subscribe);
/* The same for a filter policy with the scope that the draft has; after all other attributes. */
must_check enum err sns_subscription_check_filter(struct call *call, struct subscription *draft,
						  bool is_subscribe);
/* A fault, if the topic or the subscriber's account may have no further filter policy. */
must_check enum err sns_subscription_check_filter_count(struct call *call,
							const struct subscription *draft);
/* The value that it has, as it was given; data NULL: none. False: no such attribute can be set. */
bool sns_subscription_get(const struct subscription *subscription, struct str name,
			  struct str *out_value);

#endif
