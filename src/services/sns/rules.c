/* SPDX-License-Identifier: MIT */
/* rules: a snapshot with a rule holds its topic's life, which owns the matchers. */
#include "services/sns/rules.h"

#include "services/sns/filter.h"

static struct sns_filters *filters_of(struct sns_topic_life *life)
{
	struct sns_filters *filters = atomic_load_explicit(&life->filters, memory_order_relaxed);

	if (filters)
		return filters;
	filters = sns_filters_new();
	life->remove_rule = sns_filters_remove;
	life->free_filters = sns_filters_free;
	atomic_store_explicit(&life->filters, filters, memory_order_release);
	return filters;
}

void sns_rule_add(struct core *core, const struct subscription *subscription)
{
	struct subscription *mine = (struct subscription *)subscription;
	enum filter_scope scope =
		mine->filter_scope == SNS_FILTER_SCOPE_BODY ? FILTER_BODY : FILTER_ATTRIBUTES;
	const struct topic *topic =
		sns_registry_find_topic(sns_of(core)->registry, mine->topic_arn);
	struct filter_policy policy;
	struct str problem;
	struct arena arena;

	arena_init(&arena);
	/* A policy that a newer server has stored and this one cannot read lets nothing pass. */
	mine->has_filter = mine->filter_policy.size > 0;
	if (topic && mine->has_filter &&
	    filter_policy_parse(&arena, scope, mine->filter_policy, &policy, &problem) == ERR_OK) {
		mine->has_filter = !policy.is_empty;
		if (mine->has_filter) {
			atomic_fetch_add(&topic->life->references, 1);
			mine->life = topic->life;
			mine->rule = sns_filters_add(filters_of(topic->life), &policy, mine);
		}
	}
	sns_topic_release(topic);
	arena_done(&arena);
}
