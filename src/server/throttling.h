/* SPDX-License-Identifier: MIT */
/*
 * throttling: the rules of --throttle and of the configuration's "throttle-rules" put together.
 *
 * Main thread, at start-up.
 */
#ifndef TERN_SERVER_THROTTLING_H
#define TERN_SERVER_THROTTLING_H

#include "core/limit/throttle.h"
#include "server/settings.h"

/*
 * *out_throttle is NULL if nothing is limited. False with a sentence in `problem` (`size` bytes,
 * ends with NUL) if a rule of the configuration is wrong.
 */
bool throttling_open(const struct settings *settings, const struct service *const *services,
		     size_t service_count, struct throttle **out_throttle, char *problem,
		     size_t size);

#endif
