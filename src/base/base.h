/* SPDX-License-Identifier: MIT */
/* base: the only header that includes others for your comfort. */
#ifndef TERN_BASE_BASE_H
#define TERN_BASE_BASE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/map.h"
#include "base/pack.h"
#include "base/random.h"
#include "base/str.h"
#include "base/vec.h"

/* Seeds hashes and prepares crypto. Once, at the start of main, before any thread. */
void base_init(void);

#endif
