/* SPDX-License-Identifier: MIT */
/* change: new, changed and deleted topics and subscriptions, in the catalog and then in the
 * registry. Control thread, or main at start-up. Errors are the catalog's. */
#ifndef TERN_SERVICES_SNS_CHANGE_H
#define TERN_SERVICES_SNS_CHANGE_H

#include "services/sns/state.h"

must_check enum err sns_topic_put(struct core *core, const struct topic *draft);
/* With its subscriptions. */
must_check enum err sns_topic_delete(struct core *core, const struct topic *topic);
must_check enum err sns_subscription_put(struct core *core, const struct subscription *draft);
/* In the registry only, until the next start. */
void sns_subscription_show(struct core *core, const struct subscription *draft);
/* Counts it in the topic's SubscriptionsDeleted. */
must_check enum err sns_subscription_delete(struct core *core,
					    const struct subscription *subscription);

/* Start-up: all records of the catalog. */
must_check enum err sns_load(struct core *core);

#endif
