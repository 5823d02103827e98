/* SPDX-License-Identifier: MIT */
/*
 * reserve: room behind the end of the catalog's file, so that a full disk does not keep records
 * from being deleted.
 *
 * LMDB never writes over a page that a transaction still sees, so a deletion needs new pages too.
 * Not for others than the catalog.
 */
#ifndef TERN_CATALOG_RESERVE_H
#define TERN_CATALOG_RESERVE_H

#include <lmdb.h>

#include "base/base.h"

/*
 * Restores the reserve, and keeps `more` bytes beside it for an open commit; *reserved is the size
 * of the file with allocated blocks so far. ERR_FULL: no space.
 */
must_check enum err catalog_reserve(MDB_env *environment, uint64_t more, uint64_t *reserved);

#endif
