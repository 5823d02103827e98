/* SPDX-License-Identifier: MIT */
/*
 * ec2: the state of the part of Amazon EC2 that private endpoints need.
 */
#ifndef TERN_SERVICES_EC2_EC2_H
#define TERN_SERVICES_EC2_EC2_H

#include "core/core.h"
#include "core/service.h"

struct ec2 {
	uint32_t magic;
	struct ec2_endpoints *endpoints;
	struct ec2_network *network;
};

extern const struct service_module ec2_module;
/* Any thread: the state; NULL: the service is not started. */
static inline struct ec2 *ec2_of(const struct core *core)
{
	return service_state(core, &ec2_module);
}

#endif
