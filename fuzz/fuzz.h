/* SPDX-License-Identifier: MIT */
/* fuzz: what the fuzzers share. */
#ifndef TERN_FUZZ_FUZZ_H
#define TERN_FUZZ_FUZZ_H

#include <stdint.h>
#include <string.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The view must lie within the bytes. */
static inline void check_within(struct str view, struct str bytes)
{
	check(view.size == 0 ||
	      (view.data >= bytes.data && view.data + view.size <= bytes.data + bytes.size));
}

#endif
