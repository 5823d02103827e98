/* SPDX-License-Identifier: MIT */
/* check: checks the names in requests: services, networks, policies, tags. The call's thread. */
#ifndef TERN_SERVICES_EC2_CHECK_H
#define TERN_SERVICES_EC2_CHECK_H

#include "api/ec2.h"
#include "core/authorize.h"
#include "services/ec2/endpoint.h"
#include "services/ec2/network.h"

/* The services that an endpoint can be for: "sqs" in "com.amazonaws.us-east-1.sqs", in order. */
extern const struct str ec2_services[];
extern const size_t ec2_service_count;
/* In the call's arena. */
struct str ec2_service_name(struct call *call, struct str service);

must_check enum err ec2_check_service(struct call *call, struct str name, struct str *out_service);
must_check enum err ec2_check_vpc(struct call *call, struct str id);
/* Of that VPC, each in a zone of its own where zones are declared. */
must_check enum err ec2_check_subnets(struct call *call, struct str vpc, const struct str *ids,
				      size_t count);
must_check enum err ec2_check_groups(struct call *call, struct str vpc, const struct str *ids,
				     size_t count);
/* The text must live as long as the call. */
must_check enum err ec2_set_policy(struct call *call, struct str text, struct ec2_endpoint *draft);
/* Takes over a reference, which the call releases when it ends (core/keep.h). */
void ec2_keep_endpoint(struct call *call, const struct ec2_endpoint *endpoint);
/* The endpoint, released when the call ends. */
must_check enum err ec2_find_endpoint(struct call *call, struct str id,
				      const struct ec2_endpoint **out_endpoint);
/* InvalidVpcEndpointId.NotFound. */
must_check enum err ec2_no_such_endpoint(struct call *call, struct str id);

/* In private DNS, only one endpoint of a service and a VPC may have the service's own name. */
must_check enum err ec2_check_private_dns(struct call *call, const struct ec2_endpoint *draft);

/* "vpce-" and 17 hex digits, at random. */
struct str ec2_make_id(struct call *call, const char *prefix);

/* Merges tags into the draft's; sorted, in the call's arena. */
must_check enum err ec2_tags_merge(struct call *call, struct ec2_endpoint *draft,
				   const struct ec2_tag *tags, size_t count);
/* For aws:RequestTag in policies. */
void ec2_tags_ask(struct call *call, const struct ec2_tag *tags, size_t count);

#endif
