/* SPDX-License-Identifier: MIT */
/*
 * column: numbers in few bits. Numbers that are whole after multiplication by a power of ten up to
 * 10,000 are differences to their least number, to the one before or to the line through the two
 * before, whichever is smaller; they are Rice codes with a parameter for each 64 numbers. Others
 * are doubles. Pure functions.
 */
#ifndef TERN_METRIC_COLUMN_H
#define TERN_METRIC_COLUMN_H

#include "base/base.h"

void metric_column_append(struct buf *out, struct arena *arena, const double *values, size_t count);
/* False: the bytes are damaged or too few. */
bool metric_column_read(struct byte_reader *reader, double *out, size_t count);

#endif
