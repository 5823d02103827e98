/* SPDX-License-Identifier: MIT */
/* endpoints: where private endpoints listen. Main thread, at start-up. */
#ifndef TERN_SERVER_ENDPOINTS_H
#define TERN_SERVER_ENDPOINTS_H

#include "server/server.h"

/* False with a sentence in `problem` (`size` bytes): --endpoint-listen is wrong. */
bool endpoints_check(struct server *server, char *problem, size_t size);
/*
 * Reads the declared networks and opens the endpoints that there are. After all of --listen. False
 * with a sentence that says what to do in `problem` (`size` bytes).
 */
bool endpoints_open(struct server *server, char *problem, size_t size);

#endif
