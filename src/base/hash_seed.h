/* SPDX-License-Identifier: MIT */
/* hash_seed: what str_hash starts from; set by base_init before any thread and any table exists. */
#ifndef TERN_BASE_HASH_SEED_H
#define TERN_BASE_HASH_SEED_H

#include <stdint.h>

extern uint64_t str_hash_seed;

#endif
