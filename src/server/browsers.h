/* SPDX-License-Identifier: MIT */
/* browsers: the settings that say which web pages and host names are welcome. Main, at start-up. */
#ifndef TERN_SERVER_BROWSERS_H
#define TERN_SERVER_BROWSERS_H

#include "core/browser.h"
#include "server/settings.h"

/* Lists in the arena; texts are those of the settings. */
struct browser_rules browsers_rules(const struct settings *settings, struct arena *arena);
/*
 * False with a sentence in `problem` (`size` bytes, ends with NUL) if --host-name or --allow-origin
 * would match nothing.
 */
bool browsers_check(const struct settings *settings, char *problem, size_t size);

#endif
