/* SPDX-License-Identifier: MIT */
/* sha1: for checksums that AWS's clients choose; it protects nothing. Any thread. */
#ifndef TERN_BASE_SHA1_H
#define TERN_BASE_SHA1_H

#include "base/str.h"

void sha1(struct str data, uint8_t out[20]);

#endif
