/* SPDX-License-Identifier: MIT */
/*
 * suggest: the name that was probably meant. Pure, any thread.
 */
#ifndef TERN_BASE_SUGGEST_H
#define TERN_BASE_SUGGEST_H

#include "base/str.h"

/*
 * The name among `names` that `given` was probably meant to be, or NULL: the nearest of those that
 * differ from it in at most two characters (inserted, removed or replaced; case does not count), or
 * that begin with it.
 */
const char *suggest_name(struct str given, const char *const *names, size_t count);

#endif
