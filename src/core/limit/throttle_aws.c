/* SPDX-License-Identifier: MIT */
/*
 * throttle_aws: a rule for each of AWS's quotas that a model names.
 *
 * The figures are those of us-east-1. SQS: Developer Guide, "Amazon SQS message quotas" (FIFO
 * queues that are not in high throughput mode) and "Quotas related to queues" (tagging). KMS:
 * Developer Guide, "Request quotas". STS: IAM User Guide, "IAM and AWS STS quotas". EC2: API
 * Reference, "Request throttling". IAM publishes none.
 */
#include "core/limit/throttle.h"
#include "wire/facts.h"

struct drafts {
	struct throttle_rule *rules;
	const struct throttle_class **classes; /* of the rules */
	struct str **actions;		       /* of the rules, to be added to */
	size_t count;
};

static struct throttle_rule rule_of(const struct throttle_class *class, const struct str *actions)
{
	return (struct throttle_rule){
		.actions = actions,
		.scope = class->scope == THROTTLE_CLASS_QUOTA ? THROTTLE_QUOTA : THROTTLE_ACCOUNT,
		.is_shared = class->scope == THROTTLE_CLASS_SHARED,
		.rate_milli = class->rate_milli,
		.burst = class->burst,
	};
}

static void add(struct arena *arena, struct drafts *drafts, const struct operation *operation,
		size_t action_count_max)
{
	const struct throttle_class *class = operation->facts->throttle;
	size_t i = 0;

	while (i < drafts->count && drafts->classes[i] != class)
		i++;
	if (i == drafts->count) {
		drafts->actions[i] = arena_array(arena, struct str, action_count_max);
		drafts->classes[i] = class;
		drafts->rules[i] = rule_of(class, drafts->actions[i]);
		drafts->count++;
	}
	drafts->actions[i][drafts->rules[i].action_count++] = operation->action;
}

const struct throttle_rule *throttle_aws_rules(struct arena *arena,
					       const struct service *const *services,
					       size_t service_count, size_t *out_count)
{
	struct drafts drafts = {0};
	size_t most = 0;

	for (size_t i = 0; i < service_count; i++)
		most += services[i]->operation_count;
	drafts.rules = arena_array(arena, struct throttle_rule, most);
	drafts.classes = arena_array(arena, const struct throttle_class *, most);
	drafts.actions = arena_array(arena, struct str *, most);
	for (size_t i = 0; i < service_count; i++) {
		for (uint32_t j = 0; j < services[i]->operation_count; j++) {
			const struct operation *operation = &services[i]->operations[j];
			if (operation->facts && operation->facts->throttle)
				add(arena, &drafts, operation, services[i]->operation_count);
		}
	}
	*out_count = drafts.count;
	return drafts.rules;
}
