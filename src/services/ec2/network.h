/* SPDX-License-Identifier: MIT */
/*
 * network: VPCs, subnets and security groups: labels that the configuration declares.
 *
 * They have no real network behind them; endpoints and policies refer to them. Without declarations
 * every well-formed id is accepted. Read at start-up, constant afterwards; any thread.
 */
#ifndef TERN_SERVICES_EC2_NETWORK_H
#define TERN_SERVICES_EC2_NETWORK_H

#include "core/core.h"

enum ec2_label_kind { EC2_VPC, EC2_SUBNET, EC2_GROUP, EC2_LABEL_KINDS };

struct ec2_label {
	enum ec2_label_kind kind;
	struct str id, vpc; /* of a VPC both the same */
	struct str account, region;
	struct str name, description; /* of a security group */
	struct str cidr, zone;	      /* may be empty */
	const struct shape_pair *tags;
	size_t tag_count;
};

struct ec2_network {
	struct arena arena;
	struct ec2_label *items; /* sorted by id */
	size_t count, capacity;
};

/*
 * Reads "vpcs" of a configuration; empty text: none. ERR_FAULT with one English sentence in
 * *out_problem.
 */
must_check enum err ec2_network_read(struct ec2_network *network, const struct core *core,
				     struct str config, struct str *out_problem);
void ec2_network_done(struct ec2_network *network);

/* "vpc-" and 8 or 17 hex digits, and so on. */
bool ec2_label_is_id(enum ec2_label_kind kind, struct str id);
/* NULL: not declared. */
const struct ec2_label *ec2_network_find(const struct ec2_network *network, struct str account,
					 struct str region, enum ec2_label_kind kind,
					 struct str id);

#endif
