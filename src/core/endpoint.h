/* SPDX-License-Identifier: MIT */
/*
 * endpoint: private endpoints. Each is a listener of its own that serves one service; what comes
 * through it is known by that to policies, and needs the leave of the endpoint's own policy.
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
	/* Any thread: the endpoint of a listener; NULL if there is none any more. */
	const struct endpoint *(*hold)(struct core *core, uint32_t listener);
	void (*release)(const struct endpoint *endpoint);
};

/* Of the server. Control thread, or main before requests are served. */
struct core_listeners {
	/*
	 * Takes an address for the endpoint `id`, that of `wanted` if it is free and still of the
	 * kind that the settings ask for. *out_url, in the arena, is "http://host:port",
	 * "https://host:port" or "unix:path". ERR_BUSY: none is free; ERR_IO, in errno.
	 */
	enum err (*open)(struct core *core, struct arena *arena, struct str id, struct str wanted,
			 struct str *out_url, uint32_t *out_listener);
	/* Takes connections; not needed before the server has started. */
	void (*serve)(struct core *core, uint32_t listener);
	void (*close)(struct core *core, uint32_t listener);
};

#endif
