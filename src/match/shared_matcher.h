/* SPDX-License-Identifier: MIT */
/*
 * shared_matcher: a matcher for one writer and any number of readers that never wait for it.
 *
 * It has two sides with the same rules. Readers use the active one. A change is made in the other,
 * which then becomes the active one; once the last reader has left the former, the same change is
 * made there. So a change costs that of two matchers, and a reader two atomic additions. The writer
 * waits for readers that are inside, as long as one match takes.
 *
 * Threads: add and remove are one writer's; enter and leave are any thread's.
 */
#ifndef TERN_MATCH_SHARED_MATCHER_H
#define TERN_MATCH_SHARED_MATCHER_H

#include "match/matcher.h"

struct shared_matcher;

struct shared_matcher *shared_matcher_new(void);
void shared_matcher_free(struct shared_matcher **matcher); /* with its rules; accepts NULL */

/* As matcher_add. */
struct match_rule *shared_matcher_add(struct shared_matcher *matcher,
				      const struct event_pattern *pattern, void *user);
/* Frees the rule. When it returns, no reader that is inside has its `user`. */
void shared_matcher_remove(struct shared_matcher *matcher, struct match_rule *rule);
size_t shared_matcher_rule_count(const struct shared_matcher *matcher); /* the writer */

/*
 * The matcher to match with until shared_matcher_leave. Results that are used longer are held by
 * the reader before it leaves. A reader does not block inside, nor enter twice.
 */
const struct matcher *shared_matcher_enter(struct shared_matcher *matcher);
void shared_matcher_leave(struct shared_matcher *matcher, const struct matcher *side);

#endif
