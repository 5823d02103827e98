/* SPDX-License-Identifier: MIT */
/* address: an address as --listen takes it. Main thread, at start-up. */
#ifndef TERN_SERVER_ADDRESS_H
#define TERN_SERVER_ADDRESS_H

#include "server/settings.h"

bool address_is_tls(struct str address);
/* "localhost" of "tls:localhost:4566", "::1" of "[::1]:4566"; empty: a unix socket. */
struct str address_host(struct str address);
/*
 * False with a sentence that says what to do in `problem` (`size` bytes, ends with NUL) if the
 * address can be reached from other machines and is not safe from them.
 */
bool address_may_listen(const struct settings *settings, struct str address, char *problem,
			size_t size);

#endif
