/* SPDX-License-Identifier: MIT */
/* real: doubles as text. Pure, any thread. */
#ifndef TERN_FORMAT_REAL_H
#define TERN_FORMAT_REAL_H

#include "base/base.h"

/* Appends a finite number with the fewest digits, 15 to 17 at most, that are read as the same. */
void real_format(struct buf *out, double value);

#endif
