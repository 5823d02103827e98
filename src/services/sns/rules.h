/* SPDX-License-Identifier: MIT */
/*
 * rules: the filter policies of subscriptions in the matchers of their topics (filter.h). Control
 * thread, or main at start-up.
 *
 * A rule belongs to one snapshot of a subscription, from before the snapshot is in the registry
 * until its last reference is released. So a Publish that holds a snapshot finds its rule, even if
 * the filter policy is changed meanwhile.
 */
#ifndef TERN_SERVICES_SNS_RULES_H
#define TERN_SERVICES_SNS_RULES_H

#include "services/sns/state.h"

/* A new snapshot, before it is put into the registry: sets has_filter and adds its rule. */
void sns_rule_add(struct core *core, const struct subscription *subscription);

#endif
