/* SPDX-License-Identifier: MIT */
/*
 * endpoint: the private endpoints of all accounts and regions, for every thread.
 *
 * A struct ec2_endpoint is a snapshot that never changes; a change puts a new one in its place.
 * Readers hold a reference, so a request keeps its snapshot. Only the control thread (or main at
 * start-up) changes the registry; any thread reads it without waiting (base/snapshot.h).
 */
#ifndef TERN_SERVICES_EC2_ENDPOINT_H
#define TERN_SERVICES_EC2_ENDPOINT_H

#include "core/core.h"
#include "core/endpoint.h"

/* In one block of memory with its texts and arrays. */
struct ec2_endpoint {
	_Atomic uint32_t references;
	struct endpoint shown; /* the policy is the snapshot's own */
	struct str account, region;
	struct str service_name; /* "com.amazonaws.us-east-1.sqs" */
	struct str policy;	 /* as given; empty: the default, which allows everything */
	struct policy_names policy_names; /* of its principals */
	struct str client_token;	  /* of its creation; empty: none */
	struct str fingerprint;		  /* of the input of CreateVpcEndpoint */
	struct str ip_address_type, dns_record_ip_type;
	struct str url; /* its address; empty: it has none */
	const struct str *subnets, *groups, *interfaces;
	size_t subnet_count, group_count, interface_count;
	const struct shape_pair *tags; /* sorted by key */
	size_t tag_count;
	bool has_private_dns;
	int64_t created_ms;
	uint32_t listener; /* of this run of the server */
};

struct ec2_endpoints;
struct ec2_endpoints *ec2_endpoints_new(void);
void ec2_endpoints_free(struct ec2_endpoints **endpoints);

/* A copy of a snapshot to change; its texts are borrowed from the snapshot. */
struct ec2_endpoint ec2_endpoint_draft(const struct ec2_endpoint *endpoint);
/*
 * A deep copy of a draft, with one reference. Compiles the policy; if it no longer compiles, it
 * denies everything.
 */
const struct ec2_endpoint *ec2_endpoint_new(const struct ec2_endpoint *draft);
const struct ec2_endpoint *ec2_endpoint_hold(const struct ec2_endpoint *endpoint);
void ec2_endpoint_release(const struct ec2_endpoint *endpoint); /* accepts NULL */

/* Any thread. NULL if the endpoint does not exist; release the result. */
const struct ec2_endpoint *ec2_endpoints_find(struct ec2_endpoints *endpoints, struct str account,
					      struct str region, struct str id);
const struct ec2_endpoint *ec2_endpoints_find_listener(struct ec2_endpoints *endpoints,
						       uint32_t listener);
/*
 * Any thread: visits the endpoints of an account and region (data NULL: all) in order of account,
 * region and id, as they are when it begins. The visitor returns false to stop, and may hold an
 * endpoint.
 */
typedef bool (*ec2_endpoint_visit_fn)(void *context, const struct ec2_endpoint *endpoint);
void ec2_endpoints_each(struct ec2_endpoints *endpoints, struct str account, struct str region,
			ec2_endpoint_visit_fn visit, void *context);
size_t ec2_endpoints_count(struct ec2_endpoints *endpoints);

/* Control thread. Replaces one with the same id; takes over the caller's reference. */
void ec2_endpoints_put(struct ec2_endpoints *endpoints, const struct ec2_endpoint *endpoint);
void ec2_endpoints_remove(struct ec2_endpoints *endpoints, const struct ec2_endpoint *endpoint);

#endif
