/* SPDX-License-Identifier: MIT */
/*
 * inspect: checks the pages of an LMDB file without LMDB, which trusts them: a wrong byte in a page
 * makes it abort, read beyond the end of the file (SIGBUS) or overlook records.
 *
 * Every page that is in use must be within the file, say its own number, hold whole nodes in
 * ascending order, and be used once; free pages must be in no use. What records contain is not
 * checked here: catalog.c has a checksum for that. Pure but for reading the file. Any thread.
 */
#ifndef TERN_CATALOG_INSPECT_H
#define TERN_CATALOG_INSPECT_H

#include "base/base.h"

/* Reads all of the file that is in use; what is wrong is logged. A missing or empty file is fine.
 * ERR_DAMAGED, ERR_VERSION (not LMDB's format 1), ERR_IO. */
must_check enum err catalog_inspect(const char *path);

#endif
