/* SPDX-License-Identifier: MIT */
/*
 * store: topics and subscriptions as records of the catalog (wire/record.h). Drafts that are
 * decoded are views into the record and the arena.
 */
#ifndef TERN_SERVICES_SNS_STORE_H
#define TERN_SERVICES_SNS_STORE_H

#include "services/sns/registry.h"

void sns_topic_encode(struct buf *out, const struct topic *topic);
/* ERR_DAMAGED, ERR_VERSION: written by a later version. */
must_check enum err sns_topic_decode(struct arena *arena, struct str record,
				     struct topic *out_draft);
void sns_subscription_encode(struct buf *out, const struct subscription *subscription);
must_check enum err sns_subscription_decode(struct arena *arena, struct str record,
					    struct subscription *out_draft);

#endif
