/* SPDX-License-Identifier: MIT */
/*
 * rules: the filter policies of subscriptions in the matchers of their topics (filter.h). Control
 * thread, or main at start-up and at the end.
 *
 * A rule is there from just before its subscription is in the registry until just after it has
 * left; Publish delivers to subscriptions of the registry only.
 */
#ifndef TERN_SERVICES_SNS_RULES_H
#define TERN_SERVICES_SNS_RULES_H

#include "services/sns/state.h"

/* A new snapshot, before it is put into the registry: sets has_filter and adds its rule. */
void sns_rule_add(struct core *core, const struct subscription *subscription);
/* After the snapshot has left the registry. */
void sns_rule_remove(struct core *core, const struct subscription *subscription);
/* At the stop of the service. */
void sns_rules_remove_all(struct core *core);

#endif
