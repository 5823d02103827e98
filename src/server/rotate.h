/* SPDX-License-Identifier: MIT */
/*
 * rotate: a new root key for a data directory that no server uses.
 *
 * The master keys are sealed anew and one is added to them, so that what is sealed from now on
 * cannot be opened by who knew the old root key and had the old catalog. Main thread, in place of a
 * server.
 */
#ifndef TERN_SERVER_ROTATE_H
#define TERN_SERVER_ROTATE_H

#include "server/settings.h"

/*
 * Says on standard output what was done and what is to be done. Stopped at any moment, it leaves a
 * directory that opens with the root key that is in place then; run it again. False with a sentence
 * in `problem` (`size` bytes, ends with NUL).
 */
bool rotate_root_key(const struct settings *settings, char *problem, size_t size);

#endif
