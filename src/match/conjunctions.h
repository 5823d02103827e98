/* SPDX-License-Identifier: MIT */
/*
 * conjunctions: the requirements of an event pattern, combined while the pattern is read.
 *
 * Each array of predicates is a requirement on a path, and belongs to every conjunction of the list
 * as it is then. Putting a requirement takes the same time whatever the conjunctions hold; a path
 * that is put twice keeps its last requirement when the list is finished. The caller bounds count
 * and size. All memory is the arena's. One thread at a time.
 */
#ifndef TERN_MATCH_CONJUNCTIONS_H
#define TERN_MATCH_CONJUNCTIONS_H

#include "base/base.h"

struct requirement {
	struct str path;
	size_t depth;	       /* of nesting, from 1 */
	size_t count;	       /* of predicates, at least 1 */
	struct str predicates; /* encoded, see predicate.h */
};

struct conjunction {
	size_t count;
	const struct requirement **requirements; /* each path once */
};

struct conjunction_draft {
	size_t count, room;
	const struct requirement **requirements; /* in the order of the text, paths repeat */
};

struct conjunctions {
	size_t count, room;
	struct conjunction_draft *items;
	size_t size; /* bytes of all their predicates */
};

/* Adds the requirement to each conjunction; an empty list becomes one conjunction. */
void conjunctions_put(struct arena *arena, struct conjunctions *list,
		      const struct requirement *requirement);
void conjunctions_copy(struct arena *arena, struct conjunctions *to,
		       const struct conjunctions *from);
/* As conjunctions_copy; `from` must not be used any more. */
void conjunctions_move(struct arena *arena, struct conjunctions *to,
		       const struct conjunctions *from);
/* One item for each conjunction; the list must not be used any more. */
const struct conjunction *conjunctions_finish(struct arena *arena, const struct conjunctions *list);

#endif
