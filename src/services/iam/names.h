/* SPDX-License-Identifier: MIT */
/*
 * names: a set of names that are compared without case, such as condition keys.
 *
 * Zeroed but for `arena`, which holds the set's copies. One thread.
 */
#ifndef TERN_SERVICES_IAM_NAMES_H
#define TERN_SERVICES_IAM_NAMES_H

#include "base/base.h"

struct name_set {
	struct arena *arena;
	struct map map;
};

/* False if it was there already. */
bool name_set_add(struct name_set *set, struct str name);
bool name_set_has(const struct name_set *set, struct str name);
void name_set_done(struct name_set *set);

#endif
