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

/* ReplayStatus. */
#define SNS_REPLAY_PENDING "Pending"
#define SNS_REPLAY_IN_PROGRESS "In progress"
#define SNS_REPLAY_COMPLETED "Completed"
#define SNS_REPLAY_FAILED "Failed"
/* By replay_status and replay_end_ms. */
enum sns_replay_state sns_replay_state_of(const struct subscription *subscription);

#endif
