/* SPDX-License-Identifier: MIT */
/* cycle: a search through the children, which visits each composite alarm once. */
#include "alarm/cycle.h"

struct visit {
	struct {
		const struct alarm_rule **items;
		size_t count, capacity;
	} rules; /* all that were found */
	struct map seen;
};

struct str alarm_child_name(struct str child)
{
	size_t at = str_starts(child, STR("arn:")) ? str_find(child, STR(":alarm:"), 0) : SIZE_MAX;

	return at == SIZE_MAX ? child : str_slice(child, at + 7, child.size);
}

static bool is_same(const void *value, const void *key)
{
	return value == key;
}

static void add(struct visit *visit, const struct alarm_rule *rule)
{
	uint64_t hash = str_hash(str_of(&rule, sizeof(rule)));

	if (!rule || map_find(&visit->seen, hash, is_same, rule))
		return;
	map_insert(&visit->seen, hash, (void *)(uintptr_t)rule);
	vec_push(&visit->rules, rule);
}

bool alarm_makes_cycle(struct str name, const struct alarm_rule *rule, alarm_find_rule_fn find,
		       void *context)
{
	struct visit visit = {0};
	bool is_cycle = false;

	add(&visit, rule);
	for (size_t next = 0; next < visit.rules.count && !is_cycle; next++) {
		const struct alarm_rule *current = visit.rules.items[next];

		for (size_t i = 0; i < alarm_rule_child_count(current) && !is_cycle; i++) {
			struct str child = alarm_child_name(alarm_rule_child(current, i));

			is_cycle = str_equal(child, name);
			add(&visit, is_cycle ? NULL : find(context, child));
		}
	}
	vec_done(&visit.rules);
	map_done(&visit.seen);
	return is_cycle;
}
