/* SPDX-License-Identifier: MIT */
/*
 * policy_explain: explains the mistake in a policy document, for people.
 *
 * IAM and SQS refuse a document with one sentence without the mistake's position, and policy_check
 * uses the same texts. This module names the line or the element, the value, and valid values. It
 * knows the grammar, not the rules of a service. Pure, any thread.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
#ifndef TERN_ACCESS_POLICY_EXPLAIN_H
#define TERN_ACCESS_POLICY_EXPLAIN_H

#include "access/policy.h"

/*
 * One sentence without a full stop, in `arena`; data NULL: no mistake found. `actions` are the
 * names that exist of the services among them ("sqs:SendMessage"); actions of other services, and
 * all of them if `action_count` is 0, are not checked.
 */
struct str policy_explain(struct arena *arena, struct str text, enum policy_kind kind,
			  const char *const *actions, size_t action_count);

#endif
