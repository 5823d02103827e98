/* SPDX-License-Identifier: MIT */
/*
 * shared_matcher: the left-right technique (Ramalhete, Correia 2013), with one counter a side.
 *
 * A reader counts itself on the side that it saw active and looks again: if that side is still
 * active, the writer, which makes the other side active before it reads the counter, sees the
 * reader. All of these accesses are sequentially consistent.
 */
#include "match/shared_matcher.h"

#include <sched.h>
#include <stdatomic.h>

struct side {
	struct matcher *matcher;
	_Alignas(64) _Atomic uint64_t readers; /* on a cache line of its own */
};

struct shared_matcher {
	struct side sides[2];
	_Alignas(64) _Atomic uint32_t active;
};

struct shared_matcher *shared_matcher_new(void)
{
	struct shared_matcher *matcher =
		heap_alloc_aligned(_Alignof(struct shared_matcher), sizeof(*matcher));

	*matcher = (struct shared_matcher){0};
	for (size_t i = 0; i < 2; i++)
		matcher->sides[i].matcher = matcher_new();
	return matcher;
}

void shared_matcher_free(struct shared_matcher **matcher)
{
	struct shared_matcher *old = *matcher;

	if (!old)
		return;
	for (size_t i = 0; i < 2; i++) {
		check(atomic_load(&old->sides[i].readers) == 0);
		matcher_free(&old->sides[i].matcher);
	}
	heap_free(old);
	*matcher = NULL;
}

/* Makes the side that no reader uses the active one and waits until the other is free. */
static uint32_t exchange_sides(struct shared_matcher *matcher)
{
	uint32_t former = atomic_load(&matcher->active);

	atomic_store(&matcher->active, 1 - former);
	/* Ends: a reader that enters now uses the other side, and one match has a limit. */
	while (atomic_load(&matcher->sides[former].readers) > 0)
		sched_yield();
	return former;
}

/* The rule of the first side stands for both and has the other one as its twin. */
struct match_rule *shared_matcher_add(struct shared_matcher *matcher,
				      const struct event_pattern *pattern, void *user)
{
	struct match_rule *rules[2];
	uint32_t side = 1 - atomic_load(&matcher->active);

	rules[side] = matcher_add(matcher->sides[side].matcher, pattern, user);
	side = exchange_sides(matcher);
	rules[side] = matcher_add(matcher->sides[side].matcher, pattern, user);
	match_rule_set_twin(rules[0], rules[1]);
	return rules[0];
}

void shared_matcher_remove(struct shared_matcher *matcher, struct match_rule *rule)
{
	struct match_rule *rules[2] = {rule, match_rule_twin(rule)};
	uint32_t side = 1 - atomic_load(&matcher->active);

	matcher_remove(matcher->sides[side].matcher, rules[side]);
	side = exchange_sides(matcher);
	matcher_remove(matcher->sides[side].matcher, rules[side]);
}

size_t shared_matcher_rule_count(const struct shared_matcher *matcher)
{
	return matcher_rule_count(matcher->sides[0].matcher);
}

const struct matcher *shared_matcher_enter(struct shared_matcher *matcher)
{
	for (;;) { /* again only if the writer has changed something meanwhile */
		uint32_t side = atomic_load(&matcher->active);
		atomic_fetch_add(&matcher->sides[side].readers, 1);
		if (atomic_load(&matcher->active) == side)
			return matcher->sides[side].matcher;
		atomic_fetch_sub(&matcher->sides[side].readers, 1);
	}
}

void shared_matcher_leave(struct shared_matcher *matcher, const struct matcher *side)
{
	uint32_t number = side == matcher->sides[0].matcher ? 0 : 1;

	atomic_fetch_sub(&matcher->sides[number].readers, 1);
}
