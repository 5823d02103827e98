/* SPDX-License-Identifier: MIT */
/* check: says where a promise of ours was broken and stops the process there and then. */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_failed(const char *condition, const char *file, int line, const char *function)
{
	fprintf(stderr, "%s:%d: %s: check failed: %s\n", file, line, function, condition);
	abort();
}
