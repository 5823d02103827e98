/* SPDX-License-Identifier: MIT */
/*
 * matcher: many patterns against one event at a time.
 *
 * Rules of an event bus and filter policies of a topic. Each conjunction of a pattern hangs on its
 * rarest requirement (anchors.h); an event evaluates only conjunctions that one of its values leads
 * to, each once. No pattern makes the matcher grow beyond its own size: there is no automaton and
 * no product of patterns. See event_pattern.h for meanings and limits.
 *
 * matcher_match may run on any number of threads at once, each with a scratch of its own, while no
 * thread adds or removes; the owner holds a lock for that.
 */
#ifndef TERN_MATCH_MATCHER_H
#define TERN_MATCH_MATCHER_H

#include "base/base.h"
#include "format/json.h"
#include "match/event_pattern.h"

struct matcher;
struct match_rule;
struct match_scratch;

struct matcher *matcher_new(void);
void matcher_free(struct matcher **matcher); /* with its rules; accepts NULL, leaves NULL */

/* Adds a rule; the pattern is copied. `user` is what matcher_match gives for it. */
struct match_rule *matcher_add(struct matcher *matcher, const struct event_pattern *pattern,
			       void *user);
void matcher_remove(struct matcher *matcher, struct match_rule *rule); /* and frees it */
/* The same pattern in another matcher, which the rule keeps for its owner; NULL: none. */
void match_rule_set_twin(struct match_rule *rule, struct match_rule *twin);
struct match_rule *match_rule_twin(const struct match_rule *rule);
size_t matcher_rule_count(const struct matcher *matcher);

struct match_scratch *match_scratch_new(void);
void match_scratch_free(struct match_scratch **scratch); /* accepts NULL, leaves NULL */

/*
 * The `user` of each rule that matches, in no order; valid until the scratch is used again. `event`
 * is an object of JSON that format/json has parsed.
 */
size_t matcher_match(const struct matcher *matcher, struct match_scratch *scratch,
		     yyjson_val *event, void *const **out_users);

/* The same for an event that consists of message attributes (fields.h). */
struct match_attribute;
size_t matcher_match_attributes(const struct matcher *matcher, struct match_scratch *scratch,
				const struct match_attribute *attributes, size_t count,
				void *const **out_users);

/* The same for an event as text, which outlives the use of the result; see field_set_scan. */
must_check enum err matcher_match_text(const struct matcher *matcher, struct match_scratch *scratch,
				       struct str event, void *const **out_users,
				       size_t *out_count);

/* One pattern alone, for TestEventPattern and tests: builds what it needs each time. */
bool event_pattern_matches(const struct event_pattern *pattern, yyjson_val *event);

#endif
