/* SPDX-License-Identifier: MIT */
/*
 * The rule of a composite alarm: it is refused with a place inside the text, or its children are
 * within the limit and it has a value, which NOT turns around.
 */
#include "alarm/rule.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum alarm_state states[LIMIT_ALARM_CHILDREN];
	struct alarm_rule *rule = NULL, *negated = NULL;
	struct str text = str_of(data, size), problem;
	struct buf not = {0};
	size_t at;

	if (alarm_rule_new(text, &rule, &problem, &at) != ERR_OK) {
		check(at <= size);
		check(problem.size > 0);
		return 0;
	}
	check(alarm_rule_child_count(rule) <= LIMIT_ALARM_CHILDREN);
	for (size_t i = 0; i < alarm_rule_child_count(rule); i++) {
		check(alarm_rule_child(rule, i).size > 0);
		states[i] = (enum alarm_state)(alarm_rule_child(rule, i).data[0] % 3);
	}
	buf_format(&not, "NOT (%.*s)", STR_ARG(text));
	if (alarm_rule_new(buf_str(&not ), &negated, &problem, &at) == ERR_OK)
		check(alarm_rule_evaluate(rule, states) != alarm_rule_evaluate(negated, states));
	alarm_rule_free(&negated);
	alarm_rule_free(&rule);
	buf_done(&not );
	return 0;
}
