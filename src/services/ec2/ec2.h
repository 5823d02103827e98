/* SPDX-License-Identifier: MIT */
/*
 * ec2: the part of Amazon EC2 that private endpoints need. What the server needs of it beside its
 * operations. Main thread, before the first request and after the last one.
 */
#ifndef TERN_SERVICES_EC2_EC2_H
#define TERN_SERVICES_EC2_EC2_H

#include "core/core.h"

struct ec2 {
	struct ec2_endpoints *endpoints;
	struct ec2_network *network;
};

static inline struct ec2 *ec2_of(struct core *core)
{
	return core->ec2;
}

/*
 * Reads the networks that the configuration declares and opens the endpoints that the catalog
 * knows; core->listeners must be there. An endpoint that finds no address is logged and stays
 * without one. Errors as the catalog's, or ERR_FAULT: *out_problem (in `arena`) says in one
 * sentence what is wrong with the configuration.
 */
must_check enum err ec2_start(struct core *core, struct arena *arena, struct str config,
			      struct str *out_problem);
void ec2_stop(struct core *core);

#endif
