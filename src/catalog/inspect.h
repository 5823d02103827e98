/* SPDX-License-Identifier: MIT */
/*
 * inspect: checks the pages of an LMDB file without LMDB, which accepts them without verification:
 * a wrong byte in a page makes it abort, read beyond the end of the file (SIGBUS) or overlook
 * records.
 *
 * Every page that is in use must be within the file, hold its own number and whole nodes in
 * ascending order, and be used once; free pages must be unused. The contents of records are not
 * checked here: catalog.c has a checksum for them. Pure but for reading the file. Any thread.
 */
#ifndef TERN_CATALOG_INSPECT_H
#define TERN_CATALOG_INSPECT_H

#include "base/base.h"

/* Reads all used pages of the file and logs the first problem. A missing or empty file is valid.
 * ERR_DAMAGED, ERR_VERSION (not LMDB's format 1), ERR_IO. */
must_check enum err catalog_inspect(const char *path);

#endif
