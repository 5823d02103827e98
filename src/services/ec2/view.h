/* SPDX-License-Identifier: MIT */
/* view: an endpoint as answers show it. The call's thread. */
#ifndef TERN_SERVICES_EC2_VIEW_H
#define TERN_SERVICES_EC2_VIEW_H

#include "api/ec2.h"
#include "services/ec2/endpoint.h"

/* In the call's arena, with views into the endpoint. */
struct ec2_vpc_endpoint *ec2_show_endpoint(struct call *call, const struct ec2_endpoint *endpoint);
/* "available", or "failed" without an address. */
struct str ec2_endpoint_state(const struct ec2_endpoint *endpoint);

#endif
