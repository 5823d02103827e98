/* SPDX-License-Identifier: MIT */
/* base: what must happen once, before any thread and any table. */
#include "base/base.h"

#include "base/hash_seed.h"

void base_init(void)
{
	random_bytes(&str_hash_seed, sizeof(str_hash_seed));
}
