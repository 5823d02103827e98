/* SPDX-License-Identifier: MIT */
/*
 * rule: the rules of composite alarms: ALARM("a") AND NOT (OK(b) OR AT_LEAST(2, ALARM, (c, d, e))).
 *
 * A rule is compiled into one block of memory; its children's names are views of the text in it.
 * It is immutable: any thread evaluates it.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
 */
#ifndef TERN_ALARM_RULE_H
#define TERN_ALARM_RULE_H

#include "alarm/criteria.h"

struct alarm_rule; /* compiled */

/*
 * At most LIMIT_ALARM_RULE_SIZE bytes, LIMIT_ALARM_CHILDREN different children and
 * LIMIT_ALARM_RULE_DEPTH levels. ERR_INVALID, ERR_TOOLARGE: *out_problem is a static sentence about
 * the first mistake, and *out_at its offset in bytes.
 */
must_check enum err alarm_rule_new(struct str text, struct alarm_rule **out_rule,
				   struct str *out_problem, size_t *out_at);
void alarm_rule_free(struct alarm_rule **rule); /* accepts NULL, leaves NULL */

/* Alarm names or ARNs, as they are written, each once, in order of appearance. */
size_t alarm_rule_child_count(const struct alarm_rule *rule);
struct str alarm_rule_child(const struct alarm_rule *rule, size_t index);
/* `states` has one state for each child. */
bool alarm_rule_evaluate(const struct alarm_rule *rule, const enum alarm_state *states);

#endif
