/* SPDX-License-Identifier: MIT */
/* endpoints: where private endpoints listen. Main thread, at start-up. */
#ifndef TERN_SERVER_ENDPOINTS_H
#define TERN_SERVER_ENDPOINTS_H

#include "server/server.h"

/* False with a sentence in `problem` (`size` bytes): --endpoint-listen is wrong. */
bool endpoints_check(struct server *server, char *problem, size_t size);
/* Sets core->listeners. After all of --listen are taken. */
void endpoints_bind(struct core *core);

#endif
