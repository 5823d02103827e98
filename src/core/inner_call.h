/* SPDX-License-Identifier: MIT */
/*
 * inner_call: a step of a service's background work that runs as a call: KMS authorizes and counts
 * the use of keys for the principal of a call, and a role's policies are those of a session.
 *
 * The call is an internal request (core/internal.h): audited and metered under the operation's
 * name, of which no client knows.
 */
#ifndef TERN_CORE_INNER_CALL_H
#define TERN_CORE_INNER_CALL_H

#include "core/internal.h"

/* The call is authorized. On home; does not park, and fails no call: outcomes go to `context`. */
typedef void (*inner_call_fn)(struct call *call, void *context);

struct inner_call {
	const struct operation *operation; /* of INNER_CALL_OPERATION */
	struct internal_caller caller;
	/* The resource on which the operation's action is authorized; data NULL: every caller may,
	 * as `run` authorizes itself or KMS does. */
	struct str arn;
	inner_call_fn run;     /* NULL: the authorization is all */
	internal_done_fn done; /* once; ERR_FAULT: the call was denied or throttled */
	void *context;	       /* of both */
};

/* On `home` (see internal_new). False: too many requests are in flight; `done` does not run. */
must_check bool inner_call_submit(struct core *core, struct net_thread *home,
				  const struct inner_call *inner);

/* The fields of a static struct operation. */
extern const struct shape inner_call_nothing;
extern const struct operation_facts inner_call_facts;
must_check enum err inner_call_run(struct call *call, const void *in, void *out);
#define INNER_CALL_OPERATION(service_, name_, action_)                                             \
	{                                                                                          \
		.name = STR_INIT(name_), .action = STR_INIT(action_), .service = &(service_),      \
		.in = &inner_call_nothing, .out = &inner_call_nothing, .run = inner_call_run,      \
		.place = OPERATION_ON_NET, .facts = &inner_call_facts, .is_read_only = true,       \
		.index = OPERATION_UNNUMBERED,                                                     \
	}

#endif
