/* SPDX-License-Identifier: MIT */
/*
 * endpoint: private endpoints. Each is a listener of its own that serves one service. Its requests
 * have the endpoint's condition keys, and the endpoint's own policy must allow them.
 *
 * The service that keeps endpoints and the server that has the sockets reach each other and the
 * dispatcher through these two tables.
 */
#ifndef TERN_CORE_ENDPOINT_H
#define TERN_CORE_ENDPOINT_H

#include "access/policy.h"
#include "base/base.h"

struct core;

/* As a request sees it; never changes. */
struct endpoint {
	struct str id, vpc, service; /* "vpce-...", "vpc-...", "sqs" */
	const struct policy *policy; /* NULL: everything is allowed */
};

struct core_endpoints {
	/* Any thread: the endpoint of a listener; NULL if it was deleted. */
	const struct endpoint *(*hold)(struct core *core, uint32_t listener);
	void (*release)(const struct endpoint *endpoint);
};

/* Of the server. Control thread, or main before requests are served. */
struct core_listeners {
	/*
	 * Opens an address for the endpoint `id`: `wanted` if it is free and of the settings' kind.
	 * *out_url, in the arena, is "http://host:port", "https://host:port" or "unix:path".
	 * ERR_BUSY: no address is free; ERR_IO, in errno.
	 */
	enum err (*open)(struct core *core, struct arena *arena, struct str id, struct str wanted,
			 struct str *out_url, uint32_t *out_listener);
	/* Takes connections; not needed before the server has started. */
	void (*serve)(struct core *core, uint32_t listener);
	void (*close)(struct core *core, uint32_t listener);
};

#endif
