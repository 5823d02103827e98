/* SPDX-License-Identifier: MIT */
/* store: an endpoint as a record of the catalog. Pure. */
#ifndef TERN_SERVICES_EC2_STORE_H
#define TERN_SERVICES_EC2_STORE_H

#include "services/ec2/endpoint.h"

void ec2_endpoint_encode(struct buf *out, const struct ec2_endpoint *endpoint);
/* Fills a draft, borrowed from record and arena. ERR_DAMAGED, ERR_VERSION. */
must_check enum err ec2_endpoint_decode(struct arena *arena, struct str bytes,
					struct ec2_endpoint *out_draft);

#endif
