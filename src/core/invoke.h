/* SPDX-License-Identifier: MIT */
/*
 * invoke: calls of resources by ARN of which the answer counts: API destinations, and later
 * functions. The service that owns the resource has a struct invoke_provider in its module
 * (core/service.h), so that no other service includes it.
 *
 * An invocation is an internal request (core/internal.h) of its caller, which needs the permission
 * for it. It is made once; a repetition is the caller's business. The server does not store
 * it: after a crash it may have been made or not.
 */
#ifndef TERN_CORE_INVOKE_H
#define TERN_CORE_INVOKE_H

#include "core/internal.h"
#include "core/target.h"

/* The caller's; all that it points to lives until `done`. */
struct invocation {
	struct str arn, body;
	/* Of API destinations. */
	const struct str *path_values;
	size_t path_value_count;
	const struct shape_pair *headers, *query;
	size_t header_count, query_count;
	bool has_waited; /* for wait_ms of the invocation before, which this one repeats */

	/* out; texts until `done` returns */
	struct target_result result;
	struct str answer;
	int64_t wait_ms; /* not called: its rate is used up for so long; 0: it was called */
};

struct invoke_provider {
	/* The request: its operation, and the input in the arena. The handler fills the out
	 * members, whose texts are in the call's arena. */
	const struct operation *(*prepare)(struct core *core, struct arena *arena,
					   struct invocation *invocation, const void **out_in);
};

typedef void (*invoke_done_fn)(void *context, struct invocation *invocation);
/*
 * Home thread (see internal_new): `done` runs once there, before invoke returns if no request could
 * be issued. The request has the region of the resource.
 */
void invoke(struct core *core, struct net_thread *home, const struct internal_caller *caller,
	    struct invocation *invocation, invoke_done_fn done, void *context);

#endif
