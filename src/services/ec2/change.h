/* SPDX-License-Identifier: MIT */
/* change: makes endpoints durable first and then publishes them to all threads. Control thread, or
 * main at start-up. Errors as the catalog's. */
#ifndef TERN_SERVICES_EC2_CHANGE_H
#define TERN_SERVICES_EC2_CHANGE_H

#include "services/ec2/endpoint.h"

/* A new endpoint, or another state of one. */
must_check enum err ec2_change(struct core *core, const struct ec2_endpoint *draft);
/* Gives its address up: the endpoint accepts no connection after this returns. */
must_check enum err ec2_remove(struct core *core, const struct ec2_endpoint *endpoint);

#endif
