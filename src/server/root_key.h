/* SPDX-License-Identifier: MIT */
/*
 * root_key: the key that opens the keys of the catalog; it comes from a file or a command.
 *
 * Main thread, at start-up.
 */
#ifndef TERN_SERVER_ROOT_KEY_H
#define TERN_SERVER_ROOT_KEY_H

#include "core/seal.h"
#include "server/settings.h"

/*
 * Reads it. If `may_make` is true (nothing hangs on a key yet) and the file is missing, it is made.
 * With --durability memory the key is a new one each time. False with a sentence that says what to
 * do in `problem` (`size` bytes, ends with NUL).
 */
bool root_key_load(const struct settings *settings, bool may_make, uint8_t out_key[SEAL_KEY_SIZE],
		   char *problem, size_t size);

#endif
